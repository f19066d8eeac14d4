// Which server is asked, on which connection.
#include "auth/ldap/ldap_servers.h"

#include "base/log.h"
#include "base/metrics.h"

namespace aldis::ldap {
namespace {

constexpr auto time_alone = std::chrono::seconds(3);   // after a failure
constexpr int servers_a_question = 2;
metrics::Counter answers{"aldis_directory_questions_total", "Questions to directories' servers.", {{"outcome", "answered"}}};
metrics::Counter failures{"aldis_directory_questions_total", "Questions to directories' servers.", {{"outcome", "failed"}}};

}  // namespace

LdapServers::LdapServers(std::vector<Endpoint> endpoints, ServiceIdentity identity, std::size_t idle, const Clock& clock)
    : endpoints_(std::move(endpoints)), identity_(std::move(identity)), idle_(idle), clock_(clock), servers_(endpoints_.size()) {}

LdapServers::~LdapServers() = default;

bool LdapServers::claim(std::size_t server) {
  const std::lock_guard lock(mutex_);
  Monotonic& until = servers_[server].away_until;
  if (until == Monotonic{}) {
    return true;
  }
  if (clock_.now() < until) {
    return false;
  }
  until = clock_.now() + time_alone;   // this question is the one that tries it
  return true;
}

void LdapServers::failed(std::size_t server, std::string_view cause) {
  std::vector<Connection> dropped;
  bool is_news = false;
  {
    const std::lock_guard lock(mutex_);
    is_news = servers_[server].away_until == Monotonic{};
    servers_[server].away_until = clock_.now() + time_alone;
    for (auto& idle : servers_[server].idle) {
      std::move(idle.begin(), idle.end(), std::back_inserter(dropped));
      idle.clear();
    }
  }
  if (is_news) {
    log::warning("directory-server-away", {{"server", endpoints_[server].url}, {"cause", cause}});
  }
}

Result<LdapServers::Connection> LdapServers::take(std::size_t server, Use use, bool& was_idle) {
  {
    const std::lock_guard lock(mutex_);
    auto& idle = servers_[server].idle[static_cast<std::size_t>(use)];
    if (!idle.empty()) {
      Connection connection = std::move(idle.back());
      idle.pop_back();
      was_idle = true;
      return connection;
    }
  }
  was_idle = false;
  auto opened = LdapConnection::open(endpoints_[server]);
  if (opened && use == Use::questions) {
    if (auto known = (*opened)->log_in(identity_); !known) {
      return fail(known.error());
    }
  }
  return opened;
}

void LdapServers::give_back(std::size_t server, Use use, Connection connection) {
  const std::lock_guard lock(mutex_);
  if (servers_[server].away_until != Monotonic{}) {
    log::info("directory-server-back", {{"server", endpoints_[server].url}});
  }
  servers_[server].away_until = Monotonic{};
  auto& idle = servers_[server].idle[static_cast<std::size_t>(use)];
  if (idle.size() < idle_) {
    idle.push_back(std::move(connection));
  }
}

template <class T>
Result<T> LdapServers::ask(Use use, const std::function<Result<T>(LdapConnection&)>& question) {
  Result<T> outcome = fail(ErrorKind::unavailable, "no server of the directory has answered lately");
  int asked = 0;
  for (std::size_t server = 0; server < endpoints_.size() && asked < servers_a_question; ++server) {
    if (!claim(server)) {
      continue;
    }
    ++asked;
    bool was_idle = true;
    while (was_idle) {   // an idle connection may have been closed meanwhile: then it says so at once, and a fresh one is tried
      auto connection = take(server, use, was_idle);
      if (!connection) {
        outcome = fail(connection.error());
        break;
      }
      outcome = question(**connection);
      if (!(*connection)->is_broken()) {
        give_back(server, use, std::move(*connection));
        answers.add();
        return outcome;
      }
      if (outcome.error().kind == ErrorKind::timeout) {
        break;
      }
    }
    failures.add();
    failed(server, outcome.error().what);
  }
  return outcome;
}

Result<std::vector<Entry>> LdapServers::search(const std::string& base, const std::string& filter, const std::vector<std::string>& attributes, int limit) {
  return ask<std::vector<Entry>>(Use::questions, [&](LdapConnection& connection) { return connection.search(base, filter, attributes, limit); });
}

Result<std::vector<Entry>> LdapServers::search_all(const std::string& base, const std::string& filter, const std::vector<std::string>& attributes,
                                                   const ListLimits& limits) {
  return ask<std::vector<Entry>>(Use::questions, [&](LdapConnection& connection) { return connection.search_all(base, filter, attributes, limits); });
}

Result<std::size_t> LdapServers::together(const std::function<Result<std::size_t>(LdapConnection&)>& questions) {
  return ask<std::size_t>(Use::questions, questions);
}

Result<PasswordAnswer> LdapServers::proves(const std::string& dn, const SecretBytes& password) {
  return ask<PasswordAnswer>(Use::proofs, [&](LdapConnection& connection) { return connection.proves(dn, password); });
}

}  // namespace aldis::ldap
