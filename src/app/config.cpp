// TOML to Config. The only source that knows toml++. Its own assertions can be made false by a broken file ("[[["), so they
// are turned into exceptions, which end in parse_config.
namespace {
struct TomlAssertion {};
}  // namespace
#undef NDEBUG
#define TOML_ASSERT(claim)     \
  do {                         \
    if (!(claim)) {            \
      throw TomlAssertion{};   \
    }                          \
  } while (false)
#undef TOML_SHARED_LIB
#undef TOML_HEADER_ONLY
#define TOML_HEADER_ONLY 1
#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
#define TOML_ENABLE_WINDOWS_COMPAT 0
#include <toml++/toml.h>

#include "app/config.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <set>
#include <sstream>

#include "xmpp/jid.h"

namespace aldis::app {
namespace {

// Names and values from the file as part of a message: on one line, short.
std::string shown(std::string_view text) {
  constexpr std::size_t most = 80;
  std::string cut(text.substr(0, most));
  if (text.size() > most) {
    cut += "...";
  }
  return to_text(OptionValue(std::move(cut)));
}

// Reads one document; gathers problems with their places.
class Reader {
 public:
  explicit Reader(const ConfigSchema& schema) : schema_(schema) {}

  Config read(const toml::table& root) {
    for (const SectionSchema& section : schema_.sections) {
      if (!section.is_repeated) {
        config_.sections.emplace(section.name, section.table->make());
      }
    }
    std::vector<std::string> names;
    for (const SectionSchema& section : schema_.sections) {
      names.push_back(section.name);
    }
    for (const auto& [key, node] : root) {
      const SectionSchema* section = schema_.section(key.str());
      if (section == nullptr) {
        unknown(key, "section", names);
      } else if (section->is_repeated) {
        read_repeated(*section, key, node);
      } else if (const toml::table* table = node.as_table()) {
        Places places = read_options(*table, *section->table, "[" + section->name + "]",
                                     config_.sections.find(section->name)->second, {});
        places.emplace("", node.source());
        section_places_.emplace(section->name, std::move(places));
      } else {
        report(node.source(), "[" + section->name + "] must be a section of its own");
      }
    }
    check_server();
    check_listeners();
    check_domains();
    return std::move(config_);
  }

  ConfigProblems take_problems() {
    std::ranges::stable_sort(problems_, {}, [](const ConfigProblem& p) { return std::pair(p.line, p.column); });
    if (problems_.size() > max_config_problems) {
      const std::size_t more = problems_.size() - max_config_problems;
      problems_.resize(max_config_problems);
      problems_.push_back({0, 0, "and " + std::to_string(more) + " more problems"});
    }
    return std::move(problems_);
  }

 private:
  // Where an option of an object stands, to say what is wrong with it later.
  using Places = std::map<std::string, toml::source_region, std::less<>>;

  void report(const toml::source_region& where, std::string text) {
    problems_.push_back({where.begin.line, where.begin.column, std::move(text)});
  }

  void unknown(const toml::key& key, std::string_view kind, const std::vector<std::string>& known) {
    std::string text = "unknown ";
    text.append(kind).append(" ").append(shown(key.str()));
    if (const std::string near = nearest(key.str(), known); !near.empty()) {
      text += "; did you mean " + shown(near) + "?";
    }
    report(key.source(), std::move(text));
  }

  // The node as a value; reports and returns nothing when no option can be written so.
  std::optional<OptionValue> value_of(const toml::node& node, const std::string& what) {
    if (const auto* b = node.as_boolean()) {
      return OptionValue(b->get());
    }
    if (const auto* n = node.as_integer()) {
      return OptionValue(n->get());
    }
    if (const auto* d = node.as_floating_point()) {
      return OptionValue(d->get());
    }
    if (const auto* s = node.as_string()) {
      return OptionValue(s->get());
    }
    if (const auto* array = node.as_array()) {
      std::vector<std::string> list;
      for (const toml::node& entry : *array) {
        const auto* s = entry.as_string();
        if (s == nullptr) {
          report(entry.source(), what + ": every entry of the list must be a string");
          return std::nullopt;
        }
        list.push_back(s->get());
      }
      return OptionValue(std::move(list));
    }
    report(node.source(), what + " must not be a " + (node.is_table() ? "section" : "date or time"));
    return std::nullopt;
  }

  // Every key of `table` but those of `besides`, into `object`.
  Places read_options(const toml::table& table, const OptionTable& options, const std::string& section,
                      OptionObject& object, const std::set<std::string, std::less<>>& besides) {
    Places places;
    for (const auto& [key, node] : table) {
      if (besides.contains(key.str())) {
        continue;
      }
      const OptionInfo* info = options.find(key.str());
      if (info == nullptr) {
        std::vector<std::string> known(besides.begin(), besides.end());
        for (const OptionInfo& other : options.infos()) {
          known.push_back(other.name);
        }
        unknown(key, "key", known);
        problems_.back().text += " (in " + section + ")";
        continue;
      }
      places.emplace(info->name, node.source());
      const std::string what = section + " " + info->name;
      if (const auto value = value_of(node, what)) {
        if (const auto set = options.set(object, info->name, *value); !set) {
          report(node.source(), what + " " + set.error().what);
        }
      }
    }
    return places;
  }

  void read_repeated(const SectionSchema& section, const toml::key& key, const toml::node& node) {
    const toml::array* array = node.as_array();
    const bool is_list = array != nullptr && std::ranges::all_of(*array, [](const toml::node& n) { return n.is_table(); });
    if (!is_list) {
      is_section_broken_ = true;
      report(key.source(), "write [[" + section.name + "]] with two brackets: the section may be repeated");
      return;
    }
    for (const toml::node& entry : *array) {
      const toml::table& table = *entry.as_table();
      OptionObject object = section.table->make();
      if (section.name == "domain") {
        Places places = read_options(table, *section.table, "[[domain]]", object, {"extension"});
        places.emplace("", entry.source());
        config_.domains.push_back({object, {}});
        domain_places_.push_back(std::move(places));
        domain_tables_.push_back(&table);
      } else {
        Places places = read_options(table, *section.table, "[[" + section.name + "]]", object, {});
        places.emplace("", entry.source());
        config_.listeners.push_back(object);
        listener_places_.push_back(std::move(places));
      }
    }
  }

  static const toml::source_region& place(const Places& places, std::string_view option) {
    const auto found = places.find(option);
    return found != places.end() ? found->second : places.find("")->second;
  }

  void check_server() {
    const auto& metrics = config_.section<MetricsOptions>("metrics");
    if (metrics.enabled && !is_loopback(metrics.address)) {
      report(place(section_places_.find("metrics")->second, "address"),
             "[metrics] address must be a loopback address (127.0.0.1 or ::1), not " + shown(metrics.address));
    }
  }

  void check_listeners() {
    std::set<std::pair<std::string, std::uint16_t>> taken;
    for (std::size_t i = 0; i < config_.listeners.size(); ++i) {
      const ListenerOptions& listener = config_.listener(i);
      if (!is_ip_address(listener.address)) {
        report(place(listener_places_[i], "address"),
               "[[listener]] address must be an IPv4 or IPv6 address, not " + shown(listener.address));
      } else if (listener.tls == ListenerTls::none && !is_loopback(listener.address)) {
        report(place(listener_places_[i], "tls"), "[[listener]] tls = \"none\" is allowed on loopback addresses only, and " +
                                                      shown(listener.address) + " is not one");
      }
      if (!taken.emplace(listener.address, listener.port).second) {
        report(place(listener_places_[i], "port"), "[[listener]] another listener has the same address and port");
      }
    }
    if (config_.listeners.empty() && !is_section_broken_) {
      problems_.push_back({0, 0, "no [[listener]]: nobody could connect"});
    }
  }

  void check_domains() {
    std::set<std::string> taken;
    for (std::size_t i = 0; i < config_.domains.size(); ++i) {
      check_domain(i, taken);
    }
    if (config_.domains.empty() && !is_section_broken_) {
      problems_.push_back({0, 0, "no [[domain]]: there would be nothing to serve"});
    }
  }

  void check_domain(std::size_t i, std::set<std::string>& taken) {
    DomainConfig& domain = config_.domains[i];
    const Places& places = domain_places_[i];
    const OptionTable& table = *schema_.section("domain")->table;
    const auto prepared = prepare_domain(domain.get().name);
    if (!prepared) {
      report(place(places, "name"), domain.get().name.empty()
                                        ? std::string("[[domain]] needs a name")
                                        : "[[domain]] name " + shown(domain.get().name) + " is no domain: " +
                                              std::string(to_string(prepared.error())));
    } else {
      ensure(table.set(domain.options, "name", *prepared).has_value(), "a prepared domain fits its option");
      if (!taken.insert(*prepared).second) {
        report(place(places, "name"), "[[domain]] " + shown(*prepared) + " is already there");
      }
    }
    if (domain.get().certificates.size() != domain.get().keys.size()) {
      report(place(places, "keys"), "[[domain]] needs one entry in keys for each of certificates");
    }
    for (const std::string& administrator : domain.get().administrators) {
      const auto jid = BareJid::parse(administrator);
      if (!jid || !jid->has_local()) {
        report(place(places, "administrators"), "[[domain]] administrators: " + shown(administrator) + " is no account's address");
      }
    }
    enable_extensions(domain, places, *domain_tables_[i]);
  }

  void enable_extensions(DomainConfig& domain, const Places& places, const toml::table& table) {
    std::vector<std::string> known;
    for (const ExtensionSchema& extension : schema_.extensions) {
      known.push_back(extension.name);
    }
    const auto check_known = [&](const std::vector<std::string>& names, std::string_view option) {
      for (const std::string& name : names) {
        if (schema_.extension(name) == nullptr) {
          const std::string near = nearest(name, known);
          report(place(places, option), "[[domain]] " + std::string(option) + ": there is no extension " + shown(name) +
                                            (near.empty() ? std::string() : "; did you mean " + shown(near) + "?"));
        }
      }
    };
    check_known(domain.get().enable, "enable");
    check_known(domain.get().disable, "disable");
    for (const ExtensionSchema& extension : schema_.extensions) {
      const bool is_enabled = std::ranges::count(domain.get().enable, extension.name) != 0;
      const bool is_disabled = std::ranges::count(domain.get().disable, extension.name) != 0;
      if (is_enabled && is_disabled) {
        report(place(places, "disable"), "[[domain]] extension " + shown(extension.name) + " is both enabled and disabled");
      }
      if (is_enabled || (extension.is_default && !is_disabled)) {
        domain.extensions.emplace(extension.name, extension.table != nullptr ? extension.table->make() : OptionObject());
      }
    }
    const toml::node* node = table.get("extension");
    if (node == nullptr) {
      return;
    }
    const toml::table* extensions = node->as_table();
    if (extensions == nullptr) {
      report(node->source(), "write [domain.extension.NAME] for an extension's options");
      return;
    }
    for (const auto& [key, entry] : *extensions) {
      const ExtensionSchema* extension = schema_.extension(key.str());
      const std::string section = "[domain.extension." + std::string(key.str()) + "]";
      if (extension == nullptr) {
        unknown(key, "extension", known);
        continue;
      }
      const toml::table* options = entry.as_table();
      if (options == nullptr) {
        report(entry.source(), section + " must be a section of its own");
        continue;
      }
      const auto enabled = domain.extensions.find(extension->name);
      static const OptionTable nothing = OptionTable::of<Nothing>(std::tuple<>{});
      OptionObject unused = extension->table != nullptr ? extension->table->make() : nothing.make();
      const bool is_used = enabled != domain.extensions.end() && extension->table != nullptr;
      // Options of an extension that is off are checked all the same: they are wrong before somebody turns it on.
      read_options(*options, extension->table != nullptr ? *extension->table : nothing, section,
                   is_used ? enabled->second : unused, {});
    }
  }

  struct Nothing {};

  const ConfigSchema& schema_;
  Config config_;
  ConfigProblems problems_;
  bool is_section_broken_ = false;   // a [[section]] could not be read at all: that it is missing is not said as well
  std::map<std::string, Places, std::less<>> section_places_;
  std::vector<Places> listener_places_;
  std::vector<Places> domain_places_;
  std::vector<const toml::table*> domain_tables_;
};

Unexpected<ConfigProblems> one_problem(ConfigProblem problem) { return {ConfigProblems{std::move(problem)}}; }

}  // namespace

std::string message(const ConfigProblem& problem, std::string_view file) {
  std::string out(file);
  if (problem.line != 0) {
    out += ":" + std::to_string(problem.line) + ":" + std::to_string(problem.column);
  }
  return out + ": " + problem.text;
}

std::string Config::resolve(std::string_view given) const {
  const std::filesystem::path resolved(given);
  return resolved.is_absolute() ? resolved.string() : (std::filesystem::path(folder) / resolved).string();
}

std::string Config::data_dir() const { return resolve(section<ServerOptions>("server").data_dir); }

std::string Config::database_path() const { return (std::filesystem::path(data_dir()) / "aldis.db").string(); }

std::string Config::admin_socket() const {
  const std::string& given = section<AdminOptions>("admin").socket;
  return given.empty() ? (std::filesystem::path(data_dir()) / "admin.sock").string() : resolve(given);
}

Result<Config, ConfigProblems> parse_config(std::string_view text, std::string path, const ConfigSchema& schema) {
  if (text.size() > max_config_bytes) {
    return one_problem({0, 0, "the file is larger than 1 MiB"});
  }
  toml::parse_result parsed;
  try {
    parsed = toml::parse(text);
  } catch (const TomlAssertion&) {
    return one_problem({0, 0, "not TOML: a key or a bracket stands where none may"});
  }
  if (!parsed) {
    const toml::source_region& where = parsed.error().source();
    return one_problem({where.begin.line, where.begin.column, "not TOML: " + std::string(parsed.error().description())});
  }
  Reader reader(schema);
  Config config = reader.read(parsed.table());
  ConfigProblems problems = reader.take_problems();
  if (!problems.empty()) {
    return Unexpected<ConfigProblems>{std::move(problems)};
  }
  config.folder = std::filesystem::path(path).parent_path().string();
  config.path = std::move(path);
  return config;
}

Result<Config, ConfigProblems> load_config(const std::string& path, const ConfigSchema& schema) {
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
  return parse_config(text, path, schema);
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
