// See stanza_scanner.h.
#include "stanza_scanner.h"

namespace aldis::load {

std::size_t StanzaScanner::tag_end(std::string_view text, std::size_t begin) {
  char quote = 0;
  for (std::size_t i = begin + 1; i < text.size(); ++i) {
    const char c = text[i];
    if (quote != 0) {
      quote = c == quote ? '\0' : quote;
    } else if (c == '>') {
      return i;
    } else if (c == '\'' || c == '"') {
      quote = c;
    }
  }
  return std::string_view::npos;
}

std::string_view attribute_of(std::string_view stanza, std::string_view name) {
  char quote = 0;
  for (std::size_t i = 1; i < stanza.size(); ++i) {
    const char c = stanza[i];
    if (quote != 0) {
      quote = c == quote ? '\0' : quote;
    } else if (c == '\'' || c == '"') {
      quote = c;
    } else if (c == '>') {
      return {};
    } else if (c == ' ' && stanza.substr(i + 1, name.size()) == name) {
      const auto equals = i + 1 + name.size();
      if (equals + 1 < stanza.size() && stanza[equals] == '=') {
        const auto end = stanza.find(stanza[equals + 1], equals + 2);
        return end == std::string_view::npos ? std::string_view() : stanza.substr(equals + 2, end - equals - 2);
      }
    }
  }
  return {};
}

std::string_view text_of(std::string_view stanza, std::string_view name) {
  for (auto at = stanza.find(name); at != std::string_view::npos; at = stanza.find(name, at + 1)) {
    const auto end = at + name.size();
    if (at > 0 && stanza[at - 1] == '<' && end < stanza.size() && stanza[end] == '>') {
      return stanza.substr(end + 1, stanza.find('<', end) - end - 1);
    }
  }
  return {};
}

std::string_view text_of_first(std::string_view stanza) {
  const auto begin = stanza.find('>');
  const auto end = begin == std::string_view::npos ? begin : stanza.find('<', begin);
  return end == std::string_view::npos ? std::string_view() : stanza.substr(begin + 1, end - begin - 1);
}

std::string_view name_of(std::string_view stanza) {
  const auto end = stanza.find_first_of(" />", 1);
  return stanza.substr(1, end == std::string_view::npos ? end : end - 1);
}

}  // namespace aldis::load
