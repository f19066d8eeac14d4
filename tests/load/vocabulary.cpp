// See vocabulary.h.
#include "vocabulary.h"

#include <algorithm>
#include <cmath>

namespace aldis::load {

std::string Vocabulary::word(int rank) {
  static constexpr std::string_view consonants = "bdfgklmnprstvz";
  static constexpr std::string_view vowels = "aeiou";
  std::string word;
  for (auto rest = static_cast<std::size_t>(rank) + 1; rest > 0; rest /= consonants.size() * vowels.size()) {
    const auto syllable = rest % (consonants.size() * vowels.size());
    word += consonants[syllable / vowels.size()];
    word += vowels[syllable % vowels.size()];
  }
  return word + "x";  // no word begins another one
}

std::string Vocabulary::text(int words) {
  std::string text;
  for (int i = 0; i < words; ++i) {
    const double where = std::uniform_real_distribution<double>(0, std::log(kWords))(random_);  // density 1 / rank
    text += (i > 0 ? " " : "") + word(std::min(kWords - 1, static_cast<int>(std::exp(where)) - 1));
  }
  return text;
}

}  // namespace aldis::load
