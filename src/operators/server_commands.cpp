// Commands about sessions and about the server as a whole.
#include "operators/commands.h"

namespace aldis::admin::commands {

Outcome session_list(AdminTarget& target, CommandArguments arguments) {
  std::optional<BareJid> account;
  if (arguments.values.contains("account")) {
    account = account_of(arguments);
  }
  const auto sessions = co_await target.list_sessions(account, max_listing);
  if (!sessions) {
    co_return fail(sessions.error());
  }
  OperatorResult listing;
  for (const SessionInfo& session : *sessions) {
    listing.rows.push_back({session.jid, session.source, session.mechanism,
                            session.priority ? Value(std::int64_t{*session.priority}) : Value(),
                            some(session.tls_version), some(session.cipher), some(session.channel_binding),
                            session.is_confidential});
  }
  co_return listing;
}

Outcome session_kick(AdminTarget& target, CommandArguments arguments) {
  const auto jid = Jid::parse(arguments.values.find("address")->second);
  const auto ended = co_await target.end_sessions(*jid);
  if (!ended) {
    co_return fail(ended.error());
  }
  if (*ended == 0) {
    co_return fail(ErrorKind::not_found, jid->str() + " has no session");
  }
  co_return OperatorResult{.message = std::to_string(*ended) + (*ended == 1 ? " session ended" : " sessions ended"),
                           .fields = {{"ended", number(*ended)}}};
}

Outcome reload(AdminTarget& target, CommandArguments arguments) {
  static_cast<void>(arguments);
  const auto report = co_await target.reload();
  if (!report) {
    co_return fail(report.error());
  }
  std::string text = report->applied.empty() && report->need_restart.empty() && report->notes.empty() ? "nothing has changed" : "";
  const auto append = [&](std::string_view what, const std::vector<std::string>& keys) {
    for (const std::string& key : keys) {
      text.append(text.empty() ? "" : "\n").append(what).append(key);
    }
  };
  append("applied: ", report->applied);
  append("needs a restart: ", report->need_restart);
  append("note: ", report->notes);
  OperatorResult result{.message = text, .fields = {{"applied", report->applied}, {"needs-restart", report->need_restart}}};
  if (!report->notes.empty()) {
    result.fields.emplace_back("notes", report->notes);
  }
  co_return result;
}

Outcome status(AdminTarget& target, CommandArguments arguments) {
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
  OperatorResult result{.message = text + ", serving " + domains,
                        .fields = {{"version", status->version},
                                   {"running", status->is_running},
                                   {"uptime-seconds", std::int64_t{status->uptime.count()}},
                                   {"sessions", number(status->sessions)},
                                   {"domains", status->domains}}};
  if (!status->configuration.empty()) {
    result.message += "; configuration: " + status->configuration;
    result.fields.emplace_back("configuration", status->configuration);
  }
  co_return result;
}

}  // namespace aldis::admin::commands
