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
#include "core/directory_rounds.h"

namespace aldis {

class DirectoryWatch final : public DirectoryRounds {
 public:
  // All outlive it. One for each domain.
  DirectoryWatch(World& world, Shard& lobby, DirectoryAccounts& accounts, std::string domain);

  // The first round begins at once.
  void start() { begin(); }

 private:
  [[nodiscard]] Task<Result<void>> round() override;
  [[nodiscard]] std::chrono::milliseconds pause() const override { return directory_.refresh(); }
  [[nodiscard]] Task<Result<void>> look_at_all();
  [[nodiscard]] Task<Result<void>> look_at_changed();
  [[nodiscard]] Task<Result<void>> look_at(std::vector<BareJid> present);
  [[nodiscard]] Task<std::vector<BareJid>> people_here();
  // Learns them, letting others have their turn.
  [[nodiscard]] Task<Result<void>> learn(std::vector<DirectoryPerson> people);
  [[nodiscard]] Task<void> others_first();

  World& world_;
  DirectoryAccounts& accounts_;
  std::string mark_;                        // of the newest change that was seen; empty: all must be listed
  Monotonic listed_{};                      // when all were, last
};

}  // namespace aldis
