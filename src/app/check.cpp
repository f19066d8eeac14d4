// What `aldis check` looks at.
#include "app/check.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "admin/control_server.h"
#include "app/authorities.h"
#include "app/client_certificates.h"
#include "app/components.h"
#include "app/directories.h"
#include "app/password_policy.h"
#include "app/server_tls.h"
#include "app/staples.h"
#include "base/random.h"
#include "net/peer_address.h"
#include "storage/sql/sql_stores.h"
#include "tls/certificate.h"
#include "tls/context.h"
#include "tls/expiry.h"
#include "tls/trust.h"

namespace aldis::app {
namespace {

bool has_server_listener(const Config& config) {
  return std::ranges::any_of(config.listeners, [](const OptionObject& listener) { return listener.as<ListenerOptions>().serves == ListenerUse::servers; });
}

bool has_tls_listener(const Config& config) {
  return std::ranges::any_of(config.listeners,
                             [](const OptionObject& object) { return object.as<ListenerOptions>().tls != ListenerTls::none; });
}

bool is_local_name(std::string_view domain) {
  for (const std::string_view suffix : {"localhost", "test", "example", "invalid", "local"}) {   // RFC 6761, RFC 6762
    if (domain == suffix || (domain.ends_with(suffix) && domain[domain.size() - suffix.size() - 1] == '.')) {
      return true;
    }
  }
  return false;
}

Finding check_dates(const std::string& file, std::int64_t days) {
  const std::string what = "certificate " + file + " is valid for " + std::to_string(days) + " more days";
  if (days > tls::ExpiryWarning::first) {
    return {Severity::ok, what, ""};
  }
  return {Severity::warning, what, "get a new certificate, put it in the same place and run \"aldis reload\""};
}

std::string mend_certificate(const Error& error, const DomainOptions& domain, const std::string& chain, const std::string& key) {
  switch (error.kind) {
    case ErrorKind::denied:
      return error.what.find("another user") != std::string::npos ? "run this as the server's user, or chown the file to it"
                                                                  : "chmod 600 " + key;
    case ErrorKind::not_found:
      return "put the file there, or correct certificates and keys of [[domain]] " + domain.name;
    case ErrorKind::unavailable: return "make the file readable to the server's user";
    default: break;
  }
  if (error.what.find("expired") != std::string::npos) {
    return "get a new certificate, put it in the same place and run \"aldis reload\"";
  }
  return "put the certificate with its chain, its issuer next, into " + chain + ", and its own key into " + key;
}

void check_certificate(const Config& config, const DomainOptions& domain, std::size_t i, const Clock& clock,
                       std::vector<Finding>& findings) {
  const std::string chain = config.resolve(domain.certificates[i]);
  const std::string key = config.resolve(domain.keys[i]);
  const auto certificate = tls::Certificate::load(chain, key, clock);
  if (!certificate) {
    findings.push_back({Severity::error, "certificate of " + domain.name + ": " + certificate.error().what,
                        mend_certificate(certificate.error(), domain, chain, key)});
    return;
  }
  findings.push_back(check_dates(chain, certificate->days_left(clock)));
  if (certificate->is_self_signed() && !is_local_name(domain.name)) {
    findings.push_back({Severity::warning, "certificate " + chain + " is signed by itself: clients will ask their users about it",
                        "get one from a certificate authority for " + domain.name});
  }
  if (!certificate->names().cover(domain.name)) {
    findings.push_back({Severity::error, "certificate " + chain + " is not for " + domain.name,
                        "get a certificate that names " + domain.name + " (subjectAltName dNSName)"});
  }
}

// 0, or errno of trying to have the port for ourselves.
int try_port(const std::string& address, std::uint16_t port) {
  const auto parsed = net::PeerAddress::parse(address, port);
  if (!parsed) {
    return EINVAL;
  }
  sockaddr_storage storage{};
  const unsigned size = parsed->to_sockaddr(storage);
  const int fd = ::socket(storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) {
    return errno;
  }
  const int yes = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  const int error = ::bind(fd, reinterpret_cast<const sockaddr*>(&storage), size) == 0 ? 0 : errno;
  ::close(fd);
  return error;
}

Finding check_port(const std::string& what, const std::string& address, std::uint16_t port, bool is_running) {
  const std::string name = what + " " + address + " port " + std::to_string(port);
  switch (const int error = try_port(address, port)) {
    case 0: return {Severity::ok, name + " is free", ""};
    case EADDRINUSE:
      if (is_running) {
        return {Severity::ok, name + " is served by the running server", ""};
      }
      return {Severity::error, name + " is taken by another program",
              "stop that program (\"ss -ltnp sport = :" + std::to_string(port) + "\" names it) or choose another port"};
    case EADDRNOTAVAIL: return {Severity::error, name + " cannot be had: this machine has no such address", "correct the address"};
    case EACCES:
      return {Severity::error, name + " is not allowed to this user",
              "choose a port above 1023, or let the service have it (AmbientCapabilities=CAP_NET_BIND_SERVICE)"};
    default: return {Severity::error, name + " cannot be had: " + std::strerror(error), "choose another address or port"};
  }
}

std::string mend_store(const Error& error, const std::string& path) {
  if (error.what.find("others may reach") != std::string::npos) {
    return "chmod 600 " + path;
  }
  switch (error.kind) {
    case ErrorKind::corrupt: return "restore it from a backup";
    case ErrorKind::denied: return "the file must be the server's user's alone, and no newer program's";
    case ErrorKind::full: return "make room on the disk";
    default: return "run this as the server's user, and look at the disk (\"df\", \"dmesg\")";
  }
}

}  // namespace

std::string_view to_string(Severity severity) {
  switch (severity) {
    case Severity::ok: return "ok";
    case Severity::warning: return "warning";
    case Severity::error: return "error";
  }
  return "error";
}

std::vector<Finding> check_certificates(const Config& config, const Clock& clock) {
  std::vector<Finding> findings;
  for (const DomainConfig& domain : config.domains) {
    const DomainOptions& options = domain.get();
    // Rooms are spoken with by other servers only.
    const bool is_shown = options.serves == DomainUse::accounts ? has_tls_listener(config) : has_server_listener(config);
    if (options.certificates.empty() && is_shown) {
      findings.push_back({Severity::error, "domain " + options.name + " has no certificate, and a listener uses TLS",
                          "set certificates and keys of [[domain]] " + options.name});
    }
    for (std::size_t i = 0; i < options.certificates.size(); ++i) {
      check_certificate(config, options, i, clock, findings);
    }
  }
  return findings;
}

std::vector<Finding> check_people(const Config& config, const Clock& clock) {
  std::vector<Finding> findings;
  if (const auto auth = load_auth_config(config); !auth) {
    findings.push_back({Severity::error, auth.error().what, "name a file that the server's user can read, or none"});
  }
  SystemRandom random;
  if (const auto directories = load_directories(config, clock, random); !directories) {
    findings.push_back({Severity::error, directories.error().what, "directory.md says what the files of a [[directory]] must be"});
  } else if (!directories->empty()) {
    findings.push_back({Severity::ok, "files of the directories", ""});
  }
  return findings;
}

std::vector<Finding> check_client_certificates(const Config& config) {
  std::vector<Finding> findings;
  const auto policies = load_certificate_policies(config, nullptr);
  if (!policies) {
    return {{Severity::error, policies.error().what, "client_anchors are PEM files with the certificates of authorities, which the server's user can read"}};
  }
  for (const auto& [domain, policy] : *policies) {
    findings.push_back({Severity::ok, "domain " + domain + " lets people in with certificates of " +
                                          std::to_string(policy.trust->anchors().size()) + " authorities", ""});
    for (std::size_t i = 0; i < config.listeners.size(); ++i) {
      const ListenerOptions& listener = config.listener(i);
      if (policy.use == CertificateUse::required && listener.serves == ListenerUse::clients &&
          (listener.client_certificates == CertificateUse::off || listener.tls == ListenerTls::none)) {
        findings.push_back({Severity::warning, "domain " + domain + " requires certificates, and listener " + listener.address + " port " +
                                                   std::to_string(listener.port) + " asks for none: nobody logs in to it there",
                            "set client_certificates of one or the other"});
      }
    }
  }
  return findings;
}

std::vector<Finding> check_components(const Config& config, const Clock& clock) {
  std::vector<Finding> findings;
  DomainCertificates of_domains;   // those that can be read: check_certificates names the others
  for (const DomainConfig& domain : config.domains) {
    of_domains.emplace_back(domain.get().name, std::vector<tls::Certificate>());
    for (std::size_t i = 0; i < domain.get().certificates.size(); ++i) {
      if (auto one = tls::Certificate::load(config.resolve(domain.get().certificates[i]), config.resolve(domain.get().keys[i]), clock)) {
        of_domains.back().second.push_back(std::move(*one));
      }
    }
  }
  const auto loaded = load_components(config, of_domains, clock);
  if (!loaded) {
    return {{Severity::error, loaded.error().what, "correct its [[component]], or the file"}};
  }
  for (const OptionObject& object : config.components) {
    const auto& options = object.as<policy::ComponentOptions>();
    const bool is_shown = std::ranges::count(loaded->certificates, options.domain, [](const auto& entry) { return entry.first; }) != 0;
    if (options.abroad && !is_shown) {
      findings.push_back({Severity::warning, "component " + options.domain + " cannot speak with other servers: no certificate names it",
                          "get one that does and write it in its [[component]], or set abroad = false"});
    } else {
      findings.push_back({Severity::ok, "component " + options.domain + (is_shown ? " may speak with other servers" : " is for this server alone"), ""});
    }
  }
  for (const auto& [domain, certificates] : loaded->own_certificates) {
    for (const tls::Certificate& certificate : certificates) {
      findings.push_back(check_dates("of component " + domain, certificate.days_left(clock)));
      if (!certificate.names().cover(domain)) {
        findings.push_back({Severity::error, "the certificate of component " + domain + " does not name it",
                            "get a certificate that names " + domain + " (subjectAltName dNSName)"});
      }
    }
  }
  bool is_reached = false;
  for (std::size_t i = 0; i < config.listeners.size(); ++i) {
    const ListenerOptions& listener = config.listener(i);
    is_reached = is_reached || listener.serves == ListenerUse::components;
    if (listener.serves == ListenerUse::components && !is_loopback(listener.address)) {
      findings.push_back({Severity::warning,
                          "listener " + listener.address + " port " + std::to_string(listener.port) + " lets components connect from other machines" +
                              (listener.tls == ListenerTls::none ? ", and nothing they say is encrypted" : ""),
                          "use a loopback address unless a component must run elsewhere, and then tls = \"direct\" if it can"});
    }
  }
  if (!config.components.empty() && !is_reached) {
    findings.push_back({Severity::warning, "there are components, and no [[listener]] with serves = \"components\": none can connect",
                        "add one, such as address \"127.0.0.1\", port 5347, tls = \"none\""});
  }
  return findings;
}

std::vector<Finding> check_suites(const Config& config) {
  std::vector<Finding> findings;
  const std::vector<std::string> suites = tls::integrity_only_suites();
  const bool has_tls13 = std::ranges::any_of(suites, [](const std::string& name) { return name.starts_with("TLS_"); });
  std::string names;
  for (const std::string& name : suites) {
    names.append(names.empty() ? "" : ", ").append(name);
  }
  for (std::size_t i = 0; i < config.listeners.size(); ++i) {
    const ListenerOptions& listener = config.listener(i);
    if (!listener.allow_integrity_only) {
      continue;
    }
    const std::string name = "listener " + listener.address + " port " + std::to_string(listener.port);
    if (suites.empty()) {
      findings.push_back({Severity::error, name + " allows integrity-only suites, and this OpenSSL has none",
                          "remove allow_integrity_only, or use an OpenSSL that has them"});
      continue;
    }
    findings.push_back({Severity::warning,
                        name + " lets clients do without encryption (" + names +
                            "): whoever sees the network there reads what they say" +
                            (has_tls13 ? "" : "; this OpenSSL has no such suite for TLS 1.3 (RFC 9150), only for TLS 1.2"),
                        "remove allow_integrity_only unless the site must read its own traffic"});
  }
  return findings;
}

namespace {

Result<std::size_t> count_anchors(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  if (!in || !(text << in.rdbuf())) {
    return fail(ErrorKind::not_found, path + " cannot be read");
  }
  const auto made = tls::TrustStore::make({.anchors_pem = std::move(text).str()});
  return made ? Result<std::size_t>((*made)->anchors().size()) : fail(made.error().kind, path + ": " + made.error().what);
}

constexpr const char* mend_anchors =
    "put the certificates of the authorities, PEM, one after another, into the file, readable to the server's user, or correct the name";

}  // namespace

std::vector<Finding> check_peer_anchors(const Config& config) {
  std::vector<Finding> findings;
  for (const auto& [path, who] : peer_anchors_in_use(config)) {
    const auto count = count_anchors(path);
    findings.push_back(count ? Finding{Severity::ok, "servers are believed by " + std::to_string(*count) + " authorities in " + path, ""}
                             : Finding{Severity::error, who + ": " + count.error().what, mend_anchors});
  }
  return findings;
}

Result<void> require_peer_anchors(const Config& config) {
  for (const auto& [path, who] : peer_anchors_in_use(config)) {
    if (const auto count = count_anchors(path); !count) {
      return fail(count.error().kind, who + ": " + count.error().what + "; " + mend_anchors);
    }
  }
  return {};
}

std::vector<Finding> check_tls(const Config& config, const Clock& clock) {
  std::vector<Finding> findings;
  for (const std::string& name : config.section<TlsOptions>("tls").crl_files) {
    const std::string path = config.resolve(name);
    std::ifstream in(path, std::ios::binary);
    std::ostringstream text;
    tls::RevocationCache unused;
    const auto read = in && (text << in.rdbuf()) ? unused.import_crls(std::move(text).str()) : Result<std::size_t>(fail(ErrorKind::not_found, "cannot be read"));
    if (!read) {
      findings.push_back({Severity::error, "CRL file " + path + ": " + read.error().what, "put the authority's current CRL there, PEM or DER"});
      continue;
    }
    for (const tls::KnownRevocation& list : unused.known()) {
      const bool holds = list.until > clock.wall();
      findings.push_back({holds ? Severity::ok : Severity::warning, "CRL of " + list.about + " in " + path + (holds ? " holds" : " holds no more"),
                          holds ? "" : "get the authority's current CRL"});
    }
  }
  auto certificates = load_certificates(config, clock);
  if (!certificates) {
    return findings;   // check_certificates says it
  }
  const tls::TlsChoice choice = config.section<TlsOptions>("tls").choice();
  std::set<tls::TlsProfile> profiles{choice.profile};
  for (std::size_t i = 0; i < config.listeners.size(); ++i) {
    profiles.insert(tls::choice_for(config.listener(i).tls_profile, choice).profile);
  }
  for (const OptionObject& peer : config.peers) {
    profiles.insert(tls::choice_for(peer.as<policy::PeerOptions>().tls_profile, choice).profile);
  }
  StapleKeeper staples(staple_folder(config), clock);
  staples.watch(config, *certificates);
  for (std::size_t i = 0; i < certificates->size(); ++i) {
    const auto& [domain, list] = (*certificates)[i];
    for (std::size_t k = 0; k < list.size(); ++k) {
      const std::string what = "certificate " + config.resolve(config.domains[i].get().certificates[k]);
      for (const tls::TlsProfile profile : profiles) {
        if (const std::string unfit = tls::unfit_for(profile, list[k].leaf()); !unfit.empty()) {
          findings.push_back({Severity::error, what + ": " + unfit, "get a certificate with a key that fits, or choose another profile"});
        }
      }
      const bool has_staple = list[k].staple() != nullptr && !list[k].staple()->response()->empty();
      const auto& files = config.domains[i].get().staples;
      if (k < files.size() && !files[k].empty() && !has_staple) {
        findings.push_back({Severity::warning, what + ": its OCSP response " + config.resolve(files[k]) + " cannot be shown now",
                            "renew it; the certificate's file must have the issuer's certificate behind the server's own"});
      } else if (list[k].must_staple() && !has_staple) {
        findings.push_back({Severity::warning, what + " must be stapled (RFC 7633), and there is no OCSP response: clients may refuse it",
                            "start the server, which fetches one where the certificate names a responder ([tls] fetch_staples), or name a file in staples"});
      }
    }
  }
  return findings;
}

std::vector<Finding> check_ports(const Config& config) {
  const bool is_running = admin::is_served(config.admin_socket());
  std::vector<Finding> findings;
  for (std::size_t i = 0; i < config.listeners.size(); ++i) {
    const ListenerOptions& listener = config.listener(i);
    findings.push_back(check_port("listener", listener.address, listener.port, is_running));
  }
  const auto& metrics = config.section<MetricsOptions>("metrics");
  if (metrics.enabled) {
    findings.push_back(check_port("metrics", metrics.address, metrics.port, is_running));
  }
  return findings;
}

std::vector<Finding> check_store(const Config& config) {
  const std::string folder = config.data_dir();
  struct stat status {};
  if (::stat(folder.c_str(), &status) != 0) {
    return {{Severity::warning, "the data folder " + folder + ": " + std::strerror(errno), "\"aldis serve\" makes it at its first start"}};
  }
  if (status.st_uid != ::geteuid() && ::geteuid() != 0) {
    return {{Severity::error, "the data folder " + folder + " belongs to another user", "run this as that user"}};
  }
  if ((status.st_mode & 0077U) != 0) {
    return {{Severity::error, "the data folder " + folder + " can be reached by others", "chmod 700 " + folder}};
  }
  if (admin::is_served(config.admin_socket())) {
    return {{Severity::ok, "the store is open in the running server", ""}};
  }
  if (status.st_uid != ::geteuid()) {
    return {{Severity::ok, "the data folder " + folder + " is its owner's alone", ""}};   // root would leave files behind
  }
  if (!std::filesystem::exists(config.database_path())) {
    return {{Severity::warning, "there is no store in " + folder + " yet", "\"aldis serve\" makes it at its first start"}};
  }
  sql::DatabaseOptions options;
  options.sqlite.path = config.database_path();
  options.check_at_start = true;
  const auto opened = sql::SqlStores::open(std::move(options));
  if (!opened) {
    return {{Severity::error, "the store " + config.database_path() + ": " + opened.error().what,
             mend_store(opened.error(), config.database_path())}};
  }
  return {{Severity::ok, "the store " + config.database_path() + " opens and is sound", ""}};
}

std::vector<Finding> check_dns(const Config& config, const SrvLookup& lookup) {
  std::vector<Finding> findings;
  for (const DomainConfig& domain : config.domains) {
    const std::string& name = domain.get().name;
    if (is_local_name(name)) {
      findings.push_back({Severity::ok, "domain " + name + " needs no DNS records", ""});
      continue;
    }
    for (const auto& [prefix, tls] : {std::pair("_xmpp-client._tcp.", ListenerTls::starttls), std::pair("_xmpps-client._tcp.", ListenerTls::direct)}) {
      std::vector<std::uint16_t> ports;
      for (const OptionObject& listener : config.listeners) {
        const auto& options = listener.as<ListenerOptions>();
        if (options.serves == ListenerUse::clients && options.tls == tls && !is_loopback(options.address)) {
          ports.push_back(options.port);
        }
      }
      const std::string record = prefix + name;
      const auto targets = lookup(record);
      if (!targets) {
        findings.push_back({Severity::warning, "DNS: " + record + " could not be looked up: " + targets.error().what, "try again later"});
      } else if (targets->empty() && !ports.empty()) {
        findings.push_back({Severity::warning, "DNS: there is no SRV record " + record,
                            "add \"" + record + ". 3600 IN SRV 0 5 " + std::to_string(ports.front()) + " HOST.\" with this machine's name as HOST"});
      } else {
        for (const SrvTarget& target : *targets) {
          const bool is_ours = std::ranges::count(ports, target.port) != 0;
          findings.push_back({is_ours ? Severity::ok : Severity::warning,
                              "DNS: " + record + " points to " + target.host + " port " + std::to_string(target.port),
                              is_ours ? "" : "no listener of this configuration serves that port from outside; correct one or the other"});
        }
      }
    }
  }
  return findings;
}

}  // namespace aldis::app
