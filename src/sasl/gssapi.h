// Kerberos: GSSAPI (RFC 4752), and GS2-KRB5 with GS2-KRB5-PLUS (RFC 5801; channel binding by RFC 9266 and RFC 5929).
// These know the messages around a security context and see no ticket: what only a GSS-API library can do they ask for
// (NeedContext), and whose a ticket is the caller says (NeedIdentities). Not here: security layers, because the stream
// has TLS; tls-unique, which TLS 1.3 has not.
//
//   both      token ──► accept ──► Challenge(token) … ──► "" ──► the end
//   GSSAPI    the end: wrap ──► Challenge(layers) ──► unwrap ──► identities ──► Success
//   GS2-KRB5  a header before the first token; the end: identities ──► Success
#pragma once
#include <string>

#include "base/result.h"
#include "sasl/gs2_header.h"
#include "sasl/mechanism.h"

namespace aldis::sasl {

// The tokens of a security context, which both mechanisms exchange alike. What stands before the first and what comes
// after the last is the mechanism's own.
class TokenExchange : public Mechanism {
 public:
  Outcome step(std::optional<std::string_view> message) final;
  Outcome supply_context(ContextAnswer answer) final;
  Outcome supply_identities(std::vector<std::string> identities, std::optional<std::string> wanted) override;

 protected:
  // A token for the context; an empty one is malformed.
  [[nodiscard]] Outcome accept(std::string token);
  // The exchange goes on after the tokens: what comes next is for last_step or last_answer.
  [[nodiscard]] Outcome go_on(Outcome outcome);
  [[nodiscard]] Outcome ask_identities(std::string authzid);

  std::optional<std::string> binding_;  // what both ends bind to, before the first token; nothing: no channel bindings

 private:
  // The client's first message: accept() of the token in it, or Failed.
  [[nodiscard]] virtual Outcome read_first(std::string_view message) = 0;
  // Why an established context is worth too little; empty: it is not.
  [[nodiscard]] virtual std::string_view weakness(const ContextAnswer& answer) const = 0;
  // After the tokens: go_on() or ask_identities().
  [[nodiscard]] virtual Outcome end() = 0;
  // Of a mechanism that goes on. The answer is no refusal.
  [[nodiscard]] virtual Outcome last_step(std::string_view message);
  [[nodiscard]] virtual Outcome last_answer(ContextAnswer answer);

  enum class State : std::uint8_t { first, accepting, token, established, last, identities, over };
  State state_ = State::first;
  bool has_asked_ = false;  // the empty challenge for a missing initial response went out
  std::size_t tokens_ = 0;  // that were accepted
  std::string authzid_;
};

class Gssapi final : public TokenExchange {
 public:
  [[nodiscard]] std::string_view name() const override { return "GSSAPI"; }

 private:
  enum class Layer : std::uint8_t { wrapping, choice, unwrapping };
  [[nodiscard]] Outcome read_first(std::string_view message) override;
  [[nodiscard]] std::string_view weakness(const ContextAnswer& answer) const override;
  [[nodiscard]] Outcome end() override;
  [[nodiscard]] Outcome last_step(std::string_view message) override;
  [[nodiscard]] Outcome last_answer(ContextAnswer answer) override;

  Layer layer_ = Layer::wrapping;
};

class Gs2Krb5 final : public TokenExchange {
 public:
  Gs2Krb5(bool is_plus, Context context);

  [[nodiscard]] std::string_view name() const override { return is_plus_ ? "GS2-KRB5-PLUS" : "GS2-KRB5"; }
  Outcome supply_identities(std::vector<std::string> identities, std::optional<std::string> wanted) override;

 private:
  [[nodiscard]] Outcome read_first(std::string_view message) override;
  [[nodiscard]] std::string_view weakness(const ContextAnswer& answer) const override;
  [[nodiscard]] Outcome end() override;
  // Why the channel binding the client chose cannot stand; empty when it can.
  [[nodiscard]] std::string_view binding_conflict() const;

  bool is_plus_;
  Context context_;
  Gs2Header header_;
};

// What a client has chosen of the security layers (RFC 4752 section 3.1), unwrapped: the authorization identity,
// perhaps empty. The error is a constant text for the log.
[[nodiscard]] Result<std::string, std::string_view> parse_layer_choice(std::string_view message);
// A token of Kerberos as it was before GS2 took its header off (RFC 2743 section 3.1).
[[nodiscard]] std::string with_token_header(std::string_view inner);

}  // namespace aldis::sasl
