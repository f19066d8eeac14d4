// Operators' commands to the core's Administration.
#include "app/server_target.h"

#include "admin/account_errors.h"

namespace aldis::app {

ServerTarget::ServerTarget(Administration& administration, Stores stores, std::vector<std::string> domains, const Clock& clock,
                           std::function<void()> ask_reload)
    : administration_(administration),
      stores_(stores),
      domains_(std::move(domains)),
      clock_(clock),
      started_(clock.now()),
      ask_reload_(std::move(ask_reload)) {}

Task<Result<void>> ServerTarget::create_account(BareJid jid, SecretBytes password) {
  if (auto allowed = admin::check_account(jid, domains_); !allowed) {
    co_return allowed;
  }
  Result<void> done = co_await administration_.create_account(jid, std::move(password));
  co_return admin::name_account(std::move(done), jid);
}

Task<Result<void>> ServerTarget::set_password(BareJid jid, SecretBytes password) {
  Result<void> done = co_await administration_.set_password(jid, std::move(password));
  co_return admin::name_account(std::move(done), jid);
}

Task<Result<void>> ServerTarget::set_enabled(BareJid jid, bool is_enabled) {
  Result<void> done = co_await administration_.set_enabled(jid, is_enabled);
  co_return admin::name_account(std::move(done), jid);
}

Task<Result<void>> ServerTarget::delete_account(BareJid jid) {
  Result<void> done = co_await administration_.delete_account(jid);
  co_return admin::name_account(std::move(done), jid);
}

Task<Result<std::vector<admin::AccountInfo>>> ServerTarget::list_accounts(std::string domain, std::string after, std::size_t limit) {
  auto records = co_await stores_.accounts.list(std::move(domain), std::move(after), limit);
  co_return admin::account_infos(std::move(records));
}

Task<Result<std::vector<admin::SessionInfo>>> ServerTarget::list_sessions(std::optional<BareJid> account, std::size_t limit) {
  const auto sessions = co_await administration_.sessions(std::move(account), limit);
  std::vector<admin::SessionInfo> infos;
  for (const SessionSummary& session : sessions) {
    admin::SessionInfo info{session.jid.str(), session.peer, session.mechanism, std::nullopt};
    if (session.is_available) {
      info.priority = session.priority;
    }
    infos.push_back(std::move(info));
  }
  co_return infos;
}

Task<Result<std::size_t>> ServerTarget::end_sessions(Jid jid) {
  const StreamError error{.condition = StreamCondition::policy_violation, .text = "An administrator ended this session."};
  const std::size_t ended = co_await administration_.end_sessions(std::move(jid), error, "ended by an operator");
  co_return ended;
}

Task<Result<admin::ReloadReport>> ServerTarget::reload() {
  const Waiting waiting;
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(waiting);
  }
  ask_reload_();
  Result<admin::ReloadReport> outcome = co_await waiting;
  co_return outcome;
}

void ServerTarget::answer_reloads(const Result<admin::ReloadReport>& outcome) {
  std::vector<Waiting> waiting;
  {
    const std::lock_guard lock(mutex_);
    waiting.swap(waiting_);
  }
  for (const Waiting& one : waiting) {
    one.complete(outcome);
  }
}

Task<Result<admin::ServerStatus>> ServerTarget::status() {
  admin::ServerStatus status;
  status.version = ALDIS_VERSION;
  status.is_running = true;
  status.uptime = std::chrono::duration_cast<std::chrono::seconds>(clock_.now() - started_);
  status.domains = domains_;
  status.sessions = co_await administration_.session_count();
  co_return status;
}

}  // namespace aldis::app
