// One look at the groups.
#include "core/group_watch.h"

#include "core/home.h"
#include "core/virtual_host.h"

namespace aldis {
namespace {
metrics::Counter looks_done{"aldis_directory_group_rounds_total", "Looks at the groups of a directory.", {{"outcome", "done"}}};
metrics::Counter looks_failed{"aldis_directory_group_rounds_total", "Looks at the groups of a directory.", {{"outcome", "failed"}}};
}  // namespace

GroupWatch::GroupWatch(World& world, Shard& lobby, PeopleDirectory& directory, std::string domain)
    : DirectoryRounds(lobby, directory, std::move(domain),
                      {.missed = "directory-groups-not-read", .found = "directory-groups-read-again", .done = looks_done, .failed = looks_failed}),
      world_(world) {
  ensure(directory_.groups_refresh().has_value(), "a directory with groups");
}

GroupWatch::~GroupWatch() { round_is_over(); }

Task<void> GroupWatch::start(std::chrono::milliseconds patience) {
  const Completion<bool> first;
  first_ = first;
  impatience_ = lobby_.after(patience, [this] {
    impatience_ = TimerId::none;
    round_is_over();
  });
  begin();
  const bool is_over = co_await first;
  static_cast<void>(is_over);
}

// Or nobody waits for it any longer.
void GroupWatch::round_is_over() {
  if (impatience_ != TimerId::none) {
    lobby_.cancel(std::exchange(impatience_, TimerId::none));
  }
  if (const auto first = std::exchange(first_, std::nullopt)) {
    first->complete(true);
  }
}

void GroupWatch::stop() {
  DirectoryRounds::stop();
  round_is_over();
}

std::chrono::milliseconds GroupWatch::pause() const { return *directory_.groups_refresh(); }

Task<Result<void>> GroupWatch::round() {
  Result<PeopleDirectory::Groups> groups = co_await ask(directory_.groups(domain_));
  if (!groups) {
    co_return fail(groups.error());
  }
  if (is_stopped() || !*groups) {
    co_return Result<void>{};
  }
  co_await share_groups(world_, domain_, std::move(**groups));
  co_return Result<void>{};
}

}  // namespace aldis
