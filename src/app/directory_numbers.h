// The registry of the directory's schema: which number each section and each option has, for ever.
#pragma once
#include <cstdint>
#include <span>
#include <string_view>

namespace aldis::app {

// ordered: a list whose order means something, which a directory does not keep; its values say it themselves (directory_entries.h).
// retired: there is no such option any more, and its number is nobody else's.
enum class Numbered : std::uint8_t { plain, ordered, retired };

struct DirectoryNumber {
  std::string_view name;   // "peer", "domain.extension.mam"; "peer.domain", "domain.extension.mam.page"
  std::uint16_t number = 0;
  Numbered as = Numbered::plain;
};

[[nodiscard]] std::span<const DirectoryNumber> class_numbers();
[[nodiscard]] std::span<const DirectoryNumber> attribute_numbers();

}  // namespace aldis::app
