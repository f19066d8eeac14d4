// RoomTarget: the part of AdminTarget that is about rooms (XEP-0045), and what every target does alike with them: lists and
// archives are in the stores, whether the server runs or not.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "operators/archive_info.h"
#include "storage/stores.h"

namespace aldis::admin {

struct RoomInfo {
  RoomImage image;                              // affiliations of none are not in it
  ArchiveInfo archive;
  std::optional<std::uint64_t> occupants{};     // nothing: no server runs
};

class RoomTarget {
 public:
  virtual ~RoomTarget() = default;
  // In the order of their localparts, after `after` (exclusive, a localpart), at most `limit`.
  virtual Task<Result<std::vector<RoomSummary>>> list_rooms(std::string domain, std::string after, std::size_t limit) = 0;
  virtual Task<Result<RoomInfo>> find_room(BareJid room) = 0;
  virtual Task<Result<void>> create_room(BareJid room, BareJid owner) = 0;             // already_exists; not_found: no such service
  virtual Task<Result<void>> destroy_room(BareJid room, std::string reason) = 0;       // whoever is in it is told
  // `jid`: bare, for outcasts also a domain. denied: the room would be without an owner.
  virtual Task<Result<void>> set_room_affiliation(BareJid room, Jid jid, Affiliation affiliation, std::string reason) = 0;
  virtual Task<Result<ArchivePart>> read_room_archive(BareJid room, ArchiveQuery query) = 0;
};

// "there is no room X", "the room X exists already".
[[nodiscard]] Result<void> name_room(Result<void> done, const BareJid& room);

[[nodiscard]] Task<Result<std::vector<RoomSummary>>> rooms_in_store(Stores stores, std::string domain, std::string after,
                                                                    std::size_t limit);
[[nodiscard]] Task<Result<RoomInfo>> room_in_store(Stores stores, BareJid room);
[[nodiscard]] Task<Result<ArchivePart>> room_archive_in_store(Stores stores, BareJid room, ArchiveQuery query);

// ---- when no server runs
// Persistent; what its configuration does not say is its domain's defaults when it is first used.
[[nodiscard]] Task<Result<void>> create_room_in_store(Stores stores, BareJid room, BareJid owner, WallTime now);
[[nodiscard]] Task<Result<void>> destroy_room_in_store(Stores stores, BareJid room);
[[nodiscard]] Task<Result<void>> set_affiliation_in_store(Stores stores, BareJid room, Jid jid, Affiliation affiliation,
                                                          std::string reason, WallTime now, bool needs_owner = true);

}  // namespace aldis::admin
