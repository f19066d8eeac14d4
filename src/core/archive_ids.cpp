// Choosing, hiding and recognising archive ids.
#include "core/archive_ids.h"

#include <array>
#include <charconv>
#include <cstring>

#include "core/world.h"

namespace aldis {
namespace {
constexpr ArchiveId step = 1ULL << 12U;  // one microsecond
constexpr std::size_t length = 16;
constexpr std::uint64_t top_bit = 1ULL << 63U;
}  // namespace

ArchiveId ArchiveIds::next(WallTime now, ArchiveId floor) {
  const ArchiveId least = std::max(last_, floor) / step * step + step;
  last_ = std::max(first_archive_id_at(now), least) | home_;
  return last_;
}

std::uint32_t ArchiveIdForm::round(int number, std::uint32_t half) const {
  std::array<char, 5> bytes{static_cast<char>(number)};
  std::memcpy(bytes.data() + 1, &half, sizeof half);
  return static_cast<std::uint32_t>(key_(std::string_view(bytes.data(), bytes.size())));
}

std::uint64_t ArchiveIdForm::permute(std::uint64_t id) const {
  auto left = static_cast<std::uint32_t>(id >> 32U);
  auto right = static_cast<std::uint32_t>(id);
  for (int i = 0; i < 4; ++i) {
    left = std::exchange(right, left ^ round(i, right));
  }
  return (static_cast<std::uint64_t>(left) << 32U) | right;
}

std::uint64_t ArchiveIdForm::permute_back(std::uint64_t id) const {
  auto left = static_cast<std::uint32_t>(id >> 32U);
  auto right = static_cast<std::uint32_t>(id);
  for (int i = 3; i >= 0; --i) {
    right = std::exchange(left, right ^ round(i, left));
  }
  return (static_cast<std::uint64_t>(left) << 32U) | right;
}

std::string ArchiveIdForm::write(ArchiveId id) const {
  std::uint64_t hidden = permute(id);
  while ((hidden & top_bit) != 0) {
    hidden = permute(hidden);
  }
  std::string text(length, '0');
  constexpr std::string_view digits = "0123456789abcdef";
  for (std::size_t i = length; i-- > 0; hidden >>= 4U) {
    text[i] = digits[hidden & 0xfU];
  }
  return text;
}

std::optional<ArchiveId> ArchiveIdForm::read(std::string_view text) const {
  if (text.size() != length || text.find_first_not_of("0123456789abcdef") != std::string_view::npos) {
    return std::nullopt;
  }
  std::uint64_t hidden = 0;
  std::from_chars(text.data(), text.data() + text.size(), hidden, 16);
  if ((hidden & top_bit) != 0) {
    return std::nullopt;
  }
  do {
    hidden = permute_back(hidden);
  } while ((hidden & top_bit) != 0);
  return hidden == 0 ? std::nullopt : std::optional<ArchiveId>(hidden);
}

namespace {

constexpr const char* key_name = "archive-id-key";

Result<ArchiveIdForm> form_of_key(std::string_view key) {
  std::array<std::uint64_t, 2> halves{};
  if (key.size() != sizeof halves) {
    return fail(ErrorKind::corrupt, "the archive's key in the store is damaged");
  }
  std::memcpy(halves.data(), key.data(), sizeof halves);
  return ArchiveIdForm(KeyedHash(halves[0], halves[1]));
}

}  // namespace

Task<Result<std::optional<ArchiveIdForm>>> stored_archive_form(SettingStore& settings) {
  const Result<std::optional<std::string>> key = co_await settings.load(key_name);
  if (!key) {
    co_return fail(key.error());
  }
  if (!*key) {
    co_return std::optional<ArchiveIdForm>();
  }
  const Result<ArchiveIdForm> form = form_of_key(**key);
  if (!form) {
    co_return fail(form.error());
  }
  co_return std::optional(*form);
}

Task<Result<void>> load_archive_ids(World& world) {
  std::string fresh(16, '\0');
  world.random.fill({reinterpret_cast<std::uint8_t*>(fresh.data()), fresh.size()});
  const Result<std::string> key = co_await world.stores.settings.load_or_store(key_name, std::move(fresh));
  if (!key) {
    co_return fail(key.error());
  }
  const Result<ArchiveIdForm> form = form_of_key(*key);
  if (!form) {
    co_return fail(form.error());
  }
  const Result<ArchiveId> mark = co_await world.stores.archive.high_water();
  if (!mark) {
    co_return fail(mark.error());
  }
  world.archive_form = *form;
  world.archive_floor = *mark;
  co_return Result<void>{};
}

}  // namespace aldis
