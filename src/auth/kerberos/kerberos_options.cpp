// What makes no sense together.
#include "auth/kerberos/kerberos_options.h"

#include <algorithm>
#include <array>

#include "auth/kerberos/principal_rules.h"

namespace aldis {
namespace {

constexpr std::array<std::string_view, 3> known_mechanisms{"GS2-KRB5-PLUS", "GS2-KRB5", "GSSAPI"};

bool is_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

// RFC 4512 section 1.4, as ldap_filter's; an OID too.
bool is_attribute(std::string_view text) {
  return std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
  });
}

Unexpected<Error> wrong(std::string what) {
  return fail(ErrorKind::invalid, std::move(what));
}

}  // namespace

Result<void> validate(const KerberosOptions& options, std::string_view domain, bool has_directory) {
  for (const std::string& name : options.kerberos_mechanisms) {
    if (std::ranges::find(known_mechanisms, name) == known_mechanisms.end()) {
      return wrong("kerberos_mechanisms: \"" + name + "\" is not known; there are GS2-KRB5-PLUS, GS2-KRB5 and GSSAPI");
    }
    if (std::ranges::count(options.kerberos_mechanisms, name) != 1) {
      return wrong("kerberos_mechanisms: \"" + name + "\" is named twice");
    }
  }
  if (!options.kerberos_attribute.empty() && !is_attribute(options.kerberos_attribute)) {
    return wrong("kerberos_attribute: \"" + options.kerberos_attribute + "\" is no attribute's name");
  }
  if (!options.kerberos_attribute.empty() && !has_directory) {
    return wrong("kerberos_attribute: the domain has no directory");
  }
  if (!is_ascii(options.kerberos_hostname)) {
    return wrong("kerberos_hostname: write the name as DNS has it");
  }
  if (options.kerberos_keytab.empty()) {
    return {};
  }
  if (!is_ascii(domain) && options.kerberos_hostname.empty() && options.kerberos_services.empty()) {
    return wrong("kerberos_hostname: " + std::string(domain) + " is no name that Kerberos knows; write this machine's");
  }
  const auto rules = PrincipalRules::make(options, domain);
  return rules ? Result<void>() : Result<void>(fail(rules.error()));
}

}  // namespace aldis
