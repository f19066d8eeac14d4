// The stores in memory of one small table each: private XML, vCards, block lists, last activity, failed logins, settings.
#include "storage/memory/memory_shelves.h"

namespace aldis::memory {
namespace {

class PrivateXml final : public PrivateXmlStore, OnShelves {
 public:
  using OnShelves::OnShelves;

  Task<Result<std::optional<std::string>>> load(BareJid owner, std::string ns, std::string local) override {
    co_await turn();
    const auto held = lock();
    std::optional<std::string> xml;
    const auto items = shelves_.private_xml.find(owner.str());
    if (items != shelves_.private_xml.end()) {
      const auto item = items->second.find(std::pair(ns, local));
      if (item != items->second.end()) {
        xml = item->second;
      }
    }
    co_return xml;
  }
  Task<Result<void>> store(BareJid owner, std::vector<Item> items, std::size_t max_bytes) override {
    co_await turn();
    const auto held = lock();
    auto changed = shelves_.private_xml[owner.str()];
    for (Item& item : items) {
      changed.insert_or_assign(std::pair(item.ns, item.local), std::move(item.xml));
    }
    std::size_t bytes = 0;
    for (const auto& [name, xml] : changed) {
      bytes += xml.size();
    }
    if (bytes > max_bytes) {
      co_return fail(ErrorKind::full, "private XML of " + owner.str());
    }
    shelves_.private_xml[owner.str()] = std::move(changed);
    co_return Result<void>{};
  }
};

class VCards final : public VCardStore, OnShelves {
 public:
  using OnShelves::OnShelves;

  Task<Result<std::optional<std::string>>> load(BareJid owner) override {
    co_await turn();
    const auto held = lock();
    co_return find_in(shelves_.vcards, owner);
  }
  Task<Result<void>> store(BareJid owner, std::string xml) override {
    co_await turn();
    const auto held = lock();
    shelves_.vcards[owner.str()] = std::move(xml);
    co_return Result<void>{};
  }
};

class Blocks final : public BlockStore, OnShelves {
 public:
  using OnShelves::OnShelves;

  Task<Result<std::vector<Jid>>> load(BareJid owner) override {
    co_await turn();
    const auto held = lock();
    co_return blocks_of(shelves_, owner);
  }
  Task<Result<void>> add(BareJid owner, std::vector<Jid> jids) override {
    co_await turn();
    const auto held = lock();
    shelves_.blocks[owner.str()].insert(jids.begin(), jids.end());
    co_return Result<void>{};
  }
  Task<Result<void>> remove(BareJid owner, std::vector<Jid> jids) override {
    co_await turn();
    const auto held = lock();
    auto& blocked = shelves_.blocks[owner.str()];
    if (jids.empty()) {
      blocked.clear();
    }
    for (const Jid& jid : jids) {
      blocked.erase(jid);
    }
    co_return Result<void>{};
  }
};

class LastActivities final : public LastActivityStore, OnShelves {
 public:
  using OnShelves::OnShelves;

  Task<Result<std::optional<LastActivity>>> load(BareJid owner) override {
    co_await turn();
    const auto held = lock();
    co_return find_in(shelves_.last_activity, owner);
  }
  Task<Result<void>> store(BareJid owner, LastActivity activity) override {
    co_await turn();
    const auto held = lock();
    shelves_.last_activity[owner.str()] = std::move(activity);
    co_return Result<void>{};
  }
};

class FailedLogins final : public LoginFailureStore, OnShelves {
 public:
  using OnShelves::OnShelves;

  Task<Result<std::map<std::string, LoginFailures>>> load_all() override {
    co_await turn();
    const auto held = lock();
    co_return shelves_.login_failures;
  }
  Task<Result<void>> put(std::string key, LoginFailures failures) override {
    co_await turn();
    const auto held = lock();
    shelves_.login_failures[key] = failures;
    co_return Result<void>{};
  }
  Task<Result<void>> remove(std::string key) override {
    co_await turn();
    const auto held = lock();
    shelves_.login_failures.erase(key);
    co_return Result<void>{};
  }
};

class Settings final : public SettingStore, OnShelves {
 public:
  using OnShelves::OnShelves;

  Task<Result<std::optional<std::string>>> load(std::string key) override {
    co_await turn();
    const auto held = lock();
    const auto at = shelves_.settings.find(key);
    co_return at == shelves_.settings.end() ? std::nullopt : std::optional<std::string>(at->second);
  }
  Task<Result<std::string>> load_or_store(std::string key, std::string value) override {
    co_await turn();
    const auto held = lock();
    co_return shelves_.settings.try_emplace(std::move(key), std::move(value)).first->second;
  }
};

}  // namespace

std::vector<Jid> blocks_of(const Shelves& shelves, const BareJid& owner) {
  const auto at = shelves.blocks.find(owner.str());
  return at == shelves.blocks.end() ? std::vector<Jid>{} : std::vector<Jid>(at->second.begin(), at->second.end());
}

std::unique_ptr<PrivateXmlStore> make_private_xml(Shelves& shelves, Turn turn) { return std::make_unique<PrivateXml>(shelves, turn); }
std::unique_ptr<VCardStore> make_vcards(Shelves& shelves, Turn turn) { return std::make_unique<VCards>(shelves, turn); }
std::unique_ptr<BlockStore> make_blocks(Shelves& shelves, Turn turn) { return std::make_unique<Blocks>(shelves, turn); }
std::unique_ptr<LastActivityStore> make_last_activity(Shelves& shelves, Turn turn) { return std::make_unique<LastActivities>(shelves, turn); }
std::unique_ptr<LoginFailureStore> make_login_failures(Shelves& shelves, Turn turn) { return std::make_unique<FailedLogins>(shelves, turn); }
std::unique_ptr<SettingStore> make_settings(Shelves& shelves, Turn turn) { return std::make_unique<Settings>(shelves, turn); }

}  // namespace aldis::memory
