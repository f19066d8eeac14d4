// EndedStreams: how many of a client's stanzas had been handled when its stream ended for good, so that a client which comes
// back too late learns it from <failed h='...'/> (XEP-0198 section 5). What was still being stored then goes on counting. The
// last few thousand of a shard, told to their user only.
#pragma once
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <unordered_map>

#include "base/keyed_hash.h"
#include "core/ids.h"
#include "stream/handled_count.h"
#include "xmpp/jid.h"

namespace aldis {

class EndedStreams {
 public:
  static constexpr std::size_t most = 4096;

  void add(std::string id, const BareJid& user, SessionId session, stream::HandledCount handled) {
    if (order_.size() >= most) {
      if (const auto oldest = streams_.find(order_.front()); oldest != streams_.end()) {
        unsettled_.erase(oldest->second.session);
        streams_.erase(oldest);
      }
      order_.pop_front();
    }
    order_.push_back(id);
    if (!handled.is_settled()) {
      unsettled_.insert_or_assign(session, id);
    }
    streams_.insert_or_assign(std::move(id), Ended{user, session, std::move(handled)});
  }
  // A stanza that the session had counted as its `number`-th.
  void settled(SessionId session, std::uint64_t number) {
    const auto id = unsettled_.find(session);
    if (id == unsettled_.end()) {
      return;
    }
    stream::HandledCount& handled = streams_.find(id->second)->second.handled;
    static_cast<void>(handled.settle(number));
    if (handled.is_settled()) {
      unsettled_.erase(id);
    }
  }
  // Null: not known, or another's.
  [[nodiscard]] const stream::HandledCount* find(std::string_view id, const BareJid& user) const {
    const auto found = streams_.find(id);
    return found != streams_.end() && found->second.user == user ? &found->second.handled : nullptr;
  }

 private:
  struct Ended {
    BareJid user;
    SessionId session;
    stream::HandledCount handled;
  };
  std::unordered_map<SessionId, std::string> unsettled_;
  std::unordered_map<std::string, Ended, KeyedStringHash, std::equal_to<>> streams_;
  std::deque<std::string> order_;
};

}  // namespace aldis
