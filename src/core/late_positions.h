// Notifications with a position that is too young for their recipient (position_delay, policy/position_rules.h), until it is old
// enough. Of each recipient, publisher and node one waits, and behind it the newest that came meanwhile: who moves all the time is
// shown about once in every delay, and where they came to rest is shown in the end. Nothing of it outlives the process: a recipient
// gets the last item again when it comes online. Of one Home.
#pragma once
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <unordered_map>

#include "core/envelope.h"
#include "runtime/own_timers.h"

namespace aldis {

class LatePositions {
 public:
  using Deliver = std::function<void(Envelope)>;

  explicit LatePositions(Executor& executor) : timers_(executor) {}

  // An event for `recipient` (a session, or an address elsewhere) in `wait`. Nobody counts it as under way. When too many wait already it
  // is never shown.
  void hold(std::string_view recipient, Envelope envelope, std::chrono::milliseconds wait, WallTime now, Deliver deliver);

 private:
  struct Waiting {
    Envelope envelope;
    WallTime due;
  };
  struct Entry {
    Waiting first;
    std::optional<Waiting> next;
    Deliver deliver;
  };
  void start(const std::string& key, std::chrono::milliseconds wait);
  void due(const std::string& key);

  std::unordered_map<std::string, Entry> entries_;
  OwnTimers timers_;
};

}  // namespace aldis
