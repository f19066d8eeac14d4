// RecentIds: the last few things somebody did, as hashes: whether one of them is answered now. It forgets the oldest, and
// its cost does not depend on what peers send (security E06). A hash that collides is a wrong yes, once in 2^57.
#pragma once
#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/keyed_hash.h"

namespace aldis {

class RecentIds {
 public:
  static constexpr std::size_t capacity = 128;

  // `peer`: whom it concerns, so that nobody else can answer; `id`: the stanza's.
  void add(std::string_view peer, std::string_view id) {
    hashes_[next_] = hash(peer, id);
    next_ = (next_ + 1) % capacity;
  }
  [[nodiscard]] bool contains(std::string_view peer, std::string_view id) const {
    return std::find(hashes_.begin(), hashes_.end(), hash(peer, id)) != hashes_.end();
  }

 private:
  static std::uint64_t hash(std::string_view peer, std::string_view id) {
    std::string both(peer);
    both.append(1, '\0').append(id);  // no address holds a NUL
    return KeyedHash::of_process()(both) | 1U;  // never 0, which is an empty place
  }

  std::array<std::uint64_t, capacity> hashes_{};
  std::size_t next_ = 0;
};

}  // namespace aldis
