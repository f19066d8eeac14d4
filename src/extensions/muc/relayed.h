// Relayed: requests (iq) that one occupant has put to another through the room and that are not answered yet (XEP-0045 section
// 17.4): under ids of the room's own, so that an answer goes to who asked and to nobody else (security P06).
#pragma once
#include <optional>
#include <string>
#include <unordered_map>

#include "base/clock.h"
#include "base/keyed_hash.h"
#include "xmpp/jid.h"

namespace aldis::muc {

class Relayed {
 public:
  struct Request {
    Jid asker;            // the real address
    std::string id;       // as the asker wrote it
    FullJid asked_as;     // in the room
    Jid asked;            // the real address the request went to
    Monotonic until{};
  };
  static constexpr std::size_t most = 1000;   // of one room; those that nobody answers go after a time

  // False: too many wait.
  bool add(std::string id, Request request, Monotonic now) {
    if (requests_.size() >= most) {
      std::erase_if(requests_, [&](const auto& entry) { return entry.second.until <= now; });
    }
    return requests_.size() < most && requests_.emplace(std::move(id), std::move(request)).second;
  }
  // Nothing: `from` was not asked that.
  std::optional<Request> take(std::string_view id, const Jid& from) {
    const auto found = requests_.find(id);
    if (found == requests_.end() || found->second.asked != from) {
      return std::nullopt;
    }
    Request request = std::move(found->second);
    requests_.erase(found);
    return request;
  }
  [[nodiscard]] std::size_t size() const { return requests_.size(); }

 private:
  std::unordered_map<std::string, Request, KeyedStringHash, std::equal_to<>> requests_;
};

}  // namespace aldis::muc
