// A moving user's positions (XEP-0080), told no more often than position_interval: the first at once, and of those that come before the interval is
// over the last, at its end. All are stored as they come, and nothing that follows at the node (another item, a retraction) overtakes one that waits.
#include <algorithm>

#include "extensions/pubsub/service.h"
#include "xmpp/namespaces.h"

namespace aldis::pubsub {

Task<void> Service::notify_paced(NodePtr node, Event event) {
  const bool is_position = event.is_item && event.payload.find(ns::geoloc) != std::string::npos;
  if (is_position && site_.options->position_interval.count() > 0) {
    const auto [place, is_first] = paced_.try_emplace(node->name());
    if (!is_first) {
      event.acceptance.reset();   // it is stored, and its publisher need not wait for the telling
      place->second = std::move(event);
      co_return;
    }
    timers_.after(site_.options->position_interval, [this, name = node->name()] { pace(name); });
  }
  co_await notify(node, std::move(event));
}

// Before whatever else is told of the node.
Task<void> Service::tell_waiting(NodePtr node) {
  const auto found = paced_.find(node->name());
  if (found == paced_.end() || !found->second) {
    co_return;
  }
  Event event = std::move(*found->second);
  found->second.reset();
  co_await notify(node, std::move(event));
}

void Service::pace(const std::string& name) {
  const auto found = paced_.find(name);
  if (!found->second) {   // it has stopped
    paced_.erase(found);
    return;
  }
  timers_.after(site_.options->position_interval, [this, name] { pace(name); });
  spawn(tell_late(Pin(*this), name));
}

Task<void> Service::tell_late(Pin self, std::string name) {
  const NodePtr node = co_await find(name);
  const Serial::Hold hold = co_await node->changes().enter();
  if (node->exists()) {
    co_await tell_waiting(node);
    outbox_.send();
  }
}

bool Service::has_waiting() const {
  return std::ranges::any_of(paced_, [](const auto& entry) { return entry.second.has_value(); });
}

void Service::shut_down() {
  for (const auto& [name, waiting] : paced_) {
    if (waiting) {
      spawn(tell_late(Pin(*this), name));
    }
  }
}

}  // namespace aldis::pubsub
