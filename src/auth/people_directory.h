// PeopleDirectory: a place elsewhere that owns the people of some domains: who has an account, who may log in, and how they prove it.
// Its adapters (auth/ldap) answer from one executor, the lobby's, and never make it wait for the network.
#pragma once
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "auth/credential_source.h"
#include "auth/directory_group.h"
#include "base/clock.h"
#include "base/result.h"
#include "base/secret_bytes.h"
#include "runtime/task.h"
#include "storage/certificate_store.h"
#include "xmpp/jid.h"

namespace aldis {

class PeopleProfiles;

struct DirectoryPerson {
  std::optional<BareJid> account{};                 // always there in what a PeopleDirectory gives
  bool is_enabled = true;
  bool is_expired = false;                          // the password is good for nothing any more
  bool must_change = false;                         // it must be changed before it is good again
  std::optional<WallTime> credentials_changed{};    // nothing: the directory does not say
};

// One step of an explanation.
struct DirectoryStep {
  std::string step;
  bool is_good = true;
  std::string found;
};

class PeopleDirectory {
 public:
  virtual ~PeopleDirectory() = default;
  [[nodiscard]] virtual const std::string& name() const = 0;   // as operators call it
  [[nodiscard]] virtual ProofsOfDomain proofs() const = 0;
  [[nodiscard]] virtual std::chrono::milliseconds refresh() const = 0;        // how often to look who has changed
  [[nodiscard]] virtual std::chrono::milliseconds full_refresh() const = 0;   // how often to list everybody

  struct Found {
    DirectoryPerson person;
    std::vector<ScramKeys> keys{};
    bool is_remembered = false;     // the directory is away, and policy lets what it said before count
  };
  // not_found: the directory says that nobody, or more than one entry, is this. unavailable, timeout, full: it did not say; within
  // 2.5 s. Whoever asks for the same account meanwhile waits for the same answer.
  virtual Task<Result<Found>> find(BareJid account) = 0;
  struct Checked {
    Result<Found> found;
    Result<PasswordVerdict> verdict;
  };
  // The person, and whether this is the password, as CredentialSource::check_password; within 2.5 s, or 5 where another login of the same
  // account was under way.
  virtual Task<Checked> check_password(BareJid account, SecretBytes password) = 0;
  // Sets the person's password as that person, by the directory's own rules. denied: it may not be set, or not to this, `what` says why in
  // words for its owner. Another error, and nobody knows whether it was. Only where proofs() says that passwords are changed.
  virtual Task<Result<void>> change_password(BareJid account, SecretBytes password) {
    static_cast<void>(account);
    static_cast<void>(password);
    co_return fail(ErrorKind::denied, "this directory changes no passwords for us");
  }

  struct Listing {
    std::vector<DirectoryPerson> people;
    std::string mark;               // for the next `since`
  };
  // Of a domain: whoever was changed at `since` or later, or everybody. An error: the list would not have been complete.
  virtual Task<Result<Listing>> list(std::string domain, std::string since) = 0;
  // Those of the accounts (of one domain) that the directory knows; an error: it could not be asked about all.
  virtual Task<Result<std::vector<DirectoryPerson>>> look_up(std::vector<BareJid> accounts) = 0;
  // The accounts of the domain that entries with this word about a certificate have (storage/certificate_store.h); none: a clear no.
  // denied: more than one entry has it, and not each of them an account. Without an opinion on certificates: none.
  virtual Task<Result<std::vector<BareJid>>> find_certificate(std::string domain, CertificateKey key, std::string value);
  // The same of entries where the attribute has the value, compared without case. Without attributes: none.
  virtual Task<Result<std::vector<BareJid>>> find_by_attribute(std::string domain, std::string attribute, std::string value);
  // What it says of people besides; null: nothing. Any thread.
  [[nodiscard]] virtual PeopleProfiles* profiles() { return nullptr; }
  // ---- groups
  // How often to look at them; nothing: it has none to give.
  [[nodiscard]] virtual std::optional<std::chrono::milliseconds> groups_refresh() const { return std::nullopt; }
  // All of them, with those of their members who have accounts in the domain; nothing: they are as at the last call for it. An error: not
  // all could be read, and nothing is known of any.
  using Groups = std::optional<std::vector<DirectoryGroup>>;
  virtual Task<Result<Groups>> groups(std::string domain) {
    static_cast<void>(domain);
    co_return fail(ErrorKind::invalid, "this directory gives no groups");
  }

  // For an operator, without regard to what is cached.
  virtual Task<std::vector<DirectoryStep>> explain(BareJid account) = 0;

  // Once, when nobody asks any more: returns when no thread of it runs; who still waits is told `cancelled` by its executor.
  virtual void stop() = 0;
};

}  // namespace aldis
