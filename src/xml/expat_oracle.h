// What expat makes of the same bytes: the oracle of xml's tests and fuzzers, never part of the server. Both readings are
// told as one string, so that equal strings mean equal trees.
#pragma once
#include <expat.h>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "xml/element.h"

namespace aldis::xml::oracle {

// Start "(", name, sorted attributes, children and text in order, ")". Names are local part, TAB, namespace; nothing
// a name may hold is a control character.
class Description {
 public:
  void start(const std::string& name, std::vector<std::string> attributes) {
    out_ += "(" + name;
    std::sort(attributes.begin(), attributes.end());
    for (const std::string& attribute : attributes) {
      out_ += "\x01" + attribute;
    }
    out_ += "\x02";
  }
  void text(std::string_view text) { out_ += text; }
  void end() { out_ += "\x03"; }
  [[nodiscard]] const std::string& told() const { return out_; }

  static std::string name(std::string_view local, std::string_view ns) {
    return std::string(local).append("\t").append(ns);
  }

 private:
  std::string out_;
};

inline void describe(const Element& root, Description& out) {
  // Text between the children is not told apart by Element; the whole direct text follows them. ExpatReader does the same.
  struct Open {
    Element element;
    Element::Iterator next;
  };
  std::vector<Open> open;
  const auto start = [&](const Element& element) {
    std::vector<std::string> attributes;
    for (std::size_t i = 0; i < element.attribute_count(); ++i) {
      const Attribute attribute = element.attribute_at(i);
      attributes.push_back(Description::name(attribute.name.local, attribute.name.ns) + "=" + std::string(attribute.value));
    }
    out.start(Description::name(element.local(), element.ns()), std::move(attributes));
    open.push_back({element, element.children().begin()});
  };
  start(root);
  while (!open.empty()) {
    Open& top = open.back();
    if (top.next != top.element.children().end()) {
      const Element child = *top.next;
      ++top.next;
      start(child);
      continue;
    }
    out.text(top.element.text());
    out.end();
    open.pop_back();
  }
}

inline std::string describe(const Element& root) {
  Description out;
  describe(root, out);
  return out.told();
}

class ExpatReader {
 public:
  // Separator of URI and local part in expat's names; expat refuses URIs that hold it.
  static constexpr char separator = '\n';

  ExpatReader() : parser_(XML_ParserCreateNS("UTF-8", separator)) {
    XML_SetUserData(parser_, this);
    XML_SetElementHandler(parser_, on_start, on_end);
    XML_SetCharacterDataHandler(parser_, on_text);
  }
  explicit ExpatReader(const ExpatReader&) = delete;
  ExpatReader& operator=(const ExpatReader&) = delete;
  ~ExpatReader() { XML_ParserFree(parser_); }

  bool feed(std::string_view bytes, bool is_final) {
    return XML_Parse(parser_, bytes.data(), static_cast<int>(bytes.size()), is_final ? 1 : 0) == XML_STATUS_OK;
  }
  [[nodiscard]] const std::string& told() const { return out_.told(); }
  [[nodiscard]] std::string why() const { return XML_ErrorString(XML_GetErrorCode(parser_)); }

 private:
  static std::string name_of(std::string_view expat_name) {
    const std::size_t at = expat_name.find(separator);
    return at == std::string_view::npos ? Description::name(expat_name, "")
                                        : Description::name(expat_name.substr(at + 1), expat_name.substr(0, at));
  }
  static void on_start(void* self, const char* name, const char** attributes) {
    auto& reader = *static_cast<ExpatReader*>(self);
    if (reader.texts_.empty()) {  // the stream's own element
      reader.texts_.emplace_back();
      return;
    }
    std::vector<std::string> all;
    for (; *attributes != nullptr; attributes += 2) {
      all.push_back(name_of(attributes[0]) + "=" + attributes[1]);
    }
    reader.out_.start(name_of(name), std::move(all));
    reader.texts_.emplace_back();
  }
  static void on_end(void* self, const char*) {
    auto& reader = *static_cast<ExpatReader*>(self);
    if (reader.texts_.size() > 1) {
      reader.out_.text(reader.texts_.back());
      reader.out_.end();
    }
    reader.texts_.pop_back();
  }
  static void on_text(void* self, const char* text, int length) {
    auto& reader = *static_cast<ExpatReader*>(self);
    if (!reader.texts_.empty()) {
      reader.texts_.back().append(text, static_cast<std::size_t>(length));
    }
  }

  XML_Parser parser_;
  Description out_;
  std::vector<std::string> texts_;
};

inline constexpr std::string_view stream_start =
    "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' xmlns:out='urn:out'>";
inline constexpr std::string_view stream_end = "</stream:stream>";

inline Scope stream_scope() {
  return {.default_ns = "jabber:client",
          .prefixes = {{"stream", "http://etherx.jabber.org/streams"}, {"out", "urn:out"}}};
}

// Expat's description of the one element that is the content of a stream; nothing when expat refuses it.
inline std::optional<std::string> read_with_expat(std::string_view bytes) {
  ExpatReader reader;
  if (!reader.feed(stream_start, false) || !reader.feed(bytes, false) || !reader.feed(stream_end, true)) {
    return std::nullopt;
  }
  return reader.told();
}

// What is wrong with our reading of `bytes`, given expat's; empty when nothing is.
inline std::string disagreement(const std::string& bytes) {
  static const Scope scope = stream_scope();
  const auto document = parse(bytes, scope);
  if (!document) {
    return {};
  }
  const auto expected = read_with_expat(bytes);
  if (!expected) {
    return "accepted, but expat refuses";
  }
  const std::string told = describe((*document)->root());
  return told == *expected ? std::string() : "read as " + told + " but by expat as " + *expected;
}

}  // namespace aldis::xml::oracle
