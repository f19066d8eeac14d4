// CRLs and OCSP responses for tests, of any kind, also false ones. Dates count from the ManualClock's start.
#pragma once
#include <openssl/ocsp.h>

#include <string>
#include <vector>

#include "tests/support/test_ca.h"

namespace aldis::test {

inline std::time_t after_start(std::chrono::hours hours) {
  const auto start = std::chrono::duration_cast<std::chrono::seconds>(ManualClock().wall().time_since_epoch()).count();
  return start + static_cast<std::time_t>(hours.count()) * 3600;
}

struct CrlRecipe {
  std::vector<const Identity*> revoked{};
  std::chrono::hours from{-1};
  std::chrono::hours to{24 * 7};
  long number = 1;
  std::vector<std::pair<std::string, std::string>> extensions{};   // as in Recipe
  const EVP_MD* digest = EVP_sha256();
  bool has_next_update = true;
};

// DER, signed by `signer`, in the name of `issuer`.
inline std::string make_crl(const Identity& issuer, const CrlRecipe& recipe = {}, const Identity* signer = nullptr) {
  X509_CRL* const crl = X509_CRL_new();
  X509_CRL_set_version(crl, X509_CRL_VERSION_2);
  X509_CRL_set_issuer_name(crl, X509_get_subject_name(issuer.certificate.get()));
  ASN1_TIME* const time = ASN1_TIME_set(nullptr, after_start(recipe.from));
  X509_CRL_set1_lastUpdate(crl, time);
  for (const Identity* one : recipe.revoked) {
    X509_REVOKED* const entry = X509_REVOKED_new();
    X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(one->certificate.get()));
    X509_REVOKED_set_revocationDate(entry, time);
    ASN1_ENUMERATED* const reason = ASN1_ENUMERATED_new();
    ASN1_ENUMERATED_set(reason, CRL_REASON_KEY_COMPROMISE);
    X509_REVOKED_add1_ext_i2d(entry, NID_crl_reason, reason, 0, 0);
    ASN1_ENUMERATED_free(reason);
    X509_CRL_add0_revoked(crl, entry);
  }
  if (recipe.has_next_update) {
    ASN1_TIME_set(time, after_start(recipe.to));
    X509_CRL_set1_nextUpdate(crl, time);
  }
  ASN1_TIME_free(time);
  ASN1_INTEGER* const number = ASN1_INTEGER_new();
  ASN1_INTEGER_set(number, recipe.number);
  X509_CRL_add1_ext_i2d(crl, NID_crl_number, number, 0, 0);
  ASN1_INTEGER_free(number);
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer.certificate.get(), nullptr, nullptr, crl, 0);
  for (const auto& [name, value] : recipe.extensions) {
    X509_EXTENSION* const extension = X509V3_EXT_nconf(nullptr, &context, name.c_str(), value.c_str());
    ensure(extension != nullptr && X509_CRL_add_ext(crl, extension, -1) == 1, "an extension is understood");
    X509_EXTENSION_free(extension);
  }
  ensure(X509_CRL_sign(crl, (signer != nullptr ? signer : &issuer)->key.get(), recipe.digest) > 0, "a CRL can be signed");
  unsigned char* bytes = nullptr;
  const int length = i2d_X509_CRL(crl, &bytes);
  std::string out(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(length));
  OPENSSL_free(bytes);
  X509_CRL_free(crl);
  return out;
}

struct OcspRecipe {
  int status = V_OCSP_CERTSTATUS_GOOD;
  std::chrono::hours from{-1};
  std::chrono::hours to{24};
  bool has_next_update = true;
  const Identity* signer = nullptr;           // null: the issuer; else a responder, whose certificate is sent along
  const EVP_MD* digest = EVP_sha256();        // of the signature
  const EVP_MD* id_digest = EVP_sha1();       // of the certificate's id
  std::string nonce{};
};

// DER, about `certificate` as issued by `issuer`.
inline std::string make_ocsp(const Identity& certificate, const Identity& issuer, const OcspRecipe& recipe = {}) {
  OCSP_BASICRESP* const basic = OCSP_BASICRESP_new();
  OCSP_CERTID* const id = OCSP_cert_to_id(recipe.id_digest, certificate.certificate.get(), issuer.certificate.get());
  ASN1_TIME* const from = ASN1_GENERALIZEDTIME_set(nullptr, after_start(recipe.from));
  ASN1_TIME* const to = recipe.has_next_update ? ASN1_GENERALIZEDTIME_set(nullptr, after_start(recipe.to)) : nullptr;
  OCSP_basic_add1_status(basic, id, recipe.status, 0, recipe.status == V_OCSP_CERTSTATUS_REVOKED ? from : nullptr, from, to);
  if (!recipe.nonce.empty()) {
    std::string nonce = recipe.nonce;
    OCSP_basic_add1_nonce(basic, reinterpret_cast<unsigned char*>(nonce.data()), static_cast<int>(nonce.size()));
  }
  const Identity& signer = recipe.signer != nullptr ? *recipe.signer : issuer;
  ensure(OCSP_basic_sign(basic, signer.certificate.get(), signer.key.get(), recipe.digest, nullptr,
                         recipe.signer != nullptr ? 0 : OCSP_NOCERTS) == 1,
         "a response can be signed");
  OCSP_RESPONSE* const response = OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic);
  unsigned char* bytes = nullptr;
  const int length = i2d_OCSP_RESPONSE(response, &bytes);
  std::string out(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(length));
  OPENSSL_free(bytes);
  OCSP_RESPONSE_free(response);
  OCSP_BASICRESP_free(basic);
  OCSP_CERTID_free(id);
  ASN1_TIME_free(from);
  ASN1_TIME_free(to);
  return out;
}

}  // namespace aldis::test
