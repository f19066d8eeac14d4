// How much memory this process may use: the machine's, or less where a control group (Linux, versions 1 and 2) or the
// containers around it say so.
#pragma once
#include <cstdint>
#include <filesystem>

namespace aldis {

// Bytes; 0: nothing could be read. `root` is where /proc and /sys are looked for.
[[nodiscard]] std::uint64_t memory_available(const std::filesystem::path& root = "/");

}  // namespace aldis
