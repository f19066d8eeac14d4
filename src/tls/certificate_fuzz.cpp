// Fuzzes what reads a stranger's certificate: names and fields. A certificate that can be decoded gives names that are names,
// and covers no domain that it does not write. Input is a certificate's DER, or the content of a subjectAltName's SEQUENCE,
// which is put into one.
#include <openssl/x509.h>

#include <cstdint>
#include <string_view>

#include "base/ensure.h"
#include "base/punycode.h"
#include "tests/support/test_ca.h"
#include "tls/certificate_fields.h"
#include "tls/certificate_names.h"

using namespace aldis;

namespace {

bool is_clean(std::string_view text) {
  return !text.empty() && std::ranges::none_of(text, [](char c) { return (c >= 0 && c < 0x20) || c == 0x7F; });
}

void look(const X509* certificate) {
  const tls::CertificateNames names = tls::names_of(certificate);
  for (const auto* list : {&names.dns, &names.srv, &names.xmpp_addr}) {
    ensure(list->size() <= 100 && std::ranges::all_of(*list, is_clean), "names are few, and have no control characters");
  }
  ensure(!names.cover("unlikely.xn--stranger.invalid") || names.dns.size() + names.xmpp_addr.size() + names.srv.size() != 0, "no name covers nothing");
  for (const std::string& name : names.dns) {
    ensure(name.starts_with("*.") || names.cover(name), "a certificate covers what it names");
  }
  ensure(!names.cover("com") || std::ranges::find(names.dns, "com") != names.dns.end() || !names.xmpp_addr.empty() || !names.srv.empty(),
         "a wildcard covers no top-level domain");
  const auto fields = tls::fields_of(certificate);
  if (!fields) {
    const bool is_date = fields.error().what.find("date") != std::string::npos;
    ensure(!fields.error().what.empty() && (is_date || names.dns.empty()),
           "a refusal says why; where it is the names, there are none");
    return;
  }
  for (const auto* list : {&fields->upn, &fields->email, &fields->uuids, &fields->common_names}) {
    ensure(std::ranges::all_of(*list, is_clean), "fields have no control characters");
  }
  ensure(fields->fingerprint_sha256.size() == 64, "a fingerprint is whole");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const unsigned char* in = data;
  if (const tls::X509Ptr certificate{d2i_X509(nullptr, &in, static_cast<long>(size))}) {
    look(certificate.get());
  }
  static_cast<void>(tls::parse_fasc_n(input));
  static_cast<void>(ascii_domain(input));
  static const test::Identity bare = test::issue({}, nullptr);
  const tls::X509Ptr certificate(X509_dup(bare.certificate.get()));
  const std::string names = test::der(0x30, input);
  ASN1_OCTET_STRING* const value = ASN1_OCTET_STRING_new();
  ASN1_OCTET_STRING_set(value, reinterpret_cast<const unsigned char*>(names.data()), static_cast<int>(names.size()));
  X509_EXTENSION* const extension = X509_EXTENSION_create_by_NID(nullptr, NID_subject_alt_name, 0, value);
  ensure(extension != nullptr && X509_add_ext(certificate.get(), extension, -1) == 1, "an extension can be added");
  X509_EXTENSION_free(extension);
  ASN1_OCTET_STRING_free(value);
  look(certificate.get());
  return 0;
}
