// What a frame is by its name alone, before it is parsed: sessions and streams between servers tell stanzas from what else stands on
// a stream without reading each twice.
#pragma once
#include <string_view>

namespace aldis {

// True only where nothing else can be meant; what remains is to be looked at as a whole.
[[nodiscard]] inline bool is_surely_stanza(std::string_view bytes) {
  const auto starts_with = [&](std::string_view start) {
    return bytes.starts_with(start) && bytes.size() > start.size() && bytes[start.size()] != ':';
  };
  return starts_with("<message") || starts_with("<presence") || starts_with("<iq");
}

}  // namespace aldis
