// What an operator says of a directory ([[directory]]). The files it names are read by app/.
#pragma once
#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

#include "auth/ldap/ldap_profile_options.h"
#include "base/options.h"
#include "base/result.h"

namespace aldis::ldap {

// Whose product it is: what its entries of people are called, and how they say that somebody is disabled (ldap_schema.h).
enum class Kind : std::uint8_t { openldap, active_directory, ds389 };
constexpr auto option_names(Kind) {
  return std::array{OptionName{"openldap", Kind::openldap}, OptionName{"active_directory", Kind::active_directory},
                    OptionName{"389ds", Kind::ds389}};
}

// How a password is checked: by a simple bind as its owner (RFC 4513 section 5.1.3), or with the keys of SCRAM the entry holds.
enum class Passwords : std::uint8_t { bind, verifier };
constexpr auto option_names(Passwords) {
  return std::array{OptionName{"bind", Passwords::bind}, OptionName{"verifier", Passwords::verifier}};
}

struct DirectoryOptions : ProfileOptions {
  std::string name;
  Kind kind = Kind::openldap;
  std::vector<std::string> servers;
  std::string base;
  std::string bind_dn;
  std::string password_file;
  std::string certificate;
  std::string key;
  std::string ca_file;
  bool starttls = true;
  std::string people;
  std::string login;
  std::string login_domain;
  Passwords passwords = Passwords::bind;
  std::string verifier = "authPassword";
  std::vector<std::string> hashes{"SHA-256"};
  bool change_passwords = false;
  std::uint32_t connections = 4;
  std::chrono::milliseconds timeout{1000};
  std::chrono::seconds refresh{20};
  std::chrono::seconds full_refresh{3600};
  std::string group_base;
  std::string groups;
  std::string group_name = "cn";
  std::string group_display;
  std::chrono::seconds groups_refresh{20};
  std::vector<std::string> roster_groups;
  std::chrono::seconds keep_verdicts{0};
};

// Those of ProfileOptions stand beside them.
inline constexpr auto directory_options = std::tuple{
    Option{"name", &DirectoryOptions::name, Range{1, 64}, "What domains call it: directory = \"...\" in [[domain]]."},
    Option{"kind", &DirectoryOptions::kind,
           "Whose it is: \"openldap\" (inetOrgPerson), \"active_directory\" or \"389ds\". It decides what people, login and the marks of "
           "disabled people are where nothing else is said; see directory.md."},
    Option{"servers", &DirectoryOptions::servers, Range{1, 8},
           "Its servers, in the order they are asked: \"ldaps://host\", \"ldap://host\" (with StartTLS), \"ldapi://%2Fpath\"; a port may follow. "
           "When one does not answer, the next is asked."},
    Option{"base", &DirectoryOptions::base, Range{1, 2000}, "The entry below which people are, such as \"ou=people,dc=example,dc=org\"."},
    Option{"bind_dn", &DirectoryOptions::bind_dn, Range{0, 2000},
           "The entry this server itself logs in as, to search; in Active Directory also name@domain. Empty: by certificate and key (SASL "
           "EXTERNAL), or, with ldapi, as the process's own user."},
    Option{"password_file", &DirectoryOptions::password_file, Range{0, 4000},
           "A file with its password on one line, which only the server's user may read."},
    Option{"certificate", &DirectoryOptions::certificate, Range{0, 4000}, "A PEM file with a certificate to show to the directory's servers."},
    Option{"key", &DirectoryOptions::key, Range{0, 4000}, "A PEM file with its private key, which only the server's user may read."},
    Option{"ca_file", &DirectoryOptions::ca_file, Range{0, 4000},
           "A PEM file with the authorities that the servers' certificates must come from. Empty: those of the system. Names and dates are "
           "checked too, and what cannot be checked is not spoken to."},
    Option{"starttls", &DirectoryOptions::starttls,
           "false: no TLS with ldap:// servers, and passwords in the clear; allowed on loopback addresses only."},
    Option{"people", &DirectoryOptions::people, Range{0, 2000},
           "A filter (RFC 4515) that everybody matches who has an account. Empty: as kind says."},
    Option{"login", &DirectoryOptions::login, Range{0, 100},
           "The attribute with the name people log in with. uid, sAMAccountName and others hold what stands before the @; mail, "
           "userPrincipalName and jid (RFC 8284) a whole address. Empty: as kind says."},
    Option{"login_domain", &DirectoryOptions::login_domain, Range{0, 255},
           "What stands behind the @ in such a whole address. Empty: the domain's own name."},
    Option{"passwords", &DirectoryOptions::passwords,
           "\"bind\": the directory checks a password itself, by a login with it; clients then send it (PLAIN, inside TLS). \"verifier\": entries "
           "hold keys of SCRAM, and no password passes."},
    Option{"verifier", &DirectoryOptions::verifier, Range{1, 100}, "The attribute with the keys, as RFC 5803 writes them, one value for each hash."},
    Option{"hashes", &DirectoryOptions::hashes, Range{1, 3},
           "With passwords = \"verifier\": the hashes (SHA-1, SHA-256, SHA-512) that entries have keys of; only their mechanisms are offered."},
    Option{"change_passwords", &DirectoryOptions::change_passwords,
           "true: people may change their passwords here (XEP-0077). The directory is asked to do it as they (RFC 3062 with RFC 4370), so its own "
           "rules hold. Only with passwords = \"bind\", and not with Active Directory."},
    Option{"connections", &DirectoryOptions::connections, Range{1, 64}, "Logins that are asked about at a time."},
    Option{"timeout", &DirectoryOptions::timeout, Range{std::chrono::milliseconds(100), std::chrono::milliseconds(1200)},
           "How long one server may take for one answer. A login takes two answers at most, each from two servers at most; then it is told "
           "to try again later."},
    Option{"refresh", &DirectoryOptions::refresh, Range{std::chrono::seconds(1), std::chrono::seconds(50)},
           "How often is asked who has changed, and whether those who are here still may be."},
    Option{"full_refresh", &DirectoryOptions::full_refresh, Range{std::chrono::seconds(10), std::chrono::seconds(7 * 86'400)},
           "How often everybody is listed, to learn who is there no more."},
    Option{"group_base", &DirectoryOptions::group_base, Range{0, 2000},
           "The entry below which groups are, such as \"ou=groups,dc=example,dc=org\". Empty: there are no groups."},
    Option{"groups", &DirectoryOptions::groups, Range{0, 2000}, "A filter (RFC 4515) that every group matches. Empty: as kind says."},
    Option{"group_name", &DirectoryOptions::group_name, Range{1, 100},
           "The attribute with the name that rules call a group by. Upper and lower case are the same; two groups with one name are nobody's."},
    Option{"group_display", &DirectoryOptions::group_display, Range{0, 100},
           "The attribute with the name that rosters show. Empty, or not there: the group's name."},
    Option{"groups_refresh", &DirectoryOptions::groups_refresh, Range{std::chrono::seconds(1), std::chrono::seconds(3600)},
           "How often is asked which groups have changed."},
    Option{"roster_groups", &DirectoryOptions::roster_groups, Range{0, 10'000},
           "Groups whose members have each other on their rosters, by name; \"team-*\" means all whose names begin so."},
    Option{"keep_verdicts", &DirectoryOptions::keep_verdicts, Range{std::chrono::seconds(0), std::chrono::seconds(7 * 86'400)},
           "How long somebody whom the directory let in may come in again with the same proof while no server of it answers. 0s: never."},
};

// What ranges cannot say; invalid names the option first: "servers: ...".
[[nodiscard]] Result<void> validate(const DirectoryOptions& options);

}  // namespace aldis::ldap
