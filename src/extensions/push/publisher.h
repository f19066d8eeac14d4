// PushPublisher: tells app servers that messages wait for their clients (XEP-0357 section 7), one notification at a time for
// each registration: what comes before it is answered goes with the next one. An answer that is an error takes the
// registration away, unless its type says to wait (section 7.1).
//
// An owner's part of it is touched on the owner's home alone. It is not stored: after a restart messages are counted anew.
#pragma once
#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/account.h"
#include "core/world.h"
#include "storage/push_store.h"

namespace aldis::ext {

struct PushConfig {
  std::uint32_t registrations = 10;
  Bytes options_bytes = 4 * KiB;
  bool include_sender = false;
  bool include_body = false;
  std::chrono::seconds answer_time{60};
};

class PushPublisher : public std::enable_shared_from_this<PushPublisher> {
 public:
  PushPublisher(World& world, PushConfig config) : world_(world), config_(config) {}

  // Extension::on_waiting's.
  void on_waiting(Account& account, const Envelope& envelope);
  // Whether this is the answer to a notification; then it is nobody else's.
  [[nodiscard]] bool take_answer(Account& account, const Stanza& answer);
  // Its client has what waited: nothing more is said of that.
  void on_client_here(const Session& session);
  // The registration (of this node, or all of the service) has changed or is gone: what is under way no longer concerns it.
  void forget(const BareJid& owner, const Jid& service, const std::optional<std::string>& node);

 private:
  using Key = std::pair<Jid, std::string>;   // service and node
  struct Tracker {
    explicit Tracker(PushRegistration of) : registration(std::move(of)) {}
    PushRegistration registration;
    std::string outstanding;        // the id of the notification that has no answer yet; empty: none
    bool is_due = false;            // something came since
    std::uint64_t messages = 0;     // that wait, as far as it is known
    ArchiveId last = 0;             // of those that have an id
    StanzaPtr latest;
  };
  struct Waiting {
    ArchiveId id;
    StanzaPtr stanza;
  };
  struct Owner {
    std::vector<Waiting> waiting;   // not looked at yet
    bool is_looking = false;
    std::map<Key, std::shared_ptr<Tracker>> trackers;
  };
  using OwnerPtr = std::shared_ptr<Owner>;

  [[nodiscard]] OwnerPtr find(const BareJid& owner);   // null: nothing is known of it
  [[nodiscard]] OwnerPtr require(const BareJid& owner);
  void drop_if_unused(const BareJid& owner);
  static Task<void> look(std::shared_ptr<PushPublisher> self, Account::Pin account, OwnerPtr owner);
  static void note(Tracker& tracker, const std::vector<Waiting>& waiting);
  void publish(Home& home, const BareJid& owner, const std::shared_ptr<Tracker>& tracker);
  void no_answer(Home& home, const BareJid& owner, const Key& key, const std::string& id);
  static Task<void> disable(std::shared_ptr<PushPublisher> self, BareJid owner, PushRegistration registration);

  World& world_;
  PushConfig config_;
  std::mutex mutex_;                                   // of the map, not of what it holds
  std::map<std::string, OwnerPtr, std::less<>> owners_;   // those for whose clients something waits
};

}  // namespace aldis::ext
