// Reading the block list.
#include "app/password_policy.h"

#include <fstream>
#include <sstream>

#include "auth/password_rules.h"

namespace aldis::app {
namespace {

constexpr std::size_t longest_list = 64 * 1024 * 1024;

}  // namespace

Result<AuthConfig> load_auth_config(const Config& config) {
  AuthConfig auth = with_profile(config.section<AuthConfig>("auth"));
  if (auth.password_block_list.empty()) {
    return auth;
  }
  const std::string path = config.resolve(auth.password_block_list);
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (!file || !(text << file.rdbuf())) {
    return fail(ErrorKind::not_found, "[auth] password_block_list: " + path + " cannot be read");
  }
  if (text.view().size() > longest_list) {
    return fail(ErrorKind::limit, "[auth] password_block_list: " + path + " is larger than 64 MiB");
  }
  auth.blocked_passwords = std::make_shared<const PasswordBlockList>(text.view());
  return auth;
}

}  // namespace aldis::app
