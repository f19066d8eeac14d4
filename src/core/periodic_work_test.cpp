// Work that is done from time to time: it goes on by itself, and none begins once the server stops.
#include "core/periodic_work.h"

#include "tests/support/scene.h"

namespace aldis::test {
namespace {

TEST(PeriodicWork, GoesOnAndNoneBeginsOnceTheServerStops) {
  int begun = 0;
  SceneOptions options;
  options.install = [&begun](VirtualHost& host, World& world) {
    install_default_extensions(host, world);
    host.periodic.push_back([&begun](Home&) -> Task<std::chrono::milliseconds> {
      ++begun;
      co_return std::chrono::milliseconds(1000);
    });
  };
  Scene scene(std::move(options));
  scene.advance(std::chrono::milliseconds(1000));
  const int first = begun;
  EXPECT_GE(first, 1);
  scene.advance(std::chrono::milliseconds(1000));
  EXPECT_EQ(begun, 2 * first);
  scene.home().stop_periodic_work();
  scene.advance(std::chrono::seconds(10));
  EXPECT_EQ(begun, 2 * first);
}

}  // namespace
}  // namespace aldis::test
