// RosterStore: rosters (RFC 6121 section 2) with versions (section 2.6), and subscription requests that wait for an answer.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "runtime/task.h"
#include "xmpp/jid.h"

namespace aldis {

enum class Subscription : std::uint8_t { none, to, from, both };
[[nodiscard]] std::string_view to_string(Subscription subscription);

struct RosterItem {
  BareJid jid;
  std::string name;                 // empty: none
  std::vector<std::string> groups;  // no duplicates, sorted
  Subscription subscription = Subscription::none;
  bool ask = false;                 // a subscribe of ours is unanswered (ask='subscribe')
  bool approved = false;            // pre-approved (section 3.4)
  std::uint64_t version = 0;        // of the roster after the change that last touched this item
};

// An inbound subscription request that the owner has not answered (section 3.1.3: "None + Pending In").
struct SubscriptionRequest {
  BareJid from;
  std::string stanza;               // as delivered, serialised
};

struct RosterData {
  std::uint64_t version = 0;
  std::vector<RosterItem> items;
  std::vector<SubscriptionRequest> requests;
  // Contacts removed and not added again, with the version of the removal, oldest first; for versioned gets. The store
  // keeps max_removals of them (the oldest go first).
  struct Removal {
    BareJid jid;
    std::uint64_t version;
  };
  std::vector<Removal> removals;
  // Every removal with a greater version is in `removals`: a client with an older version needs the whole roster.
  std::uint64_t removals_complete_since = 0;

  static constexpr std::size_t max_removals = 256;
};

class RosterStore {
 public:
  virtual ~RosterStore() = default;
  // An owner without a roster: an empty one. Items in the order of their addresses, requests in the order of arrival.
  virtual Task<Result<RosterData>> load(BareJid owner) = 0;
  // Adds or replaces the item and sets the roster's version to the item's.
  virtual Task<Result<void>> put(BareJid owner, RosterItem item) = 0;
  // Sets the roster's version; a contact that is not there is recorded as removed all the same.
  virtual Task<Result<void>> remove(BareJid owner, BareJid contact, std::uint64_t version) = 0;
  // Replaces one of the same sender, in its place.
  virtual Task<Result<void>> put_request(BareJid owner, SubscriptionRequest request) = 0;
  virtual Task<Result<void>> remove_request(BareJid owner, BareJid from) = 0;   // none there: success
};

}  // namespace aldis
