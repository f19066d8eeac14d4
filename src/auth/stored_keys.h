// Keys of SCRAM as they were stored: finding one's, and whether they can be right.
#pragma once
#include <algorithm>
#include <string_view>

#include "auth/credential_source.h"
#include "sasl/scram_keys.h"

namespace aldis {

inline const ScramKeys* keys_for(const Credentials& credentials, std::string_view hash) {
  const auto found = std::ranges::find(credentials.keys, hash, &ScramKeys::hash);
  return found == credentials.keys.end() ? nullptr : &*found;
}

inline bool are_sound(const ScramKeys& keys) {
  const auto hash = sasl::parse_hash(keys.hash);
  return hash && keys.iterations > 0 && !keys.salt.empty() && keys.stored_key.size() == sasl::digest_size(*hash) &&
         keys.server_key.size() == sasl::digest_size(*hash);
}

}  // namespace aldis
