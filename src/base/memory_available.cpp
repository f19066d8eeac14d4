// Reads /proc/meminfo, /proc/self/cgroup and the limits of the group named there and of those above it (cgroups(7)).
#include "base/memory_available.h"

#include <algorithm>
#include <fstream>
#include <limits>
#include <string>
#include <string_view>

namespace aldis {
namespace {

namespace fs = std::filesystem;
constexpr std::uint64_t none = std::numeric_limits<std::uint64_t>::max();

std::uint64_t machine(const fs::path& root) {
  std::ifstream meminfo(root / "proc/meminfo");
  std::string name;
  std::uint64_t kib = 0;
  std::string unit;
  while (meminfo >> name >> kib) {
    if (name == "MemTotal:") return kib * 1024;
    std::getline(meminfo, unit);
  }
  return none;
}

// "max" (version 2), and what cannot be read, are no limit.
std::uint64_t limit_in(const fs::path& file) {
  std::ifstream in(file);
  std::uint64_t bytes = 0;
  return in >> bytes ? bytes : none;
}

// The least of the group's and of those around it. In a container the group's own path may not be visible: only the last step,
// the folder that is mounted, is.
std::uint64_t least(const fs::path& mount, std::string_view group, std::string_view file) {
  std::uint64_t found = none;
  for (fs::path path = fs::path(group).relative_path();; path = path.parent_path()) {
    found = std::min(found, limit_in(mount / path / file));
    if (path.empty()) return found;
  }
}

bool names_memory(std::string_view controllers) {
  for (std::size_t at = 0; at <= controllers.size();) {
    const std::size_t end = std::min(controllers.find(',', at), controllers.size());
    if (controllers.substr(at, end - at) == "memory") return true;
    at = end + 1;
  }
  return false;
}

std::uint64_t control_group(const fs::path& root) {
  std::uint64_t found = none;
  std::ifstream groups(root / "proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {  // hierarchy:controllers:path
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string_view controllers = std::string_view(line).substr(first + 1, second - first - 1);
    const std::string_view group = std::string_view(line).substr(second + 1);
    if (controllers.empty()) {
      found = std::min(found, least(root / "sys/fs/cgroup", group, "memory.max"));
    } else if (names_memory(controllers)) {
      found = std::min(found, least(root / "sys/fs/cgroup/memory", group, "memory.limit_in_bytes"));
    }
  }
  return found;
}

}  // namespace

std::uint64_t memory_available(const std::filesystem::path& root) {
  const std::uint64_t found = std::min(machine(root), control_group(root));
  return found == none ? 0 : found;
}

}  // namespace aldis
