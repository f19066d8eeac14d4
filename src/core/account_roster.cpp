// Roster changes (RFC 6121 section 2): stored first, then pushed to every interested session, then answered.
#include <algorithm>
#include <charconv>

#include "base/log.h"
#include "core/account.h"
#include "core/home.h"
#include "core/virtual_host.h"
#include "xmpp/namespaces.h"

namespace aldis {

Task<Result<void, StanzaError>> Account::change_item(RosterItem item, UniqueFunction<void()> told) {
  item.version = roster_.version() + 1;
  const Result<void> stored = co_await home_.world().stores.rosters.put(jid_, item);
  if (!stored) {
    log::warning("roster-change-failed", {{"account", jid_.str()}, {"cause", stored.error().what}});
    co_return fail(StanzaError(StanzaCondition::resource_constraint));
  }
  told();
  push_roster(item.version, &item, item.jid);
  const BareJid contact = item.jid;
  roster_.put(std::move(item));
  note_contact_changed(&contact);
  co_return Result<void, StanzaError>();
}

void Account::note_contact_changed(const BareJid* contact) {
  for (const auto& observer : host_.observers.contact_changed) {
    observer(*this, contact);
  }
}

Task<Result<void, StanzaError>> Account::set_roster_item(RosterChange change) {
  const Pin self(*this);
  const Serial::Hold hold = co_await changes_.enter();
  if (is_ephemeral_) {
    co_return fail(StanzaError(StanzaCondition::not_allowed));
  }
  const RosterItem* known = roster_.find(change.contact);
  if (known == nullptr && roster_.size() >= home_.world().config()->roster_items) {
    co_return fail(StanzaError(StanzaCondition::resource_constraint, "The roster is full."));
  }
  RosterItem item = known != nullptr ? *known : RosterItem{.jid = change.contact};
  item.name = std::move(change.name);
  item.groups = std::move(change.groups);
  const Result<void, StanzaError> changed = co_await change_item(std::move(item));
  co_return changed;
}

// Section 2.5: removing a contact ends the subscriptions both ways.
Task<Result<void, StanzaError>> Account::remove_roster_item(BareJid contact) {
  const Pin self(*this);
  const Serial::Hold hold = co_await changes_.enter();
  const RosterItem* known = roster_.find(contact);
  if (known == nullptr) {
    co_return fail(StanzaError(StanzaCondition::item_not_found));
  }
  const RosterItem before = *known;
  const bool had_request = roster_.has_request(contact);
  const std::uint64_t version = roster_.version() + 1;
  const Result<void> stored = co_await home_.world().stores.rosters.remove(jid_, contact, version);
  if (!stored) {
    co_return fail(StanzaError(StanzaCondition::resource_constraint));
  }
  roster_.remove(contact, version);
  push_roster(version, nullptr, contact);
  note_contact_changed(&contact);
  const bool had_from = before.subscription == Subscription::from || before.subscription == Subscription::both;
  const bool had_to = before.subscription == Subscription::to || before.subscription == Subscription::both;
  if (had_to || before.ask) {
    route(presence_from(jid_, "unsubscribe")->with_to(contact));
  }
  if (had_from) {
    absent_to(contact);
  }
  if (had_from || had_request) {
    route(presence_from(jid_, "unsubscribed")->with_to(contact));
  }
  if (had_request) {
    const Result<void> forgotten = co_await home_.world().stores.rosters.remove_request(jid_, contact);
    if (forgotten) {
      roster_.remove_request(contact);
    }
  }
  co_return Result<void, StanzaError>();
}

// ---- pushes (section 2.1.6)

void Account::push_to(Session& session, std::uint64_t version, const RosterItem* item, const BareJid& contact) {
  std::string xml;
  xml::Writer writer(xml);
  writer.start("iq").attribute("type", "set").attribute("id", random_token(home_.world().random));
  writer.attribute("to", session.jid().str());
  writer.start("query", ns::roster).attribute("ver", std::to_string(version));
  if (item != nullptr) {
    write_roster_item(writer, *item);
  } else {
    writer.start("item").attribute("jid", contact.str()).attribute("subscription", "remove").end();
  }
  writer.end().end();
  session.send_own(Stanza::make(std::move(xml)));
}

void Account::push_roster(std::uint64_t version, const RosterItem* item, const BareJid& contact) {
  for (const auto& session : sessions_) {
    if (session->is_interested && !session->is_ending()) {
      push_to(*session, version, item, contact);
    }
  }
}

void Account::push_changes_since(Session& session, std::uint64_t known) {
  struct Change {
    std::uint64_t version;
    const RosterItem* item;  // null: removed
    const BareJid* contact;
  };
  std::vector<Change> changes;
  for (const RosterItem& item : roster_.items()) {
    if (item.version > known) {
      changes.push_back({item.version, &item, &item.jid});
    }
  }
  for (const auto& removal : roster_.removals()) {
    if (removal.version > known) {
      changes.push_back({removal.version, nullptr, &removal.jid});
    }
  }
  std::sort(changes.begin(), changes.end(), [](const Change& a, const Change& b) { return a.version < b.version; });
  for (const Change& change : changes) {
    push_to(session, change.version, change.item, *change.contact);
  }
}

void Account::answer_roster_get(const Stanza& request, Session& session, std::optional<std::string_view> version) {
  session.is_interested = true;
  if (version && !version->empty()) {
    std::uint64_t known = 0;
    const auto [end, error] = std::from_chars(version->data(), version->data() + version->size(), known);
    const bool is_number = error == std::errc() && end == version->data() + version->size();
    if (is_number && roster_.knows_changes_since(known)) {  // section 2.6.3: an empty result, then what changed since, as pushes
      session.send_own(make_result(request));
      push_changes_since(session, known);
      return;
    }
  }
  std::string xml;
  xml::Writer writer(xml);
  writer.start("query", ns::roster);
  if (version) {
    writer.attribute("ver", std::to_string(roster_.version()));
  }
  for (const RosterItem& item : roster_.items()) {
    write_roster_item(writer, item);
  }
  writer.end();
  session.send_own(make_result(request, xml));
}

}  // namespace aldis
