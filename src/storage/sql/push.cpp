// Registrations of push notifications (XEP-0357).
#include "storage/sql/tables.h"

namespace aldis::sql {

Task<Result<std::vector<PushRegistration>>> SqlPush::load(BareJid owner) {
  std::string key = owner.str();
  auto work = [owner = std::move(owner)](Transaction& transaction) -> Result<std::vector<PushRegistration>> {
    std::vector<PushRegistration> found;
    bool is_damaged = false;
    transaction.each(
        "SELECT service, node, options, client, resource FROM push_registrations WHERE owner = $1 ORDER BY service, node",
        {owner.str()}, [&](const Row& row) {
          Result<Jid, JidError> service = Jid::parse(row.text(0));
          if (!service) {
            is_damaged = true;
            return;
          }
          found.push_back({.service = std::move(*service),
                           .node = row.text(1),
                           .options = row.text(2),
                           .client = row.text(3),
                           .resource = row.text(4)});
        });
    if (is_damaged) {
      return fail(ErrorKind::corrupt, "a push registration of " + owner.str());
    }
    return found;
  };
  return database_.read(std::move(key), std::move(work));
}

Task<Result<void>> SqlPush::put(BareJid owner, PushRegistration registration, std::size_t max) {
  std::string key = owner.str();
  const std::size_t cost = registration.node.size() + registration.options.size() + 256;
  auto work = [owner = std::move(owner), r = std::move(registration), max](Transaction& transaction) -> Result<void> {
    std::uint64_t others = 0;
    transaction.each("SELECT COUNT(*) FROM push_registrations WHERE owner = $1 AND NOT (service = $2 AND node = $3)",
                     {owner.str(), r.service.str(), r.node}, [&](const Row& row) { others = row.natural(0); });
    if (others >= max) {
      return fail(ErrorKind::full, "push registrations of " + owner.str());
    }
    transaction.change(
        "INSERT INTO push_registrations (owner, service, node, options, client, resource) VALUES ($1, $2, $3, $4, $5, $6)"
        " ON CONFLICT (owner, service, node) DO UPDATE SET options = excluded.options, client = excluded.client,"
        " resource = excluded.resource",
        {owner.str(), r.service.str(), r.node, r.options, r.client, r.resource});
    return {};
  };
  return database_.write(std::move(key), cost, std::move(work));
}

Task<Result<void>> SqlPush::remove(BareJid owner, Jid service, std::optional<std::string> node) {
  std::string key = owner.str();
  auto work = [owner = std::move(owner), service = std::move(service), node = std::move(node)](Transaction& transaction) -> Result<void> {
    if (node) {
      transaction.change("DELETE FROM push_registrations WHERE owner = $1 AND service = $2 AND node = $3",
                         {owner.str(), service.str(), *node});
    } else {
      transaction.change("DELETE FROM push_registrations WHERE owner = $1 AND service = $2", {owner.str(), service.str()});
    }
    return {};
  };
  return database_.write(std::move(key), 256, std::move(work));
}

}  // namespace aldis::sql
