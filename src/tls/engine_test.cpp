// Tests of TlsEngine and TlsContext against OpenSSL's own client side: every cut, what the policy refuses (security T03
// to T09), channel bindings, resumption, and bytes that are not TLS at all.
#include "tls/engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "tests/support/tls_pair.h"
#include "tls/openssl.h"

namespace aldis::tls {
namespace {

using test::client_context;
using test::server_context;
using test::TlsPair;
using testing::HasSubstr;
using Binding = ChannelBinding;

// An ECDSA and an RSA certificate.
std::shared_ptr<const TlsContext> side_by_side(const TlsPolicy& policy = {}) {
  return *TlsContext::server(policy, {{"capulet.example",
                                       {test::certificate("capulet.example"), test::certificate("capulet.example", KeyKind::rsa2048)}}});
}
// A client that speaks TLS 1.2 and nothing but these suites, whatever OpenSSL thinks of them.
std::shared_ptr<const TlsContext> old_client(const std::string& suites) {
  return client_context({.verify = false,
                         .old_cipher_list = suites + ":@SECLEVEL=0",
                         .min_version = TLS1_2_VERSION,
                         .max_version = TLS1_2_VERSION});
}
bool is_tls13(std::string_view suite) { return suite.starts_with("TLS_"); }
std::shared_ptr<const TlsContext> tls13_client(const std::string& suites) {
  return client_context({.verify = false, .old_cipher_list = "ALL:@SECLEVEL=0", .min_version = TLS1_3_VERSION, .tls13_suites = suites});
}

TEST(TlsEngine, BothSidesAgreeAndCarryBytes) {
  TlsPair pair;
  ASSERT_TRUE(pair.handshake()) << pair.server_error << pair.client_error;
  const TlsInfo info = pair.server.info();
  EXPECT_EQ(info.version, "TLSv1.3");
  EXPECT_EQ(info.cipher, "TLS_AES_128_GCM_SHA256");
  EXPECT_EQ(info.group, "x25519");
  EXPECT_EQ(info.sni, "capulet.example");
  EXPECT_EQ(info.alpn, "");
  EXPECT_TRUE(info.is_confidential);
  EXPECT_FALSE(info.is_resumed);
  const std::string large(100'000, 'x');
  ASSERT_TRUE(pair.client.send("hello", pair.to_server));
  ASSERT_TRUE(pair.client.send(large, pair.to_server));
  ASSERT_TRUE(pair.server.send("good day", pair.to_client));
  EXPECT_EQ(pair.to_client.find("good day"), std::string::npos);
  ASSERT_TRUE(pair.run());
  EXPECT_EQ(pair.server_got, "hello" + large);
  EXPECT_EQ(pair.client_got, "good day");
}

TEST(TlsEngine, HandshakesWhateverTheCuts) {
  for (std::size_t step = 1; step < 64; ++step) {
    TlsPair pair;
    ASSERT_TRUE(pair.handshake(step)) << step << pair.server_error << pair.client_error;
    ASSERT_TRUE(pair.client.send("0123456789", pair.to_server));
    ASSERT_TRUE(pair.run(step));
    EXPECT_EQ(pair.server_got, "0123456789");
  }
}

TEST(TlsEngine, EstablishedIsToldOnce) {
  TlsPair pair;
  ASSERT_TRUE(pair.client.start(pair.to_server));
  int told = 0;
  for (int i = 0; i < 4; ++i) {
    const auto s = pair.server.receive(TlsPair::octets(pair.to_server), pair.server_got, pair.to_client);
    pair.to_server.clear();
    ASSERT_TRUE(s);
    told += s->established_now ? 1 : 0;
    pair.feed_client(pair.to_client);
    pair.to_client.clear();
  }
  EXPECT_EQ(told, 1);
}

TEST(TlsEngine, DataBehindTheLastHandshakeMessageIsNotLost) {
  TlsPair pair;
  ASSERT_TRUE(pair.client.start(pair.to_server));
  pair.feed_server(std::exchange(pair.to_server, {}));
  pair.feed_client(std::exchange(pair.to_client, {}));
  ASSERT_TRUE(pair.client.is_established());
  ASSERT_TRUE(pair.client.send("early bird", pair.to_server));
  pair.feed_server(std::exchange(pair.to_server, {}));
  EXPECT_EQ(pair.server_got, "early bird");
}

TEST(TlsEngine, MovesBetweenOwners) {
  TlsPair pair;
  ASSERT_TRUE(pair.handshake());
  TlsEngine moved = std::move(pair.server);
  std::string out;
  std::string plain;
  ASSERT_TRUE(pair.client.send("still there", pair.to_server));
  std::thread([&] { ASSERT_TRUE(moved.receive(TlsPair::octets(pair.to_server), plain, out)); }).join();
  EXPECT_EQ(plain, "still there");
}

TEST(TlsEngine, CloseNotifyIsReadAsTheEnd) {
  TlsPair pair;
  ASSERT_TRUE(pair.handshake());
  ASSERT_TRUE(pair.client.send("bye", pair.to_server));
  pair.client.close_notify(pair.to_server);
  const std::size_t length = pair.to_server.size();
  pair.client.close_notify(pair.to_server);
  EXPECT_EQ(pair.to_server.size(), length);
  const auto end = pair.server.receive(TlsPair::octets(pair.to_server), pair.server_got, pair.to_client);
  ASSERT_TRUE(end);
  EXPECT_TRUE(end->peer_closed);
  EXPECT_EQ(pair.server_got, "bye");
}

TEST(TlsEngine, AChangedByteEndsTheConnection) {
  TlsPair pair;
  ASSERT_TRUE(pair.handshake());
  ASSERT_TRUE(pair.client.send("attack at dawn", pair.to_server));
  pair.to_server[10] = static_cast<char>(pair.to_server[10] ^ 1);
  const auto got = pair.server.receive(TlsPair::octets(pair.to_server), pair.server_got, pair.to_client);
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().kind, TlsError::Kind::protocol);
  EXPECT_EQ(pair.server_got, "");
  EXPECT_FALSE(pair.server.receive({}, pair.server_got, pair.to_client));  // and stays ended
  EXPECT_FALSE(pair.server.send("x", pair.to_client));
}

// Security T07 and XEP-0368.
TEST(TlsEngine, AlpnIsEnforced) {
  const auto server = server_context({.alpn = {"xmpp-client"}});
  TlsPair right(server, client_context({.alpn = {"http/1.1", "xmpp-client"}, .verify = false}));
  ASSERT_TRUE(right.handshake());
  EXPECT_EQ(right.server.info().alpn, "xmpp-client");
  TlsPair wrong(server, client_context({.alpn = {"h2", "xmpp-server"}, .verify = false}));
  EXPECT_FALSE(wrong.handshake());
  EXPECT_THAT(wrong.client_error, HasSubstr("no application protocol"));
  TlsPair none(server, client_context());
  EXPECT_TRUE(none.handshake());
  TlsPair required(server_context({.alpn = {"xmpp-client"}, .alpn_required = true}), client_context());
  EXPECT_FALSE(required.handshake());
  EXPECT_THAT(required.client_error, HasSubstr("no application protocol"));
}

TEST(TlsEngine, AlpnIsIgnoredWhereTheListenerHasNone) {
  TlsPair pair(server_context(), client_context({.alpn = {"h2"}, .verify = false}));
  ASSERT_TRUE(pair.handshake());
  EXPECT_EQ(pair.server.info().alpn, "");
}

// Security T03: each of these offered alone is refused.
TEST(TlsEngine, OldProtocolsAreRefused) {
  for (const int version : {TLS1_VERSION, TLS1_1_VERSION}) {
    TlsPair pair(
        server_context(),
        client_context(
            {.verify = false, .old_cipher_list = "ALL:@SECLEVEL=0", .min_version = version, .max_version = version}));
    EXPECT_FALSE(pair.handshake()) << version;
    EXPECT_THAT(pair.server_error, HasSubstr("unsupported protocol"));
    EXPECT_THAT(pair.client_error, HasSubstr("protocol version"));
  }
}

TEST(TlsEngine, OldSuitesAreRefusedAndTheListedOnesWork) {
  for (const char* suite : {"AES128-GCM-SHA256", "AES256-SHA", "ECDHE-ECDSA-AES128-SHA256", "ECDHE-ECDSA-AES256-SHA",
                            "DHE-RSA-AES128-GCM-SHA256", "AECDH-AES128-SHA", "ECDHE-ECDSA-AES128-CCM", "PSK"}) {
    TlsPair pair(server_context(), client_context({.verify = false,
                                                   .old_cipher_list = std::string(suite) + ":@SECLEVEL=0",
                                                   .min_version = TLS1_2_VERSION,
                                                   .max_version = TLS1_2_VERSION}));
    EXPECT_FALSE(pair.handshake()) << suite;
  }
  for (const char* suite :
       {"ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-CHACHA20-POLY1305"}) {
    TlsPair pair(server_context(),
                 client_context({.verify = false, .old_cipher_list = suite, .max_version = TLS1_2_VERSION}));
    ASSERT_TRUE(pair.handshake()) << suite << pair.server_error << pair.client_error;
    EXPECT_EQ(pair.server.info().version, "TLSv1.2");
    EXPECT_EQ(pair.server.info().cipher, suite);
  }
}

// Security T08, the default: integrity without confidentiality is not spoken.
TEST(TlsEngine, NullSuitesAreRefused) {
  for (const char* suites : {"ECDHE-ECDSA-NULL-SHA", "ECDHE-RSA-NULL-SHA", "ECDHE-ECDSA-NULL-SHA:ECDHE-RSA-NULL-SHA", "eNULL"}) {
    TlsPair pair(side_by_side(), old_client(suites));
    EXPECT_FALSE(pair.handshake()) << suites;
    EXPECT_THAT(pair.server_error, HasSubstr("no shared cipher")) << suites;
    EXPECT_FALSE(pair.server.is_established());
  }
  for (const std::string& suite : integrity_only_suites()) {
    if (is_tls13(suite)) {
      TlsPair pair(side_by_side(), tls13_client(suite));
      EXPECT_FALSE(pair.handshake()) << suite;
    }
  }
}

TEST(TlsEngine, OtherGroupsAreRefused) {
  for (const char* group : {"P-521", "X448"}) {
    TlsPair pair(server_context(), client_context({.verify = false, .groups = group}));
    EXPECT_FALSE(pair.handshake()) << group;
  }
  for (const char* group : {"X25519", "P-256", "P-384"}) {
    TlsPair pair(server_context(), client_context({.verify = false, .groups = group}));
    EXPECT_TRUE(pair.handshake()) << group;
  }
}

TEST(TlsEngine, TheServersPreferenceWins) {
  TlsPair pair(server_context(), client_context({.verify = false,
                                                 .tls13_suites = "TLS_CHACHA20_POLY1305_SHA256:TLS_AES_256_GCM_SHA384:"
                                                                 "TLS_AES_128_GCM_SHA256"}));
  ASSERT_TRUE(pair.handshake());
  EXPECT_EQ(pair.server.info().cipher, "TLS_AES_128_GCM_SHA256");
}

// Security T04: a TLS 1.2 client that asks for a new handshake gets a warning, no handshake, and keeps the old one.
TEST(TlsEngine, RenegotiationIsRefused) {
  TlsPair pair(server_context(), client_context({.verify = false, .max_version = TLS1_2_VERSION}));
  ASSERT_TRUE(pair.handshake());
  SSL_clear_options(pair.client.native(), SSL_OP_NO_RENEGOTIATION);
  ASSERT_EQ(SSL_renegotiate(pair.client.native()), 1);
  std::string hello;
  ASSERT_FALSE(pair.client.send("x", hello));  // the client waits for an answer to its ClientHello
  ASSERT_GT(hello.size(), 100U);
  pair.feed_server(hello);
  EXPECT_EQ(pair.server_error, "");
  EXPECT_EQ(pair.server_got, "");
  // One alert record: 5 bytes of header, 8 of nonce, 2 of alert, 16 of tag. A ServerHello would be longer.
  EXPECT_EQ(pair.to_client.size(), 31U);
  EXPECT_EQ(pair.to_client[0], SSL3_RT_ALERT);
  EXPECT_TRUE(pair.server.is_established());
  EXPECT_TRUE(pair.server.send("still here", pair.to_client));
}

TEST(TlsEngine, KeyUpdatesAreBounded) {
  TlsPair pair;
  ASSERT_TRUE(pair.handshake());
  unsigned updates = 0;
  for (; updates < 1000 && pair.server_error.empty(); ++updates) {
    ASSERT_EQ(SSL_key_update(pair.client.native(), SSL_KEY_UPDATE_REQUESTED), 1);
    ASSERT_TRUE(pair.client.send("x", pair.to_server));
    pair.run();
  }
  EXPECT_EQ(updates, TlsEngine::post_handshake_messages + 1);
  EXPECT_THAT(pair.server_error, HasSubstr("too many messages"));
}

TEST(TlsEngine, OneKeyUpdateIsFine) {
  TlsPair pair;
  ASSERT_TRUE(pair.handshake());
  ASSERT_EQ(SSL_key_update(pair.client.native(), SSL_KEY_UPDATE_REQUESTED), 1);
  ASSERT_TRUE(pair.client.send("after", pair.to_server));
  ASSERT_TRUE(pair.run());
  ASSERT_TRUE(pair.server.send("answer", pair.to_client));
  ASSERT_TRUE(pair.run());
  EXPECT_EQ(pair.server_got, "after");
  EXPECT_EQ(pair.client_got, "answer");
}

// Security T06.
TEST(TlsEngine, GarbageIsRefusedAndNeverAnsweredAtLength) {
  std::mt19937 random(11);
  for (int i = 0; i < 500; ++i) {
    std::string garbage(1 + random() % 3000, '\0');
    for (char& c : garbage) {
      c = static_cast<char>(random());
    }
    if (i % 2 == 0) {
      garbage[0] = 22;  // as if a handshake record
    }
    TlsPair pair;
    pair.feed_server(garbage);
    EXPECT_LE(pair.to_client.size(), 7U);
    EXPECT_FALSE(pair.server.is_established());
  }
}

TEST(TlsEngine, PlaintextOnATlsPortIsRefused) {
  TlsPair pair;
  pair.feed_server("<?xml version='1.0'?><stream:stream to='capulet.example'>");
  EXPECT_FALSE(pair.server_error.empty());
}

TEST(TlsEngine, AHandshakeWithFlippedBytesNeverEstablishesBothSides) {
  std::mt19937 random(12);
  for (int i = 0; i < 300; ++i) {
    TlsPair pair;
    ASSERT_TRUE(pair.client.start(pair.to_server));
    std::size_t at = random() % pair.to_server.size();
    at = at == 1 || at == 2 ? 3 : at;  // RFC 8446 5.1: a record's version is ignored
    pair.to_server[at] = static_cast<char>(pair.to_server[at] ^ static_cast<char>(1 + random() % 255));
    pair.run();
    EXPECT_FALSE(pair.server.is_established() && pair.client.is_established()) << at;
  }
}

TEST(TlsEngine, AnEndlessClientHelloIsAFlood) {
  TlsPair pair;
  // A ClientHello that announces 128 KiB, in records of 16 KiB.
  std::string body("\x01\x02\x00\x00\x03\x03", 6);
  body.append(16384 - body.size(), 'a');
  std::string record("\x16\x03\x01\x40\x00", 5);
  std::size_t sent = 0;
  TlsError::Kind kind = TlsError::Kind::protocol;
  for (int i = 0; i < 8; ++i) {
    sent += record.size() + body.size();
    const auto got = pair.server.receive(TlsPair::octets(record + body), pair.server_got, pair.to_client);
    if (!got) {
      kind = got.error().kind;
      break;
    }
    body.assign(16384, 'a');
  }
  EXPECT_LE(sent, 40'000U);
  EXPECT_NE(kind, TlsError::Kind::protocol);
}

TEST(TlsEngine, OddServerNamesDoNoHarm) {
  for (const std::string& name : {std::string(), std::string("unknown.example"), std::string(255, 'a')}) {
    TlsPair pair(server_context(), client_context(), name);
    EXPECT_TRUE(pair.handshake()) << name;
  }
}

TEST(TlsEngine, ServerNameChoosesTheCertificate) {
  const auto server = *TlsContext::server({}, {{"capulet.example", {test::certificate("capulet.example")}},
                                               {"montague.example", {test::certificate("montague.example")}}});
  for (const std::string& name : {std::string("capulet.example"), std::string("Montague.Example")}) {
    TlsPair pair(server, client_context(), name);
    ASSERT_TRUE(pair.handshake());
    EXPECT_TRUE(names_of(pair.client.peer_certificate().get()).cover(name));
  }
  TlsPair unknown(server, client_context(), "verona.example");
  ASSERT_TRUE(unknown.handshake());
  EXPECT_TRUE(names_of(unknown.client.peer_certificate().get()).cover("capulet.example"));
}

TEST(TlsEngine, EcdsaAndRsaStandSideBySide) {
  const auto server = *TlsContext::server(
      {}, {{"capulet.example",
            {test::certificate("capulet.example"), test::certificate("capulet.example", KeyKind::rsa2048)}}});
  for (const auto& [suite, kind] :
       {std::pair("ECDHE-ECDSA-AES128-GCM-SHA256", "EC"), std::pair("ECDHE-RSA-AES128-GCM-SHA256", "RSA")}) {
    TlsPair pair(server, client_context({.verify = false, .old_cipher_list = suite, .max_version = TLS1_2_VERSION}));
    ASSERT_TRUE(pair.handshake()) << suite << pair.server_error << pair.client_error;
    EXPECT_EQ(EVP_PKEY_is_a(X509_get0_pubkey(pair.client.peer_certificate().get()), kind), 1);
    // RFC 5929: both sides name the certificate that was used.
    EXPECT_EQ(pair.server.channel_binding(Binding::tls_server_end_point),
              pair.client.channel_binding(Binding::tls_server_end_point));
  }
}

// Security T09.
TEST(TlsEngine, ChannelBindingsAreEqualOnBothSidesAndUniqueToAConnection) {
  const auto server = server_context();
  const auto client = client_context();
  TlsPair one(server, client);
  TlsPair two(server, client);
  EXPECT_EQ(one.server.channel_binding(Binding::tls_exporter), std::nullopt);
  EXPECT_FALSE(one.server.can_bind(Binding::tls_exporter) || one.server.can_bind(Binding::tls_server_end_point));
  ASSERT_TRUE(one.handshake());
  ASSERT_TRUE(two.handshake());
  for (const Binding type : {Binding::tls_exporter, Binding::tls_server_end_point}) {
    ASSERT_TRUE(one.server.channel_binding(type).has_value());
    EXPECT_EQ(one.server.channel_binding(type), one.client.channel_binding(type));
    EXPECT_EQ(one.server.channel_binding(type)->size(), 32U);
    EXPECT_TRUE(one.server.can_bind(type) && one.client.can_bind(type));
  }
  EXPECT_NE(one.server.channel_binding(Binding::tls_exporter), two.server.channel_binding(Binding::tls_exporter));
}

TEST(TlsEngine, TheExporterBindsTls12OnlyWithExtendedMasterSecret) {
  TlsPair with(server_context(), client_context({.verify = false, .max_version = TLS1_2_VERSION}));
  ASSERT_TRUE(with.handshake());
  EXPECT_TRUE(with.server.channel_binding(Binding::tls_exporter).has_value());
  EXPECT_EQ(with.server.channel_binding(Binding::tls_exporter), with.client.channel_binding(Binding::tls_exporter));
  TlsPair without(server_context(), client_context({.verify = false, .max_version = TLS1_2_VERSION}));
  SSL_set_options(without.client.native(), SSL_OP_NO_EXTENDED_MASTER_SECRET);
  ASSERT_TRUE(without.handshake());
  EXPECT_EQ(without.server.channel_binding(Binding::tls_exporter), std::nullopt);
  EXPECT_TRUE(with.server.can_bind(Binding::tls_exporter));
  EXPECT_FALSE(without.server.can_bind(Binding::tls_exporter));
  EXPECT_TRUE(without.server.channel_binding(Binding::tls_server_end_point).has_value());
}

TEST(TlsEngine, SessionsResumeByTicket) {
  const auto server = server_context();
  const auto client = client_context();
  TlsPair first(server, client);
  ASSERT_TRUE(first.handshake());
  ASSERT_TRUE(first.server.send("features", first.to_client) && first.run());
  EXPECT_EQ(SSL_SESSION_is_resumable(SSL_get0_session(first.client.native())), 0) << "nobody gets one unasked";
  first.server.give_ticket();
  ASSERT_TRUE(first.server.send("roster", first.to_client) && first.run());
  EXPECT_EQ(first.client_got, "featuresroster");
  const std::unique_ptr<SSL_SESSION, Freed<SSL_SESSION_free>> session(SSL_get1_session(first.client.native()));
  ASSERT_EQ(SSL_SESSION_is_resumable(session.get()), 1);
  TlsPair second(server, client);
  ASSERT_EQ(SSL_set_session(second.client.native(), session.get()), 1);
  ASSERT_TRUE(second.handshake());
  EXPECT_TRUE(second.server.info().is_resumed);
  EXPECT_EQ(second.server.channel_binding(Binding::tls_server_end_point),
            first.server.channel_binding(Binding::tls_server_end_point));
  // New certificates mean a new context, and its tickets are its own.
  TlsPair reloaded(server_context(), client);
  ASSERT_EQ(SSL_set_session(reloaded.client.native(), session.get()), 1);
  ASSERT_TRUE(reloaded.handshake());
  EXPECT_FALSE(reloaded.server.info().is_resumed);
}

// The handshake gave one (RFC 5077), and nothing more is due.
TEST(TlsEngine, BeforeTls13TheHandshakeGivesTheTicket) {
  TlsPair pair(server_context(), client_context({.verify = false, .max_version = TLS1_2_VERSION}));
  ASSERT_TRUE(pair.handshake());
  EXPECT_EQ(SSL_SESSION_is_resumable(SSL_get0_session(pair.client.native())), 1);
  pair.server.give_ticket();
  ASSERT_TRUE(pair.server.send("roster", pair.to_client) && pair.run()) << pair.client_error;
  EXPECT_EQ(pair.client_got, "roster");
}

TEST(TlsEngine, TicketsCanBeTurnedOff) {
  TlsPair pair(server_context({.ticket_lifetime_s = 0}));
  ASSERT_TRUE(pair.handshake());
  pair.server.give_ticket();
  ASSERT_TRUE(pair.server.send("roster", pair.to_client) && pair.run());
  EXPECT_EQ(pair.client_got, "roster");
  EXPECT_EQ(SSL_SESSION_is_resumable(SSL_get0_session(pair.client.native())), 0);
}

TEST(TlsEngine, AClientChecksTheHostAndTheIssuer) {
  const std::string trust = test::self_signed("capulet.example").chain_pem;
  TlsPair good(server_context(), client_context({.trust_pem = trust}));
  EXPECT_TRUE(good.handshake()) << good.client_error;
  TlsPair other_name(server_context(), client_context({.trust_pem = trust}), "montague.example");
  EXPECT_FALSE(other_name.handshake());
  EXPECT_THAT(other_name.client_error, HasSubstr("mismatch"));
  TlsPair untrusted(server_context(), client_context(ClientPolicy{}));
  EXPECT_FALSE(untrusted.handshake());
  EXPECT_THAT(untrusted.client_error, HasSubstr("self-signed"));
}

}  // namespace
}  // namespace aldis::tls
