// World: what every shard shares: time, randomness, stores, policy, the domains served and the shards' homes. Made once at
// start and not changed afterwards, but for the core's options, which a reload swaps as a whole.
#pragma once
#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "auth/directory_group.h"
#include "base/clock.h"
#include "base/keyed_hash.h"
#include "base/random.h"
#include "core/archive_ids.h"
#include "core/core_config.h"
#include "core/router.h"
#include "policy/policy.h"
#include "storage/stores.h"
#include "xml/limits.h"

namespace aldis {

class Abroad;
class Administration;
class CertificateJudge;
class DirectoryAccounts;
class Home;
class VirtualHost;

struct World {
  World(const Clock& clock, Random& random, Stores stores);

  const Clock& clock;
  Random& random;
  Stores stores;
  policy::Policy policy;
  xml::Limits stanza_limits{};   // after authentication
  KeyedHash placement;   // names a bare address's shard; nobody outside can aim at one
  Router router{*this};
  ArchiveIdForm archive_form;      // these two are set by load_archive_ids, before the first message
  ArchiveId archive_floor = 0;
  Administration* administration = nullptr;   // set before anything runs
  Abroad* abroad = nullptr;                   // likewise; null: there is no other server (remote-server-not-found)
  const DirectoryAccounts* directories = nullptr;   // likewise; which of its calls are for any thread it says
  const CertificateJudge* certificates = nullptr;   // the same; it is the lobby's
  std::map<std::string, std::unique_ptr<VirtualHost>, std::less<>> hosts;
  std::vector<std::unique_ptr<Home>> homes;

  [[nodiscard]] const VirtualHost* find_host(std::string_view domain) const;
  // A component of this server has that domain (XEP-0114).
  [[nodiscard]] bool is_component(std::string_view domain) const;
  // Served here, or a component's: nobody elsewhere speaks for it.
  [[nodiscard]] bool is_ours(std::string_view domain) const { return find_host(domain) != nullptr || is_component(domain); }
  // Somebody of a domain served here, now; nothing: its groups are not known yet.
  [[nodiscard]] std::optional<bool> is_in_group(const Jid& who, const GroupName& group) const;
  [[nodiscard]] Home& home_of(std::string_view bare) const;
  [[nodiscard]] std::shared_ptr<const CoreConfig> config() const { return std::atomic_load(&config_); }
  void set_config(CoreConfig config) { std::atomic_store(&config_, std::make_shared<const CoreConfig>(config)); }

  World(const World&) = delete;
  World& operator=(const World&) = delete;
  ~World();

 private:
  std::shared_ptr<const CoreConfig> config_ = std::make_shared<const CoreConfig>();
};

}  // namespace aldis
