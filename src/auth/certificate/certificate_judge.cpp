// The steps in their order.
#include "auth/certificate/certificate_judge.h"

#include <algorithm>
#include <utility>

namespace aldis {

std::string_view to_string(CertificateStep step) {
  switch (step) {
    case CertificateStep::domain: return "domain";
    case CertificateStep::reading: return "reading";
    case CertificateStep::trust: return "trust";
    case CertificateStep::directory: return "directory";
    case CertificateStep::conflict: return "conflict";
    case CertificateStep::nobody: return "nobody";
    case CertificateStep::somebody: return "somebody";
  }
  return "unknown";
}

std::string client_authorities(const CertificatePolicies& policies) {
  std::string all;
  for (const auto& [domain, policy] : policies) {
    if (policy.use != CertificateUse::off && policy.trust != nullptr) {
      all += policy.trust->options().anchors_pem + "\n";
    }
  }
  return all;
}

bool CertificateJudge::is_used() const {
  return std::ranges::any_of(domains_, [](const auto& entry) { return entry.second->policy.use != CertificateUse::off; });
}

void CertificateJudge::configure(CertificatePolicies policies) {
  domains_.clear();
  for (auto& [domain, policy] : policies) {
    CertificateMapper mapper(directory_, policy.rules);
    std::shared_ptr<const tls::TrustStore> path_finder;
    if (policy.trust != nullptr && policy.trust->options().revocation != tls::RevocationMode::off) {
      tls::TrustOptions options = policy.trust->options();
      options.revocation = tls::RevocationMode::off;
      path_finder = tls::TrustStore::make(std::move(options)).value_or(nullptr);
    }
    domains_.emplace(domain, std::make_shared<const Domain>(Domain{std::move(policy), std::move(mapper), std::move(path_finder)}));
  }
}

CertificateUse CertificateJudge::use(std::string_view domain) const {
  const auto found = domains_.find(domain);
  return found == domains_.end() ? CertificateUse::off : found->second->policy.use;
}

// What is not known yet, or not for long any more, is asked for before the answer counts; of a chain that is good otherwise only.
Task<tls::CertificateVerdict> CertificateJudge::verify(const Domain& domain, const tls::PresentedChain& chain) const {
  if (revocation_ != nullptr && domain.path_finder != nullptr) {
    tls::CertificateVerdict found = domain.path_finder->verify(chain, tls::Purpose::client, clock_.wall());
    if (!found.is_trusted()) {
      co_return found;
    }
    co_await revocation_->refresh(std::move(found.path));
  }
  co_return domain.policy.trust->verify(chain, tls::Purpose::client, clock_.wall());
}

Task<CertificateJudgement> CertificateJudge::judge(tls::PresentedChain chain, std::string domain) const {
  CertificateJudgement judged{.chain = std::move(chain), .domain = std::move(domain)};
  const auto found = domains_.find(judged.domain);
  const std::shared_ptr<const Domain> known = found == domains_.end() ? nullptr : found->second;
  if (known == nullptr || known->policy.use == CertificateUse::off || known->policy.trust == nullptr) {
    judged.why = "the domain lets nobody log in with a certificate";
    co_return judged;
  }
  judged.step = CertificateStep::reading;
  if (judged.chain.certificates.empty()) {
    judged.why = "there is no certificate";
    co_return judged;
  }
  Result<tls::CertificateFields> fields = tls::fields_of(judged.chain.certificates.front().get());
  if (!fields) {
    judged.why = std::move(fields.error().what);
    co_return judged;
  }
  judged.fields = std::move(*fields);
  judged.step = CertificateStep::trust;
  judged.verdict = co_await verify(*known, judged.chain);
  if (!judged.verdict.is_trusted()) {
    judged.why = std::string(to_string(*judged.verdict.problem)) + ": " + judged.verdict.detail;
    co_return judged;
  }
  Result<CertificateMatch> match = co_await known->mapper.match(judged.domain, judged.fields);
  if (!match) {
    judged.step = match.error().kind == ErrorKind::denied ? CertificateStep::conflict : CertificateStep::directory;
    judged.why = std::move(match.error().what);
    co_return judged;
  }
  judged.match = std::move(*match);
  if (judged.match.is_conflict) {
    judged.step = CertificateStep::conflict;
    judged.why = "the rule " + std::string(to_string(judged.match.tried.back().rule)) + " finds several accounts";
  } else if (judged.match.accounts.empty()) {
    judged.step = CertificateStep::nobody;
    judged.why = "no rule finds an account";
  } else {
    judged.step = CertificateStep::somebody;
  }
  co_return judged;
}

}  // namespace aldis
