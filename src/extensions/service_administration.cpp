// XEP-0133 (1.3.1) Service Administration: the administrators of a domain act on its accounts and sessions through ad-hoc
// commands, and on no other domain's (security S12). What changes anything is an operators' command behind the form of the
// specification (operators/command.h); commands without a node there are offered by extensions/operator_commands.h; questions
// are in extensions/service_questions.cpp.
// Not here: black and white lists (4.11, 4.12), for each user's block list and the policy say who may reach whom; the list of
// administrators (4.27), restart and shutdown (4.28, 4.29), which belong to whoever owns the machine. Add-user asks for no
// e-mail address or name, there is nothing to keep them in; user-stats has no rates. Active and idle users are told apart by
// the presence they show.
#include "core/home.h"
#include "core/notices.h"
#include "core/session.h"
#include "core/virtual_host.h"
#include "extensions/extensions.h"
#include "extensions/service_forms.h"

namespace aldis::ext {
namespace {

using Severity = CommandOutcome::Note::Severity;

Field password_field(std::string var, std::string label) {
  return Field(std::move(var), FieldType::text_private, {}, std::move(label)).required_too();
}

// ---- accounts (4.1 to 4.5, 4.7): operators' commands behind the forms of the specification

CommandOutcome told(const admin::OperatorResult& result) {
  return {.notes = {{Severity::info, result.message}}};
}

// One account, and perhaps its password.
Task<CommandResult> on_account(Operators operators, std::string name, Iq request, std::vector<Form> forms) {
  const Result<BareJid, StanzaError> jid = address(request, forms.front());
  if (!jid) {
    co_return fail(jid.error());
  }
  const std::string_view password = forms.front().value("password").value_or("");
  if (forms.front().value("password-verify").value_or(password) != password) {
    co_return refuse(StanzaCondition::not_acceptable, "The two passwords are not the same.");
  }
  admin::CommandArguments arguments;
  arguments.values.emplace("account", jid->str());
  arguments.secrets.emplace("password", SecretBytes(password));
  const auto done = co_await operators->run(request, std::move(name), std::move(arguments));
  if (!done) {
    co_return fail(done.error());
  }
  co_return told(*done);
}

// Does one thing to each of the addresses; what fails is told in notes, address by address.
Task<CommandResult> on_each(Operators operators, std::string name, std::string argument, Iq request, std::vector<Form> forms) {
  const Result<std::vector<Jid>, StanzaError> all = addresses(request, forms.front(), "accountjids", argument == "address");
  if (!all) {
    co_return fail(all.error());
  }
  CommandOutcome outcome;
  for (const Jid& jid : *all) {
    admin::CommandArguments arguments;
    arguments.values.emplace(argument, jid.str());
    const auto done = co_await operators->run(request, name, std::move(arguments));
    if (!done) {
      outcome.notes.push_back({Severity::error, jid.str() + ": " + done.error().text});
    }
  }
  co_return outcome;
}

// ---- announcements, message of the day, welcome message (4.21 to 4.26)

// `var` is the field that holds the text; empty: there is none.
Task<CommandResult> on_domain(Operators operators, std::string name, std::string var, Iq request, std::vector<Form> forms) {
  admin::CommandArguments arguments;
  arguments.values.emplace("domain", std::string(request.host().domain()));
  if (!var.empty()) {
    arguments.values.emplace("text", forms.front().text(var));
    if (std::string subject(forms.front().value("subject").value_or("")); !subject.empty()) {
      arguments.values.emplace("subject", std::move(subject));
    }
  }
  const auto done = co_await operators->run(request, std::move(name), std::move(arguments));
  if (!done) {
    co_return fail(done.error());
  }
  co_return told(*done);
}

// Sections 4.23 and 4.25: the form includes what is set.
Task<Result<Form, StanzaError>> with_current(Iq request, Form asked, NoticeKind kind) {
  const auto current = co_await request.home().world().stores.notices.load(std::string(request.host().domain()), kind);
  if (current && *current) {
    Field& text = asked.fields.back();
    std::string_view rest = (*current)->text;
    for (bool is_more = true; is_more;) {
      const std::size_t end = rest.find('\n');
      is_more = end != std::string_view::npos;
      text.values.emplace_back(rest.substr(0, end));
      rest.remove_prefix(is_more ? end + 1 : rest.size());
    }
  }
  co_return asked;
}

// ---- the list

// The commands of operators that have a node of their own in the specification.
class Offers {
 public:
  Offers(Extension& self, Operators operators) : self_(self), operators_(std::move(operators)) {}
  [[nodiscard]] const std::set<std::string, std::less<>>& names() const { return names_; }

  void account(std::string_view node, std::string name, std::string command, Form asked) {
    names_.insert(command);
    offer_admin_command(self_, node, std::move(name), std::move(asked), [all = operators_, command](Iq request, std::vector<Form> forms) {
      return on_account(all, command, std::move(request), std::move(forms));
    });
  }
  void each(std::string_view node, std::string name, std::string command, std::string argument) {
    names_.insert(command);
    Form asked = admin_form(name, "Fill in the accounts this is about.", {accounts_field()});
    offer_admin_command(self_, node, std::move(name), std::move(asked), [all = operators_, command, argument](Iq request, std::vector<Form> forms) {
      return on_each(all, command, argument, std::move(request), std::move(forms));
    });
  }
  // The last field holds the text.
  void text(std::string_view node, std::string name, std::string command, Form asked, std::optional<NoticeKind> current = {}) {
    names_.insert(command);
    decltype(AdHocCommand::prefill) prefill;
    if (current) {
      prefill = [kind = *current](Iq request, Form shown) { return with_current(std::move(request), std::move(shown), kind); };
    }
    const std::string var = asked.fields.back().var;
    offer_admin_command(
        self_, node, std::move(name), std::move(asked),
        [all = operators_, command, var](Iq request, std::vector<Form> forms) {
          return on_domain(all, command, var, std::move(request), std::move(forms));
        },
        std::move(prefill));
  }
  void plain(std::string_view node, std::string name, std::string command) {
    names_.insert(command);
    offer_admin_command(self_, node, std::move(name), std::nullopt, [all = operators_, command](Iq request, std::vector<Form> forms) {
      return on_domain(all, command, {}, std::move(request), std::move(forms));
    });
  }

 private:
  Extension& self_;
  Operators operators_;
  std::set<std::string, std::less<>> names_;
};

Field text_field(std::string var, std::string label) {
  return Field(std::move(var), FieldType::text_multi, {}, std::move(label)).required_too();
}

void offer_operators(Extension& self) {
  const auto operators = std::make_shared<DomainOperators>(self);
  Offers offers(self, operators);
  offers.account("add-user", "Add User", "user add",
                 admin_form("Add User", "Fill in the address and the password of the new account.",
                      {account_field(), password_field("password", "The password"), password_field("password-verify", "Retype password")}));
  offers.account("change-user-password", "Change User Password", "user passwd",
                 admin_form("Change User Password", "Fill in the account and its new password.",
                      {account_field(), password_field("password", "The new password")}));
  offers.each("delete-user", "Delete User", "user delete", "account");
  offers.each("disable-user", "Disable User", "user disable", "account");
  offers.each("reenable-user", "Re-Enable User", "user enable", "account");
  offers.each("end-user-session", "End User Session", "session kick", "address");
  offers.text("announce", "Send Announcement to Online Users", "announce",
              admin_form("Send Announcement to Online Users", "It goes to everybody of this domain who is online now.",
                   {Field("subject", FieldType::text_single, {}, "Subject"), text_field("announcement", "Announcement")}));
  offers.text("set-motd", "Set Message of the Day", "motd set",
              admin_form("Set Message of the Day", "It goes once to everybody: now, or when they come online.",
                   {text_field("motd", "Message of the day")}));
  offers.text("edit-motd", "Edit Message of the Day", "motd edit",
              admin_form("Edit Message of the Day", "Those who have had it do not get it again.", {text_field("motd", "Message of the day")}),
              NoticeKind::motd);
  offers.plain("delete-motd", "Delete Message of the Day", "motd delete");
  offers.text("set-welcome", "Set Welcome Message", "welcome set",
              admin_form("Set Welcome Message", "A new user gets it at the first login.", {text_field("welcome", "Welcome message")}),
              NoticeKind::welcome);
  offers.plain("delete-welcome", "Delete Welcome Message", "welcome delete");
  offer_operator_commands(self, operators, offers.names());
}

}  // namespace

void install_service_administration(Extension& self) {
  offer_operators(self);
  self.on_available([](Session& session) {  // 4.22 and 4.25
    spawn(deliver_notices(Account::Pin(session.account()), session.id()));
  });
  offer_questions(self);
}

}  // namespace aldis::ext
