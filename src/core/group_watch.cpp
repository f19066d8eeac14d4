// One look at the groups, and the next.
#include "core/group_watch.h"

#include "base/log.h"
#include "base/metrics.h"
#include "core/home.h"
#include "core/virtual_host.h"

namespace aldis {
namespace {
metrics::Counter looks_done{"aldis_directory_group_rounds_total", "Looks at the groups of a directory.", {{"outcome", "done"}}};
metrics::Counter looks_failed{"aldis_directory_group_rounds_total", "Looks at the groups of a directory.", {{"outcome", "failed"}}};
}  // namespace

GroupWatch::GroupWatch(World& world, Shard& lobby, PeopleDirectory& directory, std::string domain)
    : world_(world), lobby_(lobby), directory_(directory), domain_(std::move(domain)) {
  ensure(directory_.groups_refresh().has_value(), "a directory with groups");
}

GroupWatch::~GroupWatch() {
  ensure(!is_running_, "a look has ended when its watch goes");
  stop();
}

Task<void> GroupWatch::start(std::chrono::milliseconds patience) {
  const Completion<bool> first;
  first_ = first;
  impatience_ = lobby_.after(patience, [this] {
    impatience_ = TimerId::none;
    first_is_over();
  });
  arm(std::chrono::milliseconds(0));
  const bool is_over = co_await first;
  static_cast<void>(is_over);
}

void GroupWatch::first_is_over() {
  if (impatience_ != TimerId::none) {
    lobby_.cancel(std::exchange(impatience_, TimerId::none));
  }
  if (const auto first = std::exchange(first_, std::nullopt)) {
    first->complete(true);
  }
}

void GroupWatch::stop() {
  is_stopped_ = true;
  if (timer_ != TimerId::none) {
    lobby_.cancel(std::exchange(timer_, TimerId::none));
  }
  first_is_over();
}

void GroupWatch::arm(std::chrono::milliseconds delay) {
  timer_ = lobby_.after(delay, [this] {
    timer_ = TimerId::none;
    spawn(look());
  });
}

Task<void> GroupWatch::look() {
  is_running_ = true;
  const Result<void> done = co_await round();
  is_running_ = false;
  if (is_stopped_) {
    co_return;
  }
  first_is_over();
  (done ? looks_done : looks_failed).add();
  if (!done && !is_failing_) {
    log::warning("directory-groups-not-read", {{"domain", domain_}, {"directory", directory_.name()}, {"cause", done.error().what}});
  } else if (done && is_failing_) {
    log::info("directory-groups-read-again", {{"domain", domain_}, {"directory", directory_.name()}});
  }
  is_failing_ = !done;
  arm(*directory_.groups_refresh());
}

Task<Result<void>> GroupWatch::round() {
  is_asking_ = true;
  Result<PeopleDirectory::Groups> groups = co_await directory_.groups(domain_);
  is_asking_ = false;
  if (!groups) {
    co_return fail(groups.error());
  }
  if (is_stopped_ || !*groups) {
    co_return Result<void>{};
  }
  co_await share_groups(world_, domain_, std::move(**groups));
  co_return Result<void>{};
}

}  // namespace aldis
