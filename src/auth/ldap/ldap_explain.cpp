// aldis directory check: every server, then one person, each step with what was found and, where it fails, what to mend.
#include <algorithm>

#include "auth/ldap/ldap_directory.h"
#include "auth/ldap/scram_verifier.h"
#include "xmpp/timestamp.h"

namespace aldis::ldap {
namespace {

using Steps = std::vector<DirectoryStep>;

// Connection, TLS and login of one server; the connection when all went well.
std::unique_ptr<LdapConnection> explain_server(const Endpoint& endpoint, const ServiceIdentity& identity, Steps& steps) {
  auto opened = LdapConnection::open(endpoint);
  if (!opened) {
    steps.push_back({"connection", false, opened.error().what + ". Is the server there, is its certificate for this name, and signed by " +
                                              (endpoint.ca_file.empty() ? std::string("an authority of the system") : endpoint.ca_file) + "?"});
    return nullptr;
  }
  steps.push_back({"connection", true, endpoint.url});
  const std::string tls = (*opened)->tls_description();
  steps.push_back({"tls", true, tls.empty() ? "none: " + std::string(endpoint.url.starts_with("ldapi:") ? "a socket of this machine" : "starttls = false")
                                            : tls + ", certificate and name are right"});
  if (auto known = (*opened)->log_in(identity); !known) {
    steps.push_back({"login", false, known.error().what + ". Are bind_dn and password_file (or certificate and key) right?"});
    return nullptr;
  }
  steps.push_back({"login", true, identity.dn.empty() ? "by SASL EXTERNAL" : "as " + identity.dn});
  return std::move(*opened);
}

void explain_passwords(const DirectoryOptions& options, const Entry& entry, Steps& steps) {
  if (options.passwords == Passwords::bind) {
    steps.push_back({"password", true, "checked by a login to the directory as this entry; clients use PLAIN inside TLS"});
    steps.push_back({"password-change", true, options.change_passwords ? "by its owner, here too (XEP-0077)" : "in the directory only: change_passwords is off"});
    return;
  }
  std::string hashes;
  std::size_t unread = 0;
  for (const std::string& value : entry.values(options.verifier)) {
    const auto keys = parse_verifier(value);
    if (keys) {
      hashes.append(hashes.empty() ? "" : ", ").append(keys->hash).append(" (").append(std::to_string(keys->iterations)).append(" iterations)");
    }
    unread += keys ? 0U : 1U;
  }
  const std::string rest = unread == 0 ? std::string() : "; values that are not as RFC 5803 has them: " + std::to_string(unread);
  steps.push_back({"password", !hashes.empty(), hashes.empty() ? options.verifier + " holds no keys of SCRAM that can be read (may " +
                                                                     std::string("this server read it?)") + rest
                                                               : "keys of SCRAM in " + options.verifier + ": " + hashes + rest});
}

void explain_person(const DirectoryOptions& options, const Schema& schema, const Entry& entry, const BareJid& account, WallTime now, Steps& steps) {
  const auto names = schema.accounts_of(entry, account.domain());
  const bool is_same = std::ranges::find(names, account) != names.end();
  steps.push_back({"entry", true, entry.dn});
  steps.push_back({"name", is_same, schema.login + " is " + std::string(entry.value(schema.login)) +
                                        (is_same ? ", which is " + account.str() : ", which is not the name that was asked for")});
  const DirectoryPerson person = schema.person_of(entry, now);
  steps.push_back({"enabled", person.is_enabled, person.is_enabled ? "yes" : "no: the entry says that its account is disabled, or does not say that it is not"});
  steps.push_back({"password-expired", !person.is_expired, person.is_expired ? "yes: it must be changed in the directory first" : "no"});
  steps.push_back({"password-must-change", !person.must_change,
                   !person.must_change          ? "no"
                   : options.change_passwords ? "yes: whoever logs in can do nothing else here"
                                              : "yes: in the directory, before anybody can log in with it"});
  steps.push_back({"password-changed", true, person.credentials_changed ? format_timestamp(*person.credentials_changed)
                                                                        : "the entry has no " + schema.password_changed});
  explain_passwords(options, entry, steps);
}

std::string names_of(const std::vector<DirectoryGroup>& groups, bool only_on_rosters) {
  std::string names;
  for (const DirectoryGroup& group : groups) {
    if (!only_on_rosters || group.is_on_rosters) {
      names.append(names.empty() ? "" : ", ").append(group.name);
      if (only_on_rosters) {
        names.append(" (shown as ").append(group.display).append(", ").append(std::to_string(group.members.size())).append(" members)");
      }
    }
  }
  return names.empty() ? "none" : names;
}

void explain_groups(LdapServers& servers, const DirectoryOptions& options, const Schema& schema, const BareJid& account, const Clock& clock, Steps& steps) {
  if (options.group_base.empty()) {
    steps.push_back({"groups", true, "not read: group_base is empty"});
    return;
  }
  const auto groups = groups_of_now(servers, options, schema, account, clock);
  if (!groups) {
    steps.push_back({"groups", false, groups.error().what + ". Is group_base right, and may this server list what is below it?"});
    return;
  }
  steps.push_back({"groups", true, names_of(*groups, false)});
  steps.push_back({"roster-groups", true, names_of(*groups, true)});
}

}  // namespace

std::vector<DirectoryStep> explain_on(LdapServers& servers, const DirectoryOptions& options, const Schema& schema, const BareJid& account,
                                      const Clock& clock) {
  Steps steps;
  std::unique_ptr<LdapConnection> connection;
  for (const Endpoint& endpoint : servers.endpoints()) {
    auto good = explain_server(endpoint, servers.identity(), steps);
    if (connection == nullptr) {
      connection = std::move(good);
    }
  }
  if (connection == nullptr) {
    return steps;
  }
  const std::string filter = schema.filter_of(account);
  const auto entries = connection->search(options.base, filter, schema.attributes(), 2);
  if (!entries) {
    steps.push_back({"search", false, entries.error().what + "; base " + options.base + ", filter " + filter});
    return steps;
  }
  const std::string count = entries->empty() ? "no entry" : entries->size() == 1 ? "one entry" : "more than one entry";
  steps.push_back({"search", entries->size() == 1, count + " below " + options.base + " for " + filter +
                                                       (entries->size() > 1 ? ": nobody may log in with this name" : "")});
  if (entries->size() == 1) {
    explain_person(options, schema, entries->front(), account, clock.wall(), steps);
    explain_groups(servers, options, schema, account, clock, steps);
  }
  const auto all = connection->search_all(options.base, schema.people, {schema.login});
  steps.push_back({"everybody", all.has_value(), all ? std::to_string(all->size()) + " entries match " + schema.people
                                                     : all.error().what + ". May this server list all people, by pages?"});
  return steps;
}

}  // namespace aldis::ldap
