// Reading a person's certificate.
#include "tls/certificate_fields.h"

#include <openssl/pem.h>

#include <algorithm>

#include "base/encoding.h"
#include "base/ensure.h"
#include "tls/asn1.h"

namespace aldis::tls {
namespace {

constexpr std::string_view upn_oid = "1.3.6.1.4.1.311.20.2.3";
constexpr std::string_view fasc_n_oid = "2.16.840.1.101.3.6.6";

std::span<const std::uint8_t> octets(std::string_view bytes) {
  return {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()};
}

void add_other_name(CertificateFields& fields, const OTHERNAME& other) {
  const std::string oid = dotted(other.type_id);
  if (oid == upn_oid) {
    if (auto upn = utf8_of(other.value)) {
      fields.upn.push_back(std::move(*upn));
    }
  } else if (oid == fasc_n_oid && other.value->type == V_ASN1_OCTET_STRING) {
    if (auto number = parse_fasc_n(bytes_of(other.value->value.octet_string))) {
      fields.fasc_n.push_back(std::move(*number));
    }
  }
}

// RFC 4122 3: "urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6"; case does not matter.
void add_uri(CertificateFields& fields, std::string uri) {
  constexpr std::string_view prefix = "urn:uuid:";
  std::ranges::transform(uri, uri.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; });
  const std::string_view uuid = std::string_view(uri).substr(std::min(prefix.size(), uri.size()));
  if (!uri.starts_with(prefix) || uuid.size() != 36) {
    return;
  }
  for (std::size_t i = 0; i < uuid.size(); ++i) {
    const bool is_dash_place = i == 8 || i == 13 || i == 18 || i == 23;
    const bool is_hex = (uuid[i] >= '0' && uuid[i] <= '9') || (uuid[i] >= 'a' && uuid[i] <= 'f');
    if (is_dash_place ? uuid[i] != '-' : !is_hex) {
      return;
    }
  }
  fields.uuids.emplace_back(uuid);
}

std::string serial_of(const X509* certificate) {
  const ASN1_INTEGER* const serial = X509_get0_serialNumber(certificate);
  const bool is_negative = ASN1_STRING_type(serial) == V_ASN1_NEG_INTEGER;
  return (is_negative ? "-" : "") + hex_encode(octets(bytes_of(serial)));
}

void add_common_names(CertificateFields& fields, const X509_NAME* subject) {
  for (int at = -1; (at = X509_NAME_get_index_by_NID(subject, NID_commonName, at)) >= 0;) {
    if (auto name = text_of(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)))) {
      fields.common_names.push_back(std::move(*name));
    }
  }
}

}  // namespace

// 40 characters of five bits: four of the digit, the lowest first, and odd parity. S agency F system F credential F series F
// issue F person category organization association E checksum.
std::optional<FascN> parse_fasc_n(std::string_view bytes) {
  constexpr char start = 11, separator = 13, end = 15;
  if (bytes.size() != 25) {
    return std::nullopt;
  }
  std::string characters;
  unsigned checksum = 0;
  for (std::size_t i = 0; i < 40; ++i) {
    unsigned value = 0, ones = 0;
    for (std::size_t bit = 0; bit < 5; ++bit) {
      const std::size_t at = i * 5 + bit;
      const unsigned one = (static_cast<std::uint8_t>(bytes[at / 8]) >> (7 - at % 8)) & 1U;
      ones += one;
      value |= bit < 4 ? one << bit : 0U;
    }
    if (ones % 2 == 0) {
      return std::nullopt;
    }
    checksum ^= value;
    characters += static_cast<char>(value);
  }
  constexpr std::string_view form = "S####F####F######F#F#F################E";
  for (std::size_t i = 0; i < form.size(); ++i) {
    const char c = characters[i];
    const bool fits = form[i] == 'S' ? c == start : form[i] == 'F' ? c == separator : form[i] == 'E' ? c == end : c < 10;
    if (!fits) {
      return std::nullopt;
    }
    characters[i] = static_cast<char>('0' + c);
  }
  if (checksum != 0) {  // the last character makes the sum of all even in every bit
    return std::nullopt;
  }
  const auto part = [&](std::size_t from, std::size_t length) { return characters.substr(from, length); };
  return FascN{hex_encode(octets(bytes)), part(1, 4),  part(6, 4),  part(11, 6), part(18, 1),
               part(20, 1),               part(22, 10), part(32, 1), part(33, 4), part(37, 1)};
}

Result<CertificateFields> fields_of(const X509* certificate) {
  ERR_clear_error();
  CertificateFields fields;
  const Result<NamesPtr> san = alternative_names(certificate);
  if (!san) {
    return fail(san.error());
  }
  for (int i = 0; *san && i < sk_GENERAL_NAME_num(san->get()); ++i) {
    const GENERAL_NAME* const name = sk_GENERAL_NAME_value(san->get(), i);
    if (name->type == GEN_OTHERNAME) {
      add_other_name(fields, *name->d.otherName);
    } else if (name->type == GEN_EMAIL || name->type == GEN_URI) {
      auto text = ia5_of(name->d.ia5);
      if (text && name->type == GEN_EMAIL) {
        fields.email.push_back(std::move(*text));
      } else if (text) {
        add_uri(fields, std::move(*text));
      }
    }
  }
  fields.names = names_of(certificate);
  add_common_names(fields, X509_get_subject_name(certificate));
  fields.subject = rfc4514(X509_get_subject_name(certificate));
  fields.issuer = rfc4514(X509_get_issuer_name(certificate));
  fields.serial = serial_of(certificate);
  std::uint8_t digest[EVP_MAX_MD_SIZE];
  unsigned length = 0;
  ensure(X509_digest(certificate, EVP_sha256(), digest, &length) == 1, "a certificate has a digest");
  fields.fingerprint_sha256 = hex_encode({digest, length});
  const std::optional<WallTime> from = wall_time(X509_get0_notBefore(certificate));
  const std::optional<WallTime> to = wall_time(X509_get0_notAfter(certificate));
  if (!from || !to) {
    return fail(ErrorKind::invalid, "a date of the certificate cannot be read");
  }
  fields.not_before = *from;
  fields.not_after = *to;
  return fields;
}

Result<CertificateFields> fields_of(std::string_view file) {
  constexpr std::size_t longest = 64 * 1024;
  if (file.size() > longest) {
    return fail(ErrorKind::limit, "a certificate of more than 64 KiB");
  }
  ERR_clear_error();
  const BioPtr pem = memory_bio(file);
  X509Ptr certificate(PEM_read_bio_X509(pem.get(), nullptr, nullptr, nullptr));
  if (!certificate) {
    const auto* in = reinterpret_cast<const unsigned char*>(file.data());
    certificate.reset(d2i_X509(nullptr, &in, static_cast<long>(file.size())));
  }
  ERR_clear_error();
  if (!certificate) {
    return fail(ErrorKind::invalid, "no certificate in PEM or DER form");
  }
  return fields_of(certificate.get());
}

}  // namespace aldis::tls
