// Questions about profiles, on workers.
#include "auth/ldap/ldap_profiles.h"

#include <algorithm>

#include "base/log.h"
#include "base/metrics.h"

namespace aldis::ldap {
namespace {

constexpr std::size_t most_bytes_kept = 64UL * 1024 * 1024;
constexpr std::size_t bytes_of_one = 512;   // besides its values
constexpr std::size_t threads = 2;
metrics::Counter shared_answers{"aldis_directory_profiles_total", "Profiles that were wanted of a directory, by where they came from.", {{"from", "question-under-way"}}};
metrics::Counter kept_answers{"aldis_directory_profiles_total", "Profiles that were wanted of a directory, by where they came from.", {{"from", "memory"}}};
metrics::Counter old_answers{"aldis_directory_profiles_total", "Profiles that were wanted of a directory, by where they came from.", {{"from", "memory-while-away"}}};
metrics::Counter fresh_answers{"aldis_directory_profiles_total", "Profiles that were wanted of a directory, by where they came from.", {{"from", "directory"}}};
metrics::Counter failures{"aldis_directory_profiles_total", "Profiles that were wanted of a directory, by where they came from.", {{"from", "nowhere"}}};

// That the directory does not know this server is not the asker's matter.
Error as_world(Error error) {
  if (error.kind == ErrorKind::denied) {
    error.kind = ErrorKind::unavailable;
  }
  return error;
}

bool is_away(ErrorKind kind) { return kind == ErrorKind::unavailable || kind == ErrorKind::timeout || kind == ErrorKind::full; }

std::size_t bytes_of(const Profile& profile) {
  std::size_t all = bytes_of_one;
  for (const auto& [field, values] : profile.values) {
    for (const std::string& value : values) {
      all += value.size() + sizeof(std::string);
    }
  }
  return all;
}

std::string list_of(const std::vector<ProfileField>& fields) {
  std::string all;
  for (const ProfileField field : fields) {
    all.append(all.empty() ? "" : ",").append(to_string(field));
  }
  return all;
}

}  // namespace

LdapProfiles::LdapProfiles(const DirectoryOptions& options, const Schema& schema, ProfileMap map, LdapServers& servers, const Clock& clock)
    : name_(options.name),
      base_(options.base),
      timeout_(options.timeout),
      lifetime_(options.profile_lifetime),
      longest_(std::max(options.profile_lifetime, options.profile_keep)),
      schema_(schema),
      map_(std::move(map)),
      servers_(servers),
      clock_(clock),
      workers_(std::make_unique<WorkerPool>(WorkerPool::Options{.threads = threads, .queue = 256, .name = "directory-card"})) {}

// `answers`: of a directory's server, one after another, each from two servers at most.
template <class F>
auto LdapProfiles::ask(F work, int answers) -> Task<typename detail::WorkerResult<std::invoke_result_t<F&>>::type> {
  if (workers_ == nullptr) {
    co_return fail(ErrorKind::cancelled, "the server is stopping");
  }
  auto answer = co_await workers_->run(std::move(work), timeout_ * 2 * answers + std::chrono::milliseconds(100));
  co_return answer;
}

Result<Entry> LdapProfiles::entry_of(const BareJid& account, std::vector<Entry> entries) const {
  if (entries.size() > 1) {   // security K01: exactly one
    return fail(ErrorKind::not_found, "more than one entry of the directory has the name of " + account.str());
  }
  const auto names = entries.empty() ? std::vector<BareJid>() : schema_.accounts_of(entries[0], account.domain());
  if (std::ranges::find(names, account) == names.end()) {
    return fail(ErrorKind::not_found, "the directory knows no " + account.str());
  }
  return std::move(entries[0]);
}

// ---- reading

Task<Result<ProfilePtr>> LdapProfiles::read(BareJid account) {
  const Completion<Answer> done;
  bool is_first = false;
  {
    const std::lock_guard lock(mutex_);
    if (const auto kept = kept_.find(account.str()); kept != kept_.end() && clock_.now() < kept->second.read + lifetime_) {
      kept_answers.add();
      co_return kept->second.profile;
    }
    auto& waiting = flights_[account.str()];
    is_first = waiting.empty();
    waiting.push_back(done);
  }
  if (is_first) {
    spawn(fetch(account));
  } else {
    shared_answers.add();
  }
  Answer answer = co_await done;
  co_return answer;
}

Task<void> LdapProfiles::fetch(BareJid account) {
  std::uint64_t writes = 0;
  {
    const std::lock_guard lock(mutex_);
    writes = writes_;
  }
  std::vector<std::string> attributes = map_.attributes();
  attributes.push_back(schema_.login);
  auto work = [this, filter = schema_.filter_of(account), attributes = std::move(attributes)] { return servers_.search(base_, filter, attributes, 2); };
  Result<std::vector<Entry>> entries = co_await ask(std::move(work), 1);
  Answer answer = fail(ErrorKind::unavailable, "");
  if (entries) {
    if (Result<Entry> entry = entry_of(account, std::move(*entries))) {
      answer = ProfilePtr(std::make_shared<const Profile>(map_.read(*entry)));
    } else {
      answer = fail(entry.error());
    }
  } else {
    answer = fail(as_world(entries.error()));
  }
  std::vector<Completion<Answer>> waiting;
  {
    const std::lock_guard lock(mutex_);
    waiting = std::move(flights_.extract(account.str()).mapped());
    if (answer) {
      fresh_answers.add();
      if (writes == writes_) {   // what was read before somebody's change is not kept
        keep(account.str(), *answer);
      }
    } else if (!is_away(answer.error().kind)) {
      forget(account.str());
      failures.add();
    } else if (const auto kept = kept_.find(account.str()); kept != kept_.end() && clock_.now() < kept->second.read + longest_) {
      auto old = std::make_shared<Profile>(*kept->second.profile);
      old->is_remembered = true;
      answer = ProfilePtr(std::move(old));
      old_answers.add();
    } else {
      failures.add();
    }
  }
  for (const Completion<Answer>& each : waiting) {
    each.complete(answer);
  }
}

void LdapProfiles::keep(const std::string& account, ProfilePtr profile) {
  forget(account);
  const std::size_t bytes = bytes_of(*profile) + account.size();
  if (kept_bytes_ + bytes > most_bytes_kept) {
    std::erase_if(kept_, [&](const auto& each) {
      const bool is_old = clock_.now() >= each.second.read + lifetime_;
      kept_bytes_ -= is_old ? each.second.bytes : 0;
      return is_old;
    });
  }
  while (kept_bytes_ + bytes > most_bytes_kept && !kept_.empty()) {   // the table's order is nobody's to choose: its hash has a key
    forget(std::string(kept_.begin()->first));
  }
  kept_bytes_ += bytes;
  kept_.emplace(account, Kept{std::move(profile), clock_.now(), bytes});
}

void LdapProfiles::forget(const std::string& account) {
  if (const auto kept = kept_.find(account); kept != kept_.end()) {
    kept_bytes_ -= kept->second.bytes;
    kept_.erase(kept);
  }
}

// ---- writing

// Reading and changing are one question to one server: asked again after a broken connection it finds what it had already changed.
Task<Result<std::size_t>> LdapProfiles::write(BareJid account, ProfileValues wanted, std::vector<ProfileField> left_alone) {
  std::vector<std::string> attributes = map_.attributes();
  attributes.push_back(schema_.login);
  // What comes back from the worker, all of it: after the deadline nobody here looks at what it still does.
  struct Told {
    Result<std::size_t> done = std::size_t{0};
    std::string fields{};
    std::string cause{};     // the directory's own words: for the log
    bool is_asked = false;   // a server, and not in vain
  };
  auto work = [this, account, attributes = std::move(attributes), wanted = std::move(wanted), left_alone = std::move(left_alone)] {
    Told told;
    told.done = servers_.together([&](LdapConnection& connection) -> Result<std::size_t> {
      auto found = connection.search(base_, schema_.filter_of(account), attributes, 2);
      if (!found) {
        return fail(found.error());
      }
      told.is_asked = true;
      const Result<Entry> entry = entry_of(account, std::move(*found));
      if (!entry) {
        return fail(entry.error());
      }
      const auto needed = map_.changes(*entry, wanted, left_alone);
      if (!needed) {
        return fail(needed.error());
      }
      if (needed->changes.empty()) {
        return std::size_t{0};
      }
      told.fields = list_of(needed->fields);
      if (auto done = connection.modify_as_owner(entry->dn, needed->changes); !done) {
        told.cause = done.error().what;
        return fail(done.error().kind, "The directory does not allow this change.");
      }
      return needed->fields.size();
    });
    if (!told.done && !told.is_asked) {
      told.done = fail(as_world(told.done.error()));
    }
    return told;
  };
  Result<Told> told = co_await ask(std::move(work), 2);
  Result<std::size_t> done = told ? told->done : Result<std::size_t>(fail(told.error()));
  {
    const std::lock_guard lock(mutex_);
    ++writes_;
    if (!done || *done != 0) {
      // What it says now is not known. Where the directory has refused, the entry is as it was, and perhaps not as we had it.
      if (const auto kept = kept_.find(account.str()); kept != kept_.end()) {
        kept->second.read = std::min(kept->second.read, clock_.now() - lifetime_);
      }
    }
  }
  if (!done) {
    log::warning("audit-profile-refused", {{"account", account.str()}, {"directory", name_}, {"kind", to_string(done.error().kind)},
                                            {"fields", told ? told->fields : std::string()},
                                            {"cause", told && !told->cause.empty() ? told->cause : done.error().what}});
  } else if (*done != 0) {
    log::info("audit-profile-changed", {{"account", account.str()}, {"directory", name_}, {"fields", told->fields}});
  }
  co_return done;
}

// ---- many

Task<Result<PeopleProfiles::Hits>> LdapProfiles::search(std::string domain, std::map<ProfileField, std::string> wanted) {
  const std::string by_fields = map_.filter_of(wanted);
  if (by_fields.empty()) {
    co_return fail(ErrorKind::invalid, "nothing to search by");
  }
  std::vector<std::string> attributes = map_.attributes();
  for (std::string& each : schema_.standing_attributes()) {
    attributes.push_back(std::move(each));
  }
  const std::size_t most = map_.rules().most_results;
  auto work = [this, filter = "(&" + schema_.people + by_fields + ")", attributes = std::move(attributes), limit = static_cast<int>(most) + 1] {
    return servers_.search(base_, filter, attributes, limit);
  };
  const Result<std::vector<Entry>> entries = co_await ask(std::move(work), 1);
  if (!entries) {
    co_return fail(as_world(entries.error()));
  }
  Hits hits{.is_cut = entries->size() > most};
  for (const Entry& entry : *entries) {
    const DirectoryPerson person = schema_.person_of(entry, clock_.wall());
    for (BareJid& account : person.is_enabled ? schema_.accounts_of(entry, domain) : std::vector<BareJid>()) {
      if (hits.people.size() < most) {
        hits.people.push_back({std::move(account), map_.read(entry)});
      }
    }
  }
  // A name of two entries is nobody's.
  std::vector<Hit> single;
  for (Hit& hit : hits.people) {
    if (std::ranges::count(hits.people, hit.account, &Hit::account) == 1) {
      single.push_back(hit);
    }
  }
  hits.people = std::move(single);
  co_return hits;
}

}  // namespace aldis::ldap
