// EndedStreams: how many of a client's stanzas had been handled when its stream ended for good, so that a client which comes
// back too late learns it from <failed h='...'/> (XEP-0198 section 5). The last few thousand of a shard, told to their user only.
#pragma once
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <unordered_map>

#include "base/keyed_hash.h"
#include "xmpp/jid.h"

namespace aldis {

class EndedStreams {
 public:
  static constexpr std::size_t most = 4096;

  void add(std::string id, const BareJid& user, std::uint32_t h) {
    if (order_.size() >= most) {
      streams_.erase(order_.front());
      order_.pop_front();
    }
    order_.push_back(id);
    streams_.insert_or_assign(std::move(id), Ended{user, h});
  }
  [[nodiscard]] std::optional<std::uint32_t> handled(std::string_view id, const BareJid& user) const {
    const auto found = streams_.find(id);
    return found != streams_.end() && found->second.user == user ? std::optional(found->second.h) : std::nullopt;
  }

 private:
  struct Ended {
    BareJid user;
    std::uint32_t h;
  };
  std::unordered_map<std::string, Ended, KeyedStringHash, std::equal_to<>> streams_;
  std::deque<std::string> order_;
};

}  // namespace aldis
