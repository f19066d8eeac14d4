// The extensions of scenes: the program's own list.
#include "app/extensions.h"
#include "tests/support/scene.h"

namespace aldis::test {

void install_default_extensions(VirtualHost& host, World& world) {
  for (const ExtensionEntry& entry : app::extensions()) {
    if (entry.is_default) {
      host.install(entry, world, entry.options != nullptr ? entry.options->make() : OptionObject());
    }
  }
}

}  // namespace aldis::test
