// NamePattern: a number taken out of a common name, such as the last ten digits of "DOE.JOHN.Q.1234567890". In a pattern "#" is
// one digit, "*" at most once is any text, perhaps none, and everything else is itself; the whole name must fit.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace aldis {

class NamePattern {
 public:
  // invalid: no "#", or more than one "*".
  [[nodiscard]] static Result<NamePattern> parse(std::string_view pattern);
  // The digits that stood for "#", in their order; nothing: the name does not fit.
  [[nodiscard]] std::optional<std::string> digits_of(std::string_view name) const;

 private:
  std::string before_;                 // the "*", or the whole pattern without one
  std::optional<std::string> after_;   // the "*"; nothing: there is none
};

}  // namespace aldis
