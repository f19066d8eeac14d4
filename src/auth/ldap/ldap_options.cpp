// What the options of a directory say together.
#include "auth/ldap/ldap_options.h"

#include <ldap.h>

#include "auth/ldap/ldap_certificates.h"
#include "auth/ldap/ldap_filter.h"
#include "auth/ldap/ldap_profile.h"
#include "sasl/scram_keys.h"

namespace aldis::ldap {
namespace {

bool is_loopback(std::string_view host) {
  return host == "localhost" || host == "::1" || host.starts_with("127.");
}

// One URL: a scheme, a host, perhaps a port, and nothing else.
Result<void> check_url(const std::string& url, bool starttls) {
  LDAPURLDesc* parts = nullptr;
  if (ldap_url_parse(url.c_str(), &parts) != LDAP_URL_SUCCESS) {
    return fail(ErrorKind::invalid, "servers: \"" + url + "\" is no LDAP URL (RFC 4516), such as ldaps://ldap.example.org");
  }
  const std::string scheme = parts->lud_scheme != nullptr ? parts->lud_scheme : "";
  const std::string host = parts->lud_host != nullptr ? parts->lud_host : "";
  const bool has_more = parts->lud_dn != nullptr && *parts->lud_dn != '\0';
  ldap_free_urldesc(parts);
  if (has_more) {
    return fail(ErrorKind::invalid, "servers: \"" + url + "\" says more than a server; the base is an option of its own");
  }
  if (scheme == "ldapi") {
    return {};
  }
  if ((scheme != "ldap" && scheme != "ldaps") || host.empty()) {
    return fail(ErrorKind::invalid, "servers: \"" + url + "\" is not ldaps://host, ldap://host or ldapi://%2Fpath");
  }
  if (scheme == "ldap" && !starttls && !is_loopback(host)) {
    return fail(ErrorKind::invalid, "starttls = false is allowed with loopback addresses only, and " + host + " is not one");
  }
  return {};
}

Result<void> check_groups(const DirectoryOptions& options) {
  if (options.group_base.empty() && !options.roster_groups.empty()) {
    return fail(ErrorKind::invalid, "roster_groups: there are no groups without group_base");
  }
  if (!options.groups.empty() && !is_filter(options.groups)) {
    return fail(ErrorKind::invalid, "groups: is no filter (RFC 4515), such as (objectClass=groupOfNames)");
  }
  if (!is_attribute(options.group_name)) {
    return fail(ErrorKind::invalid, "group_name: \"" + options.group_name + "\" is no attribute's name");
  }
  if (!options.group_display.empty() && !is_attribute(options.group_display)) {
    return fail(ErrorKind::invalid, "group_display: \"" + options.group_display + "\" is no attribute's name");
  }
  return {};
}

}  // namespace

Result<void> validate(const DirectoryOptions& options) {
  if (options.servers.empty()) {
    return fail(ErrorKind::invalid, "servers: names none");
  }
  for (const std::string& url : options.servers) {
    if (auto checked = check_url(url, options.starttls); !checked) {
      return checked;
    }
  }
  if (options.base.empty()) {
    return fail(ErrorKind::invalid, "base: says nowhere to search");
  }
  for (const auto& [option, base] : {std::pair{"base", options.base}, {"group_base", options.group_base}}) {
    LDAPDN dn = nullptr;
    if (!base.empty() && ldap_str2dn(base.c_str(), &dn, LDAP_DN_FORMAT_LDAPV3) != LDAP_SUCCESS) {
      return fail(ErrorKind::invalid, std::string(option) + ": \"" + base + "\" is no distinguished name (RFC 4514)");
    }
    ldap_dnfree(dn);
  }
  if (auto checked = check_groups(options); !checked) {
    return checked;
  }
  if (!options.people.empty() && !is_filter(options.people)) {
    return fail(ErrorKind::invalid, "people: is no filter (RFC 4515), such as (objectClass=inetOrgPerson)");
  }
  if (!options.login.empty() && !is_attribute(options.login)) {
    return fail(ErrorKind::invalid, "login: \"" + options.login + "\" is no attribute's name");
  }
  if (!is_attribute(options.verifier)) {
    return fail(ErrorKind::invalid, "verifier: \"" + options.verifier + "\" is no attribute's name");
  }
  for (const std::string& hash : options.hashes) {
    if (!sasl::parse_hash(hash)) {
      return fail(ErrorKind::invalid, "hashes: \"" + hash + "\" is not known");
    }
  }
  if (options.change_passwords && options.kind == Kind::active_directory) {
    return fail(ErrorKind::invalid, "change_passwords: Active Directory does not let this server write as somebody else (RFC 4370)");
  }
  if (options.change_passwords && options.passwords == Passwords::verifier) {
    return fail(ErrorKind::invalid, "change_passwords: with passwords = \"verifier\" a changed password would leave the keys of the old one");
  }
  if (const auto map = ProfileMap::make(options); !map) {
    return fail(map.error());
  }
  if (const auto lines = certificate_lines(options); !lines) {
    return fail(lines.error());
  }
  if (options.bind_dn.empty() != options.password_file.empty()) {
    return fail(ErrorKind::invalid, "password_file: bind_dn and password_file go together");
  }
  if (options.certificate.empty() != options.key.empty()) {
    return fail(ErrorKind::invalid, "key: certificate and key go together");
  }
  const bool is_local = options.servers.front().starts_with("ldapi:");
  if (options.bind_dn.empty() && options.certificate.empty() && !is_local) {
    return fail(ErrorKind::invalid, "bind_dn: the directory is searched by somebody: bind_dn with password_file, or certificate with key");
  }
  return {};
}

}  // namespace aldis::ldap
