// The extensions of scenes: the program's own list.
#include "tests/support/default_extensions.h"

#include "app/extensions.h"
#include "tests/support/scene.h"

namespace aldis::test {

void install_default_extensions(VirtualHost& host, World& world) { install_default_extensions(host, world, ConfigureExtension()); }

void install_default_room_extensions(VirtualHost& host, World& world) { install_default_extensions(host, world, ConfigureExtension(), ServedBy::rooms); }

void install_default_pubsub_extensions(VirtualHost& host, World& world) { install_default_extensions(host, world, ConfigureExtension(), ServedBy::pubsub); }

void install_default_extensions(VirtualHost& host, World& world, const ConfigureExtension& configure, ServedBy on) {
  for (const ExtensionEntry& entry : app::extensions()) {
    if (!entry.is_default || !includes(entry.on, on)) {
      continue;
    }
    OptionObject object = entry.options != nullptr ? entry.options->make() : OptionObject();
    if (configure && entry.options != nullptr) {
      configure(entry.name, *entry.options, object);
    }
    host.install(entry, world, object);
  }
}

}  // namespace aldis::test
