// The bytes of what clients have not acknowledged, over all sessions.
#include "core/unacknowledged.h"

#include "base/metrics.h"

namespace aldis {
namespace {
metrics::Gauge bytes_gauge{"aldis_unacknowledged_bytes", "Bytes of stanzas sent on managed streams and not acknowledged."};
}  // namespace

void Unacknowledged::count_bytes(std::size_t now) {
  bytes_gauge.add(static_cast<std::int64_t>(now) - static_cast<std::int64_t>(bytes_));
  bytes_ = now;
}

}  // namespace aldis
