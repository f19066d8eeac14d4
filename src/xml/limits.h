// Limits of everything read from a stream, with safe defaults; each is enforced while reading, by the Framer and again
// by parse(). RFC 6120 section 13.12 asks for a stanza limit of at least 10,000 bytes.
#pragma once
#include <cstddef>

namespace aldis::xml {

struct Limits {
  std::size_t stanza_bytes = 256 * 1024;  // one first-level element, or a stream header
  std::size_t depth = 64;                 // elements below each other, the stanza itself included
  std::size_t elements = 10'000;          // in one stanza
  std::size_t attributes = 64;            // of one element, namespace declarations included
  std::size_t name_bytes = 1024;          // of one element or attribute name

  // What a stranger may send before authentication (8 KiB in all is counted by the session, not here).
  [[nodiscard]] static constexpr Limits before_authentication() {
    Limits limits;
    limits.stanza_bytes = 8 * 1024;
    limits.depth = 8;
    limits.elements = 32;
    return limits;
  }
};

}  // namespace aldis::xml
