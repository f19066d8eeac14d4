// The table of executions that wait.
#include "extensions/command_sessions.h"

#include <utility>

namespace aldis::ext {

CommandSessions::Entries::iterator CommandSessions::least_of(const Jid& user, std::size_t& count) {
  auto first = entries_.end();
  count = 0;
  for (auto it = entries_.begin(); it != entries_.end(); ++it) {
    if (it->second.execution.requester.bare_str() != user.bare_str()) {
      continue;
    }
    ++count;
    const auto worth = [](const Entry& entry) { return std::pair(!entry.is_over, entry.until); };
    if (first == entries_.end() || worth(it->second) < worth(first->second)) {
      first = it;
    }
  }
  return first;
}

// One that has been left alone is kept for another lifetime, without its forms, so that its user learns why it is gone.
void CommandSessions::forget_old(Monotonic now) {
  std::erase_if(entries_, [&](const auto& each) { return each.second.is_over && now >= each.second.until; });
  for (auto& [id, entry] : entries_) {
    if (now >= entry.until) {
      entry.is_over = true;
      entry.execution.accepted.clear();
      entry.until = now + limits_.lifetime;
    }
  }
}

Result<CommandExecution, CommandSessions::Fault> CommandSessions::take(std::string_view id, const Jid& requester,
                                                                       std::string_view node, Monotonic now) {
  const std::lock_guard hold(lock_);
  forget_old(now);
  const auto found = entries_.find(id);
  if (found == entries_.end() || found->second.execution.requester != requester || found->second.execution.node != node) {
    return fail(Fault::unknown);
  }
  if (found->second.is_over) {
    return fail(Fault::over);
  }
  CommandExecution execution = std::move(found->second.execution);
  entries_.erase(found);
  return execution;
}

bool CommandSessions::put(CommandExecution execution, Monotonic now) {
  const std::lock_guard hold(lock_);
  forget_old(now);
  std::size_t count = 0;
  const auto own = least_of(execution.requester, count);
  if (count >= limits_.per_user) {
    entries_.erase(own);
  } else if (entries_.size() >= limits_.overall) {
    return false;
  }
  std::string id = execution.id;
  entries_.insert_or_assign(std::move(id), Entry{std::move(execution), now + limits_.lifetime, false});
  return true;
}

void CommandSessions::finish(const CommandExecution& execution, Monotonic now) {
  if (put(CommandExecution{execution.id, execution.requester, execution.node}, now)) {
    const std::lock_guard hold(lock_);
    if (const auto found = entries_.find(execution.id); found != entries_.end()) {
      found->second.is_over = true;
    }
  }
}

std::size_t CommandSessions::size() const {
  const std::lock_guard hold(lock_);
  return entries_.size();
}

}  // namespace aldis::ext
