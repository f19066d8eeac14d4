// GroupWatch: looks again and again which groups a directory has of a domain's people, and shares what has changed (home.h). When it does
// not answer, or not to the end, groups stay as they are.
#pragma once
#include <optional>
#include <string>

#include "core/directory_rounds.h"
#include "core/world.h"

namespace aldis {

class GroupWatch final : public DirectoryRounds {
 public:
  // All outlive it. Of a directory that has groups; one for each domain.
  GroupWatch(World& world, Shard& lobby, PeopleDirectory& directory, std::string domain);
  ~GroupWatch() override;

  // The first look begins at once. Returns after it, or after `patience`; groups that come later come as a change.
  [[nodiscard]] Task<void> start(std::chrono::milliseconds patience);
  void stop() override;

 private:
  [[nodiscard]] Task<Result<void>> round() override;
  [[nodiscard]] std::chrono::milliseconds pause() const override;
  void round_is_over() override;

  World& world_;
  TimerId impatience_ = TimerId::none;
  std::optional<Completion<bool>> first_;   // who waits for the first look
};

}  // namespace aldis
