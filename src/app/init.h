// `aldis init`: a first configuration, data folder, self-signed certificate and store, so that `aldis serve` has all it
// needs. What is there already is kept; the configuration is written last, so that an interrupted run can be repeated.
#pragma once
#include <string>
#include <vector>

#include "app/config_schema.h"
#include "base/result.h"

namespace aldis::app {

struct InitOptions {
  std::string config_path = "aldis.toml";
  std::string domain = "localhost";
  bool is_demo = false;      // also two accounts, with random passwords that are shown once
  bool if_missing = false;   // succeed silently when the configuration is there
};

struct DemoAccount {
  std::string address;
  std::string password;
};
struct InitReport {
  bool was_there = false;            // with if_missing: nothing was done
  std::vector<std::string> made;     // files and folders
  std::vector<DemoAccount> accounts;
};

// already_exists: the configuration is there; invalid: the domain; unavailable, denied: files cannot be made.
[[nodiscard]] Result<InitReport> initialise(const InitOptions& options, const ConfigSchema& schema);

}  // namespace aldis::app
