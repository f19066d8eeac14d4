// Anchors of each domain.
#include "app/client_certificates.h"

#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/log.h"

namespace aldis::app {
namespace {

constexpr std::size_t longest_anchors = 4 * 1024 * 1024;   // the system's own file has a quarter of a megabyte

Result<std::string> read_anchors(const Config& config, const DomainOptions& domain) {
  std::string all;
  for (const std::string& name : domain.client_anchors) {
    const std::string path = config.resolve(name);
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    if (!file || !(text << file.rdbuf())) {
      return fail(ErrorKind::not_found, "[[domain]] " + domain.name + ": client_anchors " + path + " cannot be read");
    }
    all += text.str() + "\n";
    if (all.size() > longest_anchors) {
      return fail(ErrorKind::limit, "[[domain]] " + domain.name + ": client_anchors are larger than 4 MiB");
    }
  }
  return all;
}

}  // namespace

Result<std::shared_ptr<tls::RevocationCache>> open_revocation_cache(const Config& config) {
  std::vector<std::string> skipped;
  auto cache = tls::RevocationCache::open(std::filesystem::path(config.data_dir()) / "revocation", &skipped);
  for (const std::string& name : skipped) {
    log::warning("revocation-file-skipped", {{"file", name}});
  }
  return cache;
}

Result<CertificatePolicies> load_certificate_policies(const Config& config, std::shared_ptr<const tls::RevocationCache> known) {
  CertificatePolicies policies;
  for (const DomainConfig& domain : config.domains) {
    const DomainOptions& options = domain.get();
    if (options.client_certificates == CertificateUse::off) {
      continue;
    }
    auto rules = mapper_rules(options);
    auto anchors = read_anchors(config, options);
    if (!rules || !anchors) {
      return fail(!rules ? rules.error() : anchors.error());
    }
    auto trust = tls::TrustStore::make({.anchors_pem = std::move(*anchors),
                                        .policy_oids = options.client_policies,
                                        .required_usages = options.client_usages,
                                        .revocation = to_mode(options.client_revocation),
                                        .known = known});
    if (!trust) {
      return fail(trust.error().kind, "[[domain]] " + options.name + ": client_anchors: " + trust.error().what);
    }
    policies.emplace(options.name, CertificatePolicy{options.client_certificates, std::move(*trust), std::move(*rules)});
  }
  return policies;
}

}  // namespace aldis::app
