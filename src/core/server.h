// Server: the running whole: shards and their threads, the lobby, listeners, the domains with their extensions. Built by
// app/ from the configuration, started once, stopped once. Stores, clock and randomness are given and outlive it.
#pragma once
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "auth/auth_config.h"
#include "auth/authenticator.h"
#include "auth/key_derivation.h"
#include "core/administration.h"
#include "core/core_config.h"
#include "core/directory_accounts.h"
#include "core/directory_certificates.h"
#include "core/directory_watch.h"
#include "core/extension.h"
#include "core/group_watch.h"
#include "core/home.h"
#include "core/listener_tls.h"
#include "core/lobby.h"
#include "core/pooled_revocation.h"
#include "core/world.h"
#include "runtime/worker_pool.h"
#include "tls/certificate.h"

namespace aldis {

struct ListenerConfig {
  net::PeerAddress address;
  Entrance entrance{};
};

struct InstalledExtension {
  const ExtensionEntry* entry = nullptr;
  OptionObject config{};
};

struct ServedDomain {
  BareJid name;
  std::vector<tls::Certificate> certificates;   // of each key kind one at most; may be empty when no listener has TLS
  std::vector<InstalledExtension> extensions;   // in the order of app/extensions.cpp
  std::vector<BareJid> administrators;          // until a reload gives others
  std::vector<GroupName> administrator_groups;  // the same
  std::string see_other_host;
};

// What a reload may change.
struct LiveConfig {
  CoreConfig core;
  LobbyConfig lobby;
  AuthConfig auth;
  std::map<std::string, std::vector<BareJid>, std::less<>> administrators{};   // of each domain; one not named keeps its own
  std::map<std::string, std::vector<GroupName>, std::less<>> administrator_groups{};   // the same
  policy::PositionRulesPtr positions{};                                        // null: everybody sees all of them
  policy::PeerRulesPtr peers{};                                                // null: there are no other servers
  CertificatePolicies certificates{};           // of people, by domain
  TicketAcceptors tickets{};                    // the same of Kerberos
};

struct ServerConfig {
  std::size_t shards = 0;                       // 0: one for each processor
  std::vector<ListenerConfig> listeners;
  std::vector<ServedDomain> domains;            // at least one; the first serves clients that name none
  SecretBytes token_key;                        // of clients' tokens (auth/client_tokens.h); empty: none are given
  tls::TlsChoice tls{};                         // of listeners that have no profile of their own
  Directories directories{};                    // who owns the people of a domain that are not this server's own
  std::shared_ptr<tls::RevocationCache> revocation;   // where people's certificates are looked up, and kept current; null: nothing is fetched
  LiveConfig live;
};

class Server {
 public:
  Server(ServerConfig config, Stores stores, const Clock& clock, Random& random);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Opens the listeners, reads what authentication needs from the store, starts the threads. An error says which address
  // or which step; nothing runs then.
  [[nodiscard]] Result<void> start();
  // Where the listeners are, in the order of the configuration (a port 0 has become a real one).
  [[nodiscard]] const std::vector<net::PeerAddress>& addresses() const { return addresses_; }

  // ---- from any thread
  // Applies what can change while serving.
  void apply(LiveConfig live);
  // New handshakes use these certificates; the old ones stay when this fails. Clients are asked for one of `client_authorities`
  // (PEM), for none when it is empty.
  [[nodiscard]] Result<void> apply_certificates(const DomainCertificates& domains, const std::string& client_authorities,
                                                const tls::TlsChoice& choice);
  [[nodiscard]] Administration& administration() { return *administration_; }
  // An executor for operators' work, off the shards that serve people.
  [[nodiscard]] Shard& operator_executor() { return *lobby_shard_; }
  [[nodiscard]] World& world() { return world_; }

  // Called while stopping, when sessions have ended or wait: what is under way to other servers is put in safety.
  void before_saving(std::function<void(Monotonic until)> work) { before_saving_ = std::move(work); }
  // Tells everybody (system-shutdown), finishes what is under way, writes down sessions that can be resumed, ends the threads. False: not everything had ended when
  // the deadline passed. Called once, by the thread that started it.
  [[nodiscard]] bool stop(std::chrono::milliseconds deadline);

 private:
  [[nodiscard]] Result<AllTlsContexts> make_contexts(const DomainCertificates& domains, const std::string& client_authorities,
                                                     const tls::TlsChoice& choice) const;
  [[nodiscard]] bool needs_tls() const;
  [[nodiscard]] AuthConfig auth_config() const { return *std::atomic_load(&auth_config_); }
  // The pool for them; null where there are none.
  [[nodiscard]] WorkerPool* workers_for(const TicketAcceptors& tickets);
  template <class F>
  void wait_on(Shard& shard, F work);
  [[nodiscard]] Task<void> restore_sessions();
  [[nodiscard]] Task<void> revive_rooms();
  [[nodiscard]] Task<void> learn_groups();
  // Whether all homes (and the lobby) were, before the time.
  [[nodiscard]] bool wait_until_quiet(Monotonic until, bool (Home::*is_quiet)() const);
  // Runs a step on all homes at once; false when not all were done in time.
  [[nodiscard]] bool on_every_home(Monotonic until, Task<void> (Home::*step)());

  ServerConfig config_;
  World world_;
  std::shared_ptr<const AuthConfig> auth_config_;
  WorkerPool workers_;
  std::unique_ptr<KeyDerivation> derivation_;
  std::vector<std::unique_ptr<Shard>> shards_;
  std::unique_ptr<Shard> lobby_shard_;
  std::unique_ptr<CredentialSource> own_credentials_;
  std::unique_ptr<DirectoryAccounts> credentials_;
  std::vector<std::unique_ptr<DirectoryWatch>> directory_watches_;
  std::vector<std::unique_ptr<GroupWatch>> group_watches_;
  std::unique_ptr<LoginFailureCounters> failures_;
  std::unique_ptr<ClientTokens> tokens_;
  std::unique_ptr<Authenticator> authenticator_;
  StoreDirectory own_certificates_;
  DirectoryCertificates certificate_directory_;
  CertificateJudge certificate_judge_;
  WorkerPool revocation_workers_;
  PooledRevocation revocation_;
  std::unique_ptr<WorkerPool> ticket_workers_;   // null: there has never been a domain that takes tickets
  std::unique_ptr<Administration> administration_;
  std::unique_ptr<Lobby> lobby_;
  std::vector<net::PeerAddress> addresses_;
  std::vector<std::thread> threads_;
  std::function<void(Monotonic until)> before_saving_;
  bool is_running_ = false;
};

}  // namespace aldis
