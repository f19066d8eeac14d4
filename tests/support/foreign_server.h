// Another server as a test writes it, on a line without a socket: verona.example, which calls capulet.example or is called by it,
// over real TLS with whatever certificate, saying whatever. The scene has a PeerTable; juliet is at home, the nurse is the bystander.
#pragma once
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "federation/inbound_peer.h"
#include "federation/outbound_peer.h"
#include "federation/peer_table.h"
#include "net/dns.h"
#include "tests/support/scene.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/test_ca.h"
#include "tests/support/tls_pair.h"
#include "tls/revocation_cache.h"

namespace aldis::test {

// Says of every name that it cannot be learnt.
class NoDns final : public net::Dns {
 public:
  Task<Result<net::DnsAnswer<net::SrvRecord>>> srv(std::string) override { co_return fail(ErrorKind::timeout, "no answer"); }
  Task<Result<net::DnsAnswer<net::PeerAddress>>> addresses(std::string, std::uint16_t) override { co_return fail(ErrorKind::timeout, "no answer"); }
  Task<Result<net::DnsAnswer<tls::TlsaRecord>>> tlsa(std::string) override { co_return fail(ErrorKind::timeout, "no answer"); }
};

// What the log says meanwhile, a line a record: "event key=text key=text".
class LogLines final : public log::Sink {
 public:
  LogLines() { log::set_sink(this); }
  ~LogLines() override { log::set_sink(nullptr); }
  void write(log::Level, std::string_view event, std::span<const log::Field> fields) override {
    std::string line(event);
    for (const log::Field& field : fields) {
      if (const auto* text = std::get_if<std::string_view>(&field.value)) {
        line.append(" ").append(field.key).append("=").append(*text);
      }
    }
    lines.push_back(std::move(line));
  }
  // The first with all of these in it; empty: there is none.
  [[nodiscard]] std::string with(std::initializer_list<std::string_view> parts) const {
    for (const std::string& line : lines) {
      if (std::ranges::all_of(parts, [&](std::string_view part) { return line.find(part) != std::string::npos; })) {
        return line;
      }
    }
    return {};
  }
  std::vector<std::string> lines;
};

// The other server's end of a line.
class ForeignLine {
 public:
  // Whoever calls is TLS's client. `identity`: what it shows, unless null, with these issuers behind it.
  ForeignLine(Scene& scene, std::unique_ptr<MemoryTransport> end, bool is_caller, const Identity* identity,
              const std::vector<const Identity*>& issuers)
      : scene_(scene), line_(std::move(end)), engine_(is_caller ? tls::TlsEngine::client(client(), "capulet.example") : tls::TlsEngine::server(server())) {
    SSL* const ssl = engine_.native();
    SSL_set_security_level(ssl, 0);   // it may show what nobody should
    if (identity != nullptr) {
      SSL_certs_clear(ssl);
      EXPECT_EQ(SSL_use_certificate(ssl, identity->certificate.get()), 1);
      EXPECT_EQ(SSL_use_PrivateKey(ssl, identity->key.get()), 1);
      for (const Identity* issuer : issuers) {
        EXPECT_EQ(SSL_add1_chain_cert(ssl, issuer->certificate.get()), 1);
      }
    }
    if (is_caller) {
      std::string hello;
      EXPECT_TRUE(engine_.start(hello));
      line_->send(hello);
    }
  }

  // What has come since, once the server has done what it can. The handshake goes on by itself.
  std::string hears() {
    for (int i = 0; i < 20; ++i) {
      scene_.run();
      const std::string wire = line_->receive();
      if (wire.empty()) {
        break;
      }
      std::string answer;
      const auto read = engine_.receive(TlsPair::octets(wire), heard_, answer);
      if (!answer.empty()) {
        line_->send(answer);
      }
      if (!read) {
        heard_ += "(tls: " + read.error().text + ")";
        break;
      }
    }
    return std::exchange(heard_, {});
  }
  std::string says(std::string_view text) {
    std::string wire;
    if (engine_.is_established() && engine_.send(text, wire)) {
      line_->send(wire);
    }
    return hears();
  }
  void cuts() {
    line_->cut();
    scene_.run();
  }
  [[nodiscard]] bool is_established() const { return engine_.is_established(); }
  [[nodiscard]] bool is_ended() const { return line_->peer_ended() || line_->is_cut(); }

 private:
  static const std::shared_ptr<const tls::TlsContext>& client() {
    static const auto made = client_context({.alpn = {"xmpp-server"}, .trust_pem = {}, .verify = false});
    return made;
  }
  static const std::shared_ptr<const tls::TlsContext>& server() {
    static const auto made = server_context({.alpn = {"xmpp-server"}, .request_client_certificate = true}, "verona.example");
    return made;
  }

  Scene& scene_;
  std::unique_ptr<MemoryTransport> line_;
  tls::TlsEngine engine_;
  std::string heard_;
};

inline std::string verona_header(std::string_view from = "verona.example", std::string_view to = "capulet.example", std::string_view id = "") {
  return "<?xml version='1.0'?><stream:stream xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams' "
         "xmlns:db='jabber:server:dialback' version='1.0' from='" + std::string(from) + "' to='" + std::string(to) + "'" +
         (id.empty() ? std::string() : " id='" + std::string(id) + "'") + ">";
}
inline constexpr std::string_view verona_auth =   // "verona.example"
    "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='EXTERNAL'>dmVyb25hLmV4YW1wbGU=</auth>";
inline constexpr std::string_view external_feature =
    "<stream:features><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>EXTERNAL</mechanism></mechanisms></stream:features>";

// capulet.example with a PeerTable that believes the Verona Root; verona.example is a partner, reached by direct TLS unless the rule
// has other next hops.
struct FederationScene {
  explicit FederationScene(federation::PeerTableOptions options = {}, policy::PeerOptions rule = {}) {
    std::ofstream(folder.path() / "ca.pem") << root_authority().pem();
    rule.domain = "verona.example";
    rule.name = "partner";
    if (rule.next_hops.empty()) {
      rule.next_hops = {"192.0.2.9:5270 direct"};
    }
    scene.world().policy.set_peers(policy::PeerRules::make(policy::Profile::strict, {rule}).value());
    table = std::make_unique<federation::PeerTable>(scene.world(), scene.shard(), dns, net::LookupOptions{},
                                                    federation::PeerTrust("ca.pem", folder.path().string(), options.revocation, known),
                                                    SecretBytes("sixteen bytes at least"), options);
    const Identity own = issue({.common_name = "capulet.example", .names = "DNS:capulet.example", .key = "P-256/capulet server"}, &root_authority());
    const tls::Certificate certificate = tls::Certificate::parse(own.pem(), own.key_pem(), ManualClock()).value();
    table->set_tls(contexts(certificate));
    table->set_road([this](const net::ServerTarget&) -> std::unique_ptr<net::Transport> {
      auto [here, there] = MemoryTransport::pair(1024 * 1024, *net::PeerAddress::parse("192.0.2.1", 40000), *net::PeerAddress::parse("192.0.2.9", 5270));
      called.push_back(std::move(there));
      return std::move(here);
    });
    scene.world().abroad = table.get();
    spawn(table->start());
    scene.run();
    juliet.comes_online();
  }
  ~FederationScene() {
    scene.run();
    scene.world().abroad = nullptr;
  }
  static federation::PeerTlsContexts contexts(const tls::Certificate& certificate);

  // It calls us.
  std::unique_ptr<ForeignLine> calls(const Identity* identity, const std::vector<const Identity*>& issuers = {}) {
    auto [theirs, ours] = MemoryTransport::pair(1024 * 1024, *net::PeerAddress::parse("192.0.2.9", 40000), *net::PeerAddress::parse("192.0.2.1", 5270));
    table->receive(std::move(ours), {.is_direct = true});
    auto line = std::make_unique<ForeignLine>(scene, std::move(theirs), true, identity, issuers);
    static_cast<void>(line->hears());
    return line;
  }
  // It is called; null: it was not.
  std::unique_ptr<ForeignLine> answers(const Identity* identity, const std::vector<const Identity*>& issuers = {}) {
    scene.run();
    if (called.empty()) {
      return nullptr;
    }
    auto line = std::make_unique<ForeignLine>(scene, std::move(called.front()), false, identity, issuers);
    called.erase(called.begin());
    return line;
  }
  // It has called and is let in; with XEP-0288 if `is_bidi`.
  std::unique_ptr<ForeignLine> comes_in(const Identity* identity, bool is_bidi = false) {
    auto line = calls(identity);
    EXPECT_NE(line->says(verona_header()).find("EXTERNAL"), std::string::npos);
    EXPECT_NE(line->says((is_bidi ? "<bidi xmlns='urn:xmpp:bidi'/>" : "") + std::string(verona_auth)).find("<success"), std::string::npos);
    EXPECT_NE(line->says(verona_header()).find("<stream:features>"), std::string::npos);
    return line;
  }
  // It is called, and lets us in; what came behind our last header.
  std::unique_ptr<ForeignLine> lets_us_in(const Identity* identity) {
    auto line = answers(identity);
    EXPECT_NE(line, nullptr);
    EXPECT_NE(line->hears().find("<stream:stream"), std::string::npos);
    EXPECT_NE(line->says(verona_header("verona.example", "capulet.example", "one") + std::string(external_feature)).find("<auth"), std::string::npos);
    static_cast<void>(line->says("<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>"));
    return line;
  }
  void juliet_says(std::string_view id) {
    juliet.sends("<message type='chat' id='" + std::string(id) + "' to='prince@verona.example'><body>" + std::string(id) + "</body></message>");
  }
  [[nodiscard]] std::vector<QueuedStanza> stored() {
    return scene.wait(scene.stores().outbound_queue.load({"capulet.example", "verona.example"}, 0, 100, 1'000'000)).value();
  }
  [[nodiscard]] std::size_t open_streams() const {
    std::size_t count = 0;
    table->for_each_stream([&](const federation::PeerStream& stream) { count += stream.proof() != stream::ServerProof::none ? 1U : 0U; });
    return count;
  }

  LogLines log;
  testing_support::TemporaryFolder folder;
  std::shared_ptr<tls::RevocationCache> known = std::make_shared<tls::RevocationCache>();
  NoDns dns;
  Scene scene;
  Client& juliet = scene.login("juliet@capulet.example/balcony");
  Client& nurse = scene.login("nurse@capulet.example/hall");
  std::vector<std::unique_ptr<MemoryTransport>> called;
  std::unique_ptr<federation::PeerTable> table;
};

inline federation::PeerTlsContexts FederationScene::contexts(const tls::Certificate& certificate) {
  federation::PeerTlsContexts all;
  federation::HostTls host;
  host.has_certificate = true;
  host.client[{.is_direct = false}] = *tls::TlsContext::client({.verify = false, .certificates = {certificate}, .ask_for_staple = true});
  host.client[{.is_direct = true}] =
      *tls::TlsContext::client({.alpn = {"xmpp-server"}, .verify = false, .certificates = {certificate}, .ask_for_staple = true});
  all.hosts.emplace("capulet.example", host);
  const std::vector<tls::TlsContext::Host> hosts{{.domain = "capulet.example", .certificates = {certificate}}};
  all.server[{.is_direct = false}] = *tls::TlsContext::server({.request_client_certificate = true}, hosts);
  all.server[{.is_direct = true}] = *tls::TlsContext::server({.alpn = {"xmpp-server"}, .request_client_certificate = true}, hosts);
  return all;
}

// A certificate of verona.example's server, as it should be.
inline Recipe verona_server(std::vector<std::pair<std::string, std::string>> extensions = {{"extendedKeyUsage", "serverAuth,clientAuth"}}) {
  return {.common_name = "verona.example", .names = "DNS:verona.example", .key = "P-256/verona server", .extensions = std::move(extensions)};
}

}  // namespace aldis::test
