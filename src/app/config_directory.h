// The directory that a configuration comes from, to be asked. Every call blocks, no longer than its time: no shard makes one. One thread
// at a time.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "app/config.h"
#include "auth/ldap/ldap_schema.h"
#include "base/clock.h"
#include "base/result.h"

namespace aldis::app {

class ConfigDirectory {
 public:
  virtual ~ConfigDirectory() = default;
  // The base's serial, at little cost. not_found: there is no base, or this server may not read it.
  [[nodiscard]] virtual Result<std::string> serial() = 0;
  // All entries below the base and itself. unavailable: also when the serial has changed meanwhile. limit: there are too many.
  [[nodiscard]] virtual Result<std::vector<ldap::Entry>> read() = 0;
};

// What [configuration] says; its files are read, nobody is connected to yet. Clock outlives it.
[[nodiscard]] Result<std::unique_ptr<ConfigDirectory>> make_config_directory(const Config& bootstrap, const Clock& clock);

}  // namespace aldis::app
