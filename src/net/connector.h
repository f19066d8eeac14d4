// Connector: reaches one of several servers: targets in order; of each its addresses in a race (RFC 8305): the next one starts
// when the last one has failed or a quarter of a second has passed, the first that is connected wins, the others are closed.
// On one shard, never blocking. It speaks neither TLS nor XML.
#pragma once
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "net/server_lookup.h"
#include "net/transport.h"
#include "runtime/shard.h"
#include "runtime/task.h"

namespace aldis::net {

struct ConnectorOptions {
  std::chrono::milliseconds head_start{250};       // RFC 8305 section 5: Connection Attempt Delay
  std::chrono::milliseconds attempt_deadline{10'000};
};

struct Connected {
  std::unique_ptr<Transport> transport;   // not attached
  ServerTarget target;                    // resolved, with its TLSA records
  std::size_t index = 0;                  // of the target in the list: the ones after it are left for another try
};

class Connector {
 public:
  // `lookup` resolves each target when its turn comes, and outlives this.
  Connector(Shard& shard, ServerLookup& lookup, ConnectorOptions options = {});
  // On the shard's thread; not while connect() runs: cancel() it and await its end first.
  ~Connector();
  Connector(const Connector&) = delete;
  Connector& operator=(const Connector&) = delete;

  // From target `first` on; one call at a time. `report` takes a line for each target and address tried, and outlives the
  // call. Errors: unavailable or timeout (the last target's reason), not_found (no target), cancelled.
  [[nodiscard]] Task<Result<Connected>> connect(std::vector<ServerTarget> targets, LookupReport& report, std::size_t first = 0);
  // Ends a running connect() soon: every socket is closed now.
  void cancel();

 private:
  class Race;
  Shard& shard_;
  ServerLookup& lookup_;
  ConnectorOptions options_;
  Race* race_ = nullptr;
  bool is_running_ = false;
  bool is_cancelled_ = false;
};

}  // namespace aldis::net
