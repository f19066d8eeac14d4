// RFC 5803.
#include "auth/ldap/scram_verifier.h"

#include <gtest/gtest.h>

#include "base/encoding.h"
#include "sasl/scram_keys.h"

using namespace aldis;
using aldis::ldap::parse_verifier;

namespace {

constexpr std::string_view salt = "W22ZaJ0SNY7soEsUEjb6gQ==";
const std::string good = "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=";

}  // namespace

// The password of RFC 7677's example: its StoredKey and ServerKey follow from salt and iterations.
TEST(ScramVerifier, KeysOfARealPassword) {
  const auto keys = parse_verifier(good);
  ASSERT_TRUE(keys);
  EXPECT_EQ(keys->hash, "SHA-256");
  EXPECT_EQ(keys->iterations, 4096U);
  const sasl::Keys derived = sasl::derive_keys(sasl::ScramHash::sha_256, SecretBytes(std::string_view("pencil")), *base64_decode(salt), 4096);
  EXPECT_TRUE(equal_constant_time(keys->stored_key.bytes(), derived.stored_key.bytes()));
  EXPECT_TRUE(equal_constant_time(keys->server_key.bytes(), derived.server_key.bytes()));
  EXPECT_EQ(ldap::write_verifier(*keys), good);
}

TEST(ScramVerifier, EveryHash) {
  for (const auto hash : {sasl::ScramHash::sha_1, sasl::ScramHash::sha_256, sasl::ScramHash::sha_512}) {
    sasl::Keys made = sasl::derive_keys(hash, SecretBytes(std::string_view("pencil")), "salt of sixteen!", 10);
    const ScramKeys keys{std::string(sasl::to_string(hash)), 10, made.salt, made.stored_key, made.server_key};
    const auto again = parse_verifier(ldap::write_verifier(keys));
    ASSERT_TRUE(again) << keys.hash;
    EXPECT_EQ(again->hash, keys.hash);
    EXPECT_TRUE(equal_constant_time(again->server_key.bytes(), keys.server_key.bytes()));
  }
}

TEST(ScramVerifier, SpacesWhereRfc3112HasThem) {
  std::string spaced = " SCRAM-SHA-256 $ " + good.substr(14) + "  ";
  EXPECT_TRUE(parse_verifier(spaced));
}

TEST(ScramVerifier, WhatIsNotOne) {
  for (std::size_t cut = 0; cut < good.size(); ++cut) {
    EXPECT_FALSE(parse_verifier(good.substr(0, cut))) << cut;
  }
  const auto with = [](std::string_view from, std::string_view to) {
    std::string text = good;
    return text.replace(text.find(from), from.size(), to);
  };
  for (const std::string& text : {std::string(), std::string("{SSHA}abcd"), std::string("MD5$salt$value"), with("SHA-256", "SHA-1"), with("SHA-256", "SHA-999"),
                                  with("4096", "0"), with("4096", "-1"), with("4096", "4096x"), with("4096", ""), with("4096", "1000001"),
                                  with("4096", "99999999999999999999"), with(salt, ""), with(salt, "!!"), with("WG5d", "WG5"), with("wfPL", "wf"), good + ":x",
                                  with("SCRAM", "scram")}) {
    EXPECT_FALSE(parse_verifier(text)) << text;
  }
}
