// Reload: a new configuration for a running server, all of it or nothing. What the file, and perhaps a directory, say now is read and checked as a whole; what can
// change live is prepared by everyone concerned (a certificate is loaded, say), and only when nobody refuses is anything
// applied. Keys that need a restart keep their old values until then, and are named.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "operators/admin_target.h"
#include "app/config.h"
#include "base/result.h"
#include "base/unique_function.h"

namespace aldis::app {

struct MergedConfig {
  Config config;                 // the new one, with the old values of keys that need a restart
  admin::ReloadReport report;
};
[[nodiscard]] MergedConfig merge(const Config& before, const Config& after, const ConfigSchema& schema);

// Belongs to one thread.
class ConfigReloader {
 public:
  struct Prepared {
    UniqueFunction<void()> apply;         // cannot fail
    std::vector<std::string> applied;     // for the report: what changed beyond the file's keys
  };
  // Looks at the merged configuration and says what it would do, or why it cannot.
  using Prepare = std::function<Result<Prepared>(const Config& before, const Config& after)>;

  // What a reload reads; notes are for whoever asked.
  struct Loaded {
    Config config;
    std::vector<std::string> notes;
  };
  using Load = std::function<Result<Loaded, ConfigProblems>()>;

  // It reads the configuration's file until it is told otherwise.
  ConfigReloader(Config config, ConfigSchema schema) : config_(std::move(config)), schema_(std::move(schema)) {}
  void load_by(Load load) { load_ = std::move(load); }

  [[nodiscard]] const Config& config() const { return config_; }
  void on_reload(Prepare prepare) { prepares_.push_back(std::move(prepare)); }
  // invalid: the file's problems, one a line, or why somebody refused; the old configuration stands. Logged either way.
  [[nodiscard]] Result<admin::ReloadReport> reload();

 private:
  [[nodiscard]] Result<Loaded, ConfigProblems> load_file() const;

  Config config_;
  ConfigSchema schema_;
  Load load_;   // null: the file
  std::vector<Prepare> prepares_;
};

}  // namespace aldis::app
