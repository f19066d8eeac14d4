// A stanza compared with an example of a specification. The example is XML that the stanza must hold: each of its elements, with
// these attributes and, where the example has some, this text; what the stanza has besides does not matter. In the example an
// attribute's * is any value that is not empty, - means that it must not be there, and a child <nothing-more/> that the element has no
// other children than those that are shown. The order of children is not looked at.
#pragma once
#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/ensure.h"
#include "xml/element.h"

namespace aldis::test {

inline std::unique_ptr<const xml::Document> parse_stanza(std::string_view text) {
  xml::Limits limits;
  limits.stanza_bytes = 4 * 1024 * 1024;
  limits.elements = 1'000'000;
  limits.attributes = 1'000'000;
  auto document = xml::parse(std::string(text), xml::Scope{"jabber:client", {{"stream", "http://etherx.jabber.org/streams"}}}, limits);
  return document.has_value() ? std::move(*document) : nullptr;
}

inline std::string trimmed(std::string text) {
  const auto is_space = [](char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; };
  while (!text.empty() && is_space(text.back())) {
    text.pop_back();
  }
  text.erase(text.begin(), std::ranges::find_if_not(text, is_space));
  return text;
}

inline bool matches(const xml::Element& element, const xml::Element& example) {
  if (!element.is(example.name())) {
    return false;
  }
  for (std::size_t i = 0; i < example.attribute_count(); ++i) {
    const xml::Attribute wanted = example.attribute_at(i);
    const auto found = element.attribute(wanted.name.local, wanted.name.ns);
    if (wanted.value == "-" ? found.has_value() : !found || (wanted.value == "*" ? found->empty() : *found != wanted.value)) {
      return false;
    }
  }
  if (example.has_text() && trimmed(element.text()) != trimmed(example.text())) {
    return false;
  }
  std::vector<xml::Element> rest;
  for (const xml::Element child : element.children()) {
    rest.push_back(child);
  }
  bool is_whole = false;
  for (const xml::Element wanted : example.children()) {
    if (wanted.local() == "nothing-more") {
      is_whole = true;
      continue;
    }
    const auto found = std::ranges::find_if(rest, [&](const xml::Element& child) { return matches(child, wanted); });
    if (found == rest.end()) {
      return false;
    }
    rest.erase(found);
  }
  return !is_whole || rest.empty();
}

// Nothing is like an example that is no XML: that would be the test's own mistake.
inline bool matches(std::string_view stanza, std::string_view example) {
  const auto wanted = parse_stanza(example);
  ensure(wanted != nullptr, "an example is XML");
  const auto document = parse_stanza(stanza);
  return document != nullptr && matches(document->root(), wanted->root());
}

// Values of this attribute of all elements of this name, wherever they stand, in document order; empty where it is absent.
inline void collect_values(const xml::Element& element, std::string_view local, std::string_view attribute, std::vector<std::string>& into) {
  if (element.local() == local) {
    into.emplace_back(element.attribute(attribute).value_or(""));
  }
  for (const xml::Element child : element.children()) {
    collect_values(child, local, attribute, into);
  }
}
inline std::vector<std::string> values_of(std::string_view stanza, std::string_view local, std::string_view attribute) {
  std::vector<std::string> values;
  if (const auto document = parse_stanza(stanza)) {
    collect_values(document->root(), local, attribute, values);
  }
  return values;
}
// Of the first; empty when there is none.
inline std::string value_of(std::string_view stanza, std::string_view local, std::string_view attribute) {
  const std::vector<std::string> values = values_of(stanza, local, attribute);
  return values.empty() ? std::string() : values.front();
}

// The values of a form's field, wherever the form stands in the stanza; false: there is no such field.
inline bool read_field(const xml::Element& element, std::string_view var, std::vector<std::string>& into) {
  if (element.local() == "field" && element.attribute("var") == var) {
    for (const xml::Element child : element.children()) {
      if (child.local() == "value") {
        into.push_back(child.text());
      }
    }
    return true;
  }
  for (const xml::Element child : element.children()) {
    if (read_field(child, var, into)) {
      return true;
    }
  }
  return false;
}
// One text, with | between values; "(none)": no such field.
inline std::string field_of(std::string_view stanza, std::string_view var) {
  const auto document = parse_stanza(stanza);
  std::vector<std::string> values;
  if (document == nullptr || !read_field(document->root(), var, values)) {
    return "(none)";
  }
  std::string all;
  for (const std::string& value : values) {
    all += (&value == &values.front() ? "" : "|") + value;
  }
  return all;
}

}  // namespace aldis::test
