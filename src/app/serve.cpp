// Wiring, start, signals, reload and end of the running server.
#include "app/serve.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <mutex>

#include "admin/control_server.h"
#include "admin/metrics_server.h"
#include "app/authorities.h"
#include "app/check.h"
#include "app/cli.h"
#include "app/client_certificates.h"
#include "app/components.h"
#include "app/config_watch.h"
#include "app/directories.h"
#include "app/extensions.h"
#include "app/log_sink.h"
#include "app/notify.h"
#include "app/password_policy.h"
#include "app/reload.h"
#include "app/server_tls.h"
#include "app/staples.h"
#include "app/tickets.h"
#include "app/token_key.h"
#include "operators/server_target.h"
#include "base/log.h"
#include "base/memory_available.h"
#include "base/metrics.h"
#include "base/random.h"
#include "core/server.h"
#include "extensions/muc/administration.h"
#include "federation/federation.h"
#include "storage/sql/sql_stores.h"
#include "tls/expiry.h"

namespace aldis::app {
namespace {

// Days left of each certificate, as gauges; and a warning in the log at 30, 14, 7 and 1 of them.
class CertificateGauges {
 public:
  void watch(const DomainCertificates& certificates, const DomainCertificates& of_components, const Clock& clock) {
    gauges_.clear();
    for (const DomainCertificates* all : {&certificates, &of_components}) {
      for (const auto& [domain, list] : *all) {
        for (const tls::Certificate& certificate : list) {
          auto gauge = std::make_unique<metrics::Gauge>("aldis_certificate_days_left", "Whole days until a certificate ends.",
                                                        metrics::Labels{{"domain", domain}, {"key", certificate.key_type()}});
          gauges_.push_back({domain, certificate, std::move(gauge), {}});
        }
      }
    }
    update(clock);
  }
  void update(const Clock& clock) {
    for (Watched& each : gauges_) {
      const std::int64_t days = each.certificate.days_left(clock);
      each.gauge->set(days);
      if (each.warning.due(days)) {
        log::warning(days < 0 ? "certificate-ended" : "certificate-ends-soon",
                     {{"domain", each.domain}, {"key", each.certificate.key_type()}, {"days-left", days}});
      }
    }
  }

 private:
  struct Watched {
    std::string domain;
    tls::Certificate certificate;
    std::unique_ptr<metrics::Gauge> gauge;
    tls::ExpiryWarning warning;
  };
  std::vector<Watched> gauges_;
};

std::vector<BareJid> administrators_of(const DomainConfig& domain) {
  std::vector<BareJid> all;
  for (const std::string& administrator : domain.get().administrators) {
    all.push_back(BareJid::parse(administrator).value());
  }
  return all;
}

std::vector<GroupName> administrator_groups_of(const DomainConfig& domain) {
  std::vector<GroupName> all;
  for (const std::string& group : domain.get().administrator_groups) {
    all.push_back(parse_group_name(group).value());
  }
  return all;
}

LiveConfig live_config(const Config& config, const CertificatePolicies& policies, const AuthConfig& auth) {
  LiveConfig live{config.section<CoreConfig>("limits"), config.section<LobbyConfig>("lobby"), auth};
  if (live.lobby.memory_limit.count == 0) {
    live.lobby.memory_limit = Bytes{memory_available() / 4 * 3};
  }
  for (const DomainConfig& domain : config.domains) {
    live.administrators.emplace(BareJid::parse(domain.get().name).value().str(), administrators_of(domain));
    live.administrator_groups.emplace(BareJid::parse(domain.get().name).value().str(), administrator_groups_of(domain));
  }
  live.peers = config.peer_rules;
  live.positions = config.position_rules;
  live.certificates = policies;
  return live;
}

ServerConfig server_config(const Config& config, const DomainCertificates& certificates, const CertificatePolicies& policies, const AuthConfig& auth) {
  ServerConfig out;
  out.shards = config.section<ServerOptions>("server").shards;
  for (std::size_t i = 0; i < config.listeners.size(); ++i) {
    const ListenerOptions& listener = config.listener(i);
    if (listener.serves != ListenerUse::clients) {
      continue;
    }
    out.listeners.push_back({net::PeerAddress::parse(listener.address, listener.port).value(), entrance_of(listener)});
  }
  for (std::size_t i = 0; i < config.domains.size(); ++i) {
    const DomainConfig& domain = config.domains[i];
    ServedDomain served{BareJid::parse(domain.get().name).value(), certificates[i].second, {}, {}, {}, {}};
    for (const ExtensionEntry& entry : extensions()) {
      if (const auto enabled = domain.extensions.find(entry.name); enabled != domain.extensions.end()) {
        served.extensions.push_back({&entry, enabled->second});
      }
    }
    served.see_other_host = domain.get().see_other_host;
    served.administrators = administrators_of(domain);
    served.administrator_groups = administrator_groups_of(domain);
    out.domains.push_back(std::move(served));
  }
  out.tls = config.section<TlsOptions>("tls").choice();
  out.live = live_config(config, policies, auth);
  return out;
}

federation::PeerTableOptions peer_table_options(const Config& config) {
  const auto& federation = config.section<policy::FederationOptions>("federation");
  const auto& lobby = config.section<LobbyConfig>("lobby");
  federation::PeerTableOptions out;
  out.queue = {.max_stanzas = federation.queue_stanzas, .max_bytes = federation.queue_bytes.count};
  out.queue_time = federation.queue_time;
  out.revocation = to_mode(federation.revocation);
  out.certificate_check = federation.certificate_check;
  out.idle_time = federation.idle_time;
  out.inbound_idle_time = federation.inbound_idle_time;
  out.negotiation_time = federation.negotiation_timeout;
  out.admission = {lobby.strangers, lobby.strangers_per_source, lobby.connections_per_second, lobby.connections_burst};
  return out;
}

federation::ComponentTableOptions component_table_options(const Config& config) {
  const federation::PeerTableOptions peers = peer_table_options(config);
  return {.negotiation_time = peers.negotiation_time, .write_queue = peers.write_queue, .admission = peers.admission};
}

federation::FederationConfig federation_config(const Config& config, const DomainCertificates& certificates, const LoadedComponents& components,
                                               const SecretBytes& key, std::shared_ptr<tls::RevocationCache> known) {
  const auto& options = config.section<policy::FederationOptions>("federation");
  federation::FederationConfig out;
  out.listeners = federation_listeners(config);
  out.tls = federation_tls(config, certificates, components.certificates);
  out.components = components.settings;
  out.component_table = component_table_options(config);
  out.anchors = options.anchors;
  out.folder = config.folder;
  out.resolver.forwarder = options.dns_server;
  out.resolver.trust_anchor = options.dns_trust_anchor.empty() ? std::string() : config.resolve(options.dns_trust_anchor);
  out.lookup.filter = {options.allow_private_addresses, options.allow_private_addresses, options.allow_private_addresses};
  out.dialback_secret = SecretBytes("dialback " + std::string(key.view()));   // a key of its own: DialbackKey hashes it
  out.revocation = std::move(known);
  out.revocation_refresh = options.revocation_refresh;
  out.table = peer_table_options(config);
  return out;
}

// Null: the file says everything.
Result<std::unique_ptr<ConfigWatch>> watch_configuration(LoadedConfig loaded, const ConfigSchema& schema, const Clock& clock, std::function<void()> ask_reload) {
  if (!loaded.copy) {
    return std::unique_ptr<ConfigWatch>();
  }
  auto directory = make_config_directory(loaded.config, clock);
  if (!directory) {
    return fail(directory.error());
  }
  return std::make_unique<ConfigWatch>(std::move(*directory), std::move(loaded), schema, clock, std::move(ask_reload));
}

// A server holds a descriptor for each connection.
void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
  }
}

void greet(const Config& config, const DomainCertificates& certificates) {
  const auto accounts = std::ranges::find_if(config.domains, [](const DomainConfig& each) { return each.get().serves == DomainUse::accounts; });
  const std::string& domain = (accounts != config.domains.end() ? *accounts : config.domains.front()).get().name;
  std::printf("Aldis %s serves", ALDIS_VERSION);
  for (const DomainConfig& each : config.domains) {
    std::printf(" %s", each.get().name.c_str());
  }
  std::printf(". Log in with any XMPP client:\n  address   NAME@%s, with its password\n", domain.c_str());
  bool is_first = true;
  for (std::size_t i = 0; i < config.listeners.size(); ++i) {
    const ListenerOptions& listener = config.listener(i);
    if (listener.serves != ListenerUse::clients) {
      continue;
    }
    const char* how = listener.tls == ListenerTls::starttls ? "STARTTLS" : listener.tls == ListenerTls::direct ? "direct TLS" : "no TLS";
    std::printf("  %s %s, port %u (%s%s)\n", std::exchange(is_first, false) ? "server   " : "or       ", listener.address.c_str(), static_cast<unsigned>(listener.port),
                how, listener.allow_integrity_only ? ", not always encrypted" : "");
  }
  if (!certificates.front().second.empty()) {
    std::printf("  if the client asks about the certificate, its SHA-256 fingerprint is\n            %s\n",
                certificates.front().second.front().fingerprint_sha256().c_str());
  }
  std::printf("Accounts: aldis user add NAME@%s. End: Ctrl-C.\n", domain.c_str());
  std::fflush(stdout);
}

int start_failed(const std::string& why) {
  std::fprintf(stderr, "aldis: %s\n", why.c_str());
  return exit_failed;
}

sigset_t held_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) {
    sigaddset(&set, number);
  }
  return set;
}

// Until SIGTERM or SIGINT: reloads on SIGHUP, and tends what only needs a look now and then.
void tend(ConfigReloader& reloader, admin::ServerTarget& target, CertificateGauges& gauges, CrlFiles& lists, const Clock& clock) {
  const sigset_t set = held_signals();
  while (true) {
    const timespec patience{60, 0};
    const int number = ::sigtimedwait(&set, nullptr, &patience);
    if (number == SIGTERM || number == SIGINT) {
      log::info("audit-server-stopping", {{"signal", number == SIGTERM ? "SIGTERM" : "SIGINT"}});
      return;
    }
    if (number == SIGHUP) {
      notify_reloading();
      target.answer_reloads(reloader.reload());
      notify_supervisor("READY=1");
    }
    gauges.update(clock);
    lists.look_again();
  }
}

}  // namespace

void hold_signals() {
  const sigset_t set = held_signals();
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  struct sigaction ignore {};
  ignore.sa_handler = SIG_IGN;
  ::sigaction(SIGPIPE, &ignore, nullptr);
}

int serve(LoadedConfig loaded, const ConfigSchema& schema) {
  static const SystemClock clock;
  static SystemRandom random;
  raise_descriptor_limit();
  ConfigReloader reloader(loaded.config, schema);
  const Config& config = reloader.config();

  const auto& log_options = config.section<LogOptions>("log");
  auto log_opened = LogSink::open(log_options.file.empty() ? std::string() : config.resolve(log_options.file), clock);
  if (!log_opened) {
    return start_failed(log_opened.error().what);
  }
  // Threads may log to the very end of the process.
  LogSink& log = *log_opened->release();
  const auto configure_log = [&log](const LogOptions& options) {
    log.configure(options.format, options.rate);
    log::set_level(to_log_level(options.level));
  };
  configure_log(log_options);
  log::set_sink(&log);

  auto certificates = load_certificates(config, clock);
  if (!certificates) {
    return start_failed(certificates.error().what);
  }
  auto components = load_components(config, *certificates, clock);
  if (!components) {
    return start_failed(components.error().what);
  }
  StapleKeeper staples(staple_folder(config), clock);
  CertificateGauges gauges;
  gauges.watch(*certificates, components->own_certificates, clock);

  if (admin::is_served(config.admin_socket())) {
    return start_failed("a server is running already (it listens on " + config.admin_socket() + ")");
  }
  sql::DatabaseOptions database;
  database.sqlite.path = config.database_path();
  auto stores = sql::SqlStores::open(std::move(database));
  if (!stores) {
    return start_failed("the store " + config.database_path() + ": " + stores.error().what);
  }
  auto known = open_revocation_cache(config);
  if (!known) {
    return start_failed(known.error().what);
  }
  if (auto anchors = require_peer_anchors(config); !anchors) {
    return start_failed(anchors.error().what);
  }
  CrlFiles lists(**known);
  if (auto read = lists.read(config); !read) {
    return start_failed(read.error().what);
  }
  staples.watch(config, *certificates);
  auto policies = load_certificate_policies(config, *known);
  if (!policies) {
    return start_failed(policies.error().what);
  }
  auto auth = load_auth_config(config);
  if (!auth) {
    return start_failed(auth.error().what);
  }
  ServerConfig serving = server_config(config, *certificates, *policies, *auth);
  auto token_key = load_token_key(config.token_key_path(), random);
  if (!token_key) {
    return start_failed(token_key.error().what);
  }
  serving.token_key = std::move(*token_key);
  auto tickets = load_tickets(config);
  if (!tickets) {
    return start_failed(tickets.error().what);
  }
  serving.live.tickets = std::move(*tickets);
  auto directories = load_directories(config, clock, random);
  if (!directories) {
    return start_failed(directories.error().what);
  }
  serving.directories = std::move(*directories);
  federation::FederationConfig speaking = federation_config(config, *certificates, *components, serving.token_key, *known);
  serving.revocation = *known;
  auto server = std::make_unique<Server>(std::move(serving), (*stores)->stores(), clock, random);
  muc::configure_rooms(server->world(), config.rooms);
  federation::Federation federation(server->world(), std::move(speaking), clock);

  std::atomic<bool> is_ready = false;
  std::unique_ptr<admin::MetricsServer> metrics_server;
  if (const auto& options = config.section<MetricsOptions>("metrics"); options.enabled) {
    auto started = admin::MetricsServer::start({.address = options.address, .port = options.port}, [&is_ready] { return is_ready.load(); });
    if (!started) {
      return start_failed(started.error().what);
    }
    metrics_server = std::move(*started);
  }
  if (auto started = federation.start(); !started) {
    return start_failed(started.error().what);
  }
  server->before_saving([&federation](Monotonic until) { static_cast<void>(federation.close(until)); });
  if (auto started = server->start(); !started) {
    return start_failed(started.error().what);
  }
  federation.begin();
  std::vector<std::string> domains;
  for (const DomainConfig& domain : config.domains) {
    domains.push_back(domain.get().name);
  }
  const auto ask_reload = [] { ::kill(::getpid(), SIGHUP); };
  auto watch = watch_configuration(std::move(loaded), schema, clock, ask_reload);
  if (!watch) {
    static_cast<void>(server->stop(std::chrono::seconds(1)));
    return start_failed(watch.error().what);
  }
  admin::ServerTarget target(server->administration(), (*stores)->stores(), &federation.table(), &federation.components(), domains, clock, ask_reload);
  if (*watch != nullptr) {
    target.describe_configuration([&watch] { return (*watch)->description(); });
    reloader.load_by([&watch] { return (*watch)->load(); });
  }
  WorkerPool import_workers({.threads = 1, .queue = 16, .name = "import"});
  AuthorityFiles authorities;
  authorities.follow(config);
  target.set_revocation(**known, import_workers, [&authorities] { return authorities.read(); });
  auto control = admin::ControlServer::start({.path = config.admin_socket()}, target, server->operator_executor());
  if (!control) {
    static_cast<void>(server->stop(std::chrono::seconds(1)));
    return start_failed(control.error().what);
  }

  reloader.on_reload([&](const Config&, const Config& after) -> Result<ConfigReloader::Prepared> {
    auto fresh = load_certificates(after, clock);
    if (!fresh) {
      return fail(fresh.error());
    }
    auto fresh_components = load_components(after, *fresh, clock);
    if (!fresh_components) {
      return fail(fresh_components.error());
    }
    if (auto anchors = require_peer_anchors(after); !anchors) {
      return fail(anchors.error());
    }
    if (auto read = lists.read(after); !read) {
      return fail(read.error());
    }
    auto fresh_policies = load_certificate_policies(after, *known);
    if (!fresh_policies) {
      return fail(fresh_policies.error());
    }
    auto fresh_auth = load_auth_config(after);
    if (!fresh_auth) {
      return fail(fresh_auth.error());
    }
    auto fresh_tickets = load_tickets(after);
    if (!fresh_tickets) {
      return fail(fresh_tickets.error());
    }
    staples.watch(after, *fresh);
    // The last step that can fail; what follows cannot.
    if (auto applied = federation.apply_certificates(federation_tls(after, *fresh, fresh_components->certificates)); !applied) {
      return fail(applied.error());
    }
    if (auto applied = server->apply_certificates(*fresh, client_authorities(*fresh_policies), after.section<TlsOptions>("tls").choice()); !applied) {
      return fail(applied.error());
    }
    ConfigReloader::Prepared prepared;
    prepared.applied.push_back("certificates read again");
    LiveConfig fresh_live = live_config(after, *fresh_policies, *fresh_auth);
    fresh_live.tickets = std::move(*fresh_tickets);
    prepared.apply = [&, options = after.section<LogOptions>("log"), live = std::move(fresh_live), peers = peer_table_options(after),
                      refresh = after.section<policy::FederationOptions>("federation").revocation_refresh, fresh = std::move(*fresh),
                      other_components = std::move(*fresh_components), component_table = component_table_options(after), rooms = after.rooms] {
      configure_log(options);
      federation.apply(peers, refresh);
      server->apply(live);
      muc::configure_rooms(server->world(), rooms);
      federation.apply(other_components.settings, component_table);
      authorities.follow(after);
      gauges.watch(fresh, other_components.own_certificates, clock);
    };
    return prepared;
  });
  if (*watch != nullptr) {
    reloader.on_reload([&watch](const Config&, const Config&) -> Result<ConfigReloader::Prepared> {
      return ConfigReloader::Prepared{[&watch] { (*watch)->taken(); }, {}};
    });
    (*watch)->start();
  }

  staples.start();
  is_ready = true;
  log::info("audit-server-started", {{"version", ALDIS_VERSION}, {"domains", domains.size()}});
  greet(config, *certificates);
  notify_supervisor("READY=1");
  tend(reloader, target, gauges, lists, clock);

  is_ready = false;
  notify_supervisor("STOPPING=1");
  control->reset();
  const auto patience = config.section<ServerOptions>("server").shutdown_timeout;
  const bool is_quiet = server->stop(patience);
  federation.stop();
  watch->reset();
  // Writes that were accepted are finished before the process ends, also when something else was not.
  stores->reset();
  log::info("audit-server-stopped", {{"complete", is_quiet}});
  if (!is_quiet) {
    std::_Exit(exit_ok);
  }
  metrics_server.reset();
  server.reset();
  return exit_ok;
}

}  // namespace aldis::app
