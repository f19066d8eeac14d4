// Points in time as directories write them.
#pragma once
#include <optional>
#include <string_view>

#include "base/clock.h"

namespace aldis::ldap {

// GeneralizedTime (RFC 4517 section 3.3.13): 20261126134700Z, with a fraction, or without minutes; a zone in place of Z.
[[nodiscard]] std::optional<WallTime> parse_generalized_time(std::string_view text);
// Active Directory's: 100 ns since 1601, in decimal. Nothing for 0 and for its two ways to say "never".
[[nodiscard]] std::optional<WallTime> parse_filetime(std::string_view text);

}  // namespace aldis::ldap
