// Resolver: DNS through libunbound, asynchronously on a shard, with its validation by DNSSEC. It neither orders SRV targets by
// chance (server_lookup.h) nor connects (connector.h).
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "net/dns.h"
#include "runtime/shard.h"
#include "runtime/task.h"

struct ub_ctx;

namespace aldis::net {

struct ResolverOptions {
  std::string resolv_conf;   // empty: the system's
  std::string trust_anchor;  // a file as of unbound-anchor; empty: Debian's, where installed, else no validation
  std::string forwarder;     // "127.0.0.1@5353": ask only this server (tests)
  std::chrono::milliseconds deadline{10'000};
  // How long the one family of addresses is waited for once the other is there (RFC 8305 section 3, security D06).
  std::chrono::milliseconds family_patience{250};
  // Unanswered at one time; more are refused with ErrorKind::full. Names that never answer hold no other up: each question has
  // a port of its own, up to this many.
  std::size_t questions = 2048;
};

class Resolver final : public Dns, private Watcher {
 public:
  // The shard must be running an event loop (not a scene), and outlive the resolver.
  [[nodiscard]] static Result<std::unique_ptr<Resolver>> open(Shard& shard, ResolverOptions options = {});
  // On the shard's thread. Whoever still waits is never resumed: end them first.
  ~Resolver() override;
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  [[nodiscard]] Task<Result<DnsAnswer<SrvRecord>>> srv(std::string name) override;
  [[nodiscard]] Task<Result<DnsAnswer<PeerAddress>>> addresses(std::string name, std::uint16_t port) override;
  [[nodiscard]] Task<Result<DnsAnswer<TlsaRecord>>> tlsa(std::string name) override;

 private:
  struct Raw {
    std::vector<std::string> records;
    bool is_secure = false;
  };
  struct Question;
  struct Families;

  Resolver(Shard& shard, ub_ctx* context, ResolverOptions options);
  void on_ready(bool readable, bool writable, bool hung_up) override;
  // A question while it is waited for.
  struct Asked {
    Question* question = nullptr;
    int id = 0;
  };
  [[nodiscard]] Task<Result<Raw>> ask(std::string name, int type, Asked* asked_now = nullptr);
  [[nodiscard]] Task<void> ask_family(std::string name, int type, std::shared_ptr<Families> families);

  Shard& shard_;
  ub_ctx* context_;
  ResolverOptions options_;
  std::size_t asked_ = 0;   // and not answered
};

// The wire form of a record's data, as DNS carries it; for the resolver and its tests.
[[nodiscard]] Result<SrvRecord> parse_srv(std::string_view data);
[[nodiscard]] Result<TlsaRecord> parse_tlsa(std::string_view data);

}  // namespace aldis::net
