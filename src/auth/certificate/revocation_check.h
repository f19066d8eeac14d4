// RevocationCheck: how sure one must be that a certificate was not revoked, as an option of the configuration (people's and servers').
#pragma once
#include <array>
#include <cstdint>

#include "base/options.h"
#include "tls/revocation.h"

namespace aldis {

enum class RevocationCheck : std::uint8_t { off, soft, hard };
constexpr auto option_names(RevocationCheck) {
  return std::array{OptionName{"off", RevocationCheck::off}, OptionName{"soft", RevocationCheck::soft},
                    OptionName{"hard", RevocationCheck::hard}};
}
[[nodiscard]] constexpr tls::RevocationMode to_mode(RevocationCheck check) {
  return check == RevocationCheck::off ? tls::RevocationMode::off : check == RevocationCheck::soft ? tls::RevocationMode::soft : tls::RevocationMode::hard;
}

}  // namespace aldis
