// Authenticator: turns SASL messages into a Principal or a refusal. It is the seam behind which credentials can move to
// another process: what passes are requests with a deadline and verdicts. It owns the rules that no mechanism knows: what
// a stream was offered, how often one may try, whose name may be used, which accounts may log in.
//
// One Authenticator per server, on one executor (the lobby's); one AuthenticationExchange per stream, which lives as long as
// the stream negotiates:
//
//   begin(mechanism, text) ──► challenge ──► respond(text) ──► … ──► success
//            ▲                     │ abort()                  └────► failure ──► begin again while attempts_left > 0
//            └─────────────────────┴── aborted
//
// With the profile of XEP-0388 what comes before the success may also be tasks (XEP-0480), each
//
//   … ──► continue ──► begin_task(name) ──► task ──► continue_task(text) ──► continue | success | failure
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "auth/auth_config.h"
#include "auth/certificate/certificate_judge.h"
#include "auth/client_tokens.h"
#include "auth/credential_source.h"
#include "auth/key_derivation.h"
#include "auth/login_failures.h"
#include "auth/principal.h"
#include "auth/ticket_acceptor.h"
#include "base/clock.h"
#include "base/random.h"
#include "base/secret_bytes.h"
#include "runtime/task.h"
#include "runtime/worker_pool.h"
#include "sasl/mechanism.h"
#include "sasl/sasl2_request.h"
#include "storage/stores.h"

namespace aldis {

// What is known of the stream that authenticates.
struct AuthenticationContext {
  std::string domain;                 // prepared; the domain of every identity
  std::string source_address;         // of the connection, without port
  bool is_confidential = false;       // encrypted; false for a stream without TLS or with an integrity-only suite (T08)
  std::function<sasl::ChannelBindings()> bindings{};  // asked when a mechanism binds; it begins on the stream's thread; null: none
  std::vector<std::string> offered{};           // mechanisms and binding types exactly as advertised on this stream
  std::vector<std::string> offered_bindings{};
  std::vector<std::string> offered_tokens{};    // mechanisms of <fast/> (XEP-0484)
  std::vector<std::string> offered_upgrades{};  // tasks of <upgrade/> (XEP-0480)
  std::shared_ptr<const CertificateJudgement> certificate{};  // of what was shown in the handshake, for this domain; null: nothing
  Monotonic deadline = Monotonic::max();        // a verdict that comes later is temporary_auth_failure
};

struct AuthChallenge {
  std::string data;                   // raw
};
// The mechanism has succeeded, and the client's own wish is still to be done (XEP-0388 section 2.6.3).
struct AuthContinue {
  std::string task;
  std::optional<std::string> data{};  // as in AuthSuccess
};
// What the client derives its SaltedPassword with (XEP-0480 section 3).
struct AuthTask {
  std::string salt;                   // raw
  std::uint32_t iterations = 0;
};
struct AuthSuccess {
  PrincipalPtr principal;
  std::optional<std::string> data{};  // raw additional data; nothing when the mechanism has none or a <continue/> had it
  std::optional<ClientTokens::Issued> token{};
};
struct AuthFailure {
  sasl::Failure condition = sasl::Failure::not_authorized;
  std::uint32_t attempts_left = 0;    // on this stream; at 0 the stream must end with policy-violation (RFC 6120 6.4.5)
};
using AuthReply = std::variant<AuthChallenge, AuthContinue, AuthTask, AuthSuccess, AuthFailure>;

class Authenticator;

// One call at a time; the object outlives the Task it gave. Texts are the character data of the SASL elements as they came:
// base64, strict (security S02). In RFC 6120's profile "=" is empty data (section 6.4.2), in XEP-0388's it is an error.
class AuthenticationExchange {
 public:
  AuthenticationExchange(Authenticator& authenticator, AuthenticationContext context);
  ~AuthenticationExchange();
  AuthenticationExchange(const AuthenticationExchange&) = delete;

  // Refuses what was not offered, by exact name (security S03). During an exchange: malformed_request, and it is over.
  // `sasl2`: nothing in the profile of RFC 6120.
  [[nodiscard]] Task<AuthReply> begin(std::string mechanism, std::optional<std::string> initial_response,
                                      std::optional<sasl::Sasl2Request> sasl2 = {});
  // Without an exchange: malformed_request.
  [[nodiscard]] Task<AuthReply> respond(std::string response);
  // Only after AuthContinue and AuthTask; anything else is malformed_request.
  [[nodiscard]] Task<AuthReply> begin_task(std::string name);
  [[nodiscard]] Task<AuthReply> continue_task(std::string salted_password);
  // RFC 6120 section 6.4.4: aborted.
  [[nodiscard]] AuthReply abort();

  [[nodiscard]] std::uint32_t attempts_left() const { return attempts_left_; }

 private:
  [[nodiscard]] Task<AuthReply> advance(std::optional<std::string> message);
  [[nodiscard]] Task<Result<sasl::Keys>> find_keys(std::string username, std::string hash);
  // Whose name it is, and whether this is the password; the error is of a source that could not say.
  [[nodiscard]] Task<Result<bool>> check_password(SecretBytes password);
  [[nodiscard]] Task<Result<PasswordVerdict>> ask_source(SecretBytes password);
  // What the source said of the password, for the verdict on the account and for its owner.
  void note(const PasswordVerdict& verdict);
  [[nodiscard]] Task<void> renew_keys(SecretBytes prepared);
  [[nodiscard]] bool has_aged() const;
  // The password that was proved must be changed first; and whether its owner may do that here, now.
  [[nodiscard]] bool must_change() const;
  [[nodiscard]] bool may_change() const;
  // Who is claimed; and what is known of them: the error is of a source that could not say.
  void claim(std::string username);
  [[nodiscard]] Result<void> know(Result<Credentials> found);
  [[nodiscard]] Task<Result<void>> look_up();
  // EXTERNAL and Kerberos: who the bearer of the certificate or the ticket may be, and is; counted under the account's name.
  [[nodiscard]] Task<Result<sasl::Outcome>> identify(std::string authzid, std::optional<LoginFailureCounters::Try>& attempt);
  [[nodiscard]] Task<AuthReply> conclude(sasl::Success success);
  [[nodiscard]] AuthReply fail_with(sasl::Failure condition, std::string_view why);
  void end_exchange();

  // ---- tickets (authentication_tickets.cpp)
  // Until the mechanism asks for no more; the error is of a context that could not say.
  [[nodiscard]] Task<Result<sasl::Outcome>> take_steps(sasl::Outcome outcome);
  [[nodiscard]] Task<Result<std::vector<BareJid>>> accounts_of_ticket();

  // ---- tokens and tasks (authentication_sasl2.cpp)
  // What in the request breaks its specification.
  [[nodiscard]] std::optional<std::string_view> find_fault() const;
  // What the client may prove, and inventions where it has less: the work is the same for everybody (security S05).
  [[nodiscard]] Task<Result<std::vector<SecretBytes>>> find_tokens(std::string username);
  // The token was proved: whether it still counts. A Failed, or the same Success.
  [[nodiscard]] Task<Result<sasl::Outcome>> settle_token(sasl::Success success);
  void plan_upgrades();
  // After the mechanism and each task: the next task, or the success.
  [[nodiscard]] Task<AuthReply> go_on();
  [[nodiscard]] Task<std::optional<ClientTokens::Issued>> new_token();

  Authenticator& authenticator_;
  AuthenticationContext context_;
  std::shared_ptr<const AuthConfig> config_;
  std::uint32_t attempts_left_;
  // Failures before anything could be guessed (a mechanism or channel binding that is not ours) are not tries, so that a
  // client may go through its list: slixmpp 1.8 offers tls-unique to each -PLUS first. After these they are.
  std::uint32_t misunderstandings_left_ = 8;
  // Of the exchange under way; forgotten when it ends.
  std::unique_ptr<sasl::Mechanism> mechanism_;        // null: none
  std::string claimed_;                               // a bare address, or the client's text where that is none
  std::optional<BareJid> account_;                    // the address, where the text is one
  std::optional<Credentials> credentials_;            // nothing: there is no such account
  bool has_keys_ = false;                             // SCRAM: the next message brings the proof
  std::string notice_;                                // Principal::notice
  bool is_guess_ = false;                             // from here on a failure may have tested a password
  std::optional<sasl::Sasl2Request> sasl2_;
  std::shared_ptr<TicketAcceptor> tickets_of_domain_;   // Kerberos only, as the next two
  std::shared_ptr<SecurityContext> context_of_ticket_;
  std::string nobodys_ticket_;                        // why its principal has no account
  std::vector<ClientTokens::Candidate> tokens_;
  std::optional<ClientToken> proved_;                 // the token that let it in
  std::shared_ptr<Principal> principal_;              // from the mechanism's success on
  std::optional<std::string> data_;                   // the mechanism's, until it is told
  std::vector<std::string> upgrades_;                 // tasks to be done, the first is under way
  std::optional<ScramKeys> upgrade_;                  // salt and iterations the first task was given
};

class Authenticator {
 public:
  // Everything passed outlives it. `failures` is loaded by its owner.
  Authenticator(AuthConfig config, CredentialSource& credentials, LoginFailureCounters& failures,
                KeyDerivation& derivation, SettingStore& settings, ClientTokens& tokens, Random& random, const Clock& clock);

  // Reads, or makes once, the installation's secret behind invented salts. To be awaited before the first exchange.
  [[nodiscard]] Task<Result<void>> start();
  // For exchanges that begin later.
  void configure(AuthConfig config);
  // The same: of these domains people may show tickets. Where there are any, they are looked at on `workers`, which outlives it.
  void accept_tickets(TicketAcceptors acceptors, WorkerPool* workers);
  // Null: the domain takes none.
  [[nodiscard]] std::shared_ptr<TicketAcceptor> tickets_of(std::string_view domain) const;

  // What a stream to this domain may be offered: tickets first, then the configured order; what its accounts can prove.
  [[nodiscard]] std::vector<std::string> mechanisms(std::string_view domain, bool is_confidential, sasl::BindingTypes bindings) const;
  // The same where certificates are used: EXTERNAL before them when the client has shown one that is somebody's, and nothing
  // else where one is required.
  [[nodiscard]] std::vector<std::string> mechanisms(std::string_view domain, bool is_confidential, sasl::BindingTypes bindings,
                                                    CertificateUse use, const CertificateJudgement* certificate) const;
  // Mechanisms for tokens, and tasks that make keys of further hashes, in XEP-0388's profile.
  [[nodiscard]] std::vector<std::string> token_mechanisms(bool is_confidential, sasl::BindingTypes bindings) const {
    return tokens_.mechanisms(is_confidential, bindings);
  }
  [[nodiscard]] std::vector<std::string> upgrades(std::string_view domain, bool is_confidential) const;
  // Binding types to advertise with them (XEP-0440); empty when no -PLUS mechanism is among them.
  [[nodiscard]] std::vector<std::string> binding_types(std::string_view domain, bool is_confidential, sasl::BindingTypes bindings) const;

 private:
  friend class AuthenticationExchange;
  // A short name for a client of an account that cannot be led back to its user-agent id (XEP-0386 section 3.2.1).
  [[nodiscard]] std::string name_of_client(const BareJid& account, std::string_view client) const;

  std::shared_ptr<const AuthConfig> config_;
  CredentialSource& credentials_;
  LoginFailureCounters& failures_;
  KeyDerivation& derivation_;
  SettingStore& settings_;
  ClientTokens& tokens_;
  Random& random_;
  const Clock& clock_;
  SecretBytes invention_secret_;
  TicketAcceptors tickets_;
  WorkerPool* ticket_workers_ = nullptr;
};

}  // namespace aldis
