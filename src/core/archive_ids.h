// Ids of archived messages (storage/archive_store.h): how a home chooses them, and how they look outside. They follow
// the clock and never go back, not with the clock and not across restarts: docs/adr/0024.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/keyed_hash.h"
#include "storage/stores.h"

namespace aldis {

// A home's: strictly increasing, and unlike every other home's.
class ArchiveIds {
 public:
  explicit ArchiveIds(std::uint8_t home) : home_(home) {}
  // `floor`: all ids are above it.
  [[nodiscard]] ArchiveId next(WallTime now, ArchiveId floor);

 private:
  ArchiveId last_ = 0;
  std::uint8_t home_;
};

// The outside form of ids: 16 characters that tell nothing and that nobody can make up (XEP-0313 section 2:
// "unpredictable"). A permutation of 63-bit numbers with a secret key: four Feistel rounds over SipHash (Luby and
// Rackoff, 1988), applied again while the result needs the 64th bit.
class ArchiveIdForm {
 public:
  explicit ArchiveIdForm(KeyedHash key) : key_(key) {}
  [[nodiscard]] std::string write(ArchiveId id) const;
  // Nothing when the text is no id of ours.
  [[nodiscard]] std::optional<ArchiveId> read(std::string_view text) const;

 private:
  [[nodiscard]] std::uint32_t round(int number, std::uint32_t half) const;
  [[nodiscard]] std::uint64_t permute(std::uint64_t id) const;
  [[nodiscard]] std::uint64_t permute_back(std::uint64_t id) const;
  KeyedHash key_;
};

// The form that the store's archives have had so far; nothing: no server has used it yet. corrupt: its key is damaged.
[[nodiscard]] Task<Result<std::optional<ArchiveIdForm>>> stored_archive_form(SettingStore& settings);

struct World;
// Before the first message: the key of the outside form, and the ids that were used.
[[nodiscard]] Task<Result<void>> load_archive_ids(World& world);

}  // namespace aldis
