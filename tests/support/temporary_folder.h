// TemporaryFolder: a new folder that nobody else can reach, removed with all it holds when the test ends.
#pragma once
#include <cstdlib>
#include <filesystem>
#include <string>
#include <system_error>

#include "base/ensure.h"

namespace aldis::testing_support {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "aldis-test-XXXXXX").string();
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
