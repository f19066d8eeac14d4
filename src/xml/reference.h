// References in text and attribute values (XML 1.0 section 4.1), and text with them decoded. Internal to this folder.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "xml/error.h"

namespace aldis::xml {

struct Reference {
  std::uint32_t code = 0;
  const char* end = nullptr;  // behind the semicolon
};

// The reference whose & is at `p`: one of lt gt amp apos quot, or a character reference to a legal Char. Another entity
// is restricted_xml: only a DTD could have declared it (RFC 6120 section 11.1).
[[nodiscard]] Result<Reference, XmlError> read_reference(const char* p, const char* end);

// Appends `raw`, which has been checked, with references replaced and line ends normalised (section 2.11); in an
// attribute value white space becomes spaces as well (section 3.3.3), in text CDATA sections are unwrapped.
void append_decoded_text(std::string& out, std::string_view raw);
void append_decoded_attribute(std::string& out, std::string_view raw);

}  // namespace aldis::xml
