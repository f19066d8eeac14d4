// Document and Element: one parsed, complete, namespace-well-formed element. A Document owns the bytes it was parsed from
// and an arena of nodes that are views on those bytes; an Element is a cheap handle into it (two words), valid as long as
// the Document lives at the same place on the heap (Documents are held by pointer).
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "xml/error.h"
#include "xml/limits.h"
#include "xml/name.h"

namespace aldis::xml {

class Document;

struct Attribute {
  XmlName name;            // ns is empty for an attribute without a prefix; declarations (xmlns) are not attributes here
  std::string_view value;  // decoded
};

class Element {
 public:
  [[nodiscard]] XmlName name() const;
  [[nodiscard]] std::string_view local() const { return name().local; }
  [[nodiscard]] std::string_view ns() const { return name().ns; }
  [[nodiscard]] bool is(XmlName wanted) const { return name() == wanted; }

  // The value of the attribute without a namespace, or in `ns`; nothing when absent.
  [[nodiscard]] std::optional<std::string_view> attribute(std::string_view local, std::string_view ns = {}) const;
  [[nodiscard]] std::size_t attribute_count() const;
  [[nodiscard]] Attribute attribute_at(std::size_t index) const;
  // xml:lang of this element itself.
  [[nodiscard]] std::optional<std::string_view> lang() const;

  // Children that are elements, in document order:
  //   for (xml::Element child : element.children()) ...
  class Iterator;
  struct Range;
  [[nodiscard]] Range children() const;
  [[nodiscard]] std::optional<Element> child(XmlName name) const;        // the first of that name
  [[nodiscard]] std::optional<Element> first_child() const;              // the first element child
  [[nodiscard]] std::size_t child_count() const;                         // element children
  [[nodiscard]] bool has_text() const;                                   // any character data that is not white space
  [[nodiscard]] std::string text() const;                                // direct character data, concatenated, decoded

  // Bytes as they came, start tag to end tag; meaningful on their own only if Document::is_self_contained().
  [[nodiscard]] std::string_view outer_bytes() const;
  // Bytes between the start tag and the end tag as they came; empty for an empty element.
  [[nodiscard]] std::string_view inner_bytes() const;

 private:
  friend class Document;
  friend class Writer;
  Element(const Document* document, std::uint32_t node) : document_(document), node_(node) {}
  const Document* document_;
  std::uint32_t node_;
};

// The default namespace and the prefixes in force where the element stands, taken from a stream header.
struct Scope {
  std::string default_ns;                                       // "jabber:client" or "jabber:server"
  std::vector<std::pair<std::string, std::string>> prefixes{};  // prefix, URI; usually just "stream"
};

class Document {
 public:
  Document(const Document&) = delete;
  Document& operator=(const Document&) = delete;
  ~Document() = default;

  [[nodiscard]] Element root() const;
  [[nodiscard]] std::string_view bytes() const;
  // True when the bytes can be copied to another stream of the same default namespace as they are: no prefix declared
  // outside, no CDATA, no XML declaration, no CR (whose normalisation not every parser does alike).
  [[nodiscard]] bool is_self_contained() const;
  // What the root's own start tag declares: after parse_stream_header, the scope of the stream's stanzas. default_ns is
  // empty when it declares none.
  [[nodiscard]] Scope root_scope() const;
  // Whether a namespace of this name is in it anywhere; false: no element or attribute is in that namespace.
  [[nodiscard]] bool names_namespace(std::string_view uri) const;
  // Heap bytes held, for memory accounting.
  [[nodiscard]] std::size_t memory() const;

 private:
  friend class Element;
  friend class Writer;
  friend class Parser;
  struct Span;
  struct Name;
  struct Node;
  struct AttributeNode;
  struct Declaration;

  explicit Document(std::string bytes) : bytes_(std::move(bytes)) {}
  [[nodiscard]] const Node& node(std::uint32_t index) const;
  [[nodiscard]] const AttributeNode& attribute(std::uint32_t index) const;
  [[nodiscard]] std::string_view namespace_uri(std::uint32_t index) const;
  [[nodiscard]] std::string_view view(const Span& span) const;
  [[nodiscard]] std::string_view local(const Name& name) const;
  [[nodiscard]] std::size_t arena_bytes() const;

  std::string bytes_;
  std::string decoded_;                  // what bytes_ say only in other words
  std::unique_ptr<std::byte[]> arena_;   // nodes, then attributes, namespaces and the root's declarations
  std::uint32_t node_count_ = 0;
  std::uint32_t attribute_count_ = 0;
  std::uint32_t namespace_count_ = 0;
  std::uint32_t declaration_count_ = 0;
  bool is_self_contained_ = true;
};

class Element::Iterator {
 public:
  using value_type = Element;
  using difference_type = std::ptrdiff_t;
  [[nodiscard]] Element operator*() const { return Element(document_, node_); }
  Iterator& operator++();
  Iterator operator++(int) {
    Iterator before = *this;
    ++*this;
    return before;
  }
  friend bool operator==(const Iterator&, const Iterator&) = default;

 private:
  friend class Element;
  Iterator(const Document* document, std::uint32_t node) : document_(document), node_(node) {}
  const Document* document_;
  std::uint32_t node_;
};

struct Element::Range {
  Iterator first;
  Iterator last;
  [[nodiscard]] Iterator begin() const { return first; }
  [[nodiscard]] Iterator end() const { return last; }
  [[nodiscard]] bool empty() const { return first == last; }
};

// Parses exactly one element (strictly: well-formed, namespace-well-formed, no DTD, PI, comment, nothing around it).
// Line ends and attribute values are normalised as XML 1.0 sections 2.11 and 3.3.3 say when decoded.
// Besides Limits, 256 prefix declarations may be in force at one place (too_many), and a namespace name holds only what a
// URI may (RFC 3986): some parsers take white space, | or } for the end of the name (bad_namespace).
[[nodiscard]] Result<std::unique_ptr<const Document>, XmlError> parse(std::string bytes, const Scope& scope = {},
                                                                      const Limits& limits = {});

// The attributes and declarations of a stream header's start tag (which has no end tag of its own), with or without an
// XML declaration before it; the result's root is the header as an empty element. A header in the streams namespace with a
// prefix other than "stream" is bad_namespace_prefix (RFC 6120 section 4.8.5).
[[nodiscard]] Result<std::unique_ptr<const Document>, XmlError> parse_stream_header(std::string_view bytes,
                                                                                    const Limits& limits = {});

}  // namespace aldis::xml
