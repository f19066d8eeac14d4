// Admission: how many strangers may stand at a door at a time, over all and from one source, and how often they may come (security
// E01, E02). A door is where connections that have not proved who they are wait: the lobby of clients, the one of other servers. On
// one shard.
#pragma once
#include <cstdint>
#include <string>
#include <unordered_map>

#include "base/clock.h"
#include "base/keyed_hash.h"
#include "base/random.h"
#include "net/peer_address.h"

namespace aldis {

struct AdmissionLimits {
  std::uint32_t strangers = 10'000;
  std::uint32_t strangers_per_source = 1000;
  std::uint32_t connections_per_second = 200;   // of one source
  std::uint32_t connections_burst = 1000;
};

class Admission {
 public:
  // `random` outlives it.
  Admission(Random& random, AdmissionLimits limits) : random_(random), limits_(limits) {}
  void configure(AdmissionLimits limits) { limits_ = limits; }

  // Whether one more connection from there is let in; it counts against its source's rate. A refusal is logged.
  [[nodiscard]] bool admit(const net::PeerAddress& peer, Monotonic now);
  // One is in, and out again; by PeerAddress::source().
  void enter(const std::string& source);
  void leave(const std::string& source);

 private:
  struct Source {
    std::uint32_t strangers = 0;
    double allowance = 0;
    Monotonic refilled{};
  };
  Random& random_;
  AdmissionLimits limits_;
  std::unordered_map<std::string, Source, KeyedStringHash, std::equal_to<>> sources_;
  std::size_t strangers_ = 0;
};

void log_connection_refused(const net::PeerAddress& peer, std::string_view budget);

}  // namespace aldis
