// GroupWatch: looks again and again which groups a directory has of a domain's people, and shares what has changed (home.h). When it does
// not answer, or not to the end, groups stay as they are.
#pragma once
#include <optional>
#include <string>

#include "auth/people_directory.h"
#include "core/world.h"
#include "runtime/shard.h"

namespace aldis {

class GroupWatch {
 public:
  // All outlive it. Of a directory that has groups; one for each domain, on the lobby's shard. It goes as DirectoryWatch does.
  GroupWatch(World& world, Shard& lobby, PeopleDirectory& directory, std::string domain);
  ~GroupWatch();
  GroupWatch(const GroupWatch&) = delete;
  GroupWatch& operator=(const GroupWatch&) = delete;

  // The first look begins at once. Returns after it, or after `patience`; groups that come later come as a change.
  [[nodiscard]] Task<void> start(std::chrono::milliseconds patience);
  void stop();
  [[nodiscard]] bool is_quiet() const { return !is_running_ || is_asking_; }

 private:
  void arm(std::chrono::milliseconds delay);
  [[nodiscard]] Task<void> look();
  [[nodiscard]] Task<Result<void>> round();
  void first_is_over();

  World& world_;
  Shard& lobby_;
  PeopleDirectory& directory_;
  std::string domain_;
  TimerId timer_ = TimerId::none;
  TimerId impatience_ = TimerId::none;
  std::optional<Completion<bool>> first_;   // who waits for the first look
  bool is_failing_ = false;
  bool is_running_ = false;
  bool is_asking_ = false;
  bool is_stopped_ = false;
};

}  // namespace aldis
