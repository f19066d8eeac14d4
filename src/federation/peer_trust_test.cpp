// Whom a certificate proves, in both directions: path, name, pinned key, DANE (security C01, C02, C04).
#include "federation/peer_trust.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <fstream>

#include "tests/support/manual_clock.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/test_ca.h"

namespace aldis::federation {
namespace {

class PeerTrustTest : public ::testing::Test {
 protected:
  PeerTrustTest() { std::ofstream(folder_.path() / "ca.pem") << test::root_authority().pem(); }

  [[nodiscard]] static tls::PresentedChain chain(const test::Recipe& recipe, const test::Identity* issuer = &test::root_authority()) {
    return {.certificates = {test::issue(recipe, issuer).certificate}};
  }
  [[nodiscard]] static test::Recipe server_of(std::string domain) {
    return {.common_name = domain, .names = "DNS:" + domain, .extensions = {{"extendedKeyUsage", "serverAuth"}}};
  }
  [[nodiscard]] PeerProof judge(const tls::PresentedChain& shown, std::string_view domain, const net::ServerTarget* target = nullptr) {
    return trust_.judge(rule_, domain, shown, target, clock_.wall());
  }

  testing_support::TemporaryFolder folder_;
  test::ManualClock clock_;
  policy::PeerRule rule_{.name = "partners", .is_allowed = true};
  PeerTrust trust_{"ca.pem", folder_.path().string(), tls::RevocationMode::off, nullptr};
  net::ServerTarget target_{.host = "xmpp.verona.example"};
};

TEST_F(PeerTrustTest, ANameAndAPathProveBothWays) {
  const auto shown = chain(server_of("verona.example"));
  EXPECT_TRUE(judge(shown, "verona.example").is_proved);
  EXPECT_TRUE(judge(shown, "verona.example", &target_).is_proved);
  EXPECT_EQ(judge(shown, "verona.example").how, "certificate");
}

TEST_F(PeerTrustTest, TheNameIsTheDomainAskedForAndNotWhereDnsLed) {  // security C04
  const auto shown = chain(server_of("xmpp.verona.example"));
  EXPECT_FALSE(judge(shown, "verona.example", &target_).is_proved);
  EXPECT_FALSE(judge(chain({.common_name = "verona.example"}), "verona.example").is_proved);   // C01: the CN is nobody's name
  EXPECT_FALSE(judge(chain(server_of("mantua.example")), "verona.example").is_proved);
}

TEST_F(PeerTrustTest, NothingShownAndNobodyKnownProveNothing) {
  EXPECT_FALSE(judge({}, "verona.example").is_proved);
  EXPECT_FALSE(judge(chain(server_of("verona.example"), nullptr), "verona.example").is_proved);   // self-signed
  test::Recipe old = server_of("verona.example");
  old.to = std::chrono::hours(0);
  clock_.advance(std::chrono::hours(1));
  const PeerProof late = judge(chain(old), "verona.example");
  EXPECT_FALSE(late.is_proved);
  EXPECT_NE(late.why.find("expired"), std::string::npos) << late.why;
}

TEST_F(PeerTrustTest, AnchorsThatCannotBeReadAreARefusal) {
  rule_.anchors = "not-there.pem";
  const PeerProof proof = judge(chain(server_of("verona.example")), "verona.example");
  EXPECT_FALSE(proof.is_proved);
  EXPECT_NE(proof.why.find("not-there.pem"), std::string::npos) << proof.why;
}

TEST_F(PeerTrustTest, ARuleWithAnchorsOfItsOwnBelievesThemOnly) {
  static const test::Identity other = test::issue(test::authority("Mantua Root"), nullptr);
  std::ofstream(folder_.path() / "mantua.pem") << other.pem();
  rule_.anchors = "mantua.pem";
  EXPECT_FALSE(judge(chain(server_of("verona.example")), "verona.example").is_proved);
  EXPECT_TRUE(judge(chain(server_of("verona.example"), &other), "verona.example").is_proved);
}

TEST_F(PeerTrustTest, APinnedKeyIsNeededBesideAllElse) {
  const auto shown = chain(server_of("verona.example"));
  unsigned char* der = nullptr;
  const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(shown.certificates.front().get()), &der);
  policy::KeyFingerprint key{};
  unsigned length = 0;
  ASSERT_EQ(EVP_Digest(der, static_cast<std::size_t>(size), key.data(), &length, EVP_sha256(), nullptr), 1);
  OPENSSL_free(der);
  rule_.pinned_keys = {key};
  EXPECT_TRUE(judge(shown, "verona.example").is_proved);
  EXPECT_FALSE(judge(shown, "mantua.example").is_proved);   // the right key, another's name
  key[0] ^= 1U;
  rule_.pinned_keys = {key};
  EXPECT_FALSE(judge(shown, "verona.example").is_proved);
}

TEST_F(PeerTrustTest, SecureTlsaRecordsDecideAndInsecureOnesSayNothing) {  // RFC 7673 section 3.4
  const auto shown = chain(server_of("verona.example"), nullptr);   // nobody's but its own
  unsigned char* der = nullptr;
  const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(shown.certificates.front().get()), &der);
  std::vector<std::uint8_t> digest(32);
  unsigned length = 0;
  ASSERT_EQ(EVP_Digest(der, static_cast<std::size_t>(size), digest.data(), &length, EVP_sha256(), nullptr), 1);
  OPENSSL_free(der);
  target_.tlsa = {{.usage = 3, .selector = 1, .matching_type = 1, .data = digest}};
  EXPECT_FALSE(judge(shown, "verona.example", &target_).is_proved);
  target_.is_secure = true;
  EXPECT_TRUE(judge(shown, "verona.example", &target_).is_proved);
  target_.tlsa.front().data[0] ^= 1U;
  EXPECT_FALSE(judge(shown, "verona.example", &target_).is_proved);
  EXPECT_FALSE(judge(chain(server_of("verona.example")), "verona.example", &target_).is_proved);   // although an authority vouches
}

}  // namespace
}  // namespace aldis::federation
