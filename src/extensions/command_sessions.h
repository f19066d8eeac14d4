// CommandSessions: the executions of ad-hoc commands that wait for a form (XEP-0050 section 3.3), of one domain. Shared by
// all shards behind a lock that is held for look-ups only. Bounded in number and in time.
#pragma once
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/keyed_hash.h"
#include "base/random.h"
#include "core/ad_hoc_command.h"

namespace aldis::ext {

struct CommandSessionLimits {
  std::uint32_t per_user = 10;
  std::uint32_t overall = 1000;
  std::chrono::seconds lifetime{600};   // since the last form was shown
};

// One execution, taken out of the table while it is worked on: of two requests at once only one finds it.
struct CommandExecution {
  std::string id;
  FullJid requester;
  std::string node;
  std::size_t stage = 0;
  std::vector<Form> accepted{};   // one for each stage before
};

class CommandSessions {
 public:
  explicit CommandSessions(CommandSessionLimits limits) : limits_(limits) {}

  enum class Fault : std::uint8_t { unknown, over };
  // The execution of that id, if it is this requester's and of this node. `over`: it was, and has been completed, cancelled
  // or left alone for too long.
  [[nodiscard]] Result<CommandExecution, Fault> take(std::string_view id, const Jid& requester, std::string_view node,
                                                     Monotonic now);
  // Puts an execution that waits for its next form. A user with too many loses the oldest; false: the domain has too many.
  [[nodiscard]] bool put(CommandExecution execution, Monotonic now);
  // Remembers for a while that the execution is over.
  void finish(const CommandExecution& execution, Monotonic now);
  [[nodiscard]] std::size_t size() const;   // with those that are remembered only

 private:
  struct Entry {
    CommandExecution execution;
    Monotonic until{};
    bool is_over = false;
  };
  using Entries = std::unordered_map<std::string, Entry, KeyedStringHash, std::equal_to<>>;
  void forget_old(Monotonic now);
  // Of a user's entries the one that is missed least: one that is over, or else the oldest; and how many there are.
  [[nodiscard]] Entries::iterator least_of(const Jid& user, std::size_t& count);

  const CommandSessionLimits limits_;
  mutable std::mutex lock_;
  Entries entries_;
};

}  // namespace aldis::ext
