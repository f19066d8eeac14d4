// ANONYMOUS: message = [ email / token ], token of 1 to 255 characters (RFC 4505 section 2).
#include "sasl/anonymous.h"

namespace aldis::sasl {
namespace {

constexpr std::size_t trace_max = 255 * 4;  // bytes of 255 characters of UTF-8

}  // namespace

Outcome Anonymous::step(std::optional<std::string_view> message) {
  if (is_over_ || (!message && has_asked_)) {
    is_over_ = true;
    return Failed{Failure::malformed_request, "message out of order"};
  }
  if (!message) {
    has_asked_ = true;
    return Challenge{};
  }
  is_over_ = true;
  if (message->size() > trace_max) {
    return Failed{Failure::malformed_request, "trace information is too long"};
  }
  return Success{};
}

}  // namespace aldis::sasl
