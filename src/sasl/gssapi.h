// Kerberos: GSSAPI (RFC 4752), and GS2-KRB5 with GS2-KRB5-PLUS (RFC 5801; channel binding by RFC 9266 and RFC 5929).
// These know the messages around a security context and see no ticket: what only a GSS-API library can do they ask for
// (NeedContext), and whose a ticket is the caller says (NeedIdentities). Not here: security layers, because the stream
// has TLS; tls-unique, which TLS 1.3 has not.
//
//   GSSAPI     token ──► accept ──► Challenge(token) … ──► "" ──► wrap ──► Challenge(layers) ──► unwrap ──► identities
//   ──► Success GS2-KRB5   header, token ──► accept ──► Challenge(token) … ──► "" ──► identities ──► Success
#pragma once
#include <string>

#include "base/result.h"
#include "sasl/gs2_header.h"
#include "sasl/mechanism.h"

namespace aldis::sasl {

class Gssapi final : public Mechanism {
 public:
  [[nodiscard]] std::string_view name() const override { return "GSSAPI"; }
  Outcome step(std::optional<std::string_view> message) override;
  Outcome supply_context(ContextAnswer answer) override;
  Outcome supply_identities(std::vector<std::string> identities, std::optional<std::string> wanted) override;

 private:
  enum class State : std::uint8_t { token, accepting, established, wrapping, choice, unwrapping, identities, over };
  [[nodiscard]] Outcome offer_layers();
  [[nodiscard]] Outcome read_choice(std::string_view choice);

  State state_ = State::token;
  bool has_asked_ = false;  // the empty challenge for a missing initial response went out
  std::size_t tokens_ = 0;  // that were accepted
  std::string authzid_;
};

class Gs2Krb5 final : public Mechanism {
 public:
  Gs2Krb5(bool is_plus, Context context);

  [[nodiscard]] std::string_view name() const override { return is_plus_ ? "GS2-KRB5-PLUS" : "GS2-KRB5"; }
  Outcome step(std::optional<std::string_view> message) override;
  Outcome supply_context(ContextAnswer answer) override;
  Outcome supply_identities(std::vector<std::string> identities, std::optional<std::string> wanted) override;

 private:
  enum class State : std::uint8_t { first, accepting, token, established, identities, over };
  [[nodiscard]] Outcome read_first(std::string_view message);
  // Why the channel binding the client chose cannot stand; empty when it can.
  [[nodiscard]] std::string_view binding_conflict() const;

  bool is_plus_;
  Context context_;
  State state_ = State::first;
  bool has_asked_ = false;
  std::size_t tokens_ = 0;
  Gs2Header header_;
  std::string binding_;  // what is bound to: the header, and the channel's data
};

// What a client has chosen of the security layers (RFC 4752 section 3.1), unwrapped: the authorization identity,
// perhaps empty. The error is a constant text for the log.
[[nodiscard]] Result<std::string, std::string_view> parse_layer_choice(std::string_view message);
// A token of Kerberos as it was before GS2 took its header off (RFC 2743 section 3.1).
[[nodiscard]] std::string with_token_header(std::string_view inner);

}  // namespace aldis::sasl
