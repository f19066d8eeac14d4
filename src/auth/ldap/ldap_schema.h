// What entries of people are called in directories of each kind, and what an entry says of its person.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/ldap/ldap_options.h"
#include "auth/people_directory.h"
#include "base/clock.h"

namespace aldis::ldap {

// An entry as a search gives it: the attributes that were asked for, by their names in lower case.
struct Entry {
  std::string dn;
  std::map<std::string, std::vector<std::string>, std::less<>> attributes;
  // Of which attributes these are the first values only, and from which on to ask for the rest (MS-ADTS section 3.1.1.3.1.3.3).
  std::map<std::string, std::string, std::less<>> rest{};
  [[nodiscard]] const std::vector<std::string>& values(std::string_view attribute) const;
  [[nodiscard]] std::string_view value(std::string_view attribute) const;   // the first; empty: there is none
};

// What is searched for and read: a kind's usual names, and what the operator said instead.
struct Schema {
  Kind kind = Kind::openldap;
  std::string people;             // filter
  std::string login;
  bool is_whole_address = false;  // login holds name@domain
  std::string login_domain;       // of these; empty: the XMPP domain
  std::string modified;           // when an entry was changed last
  std::string password_changed;
  std::string verifier;           // empty: not read

  // What of an entry says whose it is and whether they may log in; and with what they prove it.
  [[nodiscard]] std::vector<std::string> standing_attributes() const;
  [[nodiscard]] std::vector<std::string> attributes() const;
  // Who has this account. Localparts are unescaped (XEP-0106).
  [[nodiscard]] std::string filter_of(const BareJid& account) const;
  // The accounts of a domain that an entry's names stand for; what cannot be an address stands for none.
  [[nodiscard]] std::vector<BareJid> accounts_of(const Entry& entry, std::string_view domain) const;
  // What the entry says of the person, but for the address. What it should say and does not is a refusal.
  [[nodiscard]] DirectoryPerson person_of(const Entry& entry, WallTime now) const;
};
[[nodiscard]] Schema make_schema(const DirectoryOptions& options);

}  // namespace aldis::ldap
