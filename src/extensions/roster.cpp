// RFC 6121 section 2: roster get, set and remove by the account's own clients, with versioning (section 2.6, XEP-0237
// 1.3) and pre-approval (section 3.4) advertised. The roster itself and its pushes are the core's (core/account_roster.cpp).
#include <algorithm>

#include "core/account.h"
#include "core/extension.h"
#include "core/session.h"
#include "extensions/extensions.h"
#include "xmpp/namespaces.h"

namespace aldis::ext {
namespace {

constexpr std::size_t name_bytes = 1023;   // section 2.1.2.4 leaves the limit to the server
constexpr std::size_t groups_max = 100;

struct Change {
  BareJid contact;
  bool is_removal = false;
  std::string name;
  std::vector<std::string> groups;
};

// Section 2.3.3: what is wrong with a set, if anything.
Result<Change, StanzaError> read_change(const xml::Element& query) {
  const auto bad = [](StanzaCondition condition) { return fail(StanzaError(condition)); };
  const auto item = query.first_child();
  if (query.child_count() != 1 || !item || !item->is({"item", ns::roster})) {
    return bad(StanzaCondition::bad_request);
  }
  const auto address = item->attribute("jid");
  if (!address) {
    return bad(StanzaCondition::bad_request);
  }
  const Result<Jid, JidError> jid = Jid::parse(*address);
  if (!jid) {
    return bad(StanzaCondition::jid_malformed);
  }
  Change change{.contact = jid->bare()};
  change.is_removal = item->attribute("subscription") == "remove";
  change.name = item->attribute("name").value_or("");
  if (change.name.size() > name_bytes) {
    return bad(StanzaCondition::not_acceptable);
  }
  for (const xml::Element child : item->children()) {
    if (!child.is({"group", ns::roster})) {
      continue;
    }
    std::string group = child.text();
    if (group.empty() || group.size() > name_bytes) {
      return bad(StanzaCondition::not_acceptable);
    }
    change.groups.push_back(std::move(group));
  }
  std::sort(change.groups.begin(), change.groups.end());
  if (std::adjacent_find(change.groups.begin(), change.groups.end()) != change.groups.end()) {
    return bad(StanzaCondition::bad_request);  // section 2.3.3: duplicate groups
  }
  if (change.groups.size() > groups_max) {
    return bad(StanzaCondition::not_acceptable);
  }
  return change;
}

Task<StanzaPtr> apply(Iq request, Change change) {
  Account* account = request.account();
  if (account == nullptr) {
    co_return request.error(StanzaCondition::internal_server_error);
  }
  if (change.contact == account->jid()) {
    co_return request.error(StanzaCondition::not_allowed);  // section 2.3.3: not oneself
  }
  Result<void, StanzaError> changed;
  if (change.is_removal) {
    changed = co_await account->remove_roster_item(change.contact);
  } else {
    Account::RosterChange wanted{change.contact, std::move(change.name), std::move(change.groups)};
    changed = co_await account->set_roster_item(std::move(wanted));
  }
  co_return changed ? request.result() : request.error(changed.error());
}

}  // namespace

void install_roster(Extension& self) {
  constexpr XmlName query{"query", ns::roster};
  self.stream_feature("<ver xmlns='urn:xmpp:features:rosterver'/>");
  self.stream_feature("<sub xmlns='urn:xmpp:features:pre-approval'/>");
  self.on_iq_get(query, {Recipient::own_account}, [](const Iq& request) -> IqReply {
    Session* session = request.session();
    Account* account = request.account();
    if (session == nullptr || account == nullptr || request.payload().first_child()) {
      return request.error(StanzaCondition::bad_request);
    }
    account->answer_roster_get(request.stanza(), *session, request.payload().attribute("ver"));
    return IqReply::sent_already();
  });
  self.on_iq_set(query, {Recipient::own_account}, [](const Iq& request) -> IqReply {
    Result<Change, StanzaError> change = read_change(request.payload());
    if (!change) {
      return request.error(change.error());
    }
    return apply(request, std::move(*change));
  });
  // Somebody else's roster: forbidden (section 2.1.5, 2.3.3), and nothing said about whether there is one.
  const auto forbid = [](const Iq& request) -> IqReply { return request.error(StanzaCondition::forbidden); };
  self.on_iq_get(query, {Recipient::other_account}, forbid);
  self.on_iq_set(query, {Recipient::other_account}, forbid);
}

}  // namespace aldis::ext
