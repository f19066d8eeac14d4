// Mentions: whom a message in a room names: people by their reserved nicknames in its words, and people or occupants by references to
// them (XEP-0372, 0.5.0). Pure.
#pragma once
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/keyed_hash.h"
#include "xmpp/jid.h"
#include "xmpp/stanza.h"

namespace aldis::muc {

class Mentions {
 public:
  static constexpr std::size_t most = 20;              // of one message; further ones are not looked at
  static constexpr std::size_t longest_body = 4096;    // bytes that are looked through

  // The reserved nickname of a member.
  void add(std::string_view nickname, BareJid user);
  void clear();
  [[nodiscard]] bool is_empty() const { return users_.empty(); }
  // Whether they belong to the room or not; each once.
  [[nodiscard]] std::vector<BareJid> in(const Stanza& message, const BareJid& room) const;

 private:
  std::unordered_map<std::string, BareJid, KeyedStringHash, std::equal_to<>> users_;   // by folded nickname
  std::set<std::size_t> sizes_;                                                        // of those, in bytes
};

}  // namespace aldis::muc
