// A certificate authority for tests: certificates of any kind, also those that no honest one would issue. Keys are made once a
// process; P-256 unless a recipe says otherwise. Dates count from the ManualClock's start (2026-01-01).
#pragma once
#include <openssl/bn.h>
#include <openssl/conf.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/encoding.h"
#include "base/ensure.h"
#include "tests/support/manual_clock.h"
#include "tls/certificate.h"
#include "tls/openssl.h"

namespace aldis::test {

// A certificate and its key.
struct Identity {
  std::shared_ptr<X509> certificate;
  std::shared_ptr<EVP_PKEY> key;

  [[nodiscard]] std::string pem() const {
    const tls::BioPtr out(BIO_new(BIO_s_mem()));
    ensure(PEM_write_bio_X509(out.get(), certificate.get()) == 1, "a certificate can be written");
    return contents(out.get());
  }
  [[nodiscard]] std::string key_pem() const {
    const tls::BioPtr out(BIO_new(BIO_s_mem()));
    ensure(PEM_write_bio_PrivateKey(out.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1, "a key can be written");
    return contents(out.get());
  }
  [[nodiscard]] std::string der() const {
    std::string out(static_cast<std::size_t>(i2d_X509(certificate.get(), nullptr)), '\0');
    auto* at = reinterpret_cast<unsigned char*>(out.data());
    i2d_X509(certificate.get(), &at);
    return out;
  }
  static std::string contents(BIO* bio) {
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio, &data);
    return {data, static_cast<std::size_t>(size)};
  }
};

struct Recipe {
  std::string common_name = "romeo";
  std::string names;         // subjectAltName in OpenSSL's text form: "DNS:capulet.example,otherName:1.3.6.1.5.5.7.8.5;UTF8:a@b"
  std::string key = "P-256/romeo";   // "P-256", "P-192", "RSA-2048" ..., and which one of them: the same text is the same key
  // By OpenSSL's name or an OID, value as in its configuration ("critical,CA:FALSE", "critical,DER:0500"). One that is named
  // here replaces the default of that name; with an empty value it is left out.
  std::vector<std::pair<std::string, std::string>> extensions{};
  const EVP_MD* digest = EVP_sha256();
  std::chrono::hours from{-1};
  std::chrono::hours to{24 * 365};
  std::string serial{};      // hexadecimal, "-05" for a negative one; empty: the next of a counter
  bool is_v1 = false;        // no extensions then
};

inline const std::shared_ptr<EVP_PKEY>& key_named(const std::string& name) {
  static std::map<std::string, std::shared_ptr<EVP_PKEY>> made;
  std::shared_ptr<EVP_PKEY>& key = made[name];
  if (!key) {
    const std::string kind = name.substr(0, name.find('/'));
    EVP_PKEY* const fresh = kind.starts_with("RSA-") ? EVP_RSA_gen(std::stoul(kind.substr(4)))
                            : kind == "ED25519"      ? EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")
                                                     : EVP_EC_gen(kind.c_str());
    ensure(fresh != nullptr, "OpenSSL makes a key of this kind");
    key = std::shared_ptr<EVP_PKEY>(fresh, EVP_PKEY_free);
  }
  return key;
}

namespace detail {
inline void add_extension(X509* certificate, X509* issuer, const std::string& name, const std::string& value) {
  static CONF* const no_sections = NCONF_new(nullptr);   // certificatePolicies insists on having some
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509V3_set_nconf(&context, no_sections);
  X509_EXTENSION* const extension = X509V3_EXT_nconf(nullptr, &context, name.c_str(), value.c_str());
  ensure(extension != nullptr && X509_add_ext(certificate, extension, -1) == 1, "an extension is understood");
  X509_EXTENSION_free(extension);
}
inline void set_name(X509_NAME* name, const std::string& text) {
  ensure(X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(text.data()),
                                    static_cast<int>(text.size()), -1, 0) == 1,
         "a common name is 64 characters at most");
}
}  // namespace detail

// Signed by `issuer`; by itself when that is null.
inline Identity issue(const Recipe& recipe, const Identity* issuer) {
  static long next_serial = 1000;
  Identity made{std::shared_ptr<X509>(X509_new(), X509_free), key_named(recipe.key)};
  X509* const certificate = made.certificate.get();
  X509* const signer = issuer != nullptr ? issuer->certificate.get() : certificate;
  const std::time_t start = std::chrono::duration_cast<std::chrono::seconds>(ManualClock().wall().time_since_epoch()).count();
  const auto at = [start](std::chrono::hours hours) { return start + static_cast<std::time_t>(hours.count()) * 3600; };
  BIGNUM* number = nullptr;
  ensure(BN_hex2bn(&number, recipe.serial.empty() ? "0" : recipe.serial.c_str()) != 0, "a serial number is hexadecimal");
  ensure(!recipe.serial.empty() || BN_set_word(number, static_cast<BN_ULONG>(++next_serial)) == 1, "a serial number is set");
  BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate));
  BN_free(number);
  X509_set_version(certificate, recipe.is_v1 ? X509_VERSION_1 : X509_VERSION_3);
  ASN1_TIME_set(X509_getm_notBefore(certificate), at(recipe.from));
  ASN1_TIME_set(X509_getm_notAfter(certificate), at(recipe.to));
  detail::set_name(X509_get_subject_name(certificate), recipe.common_name);
  X509_set_issuer_name(certificate, X509_get_subject_name(signer));
  X509_set_pubkey(certificate, made.key.get());
  if (!recipe.is_v1) {
    std::vector<std::pair<std::string, std::string>> all{{"basicConstraints", "critical,CA:FALSE"},
                                                         {"keyUsage", "critical,digitalSignature"},
                                                         {"subjectKeyIdentifier", "hash"},
                                                         {"authorityKeyIdentifier", issuer != nullptr && X509_get0_subject_key_id(signer) != nullptr ? "keyid" : ""},
                                                         {"subjectAltName", recipe.names}};
    for (const auto& [name, value] : recipe.extensions) {
      const auto found = std::ranges::find(all, name, &std::pair<std::string, std::string>::first);
      found != all.end() ? found->second = value : all.emplace_back(name, value).second;
    }
    for (const auto& [name, value] : all) {
      if (!value.empty()) {
        detail::add_extension(certificate, signer, name, value);
      }
    }
  }
  EVP_PKEY* const signing = issuer != nullptr ? issuer->key.get() : made.key.get();
  const bool has_own_digest = EVP_PKEY_is_a(signing, "ED25519") == 1;
  ensure(X509_sign(certificate, signing, has_own_digest ? nullptr : recipe.digest) > 0, "a certificate can be signed");
  return made;
}

// A recipe for an authority: it may sign certificates and CRLs.
inline Recipe authority(const std::string& name, const std::string& basic_constraints = "critical,CA:TRUE") {
  return {.common_name = name,
          .key = "P-256/" + name,
          .extensions = {{"basicConstraints", basic_constraints}, {"keyUsage", "critical,keyCertSign,cRLSign"}},
          .to = std::chrono::hours(24 * 365 * 10)};
}
inline const Identity& root_authority() {
  static const Identity made = issue(authority("Verona Root"), nullptr);
  return made;
}
inline const Identity& intermediate_authority() {
  static const Identity made = issue(authority("Verona Issuing"), &root_authority());
  return made;
}

// DER by hand, for what no tool writes: tag, length, content.
inline std::string der(std::uint8_t tag, std::string_view content) {
  std::string out(1, static_cast<char>(tag));
  if (content.size() < 128) {
    out += static_cast<char>(content.size());
  } else {
    std::string length;
    for (std::size_t rest = content.size(); rest != 0; rest >>= 8U) {
      length.insert(length.begin(), static_cast<char>(rest & 0xFFU));
    }
    out += static_cast<char>(0x80U | length.size());
    out += length;
  }
  return out.append(content);
}
// GeneralName otherName: `oid` as the content of its DER, `value` as whole DER.
inline std::string der_other_name(std::string_view oid, std::string_view value) {
  return der(0xA0, der(0x06, oid) + der(0xA0, value));
}
// An extension's value for Recipe::extensions.
inline std::string der_value(std::string_view bytes) {
  return "DER:" + hex_encode({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
}

}  // namespace aldis::test
