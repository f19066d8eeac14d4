// XEP-0133 (1.3.1) sections 4.8 to 4.10 and 4.13 to 4.20: what administrators ask about accounts and users of their
// domain. They read the stores and the sessions; no operators' command answers in these forms.
#include <algorithm>

#include "base/log.h"
#include "core/administration.h"
#include "core/home.h"
#include "core/roster.h"
#include "core/virtual_host.h"
#include "extensions/service_forms.h"
#include "xmpp/namespaces.h"
#include "xmpp/timestamp.h"

namespace aldis::ext {
namespace {

using Severity = CommandOutcome::Note::Severity;
constexpr std::size_t page = 1000;           // accounts read from the store at a time
constexpr std::size_t listing_max = 10'000;  // addresses in one answer, and sessions looked at

// Reading what is somebody else's is recorded too, though no operator's command does it.
void audit(const Iq& request, std::string_view command, std::string_view account) {
  log::info("audit-operator-command",
            {{"command", command}, {"arguments", account}, {"operator", request.from().str()}, {"outcome", "asked"}});
}

// ---- questions about accounts (4.8 to 4.10)

Form result_form() {
  return Form(FormType::result, ns::admin);
}

Task<Result<AccountRecord, StanzaError>> find_account(Iq request, BareJid jid) {
  Result<AccountRecord> record = co_await request.home().world().stores.accounts.find(jid);
  if (!record && record.error().kind == ErrorKind::not_found) {
    co_return refuse(StanzaCondition::item_not_found, "There is no such account.");
  }
  if (!record) {
    co_return fail(refusal(record.error()));
  }
  co_return std::move(*record);
}

Task<CommandResult> get_user_roster(Iq request, std::vector<Form> forms) {
  const Result<std::vector<Jid>, StanzaError> all = addresses(request, forms.front(), "accountjids");
  if (!all) {
    co_return fail(all.error());
  }
  CommandOutcome outcome;
  xml::Writer writer(outcome.payload);
  for (const Jid& jid : *all) {
    audit(request, "get-user-roster", jid.str());
    const Result<AccountRecord, StanzaError> record = co_await find_account(request, jid.bare());
    if (!record) {
      co_return fail(record.error());
    }
    const Result<RosterData> roster = co_await request.home().world().stores.rosters.load(jid.bare());
    if (!roster) {
      co_return fail(refusal(roster.error()));
    }
    writer.start("x", ns::forms).attribute("type", "result");  // section 4.8: the roster stands inside the form
    writer.start("field").attribute("type", "hidden").attribute("var", "FORM_TYPE").element("value", ns::admin).end();
    writer.start("field").attribute("var", "accountjids").element("value", jid.str()).end();
    writer.start("query", ns::roster);
    const Roster whole(*roster, request.home().contacts_of(jid.bare()));
    whole.for_each([&](const RosterItem& item) { write_roster_item(writer, item); });
    writer.end().end();
  }
  co_return outcome;
}

Task<CommandResult> get_user_lastlogin(Iq request, std::vector<Form> forms) {
  const Result<std::vector<Jid>, StanzaError> all = addresses(request, forms.front(), "accountjids");
  if (!all) {
    co_return fail(all.error());
  }
  CommandOutcome outcome;
  const World& world = request.home().world();
  for (const Jid& jid : *all) {
    const Result<AccountRecord, StanzaError> record = co_await find_account(request, jid.bare());
    if (!record) {
      co_return fail(record.error());
    }
    const std::vector<SessionSummary> sessions = co_await world.administration->sessions(jid.bare(), 1);
    std::string when;
    if (!sessions.empty()) {
      when = format_timestamp(world.clock.wall());
    } else {
      const Result<std::optional<LastActivity>> last = co_await world.stores.last_activity.load(jid.bare());
      if (!last) {
        co_return fail(refusal(last.error()));
      }
      when = *last ? format_timestamp((*last)->when) : std::string();
    }
    Form answer = result_form();
    answer.fields.emplace_back("accountjids", FieldType::jid_multi, std::vector<std::string>{jid.str()});
    // Until when the account was online: for how long is what administrators ask this for.
    answer.fields.emplace_back("lastlogin", FieldType::text_single,
                               when.empty() ? std::vector<std::string>{} : std::vector<std::string>{when});
    outcome.forms.push_back(std::move(answer));
  }
  co_return outcome;
}

Task<CommandResult> user_stats(Iq request, std::vector<Form> forms) {
  const Result<BareJid, StanzaError> jid = address(request, forms.front());
  if (!jid) {
    co_return fail(jid.error());
  }
  audit(request, "user-stats", jid->str());
  const Result<AccountRecord, StanzaError> record = co_await find_account(request, *jid);
  if (!record) {
    co_return fail(record.error());
  }
  const Result<RosterData> roster = co_await request.home().world().stores.rosters.load(*jid);
  if (!roster) {
    co_return fail(refusal(roster.error()));
  }
  std::size_t contacts = 0;
  Roster(*roster, request.home().contacts_of(*jid)).for_each([&](const RosterItem&) { ++contacts; });
  const std::vector<SessionSummary> sessions =
      co_await request.home().world().administration->sessions(*jid, listing_max);
  std::vector<std::string> peers;
  std::vector<std::string> resources;
  for (const SessionSummary& session : sessions) {
    peers.push_back(session.peer);
    resources.emplace_back(session.jid.resource());
  }
  std::sort(peers.begin(), peers.end());
  peers.erase(std::unique(peers.begin(), peers.end()), peers.end());
  Form answer = result_form();
  answer.fields.emplace_back("ipaddresses", FieldType::text_multi, std::move(peers), "Network addresses");
  answer.fields.emplace_back("rostersize", FieldType::text_single,
                             std::vector<std::string>{std::to_string(contacts)}, "Contacts");
  answer.fields.emplace_back("onlineresources", FieldType::text_multi, std::move(resources), "Resources online");
  CommandOutcome outcome;
  outcome.forms.push_back(std::move(answer));
  co_return outcome;
}

// ---- numbers and lists of users (4.13 to 4.20)

enum class Users : std::uint8_t { registered, disabled, online, active, idle };
constexpr std::string_view word(Users users) {
  switch (users) {
    case Users::registered:
      return "registered";
    case Users::disabled:
      return "disabled";
    case Users::online:
      return "online";
    case Users::active:
      return "active";
    case Users::idle:
      return "idle";
  }
  return "";
}

struct Found {
  std::size_t count = 0;
  std::vector<std::string> jids{};  // the first of them, in order
};

Task<Result<Found>> find_stored(World& world, std::string domain, bool disabled_only, std::size_t limit) {
  Found found;
  std::string after;
  for (;;) {
    Result<std::vector<AccountRecord>> some = co_await world.stores.accounts.list(domain, after, page);
    if (!some) {
      co_return fail(some.error());
    }
    for (const AccountRecord& record : *some) {
      if (disabled_only && record.is_enabled) {
        continue;
      }
      ++found.count;
      if (found.jids.size() < limit) {
        found.jids.push_back(record.jid.str());
      }
    }
    if (some->size() < page) {
      co_return found;
    }
    after = some->back().jid.str();
  }
}

Task<Result<Found>> find_online(World& world, BareJid domain, Users users, std::size_t limit) {
  const std::vector<SessionSummary> sessions =
      co_await world.administration->sessions(domain, std::numeric_limits<std::size_t>::max());
  std::map<std::string, bool> all;  // whether one of the user's sessions is active
  for (const SessionSummary& session : sessions) {
    bool& is_active = all[std::string(session.jid.bare_str())];
    is_active = is_active || (session.is_available && !session.is_away);
  }
  Found found;
  for (const auto& [jid, is_active] : all) {
    if (users == Users::online || is_active == (users == Users::active)) {
      ++found.count;
      if (found.jids.size() < limit) {
        found.jids.push_back(jid);
      }
    }
  }
  co_return found;
}

Task<Result<Found>> find_users(const Iq& request, Users users, std::size_t limit) {
  World& world = request.home().world();
  if (users == Users::registered || users == Users::disabled) {
    return find_stored(world, std::string(request.host().domain()), users == Users::disabled, limit);
  }
  return find_online(world, request.host().jid(), users, limit);
}

Task<CommandResult> count_users(Iq request, Users users) {
  const Result<Found> found = co_await find_users(request, users, 0);
  if (!found) {
    co_return fail(refusal(found.error()));
  }
  Form answer = result_form();
  answer.fields.emplace_back(std::string(word(users)) + "usersnum", FieldType::text_single,
                             std::vector<std::string>{std::to_string(found->count)},
                             "The number of " + std::string(word(users)) + " users");
  CommandOutcome outcome;
  outcome.forms.push_back(std::move(answer));
  co_return outcome;
}

Task<CommandResult> list_users(Iq request, std::vector<Form> forms, Users users) {
  std::size_t limit = listing_max;
  const std::string_view wanted = forms.front().value("max_items").value_or("none");
  if (wanted != "none") {
    const auto number = forms.front().integer("max_items", 1, static_cast<std::int64_t>(listing_max));
    if (!number || !*number) {
      co_return refuse(StanzaCondition::not_acceptable, "max_items is no number that can be.");
    }
    limit = static_cast<std::size_t>(**number);
  }
  Result<Found> found = co_await find_users(request, users, limit);
  if (!found) {
    co_return fail(refusal(found.error()));
  }
  CommandOutcome outcome;
  if (found->count > found->jids.size()) {
    outcome.notes.push_back({Severity::warning, "These are the first of " + std::to_string(found->count) + "."});
  }
  Form answer = result_form();
  // Section 4.20 calls the field of idle users activeuserjids, as its example does.
  const std::string field = std::string(word(users == Users::idle ? Users::active : users)) + "userjids";
  answer.fields.emplace_back(field, FieldType::jid_multi, std::move(found->jids),
                             "The list of " + std::string(word(users)) + " users");
  outcome.forms.push_back(std::move(answer));
  co_return outcome;
}

void offer_users(Extension& self, Users users, std::string_view list_node) {
  const std::string what(word(users));
  offer_admin_command(self, "get-" + what + "-users-num", "Get Number of " + what + " Users", std::nullopt,
                      [users](Iq request, const std::vector<Form>&) { return count_users(std::move(request), users); });
  std::vector<FieldOption> sizes;
  for (const char* size : {"25", "50", "75", "100", "150", "200", "none"}) {
    sizes.push_back({size, size});
  }
  Field limit =
      Field("max_items", FieldType::list_single, {}, "Maximum number of items to show").with_options(std::move(sizes));
  offer_admin_command(
      self, list_node, "Get List of " + what + " Users",
      admin_form("Requesting List of " + what + " Users", "Fill in this form to request a list.", {std::move(limit)}),
      [users](Iq request, std::vector<Form> forms) { return list_users(std::move(request), std::move(forms), users); });
}

}  // namespace

void offer_questions(Extension& self) {
  offer_admin_command(self, "get-user-roster", "Get User Roster",
                      admin_form("Get User Roster", "Fill in the accounts.", {accounts_field()}), get_user_roster);
  offer_admin_command(self, "get-user-lastlogin", "Get User Last Login Time",
                      admin_form("Get User Last Login Time", "Fill in the accounts.", {accounts_field()}),
                      get_user_lastlogin);
  offer_admin_command(self, "user-stats", "Get User Statistics",
                      admin_form("Get User Statistics", "Fill in the account.", {account_field()}), user_stats);
  offer_users(self, Users::registered, "get-registered-users-list");
  offer_users(self, Users::disabled, "get-disabled-users-list");
  offer_users(self, Users::online, "get-online-users-list");
  offer_users(self, Users::active, "get-active-users");  // sections 4.19 and 4.20: these nodes without "-list"
  offer_users(self, Users::idle, "get-idle-users");
}

}  // namespace aldis::ext
