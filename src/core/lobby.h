// Lobby: where connections live until they have authenticated and bound a resource: a thread of its own with strict budgets,
// so that strangers, however many, never delay people at work. TLS handshakes and SASL happen here; at binding the
// connection moves to its account's home.
#pragma once
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "auth/authenticator.h"
#include "base/options.h"
#include "core/admission.h"
#include "core/certificate_watch.h"
#include "core/memory_watch.h"
#include "core/world.h"
#include "net/connection.h"
#include "net/listener.h"
#include "stream/stream_negotiation.h"

namespace aldis {

struct LobbyConfig {
  std::chrono::seconds handshake_timeout{10};
  std::chrono::seconds authentication_timeout{30};
  Bytes bytes_before_authentication{8 * 1024};
  std::uint32_t elements_before_authentication = 32;
  std::uint32_t strangers = 10'000;
  std::uint32_t strangers_per_source = 1000;
  std::uint32_t connections_per_second = 200;
  std::uint32_t connections_burst = 1000;
  Bytes memory_limit{0};
  std::chrono::seconds certificate_check{20};
};

inline constexpr auto lobby_options = std::tuple{
    Option{"handshake_timeout", &LobbyConfig::handshake_timeout, Range{std::chrono::seconds(1), std::chrono::seconds(300)},
           "Time for a TLS handshake, from its first byte due to its end; within authentication_timeout.", Reload::live},
    Option{"authentication_timeout", &LobbyConfig::authentication_timeout,
           Range{std::chrono::seconds(1), std::chrono::seconds(600)},
           "Time from the connection to the end of authentication, and again from there to a bound resource.", Reload::live},
    Option{"bytes_before_authentication", &LobbyConfig::bytes_before_authentication, Range{Bytes{4096}, Bytes{1024 * 1024}},
           "Bytes a stranger may send in all before it has authenticated.", Reload::live},
    Option{"elements_before_authentication", &LobbyConfig::elements_before_authentication, Range{8, 10'000},
           "Stream headers and elements a stranger may send in all before it has authenticated.", Reload::live},
    Option{"strangers", &LobbyConfig::strangers, Range{10, 1'000'000},
           "Connections that have not bound a resource, at a time; further ones are closed.", Reload::live},
    Option{"strangers_per_source", &LobbyConfig::strangers_per_source, Range{1, 1'000'000},
           "The same from one source: an IPv4 address or an IPv6 /64.", Reload::live},
    Option{"connections_per_second", &LobbyConfig::connections_per_second, Range{1, 1'000'000},
           "New connections a second from one source, for long.", Reload::live},
    Option{"connections_burst", &LobbyConfig::connections_burst, Range{1, 1'000'000},
           "New connections at once from one source before the rate holds it back.", Reload::live},
    Option{"memory_limit", &LobbyConfig::memory_limit, Range{Bytes{0}, 1024 * GiB},
           "Resident memory of the server above which new connections are refused and unused accounts leave memory; an eighth "
           "above it, floods are read more slowly. Sessions go on. 0: three quarters of what the machine or the control group has.",
           Reload::live},
    Option{"certificate_check", &LobbyConfig::certificate_check, Range{std::chrono::seconds(1), std::chrono::seconds(60)},
           "How often the certificates of sessions that were opened with one are judged again: expired, revoked, no longer the account's.",
           Reload::live},
};

// The TLS contexts of the moment; replaced as a whole when certificates are reloaded.
struct TlsContexts {
  std::shared_ptr<const tls::TlsContext> starttls;
  std::shared_ptr<const tls::TlsContext> direct;   // with ALPN (XEP-0368)
};

// What a listener lets in.
struct Entrance {
  stream::TlsMode tls = stream::TlsMode::starttls;
  bool allow_integrity_only = false;   // tls::TlsPolicy's
  // Of the domains that use certificates. off: none is asked for here; required: for them no other login than by one.
  CertificateUse certificates = CertificateUse::optional;
  std::optional<tls::TlsProfile> profile = std::nullopt;   // nothing: as [tls] says
};

// By what an entrance wants; where no listener wants it so, they may be null.
struct AllTlsContexts {
  TlsContexts usual{};
  TlsContexts integrity_only_too{};
  TlsContexts usual_with_certificates{};
  TlsContexts integrity_only_too_with_certificates{};

  std::map<tls::TlsProfile, std::shared_ptr<const AllTlsContexts>> of_profiles{};   // of entrances with a profile of their own

  [[nodiscard]] const TlsContexts& of(const Entrance& entrance) const;

 private:
  [[nodiscard]] const TlsContexts& of_kind(const Entrance& entrance) const;
};

class Lobby {
 public:
  // All that is passed outlives it. Everything below runs on the shard's thread.
  Lobby(World& world, Shard& shard, Authenticator& authenticator, std::string default_domain, LobbyConfig config);
  ~Lobby();
  Lobby(const Lobby&) = delete;
  Lobby& operator=(const Lobby&) = delete;

  void configure(LobbyConfig config) {
    config_ = config;
    admission_.configure(admission_limits(config));
    memory_.set_limit(config_.memory_limit);
    certificate_watch_.set_interval(config_.certificate_check);
  }
  [[nodiscard]] MemoryWatch& memory() { return memory_; }
  void set_connection_limits(net::ConnectionLimits limits) { connection_limits_ = limits; }
  void set_tls(AllTlsContexts contexts) { tls_ = std::move(contexts); }
  void open(std::unique_ptr<net::Listener> listener, Entrance entrance);
  // Whether the budgets let in one more connection from this peer; it counts against its source's rate.
  [[nodiscard]] bool admit(const net::PeerAddress& peer);
  // A connection that was just accepted and admitted.
  void receive(std::unique_ptr<net::Transport> transport, Entrance entrance);
  // No new connections, and the strangers are told (system-shutdown).
  void close();

  [[nodiscard]] std::size_t size() const { return strangers_.size(); }

 private:
  class Stranger;
  friend class Stranger;
  using Id = std::uint64_t;
  [[nodiscard]] Stranger* find(Id id) const;
  void forget(Id id);
  [[nodiscard]] static AdmissionLimits admission_limits(const LobbyConfig& config) {
    return {config.strangers, config.strangers_per_source, config.connections_per_second, config.connections_burst};
  }

  World& world_;
  Shard& shard_;
  Authenticator& authenticator_;
  std::string default_domain_;
  LobbyConfig config_;
  Admission admission_;
  MemoryWatch memory_;
  CertificateWatch certificate_watch_;
  net::ConnectionLimits connection_limits_;
  AllTlsContexts tls_;
  std::vector<std::unique_ptr<net::Listener>> listeners_;
  std::unordered_map<Id, std::unique_ptr<Stranger>> strangers_;
  Id next_id_ = 0;
  bool is_closed_ = false;
};

}  // namespace aldis
