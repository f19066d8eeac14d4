// Budgets of strangers.
#include "core/admission.h"

#include <algorithm>

#include "base/log.h"

namespace aldis {

void log_connection_refused(const net::PeerAddress& peer, std::string_view budget) {
  log::info("connection-refused", {{"peer", peer.ip_str()}, {"budget", budget}});
}

bool Admission::admit(const net::PeerAddress& peer, Monotonic now) {
  const auto refuse = [&](std::string_view budget) {
    log_connection_refused(peer, budget);
    return false;
  };
  if (strangers_ >= limits_.strangers) {
    return refuse("strangers");
  }
  // Above half of the budget the chance of being let in falls, so that a slow flood cannot hold every place (security E01).
  const std::size_t soft = limits_.strangers / 2;
  if (strangers_ > soft && random_u64(random_) % (limits_.strangers - soft) < strangers_ - soft) {
    return refuse("strangers");
  }
  if (sources_.size() > 100'000) {
    std::erase_if(sources_, [](const auto& entry) { return entry.second.strangers == 0; });
  }
  auto [entry, is_new] = sources_.try_emplace(peer.source());
  Source& source = entry->second;
  if (is_new) {
    source.allowance = limits_.connections_burst;
    source.refilled = now;
  }
  const double passed = std::chrono::duration<double>(now - source.refilled).count();
  source.allowance = std::min(source.allowance + passed * limits_.connections_per_second, double{1.0} * limits_.connections_burst);
  source.refilled = now;
  if (source.strangers >= limits_.strangers_per_source) {
    return refuse("strangers_per_source");
  }
  if (source.allowance < 1) {
    return refuse("connections_per_second");
  }
  source.allowance -= 1;
  return true;
}

void Admission::enter(const std::string& source) {
  ++sources_[source].strangers;
  ++strangers_;
}

void Admission::leave(const std::string& source) {
  const auto found = sources_.find(source);
  if (found != sources_.end() && found->second.strangers > 0) {
    --found->second.strangers;
    --strangers_;
  }
}

}  // namespace aldis
