// Listeners that allow suites without encryption (security T08): what is spoken there, that it is the last choice, and that
// nothing else is weaker for it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/pem.h>

#include "tests/support/tls_pair.h"
#include "tls/openssl.h"

namespace aldis::tls {
namespace {

using test::client_context;
using test::TlsPair;
using testing::Contains;
using testing::HasSubstr;

const TlsPolicy allowing{.allow_integrity_only = true};

std::shared_ptr<const TlsContext> allowing_server(TlsPolicy policy = allowing) {
  return *TlsContext::server(policy, {{"capulet.example",
                                       {test::certificate("capulet.example"), test::certificate("capulet.example", KeyKind::rsa2048)}},
                                      {"montague.example", {test::certificate("montague.example")}}});
}
bool is_tls13(std::string_view suite) { return suite.starts_with("TLS_"); }
ClientPolicy offering(const std::string& tls12, int min_version = TLS1_2_VERSION, int max_version = TLS1_2_VERSION) {
  return {.verify = false, .old_cipher_list = tls12 + ":@SECLEVEL=0", .min_version = min_version, .max_version = max_version};
}
ClientPolicy offering_only(const std::string& suite) {
  if (is_tls13(suite)) {
    ClientPolicy policy = offering("ALL", TLS1_3_VERSION, TLS1_3_VERSION);
    policy.tls13_suites = suite;
    return policy;
  }
  return offering(suite);
}

// A certificate as the policy must not take it: `bits` of RSA, signed with `digest`, by an issuer of another name.
Certificate weak_certificate(unsigned bits, const EVP_MD* digest) {
  const KeyPtr key(EVP_RSA_gen(bits));
  const X509Ptr certificate(X509_new());
  const test::ManualClock clock;
  const std::time_t now = std::chrono::duration_cast<std::chrono::seconds>(clock.wall().time_since_epoch()).count();
  const auto add_name = [](X509_NAME* name, const char* text) {
    return X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(text), -1, -1, 0) == 1;
  };
  X509_EXTENSION* const names = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, "DNS:capulet.example");
  EXPECT_TRUE(key && certificate && X509_set_version(certificate.get(), X509_VERSION_3) == 1 &&
              ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1) == 1 &&
              ASN1_TIME_set(X509_getm_notBefore(certificate.get()), now - 3600) != nullptr &&
              ASN1_TIME_set(X509_getm_notAfter(certificate.get()), now + 3600) != nullptr &&
              add_name(X509_get_subject_name(certificate.get()), "capulet.example") &&
              add_name(X509_get_issuer_name(certificate.get()), "an issuer") &&
              X509_set_pubkey(certificate.get(), key.get()) == 1 && X509_add_ext(certificate.get(), names, -1) == 1 &&
              X509_sign(certificate.get(), key.get(), digest) > 0);
  X509_EXTENSION_free(names);
  const BioPtr chain(BIO_new(BIO_s_mem()));
  const BioPtr secret(BIO_new(BIO_s_mem()));
  EXPECT_EQ(PEM_write_bio_X509(chain.get(), certificate.get()), 1);
  EXPECT_EQ(PEM_write_bio_PrivateKey(secret.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr), 1);
  const auto text = [](BIO* bio) {
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio, &data);
    return std::string(data, static_cast<std::size_t>(size));
  };
  return *Certificate::parse(text(chain.get()), text(secret.get()), clock);
}

TEST(IntegrityOnly, EachSuiteOfThisOpensslIsSpokenAndReadable) {
  const std::vector<std::string> suites = integrity_only_suites();
  EXPECT_THAT(suites, Contains("ECDHE-ECDSA-NULL-SHA"));
  EXPECT_THAT(suites, Contains("ECDHE-RSA-NULL-SHA"));
  for (const std::string& suite : suites) {
    for (const char* host : {"capulet.example", "montague.example"}) {
      if (std::string_view(host) == "montague.example" && suite == "ECDHE-RSA-NULL-SHA") {
        continue;  // it has no RSA certificate
      }
      TlsPair pair(allowing_server(), client_context(offering_only(suite)), host);
      ASSERT_TRUE(pair.handshake()) << suite << ": " << pair.server_error << ", " << pair.client_error;
      const TlsInfo info = pair.server.info();
      EXPECT_EQ(info.cipher, suite);
      EXPECT_EQ(info.version, is_tls13(suite) ? "TLSv1.3" : "TLSv1.2");
      EXPECT_FALSE(info.is_confidential) << suite;
      ASSERT_TRUE(pair.server.send("wherefore art thou", pair.to_client));
      EXPECT_THAT(pair.to_client, HasSubstr("wherefore art thou"));  // whoever has the line reads it
      ASSERT_TRUE(pair.client.send("deny thy father", pair.to_server));
      EXPECT_THAT(pair.to_server, HasSubstr("deny thy father"));
      ASSERT_TRUE(pair.run());
      EXPECT_EQ(pair.server_got, "deny thy father");
      EXPECT_EQ(pair.client_got, "wherefore art thou");
      for (const ChannelBinding type : {ChannelBinding::tls_exporter, ChannelBinding::tls_server_end_point}) {
        ASSERT_TRUE(pair.server.channel_binding(type).has_value()) << suite;
        EXPECT_EQ(pair.server.channel_binding(type), pair.client.channel_binding(type));
      }
    }
  }
}

TEST(IntegrityOnly, WhatIsChangedOnTheWayIsRefused) {
  for (const std::string& suite : integrity_only_suites()) {
    for (const char* changed : {"bow", "cut"}) {
      TlsPair pair(allowing_server(), client_context(offering_only(suite)));
      ASSERT_TRUE(pair.handshake());
      ASSERT_TRUE(pair.client.send("I do not bite my thumb", pair.to_server));
      const std::size_t at = pair.to_server.find("bite");
      ASSERT_NE(at, std::string::npos);
      pair.to_server.replace(at, 3, changed);
      EXPECT_FALSE(pair.run());
      EXPECT_THAT(pair.server_error, HasSubstr("bad record mac"));
      EXPECT_EQ(pair.server_got, "");
    }
  }
}

TEST(IntegrityOnly, IsTheLastChoice) {
  // The client would rather have no encryption, and has one suite that encrypts.
  for (const char* encrypting : {"ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-RSA-CHACHA20-POLY1305"}) {
    TlsPair pair(allowing_server(),
                 client_context(offering(std::string("ECDHE-ECDSA-NULL-SHA:ECDHE-RSA-NULL-SHA:") + encrypting)));
    ASSERT_TRUE(pair.handshake()) << pair.server_error;
    EXPECT_EQ(pair.server.info().cipher, encrypting);
    EXPECT_TRUE(pair.server.info().is_confidential);
  }
  TlsPair newer(allowing_server(), client_context(offering("ECDHE-ECDSA-NULL-SHA", TLS1_2_VERSION, TLS1_3_VERSION)));
  ASSERT_TRUE(newer.handshake());
  EXPECT_EQ(newer.server.info().version, "TLSv1.3");
  EXPECT_TRUE(newer.server.info().is_confidential);
  TlsPair usual(allowing_server());
  ASSERT_TRUE(usual.handshake());
  EXPECT_EQ(usual.server.info().cipher, "TLS_AES_128_GCM_SHA256");
}

TEST(IntegrityOnly, AllowsNoOtherSuiteVersionOrGroup) {
  for (const char* suites :
       {"AES128-GCM-SHA256", "AES256-SHA", "ECDHE-ECDSA-AES128-SHA256", "ECDHE-ECDSA-AES256-SHA", "DHE-RSA-AES128-GCM-SHA256",
        "AECDH-AES128-SHA", "ECDHE-ECDSA-AES128-CCM", "PSK", "NULL-SHA256", "NULL-SHA", "NULL-MD5", "AECDH-NULL-SHA", "aNULL",
        "eNULL:-ECDHE-ECDSA-NULL-SHA:-ECDHE-RSA-NULL-SHA", "ALL:-ECDHE+AESGCM:-ECDHE+CHACHA20"}) {
    TlsPair pair(allowing_server(), client_context(offering(suites)));
    EXPECT_FALSE(pair.handshake()) << suites << ": " << pair.server.info().cipher;
  }
  for (const int version : {TLS1_VERSION, TLS1_1_VERSION}) {
    TlsPair pair(allowing_server(), client_context(offering("ECDHE-ECDSA-NULL-SHA:ALL", version, version)));
    EXPECT_FALSE(pair.handshake()) << version;
  }
  for (const char* group : {"P-521", "X448"}) {
    ClientPolicy policy = offering("ECDHE-ECDSA-NULL-SHA:ECDHE-RSA-NULL-SHA");
    policy.groups = group;
    TlsPair pair(allowing_server(), client_context(policy));
    EXPECT_FALSE(pair.handshake()) << group;
  }
}

TEST(IntegrityOnly, SignaturesWithSha1AreStillRefused) {
  const auto client = client_context(offering("ECDHE-ECDSA-NULL-SHA:ECDHE-RSA-NULL-SHA"));
  ASSERT_EQ(SSL_CTX_set1_sigalgs_list(client->native(), "ECDSA+SHA1:RSA+SHA1"), 1);
  TlsPair pair(allowing_server(), client);
  EXPECT_FALSE(pair.handshake());
  EXPECT_THAT(pair.server_error, HasSubstr("no shared signature algorithms"));
}

TEST(IntegrityOnly, WeakCertificatesAreStillRefused) {
  const auto serve = [](const TlsPolicy& policy, unsigned bits, const EVP_MD* digest) {
    return TlsContext::server(policy, {{"capulet.example", {weak_certificate(bits, digest)}}});
  };
  for (const TlsPolicy& policy : {TlsPolicy{}, allowing}) {
    EXPECT_TRUE(serve(policy, 2048, EVP_sha256()));
    const auto short_key = serve(policy, 1024, EVP_sha256());
    ASSERT_FALSE(short_key);
    EXPECT_THAT(short_key.error().what, HasSubstr("key too small"));
    const auto old_hash = serve(policy, 2048, EVP_sha1());
    ASSERT_FALSE(old_hash);
    EXPECT_THAT(old_hash.error().what, HasSubstr("md too weak"));
  }
}

// A resumed session would keep its suite, although its client may now offer an encrypting one.
TEST(IntegrityOnly, GivesNoTickets) {
  for (const auto& policy : {offering("ECDHE-ECDSA-NULL-SHA"), ClientPolicy{.verify = false}}) {
    TlsPair pair(allowing_server(), client_context(policy));
    ASSERT_TRUE(pair.handshake());
    EXPECT_EQ(SSL_SESSION_is_resumable(SSL_get0_session(pair.client.native())), 0);
  }
}

TEST(IntegrityOnly, AlpnIsEnforcedAsEver) {
  const auto server = allowing_server({.alpn = {"xmpp-client"}, .allow_integrity_only = true});
  ClientPolicy policy = offering("ECDHE-ECDSA-NULL-SHA");
  policy.alpn = {"xmpp-client"};
  TlsPair right(server, client_context(policy));
  ASSERT_TRUE(right.handshake());
  EXPECT_EQ(right.server.info().alpn, "xmpp-client");
  policy.alpn = {"h2"};
  TlsPair wrong(server, client_context(policy));
  EXPECT_FALSE(wrong.handshake());
}

}  // namespace
}  // namespace aldis::tls
