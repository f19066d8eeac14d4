// Documents written from the declarations in the code: the reference of aldis.toml, a commented example of it, the list of
// XEPs, and the project's DOAP file (XEP-0453). tools/gen_docs puts them in their places; a test compares.
#pragma once
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "app/config_schema.h"
#include "core/extension.h"

namespace aldis::app {

[[nodiscard]] std::string config_reference(const ConfigSchema& schema);   // docs/config.md

// A section of the example with the keys that are set in it; all others are there as comments with their defaults.
struct ExampleSection {
  std::string name;
  std::vector<std::pair<std::string, OptionValue>> values;
};
// Sections of the schema that are not among `sections` follow, as comments only.
[[nodiscard]] std::string config_example(const ConfigSchema& schema, const std::vector<ExampleSection>& sections);

[[nodiscard]] std::string xep_list(std::span<const ExtensionEntry> extensions, std::span<const XepReference> core);   // docs/xeps.md
[[nodiscard]] std::string doap(std::span<const ExtensionEntry> extensions, std::span<const XepReference> core);       // aldis.doap

}  // namespace aldis::app
