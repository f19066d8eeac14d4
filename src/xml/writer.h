// Writer: the only way the server writes XML. Appends to a string the caller owns; escapes text and attribute values on
// every path; characters XML forbids are a broken invariant (everything stored or received has been checked).
//   Writer w(out);
//   w.start("iq").attribute("type", "result").attribute("id", id);
//   w.start("query", ns::roster);            // xmlns written when it differs from the parent's
//   w.end().end();
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "xml/element.h"
#include "xml/inline_stack.h"

namespace aldis::xml {

class Writer {
 public:
  // `default_ns` is the namespace in force where the first element will stand; it must outlive the Writer. While a
  // Writer lives, `out` may grow behind it but what it has written stays where it is.
  explicit Writer(std::string& out, std::string_view default_ns = "jabber:client");

  Writer& start(std::string_view local, std::string_view ns = {});  // empty ns: the parent's
  // Right after start() only. `name` has no prefix but "xml:", and is no declaration.
  Writer& attribute(std::string_view name, std::string_view value);
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
  // A part of out_; names are kept as they were written, so that a Writer holds nothing of its callers'.
  struct Part {
    std::size_t begin = 0;
    std::size_t length = 0;
  };
  struct OpenElement {
    Part name;
    Part default_ns;  // inside it, escaped; of length `outer` when it is default_ns_
  };

  Writer& start_in(std::string_view local, std::string_view ns);
  Writer& start_as_parent(std::string_view local);
  void begin_tag(std::string_view local, Part default_ns);
  void end_start_tag();
  void write_attributes(const Element& element);
  [[nodiscard]] bool is_default_ns(std::string_view ns) const;

  std::string& out_;
  std::string_view default_ns_;
  InlineStack<OpenElement, 8> open_;
  bool in_start_tag_ = false;
};

// Appends `text` so that any parser reads exactly it back: < > & as entities, CR as a reference (it would become LF).
void append_escaped_text(std::string& out, std::string_view text);
// The same between either kind of quotes: quotes are escaped too, TAB and LF are references (they would become spaces).
void append_escaped_attribute(std::string& out, std::string_view value);

}  // namespace aldis::xml
