// ANONYMOUS (RFC 4505): no credentials. The trace information is checked for length and then ignored: nothing vouches for it.
#pragma once
#include "sasl/mechanism.h"

namespace aldis::sasl {

class Anonymous final : public Mechanism {
 public:
  [[nodiscard]] std::string_view name() const override { return "ANONYMOUS"; }
  Outcome step(std::optional<std::string_view> message) override;

 private:
  bool is_over_ = false;
  bool has_asked_ = false;
};

}  // namespace aldis::sasl
