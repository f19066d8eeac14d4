// The slow way of preparing one part of an address, for text that jid.cpp's ASCII tables do not settle. Only jid.cpp
// calls these; lengths are its business.
#pragma once
#include <string>
#include <string_view>

#include "base/result.h"
#include "xmpp/jid.h"

namespace aldis::jid_parts {

// A domainpart with non-ASCII code points, A-labels, an IP literal, or an error; without the final dot, not empty.
[[nodiscard]] Result<std::string, JidError> prepare_unusual_domain(std::string_view text);
// The A-labels of a prepared domain with non-ASCII code points.
[[nodiscard]] Result<std::string, JidError> unusual_domain_to_ascii(std::string_view domain);

}  // namespace aldis::jid_parts
