// RoomStore: rooms (XEP-0045) as they outlive the process: what one is, who is affiliated with it, and, over a graceful
// restart, who was in it. Its archive is ArchiveStore's, its vCard VCardStore's, under the room's address. A room has one
// writer: who serves it. What is not loaded costs nothing.
#pragma once
#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "runtime/task.h"
#include "xmpp/affiliation.h"
#include "xmpp/jid.h"

namespace aldis {

struct RoomRecord {
  BareJid room;                         // with a localpart
  std::string name;                     // for lists; may be empty
  bool is_public = false;               // hidden rooms are not in lists (section 4.2)
  bool is_persistent = false;           // a temporary one is stored for the time it has occupants
  std::string config;                   // muc's own words, as are the next three; the store does not read them
  std::string hats;                     // XEP-0317
  std::string avatar;                   // what is told of its vCard (XEP-0486)
  std::string details;                  // for lists: RoomSummary has them too
  std::string searchable;               // lines that RoomPageRequest::words are looked for in; folded as they are
  std::string subject;                  // may be empty
  std::string subject_author;           // nickname
  std::string subject_author_id;        // occupant id (XEP-0421)
  std::optional<WallTime> subject_at{}; // nothing: none was ever set
  WallTime created{};
  WallTime last_active{};
  std::string occupant_id_key;          // raw bytes: the secret behind occupant ids (XEP-0421)
  std::uint64_t affiliations_version = 0;           // greater with each change (XEP-0463)
  std::uint64_t affiliations_complete_since = 0;    // every removal with a greater version is in RoomImage::affiliations
};

// `none` is an affiliation that was taken away, kept for XEP-0463; the store keeps max_removed of a room, the latest.
struct RoomAffiliation {
  Jid jid;                              // bare; for outcasts also a domain
  Affiliation affiliation = Affiliation::none;
  std::string nickname;                 // reserved (section 7.10); empty: none
  std::string reason;                   // of the last change; may be empty
  std::uint64_t version = 0;            // of the room's affiliations, after the change

  static constexpr std::size_t max_removed = 256;
};

struct RoomImage {
  RoomRecord record;
  std::vector<RoomAffiliation> affiliations;   // in the order of the addresses
  bool has_occupants = false;                  // take_occupants() would return some; create() does not look at it
};

// Rooms of a domain in the order of their localparts; so are the bounds, exclusive; empty: none.
struct RoomPageRequest {
  std::string after{};
  std::string before{};
  bool is_last_page = false;            // the page that ends what fits, not the one that begins it
  bool only_public = false;
  std::vector<std::string> words{};     // rooms whose `searchable` holds all of these
  std::uint8_t lines = 0xff;            // which of its lines are looked at: the lowest bit is the first; those behind the eighth are not
  std::size_t limit = 100;              // no more than 1000
};

struct RoomSummary {
  BareJid room;
  std::string name;
  std::string details;
  bool is_public = false;
  bool is_persistent = false;
  WallTime created{};
  WallTime last_active{};
};

struct RoomPage {
  std::vector<RoomSummary> rooms{};     // in order
  bool is_complete = true;              // nothing that fits lies beyond the page, in its direction
};

// Who was in a room when the server stopped, and may resume (XEP-0198).
struct StoredOccupant {
  FullJid jid;                          // the real one
  std::string nickname;
  std::string state;                    // muc's own words: role, presence …
};

// Whether a text like RoomRecord::searchable has all of the words in those of its lines.
[[nodiscard]] inline bool has_all_words(std::string_view searchable, const std::vector<std::string>& words, std::uint8_t lines) {
  std::string looked_at;
  for (unsigned line = 0; line < 8 && !words.empty(); ++line) {
    const std::size_t end = std::min(searchable.find('\n'), searchable.size());
    if ((lines >> line & 1U) != 0) {
      looked_at.append(searchable.substr(0, end)).append("\n");
    }
    searchable.remove_prefix(std::min(end + 1, searchable.size()));
  }
  return std::all_of(words.begin(), words.end(), [&](const std::string& word) { return looked_at.find(word) != std::string::npos; });
}

class RoomStore {
 public:
  virtual ~RoomStore() = default;
  // Behind every write of the room that was asked for before. Nothing: there is no such room. corrupt when a part of it cannot
  // be read: a shorter list of outcasts would let somebody in.
  virtual Task<Result<std::optional<RoomImage>>> load(BareJid room) = 0;
  // already_exists: a room, or an account. A new room begins empty: what was left under its address, an archive, say, goes in the same transaction.
  virtual Task<Result<void>> create(RoomImage image) = 0;
  // The record as a whole but for `created` and `affiliations_complete_since`, which the store keeps, and these affiliations;
  // others stay. not_found
  virtual Task<Result<void>> save(RoomRecord record, std::vector<RoomAffiliation> changed) = 0;
  virtual Task<Result<void>> touch(BareJid room, WallTime last_active) = 0;   // never back in time; none there: success
  // With its affiliations, occupants, vCard and archive, in one transaction. not_found
  virtual Task<Result<void>> remove(BareJid room) = 0;

  virtual Task<Result<RoomPage>> list(std::string domain, RoomPageRequest request) = 0;
  virtual Task<Result<std::uint64_t>> count(std::string domain, bool only_public) = 0;
  // Rooms of the domain that the address owns, in order; a quota asks for as many as it allows.
  virtual Task<Result<std::vector<BareJid>>> owned_by(std::string domain, BareJid owner, std::size_t limit) = 0;
  // Last active before a time, those that have been idle longest first. They stay until they are removed.
  virtual Task<Result<std::vector<RoomSummary>>> idle_since(std::string domain, WallTime before, std::size_t limit) = 0;

  // Replaces those of the room. They need no room that is stored.
  virtual Task<Result<void>> save_occupants(BareJid room, std::vector<StoredOccupant> occupants) = 0;
  // Removes and returns them, in the order of saving.
  virtual Task<Result<std::vector<StoredOccupant>>> take_occupants(BareJid room) = 0;
  // Rooms, of any domain, whose occupants have not been taken, behind `after` (empty: the first) in order.
  virtual Task<Result<std::vector<BareJid>>> rooms_with_occupants(std::string after, std::size_t limit) = 0;
};

}  // namespace aldis
