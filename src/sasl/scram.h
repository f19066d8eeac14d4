// SCRAM-SHA-1, -SHA-256, -SHA-512 and their -PLUS forms, the server's side: RFC 5802, RFC 7677, channel binding by RFC 9266
// and RFC 5929, downgrade protection by XEP-0474 (0.5.0). tls-unique (RFC 5929) is not known here: TLS 1.3 has none.
//
//   client-first ──► NeedKeys ──supply_keys──► Challenge(server-first) ──► client-final ──► Success(server-final) | Failed
#pragma once
#include <string>

#include "sasl/mechanism.h"
#include "sasl/scram_keys.h"
#include "sasl/scram_messages.h"

namespace aldis::sasl {

class Scram final : public Mechanism {
 public:
  Scram(ScramHash hash, bool is_plus, Context context);

  [[nodiscard]] std::string_view name() const override { return name_; }
  Outcome step(std::optional<std::string_view> message) override;
  Outcome supply_keys(Keys keys) override;

 private:
  enum class State : std::uint8_t { client_first, keys, client_final, over };

  [[nodiscard]] Outcome read_first(std::string_view message);
  [[nodiscard]] Outcome read_final(std::string_view message);
  // Why the channel binding the client chose cannot stand; empty when it can.
  [[nodiscard]] std::string_view binding_conflict(const ClientFirst& first) const;
  [[nodiscard]] std::string downgrade_hash() const;
  [[nodiscard]] bool is_right_proof(std::string_view proof, std::string_view auth_message) const;

  ScramHash hash_;
  bool is_plus_;
  Context context_;
  std::string name_;
  State state_ = State::client_first;
  bool has_asked_ = false;      // the empty challenge for a missing initial response went out
  ClientFirst first_;
  std::string nonce_;           // the client's part and ours
  std::string server_first_;
  Keys keys_;
};

}  // namespace aldis::sasl
