// Notifications that come late, on purpose.
#include "core/late_positions.h"

#include "base/metrics.h"
#include "xmpp/namespaces.h"

namespace aldis {
namespace {
metrics::Counter held{"aldis_positions_late_total", "Notifications of positions that wait until these are old enough for the recipient."};
metrics::Counter never{"aldis_positions_never_total", "Notifications of positions dropped because too many waited to be old enough."};
constexpr std::size_t most_waiting = 50'000;   // recipients times publishers, in one home
}  // namespace

void LatePositions::hold(std::string_view recipient, Envelope envelope, std::chrono::milliseconds wait, WallTime now, Deliver deliver) {
  const Stanza& stanza = *envelope.stanza;
  const auto items = stanza.child({"event", ns::pubsub_event})->child({"items", ns::pubsub_event});
  std::string key(recipient);
  key.append("\n").append(stanza.from()->bare_str()).append("\n");
  if (items) {
    key.append(items->attribute("node").value_or(std::string_view()));
  }
  envelope.acceptance.reset();
  envelope.stanza = stanza.with_positions_since(stanza.positions_since().value_or(now));
  Waiting waiting{std::move(envelope), now + wait};
  if (const auto known = entries_.find(key); known != entries_.end()) {
    held.add();
    known->second.next = std::move(waiting);
    return;
  }
  if (entries_.size() >= most_waiting) {
    never.add();
    return;
  }
  held.add();
  entries_.emplace(key, Entry{std::move(waiting), std::nullopt, std::move(deliver)});
  start(key, wait);
}

void LatePositions::start(const std::string& key, std::chrono::milliseconds wait) {
  timers_.after(wait, [this, key] { due(key); });
}

void LatePositions::due(const std::string& key) {
  const auto found = entries_.find(key);
  Envelope envelope = std::move(found->second.first.envelope);
  const Deliver deliver = found->second.deliver;
  if (std::optional<Waiting>& next = found->second.next) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(next->due - found->second.first.due);   // the first is due now
    found->second.first = std::move(*next);
    next.reset();
    start(key, std::max(std::chrono::milliseconds(0), left));
  } else {
    entries_.erase(found);
  }
  deliver(std::move(envelope));
}

}  // namespace aldis
