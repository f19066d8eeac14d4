// Stringprep as XMPP used it before PRECIS (RFC 6122: Nodeprep, Nameprep, Resourceprep; Unicode 3.2), only to find
// addresses that RFC 6122 and RFC 7622 read differently. Nothing is ever prepared for use with it.
#pragma once
#include <cstdint>
#include <string_view>

namespace aldis::stringprep {

enum class Profile : std::uint8_t { nodeprep, nameprep, resourceprep };

// Whether RFC 6122 would have made another string of `text`, or of `prepared`, than `prepared`, which RFC 7622 makes of it.
// An older peer then takes the address, or the form we pass on, for somebody else's.
//  - What RFC 6122 refuses it does not read at all: false.
//  - Code points that Unicode 3.2 did not have are unknown there, not read differently: they count as mapped the way
//    RFC 7622 maps them, and what stands around them is still compared.
[[nodiscard]] bool reads_differently(Profile profile, std::u32string_view text, std::u32string_view prepared);

}  // namespace aldis::stringprep
