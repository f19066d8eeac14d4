// The verification string of XEP-0115 section 5.1.
#pragma once
#include <string>

#include "xml/element.h"

namespace aldis::ext {

// Of a disco#info answer, `query`; base64 of its SHA-1.
[[nodiscard]] std::string caps_verification_string(const xml::Element& query);

}  // namespace aldis::ext
