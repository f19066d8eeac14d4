// A secret in a file that only the server's user may read (security O03).
#pragma once
#include <string>

#include "base/result.h"
#include "base/secret_bytes.h"

namespace aldis::app {

// The whole file, `most` bytes at the longest. not_found; denied: others could read or change it, or it is a symbolic link or no
// file; limit: it is longer; unavailable. The text names the file, and nothing that is in it.
[[nodiscard]] Result<SecretBytes> read_private_file(const std::string& path, std::size_t most);

}  // namespace aldis::app
