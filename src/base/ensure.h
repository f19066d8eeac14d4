// ensure: a claim about our own code, checked in release builds too. A false claim stops the process with its place and
// text. An ensure that a peer's input can make false is a bug of the first rank.
#pragma once
#include <source_location>
#include <string_view>

namespace aldis {

[[noreturn]] void ensure_failed(std::string_view claim, const std::source_location& where);

inline void ensure(bool holds, std::string_view claim,
                   const std::source_location& where = std::source_location::current()) {
  if (!holds) [[unlikely]] {
    ensure_failed(claim, where);
  }
}

}  // namespace aldis
