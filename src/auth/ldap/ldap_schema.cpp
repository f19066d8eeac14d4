// The presets, and what their attributes mean.
#include "auth/ldap/ldap_schema.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "auth/ldap/ldap_filter.h"
#include "auth/ldap/ldap_time.h"

namespace aldis::ldap {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return out;
}

bool holds_whole_address(std::string_view attribute) {
  const std::string name = lower(attribute);
  return name == "mail" || name == "userprincipalname" || name == "jid" || name == "1.2.840.113549.1.9.1" || name == "0.9.2342.19200300.100.1.3";
}

// ppolicy's pwdAccountLockedTime with this value: until somebody unlocks it (draft-behera-ldap-password-policy section 5.3.3). Other
// times are lockouts that pass; a bind learns them from the directory itself.
constexpr std::string_view locked_for_good = "000001010000Z";

void read_openldap(const Entry& entry, DirectoryPerson& person) {
  person.is_enabled = entry.value("pwdAccountLockedTime") != locked_for_good;
  person.must_change = lower(entry.value("pwdReset")) == "true";
}

void read_389ds(const Entry& entry, WallTime now, DirectoryPerson& person) {
  person.is_enabled = lower(entry.value("nsAccountLock")) != "true";
  if (const std::string_view until = entry.value("passwordExpirationTime"); !until.empty()) {
    const auto time = parse_generalized_time(until);
    person.must_change = time == WallTime{};   // how it marks a password that was reset
    person.is_expired = !time || (*time <= now && !person.must_change);
  }
}

void read_active_directory(const Entry& entry, WallTime now, DirectoryPerson& person) {
  constexpr std::uint32_t disabled = 0x2;   // UF_ACCOUNTDISABLE; MS-ADTS section 2.2.16
  const std::string_view text = entry.value("userAccountControl");
  std::int64_t flags = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), flags);
  const bool is_read = !text.empty() && read.ec == std::errc() && read.ptr == text.data() + text.size();
  const auto expires = parse_filetime(entry.value("accountExpires"));
  person.is_enabled = is_read && (static_cast<std::uint32_t>(flags) & disabled) == 0 && (!expires || *expires > now);
  person.must_change = entry.value("pwdLastSet") == "0";
}

}  // namespace

const std::vector<std::string>& Entry::values(std::string_view attribute) const {
  static const std::vector<std::string> none;
  const auto found = attributes.find(lower(attribute));
  return found == attributes.end() ? none : found->second;
}

std::string_view Entry::value(std::string_view attribute) const {
  const auto& all = values(attribute);
  return all.empty() ? std::string_view() : std::string_view(all.front());
}

Schema make_schema(const DirectoryOptions& options) {
  Schema schema;
  schema.kind = options.kind;
  switch (options.kind) {
    case Kind::openldap:
      schema.people = "(objectClass=inetOrgPerson)";
      schema.login = "uid";
      schema.modified = "modifyTimestamp";
      schema.password_changed = "pwdChangedTime";
      break;
    case Kind::active_directory:
      schema.people = "(&(objectCategory=person)(objectClass=user))";
      schema.login = "sAMAccountName";
      schema.modified = "whenChanged";
      schema.password_changed = "pwdLastSet";
      break;
    case Kind::ds389:
      schema.people = "(objectClass=person)";
      schema.login = "uid";
      schema.modified = "modifyTimestamp";
      schema.password_changed = "pwdUpdateTime";
      break;
  }
  if (!options.people.empty()) {
    schema.people = options.people;
  }
  if (!options.login.empty()) {
    schema.login = options.login;
  }
  schema.is_whole_address = holds_whole_address(schema.login);
  schema.login_domain = options.login_domain;
  if (options.passwords == Passwords::verifier) {
    schema.verifier = options.verifier;
  }
  return schema;
}

std::vector<std::string> Schema::standing_attributes() const {
  std::vector<std::string> all{login, modified, password_changed};
  switch (kind) {
    case Kind::openldap: all.insert(all.end(), {"pwdAccountLockedTime", "pwdReset"}); break;
    case Kind::active_directory: all.insert(all.end(), {"userAccountControl", "accountExpires"}); break;
    case Kind::ds389: all.insert(all.end(), {"nsAccountLock", "passwordExpirationTime"}); break;
  }
  return all;
}

std::vector<std::string> Schema::attributes() const {
  std::vector<std::string> all = standing_attributes();
  if (!verifier.empty()) {
    all.push_back(verifier);
  }
  return all;
}

std::string Schema::filter_of(const BareJid& account) const {
  std::string name = unescape_local(account.local());
  if (is_whole_address) {
    name.append("@").append(login_domain.empty() ? std::string(account.domain()) : login_domain);
  }
  return all_of(people, equals(login, name));
}

std::vector<BareJid> Schema::accounts_of(const Entry& entry, std::string_view domain) const {
  std::vector<BareJid> accounts;
  for (const std::string& value : entry.values(login)) {
    std::string_view name = value;
    if (is_whole_address) {
      const std::size_t at = name.rfind('@');
      const std::string_view behind = at == std::string_view::npos ? std::string_view() : name.substr(at + 1);
      if (lower(behind) != lower(login_domain.empty() ? domain : std::string_view(login_domain))) {
        continue;
      }
      name = name.substr(0, at);
    }
    auto jid = BareJid::of(escape_local(name), domain);
    if (jid && jid->has_local() && std::ranges::find(accounts, *jid) == accounts.end()) {
      accounts.push_back(std::move(*jid));
    }
  }
  return accounts;
}

DirectoryPerson Schema::person_of(const Entry& entry, WallTime now) const {
  DirectoryPerson person;
  switch (kind) {
    case Kind::openldap: read_openldap(entry, person); break;
    case Kind::active_directory: read_active_directory(entry, now, person); break;
    case Kind::ds389: read_389ds(entry, now, person); break;
  }
  const std::string_view changed = entry.value(password_changed);
  person.credentials_changed = kind == Kind::active_directory ? parse_filetime(changed) : parse_generalized_time(changed);
  return person;
}

}  // namespace aldis::ldap
