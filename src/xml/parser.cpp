// Parser: tags and text; namespaces are in parser_namespaces.cpp.
#include "xml/parser.h"

#include <algorithm>
#include <cstring>

#include "base/ensure.h"
#include "xml/characters.h"
#include "xml/declaration.h"
#include "xml/reference.h"

namespace aldis::xml {

namespace {

constexpr std::size_t longest_document = 0x7FFF'FFFF;  // Span::length has 31 bits
constexpr std::size_t longest_name = 0xFFFF;
constexpr std::size_t most_attributes = 0xFFFF;
constexpr std::string_view streams_uri = "http://etherx.jabber.org/streams";

template <class T>
std::byte* copy_records(std::byte* place, const T* from, std::size_t count) {
  if (count > 0) {
    std::memcpy(place, from, count * sizeof(T));
  }
  return place + count * sizeof(T);
}

}  // namespace

Parser::Parser(std::string bytes, const Scope& scope, const Limits& limits)
    : document_(new Document(std::move(bytes))),
      scope_(scope),
      limits_(limits),
      begin_(document_->bytes_.data()),
      end_(begin_ + document_->bytes_.size()),
      p_(begin_) {
  if (!scope.default_ns.empty()) {
    default_ns_ = intern(scope.default_ns);
  }
}

Result<std::unique_ptr<const Document>, XmlError> Parser::element() {
  if (document_->bytes_.size() > std::min(limits_.stanza_bytes, longest_document)) {
    return fail(XmlError::too_big);
  }
  document_->is_self_contained_ = document_->bytes_.find('\r') == std::string::npos;
  if (*p_ != '<') {
    refuse_here();
    return fail(error_);
  }
  if (p_[1] == '!' || p_[1] == '?') {
    return fail(XmlError::restricted_xml);
  }
  if (!read_start_tag() || !read_content()) {
    return fail(error_);
  }
  if (p_ != end_) {
    refuse_here();
    return fail(error_);
  }
  return finish();
}

Result<std::unique_ptr<const Document>, XmlError> Parser::stream_header() {
  if (document_->bytes_.size() > std::min(limits_.stanza_bytes, longest_document)) {
    return fail(XmlError::too_big);
  }
  const std::string_view bytes = document_->bytes_;
  if (bytes.starts_with("<?")) {
    const std::size_t close = bytes.find("?>");
    if (close == std::string_view::npos) {
      return fail(XmlError::not_well_formed);
    }
    if (const auto error = check_declaration(bytes.substr(0, close + 2))) {
      return fail(*error);
    }
    p_ += close + 2;
    skip_space();
  }
  document_->is_self_contained_ = false;
  if (*p_ != '<') {
    refuse_here();
    return fail(error_);
  }
  if (p_[1] == '!' || p_[1] == '?') {
    return fail(XmlError::restricted_xml);
  }
  if (!read_start_tag()) {
    return fail(error_);
  }
  if (open_.empty() || p_ != end_) {  // <stream:stream/>, or something behind the header
    return fail(XmlError::not_well_formed);
  }
  if (const Node& root = nodes_[0]; uri_of(root.ns) == streams_uri && prefix_of(root.name) != "stream") {
    return fail(XmlError::bad_namespace_prefix);
  }
  nodes_[0].inner_end = offset(p_);
  close_element();
  return finish();
}

// Everything up to the root's end tag; p_ stands behind a start tag.
bool Parser::read_content() {
  while (!open_.empty()) {
    const char* const run = p_;
    p_ = skip_ordinary<'<', '&', ']'>(p_, end_);
    if (p_ != run) {
      note_text(run, p_);
    }
    switch (*p_) {
      case '<':
        if (!read_markup_in_content()) {
          return false;
        }
        break;
      case '&': {
        const auto reference = read_reference(p_, end_);
        if (!reference) {
          return refuse(reference.error());
        }
        if (reference->code > 0x20) {
          nodes_[open_.back().node].has_text = true;
        }
        p_ = reference->end;
        break;
      }
      case ']':
        if (p_[1] == ']' && p_[2] == '>') {  // section 2.4
          return refuse(XmlError::not_well_formed);
        }
        nodes_[open_.back().node].has_text = true;
        ++p_;
        break;
      default:
        if (is_space(*p_)) {
          ++p_;
        } else if (is_ascii(*p_)) {
          return refuse_here();
        } else {
          nodes_[open_.back().node].has_text = true;
          if (!read_multibyte()) {
            return false;
          }
        }
        break;
    }
  }
  return true;
}

bool Parser::read_markup_in_content() {
  switch (p_[1]) {
    case '/': return read_end_tag();
    case '?': return refuse(XmlError::restricted_xml);
    case '!': return p_[2] == '[' ? read_cdata() : refuse(XmlError::restricted_xml);
    default: return read_start_tag();
  }
}

bool Parser::read_start_tag() {
  if (open_.size() >= limits_.depth) {
    return refuse(XmlError::too_deep);
  }
  if (nodes_.size() >= limits_.elements) {
    return refuse(XmlError::too_many);
  }
  const auto index = static_cast<std::uint32_t>(nodes_.size());
  Node node{};
  node.begin = offset(p_);
  ++p_;
  if (!read_name(node.name)) {
    return false;
  }
  node.first_attribute = static_cast<std::uint32_t>(attributes_.size());
  open_.push({index, default_ns_, static_cast<std::uint32_t>(bindings_.size())});
  bool is_empty = false;
  if (!read_attributes(is_empty)) {
    return false;
  }
  node.attribute_count = static_cast<std::uint16_t>(attributes_.size() - node.first_attribute);
  node.inner_begin = offset(p_);
  if (!resolve_element(node) || !resolve_attributes(node)) {
    return false;
  }
  nodes_.push(node);
  if (is_empty) {
    nodes_.back().inner_end = node.inner_begin;
    close_element();
  }
  return true;
}

bool Parser::read_end_tag() {
  Node& node = nodes_[open_.back().node];
  node.inner_end = offset(p_);
  p_ += 2;
  const std::uint32_t length = node.name.length();
  if (static_cast<std::size_t>(end_ - p_) < length || std::memcmp(p_, begin_ + node.name.begin, length) != 0) {
    return refuse(XmlError::not_well_formed);
  }
  p_ += length;
  skip_space();
  if (*p_ != '>') {
    return refuse_here();
  }
  ++p_;
  close_element();
  return true;
}

void Parser::close_element() {
  const OpenElement& closed = open_.back();
  Node& node = nodes_[closed.node];
  node.end = offset(p_);
  node.subtree_end = static_cast<std::uint32_t>(nodes_.size());
  default_ns_ = closed.default_ns;
  bindings_.truncate(closed.bindings);
  open_.pop();
}

bool Parser::read_attributes(bool& is_empty) {
  attributes_and_declarations_ = 0;
  is_default_declared_ = false;
  bindings_outside_ = bindings_.size();
  for (;;) {
    const bool is_separated = skip_space();
    if (*p_ == '>') {
      ++p_;
      return true;
    }
    if (*p_ == '/') {
      ++p_;
      if (*p_ != '>') {
        return refuse_here();
      }
      ++p_;
      is_empty = true;
      return true;
    }
    if (!is_separated) {
      return refuse_here();
    }
    if (++attributes_and_declarations_ > std::min(limits_.attributes, most_attributes)) {
      return refuse(XmlError::too_many);
    }
    if (!read_attribute()) {
      return false;
    }
  }
}

bool Parser::read_attribute() {
  AttributeNode attribute{};
  if (!read_name(attribute.name)) {
    return false;
  }
  skip_space();
  if (*p_ != '=') {
    return refuse_here();
  }
  ++p_;
  skip_space();
  if (!read_value(attribute.value)) {
    return false;
  }
  const std::string_view declares = attribute.name.prefix_length == 0 ? local_of(attribute.name) : prefix_of(attribute.name);
  if (declares == "xmlns") {
    return declare(attribute.name, attribute.value);
  }
  attributes_.push(attribute);
  return true;
}

bool Parser::read_name(Name& name) {
  name.begin = offset(p_);
  name.prefix_length = 0;
  if (!read_name_part(name.local_length)) {
    return false;
  }
  if (*p_ == ':') {
    ++p_;
    name.prefix_length = name.local_length;
    if (!read_name_part(name.local_length)) {
      return false;
    }
    if (*p_ == ':') {
      return refuse(XmlError::bad_namespace);
    }
  }
  return name.length() <= std::min(limits_.name_bytes, longest_name) || refuse(XmlError::too_many);
}

// An NCName (Namespaces in XML 1.0, production 4).
bool Parser::read_name_part(std::uint16_t& length) {
  const char* const from = p_;
  if ((char_class(*p_) & char_name_start) != 0) {
    ++p_;
  } else {
    const DecodedChar decoded = decode_multibyte(p_, end_);
    if (decoded.length == 0 || !is_name_start(decoded.code)) {
      return *p_ == ':' ? refuse(XmlError::bad_namespace) : refuse_here();
    }
    p_ += decoded.length;
  }
  for (;;) {
    while ((char_class(*p_) & char_name) != 0) {
      ++p_;
    }
    if (is_ascii(*p_)) {
      break;
    }
    const DecodedChar decoded = decode_multibyte(p_, end_);
    if (decoded.length == 0 || !is_name_char(decoded.code)) {
      return refuse_here();
    }
    p_ += decoded.length;
  }
  if (static_cast<std::size_t>(p_ - from) > std::min(limits_.name_bytes, longest_name)) {
    return refuse(XmlError::too_many);
  }
  length = static_cast<std::uint16_t>(p_ - from);
  return true;
}

bool Parser::read_value(Span& value) {
  const char quote = *p_;
  if (quote != '\'' && quote != '"') {
    return refuse_here();
  }
  ++p_;
  const char* const from = p_;
  bool is_literal = true;
  for (;;) {
    p_ = quote == '"' ? skip_ordinary<'"', '<', '&'>(p_, end_) : skip_ordinary<'\'', '<', '&'>(p_, end_);
    if (*p_ == quote) {
      break;
    }
    if (*p_ == '&') {
      const auto reference = read_reference(p_, end_);
      if (!reference) {
        return refuse(reference.error());
      }
      p_ = reference->end;
      is_literal = false;
    } else if (is_space(*p_)) {
      ++p_;
      is_literal = false;
    } else if (is_ascii(*p_)) {
      return refuse_here();  // < is allowed in no value (section 3.1)
    } else if (!read_multibyte()) {
      return false;
    }
  }
  const std::string_view raw(from, static_cast<std::size_t>(p_ - from));
  ++p_;
  if (is_literal) {
    value = {offset(from), static_cast<std::uint32_t>(raw.size()) & 0x7FFF'FFFFU, 0};
    return true;
  }
  std::string& decoded = document_->decoded_;
  const std::size_t begin = decoded.size();
  append_decoded_attribute(decoded, raw);
  value = {static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(decoded.size() - begin) & 0x7FFF'FFFFU, 1};
  return true;
}

bool Parser::read_cdata() {
  constexpr std::string_view start = "<![CDATA[";
  const std::string_view rest(p_, static_cast<std::size_t>(end_ - p_));
  if (!rest.starts_with(start)) {
    p_ += 3;
    return refuse_here();
  }
  document_->is_self_contained_ = false;
  p_ += start.size();
  for (;;) {
    const char* const run = p_;
    p_ = skip_ordinary<']'>(p_, end_);
    note_text(run, p_);
    if (*p_ == ']') {
      if (p_[1] == ']' && p_[2] == '>') {
        p_ += 3;
        return true;
      }
      nodes_[open_.back().node].has_text = true;
      ++p_;
    } else if (is_space(*p_)) {
      ++p_;
    } else if (is_ascii(*p_)) {
      return refuse_here();
    } else {
      nodes_[open_.back().node].has_text = true;
      if (!read_multibyte()) {
        return false;
      }
    }
  }
}

bool Parser::read_multibyte() {
  const char* const from = p_;
  p_ = skip_multibyte(p_, end_);
  return p_ != from || refuse(XmlError::bad_encoding);
}

bool Parser::skip_space() {
  const char* const from = p_;
  while (is_space(*p_)) {
    ++p_;
  }
  return p_ != from;
}

void Parser::note_text(const char* begin, const char* end) {
  bool& has_text = nodes_[open_.back().node].has_text;
  has_text = has_text || std::any_of(begin, end, [](char c) { return c != ' '; });  // other white space is no ordinary byte
}

bool Parser::refuse(XmlError error) {
  error_ = error;
  return false;
}

bool Parser::refuse_here() {
  if (p_ == end_) {
    return refuse(XmlError::not_well_formed);
  }
  const bool is_broken = !is_ascii(*p_) && decode_multibyte(p_, end_).length == 0;
  return refuse(is_broken ? XmlError::bad_encoding : misplaced(*p_));
}

std::unique_ptr<const Document> Parser::finish() {
  Document& document = *document_;
  document.node_count_ = static_cast<std::uint32_t>(nodes_.size());
  document.attribute_count_ = static_cast<std::uint32_t>(attributes_.size());
  document.namespace_count_ = static_cast<std::uint32_t>(namespaces_.size());
  document.declaration_count_ = static_cast<std::uint32_t>(root_declarations_.size());
  document.arena_ = std::make_unique_for_overwrite<std::byte[]>(document.arena_bytes());
  std::byte* place = document.arena_.get();
  place = copy_records(place, nodes_.data(), nodes_.size());
  place = copy_records(place, attributes_.data(), attributes_.size());
  place = copy_records(place, namespaces_.data(), namespaces_.size());
  copy_records(place, root_declarations_.data(), root_declarations_.size());
  return std::move(document_);
}

Result<std::unique_ptr<const Document>, XmlError> parse(std::string bytes, const Scope& scope, const Limits& limits) {
  return Parser(std::move(bytes), scope, limits).element();
}

Result<std::unique_ptr<const Document>, XmlError> parse_stream_header(std::string_view bytes, const Limits& limits) {
  const Scope nothing;
  return Parser(std::string(bytes), nothing, limits).stream_header();
}

}  // namespace aldis::xml
