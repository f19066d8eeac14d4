// See latency.h.
#include "latency.h"

#include <bit>
#include <cmath>

namespace aldis::load {

std::size_t Latency::bucket_of(std::uint64_t ns) {
  if (ns < kSteps) {
    return ns;
  }
  const auto octave = static_cast<std::size_t>(std::bit_width(ns)) - 6;  // 0 for 32..63
  return (octave + 1) * kSteps + ((ns >> octave) - kSteps);
}

std::uint64_t Latency::upper_edge(std::size_t bucket) {
  if (bucket < kSteps) {
    return bucket;
  }
  const std::size_t octave = bucket / kSteps - 1;
  return ((kSteps + bucket % kSteps + 1) << octave) - 1;
}

void Latency::add(std::chrono::nanoseconds delay) {
  const auto ns = delay.count() < 0 ? 0 : static_cast<std::uint64_t>(delay.count());
  ++buckets_[bucket_of(ns)];
  ++count_;
}

double Latency::percentile_us(double fraction) const {
  if (count_ == 0) {
    return 0;
  }
  const auto wanted = static_cast<std::uint64_t>(std::ceil(fraction * static_cast<double>(count_)));
  std::uint64_t seen = 0;
  for (std::size_t bucket = 0; bucket < buckets_.size(); ++bucket) {
    seen += buckets_[bucket];
    if (seen >= wanted && seen > 0) {
      return static_cast<double>(upper_edge(bucket)) / 1000;
    }
  }
  return 0;
}

}  // namespace aldis::load
