// Tests of loading certificates: dates, keys that do not fit, file modes (security O03), and names (RFC 6120 13.7).
#include "tls/certificate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "tests/support/tls_pair.h"
#include "tls/expiry.h"
#include "tls/openssl.h"

namespace aldis::tls {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(Certificate, ASelfSignedOneLoadsWithItsNames) {
  const test::ManualClock clock;
  const auto pair = make_self_signed({"Capulet.Example", "localhost"}, clock);
  ASSERT_TRUE(pair);
  const auto certificate = Certificate::parse(pair->chain_pem, pair->key_pem, clock);
  ASSERT_TRUE(certificate) << certificate.error().what;
  EXPECT_THAT(certificate->names().dns, ElementsAre("capulet.example", "localhost"));
  EXPECT_EQ(certificate->names().common_name, "Capulet.Example");
  EXPECT_EQ(certificate->key_type(), "ECDSA P-256");
  EXPECT_EQ(certificate->days_left(clock), 365);
  EXPECT_EQ(certificate->fingerprint_sha256().size(), 64U);
  EXPECT_EQ(X509_check_ip_asc(certificate->leaf(), "127.0.0.1", 0), 1);
  EXPECT_EQ(X509_check_ip_asc(certificate->leaf(), "::1", 0), 1);
}

TEST(Certificate, RsaKeysAreNamedWithTheirSize) {
  EXPECT_EQ(test::certificate("capulet.example", KeyKind::rsa2048).key_type(), "RSA 2048");
}

TEST(Certificate, DatesAreChecked) {
  test::ManualClock clock;
  const auto pair = make_self_signed({"capulet.example"}, clock, std::chrono::days(10));
  clock.advance(std::chrono::days(9));
  const auto certificate = Certificate::parse(pair->chain_pem, pair->key_pem, clock);
  ASSERT_TRUE(certificate);
  EXPECT_EQ(certificate->days_left(clock), 1);
  clock.advance(std::chrono::days(1));
  const auto expired = Certificate::parse(pair->chain_pem, pair->key_pem, clock);
  ASSERT_FALSE(expired);
  EXPECT_THAT(expired.error().what, HasSubstr("expired on 2026-01-11 00:00 UTC"));
  EXPECT_LE(certificate->days_left(clock), 0);
  clock.advance(-std::chrono::days(11));
  const auto early = Certificate::parse(pair->chain_pem, pair->key_pem, clock);
  ASSERT_FALSE(early);
  EXPECT_THAT(early.error().what, HasSubstr("not valid before"));
}

TEST(Certificate, ItsEndIsWarnedOfOncePerStep) {
  ExpiryWarning warning;
  std::vector<std::pair<std::int64_t, std::int64_t>> told;
  for (std::int64_t days = 40; days >= -3; --days) {
    for (int hour = 0; hour < 3; ++hour) {
      if (const auto step = warning.due(days)) {
        told.emplace_back(days, *step);
      }
    }
  }
  using Pair = std::pair<std::int64_t, std::int64_t>;
  EXPECT_THAT(told, ElementsAre(Pair(30, 30), Pair(14, 14), Pair(7, 7), Pair(1, 1), Pair(-1, 0)));
  EXPECT_EQ(ExpiryWarning().due(5), 7);   // after a restart the nearest alone
  EXPECT_EQ(ExpiryWarning().due(31), std::nullopt);
}

TEST(Certificate, AForeignKeyIsRefused) {
  const test::ManualClock clock;
  const auto& one = test::self_signed("capulet.example");
  const auto& two = test::self_signed("montague.example");
  const auto mixed = Certificate::parse(one.chain_pem, two.key_pem, clock);
  ASSERT_FALSE(mixed);
  EXPECT_THAT(mixed.error().what, HasSubstr("does not belong"));
}

TEST(Certificate, BrokenFilesAreRefused) {
  const test::ManualClock clock;
  const auto& pair = test::self_signed("capulet.example");
  EXPECT_FALSE(Certificate::parse("", pair.key_pem, clock));
  EXPECT_FALSE(Certificate::parse(pair.chain_pem, "", clock));
  EXPECT_FALSE(Certificate::parse(pair.key_pem, pair.chain_pem, clock));
  EXPECT_FALSE(Certificate::parse(pair.chain_pem.substr(0, 200), pair.key_pem, clock));
  const auto disorder =
      Certificate::parse(pair.chain_pem + test::self_signed("montague.example").chain_pem, pair.key_pem, clock);
  ASSERT_FALSE(disorder);
  EXPECT_THAT(disorder.error().what, HasSubstr("out of order"));
}

struct Files : testing::Test {
  Files() {
    char name[] = "/tmp/aldis-certificate-XXXXXX";
    folder = ::mkdtemp(name);
    chain = folder / "chain.pem";
    key = folder / "key.pem";
  }
  ~Files() override { std::filesystem::remove_all(folder); }
  test::ManualClock clock;
  std::filesystem::path folder;
  std::filesystem::path chain;
  std::filesystem::path key;
};

TEST_F(Files, AKeyThatOthersCanReadIsRefused) {
  ASSERT_TRUE(write_key_pair(test::self_signed("capulet.example"), chain, key));
  EXPECT_TRUE(Certificate::load(chain, key, clock));
  for (const unsigned mode : {0640U, 0604U, 0660U, 0602U}) {
    ASSERT_EQ(::chmod(key.c_str(), mode), 0);
    const auto refused = Certificate::load(chain, key, clock);
    ASSERT_FALSE(refused) << mode;
    EXPECT_EQ(refused.error().kind, ErrorKind::denied);
    EXPECT_THAT(refused.error().what, HasSubstr(key.string()));
  }
  ASSERT_EQ(::chmod(key.c_str(), 0400), 0);
  EXPECT_TRUE(Certificate::load(chain, key, clock));
}

TEST_F(Files, MissingFilesAreNamed) {
  const auto missing = Certificate::load(chain, key, clock);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().kind, ErrorKind::not_found);
  EXPECT_THAT(missing.error().what, HasSubstr(chain.string()));
}

TEST_F(Files, ExistingFilesAreNotReplaced) {
  ASSERT_TRUE(write_key_pair(test::self_signed("capulet.example"), chain, key));
  const auto again = write_key_pair(test::self_signed("montague.example"), chain, key);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().kind, ErrorKind::already_exists);
  EXPECT_TRUE(Certificate::load(chain, key, clock));
}

// A certificate with xmppAddr and SRVName, made by OpenSSL's own text form.
TEST(Certificate, OtherNamesAreRead) {
  const X509Ptr certificate(X509_new());
  X509_EXTENSION* const san =
      X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name,
                          "otherName:1.3.6.1.5.5.7.8.5;UTF8:juliet@capulet.example,"
                          "otherName:1.3.6.1.5.5.7.8.7;IA5STRING:_xmpp-client.capulet.example,DNS:im.capulet.example");
  ASSERT_NE(san, nullptr);
  ASSERT_EQ(X509_add_ext(certificate.get(), san, -1), 1);
  X509_EXTENSION_free(san);
  const CertificateNames names = names_of(certificate.get());
  EXPECT_THAT(names.xmpp_addr, ElementsAre("juliet@capulet.example"));
  EXPECT_THAT(names.srv, ElementsAre("_xmpp-client.capulet.example"));
  EXPECT_THAT(names.dns, ElementsAre("im.capulet.example"));
  EXPECT_TRUE(names.cover("capulet.example"));
}

TEST(Certificate, SelfSignedRefusesWhatIsNoDomain) {
  const test::ManualClock clock;
  for (const char* bad : {"", "a,DNS:evil.example", "käse.example", "a b"}) {
    EXPECT_FALSE(make_self_signed({bad}, clock)) << bad;
  }
  EXPECT_FALSE(make_self_signed({}, clock));
}

}  // namespace
}  // namespace aldis::tls
