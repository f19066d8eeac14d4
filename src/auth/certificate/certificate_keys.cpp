// Names and forms of the keys.
#include "auth/certificate/certificate_keys.h"

#include <algorithm>
#include <array>
#include <utility>

namespace aldis {
namespace {

constexpr std::array names{
    std::pair{CertificateKey::fingerprint, std::string_view("fingerprint")},
    std::pair{CertificateKey::issuer_serial, std::string_view("issuer-serial")},
    std::pair{CertificateKey::upn, std::string_view("upn")},
    std::pair{CertificateKey::mail, std::string_view("mail")},
    std::pair{CertificateKey::edipi, std::string_view("edipi")},
    std::pair{CertificateKey::fascn, std::string_view("fascn")},
    std::pair{CertificateKey::uuid, std::string_view("uuid")},
};

constexpr std::size_t longest_value = 4096;
constexpr std::string_view edipi_realm = "@mil";
constexpr std::size_t edipi_digits = 10;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); }

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; });
  return out;
}

// Hexadecimal as people copy it: capitals, colons and spaces.
std::string plain_hex(std::string_view text) {
  std::string out = lower(text);
  std::erase_if(out, [](char c) { return c == ':' || c == ' '; });
  return out;
}

bool is_hex_of(std::string_view text, std::size_t bytes) {
  return text.size() == bytes * 2 && std::ranges::all_of(text, is_hex);
}

bool is_uuid(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool is_hyphen_place = i == 8 || i == 13 || i == 18 || i == 23;
    if (is_hyphen_place ? text[i] != '-' : !is_hex(text[i])) {
      return false;
    }
  }
  return text.size() == 36;
}

bool is_edipi(std::string_view text) { return text.size() == edipi_digits && std::ranges::all_of(text, is_digit); }

// Something before and after one "@", and nothing that a mail address cannot hold.
bool is_name_at_realm(std::string_view text) {
  const std::size_t at = text.find('@');
  return at != std::string_view::npos && at > 0 && at + 1 < text.size() && text.rfind('@') == at &&
         std::ranges::none_of(text, [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == 0x7f; });
}

// "-" may stand before the serial number of a certificate that breaks RFC 5280 section 4.1.2.2.
std::optional<std::string> prepare_issuer_serial(std::string_view text) {
  const std::size_t space = text.find(' ');
  if (space == std::string_view::npos || space + 1 == text.size()) {
    return std::nullopt;
  }
  std::string serial = plain_hex(text.substr(0, space));
  const std::string_view digits = std::string_view(serial).substr(serial.starts_with('-') ? 1 : 0);
  if (digits.empty() || !std::ranges::all_of(digits, is_hex)) {
    return std::nullopt;
  }
  return serial + std::string(text.substr(space));
}

void add_once(std::vector<std::string>& values, std::string value) {
  if (std::ranges::find(values, value) == values.end()) {
    values.push_back(std::move(value));
  }
}

}  // namespace

std::string_view to_string(CertificateKey key) {
  const auto found = std::ranges::find(names, key, [](const auto& entry) { return entry.first; });
  return found == names.end() ? std::string_view("unknown") : found->second;
}

std::optional<CertificateKey> parse_certificate_key(std::string_view name) {
  const auto found = std::ranges::find(names, name, [](const auto& entry) { return entry.second; });
  return found == names.end() ? std::nullopt : std::optional(found->first);
}

Result<std::string> prepare_certificate_value(CertificateKey key, std::string_view text) {
  if (text.size() > longest_value) {
    return fail(ErrorKind::limit, "at most 4096 bytes");
  }
  std::string value;
  switch (key) {
    case CertificateKey::fingerprint:
      if (value = plain_hex(text); is_hex_of(value, 32)) {
        return value;
      }
      return fail(ErrorKind::invalid, "a SHA-256 fingerprint is 64 hexadecimal digits");
    case CertificateKey::issuer_serial:
      if (auto prepared = prepare_issuer_serial(text)) {
        return std::move(*prepared);
      }
      return fail(ErrorKind::invalid, "issuer and serial are written \"0A1B CN=Example CA,O=Example\": serial number, space, name (RFC 4514)");
    case CertificateKey::upn:
    case CertificateKey::mail:
      if (value = lower(text); is_name_at_realm(value)) {
        return value;
      }
      return fail(ErrorKind::invalid, key == CertificateKey::upn ? "a UPN is written NAME@REALM" : "a mail address is written NAME@DOMAIN");
    case CertificateKey::edipi:
      if (value = text; is_edipi(value)) {
        return value;
      }
      return fail(ErrorKind::invalid, "an EDIPI is ten digits");
    case CertificateKey::fascn:
      if (value = plain_hex(text); is_hex_of(value, 25)) {
        return value;
      }
      return fail(ErrorKind::invalid, "a FASC-N is 50 hexadecimal digits");
    case CertificateKey::uuid:
      value = lower(text);
      if (value.starts_with("urn:uuid:")) {
        value.erase(0, std::string_view("urn:uuid:").size());
      }
      if (is_uuid(value)) {
        return value;
      }
      return fail(ErrorKind::invalid, "a UUID is written f81d4fae-7dec-11d0-a765-00a0c91e6bf6");
  }
  return fail(ErrorKind::invalid, "no such key");
}

std::vector<std::string> certificate_values(const tls::CertificateFields& fields, CertificateKey key) {
  std::vector<std::string> values;
  const auto add = [&](std::string_view text) {
    if (auto value = prepare_certificate_value(key, text)) {
      add_once(values, std::move(*value));
    }
  };
  switch (key) {
    case CertificateKey::fingerprint: add(fields.fingerprint_sha256); break;
    case CertificateKey::issuer_serial: add(fields.serial + " " + fields.issuer); break;
    case CertificateKey::upn: std::ranges::for_each(fields.upn, add); break;
    case CertificateKey::mail: std::ranges::for_each(fields.email, add); break;
    case CertificateKey::edipi:
      for (const std::string& upn : fields.upn) {
        if (const std::string name = lower(upn); name.ends_with(edipi_realm)) {
          add(std::string_view(name).substr(0, name.size() - edipi_realm.size()));
        }
      }
      break;
    case CertificateKey::fascn:
      for (const tls::FascN& number : fields.fasc_n) {
        add(number.bytes);
      }
      break;
    case CertificateKey::uuid: std::ranges::for_each(fields.uuids, add); break;
  }
  return values;
}

}  // namespace aldis
