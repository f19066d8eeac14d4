// Parser: one pass over a complete element (or a stream's header) into a Document's arena, without recursion. Internal to
// this folder: parse() and parse_stream_header() in element.h are its two doors.
//
// XML 1.0 without DTD, comments and processing instructions; Namespaces in XML 1.0. Every check that decides whether
// others can read the bytes is made here, whatever the Framer has seen before.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "xml/element.h"
#include "xml/inline_stack.h"
#include "xml/nodes.h"

namespace aldis::xml {

class Parser {
 public:
  Parser(std::string bytes, const Scope& scope, const Limits& limits);
  [[nodiscard]] Result<std::unique_ptr<const Document>, XmlError> element();
  [[nodiscard]] Result<std::unique_ptr<const Document>, XmlError> stream_header();

 private:
  using Name = Document::Name;
  using Span = Document::Span;
  using Node = Document::Node;
  using AttributeNode = Document::AttributeNode;

  struct OpenElement {
    std::uint32_t node;
    std::uint32_t default_ns;  // outside of it
    std::uint32_t bindings;    // in force outside of it
  };
  using Binding = Document::Declaration;

  // The reading functions return false after setting error_; p_ stands behind what they read.
  bool read_content();
  bool read_start_tag();
  bool read_end_tag();
  bool read_attributes(bool& is_empty);
  bool read_attribute();
  bool read_name(Name& name);
  bool read_name_part(std::uint16_t& length);
  bool read_value(Span& value);
  bool read_multibyte();
  bool read_markup_in_content();
  bool read_cdata();
  void close_element();

  bool declare(const Name& attribute, const Span& value);
  bool resolve_element(Node& node);
  bool resolve_attributes(const Node& node);
  bool resolve_prefix(const Name& name, std::uint32_t& ns);
  bool resolve_outer_prefix(std::string_view prefix, std::uint32_t& ns);
  [[nodiscard]] bool is_declared_here(std::string_view prefix) const;
  [[nodiscard]] std::uint32_t add_namespace(const Span& uri);
  [[nodiscard]] std::uint32_t intern(std::string_view uri);
  [[nodiscard]] std::string_view uri_of(std::uint32_t ns) const;

  bool refuse(XmlError error);
  bool refuse_here();  // the byte at p_ may not stand there
  void note_text(const char* begin, const char* end);
  bool skip_space();
  [[nodiscard]] std::uint32_t offset(const char* p) const { return static_cast<std::uint32_t>(p - begin_); }
  [[nodiscard]] std::string_view prefix_of(const Name& name) const { return {begin_ + name.begin, name.prefix_length}; }
  [[nodiscard]] std::string_view local_of(const Name& name) const {
    return {begin_ + name.local_begin(), name.local_length};
  }
  [[nodiscard]] std::unique_ptr<const Document> finish();

  std::unique_ptr<Document> document_;
  const Scope& scope_;
  const Limits& limits_;
  // The bytes end with a NUL (they are a std::string's), which may stand nowhere: reading *p_ is always allowed, and
  // going on behind it never.
  const char* begin_;
  const char* end_;
  const char* p_;
  XmlError error_ = XmlError::not_well_formed;
  std::uint32_t default_ns_ = no_namespace;
  std::size_t attributes_and_declarations_ = 0;  // of the start tag being read
  bool is_default_declared_ = false;             // in the start tag being read
  std::size_t bindings_outside_ = 0;             // of the start tag being read
  InlineStack<Node, 24> nodes_;
  InlineStack<AttributeNode, 32> attributes_;
  InlineStack<Span, 12> namespaces_;
  InlineStack<Binding, 8> bindings_;
  InlineStack<OpenElement, 16> open_;
  InlineStack<Binding, 4> root_declarations_;
  std::vector<std::uint32_t> outer_;  // of scope_.prefixes, their namespaces once used; no_namespace before
};

}  // namespace aldis::xml
