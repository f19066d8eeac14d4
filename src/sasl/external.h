// EXTERNAL (RFC 4422 appendix A; XEP-0178 1.2 section 2): who the client is has been proved outside of SASL, here by its TLS
// certificate. One message, the identity it wants to act as, perhaps empty. Whose the certificate is the caller learns.
#pragma once
#include "sasl/mechanism.h"

namespace aldis::sasl {

class External final : public Mechanism {
 public:
  [[nodiscard]] std::string_view name() const override { return "EXTERNAL"; }
  Outcome step(std::optional<std::string_view> message) override;
  Outcome supply_identities(std::vector<std::string> identities, std::optional<std::string> wanted) override;

 private:
  enum class State : std::uint8_t { message, identities, over };
  State state_ = State::message;
  bool has_asked_ = false;   // the empty challenge for a missing initial response went out
  std::string authzid_;
};

}  // namespace aldis::sasl
