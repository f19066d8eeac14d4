// Fuzzes the reader of stored SCRAM keys: what it takes is sound, and reads the same when it is written again.
#include <cstdint>

#include "auth/ldap/scram_verifier.h"
#include "base/ensure.h"
#include "sasl/scram_keys.h"

using namespace aldis;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto keys = ldap::parse_verifier({reinterpret_cast<const char*>(data), size});
  if (!keys) {
    return 0;
  }
  const auto hash = sasl::parse_hash(keys->hash);
  ensure(hash && keys->stored_key.size() == sasl::digest_size(*hash), "a key is as long as its hash");
  ensure(keys->iterations > 0 && keys->iterations <= ldap::max_verifier_iterations && !keys->salt.empty(), "keys are sound");
  const auto again = ldap::parse_verifier(ldap::write_verifier(*keys));
  ensure(again && again->salt == keys->salt && again->iterations == keys->iterations &&
             equal_constant_time(again->server_key.bytes(), keys->server_key.bytes()),
         "what was read can be written");
  return 0;
}
