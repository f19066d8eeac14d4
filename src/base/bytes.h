// Bytes: a size as a type, so that a size is never mistaken for a count or a time. `256 * KiB` reads as it is written in
// the configuration ("256KiB").
#pragma once
#include <compare>
#include <cstddef>
#include <cstdint>

namespace aldis {

struct Bytes {
  std::uint64_t count = 0;

  [[nodiscard]] constexpr std::size_t size() const { return static_cast<std::size_t>(count); }
  friend constexpr auto operator<=>(const Bytes&, const Bytes&) = default;
  friend constexpr Bytes operator*(std::uint64_t n, Bytes unit) { return Bytes{n * unit.count}; }
};

inline constexpr Bytes KiB{1024};
inline constexpr Bytes MiB{1024 * KiB.count};
inline constexpr Bytes GiB{1024 * MiB.count};

}  // namespace aldis
