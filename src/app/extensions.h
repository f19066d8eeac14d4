// The features of this build: the one list of extensions, and what a configuration may say with them.
#pragma once
#include <span>

#include "app/config_schema.h"
#include "core/extension.h"

namespace aldis::app {

// In the order in which their hooks run within a phase.
[[nodiscard]] std::span<const ExtensionEntry> extensions();

// What is implemented outside any extension, in folders of the core.
[[nodiscard]] std::span<const XepReference> core_xeps();

// Every section and extension that aldis.toml may speak of.
[[nodiscard]] ConfigSchema config_schema();

}  // namespace aldis::app
