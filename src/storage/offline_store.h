// OfflineStore: messages that wait for their recipient (XEP-0160).
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "runtime/task.h"
#include "xmpp/jid.h"

namespace aldis {

struct OfflineMessage {
  std::uint64_t id = 0;   // chosen by the store, growing in the order of arrival, never used twice while the account lives
  WallTime received{};
  std::string stanza;     // serialised, without delay
};

struct OfflineLimits {
  std::size_t messages = 1000;
  std::size_t bytes = 10 * 1024 * 1024;
};

class OfflineStore {
 public:
  virtual ~OfflineStore() = default;
  // The message's id is ignored, the store chooses one. full when a limit would be passed: nothing is stored then.
  virtual Task<Result<void>> append(BareJid owner, OfflineMessage message, OfflineLimits limits) = 0;
  virtual Task<Result<std::vector<OfflineMessage>>> load(BareJid owner) = 0;              // in the order of arrival
  virtual Task<Result<void>> remove_through(BareJid owner, std::uint64_t last_id) = 0;
};

}  // namespace aldis
