// Commands about accounts.
#include <algorithm>
#include <array>
#include <ctime>

#include "operators/commands.h"

namespace aldis::admin::commands {

std::string time_text(WallTime when) {
  if (when == WallTime{}) {
    return {};
  }
  const std::time_t seconds =
      std::chrono::system_clock::to_time_t(std::chrono::sys_time<std::chrono::milliseconds>(when));
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 32> text{};
  return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts)};
}

namespace {

Outcome set_enabled(AdminTarget& target, BareJid jid, bool is_enabled) {
  Result<void> done = co_await target.set_enabled(jid, is_enabled);
  if (!done) {
    co_return fail(done.error());
  }
  co_return message("account " + jid.str() + (is_enabled ? " enabled" : " disabled"));
}

}  // namespace

Outcome user_add(AdminTarget& target, CommandArguments arguments) {
  const BareJid jid = account_of(arguments);
  Result<void> done = co_await target.create_account(jid, take_secret(arguments, "password"));
  if (!done) {
    co_return fail(done.error());
  }
  co_return message("account " + jid.str() + " added");
}

Outcome user_passwd(AdminTarget& target, CommandArguments arguments) {
  const BareJid jid = account_of(arguments);
  Result<void> done = co_await target.set_password(jid, take_secret(arguments, "password"), arguments.own_session);
  if (!done) {
    co_return fail(done.error());
  }
  co_return message("password of " + jid.str() + " changed");
}

Outcome user_expire(AdminTarget& target, CommandArguments arguments) {
  const BareJid jid = account_of(arguments);
  Result<void> done = co_await target.expire_password(jid);
  if (!done) {
    co_return fail(done.error());
  }
  co_return message("password of " + jid.str() + " must be changed at the next login");
}

Outcome user_enable(AdminTarget& target, CommandArguments arguments) {
  return set_enabled(target, account_of(arguments), true);
}
Outcome user_disable(AdminTarget& target, CommandArguments arguments) {
  return set_enabled(target, account_of(arguments), false);
}

Outcome user_delete(AdminTarget& target, CommandArguments arguments) {
  const BareJid jid = account_of(arguments);
  Result<void> done = co_await target.delete_account(jid);
  if (!done) {
    co_return fail(done.error());
  }
  co_return message("account " + jid.str() + " and everything it owned deleted");
}

Outcome user_list(AdminTarget& target, CommandArguments arguments) {
  std::vector<std::string> domains = target.domains();
  if (const auto given = arguments.values.find("domain"); given != arguments.values.end()) {
    domains = {prepare_domain(given->second).value()};
  }
  OperatorResult listing;
  for (const std::string& domain : domains) {
    std::string after;
    for (bool is_more = true; is_more && listing.rows.size() < max_listing;) {
      constexpr std::size_t page = 1000;
      const auto accounts = co_await target.list_accounts(domain, after, page);
      if (!accounts) {
        co_return fail(accounts.error());
      }
      for (const AccountInfo& account : *accounts) {
        listing.rows.push_back({account.jid.str(), account.is_enabled, time_text(account.created),
                                time_text(account.credentials_changed), account.locked_out});
        after = account.jid.str();
      }
      is_more = accounts->size() == page;
    }
  }
  co_return listing;
}

Outcome user_show(AdminTarget& target, CommandArguments arguments) {
  const BareJid jid = account_of(arguments);
  const auto account = co_await target.find_account(jid);
  if (!account) {
    co_return fail(account.error());
  }
  const auto sessions =
      co_await target.list_sessions(jid, max_listing);  // refused where no server runs: there are none
  co_return OperatorResult{.fields = {{"account", jid.str()},
                                      {"enabled", account->is_enabled},
                                      {"created", time_text(account->created)},
                                      {"password-changed", time_text(account->credentials_changed)},
                                      {"must-change", account->must_change},
                                      {"locked-out", account->locked_out.empty() ? "no" : account->locked_out},
                                      {"sessions", number(sessions ? sessions->size() : 0)}}};
}

Outcome user_unlock(AdminTarget& target, CommandArguments arguments) {
  const BareJid jid = account_of(arguments);
  Result<void> done = co_await target.unlock(jid);
  if (!done) {
    co_return fail(done.error());
  }
  co_return message("failed logins of " + jid.str() + " forgotten");
}

// Every line is tried; the answer names the lines that failed, by number and address, never by their text.
Outcome user_import(AdminTarget& target, CommandArguments arguments) {
  const SecretBytes text = take_secret(arguments, "file");
  std::string_view rest = text.view();
  std::size_t line_number = 0;
  std::size_t added = 0;
  std::vector<OperatorResult::Refusal> refused;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    ++line_number;
    if (line.ends_with('\r')) {
      line.remove_suffix(1);
    }
    if (line.empty() || line.starts_with('#')) {
      continue;
    }
    if (line_number > max_import_lines) {
      co_return fail(ErrorKind::limit, "more than " + std::to_string(max_import_lines) + " lines; " +
                                           std::to_string(added) + " accounts were added");
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
        co_return fail(done.error().kind, "line " + std::to_string(line_number) + ": " + done.error().what + "; " +
                                              std::to_string(added) + " accounts were added before it");
      }
      why = done.error().what;
    }
    refused.push_back({line_number, why});
  }
  co_return OperatorResult{
      .message = std::to_string(added) + " accounts added, " + std::to_string(refused.size()) + " lines refused",
      .fields = {{"added", number(added)}},
      .refused = std::move(refused)};
}

}  // namespace aldis::admin::commands
