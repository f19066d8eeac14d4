// The directories of a configuration, made ready to be asked.
#pragma once
#include "app/config.h"
#include "auth/ldap/ldap_directory.h"
#include "core/directory_accounts.h"

namespace aldis::app {

// By domain; domains may share one. Reads the files of their passwords; nobody is connected to yet. The error names the directory.
// Clock and random outlive them.
[[nodiscard]] Result<Directories> load_directories(const Config& config, const Clock& clock, Random& random);

// How a directory is reached, with its password and the names of its files as they are; the options are valid (ldap_options.h).
struct DirectoryAccess {
  std::vector<ldap::Endpoint> endpoints;
  ldap::ServiceIdentity identity;
};
[[nodiscard]] Result<DirectoryAccess> load_access(const Config& config, const ldap::DirectoryOptions& options);

}  // namespace aldis::app
