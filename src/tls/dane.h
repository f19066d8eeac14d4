// DANE for servers: whether TLSA records (RFC 6698, RFC 7671) that DNSSEC vouches for prove a presented chain, as RFC 7673 has
// it for names found by SRV. A pure function: it asks no DNS and knows no socket. Whether the records are secure is the caller's
// to know, and only secure ones may come here. Not here: what a failed proof means beside PKIX (the peer's rule).
#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

using X509 = struct x509_st;

namespace aldis::tls {

struct TlsaRecord {
  std::uint8_t usage = 0;           // RFC 7218: 0 PKIX-TA, 1 PKIX-EE, 2 DANE-TA, 3 DANE-EE
  std::uint8_t selector = 0;        // 0 Cert, 1 SPKI
  std::uint8_t matching_type = 0;   // 0 Full, 1 SHA2-256, 2 SHA2-512
  std::vector<std::uint8_t> data;
  friend bool operator==(const TlsaRecord&, const TlsaRecord&) = default;
};

struct DaneInput {
  std::vector<std::shared_ptr<X509>> chain;   // as presented, the server's own certificate first
  std::vector<TlsaRecord> records;
  // The certificate must cover one of these unless its own record is DANE-EE: the source domain and the SRV target
  // (RFC 7673 section 4.1), in ASCII form.
  std::vector<std::string> names;
  bool is_trusted = false;                    // the path leads to an anchor of ours and names hold: usages 0 and 1 need it
  // The path that was found trusted, if is_trusted: PKIX-TA matches its authorities.
  std::vector<std::shared_ptr<X509>> path;
  WallTime now{};
};

enum class DaneOutcome : std::uint8_t {
  unusable,   // no record that we can use: as if there were none (RFC 6698 section 4.1)
  proved,
  refused,    // there are usable records and none matches: this is not the server (RFC 7673 section 3.4)
};
[[nodiscard]] std::string_view to_string(DaneOutcome outcome);

struct DaneVerdict {
  DaneOutcome outcome = DaneOutcome::unusable;
  std::uint8_t usage = 0;    // of the record that proved it
  std::string detail;        // in words for an operator
};

[[nodiscard]] DaneVerdict dane_verdict(const DaneInput& input);

}  // namespace aldis::tls
