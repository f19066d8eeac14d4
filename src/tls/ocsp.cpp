// Reading OCSP responses, and asking them.
#include <openssl/ocsp.h>

#include <algorithm>

#include "base/encoding.h"
#include "base/ensure.h"
#include "tls/asn1.h"
#include "tls/revocation.h"

namespace aldis::tls {
namespace {

using ResponsePtr = std::unique_ptr<OCSP_RESPONSE, Freed<OCSP_RESPONSE_free>>;
using BasicPtr = std::unique_ptr<OCSP_BASICRESP, Freed<OCSP_BASICRESP_free>>;
using RequestPtr = std::unique_ptr<OCSP_REQUEST, Freed<OCSP_REQUEST_free>>;
using IdPtr = std::unique_ptr<OCSP_CERTID, Freed<OCSP_CERTID_free>>;
constexpr std::size_t longest_response = 64 * 1024;
constexpr std::chrono::minutes clock_skew{5};
constexpr std::chrono::hours without_next_update{1};   // RFC 6960 4.2.2.1: newer information is always there; so not for long

RevocationAnswer undetermined(std::string why) { return {RevocationState::undetermined, "its OCSP response " + std::move(why), {}}; }

bool is_weak(const OCSP_BASICRESP* basic) {
  int digest = NID_undef;
  int key = NID_undef;
  const ASN1_OBJECT* oid = nullptr;
  X509_ALGOR_get0(&oid, nullptr, nullptr, OCSP_resp_get0_tbs_sigalg(basic));
  OBJ_find_sigid_algs(OBJ_obj2nid(oid), &digest, &key);
  return digest == NID_sha1 || digest == NID_md5 || digest == NID_md4 || digest == NID_md2;
}

// RFC 6960 4.2.2.2: the issuer itself, or whom it certified for this and nothing between. Such a certificate's own revocation is
// not asked (id-pkix-ocsp-nocheck is what they have).
bool may_respond(X509* signer, X509* issuer, WallTime now) {
  if (X509_cmp(signer, issuer) == 0) {
    return true;
  }
  const auto from = wall_time(X509_get0_notBefore(signer));
  const auto to = wall_time(X509_get0_notAfter(signer));
  const bool is_valid = from && to && *from <= now + clock_skew && now <= *to;
  const bool is_allowed = X509_get_ext_by_NID(signer, NID_ext_key_usage, -1) >= 0 &&
                          (X509_get_extended_key_usage(signer) & XKU_OCSP_SIGN) != 0 && (X509_get_key_usage(signer) & KU_DIGITAL_SIGNATURE) != 0 &&
                          (X509_get_extension_flags(signer) & (EXFLAG_INVALID | EXFLAG_CRITICAL)) == 0;
  return is_valid && is_allowed && X509_NAME_cmp(X509_get_issuer_name(signer), X509_get_subject_name(issuer)) == 0 &&
         X509_verify(signer, X509_get0_pubkey(issuer)) == 1;
}

bool is_signed_rightly(OCSP_BASICRESP* basic, X509* issuer, WallTime now) {
  const std::unique_ptr<STACK_OF(X509), void (*)(STACK_OF(X509)*)> known(sk_X509_new_null(), [](STACK_OF(X509)* s) { sk_X509_free(s); });
  ensure(known != nullptr && sk_X509_push(known.get(), issuer) > 0, "OpenSSL has memory for a list");
  X509* signer = nullptr;
  return !is_weak(basic) && OCSP_resp_get0_signer(basic, &signer, known.get()) == 1 && may_respond(signer, issuer, now) &&
         OCSP_basic_verify(basic, known.get(), nullptr, OCSP_NOVERIFY) == 1;   // the signature alone; the signer was judged above
}

ASN1_INTEGER* serial_of(OCSP_SINGLERESP* single) {
  ASN1_INTEGER* serial = nullptr;
  OCSP_id_get0_info(nullptr, nullptr, nullptr, &serial, const_cast<OCSP_CERTID*>(OCSP_SINGLERESP_get0_id(single)));
  return serial;
}

// A response may hold several answers, and names certificates by the digest it likes.
bool is_about(OCSP_SINGLERESP* single, const X509_NAME* issuer_name, X509* issuer, const ASN1_INTEGER* serial) {
  OCSP_CERTID* const id = const_cast<OCSP_CERTID*>(OCSP_SINGLERESP_get0_id(single));
  ASN1_OBJECT* algorithm = nullptr;
  OCSP_id_get0_info(nullptr, &algorithm, nullptr, nullptr, id);
  const EVP_MD* const digest = EVP_get_digestbyobj(algorithm);
  const IdPtr ours(digest != nullptr ? OCSP_cert_id_new(digest, issuer_name, X509_get0_pubkey_bitstr(issuer), serial) : nullptr);
  return ours && OCSP_id_cmp(id, ours.get()) == 0;
}

OCSP_SINGLERESP* answer_about(OCSP_BASICRESP* basic, X509* certificate, X509* issuer) {
  for (int i = 0; i < OCSP_resp_count(basic); ++i) {
    OCSP_SINGLERESP* const single = OCSP_resp_get0(basic, i);
    if (is_about(single, X509_get_issuer_name(certificate), issuer, X509_get0_serialNumber(certificate))) {
      return single;
    }
  }
  return nullptr;
}

// RFC 9654: it may stay away, it may not differ.
bool is_nonce_changed(OCSP_BASICRESP* basic, std::string_view nonce) {
  const int at = OCSP_BASICRESP_get_ext_by_NID(basic, NID_id_pkix_OCSP_Nonce, -1);
  if (nonce.empty() || at < 0) {
    return false;
  }
  const std::string_view theirs = bytes_of(X509_EXTENSION_get_data(OCSP_BASICRESP_get_ext(basic, at)));
  return theirs.size() != nonce.size() + 2 || theirs.substr(2) != nonce;   // in an OCTET STRING of less than 128 bytes
}

RevocationAnswer judge(OCSP_SINGLERESP* single, WallTime now) {
  int reason = 0;
  ASN1_GENERALIZEDTIME* revoked = nullptr;
  ASN1_GENERALIZEDTIME* this_update = nullptr;
  ASN1_GENERALIZEDTIME* next_update = nullptr;
  const int status = OCSP_single_get0_status(single, &reason, &revoked, &this_update, &next_update);
  const auto from = this_update != nullptr ? wall_time(this_update) : std::nullopt;
  const auto to = next_update != nullptr ? wall_time(next_update) : from ? std::optional<WallTime>(*from + without_next_update) : std::nullopt;
  if (!from || !to) {
    return undetermined("has dates that cannot be read");
  }
  if (*from > now + clock_skew) {
    return undetermined("is from the future, " + date_text(*from));
  }
  if (status == V_OCSP_CERTSTATUS_REVOKED) {   // also when it is old
    const auto date = revoked != nullptr ? wall_time(revoked) : std::nullopt;
    return {RevocationState::revoked, "revoked on " + (date ? date_text(*date) : "an unreadable date") + ", says its OCSP response", {}, *from};
  }
  if (*to + clock_skew < now) {
    return undetermined("held until " + date_text(*to));
  }
  if (status == V_OCSP_CERTSTATUS_GOOD) {
    return {RevocationState::good, "good, says its OCSP response", *to, *from};
  }
  return {RevocationState::unknown, "the OCSP responder does not know it", {}, *from};
}

// Or why there is nothing in it.
Result<BasicPtr, std::string> read(std::string_view response) {
  ERR_clear_error();
  if (response.size() > longest_response) {
    return fail(std::string("is larger than 64 KiB"));
  }
  const auto* in = reinterpret_cast<const unsigned char*>(response.data());
  const auto* const end = in + response.size();
  const ResponsePtr outer(d2i_OCSP_RESPONSE(nullptr, &in, static_cast<long>(response.size())));
  if (!outer || in != end) {
    ERR_clear_error();
    return fail(std::string("cannot be read"));
  }
  if (const int status = OCSP_response_status(outer.get()); status != OCSP_RESPONSE_STATUS_SUCCESSFUL) {
    return fail(std::string("is only an error, ") + OCSP_response_status_str(status));
  }
  BasicPtr basic(OCSP_response_get1_basic(outer.get()));
  ERR_clear_error();
  if (!basic) {
    return fail(std::string("cannot be read"));
  }
  return Result<BasicPtr, std::string>(std::move(basic));
}

constexpr const char* not_signed = "is not signed by the issuer or by whom it allowed to";

}  // namespace

RevocationAnswer ask_ocsp(std::string_view response, X509* certificate, X509* issuer, WallTime now, std::string_view nonce) {
  const Result<BasicPtr, std::string> basic = read(response);
  if (!basic) {
    return undetermined(basic.error());
  }
  const bool is_signed = is_signed_rightly(basic->get(), issuer, now);
  ERR_clear_error();
  if (!is_signed) {
    return undetermined(not_signed);
  }
  if (is_nonce_changed(basic->get(), nonce)) {
    return undetermined("answers another request");
  }
  OCSP_SINGLERESP* const single = answer_about(basic->get(), certificate, issuer);
  ERR_clear_error();
  return single != nullptr ? judge(single, now) : undetermined("is not about this certificate");
}

Result<std::vector<OcspStatement>> verified_statements(std::string_view response, const std::vector<std::shared_ptr<X509>>& issuers, WallTime now) {
  const Result<BasicPtr, std::string> basic = read(response);
  if (!basic) {
    return fail(ErrorKind::invalid, basic.error());
  }
  std::vector<OcspStatement> all;
  for (int i = 0; i < OCSP_resp_count(basic->get()); ++i) {
    OCSP_SINGLERESP* const single = OCSP_resp_get0(basic->get(), i);
    const ASN1_INTEGER* const serial = serial_of(single);
    OcspStatement& statement = all.emplace_back(OcspStatement{.serial = std::string(bytes_of(serial))});
    const auto issuer = std::ranges::find_if(issuers, [&](const auto& each) { return is_about(single, X509_get_subject_name(each.get()), each.get(), serial); });
    if (issuer == issuers.end()) {
      continue;
    }
    statement.issuer = issuer->get();
    statement.answer = is_signed_rightly(basic->get(), statement.issuer, now) ? judge(single, now) : undetermined(not_signed);
  }
  ERR_clear_error();
  return all;
}

std::vector<OcspEntry> ocsp_entries(std::string_view response) {
  ERR_clear_error();
  std::vector<OcspEntry> all;
  const auto* in = reinterpret_cast<const unsigned char*>(response.data());
  const ResponsePtr outer(d2i_OCSP_RESPONSE(nullptr, &in, static_cast<long>(response.size())));
  const BasicPtr basic(outer ? OCSP_response_get1_basic(outer.get()) : nullptr);
  for (int i = 0; basic && i < OCSP_resp_count(basic.get()); ++i) {
    OCSP_SINGLERESP* const single = OCSP_resp_get0(basic.get(), i);
    const ASN1_INTEGER* const serial = serial_of(single);
    ASN1_GENERALIZEDTIME* this_update = nullptr;
    const int status = OCSP_single_get0_status(single, nullptr, nullptr, &this_update, nullptr);
    const std::string_view bytes = serial != nullptr ? bytes_of(serial) : std::string_view();
    all.push_back({hex_encode({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()}), OCSP_cert_status_str(status),
                   (this_update != nullptr ? wall_time(this_update) : std::nullopt).value_or(WallTime{})});
  }
  ERR_clear_error();
  return all;
}

std::string ocsp_request(X509* certificate, X509* issuer, std::string_view nonce) {
  const RequestPtr request(OCSP_REQUEST_new());
  OCSP_CERTID* const id = OCSP_cert_to_id(EVP_sha1(), certificate, issuer);   // what every responder knows (RFC 5019 2.1.1); no secret
  ensure(request && id != nullptr && OCSP_request_add0_id(request.get(), id) != nullptr, "OpenSSL has memory for a request");
  if (!nonce.empty()) {
    std::string bytes(nonce);
    ensure(nonce.size() < 128 && OCSP_request_add1_nonce(request.get(), reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(bytes.size())) == 1,
           "a nonce fits");
  }
  unsigned char* der = nullptr;
  const int length = i2d_OCSP_REQUEST(request.get(), &der);
  ensure(length > 0, "a request can be written");
  std::string out(reinterpret_cast<const char*>(der), static_cast<std::size_t>(length));
  OPENSSL_free(der);
  return out;
}

std::vector<std::string> ocsp_addresses(X509* certificate) {
  std::vector<std::string> all;
  STACK_OF(OPENSSL_STRING)* const found = X509_get1_ocsp(certificate);
  for (int i = 0; i < sk_OPENSSL_STRING_num(found); ++i) {
    const std::string_view uri = sk_OPENSSL_STRING_value(found, i);
    if (uri.starts_with("http://")) {
      all.emplace_back(uri);
    }
  }
  X509_email_free(found);
  return all;
}

}  // namespace aldis::tls
