// Acting on accounts: the store first, then their sessions.
#include "core/administration.h"

#include <algorithm>

#include "auth/passwords.h"
#include "base/log.h"
#include "core/directory_accounts.h"
#include "core/home.h"
#include "core/notices.h"
#include "core/virtual_host.h"
#include "xmpp/namespaces.h"

namespace aldis {
namespace {

// Runs `work` on the home's executor and resumes on the caller's with what it returned.
template <class F>
auto on(Home& home, F work) -> Task<decltype(work(home))> {
  const Completion<decltype(work(home))> done;
  home.shard().post([&home, done, moved = std::move(work)]() mutable { done.complete(moved(home)); });
  auto value = co_await done;
  co_return value;
}

bool is_of(const Session& session, const std::optional<BareJid>& wanted) {
  return !wanted || (wanted->has_local() ? session.jid().bare_str() == wanted->str() : session.jid().domain() == wanted->str());
}

bool shows_away(const Session& session) {
  if (!session.is_available()) {
    return false;
  }
  const auto show = session.presence()->child({"show", ns::client});
  const std::string text = show ? show->text() : std::string();
  return text == "away" || text == "xa";
}

// A headline from the domain to every available session of it. Whose they were, one entry for each session.
Task<std::vector<BareJid>> tell_everybody(World& world, BareJid domain, std::string subject, std::string text) {
  std::vector<BareJid> told;
  for (const auto& home : world.homes) {
    auto tell = [domain, subject, text](Home& here) {
      std::vector<SessionId> ids;  // a session may end while it is written to
      here.for_each_session([&](const Session& session) {
        if (session.is_available() && is_of(session, domain)) {
          ids.push_back(session.id());
        }
      });
      std::vector<BareJid> owners;
      for (const SessionId id : ids) {
        if (Session* session = here.find_session(id)) {
          owners.push_back(session->jid().bare());
          session->send_own(make_headline(here, domain, *session, subject, text));
        }
      }
      return owners;
    };
    const std::vector<BareJid> some = co_await on(*home, std::move(tell));
    told.insert(told.end(), some.begin(), some.end());
  }
  co_return told;
}

Unexpected<Error> no_such_domain(const BareJid& jid) {
  return fail(ErrorKind::not_found, "the domain " + std::string(jid.domain()) + " is not served here");
}

}  // namespace

Administration::Administration(World& world, KeyDerivation& derivation, LoginFailureCounters& failures, Executor& lobby,
                               std::function<AuthConfig()> auth)
    : world_(world), derivation_(derivation), failures_(failures), lobby_(lobby), auth_(std::move(auth)) {}

const std::string* Administration::directory_of(std::string_view domain) const {
  return world_.directories == nullptr ? nullptr : world_.directories->owner_of(domain);
}

RoomAdministration* Administration::rooms_of(std::string_view domain) const {
  const VirtualHost* host = world_.find_host(domain);
  return host == nullptr ? nullptr : host->room_administration.get();
}

Task<Result<void>> Administration::create_account(BareJid jid, SecretBytes password) {
  const VirtualHost* host = world_.find_host(jid.domain());
  if (host == nullptr || !host->has_accounts || !jid.has_local()) {
    co_return no_such_domain(jid);
  }
  if (const std::string* directory = directory_of(jid.domain())) {
    co_return owned_by_directory(jid, *directory);
  }
  Passwords passwords(auth_(), world_.stores.accounts, derivation_, world_.random, world_.clock);
  const Result<void> created = co_await passwords.create_account(jid, std::move(password));
  if (!created) {
    log::info("audit-account-refused", {{"account", jid.str()}, {"reason", created.error().what}});
    co_return created;
  }
  log::info("account-created", {{"account", jid.str()}});
  auto tell = [jid](Home& home) {
    if (Account* account = home.find_account(jid)) {
      account->created();
    }
    return true;
  };
  const bool told = co_await on(world_.home_of(jid.str()), std::move(tell));
  static_cast<void>(told);
  co_return created;
}

Task<Result<WallTime>> Administration::change_password(BareJid jid, SecretBytes password, ChangedBy by) {
  const std::string* directory = directory_of(jid.domain());
  if (directory == nullptr) {
    Passwords passwords(auth_(), world_.stores.accounts, derivation_, world_.random, world_.clock);
    Result<WallTime> changed = co_await passwords.change_password(jid, std::move(password), by);
    co_return changed;
  }
  if (by != ChangedBy::its_owner) {
    co_return owned_by_directory(jid, *directory);
  }
  const Result<SecretBytes> prepared = prepare_password(password);
  if (!prepared) {
    co_return fail(prepared.error());
  }
  const Completion<Result<WallTime>> done;
  lobby_.post([this, jid, fresh = *prepared, done]() mutable {
    spawn([](const DirectoryAccounts& directories, BareJid account, SecretBytes wanted, Completion<Result<WallTime>> to) -> Task<void> {
      Result<WallTime> changed = co_await directories.change_password(std::move(account), std::move(wanted));
      to.complete(std::move(changed));
    }(*world_.directories, jid, std::move(fresh), done));
  });
  Result<WallTime> changed = co_await done;
  co_return changed;
}

Task<Result<void>> Administration::expire_password(BareJid jid) {
  if (const std::string* directory = directory_of(jid.domain())) {
    co_return owned_by_directory(jid, *directory);
  }
  const Result<void> done = co_await world_.stores.accounts.set_must_change(jid);
  if (done) {
    log::info("password-expired", {{"account", jid.str()}});
  }
  co_return done;
}

Task<Result<void>> Administration::set_password(BareJid jid, SecretBytes password, SessionId keep, ChangedBy by) {
  const Result<WallTime> changed = co_await change_password(jid, std::move(password), by);
  if (!changed) {
    log::info("audit-password-refused", {{"account", jid.str()},
                                         {"by", by == ChangedBy::its_owner ? "its owner" : "an operator"},
                                         {"reason", changed.error().what}});
    co_return fail(changed.error());
  }
  log::info("password-changed", {{"account", jid.str()}});
  auto end_others = [jid, keep, when = *changed](Home& home) {
    if (Account* account = home.find_account(jid)) {
      account->learn_credentials(when, true);  // nobody authenticates while it is disabled
      const StreamError error{.condition = StreamCondition::reset, .text = "The password was changed."};
      account->end_sessions(error, "password changed", home.find_session(keep));
    }
    return true;
  };
  const bool ended = co_await on(world_.home_of(jid.str()), std::move(end_others));
  static_cast<void>(ended);
  co_return Result<void>{};
}

Task<Result<void>> Administration::set_enabled(BareJid jid, bool is_enabled) {
  if (const std::string* directory = directory_of(jid.domain())) {
    co_return owned_by_directory(jid, *directory);
  }
  const Result<AccountRecord> record = co_await world_.stores.accounts.find(jid);
  if (!record) {
    co_return fail(record.error());
  }
  const Result<void> changed = co_await world_.stores.accounts.set_enabled(jid, is_enabled);
  if (!changed) {
    co_return changed;
  }
  log::info(is_enabled ? "account-enabled" : "account-disabled", {{"account", jid.str()}});
  auto learn = [jid, when = record->credentials_changed, is_enabled](Home& home) {
    if (Account* account = home.find_account(jid)) {
      account->learn_credentials(when, is_enabled);
    }
    return true;
  };
  const bool learnt = co_await on(world_.home_of(jid.str()), std::move(learn));
  static_cast<void>(learnt);
  if (!is_enabled) {
    const std::size_t ended = co_await end_sessions(
        jid, StreamError{.condition = StreamCondition::not_authorized, .text = "The account is disabled."}, "account disabled");
    static_cast<void>(ended);
  }
  co_return changed;
}

Task<Result<void>> Administration::delete_account(BareJid jid, std::function<void()> before_sessions_end) {
  // Contacts are told from the roster in memory, so the account is loaded before its rows go.
  auto forget = [jid](Home& home) {
    if (Account* account = home.find_account(jid)) {
      account->removed();
    }
    home.residents().forget(jid.str());
    return true;
  };
  if (const std::string* directory = directory_of(jid.domain())) {
    const Result<AccountRecord> record = co_await world_.stores.accounts.find(jid);
    if (record && record->is_enabled) {   // it would be back with the next login; what is left of who is gone may be cleared away
      co_return owned_by_directory(jid, *directory);
    }
  }
  const Result<RosterData> roster = co_await world_.stores.rosters.load(jid);
  const Result<void> removed = co_await world_.stores.accounts.remove(jid);
  if (!removed) {
    co_return removed;
  }
  log::info("account-deleted", {{"account", jid.str()}});
  if (before_sessions_end) {
    before_sessions_end();
  }
  const bool forgotten = co_await on(world_.home_of(jid.str()), std::move(forget));
  static_cast<void>(forgotten);
  if (roster) {
    auto tell = [jid, items = roster->items](Home& home) {
      tell_contacts_of_removal(home, jid, items);
      return true;
    };
    const bool told = co_await on(world_.home_of(jid.str()), std::move(tell));
    static_cast<void>(told);
  }
  co_return removed;
}

Task<Result<std::vector<ClientToken>>> Administration::client_tokens(BareJid jid) {
  const Result<AccountRecord> account = co_await world_.stores.accounts.find(jid);
  if (!account) {
    co_return fail(account.error());
  }
  Result<std::vector<ClientToken>> tokens = co_await world_.stores.tokens.load(jid, {});
  co_return tokens;
}

Task<Result<Administration::ForgottenClients>> Administration::forget_clients(BareJid jid, std::string client) {
  const Result<AccountRecord> account = co_await world_.stores.accounts.find(jid);
  if (!account) {
    co_return fail(account.error());
  }
  const Result<std::vector<std::string>> clients = co_await world_.stores.tokens.forget(jid, client);
  if (!clients) {
    co_return fail(clients.error());
  }
  log::info("clients-forgotten", {{"account", jid.str()}, {"clients", clients->size()}});
  auto end = [jid, client](Home& home) -> std::size_t {
    Account* held = home.find_account(jid);
    return held == nullptr ? 0 : held->end_sessions_of_client(client);
  };
  const std::size_t sessions = co_await on(world_.home_of(jid.str()), std::move(end));
  co_return ForgottenClients{clients->size(), sessions};
}

Task<std::vector<SessionSummary>> Administration::sessions(std::optional<BareJid> of, std::size_t limit) {
  std::vector<SessionSummary> all;
  for (const auto& home : world_.homes) {
    if (of && of->has_local() && &world_.home_of(of->str()) != home.get()) {
      continue;
    }
    auto gather = [of, limit](Home& here) {
      std::vector<SessionSummary> found;
      here.for_each_session([&](const Session& session) {
        if (found.size() < limit && is_of(session, of)) {
          found.push_back({session.jid(), session.peer_address(), session.principal()->mechanism, session.is_available(),
                           session.priority(), session.is_detached(), shows_away(session), session.tls_info(),
                           session.principal()->channel_binding});
        }
      });
      return found;
    };
    std::vector<SessionSummary> some = co_await on(*home, std::move(gather));
    for (SessionSummary& summary : some) {
      if (all.size() < limit) {
        all.push_back(std::move(summary));
      }
    }
  }
  co_return all;
}

Task<std::size_t> Administration::session_count() {
  std::size_t count = 0;
  for (const auto& home : world_.homes) {
    auto counted = [](Home& here) { return here.session_count(); };
    const std::size_t some = co_await on(*home, std::move(counted));
    count += some;
  }
  co_return count;
}

Task<std::size_t> Administration::end_sessions(Jid jid, StreamError error, std::string reason) {
  auto end = [jid, error, reason](Home& home) -> std::size_t {
    Account* account = home.find_account(jid);
    if (account == nullptr) {
      return 0;
    }
    if (jid.is_full()) {
      Session* session = account->find_session(jid.resource());
      if (session == nullptr) {
        return 0;
      }
      session->end(&error, reason);
      return 1;
    }
    const std::size_t count = account->sessions().size();
    account->end_sessions(error, reason);
    return count;
  };
  const std::size_t ended = co_await on(world_.home_of(jid.bare_str()), std::move(end));
  co_return ended;
}

Task<Result<void>> Administration::unlock(BareJid jid) {
  const Result<AccountRecord> found = co_await world_.stores.accounts.find(jid);
  if (!found) {
    co_return fail(found.error());
  }
  const Completion<Result<void>> done;
  lobby_.post([this, jid, done] {
    spawn([](LoginFailureCounters& failures, BareJid account, Completion<Result<void>> to) -> Task<void> {
      Result<void> forgotten = co_await failures.forgive(std::move(account));
      to.complete(std::move(forgotten));
    }(failures_, jid, done));
  });
  Result<void> forgotten = co_await done;
  if (forgotten) {
    log::info("account-unlocked", {{"account", jid.str()}});
  }
  co_return forgotten;
}

Task<Result<std::vector<DirectoryStep>>> Administration::explain_directory(BareJid jid) {
  if (directory_of(jid.domain()) == nullptr) {
    co_return fail(ErrorKind::invalid, "no directory owns the people of " + std::string(jid.domain()));
  }
  const Completion<std::vector<DirectoryStep>> done;
  lobby_.post([this, jid, done] {
    spawn([](PeopleDirectory& directory, BareJid account, Completion<std::vector<DirectoryStep>> to) -> Task<void> {
      std::vector<DirectoryStep> steps = co_await directory.explain(std::move(account));
      to.complete(std::move(steps));
    }(*world_.directories->directories().find(jid.domain())->second, jid, done));
  });
  std::vector<DirectoryStep> steps = co_await done;
  for (const auto& [domain, host] : world_.hosts) {   // what the groups give, as they are known to the rules now
    for (const GroupName& group : host->administrator_groups()) {
      if (host->is_in_group(jid, group)) {
        steps.push_back({"rights", true, "administrator of " + domain + " by " + group.group});
      }
    }
    for (const auto& explain : host->group_rights) {
      for (std::string& right : explain(jid)) {
        steps.push_back({"rights", true, std::move(right)});
      }
    }
  }
  co_return steps;
}

Task<CertificateJudgement> Administration::judge_certificate(tls::PresentedChain chain, std::string domain) {
  const Completion<CertificateJudgement> done;
  lobby_.post([this, chain = std::move(chain), domain = std::move(domain), done]() mutable {
    spawn([](const CertificateJudge& judge, tls::PresentedChain shown, std::string of, Completion<CertificateJudgement> to) -> Task<void> {
      CertificateJudgement judged = co_await judge.judge(std::move(shown), std::move(of));
      to.complete(std::move(judged));
    }(*world_.certificates, std::move(chain), std::move(domain), done));
  });
  CertificateJudgement judged = co_await done;
  co_return judged;
}

Task<Administration::Lockouts> Administration::lockouts() {
  const Completion<Lockouts> done;
  lobby_.post([this, done] { done.complete(failures_.lockouts()); });
  Lockouts all = co_await done;
  co_return all;
}

Task<std::size_t> Administration::announce(BareJid domain, std::string subject, std::string text) {
  const std::vector<BareJid> told = co_await tell_everybody(world_, std::move(domain), std::move(subject), std::move(text));
  co_return told.size();
}

Task<Result<std::size_t>> Administration::set_motd(BareJid domain, std::string text) {
  Result<Notice> set = co_await world_.stores.notices.set(std::string(domain.domain()), NoticeKind::motd, text);
  if (!set) {
    co_return fail(set.error());
  }
  std::vector<BareJid> told = co_await tell_everybody(world_, std::move(domain), {}, std::move(text));
  const std::size_t count = told.size();
  std::sort(told.begin(), told.end());
  told.erase(std::unique(told.begin(), told.end()), told.end());
  if (told.empty()) {
    co_return count;
  }
  const Result<void> marked = co_await world_.stores.notices.mark(std::move(told), NoticeKind::motd, set->id);
  if (!marked) {  // they get it once more
    log::warning("notice-not-marked", {{"cause", marked.error().what}});
  }
  co_return count;
}

}  // namespace aldis
