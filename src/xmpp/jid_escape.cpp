// XEP-0106 (1.1) JID escaping: the ten characters a localpart may not hold, and the backslash where it would be read as
// an escape.
#include <array>
#include <optional>
#include <utility>

#include "xmpp/jid.h"

namespace aldis {
namespace {

constexpr std::size_t escape_size = 3;

constexpr std::array<std::pair<char, std::string_view>, 10> escapes{{{' ', "\\20"}, {'"', "\\22"}, {'&', "\\26"}, {'\'', "\\27"},
                                                                     {'/', "\\2f"}, {':', "\\3a"}, {'<', "\\3c"}, {'>', "\\3e"},
                                                                     {'@', "\\40"}, {'\\', "\\5c"}}};

std::optional<char> unescaped(std::string_view sequence) {
  for (const auto& [character, escape] : escapes) {
    if (sequence == escape) return character;
  }
  return std::nullopt;
}

std::optional<std::string_view> escaped(char character) {
  for (const auto& [known, escape] : escapes) {
    if (known == character) return escape;
  }
  return std::nullopt;
}

// Whether text at `at` is an escape, or becomes one when the localpart is brought to lower case.
bool reads_as_escape(std::string_view text, std::size_t at) {
  std::string sequence(text.substr(at, escape_size));
  for (char& c : sequence) {
    if (c >= 'A' && c <= 'F') c = static_cast<char>(c | 0x20);
  }
  return unescaped(sequence).has_value();
}

}  // namespace

std::string escape_local(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool is_literal_backslash = text[i] == '\\' && !reads_as_escape(text, i);
    // Section 4.2: \20 must not begin or end a localpart. Such a space stays, and preparing the localpart refuses it.
    const bool is_outer_space = text[i] == ' ' && (i == 0 || i + 1 == text.size());
    const std::optional<std::string_view> escape = escaped(text[i]);
    if (escape && !is_literal_backslash && !is_outer_space) {
      out.append(*escape);
    } else {
      out.push_back(text[i]);
    }
  }
  return out;
}

std::string unescape_local(std::string_view local) {
  std::string out;
  out.reserve(local.size());
  std::size_t i = 0;
  while (i < local.size()) {
    const std::optional<char> character = unescaped(local.substr(i, escape_size));
    const bool is_outer_space = character == ' ' && (i == 0 || i + escape_size == local.size());
    if (character && !is_outer_space) {
      out.push_back(*character);
      i += escape_size;
    } else {
      out.push_back(local[i++]);
    }
  }
  return out;
}

}  // namespace aldis
