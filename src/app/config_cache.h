// The last configuration that a directory gave and that was taken: a file in data_dir, so that the server starts while no server
// of the directory answers. One JSON object with the digest of its entries; a copy that is not exactly what was written is not used.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "app/directory_entries.h"
#include "base/clock.h"
#include "base/result.h"

namespace aldis::app {

inline constexpr std::size_t max_cache_bytes = 64UL * 1024 * 1024;   // twice what a directory may give, and JSON's marks

struct ConfigCopy {
  DirectoryPlace place;
  std::string serial;
  std::string digest;
  WallTime taken{};                    // when it was asked for
  std::vector<ldap::Entry> entries;
};

// Replaces the file as a whole, on disk when this returns; only the server's user may read it.
[[nodiscard]] Result<void> save_copy(const std::string& path, const ConfigCopy& copy);
// not_found: there is none. corrupt: it is damaged, or is no such copy. denied: others could have written it. invalid: it is of another
// base or name.
[[nodiscard]] Result<ConfigCopy> load_copy(const std::string& path, const DirectoryPlace& place);

[[nodiscard]] std::string write_copy(const ConfigCopy& copy);
[[nodiscard]] Result<ConfigCopy> parse_copy(std::string_view text);   // corrupt, or the copy

}  // namespace aldis::app
