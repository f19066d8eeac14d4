// What clients say in the profile of XEP-0388 at the lobby's door, and how they read what they are told.
#pragma once
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <string>
#include <string_view>

#include "tests/support/door.h"

namespace aldis::test {

inline std::string opened(std::string_view from = "") {
  const std::string attribute = from.empty() ? "" : " from='" + std::string(from) + "'";
  return "<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' "
         "to='capulet.example' version='1.0'" + attribute + ">";
}
inline std::string agent(std::string_view client) {
  return client.empty() ? std::string() : "<user-agent id='" + std::string(client) + "'><software>Awesome</software></user-agent>";
}
inline std::string authenticate(std::string_view mechanism, std::string_view message, std::string_view client, std::string_view inside = "") {
  std::string xml = "<authenticate xmlns='urn:xmpp:sasl:2' mechanism='" + std::string(mechanism) + "'><initial-response>";
  xml.append(base64_encode(message)).append("</initial-response>").append(agent(client)).append(inside).append("</authenticate>");
  return xml;
}
inline std::string plain2(std::string_view user, std::string_view password, std::string_view client, std::string_view inside = "") {
  return authenticate("PLAIN", std::string(1, '\0').append(user).append(1, '\0').append(password), client, inside);
}
inline std::string ht(std::string_view user, std::string_view token, std::string_view binding) {
  std::string mac(32, '\0');
  const std::string message = std::string("Initiator").append(binding);
  HMAC(EVP_sha256(), token.data(), static_cast<int>(token.size()), reinterpret_cast<const unsigned char*>(message.data()),
       message.size(), reinterpret_cast<unsigned char*>(mac.data()), nullptr);
  return std::string(user).append(1, '\0').append(mac);
}
// The text between two others; empty when they are not there.
inline std::string between(std::string_view text, std::string_view before, std::string_view after) {
  const std::size_t begin = text.find(before);
  if (begin == std::string_view::npos) {
    return {};
  }
  const std::size_t from = begin + before.size();
  return std::string(text.substr(from, text.find(after, from) - from));
}
inline std::string token_in(std::string_view said) { return between(said, " token='", "'"); }
inline std::string identifier_in(std::string_view said) { return between(said, "<authorization-identifier>", "<"); }

// A phone at a direct TLS port, its header sent.
struct Phone : Stranger {
  explicit Phone(Door& door, std::string_view from = "", std::string_view address = "192.0.2.1")
      : Stranger(door.scene, stream::TlsMode::direct, address) {
    EXPECT_TRUE(secures({"xmpp-client"}));
    features = sends(opened(from));
  }
  std::string features;
};

}  // namespace aldis::test
