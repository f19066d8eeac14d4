// Where a configuration comes from: a file, and the directory that its [configuration] names, or, while that does not answer, the copy of
// what it said last. Whoever needs a Config asks here.
//
// What a file and entries say is put together before anything is judged (directory_entries.h): each section is said by one of them.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "app/config.h"
#include "app/config_cache.h"
#include "app/config_tree.h"

namespace aldis::app {

// A file that was read, as far as saying where the rest is.
struct ConfigFile {
  std::string path;
  ConfigTable tree;
  Config bootstrap;   // [server], [admin] and [configuration] alone
  [[nodiscard]] const ConfigurationOptions& options() const { return bootstrap.section<ConfigurationOptions>("configuration"); }
  [[nodiscard]] DirectoryPlace place() const { return {options().base, options().name}; }
};
[[nodiscard]] Result<ConfigFile, ConfigProblems> read_config_file(const std::string& path, const ConfigSchema& schema);

// The file and what the entries say, as one. `copy` gets what the entries were.
[[nodiscard]] Result<Config, ConfigProblems> put_together(const ConfigFile& file, const std::vector<ldap::Entry>& entries, const ConfigSchema& schema,
                                                          ConfigCopy& copy);
// The file alone.
[[nodiscard]] Result<Config, ConfigProblems> config_of(const ConfigFile& file, const ConfigSchema& schema);

// Which of the two is asked.
enum class ConfigAsk : std::uint8_t {
  directory,           // and no other
  directory_or_copy,   // the copy while the directory does not answer, or says what cannot be taken
  copy,                // what was taken last
};

struct LoadedConfig {
  Config config;
  std::optional<ConfigCopy> copy;   // what the directory said; nothing: the file says everything
  bool is_from_cache = false;
  std::string why{};                // it is, for an operator
};
// Blocks while the directory is asked. Of the directory's problems: what it says is wrong, or it could not be asked.
[[nodiscard]] Result<LoadedConfig, ConfigProblems> load_from_source(const std::string& path, const ConfigSchema& schema, ConfigAsk ask, const Clock& clock);

// Problems, one a line.
[[nodiscard]] std::string all_messages(const ConfigProblems& problems, std::string_view file);

}  // namespace aldis::app
