// Private keys that stay in a token (PKCS#11), named by a URI (RFC 7512) in the place of a key file:
//   pkcs11:token=aldis;object=server;type=private?module-path=/usr/lib/softhsm/libsofthsm2.so&pin-source=file:/etc/aldis/pin
// `module-path` is the token's driver and `pin-source` a file with its PIN, both required; a PIN in the URI itself (pin-value) is
// refused, because a configuration is read by more than the PIN should be. Signing goes through OpenSSL's engine "pkcs11" (Debian:
// libengine-pkcs11-openssl) and blocks the handshake's thread while the token works.
#pragma once
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

using EVP_PKEY = struct evp_pkey_st;

namespace aldis::tls {

[[nodiscard]] bool is_pkcs11(std::string_view key);

struct Pkcs11Uri {
  std::string key;            // the URI without its query
  std::string module_path;
  std::filesystem::path pin;
};
// invalid: no token or object, no module-path or pin-source, a pin-value, or a query that is none of these.
[[nodiscard]] Result<Pkcs11Uri> parse_pkcs11(std::string_view uri);

// unavailable: the engine or the module cannot be loaded; denied: the token refuses the PIN, or it has no such key.
// One module a process: with a second the engine cannot be set to another.
[[nodiscard]] Result<std::shared_ptr<EVP_PKEY>> load_pkcs11_key(const Pkcs11Uri& uri, std::string_view pin);

}  // namespace aldis::tls
