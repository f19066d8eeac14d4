// Watchers: whose clients are online and want to be told of some of an account's nodes (XEP-0163 section 4.2, XEP-0060 section 9.2): the
// owner's own and his contacts', by what their presence announced. Known only while they are available; bounded. Serial, of one home.
// Who of them may have what is decided elsewhere.
#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/keyed_hash.h"
#include "extensions/capabilities.h"
#include "xmpp/stanza.h"

namespace aldis::ext {

struct Watcher {
  FullJid client;
  Interests interests;               // null: it is being asked
  std::size_t announced = 0;         // what they were learnt from
  bool is_let_in = false;            // may see the owner's presence, and was shown what there was
};

class Watchers {
 public:
  static constexpr std::size_t most_of_account = 2000;
  static constexpr std::size_t most = 500'000;

  // Told of nodes that somebody wants who did not before.
  using Wants = std::function<void(const BareJid& owner, const FullJid& client, std::vector<std::string> nodes)>;
  Watchers(Capabilities& capabilities, Wants wants) : capabilities_(capabilities), wants_(std::move(wants)) {}

  // The client's available presence has reached the owner. Without capabilities it says nothing new.
  void available(const BareJid& owner, const FullJid& client, const Stanza& presence);
  // Bare: with all its clients.
  void unavailable(const BareJid& owner, const Jid& who);
  void forget(const BareJid& owner);
  // Of a contact, or of all but the owner (null): those that are not let in any more, or not known any more, are so marked or forgotten; those
  // that are let in from now on want everything.
  enum class Standing : std::uint8_t { unknown, outside, let_in };
  void changed(const BareJid& owner, const BareJid* contact, const std::function<Standing(const Jid&)>& standing);
  void set_let_in(const BareJid& owner, const FullJid& client, bool is_let_in);

  // In the order in which they came; gone with the next change.
  [[nodiscard]] const std::vector<Watcher>& of(const BareJid& owner) const;
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  using Table = std::unordered_map<std::string, std::vector<Watcher>, KeyedStringHash, std::equal_to<>>;
  void learnt(const BareJid& owner, const FullJid& client, std::size_t announced, Interests interests);
  [[nodiscard]] Watcher* find(const BareJid& owner, const FullJid& client);

  Capabilities& capabilities_;
  Wants wants_;
  Table by_owner_;   // none is empty
  std::size_t size_ = 0;
};

}  // namespace aldis::ext
