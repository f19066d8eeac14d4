// Federation: the part of the program that speaks with other servers and with components: a shard and thread of its own, the
// resolver, listeners, and the PeerTable and ComponentTable on it. Built by app/ beside the Server, before that starts; the
// ComponentTable, with the PeerTable behind it, is the World's Abroad.
#pragma once
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "federation/component_table.h"
#include "federation/peer_table.h"
#include "net/resolver.h"
#include "tls/certificate.h"

namespace aldis::federation {

struct FederationListener {
  net::PeerAddress address;
  bool is_direct_tls = false;   // XEP-0368
  bool is_for_components = false;
};
using DomainCertificates = std::vector<std::pair<std::string, std::vector<tls::Certificate>>>;

struct FederationConfig {
  std::vector<FederationListener> listeners;
  DomainCertificates domains;      // of components too, where they have any: these speak with other servers
  std::string anchors;             // the PEM file believed where a peer's rule names none
  std::string folder;              // where relative names of files begin
  net::ResolverOptions resolver;
  net::LookupOptions lookup;
  SecretBytes dialback_secret;
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
  [[nodiscard]] Result<void> apply_certificates(const DomainCertificates& domains);
  void apply(PeerTableOptions options);
  void apply(Components components, ComponentTableOptions options);
  [[nodiscard]] PeerTable& table() { return *table_; }
  [[nodiscard]] ComponentTable& components() { return *components_; }

  // What is in memory goes to the store, streams are closed. False: not in time. Then stop().
  [[nodiscard]] bool close(Monotonic until);
  void stop();

 private:
  [[nodiscard]] Result<PeerTlsContexts> make_contexts(const DomainCertificates& domains) const;
  template <class F>
  auto on_shard(F work);

  World& world_;
  FederationConfig config_;
  std::unique_ptr<Shard> shard_;
  std::thread thread_;
  std::unique_ptr<net::Resolver> resolver_;
  std::unique_ptr<PeerTable> table_;
  std::unique_ptr<ComponentTable> components_;
  std::vector<std::unique_ptr<net::Listener>> listeners_;
  std::vector<net::PeerAddress> addresses_;
};

}  // namespace aldis::federation
