// `aldis config ...`: what a configuration says, how that differs from another, and its way into a directory.
#pragma once
#include <string>

#include "app/config_schema.h"
#include "base/result.h"

namespace CLI {
class App;
}

namespace aldis::app {

// What the command line gave for them; lives as long as the App.
struct ConfigCommands {
  bool is_whole = false;       // show
  bool is_json = false;        // diff
  std::string from;            // diff
  std::string base;            // export
  std::string name;            // export
  std::string format = "openldap";   // schema
};
void add_config_commands(CLI::App& app, const std::string& config_path, ConfigCommands& given, int& code);

// Run by root: this process becomes the owner of the data folder that the file names. A file that cannot be read is not told here.
[[nodiscard]] Result<void> become_owner_of_data(const std::string& path, const ConfigSchema& schema);

// To standard output, for OpenLDAP ("openldap") or 389 Directory Server ("389ds"); an exit code.
[[nodiscard]] int write_directory_schema(const std::string& format);

}  // namespace aldis::app
