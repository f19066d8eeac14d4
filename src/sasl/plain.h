// PLAIN (RFC 4616): one message with the password in the clear; to be offered on confidential streams only.
#pragma once
#include <string>

#include "sasl/mechanism.h"

namespace aldis::sasl {

class Plain final : public Mechanism {
 public:
  [[nodiscard]] std::string_view name() const override { return "PLAIN"; }
  Outcome step(std::optional<std::string_view> message) override;
  Outcome supply_verdict(bool is_right) override;

 private:
  enum class State : std::uint8_t { message, verdict, over };
  State state_ = State::message;
  bool has_asked_ = false;  // the empty challenge for a missing initial response went out
  std::string username_;
  std::string authzid_;
};

}  // namespace aldis::sasl
