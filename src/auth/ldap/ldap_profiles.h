// LdapProfiles: what entries say of their people, asked on threads of its own and kept for a while. From any executor, any number at a time:
// whoever asks for the same person meanwhile waits for the same answer.
#pragma once
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "auth/ldap/ldap_profile.h"
#include "auth/ldap/ldap_servers.h"
#include "auth/people_profiles.h"
#include "base/keyed_hash.h"
#include "runtime/executor.h"
#include "runtime/worker_pool.h"

namespace aldis::ldap {

class LdapProfiles final : public PeopleProfiles {
 public:
  // All but the options outlive it.
  LdapProfiles(const DirectoryOptions& options, const Schema& schema, ProfileMap map, LdapServers& servers, const Clock& clock);

  [[nodiscard]] const ProfileRules& rules() const override { return map_.rules(); }
  [[nodiscard]] const ProfileMap& map() const { return map_; }
  Task<Result<ProfilePtr>> read(BareJid account) override;
  Task<Result<std::size_t>> write(BareJid account, ProfileValues wanted, std::vector<ProfileField> left_alone) override;
  Task<Result<Hits>> search(std::string domain, std::map<ProfileField, std::string> wanted) override;
  void stop() { workers_.reset(); }

 private:
  using Answer = Result<ProfilePtr>;
  struct Kept {
    ProfilePtr profile;
    Monotonic read{};
    std::size_t bytes = 0;
  };
  template <class F>
  auto ask(F work, int answers) -> Task<typename detail::WorkerResult<std::invoke_result_t<F&>>::type>;
  [[nodiscard]] Task<void> fetch(BareJid account);
  // The one entry of the account; not_found.
  [[nodiscard]] Result<Entry> entry_of(const BareJid& account, std::vector<Entry> entries) const;
  void keep(const std::string& account, ProfilePtr profile);   // mutex_ is held
  void forget(const std::string& account);                     // the same

  std::string name_;
  std::string base_;
  std::chrono::milliseconds timeout_;
  Monotonic::duration lifetime_;
  Monotonic::duration longest_;
  const Schema& schema_;
  ProfileMap map_;
  LdapServers& servers_;
  const Clock& clock_;
  std::mutex mutex_;   // of what follows
  std::unordered_map<std::string, std::vector<Completion<Answer>>, KeyedStringHash, std::equal_to<>> flights_;
  std::unordered_map<std::string, Kept, KeyedStringHash, std::equal_to<>> kept_;
  std::size_t kept_bytes_ = 0;
  std::uint64_t writes_ = 0;
  std::unique_ptr<WorkerPool> workers_;   // null: stopped
};

}  // namespace aldis::ldap
