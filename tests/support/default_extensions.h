// Scenes whose extensions have other options than the default ones.
#pragma once
#include <functional>
#include <string_view>

#include "core/extension.h"

namespace aldis::test {

// As scene.h's, each entry's options as `configure` leaves them; it is called for those that have some.
using ConfigureExtension = std::function<void(std::string_view name, const OptionTable& options, OptionObject& object)>;
void install_default_extensions(VirtualHost& host, World& world, const ConfigureExtension& configure, ServedBy on = ServedBy::accounts);

}  // namespace aldis::test
