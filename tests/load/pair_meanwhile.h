// A pair of clients that talks at a steady rate while something else happens to the server: what the others feel. It lives in a
// process of its own that precedes the generator's on the processor where the system allows it, so that the generator's own work
// is not taken for the server's delay.
#pragma once
#include <sys/types.h>

#include "conversation.h"

namespace aldis::load {

class PairMeanwhile {
 public:
  /// The accounts first and first + 1; options.rate messages a second, or 100. Forks: before there are connections.
  PairMeanwhile(const Options& options, int first, double rate);
  ~PairMeanwhile();
  PairMeanwhile(const PairMeanwhile&) = delete;

  /// False: it never was.
  bool wait_until_ready(EventLoop& loop);
  void measure_before();  ///< from here: before()
  void measure_during();  ///< from here: during()
  /// False: it did not come to its end.
  bool end(EventLoop& loop);

  // When it has ended.
  const Latency& before() const;
  const Latency& during() const;
  std::uint64_t sent() const;
  std::uint64_t lost() const;
  std::uint64_t duplicated() const;
  std::uint64_t reordered() const;

 private:
  struct Shared;
  [[noreturn]] static void be_the_pair(const Options& options, int first, double rate, Shared& shared);
  Shared* shared_ = nullptr;
  pid_t child_ = 0;
  bool has_ended_ = false;
};

}  // namespace aldis::load
