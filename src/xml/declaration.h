// The XML declaration (XML 1.0 section 2.8), the one thing with `<?` that a stream may hold. Internal to this folder.
#pragma once
#include <optional>
#include <string_view>

#include "xml/error.h"

namespace aldis::xml {

// Checks a complete declaration, `<?xml` to `?>`. Version 1.0 only; an encoding other than UTF-8 (in any case) is
// unsupported_encoding (RFC 6120 section 11.6); nothing when it is good.
[[nodiscard]] std::optional<XmlError> check_declaration(std::string_view bytes);

}  // namespace aldis::xml
