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
  const BareJid contact = item.jid;
  roster_.put(std::move(item));
  push_roster(roster_.ver(), contact);
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
  const RosterItem* known = roster_.own(change.contact);
  if (const GroupMember* member = roster_.shared().find(change.contact.str())) {   // what groups say is not the owner's own
    const std::vector<std::string> displays = roster_.shared().displays_of(change.contact.str());
    std::erase_if(change.groups, [&](const std::string& group) { return std::ranges::binary_search(displays, group); });
    change.name = change.name == member->name ? std::string() : std::move(change.name);
    if (known == nullptr && change.name.empty() && change.groups.empty()) {
      push_roster(roster_.ver(), change.contact);   // nothing of it is the owner's to change
      co_return Result<void, StanzaError>();
    }
  }
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
  if (roster_.shares(contact)) {
    co_return fail(StanzaError(StanzaCondition::not_allowed, "You share a group with this contact."));
  }
  const RosterItem* known = roster_.own(contact);
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
  push_roster(roster_.ver(), contact);
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

void Account::push_to(Session& session, std::string_view ver, const BareJid& contact) {
  std::string xml;
  xml::Writer writer(xml);
  writer.start("iq").attribute("type", "set").attribute("id", random_token(home_.world().random));
  writer.attribute("to", session.jid().str());
  writer.start("query", ns::roster).attribute("ver", ver);
  if (const std::optional<RosterItem> item = roster_.find(contact)) {
    write_roster_item(writer, *item);
  } else {
    writer.start("item").attribute("jid", contact.str()).attribute("subscription", "remove").end();
  }
  writer.end().end();
  session.send_own(Stanza::make(std::move(xml)));
}

void Account::push_roster(std::string_view ver, const BareJid& contact) {
  for (const auto& session : sessions_) {
    if (session->is_interested && !session->is_ending()) {
      push_to(*session, ver, contact);
    }
  }
}

// `token`: of the shared contacts its client knows.
void Account::push_changes_since(Session& session, std::uint64_t known, std::string_view token) {
  struct Change {
    std::uint64_t version;
    const BareJid* contact;
  };
  std::vector<Change> changes;
  for (const RosterItem& item : roster_.items()) {
    if (item.version > known) {
      changes.push_back({item.version, &item.jid});
    }
  }
  for (const auto& removal : roster_.removals()) {
    if (removal.version > known) {
      changes.push_back({removal.version, &removal.jid});
    }
  }
  std::sort(changes.begin(), changes.end(), [](const Change& a, const Change& b) { return a.version < b.version; });
  for (const Change& change : changes) {
    push_to(session, Roster::ver_of(change.version, token), *change.contact);
  }
}

void Account::push_shared_changes_since(Session& session, const SharedContacts& before, std::string_view ver_before) {
  const SharedContacts& now = roster_.shared();
  std::vector<const GroupMember*> contacts = before.all();
  for (const GroupMember* member : now.all()) {
    if (before.find(member->account.str()) == nullptr) {
      contacts.push_back(member);
    }
  }
  std::erase_if(contacts, [&](const GroupMember* member) { return !shows_otherwise(before, now, member->account.str()); });
  for (std::size_t i = 0; i < contacts.size(); ++i) {   // as when they came: the new version with the last of them
    push_to(session, i + 1 == contacts.size() ? roster_.ver() : std::string(ver_before), contacts[i]->account);
  }
}

namespace {

// What a client says it has: the own version, and what stands for the contacts by groups.
struct KnownVersion {
  std::uint64_t own = 0;
  std::string_view token;
};
std::optional<KnownVersion> read_version(std::string_view text) {
  KnownVersion known;
  const std::size_t colon = std::min(text.size(), text.find(':'));
  const auto [end, error] = std::from_chars(text.data(), text.data() + colon, known.own);
  if (colon == 0 || error != std::errc() || end != text.data() + colon) {
    return std::nullopt;
  }
  known.token = text.substr(std::min(text.size(), colon + 1));
  return known;
}

}  // namespace

void Account::answer_roster_get(const Stanza& request, Session& session, std::optional<std::string_view> version) {
  session.is_interested = true;
  const SharedGroups* groups = home_.groups_of_domain(host_.domain());
  was_told_without_groups_ = was_told_without_groups_ || (host_.expects_groups && groups == nullptr);
  if (const auto known = read_version(version.value_or("")); known && roster_.knows_changes_since(known->own)) {
    // Section 2.6.3: an empty result, then what changed since, as pushes.
    const bool has_same = known->token == roster_.shared().token();
    const std::optional<SharedContacts> before = has_same || groups == nullptr ? std::nullopt : groups->contacts_at(jid_.str(), known->token);
    if (has_same || before) {
      const std::string token(known->token);
      session.send_own(make_result(request));
      push_changes_since(session, known->own, token);
      if (before) {
        push_shared_changes_since(session, *before, Roster::ver_of(roster_.version(), token));
      }
      return;
    }
  }
  std::string xml;
  xml::Writer writer(xml);
  writer.start("query", ns::roster);
  if (version) {
    writer.attribute("ver", roster_.ver());
  }
  roster_.for_each([&](const RosterItem& item) { write_roster_item(writer, item); });
  writer.end();
  session.send_own(make_result(request, xml));
}

}  // namespace aldis
