// Roster: an account's contacts in memory (RFC 6121 section 2), sorted by address, with the version of the last change
// and the subscription requests that wait. Stored through RosterStore; this is what decisions are made on.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "core/subscription.h"
#include "storage/roster_store.h"
#include "xml/writer.h"

namespace aldis {

class Roster {
 public:
  Roster() = default;
  explicit Roster(RosterData data);

  [[nodiscard]] std::uint64_t version() const { return version_; }
  [[nodiscard]] const std::vector<RosterItem>& items() const { return items_; }
  [[nodiscard]] const std::vector<SubscriptionRequest>& requests() const { return requests_; }
  [[nodiscard]] const std::vector<RosterData::Removal>& removals() const { return removals_; }
  // What is known tells all that changed since a client's version; if not, it needs the whole roster (section 2.6.3).
  [[nodiscard]] bool knows_changes_since(std::uint64_t version) const {
    return version <= version_ && version >= removals_complete_since_;
  }
  [[nodiscard]] const RosterItem* find(const Jid& contact) const;  // by its bare form
  [[nodiscard]] std::size_t size() const { return items_.size(); }
  [[nodiscard]] SubscriptionState state(const Jid& contact) const;
  [[nodiscard]] bool has_from(const Jid& contact) const;  // the contact is subscribed to the owner's presence
  [[nodiscard]] bool has_to(const Jid& contact) const;

  void put(RosterItem item);
  void remove(const BareJid& contact, std::uint64_t version);
  void put_request(SubscriptionRequest request);
  void remove_request(const BareJid& from);
  [[nodiscard]] bool has_request(const Jid& from) const;

 private:
  [[nodiscard]] std::vector<RosterItem>::const_iterator place(std::string_view bare) const;
  std::uint64_t version_ = 0;
  std::vector<RosterItem> items_;
  std::vector<SubscriptionRequest> requests_;
  std::vector<RosterData::Removal> removals_;
  std::uint64_t removals_complete_since_ = 0;
};

// <item jid='...' .../> in jabber:iq:roster (RFC 6121 section 2.1.2).
void write_roster_item(xml::Writer& writer, const RosterItem& item);

}  // namespace aldis
