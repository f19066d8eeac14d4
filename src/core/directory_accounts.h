// DirectoryAccounts: accounts whose people a directory owns (auth/people_directory.h), beside those of this server's own. What the
// directory says of a person is mirrored in the AccountStore, without any key: so a message for somebody who has never logged in is
// kept, nobody else waits for the directory, and the time of an answer does not tell who exists (security L01).
//
// An account is there from the moment the directory has been seen to have it: at the start, at most `refresh` after a change, or at its
// first login. One that the directory has no more, or has disabled, is disabled here, its sessions and tokens end, and what it owned
// stays until an operator deletes it.
#pragma once
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "auth/people_directory.h"
#include "auth/people_profiles.h"
#include "core/world.h"

namespace aldis {

using Directories = std::map<std::string, std::shared_ptr<PeopleDirectory>, std::less<>>;   // by domain

class DirectoryAccounts final : public CredentialSource {
 public:
  // All outlive it. Used from the lobby's executor, but for what says "any thread": which domain has which directory does not change.
  DirectoryAccounts(World& world, CredentialSource& own, Directories directories);

  // The directory's name; null: the domain's accounts are this server's own. Any thread.
  [[nodiscard]] const std::string* owner_of(std::string_view domain) const;
  // What it says of people besides; null: nothing, or the domain has no directory. Any thread.
  [[nodiscard]] PeopleProfiles* profiles_of(std::string_view domain) const;
  // Any thread; the calls of each are the lobby's, but for name() and profiles().
  [[nodiscard]] const Directories& directories() const { return directories_; }

  Task<Result<Credentials>> find(BareJid account) override;
  Task<Result<void>> add_keys(BareJid account, ScramKeys keys, WallTime changed) override;
  [[nodiscard]] ProofsOfDomain proofs(std::string_view domain) const override;
  Task<Checked> check_password(BareJid account, SecretBytes password) override;
  // By its owner, as PeopleDirectory::change_password. The account's credentials_changed afterwards.
  [[nodiscard]] Task<Result<WallTime>> change_password(BareJid account, SecretBytes password) const;
  Task<Result<std::vector<BareJid>>> find_by_attribute(std::string domain, std::string attribute, std::string value) override;

  // Makes the store, and what is in memory, as the directory says. The account's credentials_changed afterwards; not_found: disabled,
  // and never here.
  [[nodiscard]] Task<Result<WallTime>> learn(DirectoryPerson person);
  // The directory has it no more.
  [[nodiscard]] Task<Result<void>> learn_absence(BareJid account);

  // From now on what a directory says is not looked at: the stores are about to go.
  void stop() { is_stopped_ = true; }

 private:
  [[nodiscard]] PeopleDirectory* directory_of(std::string_view domain) const;
  // What a directory found, as credentials; the store is made to agree with it first.
  [[nodiscard]] Task<Result<Credentials>> take_over(BareJid account, Result<PeopleDirectory::Found> found);
  [[nodiscard]] Task<Result<void>> enable(BareJid account, bool is_enabled);

  World& world_;
  CredentialSource& own_;
  Directories directories_;
  bool is_stopped_ = false;
};

// "Juliet's account is the directory's": why an operator or a user may not.
[[nodiscard]] Unexpected<Error> owned_by_directory(const BareJid& account, const std::string& directory);

}  // namespace aldis
