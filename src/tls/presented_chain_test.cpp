// What peers show each other in a handshake that believes everything (ADR 0036), in TLS 1.2 and 1.3.
#include "tls/presented_chain.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/test_ca.h"
#include "tests/support/test_revocation.h"
#include "tests/support/tls_pair.h"
#include "tls/trust.h"

namespace aldis::tls {
namespace {

using test::Identity;
using test::TlsPair;

const Identity& romeo() {
  static const Identity made = test::issue({.key = "P-256/romeo"}, &test::intermediate_authority());
  return made;
}
Certificate chained(const Identity& leaf, const std::vector<const Identity*>& issuers) {
  std::string pem = leaf.pem();
  for (const Identity* issuer : issuers) {
    pem += issuer->pem();
  }
  return *Certificate::parse(pem, leaf.key_pem(), test::ManualClock());
}

struct Shown : testing::TestWithParam<int> {
  std::shared_ptr<const TlsContext> client(const std::vector<Certificate>& certificates) {
    return test::client_context({.verify = false, .certificates = certificates, .max_version = GetParam()});
  }
  std::shared_ptr<const TlsContext> asking() { return test::server_context({.request_client_certificate = true}); }
};
INSTANTIATE_TEST_SUITE_P(Versions, Shown, testing::Values(TLS1_2_VERSION, TLS1_3_VERSION),
                         [](const auto& info) { return info.param == TLS1_2_VERSION ? "Tls12" : "Tls13"; });

TEST_P(Shown, ByTheClientWithItsChain) {
  TlsPair pair(asking(), client({chained(romeo(), {&test::intermediate_authority()})}));
  EXPECT_TRUE(pair.server.presented_chain().certificates.empty());
  ASSERT_TRUE(pair.handshake()) << pair.server_error;
  const PresentedChain shown = pair.server.presented_chain();
  ASSERT_EQ(shown.certificates.size(), 2U);
  EXPECT_EQ(X509_cmp(shown.certificates[0].get(), romeo().certificate.get()), 0);
  EXPECT_EQ(X509_cmp(shown.certificates[1].get(), test::intermediate_authority().certificate.get()), 0);
  TrustOptions options;
  options.anchors_pem = test::root_authority().pem();
  EXPECT_TRUE((*TrustStore::make(options))->verify(shown, Purpose::client, test::ManualClock().wall()).is_trusted());
}

TEST_P(Shown, ByTheServerWithItsChain) {
  const Certificate certificate = chained(romeo(), {&test::intermediate_authority()});
  TlsPair pair(*TlsContext::server({}, {{"capulet.example", {certificate}}}), client({}));
  ASSERT_TRUE(pair.handshake());
  const PresentedChain shown = pair.client.presented_chain();
  ASSERT_EQ(shown.certificates.size(), 2U);
  EXPECT_EQ(X509_cmp(shown.certificates[0].get(), romeo().certificate.get()), 0);
  EXPECT_EQ(X509_cmp(shown.certificates[1].get(), test::intermediate_authority().certificate.get()), 0);
  EXPECT_TRUE(pair.server.presented_chain().certificates.empty());   // nobody asked the client
}

TEST_P(Shown, NothingIsRequired) {
  TlsPair pair(asking(), client({}));
  ASSERT_TRUE(pair.handshake()) << pair.server_error;
  EXPECT_TRUE(pair.server.presented_chain().certificates.empty());
}

TEST_P(Shown, WhateverItIs) {   // believing is not the handshake's business
  std::vector<Identity> bad;
  test::Recipe recipe{.key = "P-256/bad"};
  recipe.to = std::chrono::hours(-1);
  recipe.from = std::chrono::hours(-48);
  bad.push_back(test::issue(recipe, &test::intermediate_authority()));   // expired
  bad.push_back(test::issue({.key = "P-256/bad"}, nullptr));             // self-signed
  bad.push_back(test::issue({.key = "P-256/bad", .extensions = {{"extendedKeyUsage", "codeSigning"}}}, &test::root_authority()));
  bad.push_back(test::issue({.key = "P-256/bad", .extensions = {{"1.2.3.4", "critical,DER:0500"}}}, &test::root_authority()));
  for (const Identity& one : bad) {
    const auto context = client({});   // our own Certificate would refuse most of these
    ASSERT_EQ(SSL_CTX_use_certificate(context->native(), one.certificate.get()), 1);
    ASSERT_EQ(SSL_CTX_use_PrivateKey(context->native(), one.key.get()), 1);
    TlsPair pair(asking(), context);
    ASSERT_TRUE(pair.handshake()) << pair.server_error;
    ASSERT_EQ(pair.server.presented_chain().certificates.size(), 1U);
    EXPECT_EQ(X509_cmp(pair.server.presented_chain().certificates[0].get(), one.certificate.get()), 0);
  }
}

TEST_P(Shown, OnlyWithItsKey) {   // a certificate is public; who shows it proves to have its key
  TlsPair pair(asking(), client({chained(romeo(), {&test::intermediate_authority()})}));
  // One bit of what the client says last is changed: its certificate, or the proof, or the Finished over both.
  ASSERT_TRUE(pair.client.start(pair.to_server));
  pair.feed_server(std::exchange(pair.to_server, {}));
  pair.feed_client(std::exchange(pair.to_client, {}));
  const std::size_t at = pair.to_server.size() / 2;
  pair.to_server[at] = static_cast<char>(pair.to_server[at] ^ 1);
  EXPECT_FALSE(pair.run());
  EXPECT_TRUE(pair.server.presented_chain().certificates.empty());
}

TEST_P(Shown, NoTicketsWhereCertificatesAreAskedFor) {
  for (const bool is_asked : {false, true}) {
    static SSL_SESSION* session = nullptr;
    session = nullptr;
    const auto server = test::server_context({.request_client_certificate = is_asked});
    const auto context = client({chained(romeo(), {&test::intermediate_authority()})});
    SSL_CTX_set_session_cache_mode(context->native(), SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(context->native(), [](SSL*, SSL_SESSION* made) {
      SSL_SESSION_free(std::exchange(session, made));
      return 1;
    });
    TlsPair first(server, context);
    ASSERT_TRUE(first.handshake());
    first.server.give_ticket();
    ASSERT_TRUE(first.server.send("roster", first.to_client) && first.run());
    EXPECT_EQ(session != nullptr && SSL_SESSION_is_resumable(session) == 1, !is_asked);
    if (session != nullptr) {   // a client that tries all the same gets a whole handshake, with its certificate
      TlsPair second(server, context);
      ASSERT_EQ(SSL_set_session(second.client.native(), session), 1);
      ASSERT_TRUE(second.handshake());
      EXPECT_EQ(second.server.info().is_resumed, !is_asked);
      EXPECT_EQ(second.server.presented_chain().certificates.size(), is_asked ? 2U : 0U);
      SSL_SESSION_free(session);
    }
  }
}

TEST_P(Shown, TooMuchEndsTheHandshake) {   // security C02, D8: a certificate of 1 MiB
  const auto context = client({});
  const Identity large = test::issue({.key = "P-256/large", .extensions = {{"1.2.3.4", test::der_value(test::der(0x04, std::string(1024 * 1024, 'x')))}}},
                                     &test::root_authority());
  ASSERT_EQ(SSL_CTX_use_certificate(context->native(), large.certificate.get()), 1);
  ASSERT_EQ(SSL_CTX_use_PrivateKey(context->native(), large.key.get()), 1);
  TlsPair pair(asking(), context);
  EXPECT_FALSE(pair.handshake());
  EXPECT_TRUE(pair.server.presented_chain().certificates.empty());
  EXPECT_NE(pair.server_error, "");
}

TEST_P(Shown, TheStapleOfTheServer) {
  const Certificate certificate = chained(romeo(), {&test::intermediate_authority()});
  const auto staple = std::make_shared<Staple>();
  const auto server = *TlsContext::server({}, {{"capulet.example", {certificate}, {staple}}});
  const auto context = [&](bool ask) { return test::client_context({.verify = false, .ask_for_staple = ask, .max_version = GetParam()}); };
  const std::string response = test::make_ocsp(romeo(), test::intermediate_authority());
  for (const std::string& current : {std::string(), response}) {
    staple->replace(current, test::ManualClock().wall());
    for (const bool ask : {false, true}) {
      TlsPair pair(server, context(ask));
      ASSERT_TRUE(pair.handshake());
      EXPECT_EQ(pair.client.presented_chain().stapled, ask ? current : std::string());
    }
  }
}

TEST_P(Shown, AuthoritiesAreNamedForTheCard) {
  const auto context = client({});
  static std::string seen;
  seen.clear();
  SSL_CTX_set_cert_cb(context->native(), [](SSL* ssl, void*) {
    const STACK_OF(X509_NAME)* const names = SSL_get0_peer_CA_list(ssl);
    for (int i = 0; i < sk_X509_NAME_num(names); ++i) {
      char text[128];
      seen += X509_NAME_oneline(sk_X509_NAME_value(names, i), text, sizeof text);
    }
    return 1;
  }, nullptr);
  TlsPair pair(test::server_context({.request_client_certificate = true, .client_authorities_pem = test::root_authority().pem()}), context);
  ASSERT_TRUE(pair.handshake());
  EXPECT_EQ(seen, "/CN=Verona Root");
}

}  // namespace
}  // namespace aldis::tls
