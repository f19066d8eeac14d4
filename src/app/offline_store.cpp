// One shard on this thread, one store, one task.
#include "app/offline_store.h"

#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "app/authorities.h"
#include "app/client_certificates.h"
#include "app/directories.h"
#include "app/password_policy.h"
#include "core/directory_certificates.h"
#include "operators/store_target.h"
#include "auth/auth_config.h"
#include "auth/login_failures.h"
#include "auth/passwords.h"
#include "base/random.h"
#include "extensions/muc/room_options.h"
#include "runtime/shard.h"
#include "storage/sql/sql_stores.h"

namespace aldis::app {
namespace {

std::map<std::string, admin::StoreTarget::RoomPeople, std::less<>> people_of_rooms(const Config& config) {
  std::map<std::string, admin::StoreTarget::RoomPeople, std::less<>> rooms;
  for (const OptionObject& each : config.rooms) {
    const auto& options = each.as<muc::RoomOptions>();
    admin::StoreTarget::RoomPeople& people = rooms[options.address];
    for (const auto& [addresses, affiliation] : {std::pair(&options.owners, Affiliation::owner), {&options.admins, Affiliation::admin},
                                                 {&options.members, Affiliation::member}, {&options.outcasts, Affiliation::outcast}}) {
      for (const std::string& address : *addresses) {
        people.emplace(Jid::parse(address).value().str(), affiliation);
      }
    }
  }
  return rooms;
}

}  // namespace

// Files that root makes in the server's folder would shut the server out of it.
Result<void> become_owner_of(const std::string& folder) {
  struct stat status {};
  if (::geteuid() != 0 || ::stat(folder.c_str(), &status) != 0 || status.st_uid == 0) {
    return {};
  }
  if (::setgroups(0, nullptr) != 0 || ::setresgid(status.st_gid, status.st_gid, status.st_gid) != 0 ||
      ::setresuid(status.st_uid, status.st_uid, status.st_uid) != 0) {
    return fail(ErrorKind::denied, "cannot act as the owner of " + folder + ": " + std::strerror(errno));
  }
  return {};
}

Result<void> on_offline_store(const Config& config, const std::function<Task<void>(admin::AdminTarget&)>& work) {
  if (auto became = become_owner_of(config.data_dir()); !became) {
    return became;
  }
  sql::DatabaseOptions options;
  options.sqlite.path = config.database_path();
  auto opened = sql::SqlStores::open(std::move(options));
  if (!opened) {
    return fail(opened.error());
  }
  const SystemClock clock;
  SystemRandom random;
  Shard shard(clock, {.name = "command"});
  std::unique_ptr<sql::SqlStores> stores = std::move(*opened);
  InlineKeyDerivation derivation;
  auto auth = load_auth_config(config);
  if (!auth) {
    return fail(auth.error());
  }
  Passwords passwords(*auth, stores->stores().accounts, derivation, random, clock);
  std::vector<std::string> domains;
  std::vector<std::string> room_domains;
  std::vector<std::string> node_domains;
  for (const DomainConfig& domain : config.domains) {
    domains.push_back(domain.get().name);
    if (domain.get().serves == DomainUse::rooms) {
      room_domains.push_back(domain.get().name);
    } else if (domain.get().serves == DomainUse::pubsub) {
      node_domains.push_back(domain.get().name);
    }
  }
  LoginFailureCounters failures(*auth, stores->stores().login_failures, clock);
  auto owners = load_directories(config, clock, random);
  if (!owners) {
    return fail(owners.error());
  }
  StoreDirectory own(stores->stores().certificates, stores->stores().accounts);
  DirectoryCertificates directory(own, *owners);
  CertificateJudge judge(directory, clock);
  const auto known = open_revocation_cache(config);
  if (auto policies = load_certificate_policies(config, known.value_or(nullptr))) {
    judge.configure(std::move(*policies));
  } else {   // nothing else depends on it
    std::fprintf(stderr, "aldis: %s\n", policies.error().what.c_str());
  }
  admin::StoreTarget target(stores->stores(), passwords, failures, judge, clock, std::move(domains), std::move(room_domains),
                            std::move(node_domains));
  target.set_directories(*owners);
  target.set_configured_rooms(people_of_rooms(config));
  AuthorityFiles authorities;
  authorities.follow(config);
  target.set_revocation(known ? known->get() : nullptr, [&authorities] { return authorities.read(); });
  Result<void> loaded;
  const auto run = [&]() -> Task<void> {
    loaded = co_await failures.load();
    if (loaded) {
      co_await work(target);
    }
    shard.stop();
  };
  shard.post([&] { spawn(run()); });
  shard.run();
  for (const auto& [domain, owner] : *owners) {
    owner->stop();
  }
  return loaded;
}

}  // namespace aldis::app
