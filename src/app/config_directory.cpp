// Asking for serial and entries.
#include "app/config_directory.h"

#include "app/directories.h"
#include "app/directory_schema.h"
#include "auth/ldap/ldap_servers.h"

namespace aldis::app {
namespace {

// More than any configuration; what a directory gives in error, or in malice, ends there.
constexpr ldap::ListLimits limits{.entries = 20'000, .bytes = 32UL * 1024 * 1024, .time = std::chrono::seconds(20)};

class LdapConfigDirectory final : public ConfigDirectory {
 public:
  LdapConfigDirectory(std::string base, DirectoryAccess access, const Clock& clock)
      : base_(std::move(base)), servers_(std::move(access.endpoints), std::move(access.identity), 1, clock) {}
  Result<std::string> serial() override;
  Result<std::vector<ldap::Entry>> read() override;

 private:
  [[nodiscard]] Result<std::string> serial_on(ldap::LdapConnection& connection) const;

  std::string base_;
  ldap::LdapServers servers_;
};

Result<std::string> LdapConfigDirectory::serial_on(ldap::LdapConnection& connection) const {
  const auto found = connection.search(base_, "(objectClass=" + std::string(base_class) + ")", {std::string(serial_attribute)}, 2);
  if (!found) {
    return fail(found.error());
  }
  if (found->size() != 1 || found->front().values(serial_attribute).size() != 1) {
    return fail(ErrorKind::not_found, base_ + ": there must be one " + std::string(base_class) + " with one " + std::string(serial_attribute) +
                                          ", which this server may read");
  }
  return found->front().values(serial_attribute).front();
}

Result<std::string> LdapConfigDirectory::serial() {
  std::string serial;
  const auto asked = servers_.together([&](ldap::LdapConnection& connection) -> Result<std::size_t> {
    auto found = serial_on(connection);
    if (!found) {
      return fail(found.error());
    }
    serial = std::move(*found);
    return std::size_t{1};
  });
  return asked ? Result<std::string>(std::move(serial)) : fail(asked.error());
}

Result<std::vector<ldap::Entry>> LdapConfigDirectory::read() {
  std::vector<ldap::Entry> entries;
  const auto asked = servers_.together([&](ldap::LdapConnection& connection) -> Result<std::size_t> {
    const auto before = serial_on(connection);
    if (!before) {
      return fail(before.error());
    }
    auto all = connection.search_all(base_, "(objectClass=*)", {"*"}, limits);
    if (!all) {
      return fail(all.error());
    }
    const auto after = serial_on(connection);
    if (!after) {
      return fail(after.error());
    }
    if (*before != *after) {
      return fail(ErrorKind::unavailable, base_ + " was changed while it was read");
    }
    entries = std::move(*all);
    return entries.size();
  });
  return asked ? Result<std::vector<ldap::Entry>>(std::move(entries)) : fail(asked.error());
}

}  // namespace

Result<std::unique_ptr<ConfigDirectory>> make_config_directory(const Config& bootstrap, const Clock& clock) {
  const auto& options = bootstrap.section<ConfigurationOptions>("configuration");
  ldap::prepare_library();
  auto access = load_access(bootstrap, options.directory());
  if (!access) {
    return fail(access.error().kind, "[configuration] " + access.error().what);
  }
  return std::unique_ptr<ConfigDirectory>(std::make_unique<LdapConfigDirectory>(options.base, std::move(*access), clock));
}

}  // namespace aldis::app
