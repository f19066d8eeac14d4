// Server-side SASL mechanisms (RFC 4422) as state machines: a message in, an outcome out, no I/O. Where a mechanism needs
// stored keys or a password verdict it says so (Need...) and is fed the answer; the caller does the looking up.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/random.h"
#include "base/secret_bytes.h"

namespace aldis::sasl {

// SASL error conditions of RFC 6120 section 6.5.
enum class Failure : std::uint8_t {
  aborted, account_disabled, credentials_expired, encryption_required, incorrect_encoding, invalid_authzid,
  invalid_mechanism, malformed_request, mechanism_too_weak, not_authorized, temporary_auth_failure,
};
[[nodiscard]] std::string_view to_string(Failure failure);

// What the channel binding types offered on this connection give (RFC 5056); empty data: the type is not available.
struct ChannelBindings {
  std::string tls_exporter;           // RFC 9266, 32 bytes, TLS 1.3 only
  std::string tls_server_end_point;   // RFC 5929

  // By the type's IANA name; empty: not known, or not available on this connection.
  [[nodiscard]] std::string_view of(std::string_view type) const;
};

// Which of these a connection has: known without computing them.
struct BindingTypes {
  bool tls_exporter = false;
  bool tls_server_end_point = false;
};

// Keys for one SCRAM hash, of a real account or invented (RFC 5802 section 5.1: same steps for unknown users).
struct Keys {
  std::uint32_t iterations = 0;
  std::string salt;
  SecretBytes stored_key;
  SecretBytes server_key;
  bool is_invented = false;           // the proof is checked all the same and then fails
};

// ---- what a step may ask for or say
struct Challenge { std::string data; };                       // send, wait for the response
struct NeedKeys {                                             // then supply_keys()
  std::string username;                                       // as the client wrote it, not prepared
  std::string hash;                                           // "SHA-1", "SHA-256" or "SHA-512"
};
struct NeedPasswordCheck { std::string username; SecretBytes password; };  // then supply_verdict(); neither is prepared
struct NeedTokens { std::string username; };                  // then supply_tokens(); not prepared
struct NeedIdentities { std::string authzid; };               // then supply_identities(); not prepared, may be empty
// A security context of the GSS-API (RFC 2743) has to take a step; then supply_context().
struct NeedContext {
  enum class Call : std::uint8_t { accept, wrap, unwrap };
  Call call = Call::accept;
  std::string data;                                           // the peer's token; for wrap what is to be wrapped
  std::optional<std::string> binding{};                       // accept: what both ends have bound to; nothing: no channel bindings
};
struct Success {
  std::string username;      // as the client wrote it: the caller prepares it as a localpart; empty for ANONYMOUS; for EXTERNAL
                             // and Kerberos one of the identities that were supplied
  std::string authzid;       // as the client wrote it, may be empty; the caller compares it with the account's address
  std::string data;          // additional data with success, may be empty
  bool is_channel_bound = false;
  std::string channel_binding;  // the type's name, or empty
  std::optional<std::size_t> token{};  // HT: which of the supplied tokens was proved
};
struct Failed { Failure condition; std::string why; };        // why is for the log only
using Outcome = std::variant<Challenge, NeedKeys, NeedPasswordCheck, NeedTokens, NeedIdentities, NeedContext, Success, Failed>;

// What a security context said.
struct ContextAnswer {
  std::string refusal;           // why the peer's token is refused, for the log; empty: it is not
  std::string data{};            // to be sent, or what was wrapped or unwrapped
  // ---- of accept
  bool is_established = false;
  bool has_integrity = false;    // once established
  bool has_mutual = false;       // the same: the client learns from `data` that we are who we say
  bool is_bound = false;         // the same: the client has bound to what NeedContext said, and to nothing else
};

struct Context {
  ChannelBindings bindings;
  std::vector<std::string> offered;            // mechanisms as advertised on this stream (XEP-0474, and the y flag)
  std::vector<std::string> offered_bindings;   // as advertised (XEP-0440)
  Random* random = nullptr;
};

class Mechanism {
 public:
  virtual ~Mechanism() = default;
  [[nodiscard]] virtual std::string_view name() const = 0;
  // The decoded message of the client. Anything after Success or Failed is Failed{malformed_request}. The initial response may be absent: then `message` is nullopt and a mechanism
  // that starts with the client answers an empty Challenge (RFC 4422 section 5; RFC 6120 section 6.4.2).
  virtual Outcome step(std::optional<std::string_view> message) = 0;
  // Only after what asked for it; where the caller cannot learn the answer it ends the exchange itself.
  virtual Outcome supply_keys(Keys keys);
  virtual Outcome supply_verdict(bool is_right);
  virtual Outcome supply_tokens(std::vector<SecretBytes> tokens);  // all that the account's client may use now; perhaps none
  // The bare addresses that what was proved outside stands for, perhaps none, and the authzid prepared as they are: nothing
  // where it is no address.
  virtual Outcome supply_identities(std::vector<std::string> identities, std::optional<std::string> wanted);
  virtual Outcome supply_context(ContextAnswer answer);
};

// What supply_identities() comes to: the only one, or the one that is wanted. `authzid` as the client wrote it; `what` was proved.
[[nodiscard]] Outcome choose_identity(std::vector<std::string> identities, std::optional<std::string> wanted, std::string authzid,
                                      std::string_view what);

// A mechanism by the name of the IANA registry, exactly as written there; null when there is none of that name.
// Known: SCRAM-SHA-1[-PLUS], SCRAM-SHA-256[-PLUS], SCRAM-SHA-512[-PLUS], PLAIN, ANONYMOUS, EXTERNAL,
// GSSAPI, GS2-KRB5[-PLUS], HT-SHA-256-* and HT-SHA-512-* with EXPR, ENDP, NONE.
[[nodiscard]] std::unique_ptr<Mechanism> make_mechanism(std::string_view name, Context context);

}  // namespace aldis::sasl
