// XEP-0133 (1.3.1) Service Administration: the administrators of a domain act on its accounts and sessions through ad-hoc
// commands, and on no other domain's (security S12). Everything passes the one door (core/administration.h).
// Not here: message of the day and welcome message (4.22 to 4.26), black and white lists (4.11, 4.12): nothing stores them;
// the list of administrators (4.27), restart and shutdown (4.28, 4.29): they belong to whoever owns the machine. Add-user
// asks for no e-mail address or name, there is nothing to keep them in; user-stats has no rates. Active and idle users are
// told apart by the presence they show.
#include <algorithm>

#include "auth/principal.h"
#include "base/log.h"
#include "core/administration.h"
#include "core/extension.h"
#include "core/home.h"
#include "core/roster.h"
#include "core/virtual_host.h"
#include "extensions/extensions.h"
#include "xmpp/namespaces.h"
#include "xmpp/timestamp.h"

namespace aldis::ext {
namespace {

using Outcome = Result<CommandOutcome, StanzaError>;
using Severity = CommandOutcome::Note::Severity;
constexpr std::size_t page = 1000;              // accounts read from the store at a time
constexpr std::size_t addresses_max = 1000;     // in one form
constexpr std::size_t listing_max = 10'000;     // addresses in one answer, and sessions looked at
constexpr std::size_t announcement_bytes = 64 * 1024;

Form form(std::string title, std::string instruction, std::vector<Field> fields) {
  Form made(FormType::form, ns::admin);
  made.title = std::move(title);
  made.instructions.push_back(std::move(instruction));
  for (Field& field : fields) {
    made.fields.push_back(std::move(field));
  }
  return made;
}

Field account_field() {
  return Field("accountjid", FieldType::jid_single, {}, "The address of the account").required_too();
}
Field accounts_field() {
  return Field("accountjids", FieldType::jid_multi, {}, "The addresses of the accounts").required_too();
}
Field password_field(std::string var, std::string label) {
  return Field(std::move(var), FieldType::text_private, {}, std::move(label)).required_too();
}

Unexpected<StanzaError> refuse(StanzaCondition condition, std::string text) {
  return fail(StanzaError(condition, std::move(text)));
}

StanzaError refusal(const Error& error) {
  switch (error.kind) {
    case ErrorKind::invalid:
    case ErrorKind::limit: return StanzaError(StanzaCondition::not_acceptable, error.what);
    case ErrorKind::already_exists: return StanzaError(StanzaCondition::conflict, "There is such an account.");
    case ErrorKind::not_found: return StanzaError(StanzaCondition::item_not_found, "There is no such account.");
    case ErrorKind::denied: return StanzaError(StanzaCondition::not_allowed);
    default: return StanzaError(StanzaCondition::resource_constraint, "This cannot be done at the moment.");
  }
}

// The addresses of a field, each of an account of this domain; with resources only where they make sense.
Result<std::vector<Jid>, StanzaError> addresses(const Iq& request, const Form& submitted, std::string_view var,
                                                bool may_be_full = false) {
  std::vector<Jid> all;
  const Field* field = submitted.field(var);
  if (field == nullptr || field->values.size() > addresses_max) {
    return refuse(StanzaCondition::not_acceptable, "Too many addresses, or none.");
  }
  for (const std::string& text : field->values) {
    Result<Jid, JidError> jid = Jid::parse(text);
    if (!jid || !jid->has_local() || jid->domain() != request.host().domain() || (jid->is_full() && !may_be_full)) {
      return refuse(StanzaCondition::not_acceptable, "Only accounts of this domain can be administered here.");
    }
    if (std::find(all.begin(), all.end(), *jid) == all.end()) {
      all.push_back(std::move(*jid));
    }
  }
  return all;
}

Result<BareJid, StanzaError> address(const Iq& request, const Form& submitted) {
  Result<std::vector<Jid>, StanzaError> all = addresses(request, submitted, "accountjid");
  if (!all) {
    return fail(all.error());
  }
  if (all->size() != 1) {
    return refuse(StanzaCondition::not_acceptable, "One address is needed.");
  }
  return all->front().bare();
}

void audit(const Iq& request, std::string_view command, std::string_view account, std::string_view outcome) {
  log::info("administration", {{"administrator", request.from().str()},
                               {"command", command},
                               {"account", account},
                               {"outcome", outcome}});
}

// ---- accounts (4.1 to 4.5, 4.7)

Task<Outcome> add_user(Iq request, std::vector<Form> forms) {
  const Result<BareJid, StanzaError> jid = address(request, forms.front());
  if (!jid) {
    co_return fail(jid.error());
  }
  if (forms.front().value("password") != forms.front().value("password-verify")) {
    co_return refuse(StanzaCondition::not_acceptable, "The two passwords are not the same.");
  }
  SecretBytes password(forms.front().value("password").value_or(""));
  const Result<void> done = co_await request.home().world().administration->create_account(*jid, std::move(password));
  audit(request, "add-user", jid->str(), done ? "done" : to_string(done.error().kind));
  if (!done) {
    co_return fail(refusal(done.error()));
  }
  co_return CommandOutcome{};
}

Task<Outcome> change_user_password(Iq request, std::vector<Form> forms) {
  const Result<BareJid, StanzaError> jid = address(request, forms.front());
  if (!jid) {
    co_return fail(jid.error());
  }
  SecretBytes password(forms.front().value("password").value_or(""));
  // An administrator who changes his own keeps the session he does it in.
  const SessionId keep = request.envelope().origin;
  const Result<void> done = co_await request.home().world().administration->set_password(*jid, std::move(password), keep);
  audit(request, "change-user-password", jid->str(), done ? "done" : to_string(done.error().kind));
  if (!done) {
    co_return fail(refusal(done.error()));
  }
  co_return CommandOutcome{};
}

using Change = Task<Result<void>> (*)(Administration& administration, Jid jid);

// Does one thing to each of the addresses; what fails is told in notes, address by address.
Task<Outcome> for_each_account(Iq request, std::vector<Form> forms, std::string_view name, bool may_be_full, Change change) {
  const Result<std::vector<Jid>, StanzaError> all = addresses(request, forms.front(), "accountjids", may_be_full);
  if (!all) {
    co_return fail(all.error());
  }
  CommandOutcome outcome;
  for (const Jid& jid : *all) {
    const Result<void> done = co_await change(*request.home().world().administration, jid);
    audit(request, name, jid.str(), done ? "done" : to_string(done.error().kind));
    if (!done) {
      outcome.notes.push_back({Severity::error, jid.str() + ": " + refusal(done.error()).text});
    }
  }
  co_return outcome;
}

Task<Result<void>> delete_one(Administration& administration, Jid jid) { return administration.delete_account(jid.bare()); }
Task<Result<void>> disable_one(Administration& administration, Jid jid) {
  return administration.set_enabled(jid.bare(), false);
}
Task<Result<void>> enable_one(Administration& administration, Jid jid) { return administration.set_enabled(jid.bare(), true); }
Task<Result<void>> end_one(Administration& administration, Jid jid) {
  StreamError error{.condition = StreamCondition::reset, .text = "An administrator ended this session."};
  const std::size_t count = co_await administration.end_sessions(std::move(jid), std::move(error), "ended by an administrator");
  if (count == 0) {
    co_return fail(ErrorKind::not_found, "no session");
  }
  co_return Result<void>();
}

// ---- questions about accounts (4.8 to 4.10)

Form result_form() { return Form(FormType::result, ns::admin); }

Task<Result<AccountRecord, StanzaError>> find_account(Iq request, BareJid jid) {
  Result<AccountRecord> record = co_await request.home().world().stores.accounts.find(jid);
  if (!record) {
    co_return fail(refusal(record.error()));
  }
  co_return std::move(*record);
}

Task<Outcome> get_user_roster(Iq request, std::vector<Form> forms) {
  const Result<std::vector<Jid>, StanzaError> all = addresses(request, forms.front(), "accountjids");
  if (!all) {
    co_return fail(all.error());
  }
  CommandOutcome outcome;
  xml::Writer writer(outcome.payload);
  for (const Jid& jid : *all) {
    audit(request, "get-user-roster", jid.str(), "asked");
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
    for (const RosterItem& item : roster->items) {
      write_roster_item(writer, item);
    }
    writer.end().end();
  }
  co_return outcome;
}

Task<Outcome> get_user_lastlogin(Iq request, std::vector<Form> forms) {
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

Task<Outcome> user_stats(Iq request, std::vector<Form> forms) {
  const Result<BareJid, StanzaError> jid = address(request, forms.front());
  if (!jid) {
    co_return fail(jid.error());
  }
  audit(request, "user-stats", jid->str(), "asked");
  const Result<AccountRecord, StanzaError> record = co_await find_account(request, *jid);
  if (!record) {
    co_return fail(record.error());
  }
  const Result<RosterData> roster = co_await request.home().world().stores.rosters.load(*jid);
  if (!roster) {
    co_return fail(refusal(roster.error()));
  }
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
                             std::vector<std::string>{std::to_string(roster->items.size())}, "Contacts");
  answer.fields.emplace_back("onlineresources", FieldType::text_multi, std::move(resources), "Resources online");
  CommandOutcome outcome;
  outcome.forms.push_back(std::move(answer));
  co_return outcome;
}

// ---- numbers and lists of users (4.13 to 4.20)

enum class Users : std::uint8_t { registered, disabled, online, active, idle };
constexpr std::string_view word(Users users) {
  switch (users) {
    case Users::registered: return "registered";
    case Users::disabled: return "disabled";
    case Users::online: return "online";
    case Users::active: return "active";
    case Users::idle: return "idle";
  }
  return "";
}

struct Found {
  std::size_t count = 0;
  std::vector<std::string> jids{};   // the first of them, in order
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

Task<Outcome> count_users(Iq request, Users users) {
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

Task<Outcome> list_users(Iq request, std::vector<Form> forms, Users users) {
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

// ---- announcements (4.21)

Task<Outcome> announce(Iq request, std::vector<Form> forms) {
  std::string text = forms.front().text("announcement");
  std::string subject(forms.front().value("subject").value_or(""));
  if (text.size() + subject.size() > announcement_bytes) {
    co_return refuse(StanzaCondition::not_acceptable, "The announcement is too long.");
  }
  const std::size_t count = co_await request.home().world().administration->announce(
      request.host().jid(), std::move(subject), std::move(text));
  audit(request, "announce", request.host().domain(), "done");
  CommandOutcome outcome;
  outcome.notes.push_back({Severity::info, "Sent to " + std::to_string(count) + " sessions."});
  co_return outcome;
}

// ---- the list

using Run = std::function<Task<Outcome>(Iq, std::vector<Form>)>;

void offer(Extension& self, std::string_view node, std::string name, std::optional<Form> asked, Run run) {
  AdHocCommand command{.node = std::string(ns::admin) + "#" + std::string(node),
                       .name = std::move(name),
                       .may_execute = [](const VirtualHost& host, const Jid& jid) { return host.is_administrator(jid); }};
  if (asked) {
    command.stages.emplace_back([moved = std::move(*asked)](const std::vector<Form>&) { return moved; });
  }
  command.run = std::move(run);
  self.offer_command(std::move(command));
}

void offer_change(Extension& self, std::string_view node, std::string name, bool may_be_full, Change change) {
  Form asked = form(name, "Fill in the accounts this is about.", {accounts_field()});
  offer(self, node, std::move(name), std::move(asked), [node, may_be_full, change](Iq request, std::vector<Form> forms) {
    return for_each_account(std::move(request), std::move(forms), node, may_be_full, change);
  });
}

void offer_users(Extension& self, Users users, std::string_view list_node) {
  const std::string what(word(users));
  offer(self, "get-" + what + "-users-num", "Get Number of " + what + " Users", std::nullopt,
        [users](Iq request, const std::vector<Form>&) { return count_users(std::move(request), users); });
  std::vector<FieldOption> sizes;
  for (const char* size : {"25", "50", "75", "100", "150", "200", "none"}) {
    sizes.push_back({size, size});
  }
  Field limit = Field("max_items", FieldType::list_single, {}, "Maximum number of items to show").with_options(std::move(sizes));
  offer(self, list_node, "Get List of " + what + " Users",
        form("Requesting List of " + what + " Users", "Fill in this form to request a list.", {std::move(limit)}),
        [users](Iq request, std::vector<Form> forms) { return list_users(std::move(request), std::move(forms), users); });
}

}  // namespace

void install_service_administration(Extension& self) {
  offer(self, "add-user", "Add User",
        form("Add User", "Fill in the address and the password of the new account.",
             {account_field(), password_field("password", "The password"), password_field("password-verify", "Retype password")}),
        add_user);
  offer(self, "change-user-password", "Change User Password",
        form("Change User Password", "Fill in the account and its new password.",
             {account_field(), password_field("password", "The new password")}),
        change_user_password);
  offer_change(self, "delete-user", "Delete User", false, delete_one);
  offer_change(self, "disable-user", "Disable User", false, disable_one);
  offer_change(self, "reenable-user", "Re-Enable User", false, enable_one);
  offer_change(self, "end-user-session", "End User Session", true, end_one);
  offer(self, "get-user-roster", "Get User Roster", form("Get User Roster", "Fill in the accounts.", {accounts_field()}),
        get_user_roster);
  offer(self, "get-user-lastlogin", "Get User Last Login Time",
        form("Get User Last Login Time", "Fill in the accounts.", {accounts_field()}), get_user_lastlogin);
  offer(self, "user-stats", "Get User Statistics", form("Get User Statistics", "Fill in the account.", {account_field()}),
        user_stats);
  offer_users(self, Users::registered, "get-registered-users-list");
  offer_users(self, Users::disabled, "get-disabled-users-list");
  offer_users(self, Users::online, "get-online-users-list");
  offer_users(self, Users::active, "get-active-users");   // sections 4.19 and 4.20: these nodes without "-list"
  offer_users(self, Users::idle, "get-idle-users");
  offer(self, "announce", "Send Announcement to Online Users",
        form("Send Announcement to Online Users", "It goes to everybody of this domain who is online now.",
             {Field("subject", FieldType::text_single, {}, "Subject"),
              Field("announcement", FieldType::text_multi, {}, "Announcement").required_too()}),
        announce);
}

}  // namespace aldis::ext
