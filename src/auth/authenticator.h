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
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "auth/auth_config.h"
#include "auth/credential_source.h"
#include "auth/key_derivation.h"
#include "auth/login_failures.h"
#include "auth/principal.h"
#include "base/clock.h"
#include "base/random.h"
#include "base/secret_bytes.h"
#include "runtime/task.h"
#include "sasl/mechanism.h"
#include "storage/stores.h"

namespace aldis {

// What is known of the stream that authenticates.
struct AuthenticationContext {
  std::string domain;                 // prepared; the domain of every identity
  std::string source_address;         // of the connection, without port
  bool is_confidential = false;       // encrypted; false for a stream without TLS or with an integrity-only suite (T08)
  sasl::ChannelBindings bindings{};
  std::vector<std::string> offered{};           // mechanisms and binding types exactly as advertised on this stream
  std::vector<std::string> offered_bindings{};
  std::optional<ClientCertificate> certificate{};  // that the handshake has verified
  Monotonic deadline = Monotonic::max();        // a verdict that comes later is temporary_auth_failure
};

struct AuthChallenge {
  std::string data;                   // raw
};
struct AuthSuccess {
  PrincipalPtr principal;
  std::optional<std::string> data{};  // raw additional data; nothing when the mechanism has none
};
struct AuthFailure {
  sasl::Failure condition = sasl::Failure::not_authorized;
  std::uint32_t attempts_left = 0;    // on this stream; at 0 the stream must end with policy-violation (RFC 6120 6.4.5)
};
using AuthReply = std::variant<AuthChallenge, AuthSuccess, AuthFailure>;

class Authenticator;

// One call at a time; the object outlives the Task it gave. Texts are the character data of the SASL elements as they came:
// base64, "=" for empty data (RFC 6120 section 6.4.2), strict (security S02).
class AuthenticationExchange {
 public:
  AuthenticationExchange(Authenticator& authenticator, AuthenticationContext context);
  ~AuthenticationExchange();
  AuthenticationExchange(const AuthenticationExchange&) = delete;

  // Refuses what was not offered, by exact name (security S03). During an exchange: malformed_request, and it is over.
  [[nodiscard]] Task<AuthReply> begin(std::string mechanism, std::optional<std::string> initial_response);
  // Without an exchange: malformed_request.
  [[nodiscard]] Task<AuthReply> respond(std::string response);
  // RFC 6120 section 6.4.4: aborted.
  [[nodiscard]] AuthReply abort();

  [[nodiscard]] std::uint32_t attempts_left() const { return attempts_left_; }

 private:
  [[nodiscard]] Task<AuthReply> advance(std::optional<std::string> message);
  [[nodiscard]] Task<Result<sasl::Keys>> find_keys(std::string username, std::string hash);
  [[nodiscard]] Task<Result<bool>> check_password(SecretBytes password);
  // Learns who is claimed and what is known of them; the error is of a source that could not say.
  [[nodiscard]] Task<Result<void>> look_up(std::string username);
  [[nodiscard]] AuthReply conclude(sasl::Success success);
  [[nodiscard]] AuthReply fail_with(sasl::Failure condition, std::string_view why);

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
  bool is_guess_ = false;                             // from here on a failure may have tested a password
};

class Authenticator {
 public:
  // Everything passed outlives it. `failures` is loaded by its owner.
  Authenticator(AuthConfig config, CredentialSource& credentials, LoginFailureCounters& failures,
                KeyDerivation& derivation, SettingStore& settings, Random& random, const Clock& clock);

  // Reads, or makes once, the installation's secret behind invented salts. To be awaited before the first exchange.
  [[nodiscard]] Task<Result<void>> start();
  // For exchanges that begin later.
  void configure(AuthConfig config);

  // What a stream may be offered, in the configured order.
  [[nodiscard]] std::vector<std::string> mechanisms(bool is_confidential, const sasl::ChannelBindings& bindings) const;
  // Binding types to advertise with them (XEP-0440); empty when no -PLUS mechanism is among them.
  [[nodiscard]] std::vector<std::string> binding_types(bool is_confidential, const sasl::ChannelBindings& bindings) const;

 private:
  friend class AuthenticationExchange;

  std::shared_ptr<const AuthConfig> config_;
  CredentialSource& credentials_;
  LoginFailureCounters& failures_;
  KeyDerivation& derivation_;
  SettingStore& settings_;
  Random& random_;
  const Clock& clock_;
  SecretBytes invention_secret_;
};

}  // namespace aldis
