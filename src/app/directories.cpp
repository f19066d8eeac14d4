// Reading what directories need.
#include "app/directories.h"

#include <unistd.h>

#include "app/private_file.h"

namespace aldis::app {
namespace {

constexpr std::size_t most_password_bytes = 1024;
constexpr std::size_t most_key_bytes = 64 * 1024;

// One line, without its end.
Result<SecretBytes> load_password(const std::string& path) {
  auto read = read_private_file(path, most_password_bytes + 2);
  if (!read) {
    return read;
  }
  std::string_view line = std::as_const(*read).view();
  for (const char end : {'\n', '\r'}) {
    line.remove_suffix(line.ends_with(end) ? 1 : 0);
  }
  if (line.empty() || line.size() > most_password_bytes || line.find('\n') != std::string_view::npos) {
    return fail(ErrorKind::invalid, path + " must hold one line of 1 to 1024 bytes");
  }
  return SecretBytes(line);
}

Result<void> check_readable(const std::string& path) {
  if (!path.empty() && ::access(path.c_str(), R_OK) != 0) {
    return fail(ErrorKind::not_found, path + " cannot be read");
  }
  return {};
}

}  // namespace

Result<DirectoryAccess> load_access(const Config& config, const ldap::DirectoryOptions& options) {
  ldap::ServiceIdentity identity{options.bind_dn, {}};
  if (!options.password_file.empty()) {
    auto password = load_password(config.resolve(options.password_file));
    if (!password) {
      return fail(password.error());
    }
    identity.password = std::move(*password);
  }
  const auto file = [&](const std::string& name) { return name.empty() ? std::string() : config.resolve(name); };
  std::vector<ldap::Endpoint> endpoints;
  for (const std::string& url : options.servers) {
    endpoints.push_back({url, options.starttls, file(options.ca_file), file(options.certificate), file(options.key), options.timeout});
  }
  for (const std::string& path : {endpoints.front().ca_file, endpoints.front().certificate}) {
    if (auto readable = check_readable(path); !readable) {
      return fail(readable.error());
    }
  }
  if (!options.key.empty()) {   // the library reads it; that nobody else can is seen here
    if (const auto key = read_private_file(endpoints.front().key, most_key_bytes); !key) {
      return fail(key.error());
    }
  }
  return DirectoryAccess{std::move(endpoints), std::move(identity)};
}

Result<Directories> load_directories(const Config& config, const Clock& clock, Random& random) {
  ldap::prepare_library();
  std::map<std::string, std::shared_ptr<PeopleDirectory>, std::less<>> by_name;
  Directories by_domain;
  for (const OptionObject& object : config.directories) {
    const auto& options = object.as<ldap::DirectoryOptions>();
    auto access = load_access(config, options);
    if (!access) {
      return fail(access.error().kind, "[[directory]] " + options.name + ": " + access.error().what);
    }
    by_name.emplace(options.name, std::make_shared<ldap::LdapDirectory>(options, std::move(access->endpoints), std::move(access->identity), clock, random));
  }
  for (const DomainConfig& domain : config.domains) {
    if (const auto found = by_name.find(domain.get().directory); found != by_name.end()) {
      by_domain.emplace(domain.get().name, found->second);
    }
  }
  return by_domain;
}

}  // namespace aldis::app
