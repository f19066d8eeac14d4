// The copy as JSON, and its way to the disk.
#include "app/config_cache.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "app/directory_digest.h"
#include "app/private_file.h"

namespace aldis::app {
namespace {

using Json = nlohmann::json;

constexpr int copy_format = 1;

Unexpected<Error> system_failure(const std::string& path) { return fail(ErrorKind::unavailable, path + ": " + std::strerror(errno)); }

// A member that is a text; nothing: it is not there, or something else.
const std::string* text_in(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() ? found->get_ptr<const std::string*>() : nullptr;
}

std::optional<ldap::Entry> entry_of(const Json& object) {
  const std::string* dn = object.is_object() ? text_in(object, "dn") : nullptr;
  const auto attributes = dn != nullptr ? object.find("attributes") : object.end();
  if (dn == nullptr || attributes == object.end() || !attributes->is_object()) {
    return std::nullopt;
  }
  ldap::Entry entry{*dn, {}};
  for (const auto& [name, values] : attributes->items()) {
    if (!values.is_array()) {
      return std::nullopt;
    }
    std::vector<std::string>& all = entry.attributes[name];
    for (const Json& value : values) {
      const auto* text = value.get_ptr<const std::string*>();
      if (text == nullptr) {
        return std::nullopt;
      }
      all.push_back(*text);
    }
  }
  return entry;
}

// Everything that a start depends on, so that no part of it can be another's.
std::string seal_of(const ConfigCopy& copy) {
  return sha256(copy.place.base + "\n" + copy.place.name + "\n" + copy.serial + "\n" + copy.digest + "\n" + std::to_string(copy.taken.time_since_epoch().count()));
}

bool write_all(int file, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::write(file, text.data(), text.size());
    if (n <= 0) {
      return false;
    }
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

}  // namespace

std::string write_copy(const ConfigCopy& copy) {
  Json entries = Json::array();
  for (const ldap::Entry& entry : copy.entries) {
    entries.push_back({{"dn", entry.dn}, {"attributes", entry.attributes}});
  }
  const Json all{{"format", copy_format}, {"base", copy.place.base}, {"name", copy.place.name}, {"serial", copy.serial},
                 {"digest", copy.digest}, {"taken", copy.taken.time_since_epoch().count()}, {"seal", seal_of(copy)}, {"entries", std::move(entries)}};
  return all.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

Result<ConfigCopy> parse_copy(std::string_view text) {
  const auto corrupt = [] { return fail(ErrorKind::corrupt, "is damaged, and is not used"); };
  const Json all = Json::parse(text, nullptr, false);
  if (!all.is_object() || all.value("format", Json()) != copy_format) {
    return corrupt();
  }
  const std::string* texts[] = {text_in(all, "base"), text_in(all, "name"), text_in(all, "serial"), text_in(all, "digest"), text_in(all, "seal")};
  const auto entries = all.find("entries");
  const auto taken = all.find("taken");
  for (const std::string* each : texts) {
    if (each == nullptr) {
      return corrupt();
    }
  }
  if (entries == all.end() || !entries->is_array() || taken == all.end() || !taken->is_number_integer()) {
    return corrupt();
  }
  ConfigCopy copy{{*texts[0], *texts[1]}, *texts[2], *texts[3], WallTime(WallTime::duration(taken->get<std::int64_t>())), {}};
  for (const Json& each : *entries) {
    auto entry = entry_of(each);
    if (!entry) {
      return corrupt();
    }
    copy.entries.push_back(std::move(*entry));
  }
  if (digest_of(copy.entries, copy.place.base) != copy.digest || seal_of(copy) != *texts[4]) {
    return corrupt();
  }
  return copy;
}

Result<void> save_copy(const std::string& path, const ConfigCopy& copy) {
  const std::string text = write_copy(copy);
  if (text.size() > max_cache_bytes) {
    return fail(ErrorKind::limit, path + " would be longer than " + std::to_string(max_cache_bytes) + " bytes");
  }
  const std::string draft = path + ".new";
  ::unlink(draft.c_str());
  const int file = ::open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (file < 0) {
    return system_failure(draft);
  }
  bool is_written = write_all(file, text) && ::fsync(file) == 0;
  is_written = ::close(file) == 0 && is_written;
  if (!is_written || ::rename(draft.c_str(), path.c_str()) != 0) {
    const auto failure = system_failure(path);
    ::unlink(draft.c_str());
    return failure;
  }
  const int folder = ::open(std::filesystem::path(path).parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool is_kept = folder >= 0 && ::fsync(folder) == 0;
  const auto failure = system_failure(path);
  if (folder >= 0) {
    ::close(folder);
  }
  return is_kept ? Result<void>() : failure;
}

Result<ConfigCopy> load_copy(const std::string& path, const DirectoryPlace& place) {
  const auto read = read_private_file(path, max_cache_bytes);
  if (!read) {
    return fail(read.error());
  }
  auto copy = parse_copy(read->view());
  if (!copy) {
    return fail(copy.error().kind, path + " " + copy.error().what);
  }
  if (copy->place != place) {
    return fail(ErrorKind::invalid, path + " is a copy of " + copy->place.base + (copy->place.name.empty() ? "" : " for " + copy->place.name) + ", and is not used");
  }
  return copy;
}

}  // namespace aldis::app
