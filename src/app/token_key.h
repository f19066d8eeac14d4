// The key that clients' tokens are made with (auth/client_tokens.h, ADR 0032): a file beside the database, made once, readable by
// the server's user alone. Without it no token is good: to remove it and start anew ends them all.
#pragma once
#include <string>

#include "base/random.h"
#include "base/result.h"
#include "base/secret_bytes.h"

namespace aldis::app {

// Reads the file, or makes it. denied: others may read it, or it is not a file of this user. corrupt: it holds something
// else. unavailable: it could be neither read nor made.
[[nodiscard]] Result<SecretBytes> load_token_key(const std::string& path, Random& random);

}  // namespace aldis::app
