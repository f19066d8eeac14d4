// Cards of one person in two forms: vcard-temp (XEP-0054 1.3.0) and vCard4 (XEP-0292 0.12.0, RFC 6351). What one form has and the other knows is
// converted; the rest stays where it is. Photos are not converted: avatars are (pep/avatars.cpp).
#pragma once
#include <string>

#include "xml/element.h"

namespace aldis::ext {

// <vcard xmlns='urn:ietf:params:xml:ns:vcard-4.0'/> of `card`, with what only `before` (the same, or empty) has.
[[nodiscard]] std::string card4_of(const std::string& card, const std::string& before);
// <vCard xmlns='vcard-temp'/> of `card4`, with what only `before` (the same, or empty) has.
[[nodiscard]] std::string card_of(const std::string& card4, const std::string& before);

// What of `card4` card_of() has no word for, by name; empty: nothing.
[[nodiscard]] std::string not_converted(const std::string& card4);

}  // namespace aldis::ext
