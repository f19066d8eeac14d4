// A stranger at the lobby's door and two users who must notice nothing of it, for the tests of the lobby.
#pragma once
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "base/encoding.h"
#include "core/account.h"
#include "tests/support/scene.h"
#include "tests/support/scram_client.h"
#include "tests/support/test_ca.h"
#include "tests/support/tls_pair.h"

namespace aldis::test {

inline constexpr std::string_view header =
    "<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' "
    "to='capulet.example' version='1.0'>";
inline constexpr std::string_view starttls = "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>";
inline constexpr std::string_view stream_end = "</stream:stream>";
inline constexpr std::string_view bind_balcony =
    "<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>balcony</resource></bind></iq>";

inline std::string auth(std::string_view mechanism, std::string_view message) {
  return "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='" + std::string(mechanism) + "'>" + std::string(message) +
         "</auth>";
}
inline std::string response(std::string_view message) {
  return "<response xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>" + base64_encode(message) + "</response>";
}
inline std::string failure(std::string_view condition) {
  return "<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><" + std::string(condition) + "/></failure>";
}
inline std::string stream_error(std::string_view condition) {
  return "<stream:error><" + std::string(condition) + " xmlns='urn:ietf:params:xml:ns:xmpp-streams'";
}
inline std::string plain(std::string_view authzid, std::string_view user, std::string_view password) {
  return auth("PLAIN", base64_encode(std::string(authzid) + '\0' + std::string(user) + '\0' + std::string(password)));
}

inline SceneOptions quick(SceneOptions options = {}) {
  options.auth.key_iterations = 4096;
  return options;
}

// The bytes of a stranger's line, read as they come.
class Stranger {
 public:
  explicit Stranger(Scene& scene, stream::TlsMode mode = stream::TlsMode::none, std::string_view address = "192.0.2.1")
      : Stranger(scene, Entrance{mode}, address) {}
  Stranger(Scene& scene, Entrance entrance, std::string_view address = "192.0.2.1")
      : scene_(scene), line_(scene.connect(entrance, address).transport()) {}

  // Everything the server says to these bytes, sent whole or in pieces of `cut`.
  std::string sends(std::string_view bytes, std::size_t cut = std::string_view::npos) {
    std::string said;
    while (!bytes.empty()) {
      line_.send(tls_ ? encrypted(bytes.substr(0, cut)) : std::string(bytes.substr(0, cut)));
      bytes.remove_prefix(std::min(cut, bytes.size()));
      scene_.run();
      said += hears();
    }
    return said;
  }
  void sends_without_running(std::string_view bytes) { line_.send(tls_ ? encrypted(bytes) : std::string(bytes)); }
  std::string hears() {
    scene_.run();
    std::string got = line_.receive();
    return tls_ ? decrypted(got) : got;
  }
  void cuts() {
    line_.cut();
    scene_.run();
  }
  [[nodiscard]] bool is_ended() const { return line_.peer_ended() || line_.is_cut(); }

  // What it presents when the server asks for a certificate.
  void shows(const Identity& identity, std::vector<std::shared_ptr<X509>> issuers = {}) {
    identity_ = identity;
    issuers_ = std::move(issuers);
  }
  // The client's side of a handshake.
  bool secures(const std::vector<std::string>& alpn = {}) {
    return secures(tls::ClientPolicy{.alpn = alpn, .trust_pem = {}, .verify = false});
  }
  bool secures(const tls::ClientPolicy& policy) {
    tls_.emplace(tls::TlsEngine::client(client_context(policy), "capulet.example"));
    if (identity_) {
      EXPECT_EQ(SSL_use_certificate(tls_->native(), identity_->certificate.get()), 1);
      EXPECT_EQ(SSL_use_PrivateKey(tls_->native(), identity_->key.get()), 1);
      for (const auto& issuer : issuers_) {
        EXPECT_EQ(SSL_add1_chain_cert(tls_->native(), issuer.get()), 1);
      }
    }
    std::string to_server;
    if (!tls_->start(to_server)) return false;
    for (int i = 0; i < 10 && !to_server.empty(); ++i) {
      line_.send(std::exchange(to_server, {}));
      scene_.run();
      const std::string got = line_.receive();
      if (!tls_->receive(TlsPair::octets(got), early_, to_server)) return false;
    }
    return tls_->is_established();
  }
  // The answer to the last message of a SCRAM login; the first answer when there is no challenge.
  std::string logs_in(const std::string& user, const std::string& password) {
    ScramClient scram("SHA-256", user, password);
    const std::string challenge = sends(auth("SCRAM-SHA-256", base64_encode(scram.first())));
    const std::optional<std::string> first = challenged(challenge);
    if (!first) return challenge;
    last_final = scram.final(*first);
    return sends(response(last_final));
  }
  [[nodiscard]] tls::TlsInfo tls_info() const { return tls_->info(); }
  // tls-exporter of this connection (RFC 9266), as the client computes it.
  [[nodiscard]] std::string exporter() const {
    const auto data = tls_->channel_binding(tls::ChannelBinding::tls_exporter);
    return data ? std::string(data->begin(), data->end()) : std::string();
  }
  static std::optional<std::string> challenged(std::string_view said) {
    const std::size_t open = said.find("<challenge");
    if (open == std::string_view::npos) return std::nullopt;
    const std::size_t begin = said.find('>', open) + 1;
    return base64_decode(said.substr(begin, said.find('<', begin) - begin)).value();
  }
  std::string last_final;

 private:
  std::string encrypted(std::string_view bytes) {
    std::string wire;
    EXPECT_TRUE(tls_->send(bytes, wire).has_value());
    return wire;
  }
  std::string decrypted(std::string_view bytes) {
    std::string plain_text = std::exchange(early_, {});
    std::string answer;
    const auto read = tls_->receive(TlsPair::octets(bytes), plain_text, answer);
    if (!answer.empty()) line_.send(answer);
    return read ? plain_text : plain_text + "(tls: " + read.error().text + ")";
  }

  Scene& scene_;
  MemoryTransport& line_;
  std::optional<tls::TlsEngine> tls_;
  std::optional<Identity> identity_;
  std::vector<std::shared_ptr<X509>> issuers_;
  std::string early_;
};

// Two users at work who must notice nothing of what strangers do.
struct Door {
  explicit Door(SceneOptions options = {}) : scene(quick(std::move(options))) {
    tls::TlsPolicy direct;
    direct.alpn = {"xmpp-client"};
    scene.lobby().set_tls({.usual = {server_context(), server_context(direct)}});
    scene.has_account("mercutio@capulet.example", "queen-mab");
    juliet.comes_online();
  }
  ~Door() {
    romeo.sends("<message to='juliet@capulet.example' type='chat' id='canary'><body>still here</body></message>");
    juliet.receives("id='canary'");
    scene.advance(std::chrono::seconds(4));  // those who were refused linger no longer
    EXPECT_EQ(scene.lobby().size(), strangers_left);
  }
  // Nothing of the stranger is left behind but the two at work.
  void expects_nothing_kept() {
    EXPECT_EQ(scene.home().session_count(), 2U);
    EXPECT_EQ(scene.home().find_account(*Jid::parse("mercutio@capulet.example")), nullptr);
  }
  Scene scene;
  Client& juliet = scene.login("juliet@capulet.example/balcony");
  Client& romeo = scene.login("romeo@montague.example/orchard");
  std::size_t strangers_left = 0;
};

}  // namespace aldis::test
