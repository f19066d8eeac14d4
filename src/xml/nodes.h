// The arena of a Document: plain records in document order that point into the document's bytes by offset. Internal to
// this folder. One block holds all four kinds, so a document costs two allocations besides its bytes.
#pragma once
#include <cstdint>
#include <string_view>

#include "xml/element.h"

namespace aldis::xml {

inline constexpr std::string_view xml_uri = "http://www.w3.org/XML/1998/namespace";
inline constexpr std::string_view xmlns_uri = "http://www.w3.org/2000/xmlns/";

// Indexes of namespaces every document has; those of its own follow.
inline constexpr std::uint32_t no_namespace = 0;
inline constexpr std::uint32_t xml_namespace = 1;
inline constexpr std::uint32_t first_namespace = 2;

// Characters in the document's bytes, or in its decoded text where the bytes said it differently.
struct Document::Span {
  std::uint32_t begin;
  std::uint32_t length : 31;
  std::uint32_t is_decoded : 1;
};

struct Document::Name {
  std::uint32_t begin;          // of the name as written, prefix included
  std::uint16_t prefix_length;  // 0: no prefix, and no colon
  std::uint16_t local_length;
  [[nodiscard]] std::uint32_t local_begin() const { return begin + prefix_length + (prefix_length == 0 ? 0U : 1U); }
  [[nodiscard]] std::uint32_t length() const { return local_begin() - begin + local_length; }
};

// An element. The nodes below it follow it, up to `subtree_end`; so a node's next sibling is at its subtree_end.
struct Document::Node {
  Name name;
  std::uint32_t ns;
  std::uint32_t begin;        // of the start tag
  std::uint32_t inner_begin;  // behind the start tag
  std::uint32_t inner_end;    // at the end tag
  std::uint32_t end;          // behind the end tag
  std::uint32_t subtree_end;
  std::uint32_t first_attribute;
  std::uint16_t attribute_count;
  bool has_text;
};

struct Document::AttributeNode {
  Name name;
  std::uint32_t ns;
  Span value;
};

// A namespace declaration of the root, in force inside it.
struct Document::Declaration {
  Name name;  // the prefix is its local part; none for the default namespace
  std::uint32_t ns;
};

}  // namespace aldis::xml
