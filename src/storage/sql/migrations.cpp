// The schema, version by version, and how a database gets from one to the next. A released text is never changed.
#include "storage/sql/migrations.h"

#include <array>

#include "storage/sql/archive_words.h"

namespace aldis::sql {
namespace {

// Every table of an account begins with its owner, a bare address: owners can move between nodes, and remove() finds all
// (sql/accounts.cpp lists the tables, a test compares). Times are milliseconds since 1970; bool is 0 or 1.
constexpr char version_1[] = R"(
CREATE TABLE accounts (
  owner {text} NOT NULL, domain {text} NOT NULL, is_enabled BIGINT NOT NULL, created BIGINT NOT NULL,
  credentials_changed BIGINT NOT NULL, PRIMARY KEY (owner)){clustered};
CREATE INDEX accounts_by_domain ON accounts (domain, owner);
CREATE TABLE scram_keys (
  owner {text} NOT NULL, position BIGINT NOT NULL, hash {text} NOT NULL, iterations BIGINT NOT NULL, salt {blob} NOT NULL,
  stored_key {blob} NOT NULL, server_key {blob} NOT NULL, PRIMARY KEY (owner, position)){clustered};
CREATE TABLE rosters (
  owner {text} NOT NULL, version BIGINT NOT NULL, removals_complete_since BIGINT NOT NULL, PRIMARY KEY (owner)){clustered};
CREATE TABLE roster_items (
  owner {text} NOT NULL, contact {text} NOT NULL, name {text} NOT NULL, subscription BIGINT NOT NULL, ask BIGINT NOT NULL,
  approved BIGINT NOT NULL, version BIGINT NOT NULL, PRIMARY KEY (owner, contact)){clustered};
CREATE TABLE roster_groups (
  owner {text} NOT NULL, contact {text} NOT NULL, name {text} NOT NULL, PRIMARY KEY (owner, contact, name)){clustered};
CREATE TABLE roster_removals (
  owner {text} NOT NULL, contact {text} NOT NULL, version BIGINT NOT NULL, PRIMARY KEY (owner, contact)){clustered};
CREATE TABLE roster_requests (
  owner {text} NOT NULL, sender {text} NOT NULL, position BIGINT NOT NULL, stanza {text} NOT NULL,
  PRIMARY KEY (owner, sender)){clustered};
CREATE TABLE private_xml (
  owner {text} NOT NULL, ns {text} NOT NULL, local {text} NOT NULL, bytes BIGINT NOT NULL, xml {text} NOT NULL,
  PRIMARY KEY (owner, ns, local)){clustered};
CREATE TABLE vcards (owner {text} NOT NULL, xml {text} NOT NULL, PRIMARY KEY (owner)){clustered};
CREATE TABLE blocks (owner {text} NOT NULL, jid {text} NOT NULL, PRIMARY KEY (owner, jid)){clustered};
CREATE TABLE last_activity (
  owner {text} NOT NULL, happened BIGINT NOT NULL, status {text} NOT NULL, PRIMARY KEY (owner)){clustered};
CREATE TABLE login_failures (
  subject {text} NOT NULL, failures BIGINT NOT NULL, first_at BIGINT NOT NULL, last_at BIGINT NOT NULL,
  PRIMARY KEY (subject)){clustered};
CREATE TABLE notices (
  domain {text} NOT NULL, kind BIGINT NOT NULL, id BIGINT NOT NULL, is_set BIGINT NOT NULL, content {text} NOT NULL,
  PRIMARY KEY (domain, kind)){clustered};
CREATE TABLE notices_had (
  owner {text} NOT NULL, kind BIGINT NOT NULL, id BIGINT NOT NULL, PRIMARY KEY (owner, kind)){clustered};
CREATE TABLE settings (name {text} NOT NULL, content {blob} NOT NULL, PRIMARY KEY (name)){clustered};
CREATE TABLE probes (id BIGINT NOT NULL, written BIGINT NOT NULL, PRIMARY KEY (id)){clustered};
)";

// The archive (sql/archive.cpp, docs/adr/0024). An owner's archive has a number, so that rows stay small; a removed account's
// number goes to archive_leftovers, and what it had is removed bit by bit. Entries are numbered in the order of writing: that
// is their place in the full-text index. keep_* of -1: the domain's limit.
constexpr char version_2[] = R"(
CREATE TABLE archives (
  owner {text} NOT NULL, domain {text} NOT NULL, archive BIGINT NOT NULL, contacts BIGINT NOT NULL, messages BIGINT NOT NULL,
  bytes BIGINT NOT NULL, pending BIGINT NOT NULL, pending_bytes BIGINT NOT NULL, keep_ms BIGINT NOT NULL,
  keep_bytes BIGINT NOT NULL, PRIMARY KEY (owner)){clustered};
CREATE INDEX archives_by_domain ON archives (domain, owner);
CREATE UNIQUE INDEX archives_by_number ON archives (archive);
CREATE TABLE archive_counters (name {text} NOT NULL, value BIGINT NOT NULL, PRIMARY KEY (name)){clustered};
CREATE TABLE archive_leftovers (archive BIGINT NOT NULL, PRIMARY KEY (archive)){clustered};
CREATE TABLE archive_contacts (
  archive BIGINT NOT NULL, address {text} NOT NULL, number BIGINT NOT NULL, PRIMARY KEY (archive, address)){clustered};
CREATE TABLE archive_messages (id {row_number}, uses BIGINT NOT NULL, stanza {text} NOT NULL);
CREATE TABLE archive_entries (
  number {row_number}, archive BIGINT NOT NULL, id BIGINT NOT NULL, contact BIGINT NOT NULL, peer BIGINT NOT NULL,
  message BIGINT NOT NULL, bytes BIGINT NOT NULL);
CREATE UNIQUE INDEX archive_entries_in_order ON archive_entries (archive, id);
CREATE INDEX archive_entries_by_contact ON archive_entries (archive, contact, id, peer);
CREATE TABLE archive_pending (
  archive BIGINT NOT NULL, id BIGINT NOT NULL, message BIGINT NOT NULL, bytes BIGINT NOT NULL, is_archived BIGINT NOT NULL,
  PRIMARY KEY (archive, id)){clustered};
CREATE TABLE archive_preferences (owner {text} NOT NULL, otherwise BIGINT NOT NULL, PRIMARY KEY (owner)){clustered};
CREATE TABLE archive_preferred (
  owner {text} NOT NULL, jid {text} NOT NULL, is_always BIGINT NOT NULL, PRIMARY KEY (owner, jid)){clustered};
{full_text_index}
)";

// Sessions over a graceful restart (XEP-0198). directed: addresses, one a line.
constexpr char version_3[] = R"(
CREATE TABLE suspended_sessions (
  owner {text} NOT NULL, resource {text} NOT NULL, id {text} NOT NULL, handled BIGINT NOT NULL, acknowledged BIGINT NOT NULL,
  max BIGINT NOT NULL, until BIGINT NOT NULL, suspended BIGINT NOT NULL, presence {text} NOT NULL,
  priority BIGINT NOT NULL, is_interested BIGINT NOT NULL, wants_block_pushes BIGINT NOT NULL, wants_carbons BIGINT NOT NULL,
  mechanism {text} NOT NULL, lang {text} NOT NULL, directed {text} NOT NULL, PRIMARY KEY (owner, resource)){clustered};
CREATE TABLE suspended_stanzas (
  owner {text} NOT NULL, resource {text} NOT NULL, position BIGINT NOT NULL, archive_id BIGINT NOT NULL,
  is_kept BIGINT NOT NULL, is_copy BIGINT NOT NULL, stanza {text} NOT NULL,
  PRIMARY KEY (owner, resource, position)){clustered};
)";

// Tokens of clients (XEP-0484). Nothing here is a token: see ADR 0032.
constexpr char version_4[] = R"(
CREATE TABLE client_tokens (
  owner {text} NOT NULL, client {text} NOT NULL, is_current BIGINT NOT NULL, mechanism {text} NOT NULL, seed {blob} NOT NULL,
  issued BIGINT NOT NULL, expires BIGINT NOT NULL, used BIGINT NOT NULL, highest BIGINT NOT NULL, software {text} NOT NULL,
  device {text} NOT NULL, PRIMARY KEY (owner, client, is_current)){clustered};
)";

// Push notifications (XEP-0357).
constexpr char version_5[] = R"(
CREATE TABLE push_registrations (
  owner {text} NOT NULL, service {text} NOT NULL, node {text} NOT NULL, options {text} NOT NULL, client {text} NOT NULL,
  resource {text} NOT NULL, PRIMARY KEY (owner, service, node)){clustered};
)";

// Stanzas that wait for other servers (docs/adr/0042). No account's: what was promised to wait is sent, whoever has gone.
constexpr char version_6[] = R"(
CREATE TABLE outbound_queues (
  host {text} NOT NULL, peer {text} NOT NULL, stanzas BIGINT NOT NULL, bytes BIGINT NOT NULL, PRIMARY KEY (host, peer)){clustered};
CREATE TABLE outbound_stanzas (
  host {text} NOT NULL, peer {text} NOT NULL, position BIGINT NOT NULL, queued BIGINT NOT NULL, bytes BIGINT NOT NULL,
  stanza {text} NOT NULL, PRIMARY KEY (host, peer, position)){clustered};
CREATE INDEX outbound_stanzas_by_time ON outbound_stanzas (queued, host, peer, position);
)";

// Which account a certificate is of (storage/certificate_store.h).
constexpr char version_7[] = R"(
CREATE TABLE certificate_mappings (
  owner {text} NOT NULL, domain {text} NOT NULL, kind BIGINT NOT NULL, value {text} NOT NULL, added BIGINT NOT NULL,
  PRIMARY KEY (owner, kind, value)){clustered};
CREATE UNIQUE INDEX certificate_mappings_by_value ON certificate_mappings (domain, kind, value);
)";

// Rooms (storage/room_store.h). What lists and searches read of one is apart from the rest, which is longer. An affiliation of
// none (1) is one that was taken away. Archives of rooms have aliases: archive_entries.peer is negative there.
constexpr char version_8[] = R"(
CREATE TABLE rooms (
  domain {text} NOT NULL, local {text} NOT NULL, name {text} NOT NULL, is_public BIGINT NOT NULL,
  is_persistent BIGINT NOT NULL, searchable {text} NOT NULL, details {text} NOT NULL, created BIGINT NOT NULL,
  last_active BIGINT NOT NULL,
  PRIMARY KEY (domain, local)){clustered};
CREATE INDEX rooms_in_lists ON rooms (domain, is_public, local);
CREATE INDEX rooms_by_activity ON rooms (domain, last_active, local);
CREATE TABLE room_states (
  domain {text} NOT NULL, local {text} NOT NULL, config {text} NOT NULL, hats {text} NOT NULL, avatar {text} NOT NULL,
  subject {text} NOT NULL,
  subject_author {text} NOT NULL, subject_author_id {text} NOT NULL, has_subject BIGINT NOT NULL, subject_at BIGINT NOT NULL,
  occupant_id_key {blob} NOT NULL, affiliations_version BIGINT NOT NULL, affiliations_complete_since BIGINT NOT NULL,
  PRIMARY KEY (domain, local)){clustered};
CREATE TABLE room_affiliations (
  domain {text} NOT NULL, local {text} NOT NULL, jid {text} NOT NULL, affiliation BIGINT NOT NULL, nickname {text} NOT NULL,
  reason {text} NOT NULL, version BIGINT NOT NULL, PRIMARY KEY (domain, local, jid)){clustered};
CREATE INDEX room_affiliations_by_jid ON room_affiliations (jid, affiliation, domain, local);
CREATE TABLE room_occupants (
  domain {text} NOT NULL, local {text} NOT NULL, position BIGINT NOT NULL, jid {text} NOT NULL, nickname {text} NOT NULL,
  state {text} NOT NULL, PRIMARY KEY (domain, local, position)){clustered};
CREATE INDEX archive_entries_by_alias ON archive_entries (archive, peer, id) WHERE peer < 0;
)";

// Publish-subscribe nodes (storage/pubsub_store.h). Here the owner is the service: an account, or a domain. items, bytes: what is
// stored, with what has expired and is not removed yet. position: the order of publishing, within the node. expires of 0: never.
constexpr char version_9[] = R"(
CREATE TABLE pubsub_services (
  owner {text} NOT NULL, nodes BIGINT NOT NULL, bytes BIGINT NOT NULL, PRIMARY KEY (owner)){clustered};
CREATE TABLE pubsub_nodes (
  owner {text} NOT NULL, node {text} NOT NULL, items BIGINT NOT NULL, bytes BIGINT NOT NULL, last_position BIGINT NOT NULL,
  is_collection BIGINT NOT NULL, is_child BIGINT NOT NULL, creator {text} NOT NULL, created BIGINT NOT NULL, name {text} NOT NULL,
  config {text} NOT NULL, PRIMARY KEY (owner, node)){clustered};
CREATE INDEX pubsub_nodes_at_root ON pubsub_nodes (owner, is_child, node);
CREATE INDEX pubsub_nodes_by_creator ON pubsub_nodes (owner, creator);
CREATE TABLE pubsub_collections (
  owner {text} NOT NULL, node {text} NOT NULL, collection {text} NOT NULL, position BIGINT NOT NULL,
  PRIMARY KEY (owner, node, collection)){clustered};
CREATE INDEX pubsub_collections_by_name ON pubsub_collections (owner, collection, node);
CREATE TABLE pubsub_affiliations (
  owner {text} NOT NULL, node {text} NOT NULL, jid {text} NOT NULL, affiliation BIGINT NOT NULL,
  PRIMARY KEY (owner, node, jid)){clustered};
CREATE INDEX pubsub_affiliations_by_jid ON pubsub_affiliations (owner, jid, node);
CREATE TABLE pubsub_subscriptions (
  owner {text} NOT NULL, node {text} NOT NULL, jid {text} NOT NULL, subid {text} NOT NULL, bare {text} NOT NULL,
  state BIGINT NOT NULL, expires BIGINT NOT NULL, options {text} NOT NULL, PRIMARY KEY (owner, node, jid, subid)){clustered};
CREATE INDEX pubsub_subscriptions_by_jid ON pubsub_subscriptions (owner, bare, node);
CREATE TABLE pubsub_items (
  owner {text} NOT NULL, node {text} NOT NULL, position BIGINT NOT NULL, id {text} NOT NULL, bytes BIGINT NOT NULL,
  expires BIGINT NOT NULL, published BIGINT NOT NULL, publisher {text} NOT NULL, payload {text} NOT NULL,
  PRIMARY KEY (owner, node, position)){clustered};
CREATE UNIQUE INDEX pubsub_items_by_id ON pubsub_items (owner, node, id);
CREATE INDEX pubsub_items_that_expire ON pubsub_items (expires) WHERE expires > 0;
CREATE INDEX pubsub_items_of_node_that_expire ON pubsub_items (owner, node, expires) WHERE expires > 0;
)";

// The full-text index is merged less often (sql/archive_words.h).
constexpr char version_10[] = "{full_text_tuning}";

// Leases of subscriptions that are over (PubSubStore::expire_subscriptions), and what is shown to who comes online (shown_to): the node's
// shows_last is repeated in its subscriptions, so that no other node's row is read.
constexpr char version_11[] = R"(
ALTER TABLE pubsub_nodes ADD COLUMN shows_last BIGINT NOT NULL DEFAULT 0;
ALTER TABLE pubsub_subscriptions ADD COLUMN shows_last BIGINT NOT NULL DEFAULT 0;
UPDATE pubsub_nodes SET shows_last = 1 WHERE config LIKE '%send_last_published_item=on_sub_and_presence%';
UPDATE pubsub_subscriptions SET shows_last = 1 WHERE EXISTS (SELECT 1 FROM pubsub_nodes n
  WHERE n.owner = pubsub_subscriptions.owner AND n.node = pubsub_subscriptions.node AND n.shows_last = 1);
CREATE INDEX pubsub_subscriptions_shown ON pubsub_subscriptions (owner, bare, shows_last, node);
CREATE INDEX pubsub_subscriptions_that_expire ON pubsub_subscriptions (expires) WHERE expires > 0;
)";

// Keys of passwords that must not come back, numbered in the order they were given up; and passwords that must be changed at the next login.
constexpr char version_12[] = R"(
ALTER TABLE accounts ADD COLUMN must_change BIGINT NOT NULL DEFAULT 0;
CREATE TABLE former_keys (
  owner {text} NOT NULL, number BIGINT NOT NULL, hash {text} NOT NULL, iterations BIGINT NOT NULL, salt {blob} NOT NULL,
  stored_key {blob} NOT NULL, server_key {blob} NOT NULL, PRIMARY KEY (owner, number)){clustered};
)";

constexpr std::array all_migrations{Migration{1, version_1}, Migration{2, version_2}, Migration{3, version_3},
                                     Migration{4, version_4}, Migration{5, version_5}, Migration{6, version_6},
                                     Migration{7, version_7}, Migration{8, version_8}, Migration{9, version_9},
                                     Migration{10, version_10}, Migration{11, version_11}, Migration{12, version_12}};

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
}

constexpr Statement read_version{"SELECT COALESCE(MAX(version), 0) FROM schema_version"};

std::int64_t one_number(SqliteConnection& connection, Statement statement) {
  std::int64_t number = 0;
  connection.each(statement, {}, [&](const Row& row) { number = row.integer(0); });
  return number;
}

// Marks a new file as ours; refuses one that is somebody else's.
Result<void> claim(SqliteConnection& connection) {
  const std::int64_t id = one_number(connection, "PRAGMA application_id");
  const std::int64_t tables = one_number(connection, "SELECT COUNT(*) FROM sqlite_master");
  if (auto failure = connection.take_failure()) {
    return fail(std::move(failure->error));
  }
  if (id == application_id) {
    return {};
  }
  if (id != 0 || tables != 0) {
    return fail(ErrorKind::corrupt, "database: the file is an SQLite database, but not one of Aldis");
  }
  connection.execute("PRAGMA application_id = " + std::to_string(application_id));
  if (auto failure = connection.take_failure()) {
    return fail(std::move(failure->error));
  }
  return {};
}

}  // namespace

std::span<const Migration> migrations() { return all_migrations; }

std::string for_sqlite(std::string_view text) {
  std::string out(text);
  replace_all(out, "{text}", "TEXT");
  replace_all(out, "{blob}", "BLOB");
  replace_all(out, "{clustered}", " WITHOUT ROWID");
  replace_all(out, "{row_number}", "INTEGER PRIMARY KEY");
  replace_all(out, "{full_text_index}", create_archive_words);
  replace_all(out, "{full_text_tuning}", tune_archive_words);
  return out;
}

Result<std::int64_t> migrate(SqliteConnection& connection, std::span<const Migration> list) {
  if (Result<void> claimed = claim(connection); !claimed) {
    return fail(claimed.error());
  }
  connection.execute("CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL)");
  const std::int64_t found = one_number(connection, read_version);
  const std::int64_t last = list.empty() ? 0 : list.back().version;
  if (!connection.has_failed() && found > last) {
    return fail(ErrorKind::denied, "database: its schema is version " + std::to_string(found) + ", this program knows versions up to " +
                                       std::to_string(last) + "; start the newer program or restore a backup");
  }
  for (const Migration& migration : list) {
    if (migration.version <= found) {
      continue;
    }
    connection.execute("BEGIN IMMEDIATE");
    if (one_number(connection, read_version) >= migration.version) {  // another process was here meanwhile
      connection.execute("ROLLBACK");
      continue;
    }
    connection.execute(for_sqlite(migration.text));
    connection.change("DELETE FROM schema_version", {});
    connection.change("INSERT INTO schema_version (version) VALUES ($1)", {migration.version});
    connection.execute("COMMIT");
    if (auto failure = connection.take_failure()) {
      connection.execute("ROLLBACK");
      (void)connection.take_failure();  // there may be nothing left to roll back
      failure->error.what = "database: migration to version " + std::to_string(migration.version) + ": " + failure->error.what;
      return fail(std::move(failure->error));
    }
  }
  if (auto failure = connection.take_failure()) {
    return fail(std::move(failure->error));
  }
  return found;
}

}  // namespace aldis::sql
