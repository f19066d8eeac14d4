// All of an account in memory, under one lock.
#include "storage/memory/memory_shelves.h"

namespace aldis::memory {
namespace {

class Images final : public AccountImageStore, OnShelves {
 public:
  using OnShelves::OnShelves;

  Task<Result<AccountImage>> load(BareJid owner) override {
    co_await turn();
    const auto held = lock();
    AccountImage image;
    if (const auto at = shelves_.accounts.find(owner.str()); at != shelves_.accounts.end()) {
      image.account = {at->second.is_enabled, at->second.credentials_changed};
    }
    image.roster = roster_of(shelves_, owner);
    image.blocked = blocks_of(shelves_, owner);
    const MemoryArchives::Archive& archive = shelves_.archives.of(owner);
    image.archive_preferences = archive.preferences;
    image.has_waiting_messages = !archive.pending.empty();
    co_return image;
  }
};

}  // namespace

std::unique_ptr<AccountImageStore> make_images(Shelves& shelves, Turn turn) { return std::make_unique<Images>(shelves, turn); }

}  // namespace aldis::memory
