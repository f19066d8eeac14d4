// Suspended sessions in memory.
#include "storage/memory/memory_shelves.h"

namespace aldis::memory {
namespace {

class Sessions final : public SessionStore, OnShelves {
 public:
  using OnShelves::OnShelves;

  Task<Result<void>> save(std::vector<SuspendedSession> sessions) override {
    co_await turn();
    const auto held = lock();
    for (SuspendedSession& session : sessions) {
      std::pair key(session.owner.str(), session.resource);
      shelves_.sessions.insert_or_assign(std::move(key), std::move(session));
    }
    co_return Result<void>{};
  }
  Task<Result<void>> set_handled(std::vector<Handled> sessions) override {
    co_await turn();
    const auto held = lock();
    for (const Handled& session : sessions) {
      const auto at = shelves_.sessions.find(std::pair(session.owner.str(), session.resource));
      if (at != shelves_.sessions.end()) {
        at->second.handled = session.handled;
      }
    }
    co_return Result<void>{};
  }
  Task<Result<std::vector<SuspendedSession>>> take(std::size_t limit) override {
    co_await turn();
    const auto held = lock();
    std::vector<SuspendedSession> taken;
    while (taken.size() < limit && !shelves_.sessions.empty()) {
      const auto first = shelves_.sessions.begin();
      taken.push_back(std::move(first->second));
      shelves_.sessions.erase(first);
    }
    co_return taken;
  }
};

}  // namespace

std::unique_ptr<SessionStore> make_sessions(Shelves& shelves, Turn turn) { return std::make_unique<Sessions>(shelves, turn); }

}  // namespace aldis::memory
