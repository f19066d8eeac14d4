// LdapDirectory: people in an LDAP directory (RFC 4510 to 4519). It asks on threads of its own, so that neither logins of other domains
// nor people at work wait for it.
//
// Who has changed it learns by asking (polling): entries whose modifyTimestamp (whenChanged) is not older than the newest it has seen.
// Not here: syncrepl (RFC 4533), which neither Active Directory nor every OpenLDAP has. Profiles and writing: ldap_profiles.h.
#pragma once
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "auth/ldap/ldap_certificates.h"
#include "auth/ldap/ldap_groups.h"
#include "auth/ldap/ldap_options.h"
#include "auth/ldap/ldap_profiles.h"
#include "auth/ldap/ldap_servers.h"
#include "auth/people_directory.h"
#include "base/keyed_hash.h"
#include "base/random.h"
#include "runtime/executor.h"
#include "runtime/worker_pool.h"

namespace aldis::ldap {

class LdapDirectory final : public PeopleDirectory {
 public:
  // The options are valid. `endpoints` and `identity` are what their servers and files say; clock and random outlive it.
  LdapDirectory(DirectoryOptions options, std::vector<Endpoint> endpoints, ServiceIdentity identity, const Clock& clock, Random& random);

  [[nodiscard]] const std::string& name() const override { return options_.name; }
  [[nodiscard]] ProofsOfDomain proofs() const override;
  [[nodiscard]] std::chrono::milliseconds refresh() const override { return options_.refresh; }
  [[nodiscard]] std::chrono::milliseconds full_refresh() const override { return options_.full_refresh; }
  Task<Result<Found>> find(BareJid account) override;
  Task<Checked> check_password(BareJid account, SecretBytes password) override;
  Task<Result<void>> change_password(BareJid account, SecretBytes password) override;
  Task<Result<Listing>> list(std::string domain, std::string since) override;
  Task<Result<std::vector<DirectoryPerson>>> look_up(std::vector<BareJid> accounts) override;
  Task<Result<std::vector<BareJid>>> find_certificate(std::string domain, CertificateKey key, std::string value) override;
  Task<Result<std::vector<BareJid>>> find_by_attribute(std::string domain, std::string attribute, std::string value) override;
  [[nodiscard]] PeopleProfiles* profiles() override { return profiles_.get(); }
  [[nodiscard]] std::optional<std::chrono::milliseconds> groups_refresh() const override;
  Task<Result<Groups>> groups(std::string domain) override;
  Task<std::vector<DirectoryStep>> explain(BareJid account) override;
  void stop() override;

 private:
  // A person, and their entry's name.
  struct FoundEntry : Found {
    std::string dn{};
  };
  // Of one question's answer, and who else waits for it.
  using Flight = std::vector<Completion<Result<FoundEntry>>>;
  // What the directory said, for when it is away (keep_verdicts).
  struct Remembered {
    FoundEntry found;
    SecretBytes right_password;   // a keyed hash; empty: none was proved
    Monotonic until{};
  };
  // As WorkerPool::run; cancelled once stopped.
  template <class F>
  static auto ask(const std::unique_ptr<WorkerPool>& workers, F work, std::chrono::milliseconds deadline)
      -> Task<typename detail::WorkerResult<std::invoke_result_t<F&>>::type> {
    if (workers == nullptr) {
      co_return fail(ErrorKind::cancelled, "the server is stopping");
    }
    auto answer = co_await workers->run(std::move(work), deadline);
    co_return answer;
  }
  // The answer to a question about the account that is under way, if there is one; otherwise there is from now on.
  [[nodiscard]] Task<std::optional<Result<FoundEntry>>> join_flight(BareJid account);
  // It was answered: what is remembered is made to agree with it, or answers in its place. Everybody who waits is told.
  [[nodiscard]] Result<FoundEntry> land(const BareJid& account, Result<FoundEntry> found);
  [[nodiscard]] Task<Result<FoundEntry>> find_entry(BareJid account);
  // A verdict was asked for: what is remembered is made to agree with it, or answers in its place; about nobody it is no. `hash` as hash_of;
  // empty where nothing is kept.
  [[nodiscard]] Result<PasswordVerdict> settle(const BareJid& account, bool is_somebody, SecretBytes hash, Result<PasswordVerdict> verdict);
  // These block.
  [[nodiscard]] Result<FoundEntry> search(const BareJid& account);
  [[nodiscard]] Result<PasswordVerdict> try_password(const std::string& dn, const SecretBytes& password);
  // The accounts of the at most two entries that match the filter, and then the test.
  [[nodiscard]] Task<Result<std::vector<BareJid>>> accounts_where(std::string domain, std::string filter, std::vector<std::string> attributes,
                                                                 std::function<bool(const Entry&)> is_it, std::string what);
  [[nodiscard]] Result<FoundEntry> judge(const BareJid& account, const std::vector<Entry>& entries) const;
  [[nodiscard]] std::chrono::milliseconds patience() const { return options_.timeout * 2 + std::chrono::milliseconds(100); }
  [[nodiscard]] SecretBytes hash_of(const BareJid& account, const SecretBytes& password) const;
  void remember(const BareJid& account, const FoundEntry& found);
  [[nodiscard]] const Remembered* remembered(const BareJid& account) const;

  DirectoryOptions options_;
  Schema schema_;
  const Clock& clock_;
  SecretBytes memory_key_;       // of hash_of; never leaves the process
  std::string nobody_;           // an entry that is not there
  LdapServers servers_;
  std::unordered_map<std::string, Flight, KeyedStringHash, std::equal_to<>> flights_;
  std::unordered_map<std::string, Remembered, KeyedStringHash, std::equal_to<>> memory_;
  std::vector<CertificateLine> certificate_lines_;
  std::unique_ptr<LdapProfiles> profiles_;      // null: cards are not the directory's
  std::unique_ptr<WorkerPool> login_workers_;   // null: stopped
  std::unique_ptr<WorkerPool> list_worker_;
  LdapGroups groups_;                           // the group worker's
  std::unique_ptr<WorkerPool> group_worker_;    // null: stopped, or there are no groups
};

// Step by step, over fresh connections; blocks.
[[nodiscard]] std::vector<DirectoryStep> explain_on(LdapServers& servers, const DirectoryOptions& options, const Schema& schema,
                                                    const BareJid& account, const Clock& clock);
// What the entry says of the person's card, who sees it, what the person may change; nothing where there is not one entry. Blocks.
[[nodiscard]] std::vector<DirectoryStep> explain_profile(LdapServers& servers, const std::string& base, const Schema& schema, const ProfileMap& map,
                                                         const BareJid& account);

}  // namespace aldis::ldap
