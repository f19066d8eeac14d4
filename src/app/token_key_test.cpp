// The token key's file: made once, kept, and refused when somebody else could have it.
#include "app/token_key.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

namespace aldis::app {
namespace {

class TokenKeyFile : public testing::Test {
 protected:
  TokenKeyFile() {
    std::string text = testing::TempDir() + "token-key-XXXXXX";
    folder_ = ::mkdtemp(text.data());
    path_ = folder_ + "/token.key";
  }
  ~TokenKeyFile() override { std::filesystem::remove_all(folder_); }
  std::string folder_;
  std::string path_;
  SystemRandom random_;
};

TEST_F(TokenKeyFile, IsMadeOnceAndForItsOwnerAlone) {
  const auto made = load_token_key(path_, random_);
  ASSERT_TRUE(made);
  EXPECT_EQ(made->size(), 32U);
  struct stat status {};
  ASSERT_EQ(::stat(path_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  EXPECT_EQ(load_token_key(path_, random_)->view(), made->view());
  std::filesystem::remove(path_);
  EXPECT_NE(load_token_key(path_, random_)->view(), made->view()) << "removed: another one";
}

TEST_F(TokenKeyFile, ThatOthersMayReadIsRefused) {
  ASSERT_TRUE(load_token_key(path_, random_));
  for (const mode_t mode : {0640U, 0604U, 0660U}) {
    ASSERT_EQ(::chmod(path_.c_str(), mode), 0);
    const auto refused = load_token_key(path_, random_);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::denied);
  }
}

TEST_F(TokenKeyFile, ThatIsNoneIsLeftAlone) {
  for (const std::string& text : {std::string(), std::string(31, 'x'), std::string(33, 'x')}) {
    std::ofstream(path_) << text;
    ASSERT_EQ(::chmod(path_.c_str(), 0600), 0);
    const auto refused = load_token_key(path_, random_);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::corrupt);
    EXPECT_EQ(std::filesystem::file_size(path_), text.size());
  }
  std::filesystem::remove(path_);
  std::filesystem::create_symlink(folder_ + "/elsewhere", path_);
  EXPECT_FALSE(load_token_key(path_, random_)) << "nobody leads us elsewhere";
  std::filesystem::remove(path_);
  std::filesystem::create_directory(path_);
  EXPECT_FALSE(load_token_key(path_, random_));
  EXPECT_FALSE(load_token_key(folder_ + "/no/folder/token.key", random_));
}

}  // namespace
}  // namespace aldis::app
