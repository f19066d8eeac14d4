// The parts of XEP-0313: what passes is recorded, queries are answered, preferences kept, archives trimmed. Each
// installs itself.
#pragma once
#include "core/extension.h"

namespace aldis::ext {

enum class ArchiveDefault : std::uint8_t { always, roster, never };
constexpr auto option_names(ArchiveDefault) {
  return std::array{OptionName{"always", ArchiveDefault::always}, OptionName{"roster", ArchiveDefault::roster},
                    OptionName{"never", ArchiveDefault::never}};
}

struct MamConfig {
  ArchiveDefault archives = ArchiveDefault::always;
  std::uint32_t page = 250;
  std::uint32_t preference_entries = 500;
  std::chrono::seconds keep_for{0};
  Bytes keep_bytes{0};
};

void install_recording(Extension& self);
void install_queries(Extension& self);
void install_archive_preferences(Extension& self);
void install_retention(Extension& self);
// The domain's archives, accounts' or rooms', are kept within these limits unless they have their own.
void trim_archives(Extension& self, ArchiveRetention limits);

}  // namespace aldis::ext
