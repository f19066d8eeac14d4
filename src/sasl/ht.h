// HT-SHA-256 and HT-SHA-512 with the suffixes -EXPR, -ENDP and -NONE, the server's side: the hashed token mechanisms that
// XEP-0484 (0.2.0) names, draft-schmaus-kitten-sasl-ht-09. One message each way:
//
//   authcid NUL HMAC(token, "Initiator" || cb-data) ──► NeedTokens ──supply_tokens──► Success(HMAC(token, "Responder" || cb-data))
//
// Left out: -UNIQ (TLS 1.3 has no tls-unique) and SHA-3. An initial response is required: XEP-0484 section 3.1 asks for an
// outcome in one round trip.
#pragma once
#include <string>

#include "sasl/mechanism.h"
#include "sasl/scram_keys.h"

namespace aldis::sasl {

// What a mechanism's suffix stands for; EXPR is tls-exporter (RFC 9266), ENDP tls-server-end-point (RFC 5929).
enum class HtChannel : std::uint8_t { expr, endp, none };

class Ht final : public Mechanism {
 public:
  Ht(ScramHash hash, HtChannel channel, Context context);

  [[nodiscard]] std::string_view name() const override { return name_; }
  Outcome step(std::optional<std::string_view> message) override;
  Outcome supply_tokens(std::vector<SecretBytes> tokens) override;

 private:
  enum class State : std::uint8_t { message, tokens, over };
  [[nodiscard]] std::string_view binding_data() const;

  ScramHash hash_;
  HtChannel channel_;
  Context context_;
  std::string name_;
  State state_ = State::message;
  std::string username_;
  std::string proof_;
};

// The parts of an HT mechanism's name; nothing when it is none that is known here.
struct HtName {
  ScramHash hash;
  HtChannel channel;
};
[[nodiscard]] std::optional<HtName> parse_ht_name(std::string_view name);

}  // namespace aldis::sasl
