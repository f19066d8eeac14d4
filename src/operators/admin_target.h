// AdminTarget: what operators' commands act on: the running server (ServerTarget), the store of a stopped one (StoreTarget),
// or one domain of either (DomainTarget). Every call runs and resumes on one executor. Errors: not_found, already_exists,
// invalid as the text says; denied: not this operator's; unavailable when a thing could not be done or learnt now.
#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "auth/certificate/certificate_judge.h"
#include "auth/people_directory.h"
#include "base/clock.h"
#include "base/result.h"
#include "base/secret_bytes.h"
#include "core/ids.h"
#include "operators/archive_info.h"
#include "operators/room_target.h"
#include "runtime/task.h"
#include "storage/stores.h"
#include "tls/revocation_cache.h"
#include "xmpp/jid.h"

namespace aldis::admin {

struct AccountInfo {
  BareJid jid;
  bool is_enabled = true;
  WallTime created{};
  WallTime credentials_changed{};
  // Why logins are refused now whatever their proof; empty: they are not. "everywhere", or the sources it is true for.
  std::string locked_out{};
  bool must_change = false;   // the password, at the next login
};

struct SessionInfo {
  std::string jid;                        // full
  std::string source;                     // the client's address
  std::string mechanism;                  // it logged in with
  std::optional<std::int32_t> priority;   // nothing: not available
  std::string tls_version{};              // "TLSv1.3"; empty: no TLS
  std::string cipher{};                   // of it, by OpenSSL's name
  std::string channel_binding{};          // the type the login was bound to the channel by; empty: it was not
  bool is_confidential = false;           // false: no TLS, or a suite that only protects integrity (RFC 9150)
};

// A token that a client logs in with in place of a password (XEP-0484).
struct TokenInfo {
  std::string client;                     // its user-agent id
  std::string software;                   // as it describes itself
  std::string device;
  std::string mechanism;
  WallTime issued{};
  WallTime used{};                        // never: WallTime{}
  WallTime expires{};
};

struct ForgottenClients {
  std::uint64_t clients = 0;
  std::uint64_t sessions = 0;             // that ended with it
};

// What is known of one domain here and one elsewhere.
struct PeerInfo {
  std::string host;
  std::string peer;
  std::string direction;                  // "out", "in", "both"
  std::string state;
  std::string address;                    // of the other server
  std::string tls;
  std::string proof;                      // "EXTERNAL", "dialback"; empty: none yet
  std::uint64_t stanzas = 0;              // that have passed this way
  std::uint64_t waiting = 0;
  std::string last_failure;
};

// A component of this server (XEP-0114).
struct ComponentInfo {
  std::string domain;
  bool is_connected = false;
  std::string address;                    // of its connection
  std::string tls;                        // empty: none
  WallTime since{};                       // connected
  std::uint64_t received = 0;             // stanzas of this connection, from it
  std::uint64_t sent = 0;                 // to it
  std::uint64_t waiting = 0;              // of these not yet taken
};

// Step by step what came of an attempt to reach a server, and what holds for its own.
struct PeerExplanation {
  struct Line {
    std::string topic;
    std::string text;
    bool is_good = true;
    bool is_inbound = false;              // of the streams that the other server opens
  };
  std::vector<Line> lines;
  bool is_reachable = false;
};

struct ReloadReport {
  std::vector<std::string> applied;         // changed keys that are in force now, "[log] level"
  std::vector<std::string> need_restart;    // changed keys that will be in force after a restart
  std::vector<std::string> notes{};         // what else whoever asked must know
};

struct ServerStatus {
  std::string version;
  bool is_running = false;
  std::chrono::seconds uptime{0};
  std::vector<std::string> domains;
  std::uint64_t sessions = 0;
  std::string configuration{};              // which of the directory's; empty: its own file says everything
};

// The certificates of authorities that the configuration names, now. Any thread.
using Authorities = std::function<std::vector<std::shared_ptr<X509>>()>;

class AdminTarget : public RoomTarget {
 public:
  virtual Task<Result<void>> create_account(BareJid jid, SecretBytes password) = 0;
  // Ends the account's sessions but `keep`.
  virtual Task<Result<void>> set_password(BareJid jid, SecretBytes password, SessionId keep) = 0;
  // It must be changed at the next login.
  virtual Task<Result<void>> expire_password(BareJid jid) = 0;
  // Disabling ends the account's sessions.
  virtual Task<Result<void>> set_enabled(BareJid jid, bool is_enabled) = 0;
  // With everything the account owned; ends its sessions.
  virtual Task<Result<void>> delete_account(BareJid jid) = 0;
  // Forgets failed logins, so that a locked account can be logged in to again.
  virtual Task<Result<void>> unlock(BareJid jid) = 0;
  virtual Task<Result<AccountInfo>> find_account(BareJid jid) = 0;
  // In the order of their addresses, after `after` (exclusive), at most `limit`.
  virtual Task<Result<std::vector<AccountInfo>>> list_accounts(std::string domain, std::string after, std::size_t limit) = 0;

  // Of one account, of a domain (an address without localpart), or of all; at most `limit`.
  virtual Task<Result<std::vector<SessionInfo>>> list_sessions(std::optional<BareJid> of, std::size_t limit) = 0;
  // One session by its full address, or all of an account; how many ended.
  virtual Task<Result<std::size_t>> end_sessions(Jid jid) = 0;

  // To everybody of the domain who is online; to how many sessions.
  virtual Task<Result<std::size_t>> announce(std::string domain, std::string subject, std::string text) = 0;
  virtual Task<Result<std::optional<std::string>>> notice(std::string domain, NoticeKind kind) = 0;
  // A new one; a message of the day is shown to those online at once: to how many sessions.
  virtual Task<Result<std::size_t>> set_notice(std::string domain, NoticeKind kind, std::string text) = 0;
  // Another text; who has seen the old one does not see it. not_found: none is set.
  virtual Task<Result<void>> edit_notice(std::string domain, NoticeKind kind, std::string text) = 0;
  virtual Task<Result<void>> delete_notice(std::string domain, NoticeKind kind) = 0;   // not_found: none is set

  virtual Task<Result<std::vector<TokenInfo>>> list_tokens(BareJid jid) = 0;
  // One client's tokens, or all of the account's when `client` is empty; what these clients have open ends.
  virtual Task<Result<ForgottenClients>> forget_clients(BareJid jid, std::string client) = 0;

  // What certificates are looked up by (auth/certificate/certificate_keys.h), prepared. not_found: there is no such account, or it
  // has not this one; already_exists: another account of the domain has it.
  virtual Task<Result<std::vector<CertificateMapping>>> list_certificates(BareJid jid) = 0;
  virtual Task<Result<void>> add_certificate(BareJid jid, CertificateKey key, std::string value) = 0;
  virtual Task<Result<void>> remove_certificate(BareJid jid, CertificateKey key, std::string value) = 0;
  // Whose a certificate is, as if somebody logged in to the domain with it now. `chain`: PEM, its issuers may follow it.
  virtual Task<Result<CertificateJudgement>> explain_certificate(std::string chain, std::string domain) = 0;

  // An operator's CRLs, in PEM form, for logins and links from now on: how many were newer than what was known. invalid: one
  // cannot be read; those before it count.
  virtual Task<Result<std::size_t>> import_crls(std::string lists) = 0;
  // The same of OCSP responses. `issuers`: certificates in PEM form besides the authorities that the configuration names; may be empty.
  virtual Task<Result<tls::RevocationCache::Imported>> import_ocsp(std::string responses, std::string issuers) = 0;
  virtual Task<Result<std::vector<tls::KnownRevocation>>> known_revocation() = 0;

  // The three: not_found, there is no such account.
  virtual Task<Result<ArchiveInfo>> archive_info(BareJid jid) = 0;
  virtual Task<Result<void>> set_archive_limits(BareJid jid, std::optional<ArchiveRetention> own) = 0;
  virtual Task<Result<ArchivePart>> read_archive(BareJid jid, ArchiveQuery query) = 0;

  virtual Task<Result<std::vector<PeerInfo>>> list_peers() = 0;
  // `host`: for which of the domains served here; empty: the first.
  virtual Task<Result<PeerExplanation>> explain_peer(std::string host, std::string peer) = 0;

  // In the order of their domains.
  virtual Task<Result<std::vector<ComponentInfo>>> list_components() = 0;

  // What the directory of the account's domain says of it, step by step. invalid: no directory owns this domain.
  virtual Task<Result<std::vector<DirectoryStep>>> explain_directory(BareJid jid) = 0;

  virtual Task<Result<ReloadReport>> reload() = 0;
  virtual Task<Result<ServerStatus>> status() = 0;
  [[nodiscard]] virtual std::vector<std::string> domains() const = 0;
};

}  // namespace aldis::admin
