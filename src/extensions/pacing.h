// Handing many stanzas to one session: a client that reads slowly gets them at its own pace, and no more than this
// waits for it.
#pragma once
#include "core/home.h"
#include "core/session.h"

namespace aldis::ext {

inline constexpr std::size_t ahead_bytes = 32 * 1024;

// Resumes when little enough waits for the client; the session, or null when it has ended meanwhile.
[[nodiscard]] inline Task<Session*> when_read(Home& home, SessionId id) {
  constexpr std::chrono::milliseconds longest_wait{50};
  Session* session = home.find_session(id);
  for (std::chrono::milliseconds wait{1}; session != nullptr && !session->keeps_up(ahead_bytes);
       wait = std::min(wait * 2, longest_wait)) {
    const Completion<bool> waited;
    home.shard().after(wait, [waited] { waited.complete(true); });
    co_await waited;
    session = home.find_session(id);
  }
  co_return session;
}

}  // namespace aldis::ext
