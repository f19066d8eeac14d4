// Roster: an account's contacts in memory (RFC 6121 section 2): its own items, sorted by address, with the version of the last change
// and the subscription requests that wait, stored through RosterStore; and whom it shares a group with (core/shared_groups.h), which is
// stored nowhere. Decisions are made on both together: a shared contact is subscribed both ways, whatever the own item says.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "core/shared_groups.h"
#include "core/subscription.h"
#include "storage/roster_store.h"
#include "xml/writer.h"

namespace aldis {

class Roster {
 public:
  Roster() = default;
  explicit Roster(RosterData data, SharedContacts shared = {});

  // ---- both together
  [[nodiscard]] bool contains(const Jid& contact) const;   // by its bare form, like all that follows
  // As a client sees it: of a shared contact the own name, else the directory's; own groups and those that are shared.
  [[nodiscard]] std::optional<RosterItem> find(const Jid& contact) const;
  [[nodiscard]] bool has_from(const Jid& contact) const;  // the contact is subscribed to the owner's presence
  [[nodiscard]] bool has_to(const Jid& contact) const;
  [[nodiscard]] bool shares(const Jid& contact) const { return shared_.find(contact.bare_str()) != nullptr; }
  // Each contact once, in the order of addresses.
  template <class F>
  void for_each(F visit) const {   // visit(const RosterItem&)
    if (shared_.empty()) {
      for (const RosterItem& item : items_) visit(item);
      return;
    }
    for (const BareJid* contact : contacts()) visit(*find(*contact));
  }
  [[nodiscard]] const SharedContacts& shared() const { return shared_; }
  void share(SharedContacts contacts) { shared_ = std::move(contacts); }
  // What stands for all of it (section 2.6): the own version, and with shared contacts what these are.
  [[nodiscard]] std::string ver() const { return ver_of(version_, shared_.token()); }
  [[nodiscard]] static std::string ver_of(std::uint64_t version, std::string_view token);

  // ---- the own items
  [[nodiscard]] std::uint64_t version() const { return version_; }
  [[nodiscard]] const std::vector<RosterItem>& items() const { return items_; }
  [[nodiscard]] const std::vector<SubscriptionRequest>& requests() const { return requests_; }
  [[nodiscard]] const std::vector<RosterData::Removal>& removals() const { return removals_; }
  // What is known tells all that changed since a client's version; if not, it needs the whole roster (section 2.6.3).
  [[nodiscard]] bool knows_changes_since(std::uint64_t version) const {
    return version <= version_ && version >= removals_complete_since_;
  }
  [[nodiscard]] const RosterItem* own(const Jid& contact) const;
  [[nodiscard]] std::size_t size() const { return items_.size(); }
  [[nodiscard]] SubscriptionState state(const Jid& contact) const;

  void put(RosterItem item);
  void remove(const BareJid& contact, std::uint64_t version);
  void put_request(SubscriptionRequest request);
  void remove_request(const BareJid& from);
  [[nodiscard]] bool has_request(const Jid& from) const;

 private:
  [[nodiscard]] std::vector<RosterItem>::const_iterator place(std::string_view bare) const;
  [[nodiscard]] std::vector<const BareJid*> contacts() const;
  std::uint64_t version_ = 0;
  std::vector<RosterItem> items_;
  std::vector<SubscriptionRequest> requests_;
  std::vector<RosterData::Removal> removals_;
  std::uint64_t removals_complete_since_ = 0;
  SharedContacts shared_;
};

// <item jid='...' .../> in jabber:iq:roster (RFC 6121 section 2.1.2).
void write_roster_item(xml::Writer& writer, const RosterItem& item);

}  // namespace aldis
