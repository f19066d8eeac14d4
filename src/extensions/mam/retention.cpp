// Archives are kept within their limits, all the time and a little at a time: other writes wait for one small step at
// most.
#include "base/log.h"
#include "base/metrics.h"
#include "core/home.h"
#include "core/virtual_host.h"
#include "extensions/mam/mam.h"

namespace aldis::ext {
namespace {

metrics::Counter trimmed{"aldis_archive_trimmed_total", "Entries removed from archives because of their limits."};

constexpr int steps_at_a_time = 20;
constexpr std::chrono::milliseconds while_there_is_more{200};
constexpr std::chrono::milliseconds when_all_is_done{60'000};

Task<std::chrono::milliseconds> trim(Home& home, std::string domain, ArchiveRetention limits,
                                     std::shared_ptr<std::string> place) {
  for (int i = 0; i < steps_at_a_time; ++i) {
    TrimStep step{.domain = domain, .limits = limits, .now = home.world().clock.wall(), .after = *place};
    Result<TrimmedStep> done = co_await home.world().stores.archive.trim(std::move(step));
    if (!done) {
      log::warning("archive-not-trimmed", {{"domain", domain}, {"cause", done.error().what}});
      co_return when_all_is_done;
    }
    trimmed.add(done->removed);
    *place = std::move(done->next);
    if (place->empty() && done->removed == 0) {
      co_return when_all_is_done;
    }
  }
  co_return while_there_is_more;
}

}  // namespace

void trim_archives(Extension& self, ArchiveRetention limits) {
  // Touched by the one home that does this work.
  const auto place = std::make_shared<std::string>();
  self.on_time([domain = std::string(self.host().domain()), limits, place](Home& home) {
    return trim(home, domain, limits, place);
  });
}

void install_retention(Extension& self) {
  const auto& config = self.config<MamConfig>();
  trim_archives(self, {.age = config.keep_for, .bytes = config.keep_bytes.count});
}

}  // namespace aldis::ext
