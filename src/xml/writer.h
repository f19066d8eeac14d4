// Writer: the only way the server writes XML. Appends to a string the caller owns; escapes text and attribute values on
// every path; characters XML forbids are a broken invariant (everything stored or received has been checked).
//   Writer w(out);
//   w.start("iq").attribute("type", "result").attribute("id", id);
//   w.start("query", ns::roster);            // xmlns written when it differs from the parent's
//   w.end().end();
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "xml/element.h"

namespace aldis::xml {

class Writer {
 public:
  // `default_ns` is the namespace in force where the first element will stand.
  explicit Writer(std::string& out, std::string_view default_ns = "jabber:client");

  Writer& start(std::string_view local, std::string_view ns = {});  // empty ns: the parent's
  Writer& attribute(std::string_view name, std::string_view value);  // after start() only; "xml:lang" allowed
  Writer& text(std::string_view text);
  Writer& end();
  // start + text + end.
  Writer& element(std::string_view local, std::string_view text, std::string_view ns = {});
  // A parsed element written anew, with the declarations it needs here.
  Writer& element(const Element& element);
  // Well-formed bytes that are known to fit here, as they are.
  Writer& raw(std::string_view xml);
  [[nodiscard]] std::size_t depth() const;

 private:
  // The implementation's members go here; no heap for shallow trees.
};

void append_escaped_text(std::string& out, std::string_view text);
void append_escaped_attribute(std::string& out, std::string_view value);  // for values quoted with '

}  // namespace aldis::xml
