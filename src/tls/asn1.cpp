// Decoding a subjectAltName, and text and dates out of ASN.1's types.
#include "tls/asn1.h"

#include <algorithm>
#include <ctime>

#include "base/ensure.h"

namespace aldis::tls {

Result<NamesPtr> alternative_names(const X509* certificate) {
  const int at = X509_get_ext_by_NID(certificate, NID_subject_alt_name, -1);
  if (at < 0) {
    return NamesPtr();
  }
  if (X509_get_ext_by_NID(certificate, NID_subject_alt_name, at) >= 0) {
    return fail(ErrorKind::invalid, "the certificate has two subjectAltNames");  // RFC 5280 4.2
  }
  const ASN1_OCTET_STRING* const bytes = X509_EXTENSION_get_data(X509_get_ext(certificate, at));
  const auto length = static_cast<std::size_t>(ASN1_STRING_length(bytes));
  if (length > longest_alternative_names) {
    return fail(ErrorKind::limit, "the certificate's subjectAltName is larger than 64 KiB");
  }
  const unsigned char* in = ASN1_STRING_get0_data(bytes);
  const unsigned char* const end = in + length;
  NamesPtr names(d2i_GENERAL_NAMES(nullptr, &in, static_cast<long>(length)));
  if (!names || in != end) {
    ERR_clear_error();
    return fail(ErrorKind::invalid, "the certificate's subjectAltName cannot be read");
  }
  if (sk_GENERAL_NAME_num(names.get()) > most_alternative_names) {
    return fail(ErrorKind::limit, "the certificate has more than 100 subjectAltNames");
  }
  return names;
}

std::optional<std::string> text_of(const ASN1_STRING* value) {
  if (ASN1_STRING_length(value) <= 0 || static_cast<std::size_t>(ASN1_STRING_length(value)) > longest_alternative_name) {
    return std::nullopt;
  }
  unsigned char* utf8 = nullptr;
  const int length = ASN1_STRING_to_UTF8(&utf8, value);  // checks that UTF8String is UTF-8
  if (length < 0) {
    ERR_clear_error();
    return std::nullopt;
  }
  std::string text(reinterpret_cast<const char*>(utf8), static_cast<std::size_t>(length));
  OPENSSL_free(utf8);
  const auto is_control = [](char c) { return (c >= 0 && c < 0x20) || c == 0x7F; };
  return text.empty() || std::ranges::any_of(text, is_control) ? std::nullopt : std::optional(std::move(text));
}

std::optional<std::string> utf8_of(const ASN1_TYPE* value) {
  return value->type == V_ASN1_UTF8STRING ? text_of(value->value.utf8string) : std::nullopt;
}

std::optional<std::string> ia5_of(const ASN1_STRING* value) {
  std::optional<std::string> text = ASN1_STRING_type(value) == V_ASN1_IA5STRING ? text_of(value) : std::nullopt;
  const bool is_ascii = text && std::ranges::all_of(*text, [](char c) { return c >= 0; });
  return is_ascii ? text : std::nullopt;
}

std::string dotted(const ASN1_OBJECT* oid) {
  char text[128];
  const int length = OBJ_obj2txt(text, sizeof text, oid, 1);
  return length > 0 && static_cast<std::size_t>(length) < sizeof text ? std::string(text) : std::string();
}

std::string rfc4514(const X509_NAME* name) {
  const BioPtr out(BIO_new(BIO_s_mem()));
  ensure(out != nullptr, "OpenSSL has memory for a name");
  // UTF-8 stays as it is; what RFC 4514 2.4 wants escaped is.
  X509_NAME_print_ex(out.get(), name, 0, XN_FLAG_RFC2253 & ~static_cast<unsigned long>(ASN1_STRFLGS_ESC_MSB));
  char* data = nullptr;
  const long size = BIO_get_mem_data(out.get(), &data);
  ERR_clear_error();
  return {data, static_cast<std::size_t>(size)};
}

std::optional<WallTime> wall_time(const ASN1_TIME* time) {
  std::tm broken{};
  if (ASN1_TIME_to_tm(time, &broken) != 1) {
    ERR_clear_error();
    return std::nullopt;
  }
  return WallTime(std::chrono::seconds(::timegm(&broken)));
}

std::string date_text(WallTime time) {
  const std::time_t seconds = std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
  std::tm broken{};
  ::gmtime_r(&seconds, &broken);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%d %H:%M UTC", &broken);
  return text;
}

std::string_view bytes_of(const ASN1_STRING* s) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(s)), static_cast<std::size_t>(ASN1_STRING_length(s))};
}

}  // namespace aldis::tls
