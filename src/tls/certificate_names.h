// CertificateNames: whose certificate it is, by its subjectAltName alone (RFC 9525, RFC 6120 13.7). A subject's common name is
// for people to read and matches nothing.
#pragma once
#include <string>
#include <string_view>
#include <vector>

using X509 = struct x509_st;

namespace aldis::tls {

struct CertificateNames {
  std::vector<std::string> dns;        // dNSName, lower case, possibly "*.example.org"; what is no domain is left out
  std::vector<std::string> xmpp_addr;  // otherName id-on-xmppAddr (RFC 6120 13.7.1.4), as written
  std::vector<std::string> srv;        // otherName SRVName (RFC 4985), lower case, e.g. "_xmpp-client.example.org"
  std::string common_name;             // the last (most specific) one

  // Whether the bearer may call itself `domain`, in any service: dNSName, where a wildcard stands for exactly one whole
  // left-most label and has two labels behind it ("*.com" covers nothing); SRVName of XMPP's services; an xmppAddr that is just
  // the domain. `domain` may have U-labels (RFC 9525 6.3 compares A-labels); with a dot at its end, an "*", or as an address it
  // is covered by nothing.
  [[nodiscard]] bool cover(std::string_view domain) const;
  // The same for one service, "_xmpp-server" or "_xmpp-client": an SRVName of another service is none.
  [[nodiscard]] bool covers_service(std::string_view domain, std::string_view service) const;
};

// A subjectAltName that cannot be read, is there twice or has more than 100 names gives no names at all.
[[nodiscard]] CertificateNames names_of(const X509* certificate);

}  // namespace aldis::tls
