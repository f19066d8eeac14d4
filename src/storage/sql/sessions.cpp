// Sessions over a graceful restart (XEP-0198): written in one go when the server stops, removed as they are read.
#include "storage/sql/tables.h"

namespace aldis::sql {
namespace {

std::string lines(const std::vector<Jid>& jids) {
  std::string text;
  for (const Jid& jid : jids) {
    text.append(jid.str()).append("\n");  // no address holds one
  }
  return text;
}

std::vector<Jid> jids_of(std::string_view text) {
  std::vector<Jid> jids;
  for (std::size_t end = text.find('\n'); end != std::string_view::npos; end = text.find('\n')) {
    if (auto jid = Jid::parse(text.substr(0, end))) {
      jids.push_back(std::move(*jid));
    }
    text.remove_prefix(end + 1);
  }
  return jids;
}

void remove_one(Transaction& transaction, std::string_view owner, std::string_view resource) {
  transaction.change("DELETE FROM suspended_stanzas WHERE owner = $1 AND resource = $2", {owner, resource});
  transaction.change("DELETE FROM suspended_sessions WHERE owner = $1 AND resource = $2", {owner, resource});
}

void write_one(Transaction& transaction, const SuspendedSession& session) {
  const std::string& owner = session.owner.str();
  remove_one(transaction, owner, session.resource);
  transaction.change(
      "INSERT INTO suspended_sessions (owner, resource, id, handled, acknowledged, max, until, suspended, presence,"
      " priority, is_interested, wants_block_pushes, wants_carbons, mechanism, lang, directed)"
      " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
      {owner, session.resource, session.id, std::int64_t{session.handled}, std::int64_t{session.acknowledged},
       std::int64_t{session.max}, as_ms(session.until), as_ms(session.suspended), session.presence,
       std::int64_t{session.priority}, as_integer(session.is_interested), as_integer(session.wants_block_pushes),
       as_integer(session.wants_carbons), session.mechanism, session.lang, lines(session.directed)});
  std::int64_t position = 0;
  for (const SuspendedSession::Stanza& stanza : session.unacknowledged) {
    transaction.change(
        "INSERT INTO suspended_stanzas (owner, resource, position, archive_id, is_kept, is_copy, stanza)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7)",
        {owner, session.resource, ++position, as_integer(stanza.archive_id), as_integer(stanza.is_kept),
         as_integer(stanza.is_copy), stanza.xml});
  }
}

}  // namespace

Task<Result<void>> SqlSessions::save(std::vector<SuspendedSession> sessions) {
  std::size_t bytes = 256;
  for (const SuspendedSession& session : sessions) {
    bytes += 512 + session.presence.size();
    for (const SuspendedSession::Stanza& stanza : session.unacknowledged) {
      bytes += 64 + stanza.xml.size();
    }
  }
  auto work = [sessions = std::move(sessions)](Transaction& transaction) -> Result<void> {
    for (const SuspendedSession& session : sessions) {
      write_one(transaction, session);
    }
    return {};
  };
  return database_.write({}, bytes, std::move(work));
}

Task<Result<void>> SqlSessions::set_handled(std::vector<Handled> sessions) {
  const std::size_t bytes = 128 * (1 + sessions.size());
  auto work = [sessions = std::move(sessions)](Transaction& transaction) -> Result<void> {
    for (const Handled& session : sessions) {
      transaction.change("UPDATE suspended_sessions SET handled = $3 WHERE owner = $1 AND resource = $2",
                         {session.owner.str(), session.resource, std::int64_t{session.handled}});
    }
    return {};
  };
  return database_.write({}, bytes, std::move(work));
}

Task<Result<std::vector<SuspendedSession>>> SqlSessions::take(std::size_t limit) {
  auto work = [limit](Transaction& transaction) -> Result<std::vector<SuspendedSession>> {
    std::vector<SuspendedSession> taken;
    std::string unread;
    const auto at_most = static_cast<std::int64_t>(std::min<std::size_t>(limit, 10'000));
    transaction.each(
        "SELECT owner, resource, id, handled, acknowledged, max, until, suspended, presence, priority, is_interested,"
        " wants_block_pushes, wants_carbons, mechanism, lang, directed FROM suspended_sessions ORDER BY owner, resource LIMIT $1",
        {at_most}, [&](const Row& row) {
          auto owner = BareJid::parse(row.bytes(0));
          if (!owner) {
            unread = row.text(0);
            return;
          }
          taken.push_back({.owner = std::move(*owner),
                           .resource = row.text(1),
                           .id = row.text(2),
                           .handled = static_cast<std::uint32_t>(row.integer(3)),
                           .acknowledged = static_cast<std::uint32_t>(row.integer(4)),
                           .max = static_cast<std::uint32_t>(row.integer(5)),
                           .until = as_time(row.integer(6)),
                           .suspended = as_time(row.integer(7)),
                           .presence = row.text(8),
                           .priority = static_cast<std::int32_t>(row.integer(9)),
                           .is_interested = row.boolean(10),
                           .wants_block_pushes = row.boolean(11),
                           .wants_carbons = row.boolean(12),
                           .mechanism = row.text(13),
                           .lang = row.text(14),
                           .directed = jids_of(row.bytes(15)),
                           .unacknowledged = {}});
        });
    if (!unread.empty()) {
      return unreadable("a suspended session", unread);
    }
    for (SuspendedSession& session : taken) {
      transaction.each(
          "SELECT archive_id, is_kept, is_copy, stanza FROM suspended_stanzas WHERE owner = $1 AND resource = $2 ORDER BY position",
          {session.owner.str(), session.resource}, [&](const Row& row) {
            session.unacknowledged.push_back(
                {.xml = row.text(3), .archive_id = row.natural(0), .is_kept = row.boolean(1), .is_copy = row.boolean(2)});
          });
      remove_one(transaction, session.owner.str(), session.resource);
    }
    return taken;
  };
  return database_.write({}, 1024, std::move(work));
}

}  // namespace aldis::sql
