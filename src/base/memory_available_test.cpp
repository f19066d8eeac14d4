// What the kernel's files say, on small trees of the test's own.
#include "base/memory_available.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

namespace aldis {
namespace {

namespace fs = std::filesystem;

struct Tree {
  Tree() : root(fs::temp_directory_path() / ("aldis-memory-" + std::to_string(::getpid()))) {
    fs::create_directories(root);
    file("proc/meminfo", "MemTotal:        8000 kB\nMemFree:         1000 kB\n");
  }
  ~Tree() { fs::remove_all(root); }
  void file(const fs::path& path, const std::string& text) const {
    fs::create_directories((root / path).parent_path());
    std::ofstream(root / path) << text;
  }
  fs::path root;
};

TEST(MemoryAvailable, IsTheMachinesWhereNothingLimitsIt) {
  const Tree tree;
  EXPECT_EQ(memory_available(tree.root), 8000U * 1024);
  tree.file("proc/self/cgroup", "0::/\n");
  tree.file("sys/fs/cgroup/memory.max", "max\n");
  EXPECT_EQ(memory_available(tree.root), 8000U * 1024);
}

TEST(MemoryAvailable, IsTheGroupsInVersion2AndItsParentsCountToo) {
  const Tree tree;
  tree.file("proc/self/cgroup", "0::/system.slice/aldis.service\n");
  tree.file("sys/fs/cgroup/system.slice/aldis.service/memory.max", "4096000\n");
  EXPECT_EQ(memory_available(tree.root), 4096000U);
  tree.file("sys/fs/cgroup/system.slice/memory.max", "2048000\n");
  EXPECT_EQ(memory_available(tree.root), 2048000U);
}

TEST(MemoryAvailable, IsTheGroupsInVersion1) {
  const Tree tree;
  tree.file("proc/self/cgroup", "5:cpu,memory:/site/aldis\n4:cpuset:/\n0::/\n");
  tree.file("sys/fs/cgroup/memory/site/aldis/memory.limit_in_bytes", "3000000\n");
  tree.file("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  EXPECT_EQ(memory_available(tree.root), 3000000U);
}

TEST(MemoryAvailable, IsUnknownWhereNothingCanBeRead) {
  const Tree tree;
  EXPECT_EQ(memory_available(tree.root / "nowhere"), 0U);
  EXPECT_GT(memory_available(), 0U) << "this machine";
}

}  // namespace
}  // namespace aldis
