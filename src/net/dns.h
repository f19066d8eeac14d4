// Dns: the questions about other servers: SRV (RFC 2782), A, AAAA and TLSA (RFC 6698), each answer with whether DNSSEC vouches
// for it. Resolver asks the network, tests have scripts.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "net/peer_address.h"
#include "runtime/task.h"
#include "tls/dane.h"

namespace aldis::net {

struct SrvRecord {
  std::uint16_t priority = 0;
  std::uint16_t weight = 0;
  std::uint16_t port = 0;
  std::string target;  // lower case, without the final dot; empty: the service is decidedly not available
};

using TlsaRecord = tls::TlsaRecord;

template <class Record>
struct DnsAnswer {
  std::vector<Record> records;  // empty: the name or the type does not exist
  bool is_secure = false;       // validated by DNSSEC
};

class Dns {
 public:
  virtual ~Dns() = default;
  // Names in ASCII form, CNAMEs followed. Errors: timeout, unavailable (SERVFAIL and the like), denied (DNSSEC says the answer
  // is forged), corrupt (a record that breaks its format), full. A name that does not exist is an answer without records.
  [[nodiscard]] virtual Task<Result<DnsAnswer<SrvRecord>>> srv(std::string name) = 0;
  // IPv6 first. When one family's answer fails or is late, the other's stands alone.
  [[nodiscard]] virtual Task<Result<DnsAnswer<PeerAddress>>> addresses(std::string name, std::uint16_t port) = 0;
  [[nodiscard]] virtual Task<Result<DnsAnswer<TlsaRecord>>> tlsa(std::string name) = 0;
};

}  // namespace aldis::net
