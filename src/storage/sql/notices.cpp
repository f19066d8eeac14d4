// Notices of a domain, and who has had them. A deleted notice leaves its row behind, so that ids never repeat.
#include "storage/sql/tables.h"

namespace aldis::sql {
namespace {

std::int64_t code(NoticeKind kind) { return kind == NoticeKind::motd ? 0 : 1; }   // as stored

std::optional<Notice> standing(Transaction& transaction, const std::string& domain, NoticeKind kind) {
  std::optional<Notice> notice;
  transaction.each("SELECT id, content FROM notices WHERE domain = $1 AND kind = $2 AND is_set = 1", {domain, code(kind)},
                   [&](const Row& row) { notice = Notice{kind, static_cast<std::uint64_t>(row.integer(0)), row.text(1)}; });
  return notice;
}

Unexpected<Error> none_stands(const std::string& domain) { return fail(ErrorKind::not_found, "notice of " + domain); }

}  // namespace

Task<Result<std::optional<Notice>>> SqlNotices::load(std::string domain, NoticeKind kind) {
  auto work = [domain = std::move(domain), kind](Transaction& transaction) -> Result<std::optional<Notice>> {
    return standing(transaction, domain, kind);
  };
  return database_.read({}, std::move(work));
}

Task<Result<Notice>> SqlNotices::set(std::string domain, NoticeKind kind, std::string text) {
  const std::size_t bytes = 128 + text.size();
  standing_ = Standing::some;
  auto work = [domain = std::move(domain), kind, text = std::move(text)](Transaction& transaction) -> Result<Notice> {
    transaction.change(
        "INSERT INTO notices (domain, kind, id, is_set, content) VALUES ($1, $2, 1, 1, $3)"
        " ON CONFLICT (domain, kind) DO UPDATE SET id = notices.id + 1, is_set = 1, content = excluded.content",
        {domain, code(kind), text});
    return standing(transaction, domain, kind).value_or(Notice{kind, 0, text});
  };
  return database_.write({}, bytes, std::move(work));
}

Task<Result<void>> SqlNotices::edit(std::string domain, NoticeKind kind, std::string text) {
  const std::size_t bytes = 128 + text.size();
  auto work = [domain = std::move(domain), kind, text = std::move(text)](Transaction& transaction) -> Result<void> {
    if (!standing(transaction, domain, kind)) {
      return none_stands(domain);
    }
    transaction.change("UPDATE notices SET content = $3 WHERE domain = $1 AND kind = $2", {domain, code(kind), text});
    return {};
  };
  return database_.write({}, bytes, std::move(work));
}

Task<Result<void>> SqlNotices::remove(std::string domain, NoticeKind kind) {
  auto work = [domain = std::move(domain), kind](Transaction& transaction) -> Result<void> {
    if (!standing(transaction, domain, kind)) {
      return none_stands(domain);
    }
    transaction.change("UPDATE notices SET is_set = 0, content = '' WHERE domain = $1 AND kind = $2", {domain, code(kind)});
    return {};
  };
  return database_.write({}, 128, std::move(work));
}

// Asked at every login, of stores that mostly hold no notice at all: that is looked up once.
Task<Result<std::vector<Notice>>> SqlNotices::due(BareJid owner) {
  if (standing_ == Standing::none) {
    co_return std::vector<Notice>{};
  }
  std::string key = owner.str();
  auto work = [this, owner = std::move(owner)](Transaction& transaction) -> Result<std::vector<Notice>> {
    std::vector<Notice> notices;
    transaction.each(
        "SELECT n.kind, n.id, n.content FROM notices n LEFT JOIN notices_had h ON h.owner = $2 AND h.kind = n.kind"
        " WHERE n.domain = $1 AND n.is_set = 1 AND ((n.kind = 0 AND COALESCE(h.id, 0) < n.id)"
        " OR (n.kind = 1 AND h.id IS NULL AND NOT EXISTS (SELECT 1 FROM last_activity l WHERE l.owner = $2)))"
        " ORDER BY n.kind",
        {owner.domain(), owner.str()}, [&](const Row& row) {
          notices.push_back({row.integer(0) == 0 ? NoticeKind::motd : NoticeKind::welcome,
                             static_cast<std::uint64_t>(row.integer(1)), row.text(2)});
        });
    if (standing_ == Standing::unknown) {
      std::optional<std::int64_t> count;
      transaction.each("SELECT COUNT(*) FROM notices WHERE is_set = 1", {}, [&](const Row& row) { count = row.integer(0); });
      if (count) {
        auto expected = Standing::unknown;  // not over what set() has said meanwhile
        standing_.compare_exchange_strong(expected, *count == 0 ? Standing::none : Standing::some);
      }
    }
    return notices;
  };
  Result<std::vector<Notice>> found = co_await database_.read(std::move(key), std::move(work));
  co_return std::move(found);
}

Task<Result<void>> SqlNotices::mark(std::vector<BareJid> owners, NoticeKind kind, std::uint64_t id) {
  std::string key = owners.size() == 1 ? owners.front().str() : std::string();
  const std::size_t bytes = 128 * (owners.size() + 1);
  auto work = [owners = std::move(owners), kind, id](Transaction& transaction) -> Result<void> {
    for (const BareJid& owner : owners) {
      transaction.change(
          "INSERT INTO notices_had (owner, kind, id) VALUES ($1, $2, $3) ON CONFLICT (owner, kind) DO UPDATE"
          " SET id = CASE WHEN notices_had.id > excluded.id THEN notices_had.id ELSE excluded.id END",
          {owner.str(), code(kind), as_integer(id)});
    }
    return {};
  };
  return database_.write(std::move(key), bytes, std::move(work));
}

}  // namespace aldis::sql
