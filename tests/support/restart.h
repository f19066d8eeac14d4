// A graceful restart in scenes: one scene stops, another starts on the same stores. What Server::stop and Server::start do, on the one home
// there is.
#pragma once
#include "core/account.h"
#include "core/virtual_host.h"
#include "tests/support/scene.h"

namespace aldis::test {

inline SceneOptions on(Stores stores) {
  SceneOptions options;
  options.wrap_stores = [stores](Stores) { return stores; };
  return options;
}

inline Task<bool> finished(Task<void> step) {
  co_await std::move(step);
  co_return true;
}

inline void stops(Scene& scene) {
  EXPECT_TRUE(scene.wait(finished(scene.home().shut_down_residents())));
  scene.run();
  scene.shard().post([&] { scene.home().suspend_all({.condition = StreamCondition::system_shutdown}, "the server stops"); });
  scene.run();
  EXPECT_TRUE(scene.home().is_quiet_but_for_suspended());
  EXPECT_TRUE(scene.wait(finished(scene.home().suspend_residents())));
  scene.run();
  EXPECT_TRUE(scene.home().is_quiet_but_for_suspended());
  EXPECT_TRUE(scene.wait(finished(scene.home().save_suspended())));
  EXPECT_TRUE(scene.wait(finished(scene.home().leave_suspended())));
  EXPECT_EQ(scene.home().session_count(), 0U);
}

// How many sessions are there again.
inline std::size_t starts(Scene& scene) {
  std::size_t restored = 0;
  const auto taken = scene.wait(scene.stores().sessions.take(100));
  EXPECT_TRUE(taken.has_value());
  for (const SuspendedSession& session : *taken) {
    restored += scene.wait(scene.home().restore(session)) ? 1U : 0U;
  }
  const auto rooms = scene.wait(scene.stores().rooms.rooms_with_occupants({}, 100));
  EXPECT_TRUE(rooms.has_value());
  for (const BareJid& room : *rooms) {
    scene.shard().post([&scene, room] {
      scene.home().residents().with(room, *scene.home().world().find_host(room.domain()), [](Resident&) {}, [] {});
    });
  }
  scene.run();
  return restored;
}

}  // namespace aldis::test
