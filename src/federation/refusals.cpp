// A bounded memory of who was refused.
#include "federation/refusals.h"

#include <algorithm>
#include <tuple>

namespace aldis::federation {

void Refusals::note(const std::string& peer, Refusal refusal, bool is_named) {
  const auto found = last_.find(peer);
  if (found == last_.end() && last_.size() >= most_) {
    const auto oldest = std::ranges::min_element(last_, {}, [](const auto& entry) { return std::tuple(entry.second.is_named, entry.second.refusal.when); });
    if (oldest->second.is_named && !is_named) {
      return;
    }
    last_.erase(oldest);
  }
  last_.insert_or_assign(peer, Entry{std::move(refusal), is_named});
}

const Refusal* Refusals::last(std::string_view peer) const {
  const auto found = last_.find(peer);
  return found == last_.end() ? nullptr : &found->second.refusal;
}

}  // namespace aldis::federation
