// DirectoryWatch: looks again and again what a directory says of a domain's people, so that who is disabled or removed there is out here
// within a minute, and who is new has an account before the first login. Each round it asks who has changed, and about everybody who is
// here; now and then, and when very many are here, it lists all. When the directory does not answer nothing is concluded: sessions go
// on, and the next round asks again.
#pragma once
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "core/directory_accounts.h"
#include "runtime/shard.h"

namespace aldis {

class DirectoryWatch {
 public:
  // All outlive it. One for each domain, on the lobby's shard. It goes when it is quiet and its directory has stopped.
  DirectoryWatch(World& world, Shard& lobby, DirectoryAccounts& accounts, std::string domain);
  ~DirectoryWatch();
  DirectoryWatch(const DirectoryWatch&) = delete;
  DirectoryWatch& operator=(const DirectoryWatch&) = delete;

  // The first round begins at once.
  void start();
  // No round begins, and the one under way ends; on the shard. is_quiet: it waits for the directory at most, and will touch nothing.
  void stop();
  [[nodiscard]] bool is_quiet() const { return !is_running_ || is_asking_; }

 private:
  void arm(std::chrono::milliseconds delay);
  [[nodiscard]] Task<void> look();
  [[nodiscard]] Task<Result<void>> round();
  [[nodiscard]] Task<Result<void>> look_at_all();
  [[nodiscard]] Task<Result<void>> look_at_changed();
  [[nodiscard]] Task<Result<void>> look_at(std::vector<BareJid> present);
  [[nodiscard]] Task<std::vector<BareJid>> people_here();
  // Learns them, letting others have their turn.
  [[nodiscard]] Task<Result<void>> learn(std::vector<DirectoryPerson> people);
  [[nodiscard]] Task<void> others_first();

  World& world_;
  Shard& lobby_;
  DirectoryAccounts& accounts_;
  std::string domain_;
  PeopleDirectory& directory_;
  TimerId timer_ = TimerId::none;
  std::string mark_;                        // of the newest change that was seen; empty: all must be listed
  Monotonic listed_{};                      // when all were, last
  bool is_failing_ = false;
  bool is_running_ = false;
  bool is_asking_ = false;
  bool is_stopped_ = false;
};

}  // namespace aldis
