// What the stores in memory share: one mutex, and ordered maps keyed by the owner's address. Each method of a store waits its turn, then
// locks, and never holds the lock over a wait.
#pragma once
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "storage/memory/memory_archives.h"
#include "storage/memory/memory_outbound_queue.h"
#include "storage/memory/memory_pubsub.h"
#include "storage/memory/memory_turn.h"
#include "storage/stores.h"

namespace aldis::memory {

// Owners in the order of the bytes of their addresses, as the SQL backend has them.
template <class T>
using ByOwner = std::map<std::string, T, std::less<>>;

struct Roster {
  std::uint64_t version = 0;
  std::uint64_t removals_complete_since = 0;
  std::map<BareJid, RosterItem> items;
  std::vector<SubscriptionRequest> requests;
  std::vector<RosterData::Removal> removals;
};

struct Shelves {
  explicit Shelves(bool answers_later) : pubsub(mutex, answers_later) {}
  std::mutex mutex;
  ByOwner<AccountRecord> accounts;
  ByOwner<std::vector<ScramKeys>> former_keys;   // the last first
  ByOwner<Roster> rosters;
  MemoryArchives archives;
  ByOwner<std::map<std::pair<std::string, std::string>, std::string>> private_xml;
  ByOwner<std::string> vcards;
  ByOwner<std::set<Jid>> blocks;
  ByOwner<LastActivity> last_activity;
  ByOwner<std::vector<ClientToken>> tokens;   // in the order of clients, not used ones first
  ByOwner<std::map<std::pair<Jid, std::string>, PushRegistration>> push;   // by service and node
  ByOwner<std::map<std::pair<CertificateKey, std::string>, WallTime>> certificates;   // by key and value
  std::map<std::string, LoginFailures> login_failures;
  struct Board {
    std::uint64_t id = 0;
    std::optional<std::string> text;   // nothing: deleted
  };
  std::map<std::pair<std::string, NoticeKind>, Board> notices;
  ByOwner<std::map<NoticeKind, std::uint64_t>> notices_had;
  std::map<std::string, std::string> settings;
  std::map<std::pair<std::string, std::string>, SuspendedSession> sessions;   // by owner and resource
  MemoryOutboundQueue outbound_queue;
  MemoryPubSub pubsub;

  void purge(const std::string& owner) {
    accounts.erase(owner);
    former_keys.erase(owner);
    rosters.erase(owner);
    archives.purge(owner);
    private_xml.erase(owner);
    vcards.erase(owner);
    blocks.erase(owner);
    last_activity.erase(owner);
    notices_had.erase(owner);
    std::erase_if(sessions, [&](const auto& entry) { return entry.first.first == owner; });
    tokens.erase(owner);
    push.erase(owner);
    certificates.erase(owner);
    pubsub.purge(owner);
  }
};

template <class T>
std::optional<T> find_in(const ByOwner<T>& table, const BareJid& owner) {
  const auto at = table.find(owner.str());
  return at == table.end() ? std::nullopt : std::optional<T>(at->second);
}

// Parts of an account, under the lock: for the stores that give them alone and the one that gives all of them at once.
[[nodiscard]] RosterData roster_of(const Shelves& shelves, const BareJid& owner);
[[nodiscard]] std::vector<Jid> blocks_of(const Shelves& shelves, const BareJid& owner);

// What every store on the shelves has; they outlive it.
class OnShelves {
 public:
  OnShelves(Shelves& shelves, Turn turn) : shelves_(shelves), turn_(turn) {}

 protected:
  [[nodiscard]] Turn turn() const { return turn_; }
  [[nodiscard]] std::unique_lock<std::mutex> lock() const { return std::unique_lock(shelves_.mutex); }
  Shelves& shelves_;

 private:
  Turn turn_;
};

// Each in the file that has its name.
[[nodiscard]] std::unique_ptr<AccountImageStore> make_images(Shelves& shelves, Turn turn);
[[nodiscard]] std::unique_ptr<AccountStore> make_accounts(Shelves& shelves, Turn turn);
[[nodiscard]] std::unique_ptr<RosterStore> make_rosters(Shelves& shelves, Turn turn);
[[nodiscard]] std::unique_ptr<ArchiveStore> make_archive(Shelves& shelves, Turn turn);
[[nodiscard]] std::unique_ptr<PrivateXmlStore> make_private_xml(Shelves& shelves, Turn turn);
[[nodiscard]] std::unique_ptr<VCardStore> make_vcards(Shelves& shelves, Turn turn);
[[nodiscard]] std::unique_ptr<BlockStore> make_blocks(Shelves& shelves, Turn turn);
[[nodiscard]] std::unique_ptr<LastActivityStore> make_last_activity(Shelves& shelves, Turn turn);
[[nodiscard]] std::unique_ptr<LoginFailureStore> make_login_failures(Shelves& shelves, Turn turn);
[[nodiscard]] std::unique_ptr<NoticeStore> make_notices(Shelves& shelves, Turn turn);
[[nodiscard]] std::unique_ptr<SettingStore> make_settings(Shelves& shelves, Turn turn);
[[nodiscard]] std::unique_ptr<SessionStore> make_sessions(Shelves& shelves, Turn turn);
[[nodiscard]] std::unique_ptr<TokenStore> make_tokens(Shelves& shelves, Turn turn);
[[nodiscard]] std::unique_ptr<PushStore> make_push(Shelves& shelves, Turn turn);
[[nodiscard]] std::unique_ptr<OutboundQueueStore> make_outbound_queue(Shelves& shelves, Turn turn);
[[nodiscard]] std::unique_ptr<CertificateStore> make_certificates(Shelves& shelves, Turn turn);

}  // namespace aldis::memory
