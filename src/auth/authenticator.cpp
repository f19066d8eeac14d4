// The Authenticator: what a server offers, and the secret behind invented salts.
#include "auth/authenticator.h"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <utility>

#include "base/encoding.h"
#include "base/ensure.h"
#include "sasl/scram_keys.h"

namespace aldis {
namespace {

constexpr std::size_t secret_bytes = 32;

// Whether accounts with these proofs may have what the mechanism needs.
bool can_prove(const ProofsOfDomain& proofs, std::string_view mechanism) {
  constexpr std::string_view scram = "SCRAM-";
  constexpr std::string_view plus = "-PLUS";
  if (!mechanism.starts_with(scram)) {
    return true;
  }
  mechanism.remove_prefix(scram.size());
  mechanism.remove_suffix(mechanism.ends_with(plus) ? plus.size() : 0);
  return proofs.has_scram && (proofs.hashes.empty() || std::ranges::find(proofs.hashes, mechanism) != proofs.hashes.end());
}

}  // namespace

Authenticator::Authenticator(AuthConfig config, CredentialSource& credentials, LoginFailureCounters& failures,
                             KeyDerivation& derivation, SettingStore& settings, ClientTokens& tokens, Random& random,
                             const Clock& clock)
    : config_(std::make_shared<const AuthConfig>(std::move(config))),
      credentials_(credentials),
      failures_(failures),
      derivation_(derivation),
      settings_(settings),
      tokens_(tokens),
      random_(random),
      clock_(clock) {}

Task<Result<void>> Authenticator::start() {
  std::string fresh(secret_bytes, '\0');
  random_.fill(std::span(reinterpret_cast<std::uint8_t*>(fresh.data()), fresh.size()));
  Result<std::string> stored = co_await settings_.load_or_store("auth.invented-salt-secret", base64_encode(fresh));
  if (!stored) {
    co_return fail(std::move(stored.error()));
  }
  std::optional<std::string> secret = base64_decode(*stored);
  if (!secret || secret->size() != secret_bytes) {
    co_return fail(ErrorKind::corrupt, "the stored secret of invented salts cannot be read");
  }
  invention_secret_ = SecretBytes(std::string_view(*secret));
  ::explicit_bzero(secret->data(), secret->size());
  ::explicit_bzero(fresh.data(), fresh.size());
  co_return Result<void>{};
}

void Authenticator::configure(AuthConfig config) {
  tokens_.configure(config);
  config_ = std::make_shared<const AuthConfig>(std::move(config));
}

std::string Authenticator::name_of_client(const BareJid& account, std::string_view client) const {
  std::string message("client name");
  message.append(1, '\0').append(account.str()).append(1, '\0').append(client);
  const SecretBytes mac = sasl::hmac(sasl::ScramHash::sha_256, invention_secret_, message);
  return hex_encode(mac.bytes().first(8));
}

std::vector<std::string> Authenticator::upgrades(std::string_view domain, bool is_confidential) const {
  std::vector<std::string> tasks;
  if (!credentials_.proofs(domain).keeps_keys) {
    return tasks;
  }
  for (const std::string& hash : config_->key_hashes) {
    if (is_confidential && hash != "SHA-1") {  // keys pass; and the weakest hash is no upgrade
      tasks.push_back("UPGR-SCRAM-" + hash);
    }
  }
  return tasks;
}

std::vector<std::string> Authenticator::mechanisms(std::string_view domain, bool is_confidential, sasl::BindingTypes bindings) const {
  const ProofsOfDomain proofs = credentials_.proofs(domain);
  const bool can_bind = bindings.tls_exporter || bindings.tls_server_end_point;
  std::vector<std::string> offered;
  if (const auto tickets = tickets_of(domain)) {
    std::ranges::copy_if(tickets->mechanisms(), std::back_inserter(offered), [&](const std::string& name) { return !name.ends_with("-PLUS") || can_bind; });
  }
  for (const std::string& name : config_->mechanisms) {
    const bool is_possible = name == "PLAIN" ? is_confidential : !name.ends_with("-PLUS") || can_bind;
    if (is_possible && can_prove(proofs, name)) {
      offered.push_back(name);
    }
  }
  return offered;
}

std::vector<std::string> Authenticator::mechanisms(std::string_view domain, bool is_confidential, sasl::BindingTypes bindings,
                                                   CertificateUse use, const CertificateJudgement* certificate) const {
  std::vector<std::string> offered;
  if (use != CertificateUse::required) {
    offered = mechanisms(domain, is_confidential, bindings);
  }
  const bool is_doubt = certificate != nullptr && certificate->step == CertificateStep::directory;   // it will be told to try again
  if (use != CertificateUse::off && certificate != nullptr && (certificate->is_somebodys() || is_doubt)) {
    offered.insert(offered.begin(), "EXTERNAL");  // RFC 6120 section 6.3.4: only where it can succeed
  }
  return offered;
}

std::vector<std::string> Authenticator::binding_types(std::string_view domain, bool is_confidential, sasl::BindingTypes bindings) const {
  bool has_plus = false;
  for (const std::string& name : mechanisms(domain, is_confidential, bindings)) {
    has_plus = has_plus || name.ends_with("-PLUS");
  }
  std::vector<std::string> types;
  if (has_plus && bindings.tls_exporter) {
    types.emplace_back("tls-exporter");
  }
  if (has_plus && bindings.tls_server_end_point) {
    types.emplace_back("tls-server-end-point");
  }
  return types;
}

}  // namespace aldis
