// Times within archive ids, and what of a message can be searched.
#include "storage/archive_store.h"

#include "xmpp/namespaces.h"

namespace aldis {
namespace {
constexpr std::int64_t first_ms = 1'577'836'800'000;  // 2020-01-01T00:00:00Z
constexpr unsigned home_bits = 12;
constexpr ArchiveId last_id = 0x7fff'ffff'ffff'ffffULL;  // a signed number in the database
}  // namespace

WallTime archive_time(ArchiveId id) {
  return WallTime(std::chrono::milliseconds(first_ms + static_cast<std::int64_t>((id >> home_bits) / 1000)));
}

ArchiveId first_archive_id_at(WallTime time) {
  const std::int64_t ms = time.time_since_epoch().count();
  if (ms <= first_ms) {
    return 0;
  }
  const auto since = static_cast<std::uint64_t>(ms - first_ms);
  return since > (last_id >> home_bits) / 1000 ? last_id : (since * 1000) << home_bits;
}

std::string searchable_text(const Stanza& message) {
  std::string text;
  const std::string_view own = message.element().ns();
  for (const xml::Element child : message.element().children()) {
    if (child.is({"body", own})) {
      text.append(text.empty() ? "" : "\n").append(child.text());
    }
  }
  return text;
}

}  // namespace aldis
