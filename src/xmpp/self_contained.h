// Start tags as bytes, and how a stanza that leans on its stream header is made to stand alone. Both read only bytes that
// xml::parse has accepted, and never resolve a namespace.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "xml/element.h"

namespace aldis {

// Walks the attributes and declarations of the start tag that well-formed bytes begin with.
class StartTagReader {
 public:
  struct Entry {
    std::string_view name;   // qualified, as it stands
    std::string_view value;  // between the quotes, not decoded
    std::string_view bytes;  // all of it, the white space before it included
  };
  explicit StartTagReader(std::string_view element);
  [[nodiscard]] std::string_view name() const { return name_; }  // the element's, qualified
  [[nodiscard]] std::optional<Entry> next();

 private:
  std::string_view rest_;
  std::string_view name_;
};

// The element with the scope's prefixes it uses declared on its start tag, CDATA sections as escaped text and line ends
// normalised; apart from the declarations at most five times as long. Nothing if the URIs of those prefixes have more than 1024 bytes together: every stanza of the stream
// would carry them to its recipients.
[[nodiscard]] std::optional<std::string> self_contained(std::string_view element, const xml::Scope& scope);

}  // namespace aldis
