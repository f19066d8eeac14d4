// Parser, namespaces: declarations, and what prefixes stand for (Namespaces in XML 1.0, third edition). Names are
// compared as pairs, never joined with a separator, so that no byte in a URI can move the border between the two.
#include <algorithm>

#include "xml/characters.h"
#include "xml/parser.h"

namespace aldis::xml {

namespace {

// A peer may nest declarations so that thousands are in force, and look up the outermost again and again: the walk over
// them is bounded by this. Ordinary stanzas have none or one.
constexpr std::size_t most_bindings = 256;

// What no URI holds is refused: some parser might take it for a separator or an end.
bool is_uri_byte(char c) { return (char_class(c) & char_uri) != 0; }

}  // namespace

bool Parser::declare(const Name& attribute, const Span& value) {
  const std::string_view uri = document_->view(value);
  const bool is_default = attribute.prefix_length == 0;
  const std::string_view prefix = is_default ? std::string_view() : local_of(attribute);
  if (!std::all_of(uri.begin(), uri.end(), is_uri_byte)) {
    return refuse(XmlError::bad_namespace);
  }
  // Section 3, reserved prefixes and namespace names; section 2.2, no prefix is undeclared.
  const bool is_xml = prefix == "xml";
  if (prefix == "xmlns" || uri == xmlns_uri || is_xml != (uri == xml_uri) || (!is_default && uri.empty())) {
    return refuse(XmlError::bad_namespace);
  }
  if (is_default ? is_default_declared_ : is_declared_here(prefix)) {
    return refuse(XmlError::bad_namespace);
  }
  if (!is_default && bindings_.size() >= most_bindings) {
    return refuse(XmlError::too_many);
  }
  const std::uint32_t ns = uri.empty() ? no_namespace : is_xml ? xml_namespace : add_namespace(value);
  Binding binding{attribute, ns};
  if (is_default) {
    is_default_declared_ = true;
    default_ns_ = ns;
    binding.name.local_length = 0;
  } else {
    bindings_.push(binding);
  }
  if (nodes_.empty()) {
    root_declarations_.push(binding);
  }
  return true;
}

bool Parser::is_declared_here(std::string_view prefix) const {
  for (std::size_t i = bindings_outside_; i < bindings_.size(); ++i) {
    if (local_of(bindings_[i].name) == prefix) {
      return true;
    }
  }
  return false;
}

bool Parser::resolve_element(Node& node) {
  if (node.name.prefix_length == 0) {
    node.ns = default_ns_;
    return true;
  }
  return resolve_prefix(node.name, node.ns);
}

bool Parser::resolve_attributes(const Node& node) {
  for (std::size_t i = node.first_attribute; i < attributes_.size(); ++i) {
    AttributeNode& attribute = attributes_[i];
    if (attribute.name.prefix_length != 0 && !resolve_prefix(attribute.name, attribute.ns)) {
      return false;
    }
    const std::string_view local = local_of(attribute.name);
    for (std::size_t j = node.first_attribute; j < i; ++j) {
      const AttributeNode& other = attributes_[j];
      if (other.name.local_length == attribute.name.local_length && local_of(other.name) == local &&
          (other.ns == attribute.ns || uri_of(other.ns) == uri_of(attribute.ns))) {
        return refuse(XmlError::bad_namespace);  // section 6.3
      }
    }
  }
  return true;
}

bool Parser::resolve_prefix(const Name& name, std::uint32_t& ns) {
  const std::string_view prefix = prefix_of(name);
  for (std::size_t i = bindings_.size(); i-- > 0;) {
    if (local_of(bindings_[i].name) == prefix) {
      ns = bindings_[i].ns;
      return true;
    }
  }
  if (prefix == "xml") {
    ns = xml_namespace;
    return true;
  }
  return resolve_outer_prefix(prefix, ns);
}

bool Parser::resolve_outer_prefix(std::string_view prefix, std::uint32_t& ns) {
  const auto& outer = scope_.prefixes;
  const auto found = std::find_if(outer.rbegin(), outer.rend(), [prefix](const auto& pair) { return pair.first == prefix; });
  if (found == outer.rend()) {
    return refuse(XmlError::bad_namespace);
  }
  document_->is_self_contained_ = false;
  outer_.resize(outer.size(), no_namespace);
  std::uint32_t& known = outer_[static_cast<std::size_t>(found - outer.rbegin())];
  if (known == no_namespace) {
    known = intern(found->second);
  }
  ns = known;
  return true;
}

std::uint32_t Parser::add_namespace(const Span& uri) {
  namespaces_.push(uri);
  return first_namespace + static_cast<std::uint32_t>(namespaces_.size() - 1);
}

std::uint32_t Parser::intern(std::string_view uri) {
  std::string& decoded = document_->decoded_;
  const auto begin = static_cast<std::uint32_t>(decoded.size());
  decoded.append(uri);
  return add_namespace({begin, static_cast<std::uint32_t>(uri.size()) & 0x7FFF'FFFFU, 1});
}

std::string_view Parser::uri_of(std::uint32_t ns) const {
  if (ns < first_namespace) {
    return ns == xml_namespace ? xml_uri : std::string_view();
  }
  return document_->view(namespaces_[ns - first_namespace]);
}

}  // namespace aldis::xml
