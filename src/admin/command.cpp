// The list of operators' commands, and what they do with an AdminTarget.
#include "admin/command.h"

#include <algorithm>
#include <ctime>
#include <nlohmann/json.hpp>

#include "base/log.h"

namespace aldis::admin {
namespace {

using Json = nlohmann::json;

// RFC 3339 in UTC, seconds; empty for a time never set.
std::string time_text(WallTime when) {
  if (when == WallTime{}) {
    return {};
  }
  const std::time_t seconds = std::chrono::system_clock::to_time_t(std::chrono::sys_time<std::chrono::milliseconds>(when));
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 32> text{};
  return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts)};
}

Json message(std::string text) { return Json{{"message", std::move(text)}}; }

// Arguments are checked before a command runs, so these cannot fail.
BareJid account_of(const CommandArguments& arguments, std::string_view name = "account") {
  return BareJid::parse(arguments.values.find(name)->second).value();
}
SecretBytes take_secret(CommandArguments& arguments, std::string_view name) {
  return std::move(arguments.secrets.find(name)->second);
}

Task<Result<Json>> user_add(AdminTarget& target, CommandArguments arguments) {
  const BareJid jid = account_of(arguments);
  Result<void> done = co_await target.create_account(jid, take_secret(arguments, "password"));
  if (!done) {
    co_return fail(done.error());
  }
  co_return message("account " + jid.str() + " added");
}

Task<Result<Json>> user_passwd(AdminTarget& target, CommandArguments arguments) {
  const BareJid jid = account_of(arguments);
  Result<void> done = co_await target.set_password(jid, take_secret(arguments, "password"));
  if (!done) {
    co_return fail(done.error());
  }
  co_return message("password of " + jid.str() + " changed");
}

Task<Result<Json>> set_enabled(AdminTarget& target, BareJid jid, bool is_enabled) {
  Result<void> done = co_await target.set_enabled(jid, is_enabled);
  if (!done) {
    co_return fail(done.error());
  }
  co_return message("account " + jid.str() + (is_enabled ? " enabled" : " disabled"));
}
Task<Result<Json>> user_enable(AdminTarget& target, CommandArguments arguments) {
  return set_enabled(target, account_of(arguments), true);
}
Task<Result<Json>> user_disable(AdminTarget& target, CommandArguments arguments) {
  return set_enabled(target, account_of(arguments), false);
}

Task<Result<Json>> user_delete(AdminTarget& target, CommandArguments arguments) {
  const BareJid jid = account_of(arguments);
  Result<void> done = co_await target.delete_account(jid);
  if (!done) {
    co_return fail(done.error());
  }
  co_return message("account " + jid.str() + " and everything it owned deleted");
}

Task<Result<Json>> user_list(AdminTarget& target, CommandArguments arguments) {
  std::vector<std::string> domains = target.domains();
  if (const auto given = arguments.values.find("domain"); given != arguments.values.end()) {
    domains = {prepare_domain(given->second).value()};
  }
  Json rows = Json::array();
  for (const std::string& domain : domains) {
    std::string after;
    for (bool is_more = true; is_more && rows.size() < max_listing;) {
      constexpr std::size_t page = 1000;
      const auto accounts = co_await target.list_accounts(domain, after, page);
      if (!accounts) {
        co_return fail(accounts.error());
      }
      for (const AccountInfo& account : *accounts) {
        rows.push_back({{"account", account.jid.str()},
                        {"enabled", account.is_enabled},
                        {"created", time_text(account.created)},
                        {"password-changed", time_text(account.credentials_changed)}});
        after = account.jid.str();
      }
      is_more = accounts->size() == page;
    }
  }
  co_return rows;
}

// Every line is tried; the answer names the lines that failed, by number and address, never by their text.
Task<Result<Json>> user_import(AdminTarget& target, CommandArguments arguments) {
  const SecretBytes text = take_secret(arguments, "file");
  std::string_view rest = text.view();
  std::size_t number = 0;
  std::size_t added = 0;
  Json failures = Json::array();
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    ++number;
    if (line.ends_with('\r')) {
      line.remove_suffix(1);
    }
    if (line.empty() || line.starts_with('#')) {
      continue;
    }
    if (number > max_import_lines) {
      co_return fail(ErrorKind::limit, "more than " + std::to_string(max_import_lines) + " lines; " + std::to_string(added) +
                                           " accounts were added");
    }
    const std::size_t tab = line.find('\t');
    const auto jid = BareJid::parse(line.substr(0, std::min(tab, line.size())));
    std::string why;
    if (tab == std::string_view::npos) {
      why = "no tab between address and password";
    } else if (!jid) {
      why = "no address before the tab";
    } else {
      Result<void> done = co_await target.create_account(*jid, SecretBytes(line.substr(tab + 1)));
      if (done) {
        ++added;
        continue;
      }
      if (done.error().kind == ErrorKind::unavailable || done.error().kind == ErrorKind::full) {
        co_return fail(done.error().kind, "line " + std::to_string(number) + ": " + done.error().what + "; " +
                                              std::to_string(added) + " accounts were added before it");
      }
      why = done.error().what;
    }
    failures.push_back({{"line", number}, {"why", why}});
  }
  co_return Json{{"message", std::to_string(added) + " accounts added, " + std::to_string(failures.size()) + " lines refused"},
                 {"added", added},
                 {"refused", std::move(failures)}};
}

Task<Result<Json>> session_list(AdminTarget& target, CommandArguments arguments) {
  std::optional<BareJid> account;
  if (arguments.values.contains("account")) {
    account = account_of(arguments);
  }
  const auto sessions = co_await target.list_sessions(account, max_listing);
  if (!sessions) {
    co_return fail(sessions.error());
  }
  Json rows = Json::array();
  for (const SessionInfo& session : *sessions) {
    rows.push_back({{"session", session.jid},
                    {"source", session.source},
                    {"mechanism", session.mechanism},
                    {"priority", session.priority ? Json(*session.priority) : Json()}});
  }
  co_return rows;
}

Task<Result<Json>> session_kick(AdminTarget& target, CommandArguments arguments) {
  const auto jid = Jid::parse(arguments.values.find("address")->second);
  const auto ended = co_await target.end_sessions(*jid);
  if (!ended) {
    co_return fail(ended.error());
  }
  if (*ended == 0) {
    co_return fail(ErrorKind::not_found, jid->str() + " has no session");
  }
  co_return Json{{"message", std::to_string(*ended) + (*ended == 1 ? " session ended" : " sessions ended")}, {"ended", *ended}};
}

Task<Result<Json>> reload(AdminTarget& target, CommandArguments arguments) {
  static_cast<void>(arguments);
  const auto report = co_await target.reload();
  if (!report) {
    co_return fail(report.error());
  }
  std::string text = report->applied.empty() && report->need_restart.empty() ? "nothing has changed" : "";
  const auto append = [&](std::string_view what, const std::vector<std::string>& keys) {
    for (const std::string& key : keys) {
      text.append(text.empty() ? "" : "\n").append(what).append(key);
    }
  };
  append("applied: ", report->applied);
  append("needs a restart: ", report->need_restart);
  co_return Json{{"message", text}, {"applied", report->applied}, {"needs-restart", report->need_restart}};
}

Task<Result<Json>> status(AdminTarget& target, CommandArguments arguments) {
  static_cast<void>(arguments);
  const auto status = co_await target.status();
  if (!status) {
    co_return fail(status.error());
  }
  std::string domains;
  for (const std::string& domain : status->domains) {
    domains.append(domains.empty() ? "" : ", ").append(domain);
  }
  std::string text = "Aldis " + status->version + (status->is_running ? ", running for " : ", not running");
  if (status->is_running) {
    text += std::to_string(status->uptime.count()) + " s, " + std::to_string(status->sessions) + " sessions";
  }
  co_return Json{{"message", text + ", serving " + domains},
                 {"version", status->version},
                 {"running", status->is_running},
                 {"uptime-seconds", status->uptime.count()},
                 {"sessions", status->sessions},
                 {"domains", status->domains}};
}

std::vector<OperatorCommand> make_commands() {
  const Argument account{"account", ArgumentKind::account, "the account's address, such as juliet@localhost"};
  const Argument password{"password", ArgumentKind::password, "the password"};
  Argument of_account = account;
  of_account.is_required = false;
  of_account.help = "only this account's";
  return {
      {"user add", "Add an account.", {account, password}, true, true, {}, user_add},
      {"user passwd", "Set an account's password.", {account, password}, true, true, {}, user_passwd},
      {"user enable", "Let an account log in again.", {account}, true, true, {}, user_enable},
      {"user disable", "End an account's sessions and let it log in no more.", {account}, true, true, {}, user_disable},
      {"user delete", "Delete an account and everything it owns.", {account}, true, true, {}, user_delete},
      {"user list",
       "List accounts.",
       {{"domain", ArgumentKind::domain, "only this domain's", false}},
       true,
       false,
       {"account", "enabled", "created", "password-changed"},
       user_list},
      {"user import",
       "Add many accounts.",
       {{"file", ArgumentKind::accounts, "a file of lines ADDRESS<TAB>PASSWORD; - means standard input"}},
       true,
       true,
       {},
       user_import},
      {"session list",
       "List sessions.",
       {of_account},
       false,
       false,
       {"session", "source", "mechanism", "priority"},
       session_list},
      {"session kick",
       "End sessions.",
       {{"address", ArgumentKind::address, "a session's full address, or an account's address for all of its sessions"}},
       false,
       true,
       {},
       session_kick},
      {"reload", "Read the configuration again and apply what can change while the server runs.", {}, false, true, {}, reload},
      {"status", "Say whether the server runs, and what it serves.", {}, true, false, {}, status},
  };
}

Result<void> check_value(const Argument& argument, const std::string& value) {
  const auto refuse = [&](std::string_view why) { return fail(ErrorKind::invalid, value + " is no " + std::string(why)); };
  switch (argument.kind) {
    case ArgumentKind::account: {
      const auto jid = BareJid::parse(value);
      if (!jid || !jid->has_local()) {
        return refuse("account's address (such as juliet@localhost)");
      }
      return {};
    }
    case ArgumentKind::address: {
      const auto jid = Jid::parse(value);
      if (!jid || !jid->has_local()) {
        return refuse("session's or account's address");
      }
      return {};
    }
    case ArgumentKind::domain:
      if (!prepare_domain(value)) {
        return refuse("domain");
      }
      return {};
    case ArgumentKind::password:
    case ArgumentKind::accounts: break;
  }
  return {};
}

Result<void> check_arguments(const OperatorCommand& command, const CommandArguments& arguments) {
  std::size_t known = 0;
  for (const Argument& argument : command.arguments) {
    const auto value = arguments.values.find(argument.name);
    const bool is_secret_given = arguments.secrets.contains(argument.name);
    if (argument.is_secret() && value != arguments.values.end()) {
      return fail(ErrorKind::invalid, "\"" + argument.name + "\" is secret and was not given as one");
    }
    if (argument.is_secret() ? !is_secret_given : value == arguments.values.end()) {
      if (argument.is_required) {
        return fail(ErrorKind::invalid, "\"" + command.name + "\" needs \"" + argument.name + "\": " + argument.help);
      }
      continue;
    }
    ++known;
    if (!argument.is_secret()) {
      if (auto checked = check_value(argument, value->second); !checked) {
        return checked;
      }
    }
  }
  if (known != arguments.values.size() + arguments.secrets.size()) {
    return fail(ErrorKind::invalid, "\"" + command.name + "\" was given an argument it does not know");
  }
  return {};
}

void audit(const OperatorCommand& command, const CommandArguments& arguments, const std::string& who, std::string_view outcome) {
  std::string shown;
  for (const auto& [name, value] : arguments.values) {
    shown.append(shown.empty() ? "" : " ").append(value);
  }
  log::info("audit-operator-command", {{"command", command.name}, {"arguments", shown}, {"operator", who}, {"outcome", outcome}});
}

}  // namespace

std::span<const OperatorCommand> operator_commands() {
  static const std::vector<OperatorCommand> commands = make_commands();
  return commands;
}

const OperatorCommand* find_command(std::string_view name) {
  const auto commands = operator_commands();
  const auto found = std::ranges::find(commands, name, &OperatorCommand::name);
  return found == commands.end() ? nullptr : &*found;
}

Task<Result<Json>> run_command(AdminTarget& target, std::string name, CommandArguments arguments, std::string who) {
  const OperatorCommand* command = find_command(name);
  if (command == nullptr) {
    co_return fail(ErrorKind::not_found, "there is no command \"" + name + "\"");
  }
  const Result<void> checked = check_arguments(*command, arguments);
  if (!checked) {
    co_return fail(checked.error());
  }
  CommandArguments told;
  told.values = arguments.values;
  Result<Json> result = co_await command->run(target, std::move(arguments));
  if (command->is_change) {
    audit(*command, told, who, result ? std::string_view("done") : to_string(result.error().kind));
  }
  co_return result;
}

}  // namespace aldis::admin
