// Messages that wait (XEP-0160). offline_boxes holds each owner's count, size and last id, so that a limit is one row's
// matter and an id is never used twice.
#include "storage/sql/tables.h"

namespace aldis::sql {

Task<Result<void>> SqlOffline::append(BareJid owner, OfflineMessage message, OfflineLimits limits) {
  std::string key = owner.str();
  const std::size_t bytes = 256 + message.stanza.size();
  auto work = [owner = std::move(owner), message = std::move(message), limits](Transaction& transaction) -> Result<void> {
    const std::int64_t size = as_integer(message.stanza.size());
    std::int64_t id = 0;
    bool has_room = false;
    transaction.each(
        "INSERT INTO offline_boxes (owner, last_id, messages, bytes) VALUES ($1, 1, 1, $2)"
        " ON CONFLICT (owner) DO UPDATE SET last_id = offline_boxes.last_id + 1, messages = offline_boxes.messages + 1,"
        " bytes = offline_boxes.bytes + excluded.bytes RETURNING last_id, messages, bytes",
        {owner.str(), size}, [&](const Row& row) {
          id = row.integer(0);
          has_room = row.natural(1) <= limits.messages && row.natural(2) <= limits.bytes;
        });
    if (!has_room) {
      return fail(ErrorKind::full, "offline messages of " + owner.str());  // undoes the count
    }
    transaction.change("INSERT INTO offline_messages (owner, id, received, bytes, stanza) VALUES ($1, $2, $3, $4, $5)",
                       {owner.str(), id, as_ms(message.received), size, message.stanza});
    return {};
  };
  return database_.write(std::move(key), bytes, std::move(work));
}

Task<Result<std::vector<OfflineMessage>>> SqlOffline::load(BareJid owner) {
  std::string key = owner.str();
  auto work = [owner = std::move(owner)](Transaction& transaction) -> Result<std::vector<OfflineMessage>> {
    std::vector<OfflineMessage> messages;
    transaction.each("SELECT id, received, stanza FROM offline_messages WHERE owner = $1 ORDER BY id", {owner.str()},
                     [&](const Row& row) {
                       messages.push_back({.id = row.natural(0), .received = as_time(row.integer(1)), .stanza = row.text(2)});
                     });
    return messages;
  };
  return database_.read(std::move(key), std::move(work));
}

Task<Result<void>> SqlOffline::remove_through(BareJid owner, std::uint64_t last_id) {
  std::string key = owner.str();
  auto work = [owner = std::move(owner), last_id](Transaction& transaction) -> Result<void> {
    transaction.change("DELETE FROM offline_messages WHERE owner = $1 AND id <= $2", {owner.str(), as_integer(last_id)});
    transaction.change(
        "UPDATE offline_boxes SET messages = (SELECT COUNT(*) FROM offline_messages WHERE owner = $1),"
        " bytes = (SELECT CAST(COALESCE(SUM(bytes), 0) AS BIGINT) FROM offline_messages WHERE owner = $1) WHERE owner = $1",
        {owner.str()});
    return {};
  };
  return database_.write(std::move(key), 128, std::move(work));
}

}  // namespace aldis::sql
