// Forms and addresses of XEP-0133's commands.
#include "extensions/service_forms.h"

#include <algorithm>

#include "core/virtual_host.h"
#include "xmpp/namespaces.h"

namespace aldis::ext {
namespace {
constexpr std::size_t addresses_max = 1000;  // in one form
}  // namespace

Form admin_form(std::string title, std::string instruction, std::vector<Field> fields) {
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

Result<std::vector<Jid>, StanzaError> addresses(const Iq& request, const Form& submitted, std::string_view var,
                                                bool may_be_full) {
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

void offer_admin_command(Extension& self, std::string_view node, std::string name, std::optional<Form> asked,
                         RunCommand run, decltype(AdHocCommand::prefill) prefill) {
  AdHocCommand command{.node = std::string(ns::admin) + "#" + std::string(node),
                       .name = std::move(name),
                       .may_execute = is_administrator,
                       .prefill = std::move(prefill)};
  if (asked) {
    command.stages.emplace_back([moved = std::move(*asked)](const std::vector<Form>&) { return moved; });
  }
  command.run = std::move(run);
  self.offer_command(std::move(command));
}

}  // namespace aldis::ext
