// FailingStores: any Stores, of which the Nth call fails. A scenario is run with N = 0, 1, 2 … until a run in which no
// call failed: then every store call of it has failed once. All stores share one count, from any thread.
//   for (std::size_t n = 0;; ++n) { FailingStores stores(inner.stores(), {.nth = n}); ...; if (!stores.has_failed())
//   break; }
#pragma once
#include <atomic>
#include <limits>
#include <optional>
#include <utility>

#include "runtime/executor.h"
#include "storage/stores.h"

namespace aldis::testing_support {

class FailingStores {
 public:
  static constexpr std::size_t never = std::numeric_limits<std::size_t>::max();
  struct Plan {
    std::size_t nth = never;  // counted from 0
    ErrorKind kind = ErrorKind::unavailable;
    bool takes_effect = false;  // true: the call is made and its result replaced, as when an answer is lost on the way
    bool fails_ever_after = false;
    bool spares_nodes = false;  // calls to the PubSubStore neither count nor fail
  };

  FailingStores(Stores inner, Plan plan) : inner_(inner), plan_(plan) {}
  FailingStores(const FailingStores&) = delete;
  FailingStores& operator=(const FailingStores&) = delete;

  [[nodiscard]] Stores stores() {
    return Stores{images_, accounts_, rosters_, archive_, private_xml_, vcards_, blocks_, last_activity_, login_failures_,
                  notices_, settings_, sessions_, tokens_, push_, outbound_queue_, certificates_, rooms_, pubsub_};
  }
  [[nodiscard]] std::size_t calls() const { return calls_.load(); }
  // Summaries of archives come no sooner, as when the writes before them take long.
  void hold_summaries(Completion<bool> until) { until_ = std::move(until); }
  // The next removal of a room is done no sooner.
  void hold_removal(Completion<bool> until) { removal_until_ = std::move(until); }
  // The archive says at once that it takes no writes (ArchiveStore::refuses_writes).
  void refuse_writes(bool refuse) { refuses_writes_ = refuse; }
  // The archive says that its writes wait so long.
  void set_write_delay(std::chrono::milliseconds delay) { write_delay_ = delay; }
  [[nodiscard]] bool has_failed() const { return failures_.load() != 0; }
  // A new plan, counting from 0 again.
  void restart(Plan plan) {
    plan_ = plan;
    calls_ = 0;
    failures_ = 0;
  }

 private:
  // True when this call is one that fails.
  bool counts_as_failure() {
    const std::size_t call = calls_.fetch_add(1);
    const bool fails = call == plan_.nth || (plan_.fails_ever_after && call > plan_.nth);
    failures_ += fails ? 1U : 0U;
    return fails;
  }
  [[nodiscard]] Unexpected<Error> failure() const { return fail(plan_.kind, "made to fail by a test"); }

  template <class T>
  Task<Result<T>> guard(Task<Result<T>> call) {
    const bool fails = counts_as_failure();
    if (fails && !plan_.takes_effect) {
      co_return failure();
    }
    Result<T> result = co_await std::move(call);
    if (fails) {
      co_return failure();
    }
    co_return std::move(result);
  }

  template <class T>
  Task<Result<T>> guard_node(Task<Result<T>> call) {
    return plan_.spares_nodes ? std::move(call) : guard(std::move(call));
  }

  template <class T>
  Task<Result<T>> held(Task<Result<T>> call, std::optional<Completion<bool>>& over) {
    if (over) {
      const Completion<bool> until = *std::exchange(over, {});
      const bool is_over = co_await until;
      static_cast<void>(is_over);
    }
    co_return co_await std::move(call);
  }

  struct Images final : AccountImageStore {
    explicit Images(FailingStores& all) : f(all) {}
    FailingStores& f;
    Task<Result<AccountImage>> load(BareJid owner) override { return f.guard(f.inner_.images.load(std::move(owner))); }
  };
  struct Accounts final : AccountStore {
    explicit Accounts(FailingStores& all) : f(all) {}
    FailingStores& f;
    Task<Result<AccountRecord>> find(BareJid jid) override { return f.guard(f.inner_.accounts.find(std::move(jid))); }
    Task<Result<void>> create(AccountRecord record) override {
      return f.guard(f.inner_.accounts.create(std::move(record)));
    }
    Task<Result<void>> set_keys(BareJid jid, std::vector<ScramKeys> keys, WallTime when, std::size_t former) override {
      return f.guard(f.inner_.accounts.set_keys(std::move(jid), std::move(keys), when, former));
    }
    Task<Result<void>> set_must_change(BareJid jid) override { return f.guard(f.inner_.accounts.set_must_change(std::move(jid))); }
    Task<Result<std::vector<ScramKeys>>> former_keys(BareJid jid) override { return f.guard(f.inner_.accounts.former_keys(std::move(jid))); }
    Task<Result<void>> add_keys(BareJid jid, ScramKeys keys, WallTime changed) override {
      return f.guard(f.inner_.accounts.add_keys(std::move(jid), std::move(keys), changed));
    }
    Task<Result<void>> set_enabled(BareJid jid, bool is_enabled) override {
      return f.guard(f.inner_.accounts.set_enabled(std::move(jid), is_enabled));
    }
    Task<Result<void>> remove(BareJid jid) override { return f.guard(f.inner_.accounts.remove(std::move(jid))); }
    Task<Result<std::vector<AccountRecord>>> list(std::string domain, std::string after, std::size_t limit) override {
      return f.guard(f.inner_.accounts.list(std::move(domain), std::move(after), limit));
    }
  };
  struct Rosters final : RosterStore {
    explicit Rosters(FailingStores& all) : f(all) {}
    FailingStores& f;
    Task<Result<RosterData>> load(BareJid owner) override { return f.guard(f.inner_.rosters.load(std::move(owner))); }
    Task<Result<void>> put(BareJid owner, RosterItem item) override {
      return f.guard(f.inner_.rosters.put(std::move(owner), std::move(item)));
    }
    Task<Result<void>> remove(BareJid owner, BareJid contact, std::uint64_t version) override {
      return f.guard(f.inner_.rosters.remove(std::move(owner), std::move(contact), version));
    }
    Task<Result<void>> put_request(BareJid owner, SubscriptionRequest request) override {
      return f.guard(f.inner_.rosters.put_request(std::move(owner), std::move(request)));
    }
    Task<Result<void>> remove_request(BareJid owner, BareJid from) override {
      return f.guard(f.inner_.rosters.remove_request(std::move(owner), std::move(from)));
    }
  };
  struct Archive final : ArchiveStore {
    explicit Archive(FailingStores& all) : f(all) {}
    FailingStores& f;
    [[nodiscard]] std::optional<Error> refuses_writes() const override {
      return f.refuses_writes_ ? std::optional(f.failure().error)
                               : f.inner_.archive.refuses_writes();
    }
    [[nodiscard]] std::chrono::milliseconds write_delay() const override { return f.write_delay_.load(); }
    Task<Result<ArchiveId>> high_water() override { return f.guard(f.inner_.archive.high_water()); }
    Task<Result<void>> append(BareJid owner, ArchiveEntry entry) override {
      return f.guard(f.inner_.archive.append(std::move(owner), std::move(entry)));
    }
    Task<Result<ArchivePage>> find(BareJid owner, ArchiveQuery query) override {
      return f.guard(f.inner_.archive.find(std::move(owner), std::move(query)));
    }
    Task<Result<ArchiveSummary>> summary(BareJid owner) override {
      return f.held(f.guard(f.inner_.archive.summary(std::move(owner))), f.until_);
    }
    Task<Result<void>> replace(BareJid owner, ArchiveId id, StanzaPtr stanza) override {
      return f.guard(f.inner_.archive.replace(std::move(owner), id, std::move(stanza)));
    }
    Task<Result<void>> hold(BareJid owner, ArchiveEntry entry, PendingLimits limits) override {
      return f.guard(f.inner_.archive.hold(std::move(owner), std::move(entry), limits));
    }
    Task<Result<std::vector<ArchivedMessage>>> load_pending(BareJid owner, ArchiveId after, std::size_t limit,
                                                            std::size_t max_bytes) override {
      return f.guard(f.inner_.archive.load_pending(std::move(owner), after, limit, max_bytes));
    }
    Task<Result<void>> remove_pending(BareJid owner, std::vector<ArchiveId> ids) override {
      return f.guard(f.inner_.archive.remove_pending(std::move(owner), std::move(ids)));
    }
    Task<Result<ArchivePreferences>> load_preferences(BareJid owner) override {
      return f.guard(f.inner_.archive.load_preferences(std::move(owner)));
    }
    Task<Result<void>> store_preferences(BareJid owner, ArchivePreferences preferences) override {
      return f.guard(f.inner_.archive.store_preferences(std::move(owner), std::move(preferences)));
    }
    Task<Result<void>> set_retention(BareJid owner, std::optional<ArchiveRetention> limits) override {
      return f.guard(f.inner_.archive.set_retention(std::move(owner), limits));
    }
    Task<Result<TrimmedStep>> trim(TrimStep step) override { return f.guard(f.inner_.archive.trim(std::move(step))); }
  };
  struct PrivateXml final : PrivateXmlStore {
    explicit PrivateXml(FailingStores& all) : f(all) {}
    FailingStores& f;
    Task<Result<std::optional<std::string>>> load(BareJid owner, std::string ns, std::string local) override {
      return f.guard(f.inner_.private_xml.load(std::move(owner), std::move(ns), std::move(local)));
    }
    Task<Result<void>> store(BareJid owner, std::vector<Item> items, std::size_t max_bytes) override {
      return f.guard(f.inner_.private_xml.store(std::move(owner), std::move(items), max_bytes));
    }
  };
  struct VCards final : VCardStore {
    explicit VCards(FailingStores& all) : f(all) {}
    FailingStores& f;
    Task<Result<std::optional<std::string>>> load(BareJid owner) override {
      return f.guard(f.inner_.vcards.load(std::move(owner)));
    }
    Task<Result<void>> store(BareJid owner, std::string xml) override {
      return f.guard(f.inner_.vcards.store(std::move(owner), std::move(xml)));
    }
  };
  struct Blocks final : BlockStore {
    explicit Blocks(FailingStores& all) : f(all) {}
    FailingStores& f;
    Task<Result<std::vector<Jid>>> load(BareJid owner) override {
      return f.guard(f.inner_.blocks.load(std::move(owner)));
    }
    Task<Result<void>> add(BareJid owner, std::vector<Jid> jids) override {
      return f.guard(f.inner_.blocks.add(std::move(owner), std::move(jids)));
    }
    Task<Result<void>> remove(BareJid owner, std::vector<Jid> jids) override {
      return f.guard(f.inner_.blocks.remove(std::move(owner), std::move(jids)));
    }
  };
  struct LastActivities final : LastActivityStore {
    explicit LastActivities(FailingStores& all) : f(all) {}
    FailingStores& f;
    Task<Result<std::optional<LastActivity>>> load(BareJid owner) override {
      return f.guard(f.inner_.last_activity.load(std::move(owner)));
    }
    Task<Result<void>> store(BareJid owner, LastActivity activity) override {
      return f.guard(f.inner_.last_activity.store(std::move(owner), std::move(activity)));
    }
  };
  struct FailedLogins final : LoginFailureStore {
    explicit FailedLogins(FailingStores& all) : f(all) {}
    FailingStores& f;
    Task<Result<std::map<std::string, LoginFailures>>> load_all() override {
      return f.guard(f.inner_.login_failures.load_all());
    }
    Task<Result<void>> put(std::string key, LoginFailures failures) override {
      return f.guard(f.inner_.login_failures.put(std::move(key), failures));
    }
    Task<Result<void>> remove(std::string key) override {
      return f.guard(f.inner_.login_failures.remove(std::move(key)));
    }
  };
  struct Notices final : NoticeStore {
    explicit Notices(FailingStores& all) : f(all) {}
    FailingStores& f;
    Task<Result<std::optional<Notice>>> load(std::string domain, NoticeKind kind) override {
      return f.guard(f.inner_.notices.load(std::move(domain), kind));
    }
    Task<Result<Notice>> set(std::string domain, NoticeKind kind, std::string text) override {
      return f.guard(f.inner_.notices.set(std::move(domain), kind, std::move(text)));
    }
    Task<Result<void>> edit(std::string domain, NoticeKind kind, std::string text) override {
      return f.guard(f.inner_.notices.edit(std::move(domain), kind, std::move(text)));
    }
    Task<Result<void>> remove(std::string domain, NoticeKind kind) override {
      return f.guard(f.inner_.notices.remove(std::move(domain), kind));
    }
    Task<Result<std::vector<Notice>>> due(BareJid owner) override { return f.guard(f.inner_.notices.due(std::move(owner))); }
    Task<Result<void>> mark(std::vector<BareJid> owners, NoticeKind kind, std::uint64_t id) override {
      return f.guard(f.inner_.notices.mark(std::move(owners), kind, id));
    }
  };
  struct Settings final : SettingStore {
    explicit Settings(FailingStores& all) : f(all) {}
    FailingStores& f;
    Task<Result<std::optional<std::string>>> load(std::string key) override {
      return f.guard(f.inner_.settings.load(std::move(key)));
    }
    Task<Result<std::string>> load_or_store(std::string key, std::string value) override {
      return f.guard(f.inner_.settings.load_or_store(std::move(key), std::move(value)));
    }
  };
  struct Tokens final : TokenStore {
    explicit Tokens(FailingStores& all) : f(all) {}
    FailingStores& f;
    Task<Result<std::vector<ClientToken>>> load(BareJid owner, std::string client) override {
      return f.guard(f.inner_.tokens.load(std::move(owner), std::move(client)));
    }
    Task<Result<void>> issue(BareJid owner, ClientToken token, WallTime changed, std::size_t max_clients) override {
      return f.guard(f.inner_.tokens.issue(std::move(owner), std::move(token), changed, max_clients));
    }
    Task<Result<void>> use(BareJid owner, std::string client, std::string seed, std::optional<std::uint64_t> count,
                           WallTime when) override {
      return f.guard(f.inner_.tokens.use(std::move(owner), std::move(client), std::move(seed), count, when));
    }
    Task<Result<std::vector<std::string>>> forget(BareJid owner, std::string client) override {
      return f.guard(f.inner_.tokens.forget(std::move(owner), std::move(client)));
    }
  };
  struct Certificates final : CertificateStore {
    explicit Certificates(FailingStores& all) : f(all) {}
    FailingStores& f;
    Task<Result<std::vector<CertificateMapping>>> load(BareJid owner) override {
      return f.guard(f.inner_.certificates.load(std::move(owner)));
    }
    Task<Result<std::vector<BareJid>>> find(std::string domain, CertificateKey key, std::string value) override {
      return f.guard(f.inner_.certificates.find(std::move(domain), key, std::move(value)));
    }
    Task<Result<void>> add(BareJid owner, CertificateMapping mapping, std::size_t max) override {
      return f.guard(f.inner_.certificates.add(std::move(owner), std::move(mapping), max));
    }
    Task<Result<void>> remove(BareJid owner, CertificateKey key, std::string value) override {
      return f.guard(f.inner_.certificates.remove(std::move(owner), key, std::move(value)));
    }
  };
  struct Push final : PushStore {
    explicit Push(FailingStores& all) : f(all) {}
    FailingStores& f;
    Task<Result<std::vector<PushRegistration>>> load(BareJid owner) override { return f.guard(f.inner_.push.load(std::move(owner))); }
    Task<Result<void>> put(BareJid owner, PushRegistration registration, std::size_t max) override {
      return f.guard(f.inner_.push.put(std::move(owner), std::move(registration), max));
    }
    Task<Result<void>> remove(BareJid owner, Jid service, std::optional<std::string> node) override {
      return f.guard(f.inner_.push.remove(std::move(owner), std::move(service), std::move(node)));
    }
  };
  struct OutboundQueue final : OutboundQueueStore {
    explicit OutboundQueue(FailingStores& all) : f(all) {}
    FailingStores& f;
    Task<Result<void>> append(QueuePair pair, QueuedStanza stanza, QueueLimits limits) override {
      return f.guard(f.inner_.outbound_queue.append(std::move(pair), std::move(stanza), limits));
    }
    Task<Result<std::vector<QueuedStanza>>> load(QueuePair pair, std::uint64_t after, std::size_t limit, std::size_t max_bytes) override {
      return f.guard(f.inner_.outbound_queue.load(std::move(pair), after, limit, max_bytes));
    }
    Task<Result<void>> remove_up_to(QueuePair pair, std::uint64_t position) override {
      return f.guard(f.inner_.outbound_queue.remove_up_to(std::move(pair), position));
    }
    Task<Result<void>> remove(QueuePair pair, std::vector<std::uint64_t> positions) override {
      return f.guard(f.inner_.outbound_queue.remove(std::move(pair), std::move(positions)));
    }
    Task<Result<std::vector<QueueTotals>>> totals() override { return f.guard(f.inner_.outbound_queue.totals()); }
    Task<Result<std::vector<Expired>>> expired(WallTime before, std::size_t limit) override {
      return f.guard(f.inner_.outbound_queue.expired(before, limit));
    }
  };

  struct Rooms final : RoomStore {
    explicit Rooms(FailingStores& all) : f(all) {}
    FailingStores& f;
    Task<Result<std::optional<RoomImage>>> load(BareJid room) override { return f.guard(f.inner_.rooms.load(std::move(room))); }
    Task<Result<void>> create(RoomImage image) override { return f.guard(f.inner_.rooms.create(std::move(image))); }
    Task<Result<void>> save(RoomRecord record, std::vector<RoomAffiliation> changed) override {
      return f.guard(f.inner_.rooms.save(std::move(record), std::move(changed)));
    }
    Task<Result<void>> touch(BareJid room, WallTime last_active) override {
      return f.guard(f.inner_.rooms.touch(std::move(room), last_active));
    }
    Task<Result<void>> remove(BareJid room) override { return f.guard(f.held(f.inner_.rooms.remove(std::move(room)), f.removal_until_)); }
    Task<Result<RoomPage>> list(std::string domain, RoomPageRequest request) override {
      return f.guard(f.inner_.rooms.list(std::move(domain), std::move(request)));
    }
    Task<Result<std::uint64_t>> count(std::string domain, bool only_public) override {
      return f.guard(f.inner_.rooms.count(std::move(domain), only_public));
    }
    Task<Result<std::vector<BareJid>>> owned_by(std::string domain, BareJid owner, std::size_t limit) override {
      return f.guard(f.inner_.rooms.owned_by(std::move(domain), std::move(owner), limit));
    }
    Task<Result<std::vector<RoomSummary>>> idle_since(std::string domain, WallTime before, std::size_t limit) override {
      return f.guard(f.inner_.rooms.idle_since(std::move(domain), before, limit));
    }
    Task<Result<void>> save_occupants(BareJid room, std::vector<StoredOccupant> occupants) override {
      return f.guard(f.inner_.rooms.save_occupants(std::move(room), std::move(occupants)));
    }
    Task<Result<std::vector<StoredOccupant>>> take_occupants(BareJid room) override {
      return f.guard(f.inner_.rooms.take_occupants(std::move(room)));
    }
    Task<Result<std::vector<BareJid>>> rooms_with_occupants(std::string after, std::size_t limit) override {
      return f.guard(f.inner_.rooms.rooms_with_occupants(std::move(after), limit));
    }
  };

  struct PubSub final : PubSubStore {
    explicit PubSub(FailingStores& all) : f(all) {}
    FailingStores& f;
    Task<Result<std::optional<PubSubNodeImage>>> load(BareJid service, std::string node, WallTime now) override {
      return f.guard_node(f.inner_.pubsub.load(std::move(service), std::move(node), now));
    }
    Task<Result<void>> create(PubSubNodeImage image, NodeLimits limits) override {
      return f.guard_node(f.inner_.pubsub.create(std::move(image), limits));
    }
    Task<Result<void>> save(PubSubNodeRecord record, std::vector<PubSubAffiliation> affiliations,
                            std::vector<PubSubSubscription> subscriptions) override {
      return f.guard_node(f.inner_.pubsub.save(std::move(record), std::move(affiliations), std::move(subscriptions)));
    }
    Task<Result<void>> save_subscriptions(BareJid service, std::string node, std::vector<PubSubSubscription> subscriptions) override {
      return f.guard_node(f.inner_.pubsub.save_subscriptions(std::move(service), std::move(node), std::move(subscriptions)));
    }
    Task<Result<void>> remove(BareJid service, std::string node) override {
      return f.guard_node(f.inner_.pubsub.remove(std::move(service), std::move(node)));
    }
    Task<Result<void>> remove_service(BareJid service) override { return f.guard_node(f.inner_.pubsub.remove_service(std::move(service))); }
    Task<Result<std::vector<std::string>>> publish(BareJid service, std::string node, std::vector<PubSubItem> items, ItemLimits limits,
                                                   WallTime now) override {
      return f.guard_node(f.inner_.pubsub.publish(std::move(service), std::move(node), std::move(items), limits, now));
    }
    Task<Result<std::vector<std::vector<std::string>>>> change_items(BareJid service, std::vector<ItemsChange> changes, std::uint64_t bytes,
                                                                     WallTime now) override {
      return f.guard_node(f.inner_.pubsub.change_items(std::move(service), std::move(changes), bytes, now));
    }
    Task<Result<std::vector<std::string>>> retract(BareJid service, std::string node, std::vector<std::string> ids) override {
      return f.guard_node(f.inner_.pubsub.retract(std::move(service), std::move(node), std::move(ids)));
    }
    Task<Result<void>> purge(BareJid service, std::string node) override {
      return f.guard_node(f.inner_.pubsub.purge(std::move(service), std::move(node)));
    }
    Task<Result<std::vector<std::string>>> trim(BareJid service, std::string node, std::uint64_t items) override {
      return f.guard_node(f.inner_.pubsub.trim(std::move(service), std::move(node), items));
    }
    Task<Result<PubSubItemPage>> items(BareJid service, std::string node, PubSubItemRequest request) override {
      return f.guard_node(f.inner_.pubsub.items(std::move(service), std::move(node), std::move(request)));
    }
    Task<Result<std::vector<LastItem>>> last_items(BareJid service, std::vector<std::string> nodes, WallTime now) override {
      return f.guard_node(f.inner_.pubsub.last_items(std::move(service), std::move(nodes), now));
    }
    Task<Result<std::uint64_t>> expire(WallTime now, std::size_t limit) override { return f.guard_node(f.inner_.pubsub.expire(now, limit)); }
    Task<Result<std::uint64_t>> expire_subscriptions(WallTime now, std::size_t limit) override {
      return f.guard_node(f.inner_.pubsub.expire_subscriptions(now, limit));
    }
    Task<Result<PubSubNodePage>> list(BareJid service, PubSubNodePageRequest request) override {
      return f.guard_node(f.inner_.pubsub.list(std::move(service), std::move(request)));
    }
    Task<Result<std::uint64_t>> count(BareJid service, std::optional<std::string> parent) override {
      return f.guard_node(f.inner_.pubsub.count(std::move(service), std::move(parent)));
    }
    Task<Result<std::vector<PubSubNodeAffiliation>>> affiliations_of(BareJid service, BareJid jid) override {
      return f.guard_node(f.inner_.pubsub.affiliations_of(std::move(service), std::move(jid)));
    }
    Task<Result<std::vector<PubSubNodeSubscription>>> subscriptions_of(BareJid service, BareJid jid) override {
      return f.guard_node(f.inner_.pubsub.subscriptions_of(std::move(service), std::move(jid)));
    }
    Task<Result<std::vector<std::string>>> shown_to(BareJid service, BareJid jid) override {
      return f.guard_node(f.inner_.pubsub.shown_to(std::move(service), std::move(jid)));
    }
    Task<Result<std::vector<std::string>>> subscribed_by(BareJid service, Jid subscriber) override {
      return f.guard_node(f.inner_.pubsub.subscribed_by(std::move(service), std::move(subscriber)));
    }
    Task<Result<PubSubUsage>> usage(BareJid service) override { return f.guard_node(f.inner_.pubsub.usage(std::move(service))); }
  };

  struct Sessions final : SessionStore {
    explicit Sessions(FailingStores& all) : f(all) {}
    FailingStores& f;
    Task<Result<void>> save(std::vector<SuspendedSession> sessions) override {
      return f.guard(f.inner_.sessions.save(std::move(sessions)));
    }
    Task<Result<void>> set_handled(std::vector<Handled> sessions) override {
      return f.guard(f.inner_.sessions.set_handled(std::move(sessions)));
    }
    Task<Result<std::vector<SuspendedSession>>> take(std::size_t limit) override {
      return f.guard(f.inner_.sessions.take(limit));
    }
  };

  Stores inner_;
  Plan plan_;
  std::atomic<bool> refuses_writes_{false};
  std::atomic<std::chrono::milliseconds> write_delay_{};
  std::optional<Completion<bool>> until_;
  std::optional<Completion<bool>> removal_until_;
  std::atomic<std::size_t> calls_{0};
  std::atomic<std::size_t> failures_{0};
  Images images_{*this};
  Accounts accounts_{*this};
  Rosters rosters_{*this};
  Archive archive_{*this};
  PrivateXml private_xml_{*this};
  VCards vcards_{*this};
  Blocks blocks_{*this};
  LastActivities last_activity_{*this};
  FailedLogins login_failures_{*this};
  Notices notices_{*this};
  Settings settings_{*this};
  Sessions sessions_{*this};
  Tokens tokens_{*this};
  Push push_{*this};
  OutboundQueue outbound_queue_{*this};
  Certificates certificates_{*this};
  Rooms rooms_{*this};
  PubSub pubsub_{*this};
};

}  // namespace aldis::testing_support
