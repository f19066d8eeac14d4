// TemporaryFolder: a new folder that nobody else can reach, removed with all it holds when the test ends. On a disk, or in
// memory (where there is such a place) for tests to which the machine's disk does not matter.
#pragma once
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <system_error>

#include "base/ensure.h"

namespace aldis::testing_support {

class TemporaryFolder {
 public:
  enum class On : std::uint8_t { disk, memory };
  explicit TemporaryFolder(On on = On::disk) {
    const std::filesystem::path memory = "/dev/shm";
    const bool is_in_memory = on == On::memory && std::filesystem::is_directory(memory);
    std::string name = ((is_in_memory ? memory : std::filesystem::temp_directory_path()) / "aldis-test-XXXXXX").string();
    ensure(::mkdtemp(name.data()) != nullptr, "a test can make a folder");
    path_ = name;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace aldis::testing_support
