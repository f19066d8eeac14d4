// Resolver: DNS through libunbound, asynchronously on a shard: SRV (RFC 2782), A, AAAA and TLSA (RFC 6698), each answer
// with whether DNSSEC vouches for it. It neither orders SRV targets by chance nor connects; that is the caller's work.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "net/peer_address.h"
#include "runtime/shard.h"
#include "runtime/task.h"

struct ub_ctx;

namespace aldis::net {

struct SrvRecord {
  std::uint16_t priority = 0;
  std::uint16_t weight = 0;
  std::uint16_t port = 0;
  std::string target;  // lower case, without the final dot; empty: the service is decidedly not available
};

struct TlsaRecord {
  std::uint8_t usage = 0;
  std::uint8_t selector = 0;
  std::uint8_t matching_type = 0;
  std::vector<std::uint8_t> data;
};

template <class Record>
struct DnsAnswer {
  std::vector<Record> records;  // empty: the name or the type does not exist
  bool is_secure = false;       // validated by DNSSEC
};

struct ResolverOptions {
  std::string resolv_conf;   // empty: the system's
  std::string trust_anchor;  // a file as of unbound-anchor; empty: Debian's, where installed, else no validation
  std::string forwarder;     // "127.0.0.1@5353": ask only this server (tests)
  std::chrono::milliseconds deadline{10'000};
};

class Resolver final : private Watcher {
 public:
  // The shard must be running an event loop (not a scene), and outlive the resolver.
  [[nodiscard]] static Result<std::unique_ptr<Resolver>> open(Shard& shard, ResolverOptions options = {});
  // On the shard's thread. Whoever still waits is never resumed: end them first.
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  // Names in ASCII form. Errors: timeout, unavailable (SERVFAIL and the like), denied (DNSSEC says the answer is
  // forged), corrupt (a record that breaks its format). A name that does not exist is an answer without records.
  [[nodiscard]] Task<Result<DnsAnswer<SrvRecord>>> srv(std::string name);
  [[nodiscard]] Task<Result<DnsAnswer<PeerAddress>>> addresses(std::string name, std::uint16_t port);
  [[nodiscard]] Task<Result<DnsAnswer<TlsaRecord>>> tlsa(std::string name);

 private:
  struct Raw {
    std::vector<std::string> records;
    bool is_secure = false;
  };
  struct Question;

  Resolver(Shard& shard, ub_ctx* context, ResolverOptions options);
  void on_ready(bool readable, bool writable, bool hung_up) override;
  [[nodiscard]] Task<Result<Raw>> ask(std::string name, int type);

  Shard& shard_;
  ub_ctx* context_;
  ResolverOptions options_;
};

// The wire form of a record's data, as DNS carries it; for the resolver and its tests.
[[nodiscard]] Result<SrvRecord> parse_srv(std::string_view data);
[[nodiscard]] Result<TlsaRecord> parse_tlsa(std::string_view data);

}  // namespace aldis::net
