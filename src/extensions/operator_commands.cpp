// Operators' commands as ad-hoc commands (XEP-0050) with forms made from their descriptions. The domain is the one that
// is asked. A password is text-private; an import, which has many, is text-multi, for XEP-0004 has no private type of
// many lines.
#include "extensions/operator_commands.h"

#include <algorithm>

#include "core/administration.h"
#include "core/home.h"
#include "core/virtual_host.h"
#include "core/world.h"

namespace aldis::ext {
namespace {

using Outcome = Result<CommandOutcome, StanzaError>;
using Severity = CommandOutcome::Note::Severity;
constexpr std::string_view node_prefix = "urn:aldis:operator#";
constexpr std::size_t rows_max = 1000;  // in one answer

std::string node_of(const admin::OperatorCommand& command) {
  std::string node(node_prefix);
  node += command.name;
  std::ranges::replace(node, ' ', '-');
  return node;
}

std::optional<FieldType> field_type(admin::ArgumentKind kind) {
  switch (kind) {
    case admin::ArgumentKind::account:
    case admin::ArgumentKind::room:
    case admin::ArgumentKind::address:
      return FieldType::jid_single;
    case admin::ArgumentKind::jid:
      return FieldType::jid_single;
    case admin::ArgumentKind::time:
    case admin::ArgumentKind::duration:
    case admin::ArgumentKind::size:
    case admin::ArgumentKind::word:
      return FieldType::text_single;
    case admin::ArgumentKind::domain:
    case admin::ArgumentKind::page:
      return std::nullopt;
    case admin::ArgumentKind::text:
    case admin::ArgumentKind::certificate:
    case admin::ArgumentKind::revocation_lists:
    case admin::ArgumentKind::ocsp_responses:
    case admin::ArgumentKind::accounts:
      return FieldType::text_multi;
    case admin::ArgumentKind::password:
      return FieldType::text_private;
  }
  return std::nullopt;
}

Form form_of(const admin::OperatorCommand& command) {
  Form form(FormType::form, node_of(command));
  form.title = command.name;
  form.instructions.push_back(command.help);
  for (const admin::Argument& argument : command.arguments) {
    if (const auto type = field_type(argument.kind)) {
      Field field(argument.name, *type, {}, argument.help);
      field.required = argument.is_required;
      form.fields.push_back(std::move(field));
    }
  }
  return form;
}

admin::CommandArguments arguments_of(const admin::OperatorCommand& command, const VirtualHost& host,
                                     const Form& submitted) {
  admin::CommandArguments arguments;
  for (const admin::Argument& argument : command.arguments) {
    if (argument.kind == admin::ArgumentKind::domain) {
      arguments.values.emplace(argument.name, std::string(host.domain()));
      continue;
    }
    std::string text = submitted.text(argument.name);
    if (text.empty()) {
      continue;
    }
    if (argument.is_secret()) {
      arguments.secrets.emplace(argument.name, SecretBytes(std::string_view(text)));
      explicit_bzero(text.data(), text.size());
    } else {
      arguments.values.emplace(argument.name, std::move(text));
    }
  }
  return arguments;
}

Form listing(std::string_view node, const admin::OperatorResult& result) {
  Form form(FormType::result, node);
  for (const std::string& column : result.columns) {
    form.reported.emplace_back(column, FieldType::text_single, std::vector<std::string>{}, column);
  }
  for (std::size_t i = 0; i < std::min(result.rows.size(), rows_max); ++i) {
    std::vector<Field>& item = form.items.emplace_back();
    for (std::size_t column = 0; column < result.columns.size(); ++column) {
      item.emplace_back(result.columns[column], FieldType::text_single,
                        std::vector<std::string>{admin::to_text(result.rows[i][column])});
    }
  }
  return form;
}

CommandOutcome outcome_of(std::string_view node, const admin::OperatorResult& result) {
  CommandOutcome outcome;
  if (!result.message.empty()) {
    outcome.notes.push_back({Severity::info, result.message});
  }
  for (const admin::OperatorResult::Refusal& refused : result.refused) {
    outcome.notes.push_back({Severity::error, "line " + std::to_string(refused.line) + ": " + refused.why});
  }
  if (!result.columns.empty()) {
    outcome.forms.push_back(listing(node, result));
    if (result.rows.size() > rows_max) {
      outcome.notes.push_back(
          {Severity::warning, "These are the first of " + std::to_string(result.rows.size()) + "."});
    }
  } else if (result.message.empty()) {
    Form& facts = outcome.forms.emplace_back(FormType::result, node);
    for (const auto& [name, value] : result.fields) {
      facts.fields.emplace_back(name, FieldType::text_single, std::vector<std::string>{admin::to_text(value)}, name);
    }
  }
  return outcome;
}

Task<Outcome> run_command(Operators operators, const admin::OperatorCommand& command, Iq request,
                          std::vector<Form> forms) {
  admin::CommandArguments arguments = arguments_of(command, request.host(), forms.empty() ? Form() : forms.front());
  const auto result = co_await operators->run(request, command.name, std::move(arguments));
  if (!result) {
    co_return fail(result.error());
  }
  co_return outcome_of(node_of(command), *result);
}

}  // namespace

bool is_administrator(const VirtualHost& host, const Jid& requester) {
  return host.is_administrator(requester);
}

StanzaError refusal(const Error& error) {
  switch (error.kind) {
    case ErrorKind::invalid:
    case ErrorKind::limit:
      return StanzaError(StanzaCondition::not_acceptable, error.what);
    case ErrorKind::already_exists:
      return StanzaError(StanzaCondition::conflict, error.what);
    case ErrorKind::not_found:
      return StanzaError(StanzaCondition::item_not_found, error.what);
    case ErrorKind::denied:
      return StanzaError(StanzaCondition::not_allowed, error.what);
    default:
      return StanzaError(StanzaCondition::resource_constraint, "This cannot be done at the moment.");
  }
}

DomainOperators::DomainOperators(Extension& self)
    : server_(*self.world().administration, self.stores(), nullptr, nullptr, {std::string(self.host().domain())}, self.world().clock, {}),
      target_(server_, std::string(self.host().domain())) {}

Task<Result<admin::OperatorResult, StanzaError>> DomainOperators::run(Iq request, std::string name,
                                                                      admin::CommandArguments arguments) {
  arguments.own_session = request.envelope().origin;
  Result<admin::OperatorResult> result =
      co_await admin::run_command(target_, std::move(name), std::move(arguments), request.from().str());
  if (!result) {
    co_return fail(refusal(result.error()));
  }
  co_return std::move(*result);
}

void offer_operator_commands(Extension& self, const Operators& operators,
                             const std::set<std::string, std::less<>>& offered) {
  for (const admin::OperatorCommand& command : admin::operator_commands()) {
    // A domain has rooms at its addresses, or accounts.
    const bool fits = command.name.starts_with("room ") == (self.host().room_administration != nullptr);
    if (command.is_owners || !fits || offered.contains(command.name)) {
      continue;
    }
    AdHocCommand offer{.node = node_of(command), .name = command.help, .may_execute = is_administrator};
    const Form asked = form_of(command);
    if (asked.fields.size() > 1) {  // FORM_TYPE is one
      offer.stages.emplace_back([asked](const std::vector<Form>&) { return asked; });
    }
    offer.run = [operators, &command](Iq request, std::vector<Form> forms) {
      return run_command(operators, command, std::move(request), std::move(forms));
    };
    self.offer_command(std::move(offer));
  }
}

}  // namespace aldis::ext
