// The client's side of SCRAM (RFC 5802, RFC 7677), without channel binding. Salted passwords are cached for each
// (mechanism, password, salt, iterations), so that a generator's CPU is not spent on PBKDF2. User names are plain ASCII
// without '=' or ','.
#pragma once
#include <string>
#include <string_view>

namespace aldis::load {

std::string base64(std::string_view bytes);
/// Empty when the text is not base64.
std::string unbase64(std::string_view text);

class ScramClient {
 public:
  /// mechanism: SCRAM-SHA-1 or SCRAM-SHA-256; anything else makes is_known() false.
  ScramClient(std::string mechanism, std::string user, std::string password);
  bool is_known() const;
  /// The client-first-message. nonce: printable, without comma; random unless a test sets it.
  std::string first(std::string nonce = {});
  /// The client-final-message for the server-first-message; empty when that is malformed or does not extend our nonce.
  std::string final(std::string_view server_first);
  /// Whether the server-final-message proves that the server knows the password.
  bool verify(std::string_view server_final) const;

 private:
  std::string mechanism_, user_, password_;
  std::string nonce_, first_bare_, server_signature_;
};

}  // namespace aldis::load
