// SCRAM's functions over OpenSSL's digests.
#include "sasl/scram_keys.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <climits>

#include "base/ensure.h"

namespace aldis::sasl {
namespace {

const EVP_MD* md_of(ScramHash hash) {
  switch (hash) {
    case ScramHash::sha_1: return EVP_sha1();
    case ScramHash::sha_256: return EVP_sha256();
    case ScramHash::sha_512: return EVP_sha512();
  }
  ensure(false, "every hash has a digest");
  return nullptr;
}

const unsigned char* data_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

}  // namespace

std::string_view to_string(ScramHash hash) {
  switch (hash) {
    case ScramHash::sha_1: return "SHA-1";
    case ScramHash::sha_256: return "SHA-256";
    case ScramHash::sha_512: return "SHA-512";
  }
  ensure(false, "every hash has a name");
  return {};
}

std::optional<ScramHash> parse_hash(std::string_view name) {
  for (const ScramHash hash : {ScramHash::sha_1, ScramHash::sha_256, ScramHash::sha_512}) {
    if (name == to_string(hash)) {
      return hash;
    }
  }
  return std::nullopt;
}

std::size_t digest_size(ScramHash hash) {
  switch (hash) {
    case ScramHash::sha_1: return 20;
    case ScramHash::sha_256: return 32;
    case ScramHash::sha_512: return 64;
  }
  ensure(false, "every hash has a size");
  return 0;
}

SecretBytes digest(ScramHash hash, std::string_view message) {
  SecretBytes out(digest_size(hash));
  ensure(EVP_Digest(message.data(), message.size(), out.bytes().data(), nullptr, md_of(hash), nullptr) == 1,
         "the hash is available");
  return out;
}

SecretBytes hmac(ScramHash hash, const SecretBytes& key, std::string_view message) {
  SecretBytes out(digest_size(hash));
  ensure(key.size() <= INT_MAX, "a key is small");
  ensure(HMAC(md_of(hash), key.bytes().data(), static_cast<int>(key.size()), data_of(message), message.size(),
              out.bytes().data(), nullptr) != nullptr,
         "the hash is available");
  return out;
}

Keys derive_keys(ScramHash hash, const SecretBytes& password, std::string_view salt, std::uint32_t iterations) {
  ensure(iterations > 0 && iterations <= INT_MAX && password.size() <= INT_MAX && salt.size() <= INT_MAX,
         "PBKDF2's arguments are in range");
  SecretBytes salted(digest_size(hash));
  ensure(PKCS5_PBKDF2_HMAC(password.view().data(), static_cast<int>(password.size()), data_of(salt),
                           static_cast<int>(salt.size()), static_cast<int>(iterations), md_of(hash),
                           static_cast<int>(salted.size()), salted.bytes().data()) == 1,
         "PBKDF2 is available");
  return keys_of_salted_password(hash, salted, salt, iterations);
}

Keys keys_of_salted_password(ScramHash hash, const SecretBytes& salted, std::string_view salt, std::uint32_t iterations) {
  ensure(salted.size() == digest_size(hash), "a SaltedPassword is a digest long");
  Keys keys;
  keys.iterations = iterations;
  keys.salt = salt;
  keys.stored_key = digest(hash, hmac(hash, salted, "Client Key").view());
  keys.server_key = hmac(hash, salted, "Server Key");
  return keys;
}

std::string random_salt(Random& random, std::size_t bytes) {
  std::string salt(bytes, '\0');
  random.fill(std::span(reinterpret_cast<std::uint8_t*>(salt.data()), salt.size()));
  return salt;
}

Keys invent_keys(ScramHash hash, const SecretBytes& secret, std::string_view name, std::uint32_t iterations,
                 std::size_t salt_bytes) {
  const auto made_up = [&](std::string_view purpose) {
    std::string message;
    message.append(purpose).append(1, '\0').append(to_string(hash)).append(1, '\0').append(name);
    return hmac(ScramHash::sha_512, secret, message);
  };
  const SecretBytes salt = made_up("salt");
  const SecretBytes stored = made_up("stored key");
  const SecretBytes server = made_up("server key");
  ensure(salt_bytes <= salt.size(), "a salt is no longer than a digest");
  Keys keys;
  keys.iterations = iterations;
  keys.salt = salt.view().substr(0, salt_bytes);
  keys.stored_key = SecretBytes(stored.view().substr(0, digest_size(hash)));
  keys.server_key = SecretBytes(server.view().substr(0, digest_size(hash)));
  keys.is_invented = true;
  return keys;
}

}  // namespace aldis::sasl
