// Questions about people, on workers.
#include "auth/ldap/ldap_directory.h"

#include <algorithm>

#include "auth/certificate/certificate_keys.h"
#include "auth/ldap/ldap_filter.h"
#include "auth/ldap/scram_verifier.h"
#include "base/encoding.h"
#include "base/log.h"
#include "base/metrics.h"
#include "sasl/scram_keys.h"

namespace aldis::ldap {
namespace {

constexpr std::size_t names_a_filter = 50;
constexpr std::size_t remembered_at_most = 100'000;
constexpr auto list_patience = std::chrono::minutes(5);
metrics::Counter shared_answers{"aldis_directory_shared_answers_total", "Logins that waited for a question already under way about the same account."};
metrics::Counter remembered_logins{"aldis_directory_remembered_total", "Questions answered from memory while no server of the directory answered."};

bool is_away(ErrorKind kind) { return kind == ErrorKind::unavailable || kind == ErrorKind::timeout || kind == ErrorKind::full; }

SecretBytes fresh_key(Random& random) {
  SecretBytes key(32);
  random.fill(key.bytes());
  return key;
}

// Of ASCII letters only.
bool is_same_but_for_case(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::ranges::equal(a, b, {}, lower, lower);
}

std::string newest(const std::vector<Entry>& entries, const Schema& schema, std::string mark) {
  for (const Entry& entry : entries) {
    if (const std::string_view time = entry.value(schema.modified); time > mark) {   // one form within one directory
      mark = time;
    }
  }
  return mark;
}

std::vector<DirectoryPerson> people_of(const std::vector<Entry>& entries, const Schema& schema, std::string_view domain, WallTime now) {
  std::vector<DirectoryPerson> people;
  for (const Entry& entry : entries) {
    DirectoryPerson person = schema.person_of(entry, now);
    for (BareJid& account : schema.accounts_of(entry, domain)) {
      person.account = std::move(account);
      people.push_back(person);
    }
  }
  // A name of two entries is nobody's.
  const auto by_account = [](const DirectoryPerson& person) -> const std::string& { return person.account->str(); };
  std::ranges::sort(people, {}, by_account);
  std::vector<DirectoryPerson> single;
  for (std::size_t i = 0; i < people.size();) {
    std::size_t end = i + 1;
    while (end < people.size() && by_account(people[end]) == by_account(people[i])) ++end;
    if (end == i + 1) {
      single.push_back(people[i]);
    } else {
      log::warning("audit-directory-name-twice", {{"account", by_account(people[i])}, {"entries", end - i}});
    }
    i = end;
  }
  return single;
}

}  // namespace

LdapDirectory::LdapDirectory(DirectoryOptions options, std::vector<Endpoint> endpoints, ServiceIdentity identity, const Clock& clock, Random& random)
    : options_(std::move(options)),
      schema_(make_schema(options_)),
      clock_(clock),
      memory_key_(fresh_key(random)),
      nobody_("cn=" + hex_encode(fresh_key(random).bytes().first(8)) + "," + options_.base),
      servers_(std::move(endpoints), std::move(identity), options_.connections, clock),
      certificate_lines_(certificate_lines(options_).value()),
      profiles_(options_.profiles ? std::make_unique<LdapProfiles>(options_, schema_, ProfileMap::make(options_).value(), servers_, clock) : nullptr),
      login_workers_(std::make_unique<WorkerPool>(WorkerPool::Options{.threads = options_.connections, .queue = 1024, .name = "directory"})),
      list_worker_(std::make_unique<WorkerPool>(WorkerPool::Options{.threads = 1, .queue = 64, .name = "directory-list"})),
      groups_(servers_, options_, schema_, clock_),
      group_worker_(options_.group_base.empty() ? nullptr
                                                : std::make_unique<WorkerPool>(WorkerPool::Options{.threads = 1, .queue = 64, .name = "directory-groups"})) {}

void LdapDirectory::stop() {
  login_workers_.reset();
  if (profiles_ != nullptr) {
    profiles_->stop();
  }
  list_worker_.reset();
  group_worker_.reset();
}

ProofsOfDomain LdapDirectory::proofs() const {
  const bool binds = options_.passwords == Passwords::bind;
  return {.has_scram = !binds, .hashes = options_.hashes, .checks_passwords = binds, .keeps_keys = false, .changes_passwords = options_.change_passwords};
}

// ---- one person

Task<std::optional<Result<LdapDirectory::FoundEntry>>> LdapDirectory::join_flight(BareJid account) {
  const auto [flight, is_first] = flights_.try_emplace(account.str());
  if (is_first) {
    co_return std::nullopt;
  }
  shared_answers.add();
  const Completion<Result<FoundEntry>> done;
  flight->second.push_back(done);
  Result<FoundEntry> shared = co_await done;
  co_return shared;
}

Result<LdapDirectory::FoundEntry> LdapDirectory::land(const BareJid& account, Result<FoundEntry> found) {
  if (found) {
    remember(account, *found);
  } else if (found.error().kind == ErrorKind::not_found) {
    memory_.erase(account.str());
  } else if (const Remembered* known = remembered(account); known != nullptr && is_away(found.error().kind)) {
    remembered_logins.add();
    log::warning("audit-directory-remembered", {{"account", account.str()}, {"directory", options_.name}, {"cause", found.error().what}});
    FoundEntry before = known->found;
    before.is_remembered = true;
    found = std::move(before);
  }
  const auto flight = flights_.extract(account.str());
  for (const Completion<Result<FoundEntry>>& waiting : flight.mapped()) {
    waiting.complete(found);
  }
  return found;
}

Task<Result<LdapDirectory::FoundEntry>> LdapDirectory::find_entry(BareJid account) {
  if (std::optional<Result<FoundEntry>> shared = co_await join_flight(account)) {
    co_return std::move(*shared);
  }
  Result<FoundEntry> found = co_await ask(login_workers_, [this, account] { return search(account); }, patience());
  co_return land(account, std::move(found));
}

Task<Result<PeopleDirectory::Found>> LdapDirectory::find(BareJid account) {
  Result<FoundEntry> found = co_await find_entry(std::move(account));
  co_return found ? Result<Found>(std::move(*found)) : Result<Found>(fail(std::move(found.error())));
}

Result<LdapDirectory::FoundEntry> LdapDirectory::search(const BareJid& account) {
  const Result<std::vector<Entry>> entries = servers_.search(options_.base, schema_.filter_of(account), schema_.attributes(), 2);
  if (!entries) {
    return fail(entries.error().kind == ErrorKind::denied ? ErrorKind::unavailable : entries.error().kind, entries.error().what);
  }
  return judge(account, *entries);
}

Result<LdapDirectory::FoundEntry> LdapDirectory::judge(const BareJid& account, const std::vector<Entry>& entries) const {
  if (entries.size() > 1) {   // security K01: exactly one
    log::warning("audit-directory-name-twice", {{"account", account.str()}, {"first", entries[0].dn}, {"second", entries[1].dn}});
    return fail(ErrorKind::not_found, "more than one entry of the directory has the name of " + account.str());
  }
  // A directory may compare more loosely than addresses do (accents, spaces): the name itself decides.
  const auto names = entries.empty() ? std::vector<BareJid>() : schema_.accounts_of(entries[0], account.domain());
  if (std::ranges::find(names, account) == names.end()) {
    return fail(ErrorKind::not_found, "the directory knows no " + account.str());
  }
  const Entry& entry = entries[0];
  FoundEntry found;
  found.person = schema_.person_of(entry, clock_.wall());
  found.person.account = account;
  found.dn = entry.dn;
  for (const std::string& value : schema_.verifier.empty() ? std::vector<std::string>() : entry.values(schema_.verifier)) {
    if (auto keys = parse_verifier(value)) {
      found.keys.push_back(std::move(*keys));
    }
  }
  return found;
}

// ---- and the password

// Searching and binding are one job of a worker: a login waits for a thread once. Who comes upon a question about the same account shares
// its answer; a password is everybody's own.
Task<PeopleDirectory::Checked> LdapDirectory::check_password(BareJid account, SecretBytes password) {
  SecretBytes hash = options_.keep_verdicts.count() == 0 ? SecretBytes() : hash_of(account, password);
  struct Answer {
    Result<FoundEntry> found;
    Result<PasswordVerdict> verdict;
  };
  std::optional<Result<FoundEntry>> shared = co_await join_flight(account);
  auto work = [this, account, shared, proof = std::move(password)]() -> Answer {
    Result<FoundEntry> found = shared ? *shared : search(account);
    if (found ? found->is_remembered : found.error().kind != ErrorKind::not_found) {
      const Error cause = found ? Error{ErrorKind::unavailable, "the directory is away"} : found.error();
      return {std::move(found), fail(cause)};
    }
    Result<PasswordVerdict> verdict = try_password(found ? found->dn : nobody_, proof);
    return {std::move(found), std::move(verdict)};
  };
  Result<Answer> answer = co_await ask(login_workers_, std::move(work), patience());
  if (!answer) {
    const Error cause = answer.error();
    answer = Answer{shared ? std::move(*shared) : Result<FoundEntry>(fail(cause)), fail(cause)};
  }
  if (!shared) {
    answer->found = land(account, std::move(answer->found));
  }
  const bool is_somebody = answer->found.has_value();
  Result<PasswordVerdict> verdict = settle(account, is_somebody, std::move(hash), std::move(answer->verdict));
  co_return Checked{is_somebody ? Result<Found>(std::move(*answer->found)) : Result<Found>(fail(answer->found.error())), std::move(verdict)};
}

Result<PasswordVerdict> LdapDirectory::try_password(const std::string& dn, const SecretBytes& password) {
  const Result<PasswordAnswer> answer = servers_.proves(dn, password);
  return answer ? judge_bind(options_.kind, *answer) : Result<PasswordVerdict>(fail(answer.error()));
}

Result<PasswordVerdict> LdapDirectory::settle(const BareJid& account, bool is_somebody, SecretBytes hash, Result<PasswordVerdict> verdict) {
  const auto known = memory_.find(account.str());
  const bool is_fresh = known != memory_.end() && known->second.until > clock_.now();
  if (verdict && known != memory_.end()) {
    if (verdict->standing == PasswordVerdict::Standing::good) {
      known->second.right_password = std::move(hash);
    } else if (equal_constant_time(known->second.right_password.bytes(), hash.bytes())) {
      known->second.right_password.wipe();   // it was good, and is no more
      known->second.right_password = SecretBytes();
    }
  } else if (!verdict && is_away(verdict.error().kind) && is_fresh && !known->second.right_password.empty() && is_somebody) {
    remembered_logins.add();
    log::warning("audit-directory-remembered", {{"account", account.str()}, {"directory", options_.name}, {"cause", verdict.error().what}});
    const bool is_same = equal_constant_time(known->second.right_password.bytes(), hash.bytes());
    verdict = PasswordVerdict{.standing = is_same ? PasswordVerdict::Standing::good : PasswordVerdict::Standing::wrong, .is_remembered = true};
  }
  if (!verdict && verdict.error().kind == ErrorKind::denied) {
    return fail(ErrorKind::unavailable, verdict.error().what);
  }
  return verdict && !is_somebody ? Result<PasswordVerdict>(PasswordVerdict{}) : std::move(verdict);
}

// ---- a person's own password

// Finding and changing are one question to one server. It is sent once: whether a change without an answer was made nobody knows, and a
// second one would be told that the password is a former one.
Task<Result<void>> LdapDirectory::change_password(BareJid account, SecretBytes password) {
  if (!options_.change_passwords) {
    co_return fail(ErrorKind::denied, "passwords of these people are changed in the directory \"" + options_.name + "\": change it there");
  }
  struct Told {
    Result<void> done = fail(ErrorKind::unavailable, "no server of the directory has answered");
    std::string words{};   // the directory's own: for the log
  };
  auto work = [this, account, fresh = std::move(password)]() -> Result<Told> {
    Told told;
    bool is_sent = false;
    const auto asked = servers_.together([&](LdapConnection& connection) -> Result<std::size_t> {
      if (is_sent) {
        return fail(told.done.error());
      }
      const auto entries = connection.search(options_.base, schema_.filter_of(account), schema_.attributes(), 2);
      if (!entries) {
        told.done = fail(entries.error().kind == ErrorKind::denied ? ErrorKind::unavailable : entries.error().kind, entries.error().what);
        return fail(entries.error());
      }
      const Result<FoundEntry> found = judge(account, *entries);
      if (!found) {
        told.done = fail(found.error());
        return std::size_t{0};
      }
      is_sent = true;
      const Result<PasswordAnswer> answer = connection.change_password_as_owner(found->dn, fresh);
      if (!answer) {
        told.done = fail(answer.error().kind == ErrorKind::denied ? ErrorKind::unavailable : answer.error().kind, answer.error().what);
        return fail(answer.error());
      }
      told.done = judge_change(*answer);
      told.words = answer->words;
      return std::size_t{1};
    });
    static_cast<void>(asked);   // told has it
    return told;
  };
  const Result<Told> told = co_await ask(login_workers_, std::move(work), patience() * 2);
  memory_.erase(account.str());   // what was right before may be wrong now
  if (!told) {
    co_return fail(told.error());
  }
  if (!told->done) {
    log::info("audit-directory-password-refused", {{"account", account.str()}, {"directory", options_.name}, {"reason", told->done.error().what}, {"answer", told->words}});
  }
  co_return told->done;
}

// ---- what was said before

SecretBytes LdapDirectory::hash_of(const BareJid& account, const SecretBytes& password) const {
  std::string message = account.str();
  message.append(1, '\0').append(password.view());
  SecretBytes hash = sasl::hmac(sasl::ScramHash::sha_256, memory_key_, message);
  ::explicit_bzero(message.data(), message.size());
  return hash;
}

void LdapDirectory::remember(const BareJid& account, const FoundEntry& found) {
  if (options_.keep_verdicts.count() == 0) {
    return;
  }
  if (memory_.size() >= remembered_at_most && !memory_.contains(account.str())) {
    std::erase_if(memory_, [now = clock_.now()](const auto& each) { return each.second.until <= now; });
    if (memory_.size() >= remembered_at_most) {
      return;
    }
  }
  Remembered& kept = memory_[account.str()];
  kept.found = found;
  kept.until = clock_.now() + Monotonic::duration(options_.keep_verdicts);
}

const LdapDirectory::Remembered* LdapDirectory::remembered(const BareJid& account) const {
  const auto found = memory_.find(account.str());
  return found != memory_.end() && found->second.until > clock_.now() ? &found->second : nullptr;
}

// ---- by something else than the name

Task<Result<std::vector<BareJid>>> LdapDirectory::accounts_where(std::string domain, std::string filter, std::vector<std::string> attributes,
                                                                 std::function<bool(const Entry&)> is_it, std::string what) {
  attributes.push_back(schema_.login);
  auto work = [this, filter = std::move(filter), attributes = std::move(attributes)] { return servers_.search(options_.base, filter, attributes, 2); };
  const Result<std::vector<Entry>> entries = co_await ask(login_workers_, std::move(work), patience());
  if (!entries) {
    co_return fail(entries.error().kind == ErrorKind::denied ? ErrorKind::unavailable : entries.error().kind, entries.error().what);
  }
  std::vector<BareJid> all;
  for (const Entry& entry : *entries) {
    if (is_it(entry)) {
      std::ranges::move(schema_.accounts_of(entry, domain), std::back_inserter(all));
    }
  }
  std::ranges::sort(all);
  const auto twice = std::ranges::unique(all);
  all.erase(twice.begin(), twice.end());
  if (entries->size() > 1 && all.size() < 2) {   // two accounts are a conflict for whoever asked; this would not look like one
    log::warning("audit-directory-entry-twice", {{"directory", options_.name}, {"with", what}, {"first", (*entries)[0].dn}, {"second", (*entries)[1].dn}});
    co_return fail(ErrorKind::denied, "more than one entry of the directory has this " + what);
  }
  co_return all;
}

Task<Result<std::vector<BareJid>>> LdapDirectory::find_certificate(std::string domain, CertificateKey key, std::string value) {
  std::string filter = certificate_filter(schema_, certificate_lines_, key, value);
  if (filter.empty()) {
    co_return std::vector<BareJid>();
  }
  std::vector<std::string> attributes;
  for (const CertificateLine& line : certificate_lines_) {
    attributes.push_back(line.attribute);
  }
  auto is_it = [this, key, value = std::move(value)](const Entry& entry) { return has_certificate(entry, certificate_lines_, key, value); };
  auto found = co_await accounts_where(std::move(domain), std::move(filter), std::move(attributes), std::move(is_it), std::string(to_string(key)));
  co_return found;
}

Task<Result<std::vector<BareJid>>> LdapDirectory::find_by_attribute(std::string domain, std::string attribute, std::string value) {
  std::string filter = all_of(schema_.people, equals(attribute, value));
  // A directory may compare more loosely than this: accents, spaces.
  auto is_it = [attribute, value = std::move(value)](const Entry& entry) {
    return std::ranges::any_of(entry.values(attribute), [&](const std::string& each) { return is_same_but_for_case(each, value); });
  };
  std::vector<std::string> attributes(1, attribute);
  auto found = co_await accounts_where(std::move(domain), std::move(filter), std::move(attributes), std::move(is_it), std::move(attribute));
  co_return found;
}

// ---- many

Task<Result<PeopleDirectory::Listing>> LdapDirectory::list(std::string domain, std::string since) {
  const std::string filter = since.empty() ? schema_.people : all_of(schema_.people, at_least(schema_.modified, since));
  auto work = [this, filter, attributes = schema_.standing_attributes()] { return servers_.search_all(options_.base, filter, attributes); };
  const Result<std::vector<Entry>> entries = co_await ask(list_worker_, std::move(work), list_patience);
  if (!entries) {
    co_return fail(entries.error());
  }
  co_return Listing{people_of(*entries, schema_, domain, clock_.wall()), newest(*entries, schema_, std::move(since))};
}

Task<Result<std::vector<DirectoryPerson>>> LdapDirectory::look_up(std::vector<BareJid> accounts) {
  std::vector<DirectoryPerson> all;
  for (std::size_t i = 0; i < accounts.size(); i += names_a_filter) {
    std::string names = "(|";
    const std::size_t end = std::min(accounts.size(), i + names_a_filter);
    for (std::size_t each = i; each < end; ++each) {
      names += schema_.filter_of(accounts[each]);
    }
    names += ")";
    auto work = [this, names = std::move(names), attributes = schema_.standing_attributes()] {
      return servers_.search_all(options_.base, names, attributes);
    };
    const Result<std::vector<Entry>> entries = co_await ask(list_worker_, std::move(work), list_patience);
    if (!entries) {
      co_return fail(entries.error());
    }
    for (DirectoryPerson& person : people_of(*entries, schema_, accounts[i].domain(), clock_.wall())) {
      if (std::find(accounts.begin() + static_cast<std::ptrdiff_t>(i), accounts.begin() + static_cast<std::ptrdiff_t>(end), *person.account) !=
          accounts.begin() + static_cast<std::ptrdiff_t>(end)) {
        all.push_back(std::move(person));
      }
    }
  }
  co_return all;
}

std::optional<std::chrono::milliseconds> LdapDirectory::groups_refresh() const {
  return options_.group_base.empty() ? std::nullopt : std::optional<std::chrono::milliseconds>(options_.groups_refresh);
}

Task<Result<PeopleDirectory::Groups>> LdapDirectory::groups(std::string domain) {
  auto work = [this, domain = std::move(domain)] { return groups_.look(domain); };
  Result<Groups> groups = co_await ask(group_worker_, std::move(work), list_patience);
  co_return groups;
}

Task<std::vector<DirectoryStep>> LdapDirectory::explain(BareJid account) {
  auto work = [this, account] {
    std::vector<DirectoryStep> all = explain_on(servers_, options_, schema_, account, clock_);
    if (profiles_ != nullptr) {
      std::ranges::move(explain_profile(servers_, options_.base, schema_, profiles_->map(), account), std::back_inserter(all));
    }
    return all;
  };
  Result<std::vector<DirectoryStep>> steps = co_await ask(list_worker_, std::move(work), std::chrono::minutes(2));
  co_return steps ? std::move(*steps) : std::vector<DirectoryStep>{{"directory", false, steps.error().what}};
}

}  // namespace aldis::ldap
