// One context for each kind of door that there is.
#include "core/listener_tls.h"

#include <algorithm>

namespace aldis {
namespace {

Result<TlsContexts> make_pair(const std::vector<tls::TlsContext::Host>& hosts, const std::string& client_authorities, const tls::TlsChoice& choice,
                              bool allow_integrity_only, bool asks) {
  tls::TlsPolicy policy{.profile = choice.profile,
                        .groups = choice.groups,
                        .signature_algorithms = choice.signature_algorithms,
                        .request_client_certificate = asks,
                        .client_authorities_pem = asks ? client_authorities : std::string(),
                        .allow_integrity_only = allow_integrity_only};
  auto starttls = tls::TlsContext::server(policy, hosts);
  policy.alpn = {"xmpp-client"};
  auto direct = tls::TlsContext::server(policy, hosts);
  if (!starttls || !direct) {
    return fail(!starttls ? starttls.error() : direct.error());
  }
  return TlsContexts{*starttls, *direct};
}

// Of entrances that all speak what `choice` says.
Result<AllTlsContexts> make_kinds(const std::vector<Entrance>& entrances, const std::vector<tls::TlsContext::Host>& hosts,
                                  const std::string& client_authorities, const tls::TlsChoice& choice) {
  AllTlsContexts all;
  const auto is_wanted = [&](bool weaker, bool asks) {
    return std::ranges::any_of(entrances, [&](const Entrance& entrance) {
      return entrance.allow_integrity_only == weaker && (!asks || entrance.certificates != CertificateUse::off);
    });
  };
  for (const bool weaker : {false, true}) {
    for (const bool asks : {false, true}) {
      if ((weaker && !is_wanted(weaker, asks)) || (asks && (client_authorities.empty() || !is_wanted(weaker, asks)))) {
        continue;
      }
      TlsContexts AllTlsContexts::*into = asks ? &AllTlsContexts::usual_with_certificates : &AllTlsContexts::usual;
      if (weaker) {
        into = asks ? &AllTlsContexts::integrity_only_too_with_certificates : &AllTlsContexts::integrity_only_too;
      }
      auto made = make_pair(hosts, client_authorities, choice, weaker, asks);
      if (!made) {
        return fail(made.error());
      }
      all.*into = std::move(*made);
    }
  }
  return all;
}

}  // namespace

Result<AllTlsContexts> make_listener_contexts(const std::vector<Entrance>& entrances, const DomainCertificates& domains,
                                              const std::string& client_authorities, const tls::TlsChoice& choice) {
  std::vector<tls::TlsContext::Host> hosts;
  for (const auto& [domain, certificates] : domains) {
    if (!certificates.empty()) {
      hosts.push_back({.domain = domain, .certificates = certificates});
    }
  }
  if (hosts.empty()) {
    return fail(ErrorKind::not_found, "no domain has a certificate, and a listener uses TLS");
  }
  std::map<std::optional<tls::TlsProfile>, std::vector<Entrance>> by_profile;
  for (const Entrance& entrance : entrances) {
    by_profile[entrance.profile].push_back(entrance);
  }
  AllTlsContexts all;
  for (const auto& [profile, of_it] : by_profile) {
    auto made = make_kinds(of_it, hosts, client_authorities, profile ? tls::TlsChoice{.profile = *profile} : choice);
    if (!made) {
      return fail(made.error());
    }
    if (profile) {
      all.of_profiles.emplace(*profile, std::make_shared<const AllTlsContexts>(std::move(*made)));
    } else {
      made->of_profiles = std::move(all.of_profiles);
      all = std::move(*made);
    }
  }
  return all;
}

}  // namespace aldis
