// The rules, one by one.
#include "auth/certificate/certificate_mapper.h"

#include <algorithm>
#include <utility>

#include "auth/certificate/certificate_keys.h"

namespace aldis {
namespace {

template <class T>
void add_once(std::vector<T>& all, const T& one) {
  if (std::ranges::find(all, one) == all.end()) {
    all.push_back(one);
  }
}

// What a rule looks up as it stands in the certificate.
std::vector<CertificateKey> keys_of(CertificateRule rule) {
  switch (rule) {
    case CertificateRule::upn: return {CertificateKey::upn, CertificateKey::edipi};
    case CertificateRule::mail: return {CertificateKey::mail};
    case CertificateRule::fascn: return {CertificateKey::fascn};
    case CertificateRule::uuid: return {CertificateKey::uuid};
    case CertificateRule::fingerprint: return {CertificateKey::fingerprint};
    case CertificateRule::issuer_serial: return {CertificateKey::issuer_serial};
    case CertificateRule::xmpp_address:
    case CertificateRule::common_name: break;
  }
  return {};
}

}  // namespace

std::string_view to_string(CertificateRule rule) {
  const auto found = std::ranges::find(certificate_rules, rule, [](const auto& entry) { return entry.value; });
  return found == certificate_rules.end() ? std::string_view("unknown") : found->name;
}

Task<Result<CertificateMatch>> CertificateMapper::match(std::string domain, const tls::CertificateFields& fields) const {
  CertificateMatch match;
  for (const CertificateRule rule : rules_.order) {
    Result<RuleOutcome> outcome = co_await try_rule(rule, domain, fields);
    if (!outcome) {
      co_return fail(std::move(outcome.error()));
    }
    match.tried.push_back(std::move(*outcome));
    const std::vector<BareJid>& found = match.tried.back().accounts;
    if (found.empty()) {
      continue;
    }
    match.is_conflict = found.size() > 1 && rule != CertificateRule::xmpp_address;
    if (!match.is_conflict) {
      match.accounts = found;
    }
    break;
  }
  co_return match;
}

Task<Result<RuleOutcome>> CertificateMapper::try_rule(CertificateRule rule, const std::string& domain,
                                                      const tls::CertificateFields& fields) const {
  RuleOutcome outcome{.rule = rule};
  Result<void> done;
  if (rule == CertificateRule::xmpp_address) {
    done = co_await look_up_addresses(outcome, domain, fields);
  } else if (rule == CertificateRule::common_name) {
    done = co_await look_up(outcome, domain, CertificateKey::edipi, numbers_in_names(fields));
  } else {
    for (const CertificateKey key : keys_of(rule)) {
      done = co_await look_up(outcome, domain, key, certificate_values(fields, key));
      if (!done) {
        break;
      }
    }
  }
  if (!done) {
    co_return fail(std::move(done.error()));
  }
  co_return outcome;
}

std::vector<std::string> CertificateMapper::numbers_in_names(const tls::CertificateFields& fields) const {
  std::vector<std::string> numbers;
  for (const std::string& name : fields.common_names) {
    const auto digits = rules_.common_name ? rules_.common_name->digits_of(name) : std::nullopt;
    if (digits && prepare_certificate_value(CertificateKey::edipi, *digits)) {
      add_once(numbers, *digits);
    }
  }
  return numbers;
}

Task<Result<void>> CertificateMapper::look_up(RuleOutcome& outcome, const std::string& domain, CertificateKey key,
                                              std::vector<std::string> values) const {
  for (std::string& value : values) {
    const Result<std::vector<BareJid>> found = co_await directory_.find(domain, key, value);
    if (!found) {
      co_return fail(found.error());
    }
    outcome.values.push_back(std::string(to_string(key)) + " " + value);
    for (const BareJid& account : *found) {
      if (account.domain() == domain) {   // whatever a directory may say: nobody of another domain logs in here
        add_once(outcome.accounts, account);
      }
    }
  }
  co_return Result<void>{};
}

Task<Result<void>> CertificateMapper::look_up_addresses(RuleOutcome& outcome, const std::string& domain,
                                                        const tls::CertificateFields& fields) const {
  for (const std::string& text : fields.names.xmpp_addr) {
    const auto address = BareJid::parse(text);
    if (!address || !address->has_local() || address->domain() != domain) {
      continue;
    }
    const Result<bool> is_there = co_await directory_.has_account(*address);
    if (!is_there) {
      co_return fail(is_there.error());
    }
    outcome.values.push_back(address->str());
    if (*is_there) {
      add_once(outcome.accounts, *address);
    }
  }
  co_return Result<void>{};
}

}  // namespace aldis
