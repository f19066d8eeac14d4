// Words for messages that are searched: a few are everywhere, most are rare (Zipf), the same for everybody and at every
// run.
#pragma once
#include <cstdint>
#include <random>
#include <string>

namespace aldis::load {

class Vocabulary {
 public:
  static constexpr int kWords = 20000;
  explicit Vocabulary(std::uint64_t seed) : random_(seed) {}
  /// A text of that many words.
  std::string text(int words);
  /// The word of that rank: 0 is the most frequent.
  static std::string word(int rank);
  /// A rank, uniformly between the two.
  int rank_between(int low, int high) { return std::uniform_int_distribution<int>(low, high)(random_); }

 private:
  std::mt19937_64 random_;
};

}  // namespace aldis::load
