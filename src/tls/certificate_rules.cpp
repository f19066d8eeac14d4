// What a certificate by itself must be.
#include "tls/certificate_rules.h"

#include <openssl/core_names.h>

#include <algorithm>
#include <array>

#include "base/punycode.h"
#include "tls/asn1.h"
#include "tls/certificate_names.h"

namespace aldis::tls {
namespace {

constexpr std::array curves{"prime256v1",      "secp384r1",       "secp521r1",       "P-256",          "P-384", "P-521",
                            "brainpoolP256r1", "brainpoolP384r1", "brainpoolP512r1"};
constexpr std::array<std::string_view, 2> edwards{"ED25519", "ED448"};
constexpr int shortest_rsa = 2048;
constexpr int longest_rsa = 8192;   // what costs too much to check is refused
constexpr int longest_serial = 20;

std::optional<Finding> rsa_problem(const EVP_PKEY* key) {
  const int bits = EVP_PKEY_get_bits(key);
  if (bits < shortest_rsa || bits > longest_rsa) {
    return Finding{CertificateProblem::weak_key, "its key: RSA of " + std::to_string(bits) + " bits"};
  }
  BIGNUM* exponent = nullptr;
  const bool known = EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &exponent) == 1;
  const bool good = known && BN_is_odd(exponent) == 1 && BN_num_bits(exponent) > 16;   // FIPS 186-5 5.4 e: above 2^16
  BN_free(exponent);
  return good ? std::nullopt : std::optional(Finding{CertificateProblem::weak_key, "its key: RSA with a small exponent"});
}

std::optional<Finding> curve_problem(const EVP_PKEY* key) {
  char group[64] = {};
  std::size_t length = 0;
  if (EVP_PKEY_get_group_name(key, group, sizeof group, &length) != 1) {
    length = 0;
  }
  const std::string_view name(group, length);
  int is_explicit = 0;
  EVP_PKEY_get_int_param(key, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS, &is_explicit);
  ERR_clear_error();
  if (is_explicit != 0 || std::ranges::find(curves, name) == curves.end()) {   // RFC 5480 2.1.1: named curves only
    return Finding{CertificateProblem::weak_key,
                   "its key: " + (is_explicit != 0 || name.empty() ? std::string("a curve without a name") : "curve " + std::string(name))};
  }
  return std::nullopt;
}

std::optional<Finding> key_problem(X509* certificate) {
  EVP_PKEY* const key = X509_get0_pubkey(certificate);
  if (key == nullptr) {
    ERR_clear_error();
    return Finding{CertificateProblem::malformed, "its key cannot be read"};
  }
  if (EVP_PKEY_is_a(key, "RSA") == 1 || EVP_PKEY_is_a(key, "RSA-PSS") == 1) {
    return rsa_problem(key);
  }
  if (EVP_PKEY_is_a(key, "EC") == 1) {
    return curve_problem(key);
  }
  const char* const name = EVP_PKEY_get0_type_name(key);
  const std::string_view type = name != nullptr ? name : "unknown";
  const bool is_known = std::ranges::find(edwards, type) != edwards.end();
  return is_known ? std::nullopt : std::optional(Finding{CertificateProblem::weak_key, "its key: kind " + std::string(type)});
}

std::optional<Finding> signature_problem(X509* certificate) {
  int digest = NID_undef;
  int key = NID_undef;
  const bool known = X509_get_signature_info(certificate, &digest, &key, nullptr, nullptr) == 1;
  ERR_clear_error();
  constexpr std::array good{NID_sha256, NID_sha384, NID_sha512, NID_sha3_256, NID_sha3_384, NID_sha3_512};
  const bool has_own_digest = key == NID_ED25519 || key == NID_ED448;
  if (known && (has_own_digest || std::ranges::find(good, digest) != good.end())) {
    return std::nullopt;
  }
  const char* const name = OBJ_nid2ln(X509_get_signature_nid(certificate));
  return Finding{CertificateProblem::weak_signature, std::string("it is signed with ") + (name != nullptr ? name : "an unknown algorithm")};
}

std::optional<Finding> extension_problem(X509* certificate) {
  const int count = X509_get_ext_count(certificate);
  for (int i = 0; i < count; ++i) {
    X509_EXTENSION* const extension = X509_get_ext(certificate, i);
    const ASN1_OBJECT* const oid = X509_EXTENSION_get_object(extension);
    if (X509_get_ext_by_OBJ(certificate, oid, i) >= 0) {
      return Finding{CertificateProblem::malformed, "its extension " + dotted(oid) + " is there twice"};
    }
    if (X509_EXTENSION_get_critical(extension) == 1 && X509_supported_extension(extension) != 1) {
      return Finding{CertificateProblem::unknown_extension, "its extension " + dotted(oid) + " is critical and unknown"};
    }
  }
  if ((X509_get_extension_flags(certificate) & EXFLAG_INVALID) != 0) {
    ERR_clear_error();
    return Finding{CertificateProblem::malformed, "one of its extensions cannot be read"};
  }
  return std::nullopt;
}

std::optional<Finding> serial_problem(const X509* certificate) {
  const ASN1_INTEGER* const serial = X509_get0_serialNumber(certificate);
  const std::string_view bytes = bytes_of(serial);
  const bool is_zero = std::ranges::all_of(bytes, [](char c) { return c == 0; });
  const bool is_negative = ASN1_STRING_type(serial) == V_ASN1_NEG_INTEGER;
  const bool good = !is_zero && !is_negative && bytes.size() <= longest_serial;
  return good ? std::nullopt
              : std::optional(Finding{CertificateProblem::bad_serial,
                                      is_negative ? "its serial number is negative"
                                      : is_zero   ? "its serial number is zero"
                                                  : "its serial number is longer than 20 bytes"});
}

std::vector<std::string> usages_of(X509* certificate) {
  std::vector<std::string> all;
  auto* const usages = static_cast<EXTENDED_KEY_USAGE*>(X509_get_ext_d2i(certificate, NID_ext_key_usage, nullptr, nullptr));
  for (int i = 0; i < sk_ASN1_OBJECT_num(usages); ++i) {
    all.push_back(dotted(sk_ASN1_OBJECT_value(usages, i)));
  }
  EXTENDED_KEY_USAGE_free(usages);
  return all;
}

constexpr const char* server_auth = "1.3.6.1.5.5.7.3.1";
constexpr const char* client_auth = "1.3.6.1.5.5.7.3.2";
constexpr const char* any_usage = "2.5.29.37.0";

// RFC 5280 4.2.1.10 for dNSName: the name itself, or with labels before it.
bool is_within(std::string_view domain, std::string_view subtree) {
  if (subtree.empty()) {
    return true;
  }
  const bool is_below = domain.size() > subtree.size() && domain.ends_with(subtree) &&
                        (subtree.front() == '.' || domain[domain.size() - subtree.size() - 1] == '.');
  return is_below || domain == subtree;
}

std::vector<std::string> dns_subtrees(const STACK_OF(GENERAL_SUBTREE)* trees) {
  std::vector<std::string> all;
  for (int i = 0; i < sk_GENERAL_SUBTREE_num(trees); ++i) {
    const GENERAL_NAME* const base = sk_GENERAL_SUBTREE_value(trees, i)->base;
    if (base->type == GEN_DNS) {
      std::string name(bytes_of(base->d.dNSName));
      std::ranges::transform(name, name.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; });
      all.push_back(std::move(name));
    }
  }
  return all;
}

// The domains that a certificate names other than as dNSName.
std::vector<std::string> xmpp_domains(const CertificateNames& names) {
  std::vector<std::string> all;
  for (const std::string& address : names.xmpp_addr) {
    const std::string_view bare = std::string_view(address).substr(0, address.find('/'));
    const std::string_view domain = bare.substr(bare.find('@') == std::string_view::npos ? 0 : bare.find('@') + 1);
    all.push_back(ascii_domain(domain).value_or(std::string(domain)));
  }
  for (const std::string& service : names.srv) {
    const std::size_t dot = service.find('.');
    all.push_back(dot == std::string::npos ? service : service.substr(dot + 1));
  }
  return all;
}

}  // namespace

std::optional<Finding> look_at(X509* certificate, Place place) {
  if (X509_get_version(certificate) != X509_VERSION_3) {
    return Finding{CertificateProblem::old_version, "it is of version " + std::to_string(X509_get_version(certificate) + 1)};
  }
  if (auto found = extension_problem(certificate)) {
    return found;
  }
  if (auto found = key_problem(certificate)) {
    return found;
  }
  if (place == Place::anchor) {
    return std::nullopt;
  }
  if (auto found = serial_problem(certificate)) {
    return found;
  }
  return signature_problem(certificate);
}

std::optional<Finding> look_at_usage(X509* certificate, Place place, Purpose purpose, const TrustOptions& options) {
  const std::uint32_t key_usage = X509_get_key_usage(certificate);   // all bits when there is none
  if (place == Place::leaf && (key_usage & KU_DIGITAL_SIGNATURE) == 0) {
    return Finding{CertificateProblem::key_usage, "its keyUsage has no digitalSignature"};   // RFC 8446 4.4.2.2
  }
  if (place != Place::leaf && ((X509_get_extension_flags(certificate) & EXFLAG_CA) == 0 || (key_usage & KU_KEY_CERT_SIGN) == 0)) {
    return Finding{CertificateProblem::not_an_authority, "it has no CA:TRUE with keyCertSign"};
  }
  const bool has_usages = X509_get_ext_by_NID(certificate, NID_ext_key_usage, -1) >= 0;
  const std::vector<std::string> usages = usages_of(certificate);
  const auto has = [&](std::string_view oid) { return std::ranges::find(usages, oid) != usages.end(); };
  if (place == Place::leaf) {
    for (const std::string& oid : options.required_usages) {
      if (!has(oid)) {
        return Finding{CertificateProblem::extended_key_usage, "its extendedKeyUsage has no " + oid};
      }
    }
  }
  const bool fits = !has_usages || has(purpose == Purpose::client ? client_auth : server_auth) ||
                    (purpose == Purpose::client && options.accept_server_usage_from_clients && has(server_auth)) ||
                    (place != Place::leaf && has(any_usage));
  if (fits || place == Place::anchor) {
    return std::nullopt;
  }
  return Finding{CertificateProblem::extended_key_usage,
                 std::string("its extendedKeyUsage has no ") + (purpose == Purpose::client ? "clientAuth" : "serverAuth")};
}

std::optional<Finding> look_at_xmpp_names(const std::vector<std::shared_ptr<X509>>& path) {
  const std::vector<std::string> domains = xmpp_domains(names_of(path.front().get()));
  for (std::size_t i = 1; !domains.empty() && i < path.size(); ++i) {
    auto* const constraints = static_cast<NAME_CONSTRAINTS*>(X509_get_ext_d2i(path[i].get(), NID_name_constraints, nullptr, nullptr));
    if (constraints == nullptr) {
      continue;
    }
    const std::vector<std::string> permitted = dns_subtrees(constraints->permittedSubtrees);
    const std::vector<std::string> excluded = dns_subtrees(constraints->excludedSubtrees);
    NAME_CONSTRAINTS_free(constraints);
    for (const std::string& domain : domains) {
      const auto holds = [&](const std::string& tree) { return is_within(domain, tree); };
      if ((!permitted.empty() && std::ranges::none_of(permitted, holds)) || std::ranges::any_of(excluded, holds)) {
        return Finding{CertificateProblem::name_constraints, "it names " + domain.substr(0, 255) + ", which an issuer may not"};
      }
    }
  }
  return std::nullopt;
}

}  // namespace aldis::tls
