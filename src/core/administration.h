// Administration: what operators, and users for their own account, may do to accounts and sessions. The one door for the
// command line, ad-hoc commands, in-band registration and an HTTP API, so that the same rules and the same consequences
// (sessions end, subscribers are told) hold on every path (security S13, S14, U01). Callable from any executor.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "auth/auth_config.h"
#include "auth/certificate/certificate_judge.h"
#include "auth/key_derivation.h"
#include "auth/login_failures.h"
#include "auth/passwords.h"
#include "auth/people_directory.h"
#include "base/secret_bytes.h"
#include "core/ids.h"
#include "core/room_administration.h"
#include "core/world.h"
#include "runtime/executor.h"
#include "runtime/task.h"
#include "tls/engine.h"

namespace aldis {

struct SessionSummary {
  FullJid jid;
  std::string peer;              // address, without port
  std::string mechanism;
  bool is_available = false;
  int priority = 0;
  bool is_detached = false;      // without a connection, for its client to resume (XEP-0198)
  bool is_away = false;          // its presence shows away or xa (RFC 6121 section 4.7.2.1)
  std::optional<tls::TlsInfo> tls{};    // nothing: no TLS
  std::string channel_binding{};        // its login was bound to the channel by this type; empty: it was not
};

class Administration {
 public:
  // Everything passed outlives it. The counters belong to `lobby`. `auth` gives the configuration of the moment.
  Administration(World& world, KeyDerivation& derivation, LoginFailureCounters& failures, Executor& lobby,
                 std::function<AuthConfig()> auth);

  // These four: denied where a directory owns the domain's people, but that what is left of who is disabled there may be deleted.
  // not_found: the domain is not served here. invalid: the rules refuse the password; `what` says why. already_exists.
  [[nodiscard]] Task<Result<void>> create_account(BareJid jid, SecretBytes password);
  // Ends every session of the account but `keep`. Where a directory owns the people, its owner may, if the directory changes passwords.
  [[nodiscard]] Task<Result<void>> set_password(BareJid jid, SecretBytes password, SessionId keep = SessionId::none,
                                                ChangedBy by = ChangedBy::an_operator);
  // It must be changed at the next login; sessions go on, tokens end. not_found
  [[nodiscard]] Task<Result<void>> expire_password(BareJid jid);
  [[nodiscard]] Task<Result<void>> set_enabled(BareJid jid, bool is_enabled);
  // `before_sessions_end` is called, on the caller's executor, between the removal and its consequences: the moment to
  // answer one of the account's own sessions.
  [[nodiscard]] Task<Result<void>> delete_account(BareJid jid, std::function<void()> before_sessions_end = {});

  // Forgets the failed logins that keep people out of the account. not_found: there is no such account.
  [[nodiscard]] Task<Result<void>> unlock(BareJid jid);
  using Lockouts = std::map<std::string, LoginFailureCounters::Lockout, std::less<>>;
  [[nodiscard]] Task<Lockouts> lockouts();

  // The tokens its clients log in with (XEP-0484). not_found: no such account.
  [[nodiscard]] Task<Result<std::vector<ClientToken>>> client_tokens(BareJid jid);
  // Ends the tokens of one client, by its user-agent id, or of all when that is empty, and the sessions these clients have.
  struct ForgottenClients {
    std::size_t clients = 0;
    std::size_t sessions = 0;
  };
  [[nodiscard]] Task<Result<ForgottenClients>> forget_clients(BareJid jid, std::string client);

  // Who owns the domain's people, by name; null: this server itself.
  [[nodiscard]] const std::string* directory_of(std::string_view domain) const;

  // Of the rooms at this domain's addresses; null: there are none.
  [[nodiscard]] RoomAdministration* rooms_of(std::string_view domain) const;

  // What the directory says of a person, step by step. invalid: no directory owns the domain's people.
  [[nodiscard]] Task<Result<std::vector<DirectoryStep>>> explain_directory(BareJid jid);

  // As if somebody logged in with it now.
  [[nodiscard]] Task<CertificateJudgement> judge_certificate(tls::PresentedChain chain, std::string domain);

  // Of an account, of a whole domain (an address without localpart), or all.
  [[nodiscard]] Task<std::vector<SessionSummary>> sessions(std::optional<BareJid> of, std::size_t limit);
  [[nodiscard]] Task<std::size_t> session_count();
  // All sessions of a bare address, or the one of a full address. How many there were.
  [[nodiscard]] Task<std::size_t> end_sessions(Jid jid, StreamError error, std::string reason);
  // A headline from the domain to every available session of it. To how many.
  [[nodiscard]] Task<std::size_t> announce(BareJid domain, std::string subject, std::string text);
  // Sets the message of the day and shows it to every available session now; the others get it when they come online
  // (deliver_notices). To how many it was shown.
  [[nodiscard]] Task<Result<std::size_t>> set_motd(BareJid domain, std::string text);

 private:
  // What the rules refuse is told to who asked, and written down.
  [[nodiscard]] Task<Result<WallTime>> change_password(BareJid jid, SecretBytes password, ChangedBy by);
  World& world_;
  KeyDerivation& derivation_;
  LoginFailureCounters& failures_;
  Executor& lobby_;
  std::function<AuthConfig()> auth_;
};

}  // namespace aldis
