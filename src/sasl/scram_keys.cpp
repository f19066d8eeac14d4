// SCRAM's functions over OpenSSL's digests.
#include "sasl/scram_keys.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <array>
#include <climits>
#include <memory>

#include "base/ensure.h"

namespace aldis::sasl {
namespace {

const unsigned char* data_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

const EVP_MD* md_of(ScramHash hash) {
  switch (hash) {
    case ScramHash::sha_1: return EVP_sha1();
    case ScramHash::sha_256: return EVP_sha256();
    case ScramHash::sha_512: return EVP_sha512();
  }
  ensure(false, "every hash has a digest");
  return nullptr;
}

// HMAC over one hash, ready for keys. OpenSSL's one-call HMAC() looks both up by their names each time, at several times the
// cost of the computation.
class Hmac {
 public:
  explicit Hmac(ScramHash hash) {
    EVP_MAC* const mac = EVP_MAC_fetch(nullptr, OSSL_MAC_NAME_HMAC, nullptr);
    context_.reset(EVP_MAC_CTX_new(mac));
    EVP_MAC_free(mac);
    std::string name(EVP_MD_get0_name(md_of(hash)));
    const std::array params{OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name.data(), 0), OSSL_PARAM_construct_end()};
    ensure(context_ != nullptr && EVP_MAC_CTX_set_params(context_.get(), params.data()) == 1, "HMAC is available");
  }
  void compute(const SecretBytes& key, std::string_view message, SecretBytes& out) {
    static constexpr std::array<unsigned char, 1> nothing{};
    ensure(EVP_MAC_init(context_.get(), key.size() == 0 ? nothing.data() : key.bytes().data(), key.size(), nullptr) == 1 &&
               EVP_MAC_update(context_.get(), data_of(message), message.size()) == 1 &&
               EVP_MAC_final(context_.get(), out.bytes().data(), nullptr, out.size()) == 1 &&
               EVP_MAC_init(context_.get(), nothing.data(), nothing.size(), nullptr) == 1,  // the key does not stay here
           "the hash is available");
  }

 private:
  struct Freed {
    void operator()(EVP_MAC_CTX* context) const { EVP_MAC_CTX_free(context); }
  };
  std::unique_ptr<EVP_MAC_CTX, Freed> context_;
};

Hmac& hmac_over(ScramHash hash) {
  thread_local std::array<std::unique_ptr<Hmac>, 3> known;
  std::unique_ptr<Hmac>& one = known.at(static_cast<std::size_t>(hash));
  if (one == nullptr) {
    one = std::make_unique<Hmac>(hash);
  }
  return *one;
}

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
  hmac_over(hash).compute(key, message, out);
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
