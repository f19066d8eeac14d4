// CertificateMapper: from what a certificate says to the account it is of (ADR 0038). Rules in the operator's order, each of
// them one kind of name; the first that finds somebody decides, and one that finds two accounts decides against. No rule makes
// an address out of a name by its text, but for xmppAddr, which is one (RFC 6120 section 13.7.1.4).
// Whether the certificate may be believed is not asked here.
#pragma once
#include <array>
#include <optional>
#include <string>
#include <vector>

#include "auth/certificate/certificate_directory.h"
#include "auth/certificate/name_pattern.h"
#include "base/options.h"
#include "tls/certificate_fields.h"

namespace aldis {

enum class CertificateRule : std::uint8_t {
  xmpp_address,    // otherName id-on-xmppAddr: addresses of accounts; the client names one of several (XEP-0178)
  upn,             // otherName userPrincipalName, as a whole and, when it is ten digits "@mil", as an EDIPI
  mail,            // rfc822Name
  fascn,           // the FASC-N of a PIV card
  uuid,            // the card's UUID
  fingerprint,     // exactly this certificate
  issuer_serial,   // the one of this issuer with this serial number
  common_name,     // digits of the subject's CN, by a pattern, as an EDIPI
};
// As they are written in the configuration, in the order they are tried in unless it gives another.
inline constexpr std::array certificate_rules{
    OptionName{"xmpp-address", CertificateRule::xmpp_address}, OptionName{"upn", CertificateRule::upn},
    OptionName{"mail", CertificateRule::mail},                 OptionName{"fascn", CertificateRule::fascn},
    OptionName{"uuid", CertificateRule::uuid},                 OptionName{"fingerprint", CertificateRule::fingerprint},
    OptionName{"issuer-serial", CertificateRule::issuer_serial}, OptionName{"common-name", CertificateRule::common_name},
};
[[nodiscard]] std::string_view to_string(CertificateRule rule);

struct MapperRules {
  std::vector<CertificateRule> order;             // one that is not here is switched off
  std::optional<NamePattern> common_name{};       // nothing: the rule of that name finds nobody
};

// What one rule did.
struct RuleOutcome {
  CertificateRule rule = CertificateRule::xmpp_address;
  std::vector<std::string> values{};              // of the certificate; none: it has nothing for this rule
  std::vector<BareJid> accounts{};                // found by them, each once
};

struct CertificateMatch {
  std::vector<RuleOutcome> tried{};               // the last one has decided, where one has
  std::vector<BareJid> accounts{};                // that the bearer may be; more than one by xmpp_address only
  bool is_conflict = false;                       // two accounts by one other rule: the bearer is nobody
};

class CertificateMapper {
 public:
  // `directory` outlives it.
  CertificateMapper(CertificateDirectory& directory, MapperRules rules) : directory_(directory), rules_(std::move(rules)) {}

  // Among the accounts of the domain. An error: the directory could not say, and nothing follows from it. The mapper and
  // `fields` outlive the Task.
  [[nodiscard]] Task<Result<CertificateMatch>> match(std::string domain, const tls::CertificateFields& fields) const;

 private:
  [[nodiscard]] Task<Result<RuleOutcome>> try_rule(CertificateRule rule, const std::string& domain,
                                                   const tls::CertificateFields& fields) const;
  // What the subject's common names have for the pattern.
  [[nodiscard]] std::vector<std::string> numbers_in_names(const tls::CertificateFields& fields) const;
  [[nodiscard]] Task<Result<void>> look_up(RuleOutcome& outcome, const std::string& domain, CertificateKey key,
                                           std::vector<std::string> values) const;
  [[nodiscard]] Task<Result<void>> look_up_addresses(RuleOutcome& outcome, const std::string& domain,
                                                     const tls::CertificateFields& fields) const;

  CertificateDirectory& directory_;
  MapperRules rules_;
};

}  // namespace aldis
