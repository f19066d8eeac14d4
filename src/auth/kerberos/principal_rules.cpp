// Names of Kerberos and accounts.
#include "auth/kerberos/principal_rules.h"

#include <algorithm>
#include <utility>

namespace aldis {
namespace {

constexpr std::string_view placeholder = "{name}";

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}
char upper(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

std::string mapped(std::string_view text, char (*map)(char)) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), map);
  return out;
}

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

bool is_realm(std::string_view text) {
  return !text.empty() && std::ranges::none_of(text, [](char c) {
    return static_cast<unsigned char>(c) <= ' ' || c == '@' || c == '/' || c == '\\';
  });
}

// Attributes that hold the name without the realm.
bool has_name_alone(std::string_view attribute) {
  const std::string name = mapped(attribute, lower);
  return name == "samaccountname" || name == "uid" || name == "cn" || name == "1.2.840.113556.1.4.221" ||
         name == "0.9.2342.19200300.100.1.1" || name == "2.5.4.3";
}

}  // namespace

std::optional<PersonsPrincipal> parse_principal(std::string_view text) {
  const std::size_t at = text.find('@');
  if (at == std::string_view::npos || at == 0 ||
      text.find_first_of(std::string_view("/\\\0", 3)) != std::string_view::npos) {
    return std::nullopt;
  }
  const std::string_view realm = text.substr(at + 1);
  if (!is_realm(realm)) {
    return std::nullopt;
  }
  return PersonsPrincipal{std::string(text.substr(0, at)), std::string(realm)};
}

Result<PrincipalRules> PrincipalRules::make(const KerberosOptions& options, std::string_view domain) {
  const auto wrong = [](const std::string& what) { return fail(ErrorKind::invalid, "kerberos_realms: " + what); };
  PrincipalRules rules;
  rules.domain_ = domain;
  rules.attribute_ = options.kerberos_attribute;
  rules.attribute_has_name_alone_ = has_name_alone(options.kerberos_attribute);
  rules.folds_case_ = options.kerberos_fold_case;
  std::vector<std::string> texts = options.kerberos_realms;
  if (texts.empty()) {
    texts.push_back(mapped(domain, upper));
  }
  for (const std::string& text : texts) {
    const std::size_t equal = text.find('=');
    Realm realm{std::string(trimmed(std::string_view(text).substr(0, equal))), {}, {}};
    if (!is_realm(realm.name)) {
      return wrong("\"" + text + "\" is no \"REALM\" and no \"REALM = localpart with {name}\"");
    }
    if (std::ranges::find(rules.realms_, realm.name, &Realm::name) != rules.realms_.end()) {
      return wrong("\"" + realm.name + "\" is named twice");
    }
    if (equal != std::string::npos) {
      const std::string_view pattern = trimmed(std::string_view(text).substr(equal + 1));
      const std::size_t place = pattern.find(placeholder);
      if (place == std::string_view::npos ||
          pattern.find_first_of("{}", place + placeholder.size()) != std::string_view::npos) {
        return wrong("\"" + text + "\" needs {name} once");
      }
      if (!options.kerberos_attribute.empty()) {
        return wrong("\"" + text + "\": with kerberos_attribute the directory says whose it is");
      }
      realm.before = pattern.substr(0, place);
      realm.behind = pattern.substr(place + placeholder.size());
      const auto sample = BareJid::of(realm.before + "x" + realm.behind, domain);
      if (!sample || sample->local() != realm.before + "x" + realm.behind) {
        return wrong("\"" + text + "\" makes no localpart, or one that is written in another way");
      }
    }
    rules.realms_.push_back(std::move(realm));
  }
  return rules;
}

PrincipalMapping PrincipalRules::account_of(std::string_view principal) const {
  const auto read = parse_principal(principal);
  if (!read) {
    return NobodysPrincipal{"only a name with a realm is a person"};
  }
  const auto realm = std::ranges::find(realms_, read->realm,
                                       &Realm::name);  // realms compare as they are written (RFC 4120 section 6.1)
  if (realm == realms_.end()) {
    return NobodysPrincipal{"people of its realm have no accounts here"};
  }
  if (!attribute_.empty()) {
    return DirectoryAttribute{attribute_, attribute_has_name_alone_ ? read->name : read->name + "@" + read->realm};
  }
  return by_name(*read, *realm);
}

// In Kerberos Juliet and juliet are two: unless the operator says otherwise a name must be the localpart as it stands.
// Beyond ASCII it must be so in any case.
PrincipalMapping PrincipalRules::by_name(const PersonsPrincipal& principal, const Realm& realm) const {
  const std::string name = folds_case_ ? mapped(principal.name, lower) : principal.name;
  const std::string local = realm.before + escape_local(name) + realm.behind;
  const auto account = BareJid::of(local, domain_);
  if (!account || !account->has_local() || account->local() != local) {
    return NobodysPrincipal{"its name is no localpart as it is written"};
  }
  return *account;
}

}  // namespace aldis
