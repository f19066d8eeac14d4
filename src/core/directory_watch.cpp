// One round: who has changed, who of those here is still there.
#include "core/directory_watch.h"

#include <algorithm>

#include "core/home.h"

namespace aldis {
namespace {

constexpr std::size_t asked_one_by_one = 500;   // people here; of more the whole list is cheaper
constexpr std::size_t at_a_time = 50;           // learnt before others have their turn
constexpr std::size_t page = 1000;              // of the store's list
metrics::Counter rounds_done{"aldis_directory_rounds_total", "Rounds of questions about who has changed in a directory.", {{"outcome", "done"}}};
metrics::Counter rounds_failed{"aldis_directory_rounds_total", "Rounds of questions about who has changed in a directory.", {{"outcome", "failed"}}};

Unexpected<Error> stopping() { return fail(ErrorKind::cancelled, "the server is stopping"); }

}  // namespace

DirectoryWatch::DirectoryWatch(World& world, Shard& lobby, DirectoryAccounts& accounts, std::string domain)
    : DirectoryRounds(lobby, *accounts.directories().find(domain)->second, domain,
                      {.missed = "directory-not-asked", .found = "directory-asked-again", .done = rounds_done, .failed = rounds_failed}),
      world_(world),
      accounts_(accounts) {}

Task<void> DirectoryWatch::others_first() {
  const Completion<bool> done;
  lobby_.post([done] { done.complete(true); });
  const bool is_over = co_await done;
  static_cast<void>(is_over);
}

Task<Result<void>> DirectoryWatch::round() {
  std::vector<BareJid> present = co_await people_here();
  if (is_stopped()) {
    co_return stopping();
  }
  const bool is_due = listed_ == Monotonic{} || world_.clock.now() >= listed_ + Monotonic::duration(directory_.full_refresh());
  if (is_due || present.size() > asked_one_by_one) {
    Result<void> all = co_await look_at_all();
    co_return all;
  }
  const Result<void> changed = co_await look_at_changed();
  if (is_stopped()) {
    co_return stopping();
  }
  const Result<void> still = co_await look_at(std::move(present));   // also when the first could not be learnt
  co_return changed ? still : changed;
}

Task<Result<void>> DirectoryWatch::look_at_all() {
  Result<PeopleDirectory::Listing> listing = co_await ask(directory_.list(domain_, {}));
  if (is_stopped()) {
    co_return stopping();
  }
  if (!listing) {
    co_return fail(listing.error());
  }
  std::set<std::string, std::less<>> there;
  for (const DirectoryPerson& person : listing->people) {
    there.insert(person.account->str());
  }
  const Result<void> learnt = co_await learn(std::move(listing->people));
  if (!learnt) {
    co_return learnt;
  }
  for (std::string after;;) {
    const auto records = co_await world_.stores.accounts.list(domain_, after, page);
    if (!records) {
      co_return fail(records.error());
    }
    if (is_stopped()) {
      co_return stopping();
    }
    for (const AccountRecord& record : *records) {
      if (record.is_enabled && !there.contains(record.jid.str())) {
        const Result<void> gone = co_await accounts_.learn_absence(record.jid);
        if (!gone) {
          co_return gone;
        }
      }
    }
    if (records->size() < page) {
      break;
    }
    after = records->back().jid.str();
    co_await others_first();
  }
  mark_ = std::move(listing->mark);
  listed_ = world_.clock.now();
  co_return Result<void>{};
}

Task<Result<void>> DirectoryWatch::look_at_changed() {
  if (mark_.empty()) {   // entries do not say when they were changed: only lists tell
    co_return Result<void>{};
  }
  Result<PeopleDirectory::Listing> listing = co_await ask(directory_.list(domain_, mark_));
  if (is_stopped()) {
    co_return stopping();
  }
  if (!listing) {
    co_return fail(listing.error());
  }
  const Result<void> learnt = co_await learn(std::move(listing->people));
  if (learnt) {
    mark_ = std::move(listing->mark);
  }
  co_return learnt;
}

Task<Result<void>> DirectoryWatch::look_at(std::vector<BareJid> present) {
  if (present.empty()) {
    co_return Result<void>{};
  }
  Result<std::vector<DirectoryPerson>> known = co_await ask(directory_.look_up(present));
  if (is_stopped()) {
    co_return stopping();
  }
  if (!known) {
    co_return fail(known.error());
  }
  std::set<std::string, std::less<>> there;
  for (const DirectoryPerson& person : *known) {
    there.insert(person.account->str());
  }
  for (const BareJid& account : present) {
    if (!there.contains(account.str())) {
      const Result<void> gone = co_await accounts_.learn_absence(account);
      if (!gone) {
        co_return gone;
      }
    }
  }
  Result<void> learnt = co_await learn(std::move(*known));
  co_return learnt;
}

Task<std::vector<BareJid>> DirectoryWatch::people_here() {
  std::vector<BareJid> all;
  for (const auto& home : world_.homes) {
    const Completion<std::vector<BareJid>> done;
    home->shard().post([&here = *home, done, domain = domain_] {
      std::vector<BareJid> found;
      here.for_each_session([&](const Session& session) {
        if (session.jid().domain() == domain && !session.principal()->is_anonymous) {
          found.push_back(session.principal()->identity);
        }
      });
      done.complete(std::move(found));
    });
    std::vector<BareJid> some = co_await done;
    std::ranges::move(some, std::back_inserter(all));
  }
  std::ranges::sort(all);
  const auto twice = std::ranges::unique(all);
  all.erase(twice.begin(), twice.end());
  co_return all;
}

Task<Result<void>> DirectoryWatch::learn(std::vector<DirectoryPerson> people) {
  std::size_t count = 0;
  for (DirectoryPerson& person : people) {
    if (++count % at_a_time == 0) {
      co_await others_first();
    }
    if (is_stopped()) {
      co_return stopping();
    }
    const Result<WallTime> learnt = co_await accounts_.learn(std::move(person));
    if (!learnt && learnt.error().kind != ErrorKind::not_found) {
      co_return fail(learnt.error());
    }
  }
  co_return Result<void>{};
}

}  // namespace aldis
