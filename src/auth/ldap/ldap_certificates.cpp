// Words about certificates as directories write them.
#include "auth/ldap/ldap_certificates.h"

#include <algorithm>
#include <optional>

#include "auth/certificate/certificate_keys.h"
#include "auth/ldap/ldap_filter.h"

namespace aldis::ldap {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return out;
}

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

bool is_user_certificate(std::string_view attribute) { return lower(attribute) == "usercertificate" || attribute == "2.5.4.36"; }
bool is_alternative(std::string_view attribute) { return lower(attribute) == "altsecurityidentities"; }

// "0a1b CN=Example CA,O=Example", taken apart; nothing for a serial number below zero, which RFC 5280 does not allow.
struct IssuerSerial {
  std::string serial;   // an even number of hexadecimal digits
  std::string issuer;   // RFC 4514
};
std::optional<IssuerSerial> parse_issuer_serial(const std::string& value) {
  const std::size_t space = value.find(' ');
  if (space == std::string::npos || value.starts_with('-')) {
    return std::nullopt;
  }
  std::string serial = value.substr(0, space);
  return IssuerSerial{(serial.size() % 2 == 0 ? "" : "0") + serial, value.substr(space + 1)};
}

std::string as_decimal(const std::string& hexadecimal) {
  std::string digits{0};   // the lowest first, as numbers
  for (const char c : hexadecimal) {
    int carry = c <= '9' ? c - '0' : c - 'a' + 10;
    for (char& digit : digits) {
      const int sum = digit * 16 + carry;
      digit = static_cast<char>(sum % 10);
      carry = sum / 10;
    }
    for (; carry != 0; carry /= 10) {
      digits += static_cast<char>(carry % 10);
    }
  }
  std::string text;
  for (auto digit = digits.rbegin(); digit != digits.rend(); ++digit) {
    text += static_cast<char>('0' + *digit);
  }
  return text;
}

std::string reversed_bytes(const std::string& hexadecimal) {
  std::string out;
  for (std::size_t i = hexadecimal.size(); i >= 2; i -= 2) {
    out.append(hexadecimal, i - 2, 2);
  }
  return out;
}

// RFC 4514 writes the most particular name first, Microsoft the least.
std::string reversed_names(const std::string& issuer) {
  std::vector<std::string> names(1);
  for (std::size_t i = 0; i < issuer.size(); ++i) {
    if (issuer[i] == '\\' && i + 1 < issuer.size()) {
      names.back().append(issuer, i++, 2);
    } else if (issuer[i] == ',') {
      names.emplace_back();
    } else {
      names.back() += issuer[i];
    }
  }
  std::string out;
  for (auto name = names.rbegin(); name != names.rend(); ++name) {
    out.append(out.empty() ? "" : ",").append(*name);
  }
  return out;
}

// The value that the attribute has; nothing: it cannot say this.
std::optional<std::string> written(std::string_view attribute, CertificateKey key, const std::string& value) {
  if (!is_user_certificate(attribute) && !(is_alternative(attribute) && key == CertificateKey::issuer_serial)) {
    return value;
  }
  const auto parts = key == CertificateKey::issuer_serial ? parse_issuer_serial(value) : std::nullopt;
  if (!parts) {
    return std::nullopt;
  }
  if (is_alternative(attribute)) {
    return "X509:<I>" + reversed_names(parts->issuer) + "<SR>" + reversed_bytes(parts->serial);
  }
  std::string quoted;   // GSER (RFC 3641 section 3.2): a quote is written twice
  for (const char c : parts->issuer) {
    quoted.append(c == '"' ? 2 : 1, c);
  }
  return "{ serialNumber " + as_decimal(parts->serial) + ", issuer rdnSequence:\"" + quoted + "\" }";
}

}  // namespace

Result<std::vector<CertificateLine>> certificate_lines(const DirectoryOptions& options) {
  std::vector<CertificateLine> lines;
  for (const std::string& text : options.certificate_attributes) {
    const std::size_t equal = text.find('=');
    const std::string_view name = trimmed(std::string_view(text).substr(0, equal));
    const auto key = parse_certificate_key(name);
    const std::string_view attribute = equal == std::string::npos ? std::string_view() : trimmed(std::string_view(text).substr(equal + 1));
    if (!key || !is_attribute(attribute)) {
      return fail(ErrorKind::invalid, "certificate_attributes: \"" + text + "\" is no \"rule = attribute\" of a rule that is looked up");
    }
    if (is_user_certificate(attribute) && *key != CertificateKey::issuer_serial) {
      return fail(ErrorKind::invalid, "certificate_attributes: a directory finds certificates in userCertificate by issuer-serial only");
    }
    lines.push_back({*key, std::string(attribute)});
  }
  return lines;
}

std::string certificate_filter(const Schema& schema, const std::vector<CertificateLine>& lines, CertificateKey key, const std::string& value) {
  std::string any;
  for (const CertificateLine& line : lines) {
    const auto text = line.key == key ? written(line.attribute, key, value) : std::nullopt;
    if (text) {
      any += equals(line.attribute, *text);
    }
  }
  return any.empty() ? std::string() : all_of(schema.people, "(|" + any + ")");
}

bool has_certificate(const Entry& entry, const std::vector<CertificateLine>& lines, CertificateKey key, const std::string& value) {
  return std::ranges::any_of(lines, [&](const CertificateLine& line) {
    const auto text = line.key == key ? written(line.attribute, key, value) : std::nullopt;
    if (!text) {
      return false;
    }
    if (is_user_certificate(line.attribute)) {   // issuer and serial number are compared as they are encoded: nothing is loose there
      return !entry.values(line.attribute).empty();
    }
    return std::ranges::any_of(entry.values(line.attribute), [&](const std::string& each) { return lower(each) == lower(*text); });
  });
}

}  // namespace aldis::ldap
