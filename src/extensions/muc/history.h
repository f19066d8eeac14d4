// History: the latest messages of a room, for who enters (XEP-0045 section 7.2.13).
#pragma once
#include <deque>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "extensions/muc/archive.h"
#include "xmpp/stanza.h"

namespace aldis::muc {

class History {
 public:
  // As it was reflected, with its stanza-id `id` (empty: none).
  void add(StanzaPtr message, WallTime at, std::string id, std::size_t most);
  void remove(std::string_view id);
  void trim(std::size_t most);
  // From the archive: with their delays.
  void fill(std::vector<StanzaPtr> delayed);
  // Oldest first, with their delays (`room`'s word), as much as fits all limits. Section 7.2.14: whole messages, counted as
  // they are sent to `to`.
  [[nodiscard]] std::vector<StanzaPtr> within(const HistoryLimits& limits, const BareJid& room, const Jid& to, WallTime now);
  [[nodiscard]] std::size_t size() const { return entries_.size(); }
  [[nodiscard]] std::size_t memory() const;

 private:
  struct Entry {
    StanzaPtr message;
    StanzaPtr delayed;   // null: not asked for yet
    WallTime at;
    std::string id;
  };
  std::deque<Entry> entries_;
};

}  // namespace aldis::muc
