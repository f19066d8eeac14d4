// One round, and the next.
#include "core/directory_rounds.h"

#include <utility>

#include "base/ensure.h"
#include "base/log.h"

namespace aldis {

DirectoryRounds::DirectoryRounds(Shard& lobby, PeopleDirectory& directory, std::string domain, Words words)
    : lobby_(lobby), directory_(directory), domain_(std::move(domain)), words_(words) {}

DirectoryRounds::~DirectoryRounds() {
  ensure(!is_running_, "a round has ended when its watch goes");
  if (timer_ != TimerId::none) {
    lobby_.cancel(timer_);
  }
}

void DirectoryRounds::stop() {
  is_stopped_ = true;
  if (timer_ != TimerId::none) {
    lobby_.cancel(std::exchange(timer_, TimerId::none));
  }
}

void DirectoryRounds::arm(std::chrono::milliseconds delay) {
  timer_ = lobby_.after(delay, [this] {
    timer_ = TimerId::none;
    spawn(run());
  });
}

Task<void> DirectoryRounds::run() {
  is_running_ = true;
  const Result<void> done = co_await round();
  is_running_ = false;
  if (is_stopped_) {
    co_return;
  }
  round_is_over();
  (done ? words_.done : words_.failed).add();
  if (!done && !is_failing_) {
    log::warning(words_.missed, {{"domain", domain_}, {"directory", directory_.name()}, {"cause", done.error().what}});
  } else if (done && is_failing_) {
    log::info(words_.found, {{"domain", domain_}, {"directory", directory_.name()}});
  }
  is_failing_ = !done;
  arm(pause());
}

}  // namespace aldis
