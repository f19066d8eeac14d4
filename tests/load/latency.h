// A histogram of delays: buckets of 1/32 of their octave, so a percentile is within 3 % of the truth at any scale.
#pragma once
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace aldis::load {

class Latency {
 public:
  void add(std::chrono::nanoseconds delay);
  /// fraction in (0, 1]; the upper edge of the bucket that holds it, in microseconds; 0 when nothing was added.
  double percentile_us(double fraction) const;
  std::uint64_t count() const { return count_; }
  void clear() { *this = Latency(); }

 private:
  static constexpr std::size_t kSteps = 32;
  static std::size_t bucket_of(std::uint64_t ns);
  static std::uint64_t upper_edge(std::size_t bucket);
  std::array<std::uint64_t, 64 * kSteps> buckets_{};
  std::uint64_t count_ = 0;
};

}  // namespace aldis::load
