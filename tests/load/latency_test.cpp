// Percentiles are within a bucket's width (3 %) of the truth, at every scale.
#include "latency.h"

#include <gtest/gtest.h>

namespace aldis::load {
namespace {

using std::chrono::nanoseconds;

TEST(Latency, FindsPercentiles) {
  Latency latency;
  for (int i = 1; i <= 1000; ++i) {
    latency.add(nanoseconds(i * 1000));
  }
  EXPECT_EQ(latency.count(), 1000U);
  EXPECT_NEAR(latency.percentile_us(0.5), 500, 500 * 0.04);
  EXPECT_NEAR(latency.percentile_us(0.99), 990, 990 * 0.04);
  EXPECT_NEAR(latency.percentile_us(1), 1000, 1000 * 0.04);
}

TEST(Latency, HoldsEveryScale) {
  for (std::int64_t ns = 1; ns < 4'000'000'000'000'000'000; ns *= 3) {
    Latency latency;
    latency.add(nanoseconds(ns));
    const double us = static_cast<double>(ns) / 1000;
    EXPECT_GE(latency.percentile_us(1), us);
    EXPECT_LE(latency.percentile_us(1), us * 1.04 + 0.001);
  }
}

TEST(Latency, IsZeroWhenEmptyOrEarly) {
  Latency latency;
  EXPECT_EQ(latency.percentile_us(0.5), 0);
  latency.add(nanoseconds(-5));
  EXPECT_EQ(latency.percentile_us(0.5), 0);
}

}  // namespace
}  // namespace aldis::load
