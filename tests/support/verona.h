// Verona: a scene with a victim and a bystander for hostile users (docs/security-tests.md). Whatever mallory does, juliet and
// the nurse go on talking and have seen nothing of it.
#pragma once
#include "tests/support/scene.h"

namespace aldis::test {

struct Verona {
  explicit Verona(SceneOptions options = {}) : scene(std::move(options)) {
    for (Client* each : {&juliet, &nurse}) {
      each->comes_online();
      each->ignores_the_rest();
    }
  }
  Client& mallory() { return scene.login("mallory@capulet.example/x"); }
  // Whatever happened to mallory, the others still talk, and have seen nothing else.
  void goes_on() {
    juliet.receives_nothing();
    nurse.sends("<message to='juliet@capulet.example/balcony' type='chat' id='canary'><body>still here</body></message>");
    juliet.receives("id='canary'");
    nurse.receives_nothing();
  }
  Scene scene;
  Client& juliet = scene.login("juliet@capulet.example/balcony");
  Client& nurse = scene.login("nurse@capulet.example/hall");
};

inline std::string to_juliet(std::string_view inside, std::string_view attributes = {}) {
  return "<message to='juliet@capulet.example' type='chat'" + std::string(attributes) + ">" + std::string(inside) + "</message>";
}

inline std::size_t count(std::string_view text, std::string_view part) {
  std::size_t n = 0;
  for (std::size_t at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1)) ++n;
  return n;
}

}  // namespace aldis::test
