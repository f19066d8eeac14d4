// The stores in memory: one mutex, ordered maps keyed by the owner's address. Each method waits its turn, then locks, and
// never holds the lock over a wait.
#include "storage/memory/memory_stores.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <set>

#include "storage/memory/memory_archives.h"
#include "storage/memory/memory_outbound_queue.h"
#include "storage/memory/memory_pubsub.h"
#include "storage/memory/memory_rooms.h"

namespace aldis {
namespace {

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

// What every store in memory has.
class OnShelves {
 public:
  OnShelves(Shelves& shelves, MemoryStores::Answers answers)
      : shelves_(shelves), is_later_(answers == MemoryStores::Answers::later) {}

 protected:
  [[nodiscard]] Turn turn() const { return Turn{is_later_}; }
  [[nodiscard]] std::unique_lock<std::mutex> lock() const { return std::unique_lock(shelves_.mutex); }
  Shelves& shelves_;

 private:
  bool is_later_;
};

template <class T>
std::optional<T> find_in(const ByOwner<T>& table, const BareJid& owner) {
  const auto at = table.find(owner.str());
  return at == table.end() ? std::nullopt : std::optional<T>(at->second);
}

class Accounts final : public AccountStore, OnShelves {
 public:
  using OnShelves::OnShelves;

  Task<Result<AccountRecord>> find(BareJid jid) override {
    co_await turn();
    const auto held = lock();
    const auto at = shelves_.accounts.find(jid.str());
    if (at == shelves_.accounts.end()) {
      co_return no_account(jid);
    }
    co_return at->second;
  }
  Task<Result<void>> create(AccountRecord record) override {
    co_await turn();
    const auto held = lock();
    if (shelves_.accounts.contains(record.jid.str())) {
      co_return fail(ErrorKind::already_exists, "account " + record.jid.str());
    }
    const std::string owner = record.jid.str();
    shelves_.purge(owner);
    shelves_.accounts.emplace(owner, std::move(record));
    co_return Result<void>{};
  }
  Task<Result<void>> set_keys(BareJid jid, std::vector<ScramKeys> keys, WallTime when, std::size_t former) override {
    co_await turn();
    const auto held = lock();
    const auto at = shelves_.accounts.find(jid.str());
    if (at == shelves_.accounts.end()) {
      co_return no_account(jid);
    }
    auto& before = shelves_.former_keys[jid.str()];
    if (!at->second.keys.empty()) {
      before.insert(before.begin(), at->second.keys.front());
    }
    before.resize(std::min(before.size(), former));
    at->second.keys = std::move(keys);
    at->second.credentials_changed = when;
    at->second.must_change = false;
    shelves_.tokens.erase(jid.str());
    co_return Result<void>{};
  }
  Task<Result<void>> add_keys(BareJid jid, ScramKeys keys, WallTime credentials_changed) override {
    co_await turn();
    const auto held = lock();
    const auto at = shelves_.accounts.find(jid.str());
    if (at == shelves_.accounts.end()) {
      co_return no_account(jid);
    }
    auto& present = at->second.keys;
    const auto same = std::ranges::find(present, keys.hash, &ScramKeys::hash);
    if (at->second.credentials_changed != credentials_changed || (same != present.end() && same->iterations >= keys.iterations)) {
      co_return fail(ErrorKind::denied, "the credentials of " + jid.str() + " have changed");
    }
    if (same != present.end()) {
      *same = std::move(keys);
    } else {
      present.push_back(std::move(keys));
    }
    co_return Result<void>{};
  }
  Task<Result<std::vector<ScramKeys>>> former_keys(BareJid jid) override {
    co_await turn();
    const auto held = lock();
    co_return find_in(shelves_.former_keys, jid).value_or(std::vector<ScramKeys>());
  }
  Task<Result<void>> set_must_change(BareJid jid) override {
    co_await turn();
    const auto held = lock();
    const auto at = shelves_.accounts.find(jid.str());
    if (at == shelves_.accounts.end()) {
      co_return no_account(jid);
    }
    at->second.must_change = true;
    shelves_.tokens.erase(jid.str());
    co_return Result<void>{};
  }
  Task<Result<void>> set_enabled(BareJid jid, bool is_enabled) override {
    co_await turn();
    const auto held = lock();
    const auto at = shelves_.accounts.find(jid.str());
    if (at == shelves_.accounts.end()) {
      co_return no_account(jid);
    }
    at->second.is_enabled = is_enabled;
    if (!is_enabled) {
      shelves_.tokens.erase(jid.str());
    }
    co_return Result<void>{};
  }
  Task<Result<void>> remove(BareJid jid) override {
    co_await turn();
    const auto held = lock();
    if (!shelves_.accounts.contains(jid.str())) {
      co_return no_account(jid);
    }
    shelves_.purge(jid.str());
    co_return Result<void>{};
  }
  Task<Result<std::vector<AccountRecord>>> list(std::string domain, std::string after, std::size_t limit) override {
    co_await turn();
    const auto held = lock();
    std::vector<AccountRecord> found;
    for (auto at = shelves_.accounts.upper_bound(after); at != shelves_.accounts.end() && found.size() < limit; ++at) {
      if (at->second.jid.domain() == domain) {
        found.push_back(at->second);
      }
    }
    co_return found;
  }

 private:
  static Unexpected<Error> no_account(const BareJid& jid) { return fail(ErrorKind::not_found, "account " + jid.str()); }
};

// Parts of an account, under the lock: for the stores that give them alone and the one that gives all of them at once.
RosterData roster_of(const Shelves& shelves, const BareJid& owner) {
  RosterData data;
  const auto at = shelves.rosters.find(owner.str());
  if (at != shelves.rosters.end()) {
    const Roster& roster = at->second;
    data.version = roster.version;
    data.removals_complete_since = roster.removals_complete_since;
    for (const auto& [contact, item] : roster.items) {
      data.items.push_back(item);
    }
    data.requests = roster.requests;
    data.removals = roster.removals;
  }
  return data;
}

std::vector<Jid> blocks_of(const Shelves& shelves, const BareJid& owner) {
  const auto at = shelves.blocks.find(owner.str());
  return at == shelves.blocks.end() ? std::vector<Jid>{} : std::vector<Jid>(at->second.begin(), at->second.end());
}

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

class Rosters final : public RosterStore, OnShelves {
 public:
  using OnShelves::OnShelves;

  Task<Result<RosterData>> load(BareJid owner) override {
    co_await turn();
    const auto held = lock();
    co_return roster_of(shelves_, owner);
  }
  Task<Result<void>> put(BareJid owner, RosterItem item) override {
    co_await turn();
    const auto held = lock();
    Roster& roster = shelves_.rosters[owner.str()];
    roster.version = item.version;
    std::erase_if(roster.removals, [&](const auto& removal) { return removal.jid == item.jid; });
    const BareJid contact = item.jid;
    roster.items.insert_or_assign(contact, std::move(item));
    co_return Result<void>{};
  }
  Task<Result<void>> remove(BareJid owner, BareJid contact, std::uint64_t version) override {
    co_await turn();
    const auto held = lock();
    Roster& roster = shelves_.rosters[owner.str()];
    roster.version = version;
    roster.items.erase(contact);
    std::erase_if(roster.removals, [&](const auto& removal) { return removal.jid == contact; });
    roster.removals.push_back({contact, version});
    if (roster.removals.size() > RosterData::max_removals) {
      roster.removals_complete_since = roster.removals.front().version;
      roster.removals.erase(roster.removals.begin());
    }
    co_return Result<void>{};
  }
  Task<Result<void>> put_request(BareJid owner, SubscriptionRequest request) override {
    co_await turn();
    const auto held = lock();
    auto& requests = shelves_.rosters[owner.str()].requests;
    const auto at = std::ranges::find(requests, request.from, &SubscriptionRequest::from);
    if (at == requests.end()) {
      requests.push_back(std::move(request));
    } else {
      *at = std::move(request);
    }
    co_return Result<void>{};
  }
  Task<Result<void>> remove_request(BareJid owner, BareJid from) override {
    co_await turn();
    const auto held = lock();
    std::erase_if(shelves_.rosters[owner.str()].requests, [&](const auto& request) { return request.from == from; });
    co_return Result<void>{};
  }
};

class Archive final : public ArchiveStore, OnShelves {
 public:
  using OnShelves::OnShelves;

  [[nodiscard]] std::optional<Error> refuses_writes() const override { return std::nullopt; }
  [[nodiscard]] std::chrono::milliseconds write_delay() const override { return {}; }
  Task<Result<ArchiveId>> high_water() override {
    co_await turn();
    const auto held = lock();
    co_return shelves_.archives.last_id();
  }
  Task<Result<void>> append(BareJid owner, ArchiveEntry entry) override {
    co_await turn();
    const auto held = lock();
    co_return shelves_.archives.append(owner, std::move(entry));
  }
  Task<Result<ArchivePage>> find(BareJid owner, ArchiveQuery query) override {
    co_await turn();
    const auto held = lock();
    co_return shelves_.archives.find(owner, query);
  }
  Task<Result<ArchiveSummary>> summary(BareJid owner) override {
    co_await turn();
    const auto held = lock();
    co_return shelves_.archives.summary(owner);
  }
  Task<Result<void>> replace(BareJid owner, ArchiveId id, StanzaPtr stanza) override {
    co_await turn();
    const auto held = lock();
    co_return shelves_.archives.replace(owner, id, std::move(stanza));
  }
  Task<Result<void>> hold(BareJid owner, ArchiveEntry entry, PendingLimits limits) override {
    co_await turn();
    const auto held = lock();
    co_return shelves_.archives.hold(owner, entry, limits);
  }
  Task<Result<std::vector<ArchivedMessage>>> load_pending(BareJid owner, ArchiveId after, std::size_t limit,
                                                          std::size_t max_bytes) override {
    co_await turn();
    const auto held = lock();
    co_return shelves_.archives.load_pending(owner, after, limit, max_bytes);
  }
  Task<Result<void>> remove_pending(BareJid owner, std::vector<ArchiveId> ids) override {
    co_await turn();
    const auto held = lock();
    shelves_.archives.remove_pending(owner, ids);
    co_return Result<void>{};
  }
  Task<Result<ArchivePreferences>> load_preferences(BareJid owner) override {
    co_await turn();
    const auto held = lock();
    co_return shelves_.archives.of(owner).preferences;
  }
  Task<Result<void>> store_preferences(BareJid owner, ArchivePreferences preferences) override {
    co_await turn();
    const auto held = lock();
    std::ranges::sort(preferences.always);
    std::ranges::sort(preferences.never);
    shelves_.archives.of(owner).preferences = std::move(preferences);
    co_return Result<void>{};
  }
  Task<Result<void>> set_retention(BareJid owner, std::optional<ArchiveRetention> limits) override {
    co_await turn();
    const auto held = lock();
    shelves_.archives.of(owner).retention = limits;
    co_return Result<void>{};
  }
  Task<Result<TrimmedStep>> trim(TrimStep step) override {
    co_await turn();
    const auto held = lock();
    co_return shelves_.archives.trim(step);
  }
};

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

class Tokens final : public TokenStore, OnShelves {
 public:
  using OnShelves::OnShelves;

  Task<Result<std::vector<ClientToken>>> load(BareJid owner, std::string client) override {
    co_await turn();
    const auto held = lock();
    std::vector<ClientToken> found;
    for (const ClientToken& token : shelves_.tokens[owner.str()]) {
      if (client.empty() || token.client == client) {
        found.push_back(token);
      }
    }
    co_return found;
  }
  Task<Result<void>> issue(BareJid owner, ClientToken token, WallTime credentials_changed, std::size_t max_clients) override {
    co_await turn();
    const auto held = lock();
    const auto account = shelves_.accounts.find(owner.str());
    if (account == shelves_.accounts.end() || !account->second.is_enabled ||
        account->second.credentials_changed != credentials_changed) {
      co_return fail(ErrorKind::denied, "the credentials of " + owner.str() + " have changed");
    }
    auto& tokens = shelves_.tokens[owner.str()];
    std::erase_if(tokens, [&](const ClientToken& t) {
      return t.expires <= token.issued || (t.client == token.client && !t.is_current);
    });
    std::map<std::string, WallTime> seen;
    for (const ClientToken& t : tokens) {
      if (t.client != token.client) {
        seen[t.client] = std::max({seen[t.client], t.used, t.issued});
      }
    }
    while (seen.size() >= std::max<std::size_t>(max_clients, 1)) {
      auto oldest = seen.begin();  // of equals the last in order
      for (auto at = seen.begin(); at != seen.end(); ++at) {
        oldest = at->second <= oldest->second ? at : oldest;
      }
      std::erase_if(tokens, [&](const ClientToken& t) { return t.client == oldest->first; });
      seen.erase(oldest);
    }
    token.is_current = false;
    token.used = {};
    token.count = 0;
    tokens.push_back(std::move(token));
    sort(tokens);
    co_return Result<void>{};
  }
  Task<Result<void>> use(BareJid owner, std::string client, std::string seed, std::optional<std::uint64_t> count,
                         WallTime when) override {
    co_await turn();
    const auto held = lock();
    auto& tokens = shelves_.tokens[owner.str()];
    const auto at = std::ranges::find_if(tokens, [&](const ClientToken& t) { return t.client == client && t.seed == seed; });
    if (at == tokens.end()) {
      co_return fail(ErrorKind::not_found, "a token of " + owner.str());
    }
    if (count && *count <= at->count) {
      co_return fail(ErrorKind::denied, "a count that has been seen with this token");
    }
    ClientToken used = *at;
    std::erase_if(tokens, [&](const ClientToken& t) {
      return t.client == client && (t.seed == seed || !used.is_current || t.expires < used.expires);
    });
    used.is_current = true;
    used.used = when;
    used.count = count.value_or(used.count);
    tokens.push_back(std::move(used));
    sort(tokens);
    co_return Result<void>{};
  }
  Task<Result<std::vector<std::string>>> forget(BareJid owner, std::string client) override {
    co_await turn();
    const auto held = lock();
    std::set<std::string> clients;
    std::erase_if(shelves_.tokens[owner.str()], [&](const ClientToken& t) {
      const bool goes = client.empty() || t.client == client;
      if (goes) {
        clients.insert(t.client);
      }
      return goes;
    });
    co_return std::vector<std::string>(clients.begin(), clients.end());
  }

 private:
  static void sort(std::vector<ClientToken>& tokens) {
    std::ranges::sort(tokens, [](const ClientToken& a, const ClientToken& b) {
      return std::tie(a.client, a.is_current) < std::tie(b.client, b.is_current);
    });
  }
};

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

class OutboundQueue final : public OutboundQueueStore, OnShelves {
 public:
  using OnShelves::OnShelves;

  Task<Result<void>> append(QueuePair pair, QueuedStanza stanza, QueueLimits limits) override {
    co_await turn();
    const auto held = lock();
    co_return shelves_.outbound_queue.append(pair, std::move(stanza), limits);
  }
  Task<Result<std::vector<QueuedStanza>>> load(QueuePair pair, std::uint64_t after, std::size_t limit, std::size_t max_bytes) override {
    co_await turn();
    const auto held = lock();
    co_return shelves_.outbound_queue.load(pair, after, limit, max_bytes);
  }
  Task<Result<void>> remove_up_to(QueuePair pair, std::uint64_t position) override {
    co_await turn();
    const auto held = lock();
    shelves_.outbound_queue.remove_up_to(pair, position);
    co_return Result<void>{};
  }
  Task<Result<void>> remove(QueuePair pair, std::vector<std::uint64_t> positions) override {
    co_await turn();
    const auto held = lock();
    shelves_.outbound_queue.remove(pair, positions);
    co_return Result<void>{};
  }
  Task<Result<std::vector<QueueTotals>>> totals() override {
    co_await turn();
    const auto held = lock();
    co_return shelves_.outbound_queue.totals();
  }
  Task<Result<std::vector<Expired>>> expired(WallTime before, std::size_t limit) override {
    co_await turn();
    const auto held = lock();
    co_return shelves_.outbound_queue.expired(before, limit);
  }
};

class Certificates final : public CertificateStore, OnShelves {
 public:
  using OnShelves::OnShelves;

  Task<Result<std::vector<CertificateMapping>>> load(BareJid owner) override {
    co_await turn();
    const auto held = lock();
    std::vector<CertificateMapping> found;
    for (const auto& [key, added] : shelves_.certificates[owner.str()]) {
      found.push_back({key.first, key.second, added});
    }
    co_return found;
  }
  Task<Result<std::vector<BareJid>>> find(std::string domain, CertificateKey key, std::string value) override {
    co_await turn();
    const auto held = lock();
    co_return holders(domain, {key, value});
  }
  Task<Result<void>> add(BareJid owner, CertificateMapping mapping, std::size_t max) override {
    co_await turn();
    const auto held = lock();
    if (!shelves_.accounts.contains(owner.str())) {
      co_return fail(ErrorKind::not_found, "account " + owner.str());
    }
    const std::pair key(mapping.key, mapping.value);
    auto& own = shelves_.certificates[owner.str()];
    if (own.contains(key)) {
      co_return Result<void>{};
    }
    if (const std::vector<BareJid> others = holders(owner.domain(), key); !others.empty()) {
      co_return fail(ErrorKind::already_exists, others.front().str() + " has it");
    }
    if (own.size() >= max) {
      co_return fail(ErrorKind::full, "certificates of " + owner.str());
    }
    own.emplace(key, mapping.added);
    co_return Result<void>{};
  }
  Task<Result<void>> remove(BareJid owner, CertificateKey key, std::string value) override {
    co_await turn();
    const auto held = lock();
    if (shelves_.certificates[owner.str()].erase({key, value}) == 0) {
      co_return fail(ErrorKind::not_found, owner.str() + " has no such certificate");
    }
    co_return Result<void>{};
  }

 private:
  [[nodiscard]] std::vector<BareJid> holders(std::string_view domain, const std::pair<CertificateKey, std::string>& key) const {
    std::vector<BareJid> found;
    for (const auto& [owner, keys] : shelves_.certificates) {
      if (const auto jid = BareJid::parse(owner); jid && jid->domain() == domain && keys.contains(key)) {
        found.push_back(*jid);
      }
    }
    return found;
  }
};

}  // namespace

struct MemoryStores::World {
  explicit World(Answers answers)
      : shelves(answers == Answers::later),
        images(shelves, answers),
        accounts(shelves, answers),
        rosters(shelves, answers),
        archive(shelves, answers),
        private_xml(shelves, answers),
        vcards(shelves, answers),
        blocks(shelves, answers),
        last_activity(shelves, answers),
        login_failures(shelves, answers),
        notices(shelves, answers),
        settings(shelves, answers),
        sessions(shelves, answers),
        tokens(shelves, answers),
        push(shelves, answers),
        outbound_queue(shelves, answers),
        certificates(shelves, answers),
        rooms(shelves.mutex,
              {.purge =
                   [this](const std::string& room) {
                     shelves.archives.purge(room);
                     shelves.vcards.erase(room);
                   },
               .is_account = [this](const std::string& room) { return shelves.accounts.contains(room); }},
              answers == Answers::later) {}
  Shelves shelves;
  Images images;
  Accounts accounts;
  Rosters rosters;
  Archive archive;
  PrivateXml private_xml;
  VCards vcards;
  Blocks blocks;
  LastActivities last_activity;
  FailedLogins login_failures;
  Notices notices;
  Settings settings;
  Sessions sessions;
  Tokens tokens;
  Push push;
  OutboundQueue outbound_queue;
  Certificates certificates;
  MemoryRooms rooms;
};

MemoryStores::MemoryStores(Answers answers) : world_(std::make_unique<World>(answers)) {}
MemoryStores::~MemoryStores() = default;

Stores MemoryStores::stores() {
  World& w = *world_;
  return Stores{w.images, w.accounts, w.rosters, w.archive, w.private_xml, w.vcards, w.blocks, w.last_activity,
                w.login_failures, w.notices, w.settings, w.sessions, w.tokens, w.push, w.outbound_queue, w.certificates, w.rooms,
                w.shelves.pubsub};
}

}  // namespace aldis
