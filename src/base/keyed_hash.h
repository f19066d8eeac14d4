// KeyedHash: SipHash-2-4 with a key from the CSPRNG, so that nobody can aim names at one shard or one bucket of a table.
// Source: Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012. Not for authentication of anything.
#pragma once
#include <cstdint>
#include <string_view>

#include "base/random.h"

namespace aldis {

class KeyedHash {
 public:
  KeyedHash(std::uint64_t key0, std::uint64_t key1) : key0_(key0), key1_(key1) {}
  explicit KeyedHash(Random& random) : key0_(random_u64(random)), key1_(random_u64(random)) {}

  [[nodiscard]] std::uint64_t operator()(std::string_view bytes) const;

  // One key for the whole process, drawn at first use: for tables whose keys come from peers.
  [[nodiscard]] static const KeyedHash& of_process();

 private:
  std::uint64_t key0_;
  std::uint64_t key1_;
};

// For unordered containers keyed by strings that a peer chooses; finds by string_view without a copy.
struct KeyedStringHash {
  using is_transparent = void;
  [[nodiscard]] std::size_t operator()(std::string_view s) const noexcept {
    return static_cast<std::size_t>(KeyedHash::of_process()(s));
  }
};

}  // namespace aldis
