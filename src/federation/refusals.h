// Refusals: the last stream of each other server's that was refused, for operators who ask why. Whoever calls may claim any name, so
// there are so many and no more, and those that a rule names are the last to be forgotten. On the federation's shard.
#pragma once
#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace aldis::federation {

struct Refusal {
  std::string host;      // it called; empty: it did not say
  std::string address;
  std::string rule;      // empty: none was found
  std::string why;
  WallTime when{};
};

class Refusals {
 public:
  explicit Refusals(std::size_t most = 1000) : most_(most) {}

  // `is_named`: a rule is written for that server.
  void note(const std::string& peer, Refusal refusal, bool is_named);
  // Null: none that is remembered.
  [[nodiscard]] const Refusal* last(std::string_view peer) const;
  [[nodiscard]] std::size_t size() const { return last_.size(); }

 private:
  struct Entry {
    Refusal refusal;
    bool is_named = false;
  };
  const std::size_t most_;
  std::map<std::string, Entry, std::less<>> last_;   // by the name it gave
};

}  // namespace aldis::federation
