// Keytabs of the domains.
#include "app/tickets.h"

#include <algorithm>
#include <filesystem>

#include "app/private_file.h"
#include "auth/kerberos/kerberos_acceptor.h"

namespace aldis::app {
namespace {

constexpr std::size_t most_keytab_bytes = 4 * 1024 * 1024;

// The library reads it; that nobody else can is seen here.
Result<std::shared_ptr<const ServiceKeys>> load_keys(const Config& config, const DomainOptions& domain) {
  const std::string path = config.resolve(domain.kerberos_keytab);
  const auto seen = read_private_file(path, most_keytab_bytes);
  if (!seen) {
    return fail(seen.error());
  }
  if (!is_whole_keytab(seen->view())) {
    return fail(ErrorKind::invalid, path + " is no keytab, or not all of one");
  }
  return ServiceKeys::load(path, kerberos_services(domain, domain.name));
}

Unexpected<Error> named(const DomainOptions& domain, const Error& error) {
  return fail(error.kind, "[[domain]] " + domain.name + ": kerberos_keytab: " + error.what);
}

std::string mend(const Error& error, const std::string& path) {
  switch (error.kind) {
    case ErrorKind::denied:
      return "chown it to the server's user, and chmod 600 " + path;
    case ErrorKind::not_found:
      return "export the service's keys into it (kadmin: ktadd -k FILE PRINCIPAL; Active Directory: ktpass), or name "
             "the principal in kerberos_services";
    default:
      return "make the keytab anew, and make it readable to the server's user";
  }
}

}  // namespace

Result<TicketAcceptors> load_tickets(const Config& config) {
  TicketAcceptors acceptors;
  for (const DomainConfig& domain : config.domains) {
    const DomainOptions& options = domain.get();
    if (options.kerberos_keytab.empty()) {
      continue;
    }
    auto keys = load_keys(config, options);
    if (!keys) {
      return named(options, keys.error());
    }
    auto acceptor = KerberosAcceptor::make(options, options.name, std::move(*keys),
                                           std::filesystem::path(config.data_dir()) / "kerberos.replays");
    if (!acceptor) {
      return named(options, acceptor.error());
    }
    acceptors.emplace(options.name, std::move(*acceptor));
  }
  return acceptors;
}

std::vector<Finding> check_tickets(const Config& config) {
  std::vector<Finding> findings;
  for (const DomainConfig& domain : config.domains) {
    const DomainOptions& options = domain.get();
    if (options.kerberos_keytab.empty()) {
      continue;
    }
    const auto keys = load_keys(config, options);
    if (!keys) {
      findings.push_back({Severity::error, named(options, keys.error()).error.what,
                          mend(keys.error(), config.resolve(options.kerberos_keytab))});
      continue;
    }
    std::string shown;
    for (const ServiceKeys::Key& key : (*keys)->keys()) {
      shown.append(shown.empty() ? "" : ", ")
          .append(key.principal)
          .append(" (version ")
          .append(std::to_string(key.version))
          .append(", ")
          .append(key.encryption)
          .append(")");
    }
    findings.push_back({Severity::ok, "domain " + options.name + " takes tickets for " + shown, ""});
    if (std::ranges::all_of((*keys)->keys(), &ServiceKeys::Key::is_weak)) {
      findings.push_back({Severity::warning,
                          "domain " + options.name + ": no key of its keytab is stronger than RC4 or triple DES",
                          "give the service AES keys (Active Directory: msDS-SupportedEncryptionTypes 24, then ktpass "
                          "/crypto AES256-SHA1)"});
    }
  }
  return findings;
}

}  // namespace aldis::app
