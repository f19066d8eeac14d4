// Document and Element: reading the arena. Nothing here recurses, and nothing but text() allocates.
#include "xml/element.h"

#include <algorithm>

#include "base/ensure.h"
#include "xml/characters.h"
#include "xml/nodes.h"
#include "xml/reference.h"

namespace aldis::xml {

namespace {

template <class T>
const T* records(const std::byte* place) {
  return reinterpret_cast<const T*>(place);  // Parser copied them there
}

}  // namespace

const Document::Node& Document::node(std::uint32_t index) const { return records<Node>(arena_.get())[index]; }

const Document::AttributeNode& Document::attribute(std::uint32_t index) const {
  return records<AttributeNode>(arena_.get() + node_count_ * sizeof(Node))[index];
}

std::string_view Document::namespace_uri(std::uint32_t index) const {
  if (index < first_namespace) {
    return index == xml_namespace ? xml_uri : std::string_view();
  }
  const auto* spans = records<Span>(arena_.get() + node_count_ * sizeof(Node) +
                                    attribute_count_ * sizeof(AttributeNode));
  return view(spans[index - first_namespace]);
}

bool Document::names_namespace(std::string_view uri) const {
  for (std::uint32_t i = 0; i < namespace_count_; ++i) {
    if (namespace_uri(first_namespace + i) == uri) {
      return true;
    }
  }
  return false;
}

std::string_view Document::view(const Span& span) const {
  return {(span.is_decoded != 0 ? decoded_ : bytes_).data() + span.begin, span.length};
}

std::string_view Document::local(const Name& name) const {
  return {bytes_.data() + name.local_begin(), name.local_length};
}

std::size_t Document::arena_bytes() const {
  return node_count_ * sizeof(Node) + attribute_count_ * sizeof(AttributeNode) + namespace_count_ * sizeof(Span) +
         declaration_count_ * sizeof(Declaration);
}

Element Document::root() const { return Element(this, 0); }
std::string_view Document::bytes() const { return bytes_; }
bool Document::is_self_contained() const { return is_self_contained_; }

Scope Document::root_scope() const {
  Scope scope;
  const auto* declarations = records<Declaration>(arena_.get() + arena_bytes() - declaration_count_ * sizeof(Declaration));
  for (std::uint32_t i = 0; i < declaration_count_; ++i) {
    if (declarations[i].name.local_length == 0) {
      scope.default_ns = namespace_uri(declarations[i].ns);
    } else {
      scope.prefixes.emplace_back(local(declarations[i].name), namespace_uri(declarations[i].ns));
    }
  }
  return scope;
}

std::size_t Document::memory() const {
  const auto heap_of = [](const std::string& text) {
    return text.capacity() > std::string().capacity() ? text.capacity() + 1 : 0;
  };
  return sizeof(*this) + heap_of(bytes_) + heap_of(decoded_) + arena_bytes();
}

XmlName Element::name() const {
  const Document::Node& node = document_->node(node_);
  return {document_->local(node.name), document_->namespace_uri(node.ns)};
}

std::optional<std::string_view> Element::attribute(std::string_view local, std::string_view ns) const {
  const Document::Node& node = document_->node(node_);
  for (std::uint32_t i = 0; i < node.attribute_count; ++i) {
    const Document::AttributeNode& attribute = document_->attribute(node.first_attribute + i);
    if (document_->local(attribute.name) == local && document_->namespace_uri(attribute.ns) == ns) {
      return document_->view(attribute.value);
    }
  }
  return std::nullopt;
}

std::size_t Element::attribute_count() const { return document_->node(node_).attribute_count; }

Attribute Element::attribute_at(std::size_t index) const {
  const Document::Node& node = document_->node(node_);
  ensure(index < node.attribute_count, "attribute_at beyond the last attribute");
  const Document::AttributeNode& attribute =
      document_->attribute(node.first_attribute + static_cast<std::uint32_t>(index));
  return {{document_->local(attribute.name), document_->namespace_uri(attribute.ns)}, document_->view(attribute.value)};
}

std::optional<std::string_view> Element::lang() const { return attribute("lang", xml_uri); }

Element::Iterator& Element::Iterator::operator++() {
  node_ = document_->node(node_).subtree_end;
  return *this;
}

Element::Range Element::children() const {
  return {Iterator(document_, node_ + 1), Iterator(document_, document_->node(node_).subtree_end)};
}

std::optional<Element> Element::child(XmlName name) const {
  for (const Element child : children()) {
    if (child.is(name)) {
      return child;
    }
  }
  return std::nullopt;
}

std::optional<Element> Element::first_child() const {
  const Range range = children();
  return range.empty() ? std::nullopt : std::optional(*range.begin());
}

std::size_t Element::child_count() const {
  const Range range = children();
  std::size_t count = 0;
  for (Iterator child = range.begin(); child != range.end(); ++child) {
    ++count;
  }
  return count;
}

bool Element::has_text() const { return document_->node(node_).has_text; }

std::string Element::text() const {
  const Document::Node& node = document_->node(node_);
  const std::string_view bytes = document_->bytes_;
  std::string text;
  std::uint32_t from = node.inner_begin;
  for (const Element child : children()) {
    const Document::Node& below = document_->node(child.node_);
    append_decoded_text(text, bytes.substr(from, below.begin - from));
    from = below.end;
  }
  append_decoded_text(text, bytes.substr(from, node.inner_end - from));
  return text;
}

std::string_view Element::outer_bytes() const {
  const Document::Node& node = document_->node(node_);
  return document_->bytes().substr(node.begin, node.end - node.begin);
}

std::string_view Element::inner_bytes() const {
  const Document::Node& node = document_->node(node_);
  return document_->bytes().substr(node.inner_begin, node.inner_end - node.inner_begin);
}

}  // namespace aldis::xml
