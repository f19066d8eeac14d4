// What entity capabilities (XEP-0115) are computed from: the verification string of section 5.1.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "xml/element.h"

namespace aldis::ext {

// What is hashed, of a disco#info answer, `query`; nothing: it is ill-formed, as section 5.4 has it.
[[nodiscard]] std::optional<std::string> caps_text(const xml::Element& query);
// Base64 of the text's hash; `hash` is a name of the registry of hash functions. Nothing: it is none that is known here.
[[nodiscard]] std::optional<std::string> caps_hash(std::string_view hash, std::string_view text);
// Of what this server says itself: of SHA-1.
[[nodiscard]] std::string caps_verification_string(const xml::Element& query);

}  // namespace aldis::ext
