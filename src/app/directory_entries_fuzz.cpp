// Fuzzes entries of a directory: any give a configuration or problems, never a crash; problems stay on one line; what was accepted is accepted
// again, comes back from the entries written of it, and from its copy. The input is lines "name: value", with an empty line between entries.
#include "app/directory_entries.h"

#include <cstdint>

#include "app/config_cache.h"
#include "app/config_reader.h"

namespace {

using namespace aldis;
using namespace aldis::app;

const DirectoryPlace place{"cn=aldis,dc=example", "chat1"};

const ConfigSchema& schema() {
  static const ConfigSchema made = own_schema();
  return made;
}

std::vector<ldap::Entry> entries_of(std::string_view text) {
  std::vector<ldap::Entry> entries;
  while (!text.empty() && entries.size() < 100) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::size_t colon = line.find(": ");
    if (colon == std::string_view::npos) {
      continue;
    }
    const std::string name = lower_case(line.substr(0, colon));
    if (name == "dn") {
      entries.push_back({std::string(line.substr(colon + 2)), {}});
    } else if (!entries.empty()) {
      entries.back().attributes[name].emplace_back(line.substr(colon + 2));
    }
  }
  return entries;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  static_cast<void>(parse_copy(text));
  auto read = read_entries(entries_of(text), place, schema());
  ConfigProblems problems = read ? ConfigProblems{} : std::move(read.error());
  if (read) {
    const ConfigCopy copy{place, read->serial, read->digest, {}, read->entries};
    const auto kept = parse_copy(write_copy(copy));
    ensure(!kept || kept->digest == read->digest, "a copy is what was kept");
    const auto again = read_entries(read->entries, place, schema());
    ensure(again && again->digest == read->digest, "what was accepted is accepted again");
    if (const auto config = read_config(read->tree, schema())) {
      static_cast<void>(entries_ldif(*config, schema(), place));
    } else {
      problems = config.error();
    }
  }
  for (const ConfigProblem& problem : problems) {
    ensure(message(problem, "").find('\n') == std::string::npos, "a problem is one line");
  }
  return 0;
}
