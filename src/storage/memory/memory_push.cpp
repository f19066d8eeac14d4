// Push registrations in memory.
#include "storage/memory/memory_shelves.h"

namespace aldis::memory {
namespace {

class Push final : public PushStore, OnShelves {
 public:
  using OnShelves::OnShelves;

  Task<Result<std::vector<PushRegistration>>> load(BareJid owner) override {
    co_await turn();
    const auto held = lock();
    std::vector<PushRegistration> found;
    for (const auto& [key, registration] : shelves_.push[owner.str()]) {
      found.push_back(registration);
    }
    co_return found;
  }
  Task<Result<void>> put(BareJid owner, PushRegistration registration, std::size_t max) override {
    co_await turn();
    const auto held = lock();
    auto& all = shelves_.push[owner.str()];
    const auto key = std::pair(registration.service, registration.node);
    if (all.size() - all.count(key) >= max) {
      co_return fail(ErrorKind::full, "push registrations of " + owner.str());
    }
    all.insert_or_assign(key, std::move(registration));
    co_return Result<void>{};
  }
  Task<Result<void>> remove(BareJid owner, Jid service, std::optional<std::string> node) override {
    co_await turn();
    const auto held = lock();
    std::erase_if(shelves_.push[owner.str()], [&](const auto& entry) {
      return entry.first.first == service && (!node || entry.first.second == *node);
    });
    co_return Result<void>{};
  }
};

}  // namespace

std::unique_ptr<PushStore> make_push(Shelves& shelves, Turn turn) { return std::make_unique<Push>(shelves, turn); }

}  // namespace aldis::memory
