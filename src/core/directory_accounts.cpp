// The directory's word in the store, and in memory.
#include "core/directory_accounts.h"

#include "base/log.h"
#include "base/metrics.h"
#include "core/home.h"

namespace aldis {
namespace {

metrics::Counter ended_accounts{"aldis_directory_accounts_ended_total", "Accounts that a directory disabled, or has no more."};

// On the account's home, if it is in memory there; nobody waits for it.
template <class F>
void tell(World& world, const BareJid& account, F work) {
  Home& home = world.home_of(account.str());
  home.shard().post([&home, account, moved = std::move(work)]() mutable {
    if (Account* held = home.find_account(account)) {
      moved(*held);
    }
  });
}

}  // namespace

Unexpected<Error> owned_by_directory(const BareJid& account, const std::string& directory) {
  return fail(ErrorKind::denied, "the people of " + std::string(account.domain()) + ", their passwords and who is disabled, are in the directory \"" +
                                     directory + "\": change it there");
}

DirectoryAccounts::DirectoryAccounts(World& world, CredentialSource& own, Directories directories)
    : world_(world), own_(own), directories_(std::move(directories)) {}

PeopleDirectory* DirectoryAccounts::directory_of(std::string_view domain) const {
  const auto found = directories_.find(domain);
  return found == directories_.end() ? nullptr : found->second.get();
}

const std::string* DirectoryAccounts::owner_of(std::string_view domain) const {
  const PeopleDirectory* directory = directory_of(domain);
  return directory == nullptr ? nullptr : &directory->name();
}

PeopleProfiles* DirectoryAccounts::profiles_of(std::string_view domain) const {
  PeopleDirectory* directory = directory_of(domain);
  return directory == nullptr ? nullptr : directory->profiles();
}

ProofsOfDomain DirectoryAccounts::proofs(std::string_view domain) const {
  const PeopleDirectory* directory = directory_of(domain);
  return directory == nullptr ? own_.proofs(domain) : directory->proofs();
}

Task<Result<Credentials>> DirectoryAccounts::find(BareJid account) {
  PeopleDirectory* directory = directory_of(account.domain());
  if (directory == nullptr) {
    Result<Credentials> own = co_await own_.find(std::move(account));
    co_return own;
  }
  Result<PeopleDirectory::Found> found = co_await directory->find(account);
  Result<Credentials> credentials = co_await take_over(std::move(account), std::move(found));
  co_return credentials;
}

Task<CredentialSource::Checked> DirectoryAccounts::check_password(BareJid account, SecretBytes password) {
  PeopleDirectory* directory = directory_of(account.domain());
  if (directory == nullptr) {
    Checked own = co_await own_.check_password(std::move(account), std::move(password));
    co_return own;
  }
  PeopleDirectory::Checked checked = co_await directory->check_password(account, std::move(password));
  Result<Credentials> credentials = co_await take_over(std::move(account), std::move(checked.found));
  co_return Checked{std::move(credentials), std::move(checked.verdict)};
}

Task<Result<Credentials>> DirectoryAccounts::take_over(BareJid account, Result<PeopleDirectory::Found> found) {
  if (is_stopped_) {
    co_return fail(ErrorKind::cancelled, "the server is stopping");
  }
  if (!found) {
    if (found.error().kind == ErrorKind::not_found) {
      const Result<void> learnt = co_await learn_absence(account);
      if (!learnt) {
        co_return fail(learnt.error());
      }
    }
    co_return fail(found.error());
  }
  Credentials credentials;
  credentials.keys = std::move(found->keys);
  credentials.is_enabled = found->person.is_enabled;
  credentials.is_expired = found->person.is_expired;
  credentials.must_change = found->person.must_change;
  if (found->is_remembered) {   // old news is not written down; whoever was disabled meanwhile stays so
    const Result<AccountRecord> record = co_await world_.stores.accounts.find(account);
    if (!record) {
      co_return fail(record.error());
    }
    credentials.is_enabled = credentials.is_enabled && record->is_enabled;
    credentials.changed = record->credentials_changed;
    co_return credentials;
  }
  const Result<WallTime> changed = co_await learn(std::move(found->person));
  if (changed) {
    credentials.changed = *changed;
  } else if (changed.error().kind != ErrorKind::not_found) {
    co_return fail(changed.error());
  }
  co_return credentials;
}

Task<Result<void>> DirectoryAccounts::add_keys(BareJid account, ScramKeys keys, WallTime changed) {
  if (directory_of(account.domain()) != nullptr) {
    co_return fail(ErrorKind::denied, "the directory keeps the keys");
  }
  Result<void> added = co_await own_.add_keys(std::move(account), std::move(keys), changed);
  co_return added;
}

// Afterwards the mirror is made to say so here and now: its next look would take the change for somebody else's, and end the session that
// has just made it.
Task<Result<WallTime>> DirectoryAccounts::change_password(BareJid account, SecretBytes password) const {
  PeopleDirectory* directory = directory_of(account.domain());
  if (directory == nullptr) {
    co_return fail(ErrorKind::invalid, "no directory owns the people of " + std::string(account.domain()));
  }
  const Result<void> done = co_await directory->change_password(account, std::move(password));
  if (!done) {
    co_return fail(done.error());
  }
  const Result<PeopleDirectory::Found> found = co_await directory->find(account);
  if (is_stopped_) {
    co_return fail(ErrorKind::cancelled, "the server is stopping");
  }
  WallTime changed = world_.clock.wall();
  if (found && !found->is_remembered && found->person.credentials_changed) {
    changed = *found->person.credentials_changed;
  }
  const Result<void> stored = co_await world_.stores.accounts.set_keys(account, {}, changed, 0);   // tokens end with it
  if (!stored) {
    co_return fail(stored.error());
  }
  co_return changed;
}

Task<Result<std::vector<BareJid>>> DirectoryAccounts::find_by_attribute(std::string domain, std::string attribute, std::string value) {
  PeopleDirectory* directory = directory_of(domain);
  if (directory == nullptr) {
    co_return std::vector<BareJid>();
  }
  Result<std::vector<BareJid>> found = co_await directory->find_by_attribute(std::move(domain), std::move(attribute), std::move(value));
  if (is_stopped_) {
    co_return fail(ErrorKind::cancelled, "the server is stopping");
  }
  co_return found;
}

// ---- the mirror

Task<Result<void>> DirectoryAccounts::enable(BareJid account, bool is_enabled) {
  const Result<void> changed = co_await world_.stores.accounts.set_enabled(account, is_enabled);
  if (!changed) {
    co_return changed;
  }
  const Result<AccountRecord> record = co_await world_.stores.accounts.find(account);
  if (!record) {
    co_return fail(record.error());
  }
  log::info(is_enabled ? "account-enabled" : "account-disabled", {{"account", account.str()}, {"by", *owner_of(account.domain())}});
  if (!is_enabled) {
    ended_accounts.add();
  }
  tell(world_, account, [when = record->credentials_changed, is_enabled](Account& held) {
    held.learn_credentials(when, is_enabled);
    if (!is_enabled) {
      const StreamError error{.condition = StreamCondition::not_authorized, .text = "The account is disabled."};
      held.end_sessions(error, "disabled in the directory");
    }
  });
  co_return changed;
}

Task<Result<WallTime>> DirectoryAccounts::learn(DirectoryPerson person) {
  const BareJid account = *person.account;
  Result<AccountRecord> record = co_await world_.stores.accounts.find(account);
  if (!record && record.error().kind != ErrorKind::not_found) {
    co_return fail(record.error());
  }
  if (!record) {
    if (!person.is_enabled) {
      co_return fail(ErrorKind::not_found, "disabled in the directory, and never here");
    }
    const WallTime changed = person.credentials_changed.value_or(WallTime{});
    AccountRecord fresh{account, {}, true, world_.clock.wall(), changed};
    const Result<void> created = co_await world_.stores.accounts.create(std::move(fresh));
    if (!created && created.error().kind != ErrorKind::already_exists) {
      co_return fail(created.error());
    }
    log::info("account-created", {{"account", account.str()}, {"by", *owner_of(account.domain())}});
    tell(world_, account, [](Account& held) { held.created(); });
    co_return changed;
  }
  WallTime changed = record->credentials_changed;
  if (person.credentials_changed && *person.credentials_changed != changed) {
    changed = *person.credentials_changed;   // tokens end with it
    const Result<void> stored = co_await world_.stores.accounts.set_keys(account, {}, changed, 0);
    if (!stored) {
      co_return fail(stored.error());
    }
    log::info("password-changed", {{"account", account.str()}, {"by", *owner_of(account.domain())}});
    tell(world_, account, [changed, is_enabled = person.is_enabled && record->is_enabled](Account& held) {
      held.learn_credentials(changed, is_enabled);
      const StreamError error{.condition = StreamCondition::reset, .text = "The password was changed."};
      held.end_sessions(error, "password changed in the directory");
    });
  }
  if (person.is_enabled != record->is_enabled) {
    const Result<void> done = co_await enable(account, person.is_enabled);
    if (!done) {
      co_return fail(done.error());
    }
  }
  co_return changed;
}

Task<Result<void>> DirectoryAccounts::learn_absence(BareJid account) {
  const Result<AccountRecord> record = co_await world_.stores.accounts.find(account);
  if (!record || !record->is_enabled) {
    co_return !record && record.error().kind != ErrorKind::not_found ? Result<void>(fail(record.error())) : Result<void>();
  }
  Result<void> done = co_await enable(account, false);
  co_return done;
}

}  // namespace aldis
