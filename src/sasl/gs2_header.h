// The header that begins the client's first message of SCRAM (RFC 5802 section 7) and of GS2 (RFC 5801 section 4):
// whether the client binds to the channel, and as whom it wants to act.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace aldis::sasl {

enum class BindingFlag : char {
  unsupported = 'n',  // the client cannot bind to the channel
  not_offered = 'y',  // it could, but believes that the server cannot
  used = 'p',
};

struct Gs2Header {
  bool is_nonstandard = false;  // "F": the token that follows never had the header of RFC 2743 section 3.1
  BindingFlag flag = BindingFlag::unsupported;
  std::string binding_type;  // with `used` only
  std::string authzid;       // decoded; empty: none
  std::string text;          // as it came, with both commas, without "F,"
  std::size_t size = 0;      // of all of it in the message
};

// The error is a constant text for the log. What follows the header is not looked at.
[[nodiscard]] Result<Gs2Header, std::string_view> parse_gs2_header(std::string_view message);

// saslname: "=2C" is a comma, "=3D" an equals sign, no other "=" may stand, nor a NUL.
[[nodiscard]] std::optional<std::string> decode_saslname(std::string_view text);

}  // namespace aldis::sasl
