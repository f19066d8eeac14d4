// Federation: the part of the program that speaks with other servers and with components: a shard and thread of its own, the
// resolver, listeners, and the PeerTable and ComponentTable on it. Built by app/ beside the Server, before that starts; the
// ComponentTable, with the PeerTable behind it, is the World's Abroad.
#pragma once
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "federation/component_table.h"
#include "core/listener_tls.h"
#include "core/pooled_revocation.h"
#include "federation/peer_table.h"
#include "net/resolver.h"
#include "tls/certificate.h"

namespace aldis::federation {

struct FederationListener {
  net::PeerAddress address;
  bool is_direct_tls = false;   // XEP-0368
  bool is_for_components = false;
  tls::OwnProfile profile = tls::OwnProfile::server;
};

// What of TLS a reload may change.
struct FederationTls {
  DomainCertificates domains;
  tls::TlsChoice choice;
  std::set<tls::TlsProfile> peer_profiles{};   // that rules name
};
// The contexts of listeners and of calls. Errors: a certificate does not fit a profile that is used; not_found: no domain has one, and
// there is a listener.
[[nodiscard]] Result<PeerTlsContexts> make_peer_contexts(const std::vector<FederationListener>& listeners, const FederationTls& tls);

struct FederationConfig {
  std::vector<FederationListener> listeners;
  FederationTls tls;              // of components too, where they have any: these speak with other servers
  std::string anchors;             // the PEM file believed where a peer's rule names none
  std::string folder;              // where relative names of files begin
  net::ResolverOptions resolver;
  net::LookupOptions lookup;
  SecretBytes dialback_secret;
  std::shared_ptr<tls::RevocationCache> revocation;   // what is known of revoked certificates, kept current; null: nothing is fetched
  std::chrono::seconds revocation_refresh{600};
  PeerTableOptions table;
  Components components;
  ComponentTableOptions component_table;
};

class Federation {
 public:
  // Both outlive it.
  Federation(World& world, FederationConfig config, const Clock& clock);
  ~Federation();
  Federation(const Federation&) = delete;
  Federation& operator=(const Federation&) = delete;

  // Starts the thread and opens the listeners, which accept nobody yet; sets World::abroad. Before the Server starts.
  [[nodiscard]] Result<void> start();
  // Takes connections, and sends what the store has from before. After the Server has started.
  void begin();
  [[nodiscard]] const std::vector<net::PeerAddress>& addresses() const { return addresses_; }

  // ---- from any thread
  [[nodiscard]] Result<void> apply_certificates(const FederationTls& tls);
  void apply(PeerTableOptions options, std::chrono::seconds revocation_refresh);
  void apply(Components components, ComponentTableOptions options);
  [[nodiscard]] PeerTable& table() { return *table_; }
  [[nodiscard]] ComponentTable& components() { return *components_; }

  // What is in memory goes to the store, streams are closed. False: not in time. Then stop().
  [[nodiscard]] bool close(Monotonic until);
  void stop();

 private:
  template <class F>
  auto on_shard(F work);

  World& world_;
  FederationConfig config_;
  std::unique_ptr<Shard> shard_;
  std::thread thread_;
  std::unique_ptr<net::Resolver> resolver_;
  std::unique_ptr<WorkerPool> revocation_workers_;     // null: nothing is fetched
  std::unique_ptr<PooledRevocation> revocation_;
  std::unique_ptr<PeerTable> table_;
  std::unique_ptr<ComponentTable> components_;
  std::vector<std::unique_ptr<net::Listener>> listeners_;
  std::vector<net::PeerAddress> addresses_;
};

}  // namespace aldis::federation
