// What a Config says of paths, reading the file, and words about problems.
#include "app/config.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <numeric>

#include "app/config_checks.h"
#include "app/config_reader.h"
#include "app/toml_tree.h"

namespace aldis::app {
namespace {

constexpr const char* too_large = "the file is larger than 1 MiB";

Unexpected<ConfigProblems> one_problem(ConfigProblem problem) { return {ConfigProblems{std::move(problem)}}; }

}  // namespace

std::string message(const ConfigProblem& problem, std::string_view file) {
  std::string out(problem.entry.empty() ? file : std::string_view(problem.entry));
  if (problem.entry.empty() && problem.line != 0) {
    out += ":" + std::to_string(problem.line) + ":" + std::to_string(problem.column);
  }
  out.append(": ").append(problem.text);
  // Keys, entries' names and toml++'s own words quote the source as it is.
  std::ranges::replace_if(out, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, '?');
  return out;
}

std::string shown(std::string_view text) {
  constexpr std::size_t most = 80;
  std::string cut(text.substr(0, most));
  if (text.size() > most) {
    cut += "...";
  }
  return to_text(OptionValue(std::move(cut)));
}

std::string Config::resolve(std::string_view given) const {
  if (given.starts_with("pkcs11:")) {
    return std::string(given);   // a key in a token, no file (tls/pkcs11_key.h)
  }
  const std::filesystem::path resolved(given);
  return resolved.is_absolute() ? resolved.string() : (std::filesystem::path(folder) / resolved).string();
}

const std::vector<OptionObject>& Config::repeated(std::string_view name) const {
  for (const auto& [known, list] : {std::pair<std::string_view, const std::vector<OptionObject>*>("listener", &listeners),
                                    {"peer", &peers}, {"location", &locations}, {"component", &components}, {"directory", &directories}, {"room", &rooms}}) {
    if (known == name) {
      return *list;
    }
  }
  ensure(false, "a section that the schema repeats has its list in every Config");
  return listeners;
}
std::vector<OptionObject>& Config::repeated(std::string_view name) {
  return const_cast<std::vector<OptionObject>&>(std::as_const(*this).repeated(name));
}

std::string Config::data_dir() const { return resolve(section<ServerOptions>("server").data_dir); }

std::string Config::token_key_path() const { return (std::filesystem::path(data_dir()) / "token.key").string(); }
std::string Config::cache_path() const { return (std::filesystem::path(data_dir()) / "configuration.cache").string(); }
std::string Config::database_path() const { return (std::filesystem::path(data_dir()) / "aldis.db").string(); }

std::string Config::admin_socket() const {
  const std::string& given = section<AdminOptions>("admin").socket;
  return given.empty() ? (std::filesystem::path(data_dir()) / "admin.sock").string() : resolve(given);
}

Result<std::string, ConfigProblems> read_config_text(const std::string& path) {
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (!std::filesystem::exists(status)) {
    return one_problem({0, 0, "there is no such file; \"aldis init\" makes one"});
  }
  if (!std::filesystem::is_regular_file(status)) {
    return one_problem({0, 0, "is not a file"});
  }
  std::ifstream file(path, std::ios::binary);
  std::string text(max_config_bytes + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!file.eof() && !file.good()) {
    return one_problem({0, 0, "cannot be read: " + std::string(std::strerror(errno))});
  }
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > max_config_bytes) {
    return one_problem({0, 0, too_large});
  }
  return text;
}

Result<Config, ConfigProblems> parse_config(std::string_view text, std::string path, const ConfigSchema& schema) {
  if (text.size() > max_config_bytes) {
    return one_problem({0, 0, too_large});
  }
  const auto root = parse_toml(text);
  if (!root) {
    return fail(root.error());
  }
  auto config = read_config(*root, schema);
  if (config) {
    config->folder = std::filesystem::path(path).parent_path().string();
    config->path = std::move(path);
  }
  return config;
}

Result<Config, ConfigProblems> load_config(const std::string& path, const ConfigSchema& schema) {
  const auto text = read_config_text(path);
  if (!text) {
    return fail(text.error());
  }
  return parse_config(*text, path, schema);
}

std::optional<std::string> find_admin_socket(const std::string& path) {
  const auto text = read_config_text(path);
  const auto root = text ? parse_toml(*text) : Result<ConfigTable, ConfigProblems>(ConfigTable());
  if (!text || !root) {
    return std::nullopt;
  }
  Config config;
  config.folder = std::filesystem::path(path).parent_path().string();
  const ConfigSchema schema = own_schema();
  for (const auto& [section, option] : {std::pair("server", "data_dir"), std::pair("admin", "socket")}) {
    const OptionTable& table = *schema.section(section)->table;
    OptionObject object = table.make();
    const ConfigKey* given = root->find(section);
    given = given != nullptr && given->node.table() != nullptr ? given->node.table()->find(option) : nullptr;
    const auto* value = given != nullptr ? std::get_if<OptionValue>(&given->node.value) : nullptr;
    if (value != nullptr && std::holds_alternative<std::string>(*value) && !table.set(object, option, *value)) {
      return std::nullopt;
    }
    config.sections.emplace(section, std::move(object));
  }
  return config.admin_socket();
}

std::string nearest(std::string_view name, const std::vector<std::string>& known) {
  constexpr std::size_t longest = 64;   // of a name worth comparing
  std::string best;
  std::size_t best_distance = std::max<std::size_t>(2, name.size() / 3) + 1;
  for (const std::string& candidate : known) {
    if (name.size() > longest || candidate.size() > longest) {
      continue;
    }
    // Levenshtein's distance, one row at a time.
    std::vector<std::size_t> row(candidate.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 0; i < name.size(); ++i) {
      std::size_t diagonal = std::exchange(row[0], i + 1);
      for (std::size_t j = 0; j < candidate.size(); ++j) {
        const std::size_t replaced = diagonal + (name[i] == candidate[j] ? 0U : 1U);
        diagonal = row[j + 1];
        row[j + 1] = std::min({replaced, diagonal + 1, row[j] + 1});
      }
    }
    if (row.back() < best_distance) {
      best_distance = row.back();
      best = candidate;
    }
  }
  return best;
}

bool is_ip_address(std::string_view address) {
  std::array<unsigned char, sizeof(in6_addr)> bytes{};
  const std::string text(address);
  return inet_pton(AF_INET, text.c_str(), bytes.data()) == 1 || inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1;
}

bool is_loopback(std::string_view address) {
  std::array<unsigned char, sizeof(in6_addr)> bytes{};
  const std::string text(address);
  if (inet_pton(AF_INET, text.c_str(), bytes.data()) == 1) {
    return bytes[0] == 127;
  }
  return inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1 && IN6_IS_ADDR_LOOPBACK(reinterpret_cast<in6_addr*>(bytes.data()));
}

}  // namespace aldis::app
