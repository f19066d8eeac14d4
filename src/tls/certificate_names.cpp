// Reading a certificate's names, and comparing them with a domain.
#include "tls/certificate_names.h"

#include <algorithm>
#include <array>
#include <span>

#include "base/punycode.h"
#include "tls/asn1.h"

namespace aldis::tls {
namespace {

constexpr std::string_view xmpp_addr_oid = "1.3.6.1.5.5.7.8.5";  // RFC 6120 13.7.1.4
constexpr std::string_view srv_name_oid = "1.3.6.1.5.5.7.8.7";   // RFC 4985

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; });
  return text;
}

// RFC 9525 4.1: an address is no domain, also where it is written as one. No top-level domain is all digits (RFC 3696 2).
bool is_domain(std::string_view name) {
  const std::string_view last = name.substr(name.rfind('.') + 1);
  return ascii_domain(name) == name && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
  }) && !std::ranges::all_of(last, [](char c) { return c >= '0' && c <= '9'; });
}

// RFC 9525 6.3: "*" alone, left-most, once. What a registry sells ("*.com") is nobody's to certify.
bool is_wildcard(std::string_view name) {
  return name.starts_with("*.") && is_domain(name.substr(2)) && name.find('.', 2) != std::string_view::npos;
}

bool matches(std::string_view presented, std::string_view domain) {
  if (presented == domain) {
    return true;
  }
  const std::size_t dot = domain.find('.');
  return is_wildcard(presented) && dot != std::string_view::npos && presented.substr(1) == domain.substr(dot);
}

void add_other_name(CertificateNames& names, const OTHERNAME& other) {
  const std::string oid = dotted(other.type_id);
  if (oid == xmpp_addr_oid) {
    if (auto address = utf8_of(other.value)) {
      names.xmpp_addr.push_back(std::move(*address));
    }
  } else if (oid == srv_name_oid) {
    const bool is_string = other.value->type == V_ASN1_IA5STRING;
    if (auto name = is_string ? ia5_of(other.value->value.ia5string) : std::nullopt) {
      names.srv.push_back(lower(std::move(*name)));
    }
  }
}

void add_dns_name(CertificateNames& names, const ASN1_IA5STRING* value) {
  std::string name = lower(ia5_of(value).value_or(""));
  if (is_domain(name) || is_wildcard(name)) {
    names.dns.push_back(std::move(name));
  }
}

std::string common_name(const X509* certificate) {
  const X509_NAME* const subject = X509_get_subject_name(certificate);
  int at = -1;
  for (int next = at; (next = X509_NAME_get_index_by_NID(subject, NID_commonName, next)) >= 0;) {
    at = next;
  }
  return at < 0 ? "" : text_of(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at))).value_or("");
}

bool cover_in(const CertificateNames& names, std::string_view domain, std::span<const std::string_view> services) {
  const auto wanted = ascii_domain(domain);
  if (!wanted || !is_domain(*wanted)) {
    return false;
  }
  const auto is_ours = [&](const std::string& address) { return ascii_domain(address) == wanted; };
  return std::ranges::any_of(names.dns, [&](const std::string& name) { return matches(name, *wanted); }) ||
         std::ranges::any_of(services, [&](std::string_view service) {
           return std::ranges::find(names.srv, std::string(service) + "." + *wanted) != names.srv.end();
         }) ||
         std::ranges::any_of(names.xmpp_addr, is_ours);
}

}  // namespace

bool CertificateNames::cover(std::string_view domain) const {
  static constexpr std::array<std::string_view, 2> services{"_xmpp-client", "_xmpp-server"};
  return cover_in(*this, domain, services);
}

bool CertificateNames::covers_service(std::string_view domain, std::string_view service) const {
  return cover_in(*this, domain, {&service, 1});
}

CertificateNames names_of(const X509* certificate) {
  CertificateNames names;
  names.common_name = common_name(certificate);
  const Result<NamesPtr> san = alternative_names(certificate);
  for (int i = 0; san && *san && i < sk_GENERAL_NAME_num(san->get()); ++i) {
    const GENERAL_NAME* const name = sk_GENERAL_NAME_value(san->get(), i);
    if (name->type == GEN_DNS) {
      add_dns_name(names, name->d.dNSName);
    } else if (name->type == GEN_OTHERNAME) {
      add_other_name(names, *name->d.otherName);
    }
  }
  return names;
}

}  // namespace aldis::tls
