// FailingStores under a Scene: each store call of what a test does fails once, in a scene of its own each time.
//   const std::size_t failures = fail_each_call([&](std::size_t n) {
//     StoresOfScene stores;
//     Scene scene(stores.under({}));
//     ... until everything is in its place
//     const bool has_failed = stores.fail({.nth = n}, [&] { juliet.sends("..."); });
//     ... what holds then
//     return has_failed;
//   });
#pragma once
#include <optional>
#include <utility>

#include "tests/support/failing_stores.h"
#include "tests/support/scene.h"

namespace aldis::test {

// What stands between a scene and its stores; outlives the scene.
class StoresOfScene {
 public:
  using Plan = testing_support::FailingStores::Plan;

  // The options of a scene that has them.
  [[nodiscard]] SceneOptions under(SceneOptions options) {
    options.wrap_stores = [this](Stores inner) {
      made_.emplace(inner, Plan{});
      return made_->stores();
    };
    return options;
  }
  // Whether a call failed by this plan while `act` ran; afterwards none fails.
  template <class Act>
  bool fail(Plan plan, Act act) {
    made_->restart(plan);
    act();
    const bool has_failed = made_->has_failed();
    made_->restart({});
    return has_failed;
  }
  // How many calls there were while it ran.
  template <class Act>
  std::size_t calls_of(Act act) {
    made_->restart({});
    act();
    return made_->calls();
  }
  testing_support::FailingStores* operator->() { return &*made_; }

 private:
  std::optional<testing_support::FailingStores> made_;
};

// N = 0, 1, 2 … until scenario(N) says that no call failed; then each has. How many there were.
template <class Scenario>
std::size_t fail_each_call(const Scenario& scenario) {
  std::size_t n = 0;
  while (scenario(n)) {
    ++n;
  }
  return n;
}

}  // namespace aldis::test
