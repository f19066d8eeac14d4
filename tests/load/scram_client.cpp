// See scram_client.h.
#include "scram_client.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <cstdlib>
#include <unordered_map>

namespace aldis::load {
namespace {

struct Keys {
  std::string client, stored, server;
};

const EVP_MD* hash_of(std::string_view mechanism) {
  if (mechanism == "SCRAM-SHA-1") {
    return EVP_sha1();
  }
  return mechanism == "SCRAM-SHA-256" ? EVP_sha256() : nullptr;
}

const unsigned char* bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::string hmac(const EVP_MD* hash, std::string_view key, std::string_view text) {
  unsigned char out[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  HMAC(hash, key.data(), static_cast<int>(key.size()), bytes(text), text.size(), out, &size);
  return {reinterpret_cast<char*>(out), size};
}

Keys derive(const EVP_MD* hash, std::string_view password, std::string_view salt, int iterations) {
  unsigned char salted[EVP_MAX_MD_SIZE];
  const int size = EVP_MD_get_size(hash);
  PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()), bytes(salt), static_cast<int>(salt.size()),
                    iterations, hash, size, salted);
  const std::string_view key(reinterpret_cast<char*>(salted), static_cast<std::size_t>(size));
  Keys keys{hmac(hash, key, "Client Key"), {}, hmac(hash, key, "Server Key")};
  unsigned char stored[EVP_MAX_MD_SIZE];
  unsigned int stored_size = 0;
  EVP_Digest(keys.client.data(), keys.client.size(), stored, &stored_size, hash, nullptr);
  keys.stored.assign(reinterpret_cast<char*>(stored), stored_size);
  return keys;
}

const Keys& cached_keys(const std::string& mechanism, std::string_view password, std::string_view salt,
                        int iterations) {
  static std::unordered_map<std::string, Keys> cache;
  std::string name = mechanism + '\0' + std::to_string(iterations) + '\0';
  name.append(salt).append(1, '\0').append(password);
  const auto found = cache.find(name);
  if (found != cache.end()) {
    return found->second;
  }
  return cache[name] = derive(hash_of(mechanism), password, salt, iterations);
}

/// The value of attribute `name` in a SCRAM message ("r=…,s=…"); empty when it is not there.
std::string_view attribute(std::string_view message, char name) {
  while (!message.empty()) {
    const auto comma = message.find(',');
    const auto part = message.substr(0, comma);
    if (part.size() > 2 && part[0] == name && part[1] == '=') {
      return part.substr(2);
    }
    message = comma == std::string_view::npos ? std::string_view() : message.substr(comma + 1);
  }
  return {};
}

}  // namespace

std::string base64(std::string_view text) {
  std::string out((text.size() + 2) / 3 * 4 + 1, '\0');
  const int size =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()), bytes(text), static_cast<int>(text.size()));
  out.resize(static_cast<std::size_t>(size));
  return out;
}

std::string unbase64(std::string_view text) {
  std::string out(text.size() / 4 * 3 + 3, '\0');
  const int size =
      EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()), bytes(text), static_cast<int>(text.size()));
  if (size < 0 || text.size() % 4 != 0) {
    return {};
  }
  std::size_t padding = 0;
  while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') {
    ++padding;
  }
  out.resize(static_cast<std::size_t>(size) - padding);
  return out;
}

ScramClient::ScramClient(std::string mechanism, std::string user, std::string password)
    : mechanism_(std::move(mechanism)), user_(std::move(user)), password_(std::move(password)) {}

bool ScramClient::is_known() const {
  return hash_of(mechanism_) != nullptr;
}

std::string ScramClient::first(std::string nonce) {
  if (nonce.empty()) {
    unsigned char random[18];
    RAND_bytes(random, sizeof random);
    nonce = base64({reinterpret_cast<char*>(random), sizeof random});
  }
  nonce_ = std::move(nonce);
  first_bare_ = "n=" + user_ + ",r=" + nonce_;
  return "n,," + first_bare_;
}

std::string ScramClient::final(std::string_view server_first) {
  const auto nonce = attribute(server_first, 'r');
  const std::string salt = unbase64(attribute(server_first, 's'));
  const int iterations = std::atoi(std::string(attribute(server_first, 'i')).c_str());
  if (!is_known() || nonce.size() <= nonce_.size() || nonce.substr(0, nonce_.size()) != nonce_ || salt.empty() ||
      iterations < 1 || iterations > 10'000'000) {
    return {};
  }
  const EVP_MD* hash = hash_of(mechanism_);
  const Keys& keys = cached_keys(mechanism_, password_, salt, iterations);
  const std::string without_proof = "c=biws,r=" + std::string(nonce);  // biws: "n,,"
  const std::string auth_message = first_bare_ + "," + std::string(server_first) + "," + without_proof;
  std::string proof = hmac(hash, keys.stored, auth_message);
  for (std::size_t i = 0; i < proof.size(); ++i) {
    proof[i] = static_cast<char>(proof[i] ^ keys.client[i]);
  }
  server_signature_ = base64(hmac(hash, keys.server, auth_message));
  return without_proof + ",p=" + base64(proof);
}

bool ScramClient::verify(std::string_view server_final) const {
  return !server_signature_.empty() && attribute(server_final, 'v') == server_signature_;
}

}  // namespace aldis::load
