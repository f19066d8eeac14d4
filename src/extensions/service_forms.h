// What the commands of XEP-0133 share: their forms, reading addresses from them, and offering them.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/extension.h"
#include "extensions/operator_commands.h"

namespace aldis::ext {

using CommandResult = Result<CommandOutcome, StanzaError>;

[[nodiscard]] Form admin_form(std::string title, std::string instruction, std::vector<Field> fields);
[[nodiscard]] Field account_field();
[[nodiscard]] Field accounts_field();

[[nodiscard]] inline Unexpected<StanzaError> refuse(StanzaCondition condition, std::string text) {
  return fail(StanzaError(condition, std::move(text)));
}

// The addresses of a field, each of an account of this domain; with resources only where they make sense.
// not-acceptable: one is not, or there are more than 1000.
[[nodiscard]] Result<std::vector<Jid>, StanzaError> addresses(const Iq& request, const Form& submitted,
                                                              std::string_view var, bool may_be_full = false);
// The one of the field accountjid.
[[nodiscard]] Result<BareJid, StanzaError> address(const Iq& request, const Form& submitted);

using RunCommand = std::function<Task<CommandResult>(Iq, std::vector<Form>)>;
// A command of this specification, for the administrators of the domain. Without a form it runs at once.
void offer_admin_command(Extension& self, std::string_view node, std::string name, std::optional<Form> asked,
                         RunCommand run, decltype(AdHocCommand::prefill) prefill = {});

// The questions about accounts and users (sections 4.8 to 4.10 and 4.13 to 4.20).
void offer_questions(Extension& self);

}  // namespace aldis::ext
