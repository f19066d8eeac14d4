// Contacts by shared groups (core/shared_groups.h): presence among them, and what an account does when groups change. Between members nobody
// is loaded, or woken, for presence: who is not available gets none, and says nothing. RFC 6121 section 4.3.2 leaves the answer to a probe
// of somebody who is not there to the server.
#include <algorithm>

#include "core/account.h"
#include "core/home.h"
#include "core/virtual_host.h"

namespace aldis {
namespace {

// Presence for one contact of this server, who is told if there is anybody.
void tell_if_there(Home& here, StanzaPtr stanza) {
  Home& home = here.world().home_of(stanza->to()->bare_str());
  auto tell = [&home, stanza = std::move(stanza)] {
    Account* account = home.find_account(*stanza->to());
    if (account != nullptr && account->exists() && account->has_available_session()) {
      account->deliver(Envelope{stanza, nullptr, SessionId::none, home.next_trace()});
    }
  };
  if (&home == &here) {
    tell();
  } else {
    home.shard().post(std::move(tell));
  }
}

}  // namespace

std::size_t Account::tell_members(std::vector<StanzaPtr> presence) {
  const SharedContacts& members = roster_.shared();
  if (members.empty()) {
    return 0;
  }
  const auto what = std::make_shared<const GroupPresence>(GroupPresence{members, blocked_, std::move(presence)});
  for (const auto& home : home_.world().homes) {
    if (home.get() == &home_) {
      home_.tell_members(*what);
    } else {
      home->shard().post([&there = *home, what] { there.tell_members(*what); });
    }
  }
  return std::min(members.size_at_most(), home_.session_count() * home_.world().homes.size());
}

std::vector<Account*> Home::available_members(const SharedContacts& members) const {
  std::vector<Account*> there;
  const auto consider = [&](Account& account) {
    if (account.exists() && account.has_available_session()) {
      there.push_back(&account);
    }
  };
  if (accounts_.size() < members.size_at_most()) {
    for (const auto& [bare, account] : accounts_) {
      if (members.find(bare) != nullptr) {
        consider(*account);
      }
    }
  } else {
    for (const GroupMember* member : members.all()) {
      if (Account* account = find_account(member->account)) {
        consider(*account);
      }
    }
  }
  return there;
}

void Home::tell_members(const GroupPresence& what) {
  for (Account* account : available_members(what.members)) {   // a list of its own: telling them loads others
    if (what.blocked.blocks(account->jid())) {
      continue;
    }
    for (const StanzaPtr& stanza : what.stanzas) {
      account->deliver(Envelope{stanza->with_to(account->jid()), nullptr, SessionId::none, next_trace()});
    }
  }
}

// ---- a change

bool Account::is_seen_without_groups(const Jid& contact) const {
  const RosterItem* own = roster_.own(contact);
  return own != nullptr && (own->subscription == Subscription::from || own->subscription == Subscription::both);
}

void Account::leave_groups(const SharedGroupsChange& change) {
  if (!has_available_session()) {
    return;
  }
  const SharedContacts after = change.after->contacts_of(jid_.str());
  for (const GroupMember* member : change.touched_for(jid_.str())) {
    const BareJid& contact = member->account;
    if (!roster_.shares(contact) || after.find(contact.str()) != nullptr || is_seen_without_groups(contact) || blocked_.blocks(contact)) {
      continue;
    }
    for (const auto& session : sessions_) {
      if (session->is_available()) {
        tell_if_there(home_, presence_from(session->jid(), "unavailable")->with_to(contact));
      }
    }
  }
}

void Account::take_groups(const SharedGroupsChange& change) {
  const SharedContacts after = change.after->contacts_of(jid_.str());
  if (roster_.shared() == after) {   // it was loaded meanwhile
    return;
  }
  const std::string ver_before = roster_.ver();
  const SharedContacts before = roster_.shared();
  roster_.share(after);
  if (change.before == nullptr && !was_told_without_groups_) {   // its clients know them from before the restart, or have not asked
    return;
  }
  std::vector<const BareJid*> changed;
  for (const GroupMember* member : change.touched_for(jid_.str())) {
    if (shows_otherwise(before, after, member->account.str())) {
      changed.push_back(&member->account);
    }
  }
  // A client that goes away in the midst comes back with the version it had: until the last push it is the former one.
  for (std::size_t i = 0; i < changed.size(); ++i) {
    push_roster(i + 1 == changed.size() ? roster_.ver() : ver_before, *changed[i]);
  }
  for (const BareJid* contact : changed) {   // who was nobody before has no rights that could change
    if (before.find(contact->str()) != nullptr || roster_.own(*contact) != nullptr) {
      note_contact_changed(contact);
    }
  }
}

void Account::join_groups(const SharedGroupsChange& change) {
  const bool was_told_without = std::exchange(was_told_without_groups_, false);
  if (!has_available_session()) {
    return;
  }
  if (change.before == nullptr) {   // with the others nothing has been exchanged yet, or before a restart
    for (std::size_t i = 0; was_told_without && i < sessions_.size(); ++i) {
      if (sessions_[i]->is_available()) {
        tell_members({sessions_[i]->presence(), presence_from(sessions_[i]->jid(), "probe")});
      }
    }
    return;
  }
  const SharedContacts before = change.before->contacts_of(jid_.str());
  for (const GroupMember* member : change.touched_for(jid_.str())) {
    const BareJid& contact = member->account;
    if (before.find(contact.str()) != nullptr || !roster_.shares(contact) || is_seen_without_groups(contact) || blocked_.blocks(contact)) {
      continue;
    }
    for (const auto& session : sessions_) {
      if (session->is_available()) {
        tell_if_there(home_, session->presence()->with_to(contact));
      }
    }
  }
}

}  // namespace aldis
