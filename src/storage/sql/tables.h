// The stores over a Database, one class per interface. Each method is one write or one read of its owner; the statements
// stand where they are used.
#pragma once
#include <atomic>
#include <span>

#include "storage/sql/archive_appends.h"
#include "storage/sql/archive_words.h"
#include "storage/sql/database.h"
#include "storage/stores.h"

namespace aldis::sql {

// What every store here has.
class OnDatabase {
 public:
  explicit OnDatabase(Database& database) : database_(database) {}

 protected:
  Database& database_;
};

// Statements that delete an owner's rows ($1), one for each table that has owners.
[[nodiscard]] std::span<const Statement> purge_statements();

[[nodiscard]] inline std::int64_t as_ms(WallTime time) { return time.time_since_epoch().count(); }
[[nodiscard]] inline WallTime as_time(std::int64_t ms) { return WallTime(std::chrono::milliseconds(ms)); }
[[nodiscard]] inline Unexpected<Error> unreadable(std::string_view what, std::string_view owner) {
  return fail(ErrorKind::corrupt, "database: " + std::string(what) + " of " + std::string(owner) + " cannot be read");
}

// Parts of an account, for the stores that read them alone and the one that reads all of them at once.
[[nodiscard]] Result<RosterData> read_roster(Transaction& transaction, const BareJid& owner);
[[nodiscard]] Result<std::vector<Jid>> read_blocks(Transaction& transaction, const BareJid& owner);
[[nodiscard]] Result<ArchivePreferences> read_archive_preferences(Transaction& transaction, const BareJid& owner);

class SqlAccountImages final : public AccountImageStore, OnDatabase {
 public:
  using OnDatabase::OnDatabase;
  Task<Result<AccountImage>> load(BareJid owner) override;
};

class SqlAccounts final : public AccountStore, OnDatabase {
 public:
  using OnDatabase::OnDatabase;
  Task<Result<AccountRecord>> find(BareJid jid) override;
  Task<Result<void>> create(AccountRecord record) override;
  Task<Result<void>> set_keys(BareJid jid, std::vector<ScramKeys> keys, WallTime when, std::size_t former) override;
  Task<Result<std::vector<ScramKeys>>> former_keys(BareJid jid) override;
  Task<Result<void>> add_keys(BareJid jid, ScramKeys keys, WallTime credentials_changed) override;
  Task<Result<void>> set_enabled(BareJid jid, bool is_enabled) override;
  Task<Result<void>> set_must_change(BareJid jid) override;
  Task<Result<void>> remove(BareJid jid) override;
  Task<Result<std::vector<AccountRecord>>> list(std::string domain, std::string after, std::size_t limit) override;
};

class SqlRosters final : public RosterStore, OnDatabase {
 public:
  using OnDatabase::OnDatabase;
  Task<Result<RosterData>> load(BareJid owner) override;
  Task<Result<void>> put(BareJid owner, RosterItem item) override;
  Task<Result<void>> remove(BareJid owner, BareJid contact, std::uint64_t version) override;
  Task<Result<void>> put_request(BareJid owner, SubscriptionRequest request) override;
  Task<Result<void>> remove_request(BareJid owner, BareJid from) override;
};

// The rows of an archive as statements of one write see them.
struct ArchiveRow {
  std::int64_t archive = 0;
  std::int64_t pending = 0;
  std::int64_t pending_bytes = 0;
};

class SqlArchive final : public ArchiveStore, public TransactionEnd, OnDatabase {
 public:
  explicit SqlArchive(Database& database) : OnDatabase(database) { database.at_each_transaction(*this); }
  [[nodiscard]] std::optional<Error> refuses_writes() const override { return database_.write_trouble(); }
  [[nodiscard]] std::chrono::milliseconds write_delay() const override { return database_.write_delay(); }
  Task<Result<ArchiveId>> high_water() override;
  Task<Result<void>> append(BareJid owner, ArchiveEntry entry) override;
  Task<Result<ArchivePage>> find(BareJid owner, ArchiveQuery query) override;
  Task<Result<ArchiveSummary>> summary(BareJid owner) override;
  Task<Result<void>> replace(BareJid owner, ArchiveId id, StanzaPtr stanza) override;
  Task<Result<void>> hold(BareJid owner, ArchiveEntry entry, PendingLimits limits) override;
  Task<Result<std::vector<ArchivedMessage>>> load_pending(BareJid owner, ArchiveId after, std::size_t limit,
                                                          std::size_t max_bytes) override;
  Task<Result<void>> remove_pending(BareJid owner, std::vector<ArchiveId> ids) override;
  Task<Result<ArchivePreferences>> load_preferences(BareJid owner) override;
  Task<Result<void>> store_preferences(BareJid owner, ArchivePreferences preferences) override;
  Task<Result<void>> set_retention(BareJid owner, std::optional<ArchiveRetention> limits) override;
  Task<Result<TrimmedStep>> trim(TrimStep step) override;

  void at_begin() override;
  void settle(Transaction& transaction) override;
  void at_end(Transaction& transaction) override { words_.write(transaction); }
  void at_write_undone() override { at_undone(); }
  void at_undone() override;

 private:
  // On the writer's thread.
  void note_id(Transaction& transaction, ArchiveId id);
  std::size_t remove_oldest(Transaction& transaction, std::int64_t archive, ArchiveId before, std::int64_t surplus, std::size_t most);
  void remove_words(Transaction& transaction, std::int64_t archive, std::int64_t number, std::int64_t contact, std::string text);
  std::size_t remove_leftovers(Transaction& transaction, std::size_t most);

  // All the writer thread's; const works change them, as they change the tables.
  ArchiveWords words_;
  ArchiveAppends appends_;
  ArchiveId newest_id_ = 0;    // of what appends_ has gathered
  ArchiveId noted_id_ = 0;     // the high-water mark as last written; 0: not known to be on disk
};

class SqlPrivateXml final : public PrivateXmlStore, OnDatabase {
 public:
  using OnDatabase::OnDatabase;
  Task<Result<std::optional<std::string>>> load(BareJid owner, std::string ns, std::string local) override;
  Task<Result<void>> store(BareJid owner, std::vector<Item> items, std::size_t max_bytes) override;
};

class SqlVCards final : public VCardStore, OnDatabase {
 public:
  using OnDatabase::OnDatabase;
  Task<Result<std::optional<std::string>>> load(BareJid owner) override;
  Task<Result<void>> store(BareJid owner, std::string xml) override;
};

class SqlBlocks final : public BlockStore, OnDatabase {
 public:
  using OnDatabase::OnDatabase;
  Task<Result<std::vector<Jid>>> load(BareJid owner) override;
  Task<Result<void>> add(BareJid owner, std::vector<Jid> jids) override;
  Task<Result<void>> remove(BareJid owner, std::vector<Jid> jids) override;
};

class SqlLastActivity final : public LastActivityStore, OnDatabase {
 public:
  using OnDatabase::OnDatabase;
  Task<Result<std::optional<LastActivity>>> load(BareJid owner) override;
  Task<Result<void>> store(BareJid owner, LastActivity activity) override;
};

class SqlTokens final : public TokenStore, OnDatabase {
 public:
  using OnDatabase::OnDatabase;
  Task<Result<std::vector<ClientToken>>> load(BareJid owner, std::string client) override;
  Task<Result<void>> issue(BareJid owner, ClientToken token, WallTime credentials_changed, std::size_t max_clients) override;
  Task<Result<void>> use(BareJid owner, std::string client, std::string seed, std::optional<std::uint64_t> count,
                         WallTime when) override;
  Task<Result<std::vector<std::string>>> forget(BareJid owner, std::string client) override;
};

class SqlPush final : public PushStore, OnDatabase {
 public:
  using OnDatabase::OnDatabase;
  Task<Result<std::vector<PushRegistration>>> load(BareJid owner) override;
  Task<Result<void>> put(BareJid owner, PushRegistration registration, std::size_t max) override;
  Task<Result<void>> remove(BareJid owner, Jid service, std::optional<std::string> node) override;
};

class SqlOutboundQueue final : public OutboundQueueStore, OnDatabase {
 public:
  using OnDatabase::OnDatabase;
  Task<Result<void>> append(QueuePair pair, QueuedStanza stanza, QueueLimits limits) override;
  Task<Result<std::vector<QueuedStanza>>> load(QueuePair pair, std::uint64_t after, std::size_t limit, std::size_t max_bytes) override;
  Task<Result<void>> remove_up_to(QueuePair pair, std::uint64_t position) override;
  Task<Result<void>> remove(QueuePair pair, std::vector<std::uint64_t> positions) override;
  Task<Result<std::vector<QueueTotals>>> totals() override;
  Task<Result<std::vector<Expired>>> expired(WallTime before, std::size_t limit) override;
};

class SqlCertificates final : public CertificateStore, OnDatabase {
 public:
  using OnDatabase::OnDatabase;
  Task<Result<std::vector<CertificateMapping>>> load(BareJid owner) override;
  Task<Result<std::vector<BareJid>>> find(std::string domain, CertificateKey key, std::string value) override;
  Task<Result<void>> add(BareJid owner, CertificateMapping mapping, std::size_t max) override;
  Task<Result<void>> remove(BareJid owner, CertificateKey key, std::string value) override;
};

class SqlRooms final : public RoomStore, OnDatabase {
 public:
  using OnDatabase::OnDatabase;
  Task<Result<std::optional<RoomImage>>> load(BareJid room) override;
  Task<Result<void>> create(RoomImage image) override;
  Task<Result<void>> save(RoomRecord record, std::vector<RoomAffiliation> changed) override;
  Task<Result<void>> touch(BareJid room, WallTime last_active) override;
  Task<Result<void>> remove(BareJid room) override;
  Task<Result<RoomPage>> list(std::string domain, RoomPageRequest request) override;
  Task<Result<std::uint64_t>> count(std::string domain, bool only_public) override;
  Task<Result<std::vector<BareJid>>> owned_by(std::string domain, BareJid owner, std::size_t limit) override;
  Task<Result<std::vector<RoomSummary>>> idle_since(std::string domain, WallTime before, std::size_t limit) override;
  Task<Result<void>> save_occupants(BareJid room, std::vector<StoredOccupant> occupants) override;
  Task<Result<std::vector<StoredOccupant>>> take_occupants(BareJid room) override;
  Task<Result<std::vector<BareJid>>> rooms_with_occupants(std::string after, std::size_t limit) override;
};

// Nodes are in sql/pubsub.cpp, their items in sql/pubsub_items.cpp, what goes over nodes in sql/pubsub_lists.cpp.
class SqlPubSub final : public PubSubStore, OnDatabase {
 public:
  using OnDatabase::OnDatabase;
  Task<Result<std::optional<PubSubNodeImage>>> load(BareJid service, std::string node, WallTime now) override;
  Task<Result<void>> create(PubSubNodeImage image, NodeLimits limits) override;
  Task<Result<void>> save(PubSubNodeRecord record, std::vector<PubSubAffiliation> affiliations,
                          std::vector<PubSubSubscription> subscriptions) override;
  Task<Result<void>> save_subscriptions(BareJid service, std::string node, std::vector<PubSubSubscription> subscriptions) override;
  Task<Result<void>> remove(BareJid service, std::string node) override;
  Task<Result<void>> remove_service(BareJid service) override;
  Task<Result<std::vector<std::string>>> publish(BareJid service, std::string node, std::vector<PubSubItem> items, ItemLimits limits,
                                                 WallTime now) override;
  Task<Result<std::vector<std::vector<std::string>>>> change_items(BareJid service, std::vector<ItemsChange> changes, std::uint64_t bytes,
                                                                   WallTime now) override;
  Task<Result<std::vector<std::string>>> retract(BareJid service, std::string node, std::vector<std::string> ids) override;
  Task<Result<void>> purge(BareJid service, std::string node) override;
  Task<Result<std::vector<std::string>>> trim(BareJid service, std::string node, std::uint64_t items) override;
  Task<Result<PubSubItemPage>> items(BareJid service, std::string node, PubSubItemRequest request) override;
  Task<Result<std::vector<LastItem>>> last_items(BareJid service, std::vector<std::string> nodes, WallTime now) override;
  Task<Result<std::uint64_t>> expire(WallTime now, std::size_t limit) override;
  Task<Result<std::uint64_t>> expire_subscriptions(WallTime now, std::size_t limit) override;
  Task<Result<PubSubNodePage>> list(BareJid service, PubSubNodePageRequest request) override;
  Task<Result<std::uint64_t>> count(BareJid service, std::optional<std::string> parent) override;
  Task<Result<std::vector<PubSubNodeAffiliation>>> affiliations_of(BareJid service, BareJid jid) override;
  Task<Result<std::vector<PubSubNodeSubscription>>> subscriptions_of(BareJid service, BareJid jid) override;
  Task<Result<std::vector<std::string>>> shown_to(BareJid service, BareJid jid) override;
  Task<Result<std::vector<std::string>>> subscribed_by(BareJid service, Jid subscriber) override;
  Task<Result<PubSubUsage>> usage(BareJid service) override;
};

class SqlLoginFailures final : public LoginFailureStore, OnDatabase {
 public:
  using OnDatabase::OnDatabase;
  Task<Result<std::map<std::string, LoginFailures>>> load_all() override;
  Task<Result<void>> put(std::string key, LoginFailures failures) override;
  Task<Result<void>> remove(std::string key) override;
};

class SqlNotices final : public NoticeStore, OnDatabase {
 public:
  using OnDatabase::OnDatabase;
  Task<Result<std::optional<Notice>>> load(std::string domain, NoticeKind kind) override;
  Task<Result<Notice>> set(std::string domain, NoticeKind kind, std::string text) override;
  Task<Result<void>> edit(std::string domain, NoticeKind kind, std::string text) override;
  Task<Result<void>> remove(std::string domain, NoticeKind kind) override;
  Task<Result<std::vector<Notice>>> due(BareJid owner) override;
  Task<Result<void>> mark(std::vector<BareJid> owners, NoticeKind kind, std::uint64_t id) override;

 private:
  // Whether a notice stands anywhere. Once set() was asked for, one may: no answer to due() is older than that.
  enum class Standing : std::uint8_t { unknown, none, some };
  std::atomic<Standing> standing_{Standing::unknown};
};

class SqlSettings final : public SettingStore, OnDatabase {
 public:
  using OnDatabase::OnDatabase;
  Task<Result<std::optional<std::string>>> load(std::string key) override;
  Task<Result<std::string>> load_or_store(std::string key, std::string value) override;
};

class SqlSessions final : public SessionStore, OnDatabase {
 public:
  using OnDatabase::OnDatabase;
  Task<Result<void>> save(std::vector<SuspendedSession> sessions) override;
  Task<Result<void>> set_handled(std::vector<Handled> sessions) override;
  Task<Result<std::vector<SuspendedSession>>> take(std::size_t limit) override;
};

}  // namespace aldis::sql
