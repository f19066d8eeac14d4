// A directory that owns a scene's people, in memory: what it says of them, which fields may be changed, and days when it is away or slow. That real
// directories behave so is shown by tests/directory.
#pragma once
#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "auth/local_credentials.h"
#include "auth/people_directory.h"
#include "auth/people_profiles.h"
#include "core/directory_accounts.h"
#include "runtime/executor.h"
#include "tests/support/scene.h"

namespace aldis::test {

class FakeProfiles final : public PeopleProfiles {
 public:
  ProfileRules all_rules;
  std::map<std::string, ProfileValues> people;
  bool is_away = false;
  bool is_slow = false;   // answers wait for answer()
  bool refuses = false;   // any change
  int writes = 0;

  FakeProfiles() {
    using F = ProfileField;
    for (const F field : {F::full_name, F::family, F::given, F::email, F::mobile, F::home_telephone, F::title, F::organization, F::photo}) {
      all_rules.fields[field] = {.is_writable = field == F::mobile || field == F::photo, .seen_by = field == F::home_telephone ? SeenBy::self : SeenBy::domain};
    }
    for (const F field : {F::full_name, F::family, F::given, F::email}) {
      all_rules.fields[field].is_searched = true;
    }
    all_rules.least_letters = 2;
    all_rules.most_results = 2;
    all_rules.searches_a_minute = 5;
    all_rules.photo_bytes = 1000;
  }
  void answer() {
    is_slow = false;
    for (const Completion<bool>& each : std::exchange(waiting_, {})) each.complete(true);
  }

  const ProfileRules& rules() const override { return all_rules; }
  Task<Result<ProfilePtr>> read(BareJid account) override {
    co_await wait();
    const auto found = people.find(account.str());
    if (is_away || found == people.end()) {
      co_return fail(is_away ? ErrorKind::unavailable : ErrorKind::not_found, "nothing");
    }
    co_return ProfilePtr(std::make_shared<const Profile>(Profile{.values = found->second}));
  }
  Task<Result<std::size_t>> write(BareJid account, ProfileValues wanted, std::vector<ProfileField> left_alone) override {
    co_await wait();
    if (is_away) {
      co_return fail(ErrorKind::unavailable, "away");
    }
    ProfileValues& now = people.at(account.str());
    ProfileValues changed = now;
    std::size_t count = 0;
    for (const auto& [field, rule] : all_rules.fields) {
      if (std::ranges::find(left_alone, field) != left_alone.end() || changed[field] == wanted[field]) {
        continue;
      }
      if (!rule.is_writable || refuses) {
        co_return fail(ErrorKind::denied, "The directory does not allow this change.");
      }
      changed[field] = wanted[field];
      ++count;
    }
    std::erase_if(changed, [](const auto& each) { return each.second.empty(); });
    now = std::move(changed);
    writes += count != 0 ? 1 : 0;
    co_return count;
  }
  Task<Result<Hits>> search(std::string domain, std::map<ProfileField, std::string> wanted) override {
    co_await wait();
    if (is_away) {
      co_return fail(ErrorKind::unavailable, "away");
    }
    Hits hits;
    for (const auto& [name, values] : people) {
      const BareJid account = BareJid::parse(name).value();
      const bool is_hit = std::ranges::all_of(wanted, [&](const auto& each) {
        const auto found = values.find(each.first);
        return found != values.end() && found->second.front().starts_with(each.second);
      });
      if (is_hit && account.domain() == domain) {
        hits.is_cut = hits.people.size() == all_rules.most_results;
        if (!hits.is_cut) {
          hits.people.push_back({account, Profile{.values = values}});
        }
      }
    }
    co_return hits;
  }

 private:
  Task<void> wait() {
    if (is_slow) {
      const Completion<bool> done;
      waiting_.push_back(done);
      const bool is_over = co_await done;
      static_cast<void>(is_over);
    }
  }
  std::vector<Completion<bool>> waiting_;
};

class FakeDirectory final : public PeopleDirectory {
 public:
  FakeProfiles cards;

  const std::string& name() const override { return name_; }
  bool changes_passwords = false;
  std::optional<Error> refusal{};          // of change_password
  std::vector<std::string> changed{};      // "address password"
  ProofsOfDomain proofs() const override { return {.changes_passwords = changes_passwords}; }
  std::chrono::milliseconds refresh() const override { return std::chrono::seconds(20); }
  std::chrono::milliseconds full_refresh() const override { return std::chrono::hours(1); }
  Task<Result<Found>> find(BareJid) override { co_return fail(ErrorKind::unavailable, "nobody logs in here"); }
  Task<Checked> check_password(BareJid, SecretBytes) override { co_return Checked{fail(ErrorKind::unavailable, "nobody logs in here"), PasswordVerdict{}}; }
  Task<Result<void>> change_password(BareJid account, SecretBytes password) override {
    if (!changes_passwords) {
      co_return fail(ErrorKind::denied, "change it in the directory");
    }
    if (refusal) {
      co_return fail(*refusal);
    }
    changed.push_back(account.str() + " " + std::string(password.view()));
    co_return Result<void>();
  }
  Task<Result<Listing>> list(std::string, std::string) override { co_return fail(ErrorKind::unavailable, "no list"); }
  Task<Result<std::vector<DirectoryPerson>>> look_up(std::vector<BareJid>) override { co_return fail(ErrorKind::unavailable, "no list"); }
  Task<std::vector<DirectoryStep>> explain(BareJid) override { co_return std::vector<DirectoryStep>(); }
  PeopleProfiles* profiles() override { return &cards; }
  void stop() override {}

 private:
  std::string name_ = "people";
};

// A scene in which capulet.example's people are a directory's, and montague.example's are not.
struct DirectoryScene {
  std::shared_ptr<FakeDirectory> directory = std::make_shared<FakeDirectory>();
  std::unique_ptr<CredentialSource> own{};
  std::unique_ptr<DirectoryAccounts> accounts{};

  [[nodiscard]] SceneOptions options() {
    SceneOptions made;
    made.install = [this](VirtualHost& host, World& world) {
      if (accounts == nullptr) {
        own = std::make_unique<LocalCredentials>(world.stores.accounts);
        accounts = std::make_unique<DirectoryAccounts>(world, *own, Directories{{"capulet.example", directory}});
        world.directories = accounts.get();
      }
      install_default_extensions(host, world);
    };
    return made;
  }
};

}  // namespace aldis::test
