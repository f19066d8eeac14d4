// Reading the block list.
#include "app/password_policy.h"

#include <algorithm>
#include <fstream>
#include <string>

#include "auth/password_rules.h"

namespace aldis::app {
namespace {

constexpr std::streamoff longest_list = 64LL * 1024 * 1024;

}  // namespace

Result<AuthConfig> load_auth_config(const Config& config) {
  AuthConfig auth = with_profile(config.section<AuthConfig>("auth"));
  if (auth.password_block_list.empty()) {
    return auth;
  }
  const std::string path = config.resolve(auth.password_block_list);
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  const std::streamoff size = file ? static_cast<std::streamoff>(file.tellg()) : -1;
  if (size > longest_list) {   // a folder says that it is endless
    return fail(ErrorKind::limit, "[auth] password_block_list: " + path + " is no file, or larger than 64 MiB");
  }
  std::string text(static_cast<std::size_t>(std::max<std::streamoff>(size, 0)), '\0');
  if (size < 0 || !file.seekg(0) || !file.read(text.data(), size)) {
    return fail(ErrorKind::not_found, "[auth] password_block_list: " + path + " cannot be read");
  }
  auth.blocked_passwords = std::make_shared<const PasswordBlockList>(text);
  return auth;
}

}  // namespace aldis::app
