// Which account a certificate is of.
#include "storage/sql/tables.h"

namespace aldis::sql {
namespace {

std::int64_t as_number(CertificateKey key) { return static_cast<std::int64_t>(key); }

}  // namespace

Task<Result<std::vector<CertificateMapping>>> SqlCertificates::load(BareJid owner) {
  std::string key = owner.str();
  auto work = [owner = std::move(owner)](Transaction& transaction) -> Result<std::vector<CertificateMapping>> {
    std::vector<CertificateMapping> found;
    transaction.each("SELECT kind, value, added FROM certificate_mappings WHERE owner = $1 ORDER BY kind, value", {owner.str()},
                     [&](const Row& row) {
                       found.push_back({.key = static_cast<CertificateKey>(row.integer(0)),
                                        .value = row.text(1),
                                        .added = as_time(row.integer(2))});
                     });
    return found;
  };
  return database_.read(std::move(key), std::move(work));
}

Task<Result<std::vector<BareJid>>> SqlCertificates::find(std::string domain, CertificateKey key, std::string value) {
  auto work = [domain = std::move(domain), key, value = std::move(value)](Transaction& transaction) -> Result<std::vector<BareJid>> {
    std::vector<BareJid> found;
    std::string unread;
    transaction.each("SELECT owner FROM certificate_mappings WHERE domain = $1 AND kind = $2 AND value = $3 ORDER BY owner",
                     {domain, as_number(key), value}, [&](const Row& row) {
                       if (auto jid = BareJid::parse(row.bytes(0))) {
                         found.push_back(std::move(*jid));
                       } else {
                         unread = row.text(0);
                       }
                     });
    if (!unread.empty()) {
      return unreadable("the address", unread);
    }
    return found;
  };
  return database_.read({}, std::move(work));
}

Task<Result<void>> SqlCertificates::add(BareJid owner, CertificateMapping mapping, std::size_t max) {
  std::string key = owner.str();
  const std::size_t cost = mapping.value.size() + 128;
  auto work = [owner = std::move(owner), mapping = std::move(mapping), max](Transaction& transaction) -> Result<void> {
    bool is_there = false;
    transaction.each("SELECT 1 FROM accounts WHERE owner = $1", {owner.str()}, [&](const Row&) { is_there = true; });
    if (!is_there) {
      return fail(ErrorKind::not_found, "account " + owner.str());
    }
    const std::string domain(owner.domain());
    std::string holder;
    transaction.each("SELECT owner FROM certificate_mappings WHERE domain = $1 AND kind = $2 AND value = $3",
                     {domain, as_number(mapping.key), mapping.value}, [&](const Row& row) { holder = row.text(0); });
    if (holder == owner.str()) {
      return {};
    }
    if (!holder.empty()) {
      return fail(ErrorKind::already_exists, holder + " has it");
    }
    std::uint64_t count = 0;
    transaction.each("SELECT COUNT(*) FROM certificate_mappings WHERE owner = $1", {owner.str()},
                     [&](const Row& row) { count = row.natural(0); });
    if (count >= max) {
      return fail(ErrorKind::full, "certificates of " + owner.str());
    }
    transaction.change("INSERT INTO certificate_mappings (owner, domain, kind, value, added) VALUES ($1, $2, $3, $4, $5)",
                       {owner.str(), domain, as_number(mapping.key), mapping.value, as_ms(mapping.added)});
    return {};
  };
  return database_.write(std::move(key), cost, std::move(work));
}

Task<Result<void>> SqlCertificates::remove(BareJid owner, CertificateKey key, std::string value) {
  std::string queue = owner.str();
  auto work = [owner = std::move(owner), key, value = std::move(value)](Transaction& transaction) -> Result<void> {
    if (transaction.change("DELETE FROM certificate_mappings WHERE owner = $1 AND kind = $2 AND value = $3",
                           {owner.str(), as_number(key), value}) == 0) {
      return fail(ErrorKind::not_found, owner.str() + " has no such certificate");
    }
    return {};
  };
  return database_.write(std::move(queue), 128, std::move(work));
}

}  // namespace aldis::sql
