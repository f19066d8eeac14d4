// The examples of RFC 5802 section 5 and RFC 7677 section 3, and refusals.
#include "scram_client.h"

#include <gtest/gtest.h>

namespace aldis::load {
namespace {

TEST(ScramClient, SpeaksTheExampleOfRfc5802) {
  ScramClient client("SCRAM-SHA-1", "user", "pencil");
  EXPECT_EQ(client.first("fyko+d2lbbFgONRv9qkxdawL"), "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL");
  EXPECT_EQ(client.final("r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096"),
            "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=");
  EXPECT_TRUE(client.verify("v=rmF9pqV8S7suAoZWja4dJRkFsKQ="));
  EXPECT_FALSE(client.verify("v=rmF9pqV8S7suAoZWja4dJRkFsKA="));
  EXPECT_FALSE(client.verify("e=invalid-proof"));
}

TEST(ScramClient, SpeaksTheExampleOfRfc7677) {
  ScramClient client("SCRAM-SHA-256", "user", "pencil");
  client.first("rOprNGfwEbeRWgbNEkqO");
  EXPECT_EQ(
      client.final("r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"),
      "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
  EXPECT_TRUE(client.verify("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="));
}

TEST(ScramClient, RefusesAForeignNonceAndAMissingSalt) {
  ScramClient client("SCRAM-SHA-1", "user", "pencil");
  client.first("abc");
  EXPECT_EQ(client.final("r=xyz123,s=QSXCR+Q6sek8bf92,i=4096"), "");
  EXPECT_EQ(client.final("r=abc,s=QSXCR+Q6sek8bf92,i=4096"), "");
  EXPECT_EQ(client.final("r=abcd,i=4096"), "");
  EXPECT_FALSE(ScramClient("PLAIN", "user", "pencil").is_known());
}

TEST(Base64, IsReadAndWritten) {
  for (const std::string text : {"", "a", "ab", "abc", "abcd"}) {
    EXPECT_EQ(unbase64(base64(text)), text);
  }
  EXPECT_EQ(unbase64("abc"), "");
}

}  // namespace
}  // namespace aldis::load
