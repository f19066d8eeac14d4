// LdapConnection: one connection to one server of a directory (RFC 4511), over OpenLDAP's library. Every call blocks, no longer than its
// time, and is made on a worker. Referrals are not followed (security K01), the library's own configuration files are not read.
#pragma once
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "auth/ldap/ldap_password_policy.h"
#include "auth/ldap/ldap_profile.h"
#include "auth/ldap/ldap_schema.h"
#include "base/result.h"
#include "base/secret_bytes.h"

// The library's own names.
typedef struct ldap LDAP;          // NOLINT
struct ldap_conncb;

namespace aldis::ldap {

// A server, and how it is spoken to.
struct Endpoint {
  std::string url;
  bool starttls = true;         // with ldap://
  std::string ca_file;          // PEM
  std::string certificate;      // to show to it; empty: none
  std::string key;
  std::chrono::milliseconds timeout{1000};   // of each answer
};

// Who this server is to the directory.
struct ServiceIdentity {
  std::string dn;               // empty: SASL EXTERNAL (RFC 4422 appendix A)
  SecretBytes password;
};

// Of a whole list, which may have many pages; time is looked at between two of them.
struct ListLimits {
  std::size_t entries = 1'000'000;
  std::size_t bytes = SIZE_MAX;   // of all values
  std::chrono::milliseconds time = std::chrono::hours(1);
};

// Once, before there are threads: the library is told to read no files and no environment.
void prepare_library();

class LdapConnection {
 public:
  // Connected, and inside TLS whose certificate was checked, chain and name. timeout, or unavailable; the text says which step.
  [[nodiscard]] static Result<std::unique_ptr<LdapConnection>> open(const Endpoint& endpoint);
  ~LdapConnection();
  LdapConnection(const LdapConnection&) = delete;
  LdapConnection& operator=(const LdapConnection&) = delete;

  [[nodiscard]] Result<void> log_in(const ServiceIdentity& identity);   // denied: the directory refuses it
  // What the directory says to a bind as this entry, with the control that asks for its policy (judge_bind). An empty name or password is
  // not sent: it would succeed for anybody (RFC 4513 section 5.1.2; security K01).
  [[nodiscard]] Result<PasswordAnswer> proves(const std::string& dn, const SecretBytes& password);
  // Entries below `base`, `limit` at most. What is not complete is an error, but for a limit that was reached.
  [[nodiscard]] Result<std::vector<Entry>> search(const std::string& base, const std::string& filter, const std::vector<std::string>& attributes,
                                                  int limit);
  // All of them, by pages (RFC 2696). limit: there are more.
  [[nodiscard]] Result<std::vector<Entry>> search_all(const std::string& base, const std::string& filter, const std::vector<std::string>& attributes,
                                                      const ListLimits& limits = {});

  // One entry, all of it or nothing (RFC 4511 section 4.6), as its own person: with the control of proxied authorization (RFC 4370), which a
  // directory that does not know it refuses. denied: the directory refuses the change. Another error, and nobody knows whether it was made.
  [[nodiscard]] Result<void> modify_as_owner(const std::string& dn, const std::vector<Change>& changes);
  // Sets the entry's password (RFC 3062), as its own person likewise (judge_change).
  [[nodiscard]] Result<PasswordAnswer> change_password_as_owner(const std::string& dn, const SecretBytes& password);
  // Whether the directory lets this connection act as the entry's person; denied: it does not.
  [[nodiscard]] Result<void> may_act_as(const std::string& dn);

  // The connection is of no more use.
  [[nodiscard]] bool is_broken() const { return is_broken_; }
  [[nodiscard]] std::string tls_description() const;   // "TLS1.3 ..."; empty: none

 private:
  LdapConnection(LDAP* handle, Endpoint endpoint);
  [[nodiscard]] Result<void> set_up();
  // The answer to a question that has been sent, with what its controls say of the password.
  [[nodiscard]] Result<PasswordAnswer> await_answer(int sent, int message_id, std::string_view step);
  [[nodiscard]] Unexpected<Error> failure(int code, std::string_view step);
  // The same; what the directory does not allow, or not like this, is denied.
  [[nodiscard]] Unexpected<Error> refusal(int code, std::string_view step);

  LDAP* handle_;
  Endpoint endpoint_;
  std::unique_ptr<ldap_conncb> callback_;   // the library keeps a pointer to it
  bool is_broken_ = false;
};

}  // namespace aldis::ldap
