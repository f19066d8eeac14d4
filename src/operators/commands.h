// The functions behind operator_commands(), and what they share. Arguments have been checked when a command runs.
#pragma once
#include "operators/command.h"

namespace aldis::admin::commands {

using Outcome = Task<Result<OperatorResult>>;

// A listing's text, or nothing where there is none.
// RFC 3339 in UTC, seconds; empty for a time never set.
[[nodiscard]] std::string time_text(WallTime when);
[[nodiscard]] inline Value some(const std::string& text) { return text.empty() ? Value() : Value(text); }

Outcome user_add(AdminTarget& target, CommandArguments arguments);
Outcome user_passwd(AdminTarget& target, CommandArguments arguments);
Outcome user_expire(AdminTarget& target, CommandArguments arguments);
Outcome user_enable(AdminTarget& target, CommandArguments arguments);
Outcome user_disable(AdminTarget& target, CommandArguments arguments);
Outcome user_delete(AdminTarget& target, CommandArguments arguments);
Outcome user_list(AdminTarget& target, CommandArguments arguments);
Outcome user_show(AdminTarget& target, CommandArguments arguments);
Outcome user_unlock(AdminTarget& target, CommandArguments arguments);
Outcome user_import(AdminTarget& target, CommandArguments arguments);
Outcome session_list(AdminTarget& target, CommandArguments arguments);
Outcome session_kick(AdminTarget& target, CommandArguments arguments);
Outcome session_tokens(AdminTarget& target, CommandArguments arguments);
Outcome session_forget(AdminTarget& target, CommandArguments arguments);
Outcome cert_import_crl(AdminTarget& target, CommandArguments arguments);
Outcome cert_import_ocsp(AdminTarget& target, CommandArguments arguments);
Outcome cert_revocation(AdminTarget& target, CommandArguments arguments);
Outcome user_certificate_add(AdminTarget& target, CommandArguments arguments);
Outcome user_certificate_list(AdminTarget& target, CommandArguments arguments);
Outcome user_certificate_remove(AdminTarget& target, CommandArguments arguments);
Outcome cert_explain(AdminTarget& target, CommandArguments arguments);
Outcome archive_show(AdminTarget& target, CommandArguments arguments);
Outcome archive_keep(AdminTarget& target, CommandArguments arguments);
Outcome archive_keep_default(AdminTarget& target, CommandArguments arguments);
Outcome archive_export(AdminTarget& target, CommandArguments arguments);
Outcome room_list(AdminTarget& target, CommandArguments arguments);
Outcome room_show(AdminTarget& target, CommandArguments arguments);
Outcome room_create(AdminTarget& target, CommandArguments arguments);
Outcome room_destroy(AdminTarget& target, CommandArguments arguments);
Outcome room_affiliation_list(AdminTarget& target, CommandArguments arguments);
Outcome room_affiliation_set(AdminTarget& target, CommandArguments arguments);
Outcome room_export(AdminTarget& target, CommandArguments arguments);
Outcome peer_list(AdminTarget& target, CommandArguments arguments);
Outcome peer_explain(AdminTarget& target, CommandArguments arguments);
Outcome component_list(AdminTarget& target, CommandArguments arguments);
Outcome directory_check(AdminTarget& target, CommandArguments arguments);
Outcome reload(AdminTarget& target, CommandArguments arguments);
Outcome status(AdminTarget& target, CommandArguments arguments);
Outcome announce(AdminTarget& target, CommandArguments arguments);
Outcome motd_set(AdminTarget& target, CommandArguments arguments);
Outcome motd_edit(AdminTarget& target, CommandArguments arguments);
Outcome motd_delete(AdminTarget& target, CommandArguments arguments);
Outcome motd_show(AdminTarget& target, CommandArguments arguments);
Outcome welcome_set(AdminTarget& target, CommandArguments arguments);
Outcome welcome_delete(AdminTarget& target, CommandArguments arguments);
Outcome welcome_show(AdminTarget& target, CommandArguments arguments);

[[nodiscard]] inline OperatorResult message(std::string text) {
  return {.message = std::move(text)};
}
[[nodiscard]] inline std::int64_t number(std::uint64_t value) {
  return static_cast<std::int64_t>(value);
}
[[nodiscard]] inline BareJid account_of(const CommandArguments& arguments) {
  return BareJid::parse(arguments.values.find("account")->second).value();
}
[[nodiscard]] inline SecretBytes take_secret(CommandArguments& arguments, std::string_view name) {
  return std::move(arguments.secrets.find(name)->second);
}

}  // namespace aldis::admin::commands
