// ScramClient: the client's side of SCRAM (RFC 5802) for tests, computed with OpenSSL directly and not with the code
// under test. It checks nothing it receives except the server's signature, and lets a test bend each message before it
// is sent.
#pragma once
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <map>
#include <string>
#include <string_view>

#include "base/encoding.h"

namespace aldis::test {

class ScramClient {
 public:
  // `hash` is "SHA-1", "SHA-256" or "SHA-512".
  ScramClient(std::string_view hash, std::string username, std::string password,
              std::string nonce = "fyko+d2lbbFgONRv9qkxdawL")
      : md_(hash == "SHA-1"     ? EVP_sha1()
            : hash == "SHA-256" ? EVP_sha256()
                                : EVP_sha512()),
        username_(std::move(username)),
        password_(std::move(password)),
        nonce_(std::move(nonce)) {}

  std::string gs2_header = "n,,";
  std::string binding_data;  // of the channel, behind the header in c=

  [[nodiscard]] std::string bare() const { return "n=" + username_ + ",r=" + nonce_; }
  [[nodiscard]] std::string first() const { return gs2_header + bare(); }

  // The client-final-message for a server-first-message.
  [[nodiscard]] std::string final(std::string_view server_first) {
    const auto fields = attributes(server_first);
    return final_with("c=" + base64_encode(gs2_header + binding_data) + ",r=" + fields.at('r'), server_first);
  }
  // The same with another client-final-message-without-proof, rightly proven.
  [[nodiscard]] std::string final_with(const std::string& without_proof, std::string_view server_first) {
    const auto fields = attributes(server_first);
    const std::string salted = pbkdf2(base64_decode(fields.at('s')).value(), std::stoi(fields.at('i')));
    const std::string client_key = hmac(salted, "Client Key");
    const std::string auth_message = bare() + "," + std::string(server_first) + "," + without_proof;
    std::string proof = hmac(digest(client_key), auth_message);
    for (std::size_t i = 0; i < proof.size(); ++i) {
      proof[i] = static_cast<char>(proof[i] ^ client_key[i]);
    }
    server_signature_ = hmac(hmac(salted, "Server Key"), auth_message);
    return without_proof + ",p=" + base64_encode(proof);
  }
  // After final(): what a server that knows the keys must say.
  [[nodiscard]] std::string expected_server_final() const { return "v=" + base64_encode(server_signature_); }

  // Attributes of a SCRAM message by letter.
  [[nodiscard]] static std::map<char, std::string> attributes(std::string_view message) {
    std::map<char, std::string> found;
    while (!message.empty()) {
      const std::size_t comma = message.find(',');
      const std::string_view field = message.substr(0, comma);
      if (field.size() >= 2) {
        found[field[0]] = field.substr(2);
      }
      message = comma == std::string_view::npos ? std::string_view{} : message.substr(comma + 1);
    }
    return found;
  }

 private:
  [[nodiscard]] std::string pbkdf2(const std::string& salt, int iterations) const {
    std::string out(static_cast<std::size_t>(EVP_MD_get_size(md_)), '\0');
    PKCS5_PBKDF2_HMAC(password_.data(), static_cast<int>(password_.size()),
                      reinterpret_cast<const unsigned char*>(salt.data()), static_cast<int>(salt.size()), iterations,
                      md_, static_cast<int>(out.size()), reinterpret_cast<unsigned char*>(out.data()));
    return out;
  }
  [[nodiscard]] std::string hmac(const std::string& key, std::string_view message) const {
    std::string out(static_cast<std::size_t>(EVP_MD_get_size(md_)), '\0');
    HMAC(md_, key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(message.data()),
         message.size(), reinterpret_cast<unsigned char*>(out.data()), nullptr);
    return out;
  }
  [[nodiscard]] std::string digest(const std::string& message) const {
    std::string out(static_cast<std::size_t>(EVP_MD_get_size(md_)), '\0');
    EVP_Digest(message.data(), message.size(), reinterpret_cast<unsigned char*>(out.data()), nullptr, md_, nullptr);
    return out;
  }

  const EVP_MD* md_;
  std::string username_;
  std::string password_;
  std::string nonce_;
  std::string server_signature_;
};

}  // namespace aldis::test
