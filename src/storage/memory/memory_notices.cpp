// Notices in memory, and who has had them.
#include "storage/memory/memory_shelves.h"

#include <algorithm>

namespace aldis::memory {
namespace {

class Notices final : public NoticeStore, OnShelves {
 public:
  using OnShelves::OnShelves;

  Task<Result<std::optional<Notice>>> load(std::string domain, NoticeKind kind) override {
    co_await turn();
    const auto held = lock();
    const auto at = shelves_.notices.find({std::move(domain), kind});
    if (at == shelves_.notices.end() || !at->second.text) {
      co_return std::nullopt;
    }
    co_return Notice{kind, at->second.id, *at->second.text};
  }
  Task<Result<Notice>> set(std::string domain, NoticeKind kind, std::string text) override {
    co_await turn();
    const auto held = lock();
    Shelves::Board& board = shelves_.notices[{std::move(domain), kind}];
    ++board.id;
    board.text = std::move(text);
    co_return Notice{kind, board.id, *board.text};
  }
  Task<Result<void>> edit(std::string domain, NoticeKind kind, std::string text) override {
    co_await turn();
    const auto held = lock();
    const auto at = shelves_.notices.find({std::move(domain), kind});
    if (at == shelves_.notices.end() || !at->second.text) {
      co_return fail(ErrorKind::not_found, "notice");
    }
    at->second.text = std::move(text);
    co_return Result<void>{};
  }
  Task<Result<void>> remove(std::string domain, NoticeKind kind) override {
    co_await turn();
    const auto held = lock();
    const auto at = shelves_.notices.find({std::move(domain), kind});
    if (at == shelves_.notices.end() || !at->second.text) {
      co_return fail(ErrorKind::not_found, "notice");
    }
    at->second.text.reset();
    co_return Result<void>{};
  }
  Task<Result<std::vector<Notice>>> due(BareJid owner) override {
    co_await turn();
    const auto held = lock();
    std::vector<Notice> notices;
    const auto had = find_in(shelves_.notices_had, owner).value_or(std::map<NoticeKind, std::uint64_t>{});
    for (const NoticeKind kind : {NoticeKind::motd, NoticeKind::welcome}) {
      const auto at = shelves_.notices.find({std::string(owner.domain()), kind});
      if (at == shelves_.notices.end() || !at->second.text) {
        continue;
      }
      const auto mark = had.find(kind);
      const bool is_due = kind == NoticeKind::motd ? mark == had.end() || mark->second < at->second.id
                                                   : mark == had.end() && !shelves_.last_activity.contains(owner.str());
      if (is_due) {
        notices.push_back({kind, at->second.id, *at->second.text});
      }
    }
    co_return notices;
  }
  Task<Result<void>> mark(std::vector<BareJid> owners, NoticeKind kind, std::uint64_t id) override {
    co_await turn();
    const auto held = lock();
    for (const BareJid& owner : owners) {
      std::uint64_t& had = shelves_.notices_had[owner.str()][kind];
      had = std::max(had, id);
    }
    co_return Result<void>{};
  }
};

}  // namespace

std::unique_ptr<NoticeStore> make_notices(Shelves& shelves, Turn turn) { return std::make_unique<Notices>(shelves, turn); }

}  // namespace aldis::memory
