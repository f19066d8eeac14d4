// What each profile speaks, found out by trying: with a client that offers one thing at a time (ADR 0037).
#include "tls/profile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/test_ca.h"
#include "tests/support/tls_pair.h"
#include "tls/offer.h"

namespace aldis::tls {
namespace {

using test::TlsPair;
using testing::HasSubstr;

Certificate with_key(const std::string& key) {
  const test::Identity made = test::issue({.common_name = "capulet.example", .names = "DNS:capulet.example", .key = key}, &test::root_authority());
  return *Certificate::parse(made.pem(), made.key_pem(), test::ManualClock());
}
std::shared_ptr<const TlsContext> server(TlsProfile profile) {
  return *TlsContext::server({.profile = profile}, {{"capulet.example", {with_key("P-384/profile"), with_key("RSA-3072/profile")}}});
}

struct Offer {
  std::string tls12 = "ECDHE+AESGCM:ECDHE+CHACHA20";
  std::string tls13 = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
  std::string groups = "X25519:P-256:P-384:P-521:X448";
  std::string signatures = "ECDSA+SHA384:RSA-PSS+SHA384";
  int version = TLS1_3_VERSION;
};
bool speaks(TlsProfile profile, const Offer& offer) {
  const auto client = test::client_context({.verify = false, .old_cipher_list = offer.tls12, .min_version = offer.version, .max_version = offer.version,
                                            .tls13_suites = offer.tls13, .groups = offer.groups, .signature_algorithms = offer.signatures});
  TlsPair pair(server(profile), client);
  return pair.handshake();
}
// One letter for each profile that speaks it.
std::string spoken_by(const Offer& offer) {
  std::string all;
  for (const auto& [profile, letter] : {std::pair(TlsProfile::modern, 'm'), std::pair(TlsProfile::nist, 'n'), std::pair(TlsProfile::cnsa, 'c')}) {
    all += speaks(profile, offer) ? std::string(1, letter) : "";
  }
  return all;
}

TEST(TlsProfile, Suites) {
  for (const auto& [suite, expected] : {std::pair("TLS_AES_256_GCM_SHA384", "mnc"), std::pair("TLS_AES_128_GCM_SHA256", "mn"),
                                        std::pair("TLS_CHACHA20_POLY1305_SHA256", "m"), std::pair("TLS_AES_128_CCM_SHA256", "")}) {
    EXPECT_EQ(spoken_by({.tls13 = suite}), expected) << suite;
  }
  for (const auto& [suite, expected] :
       {std::pair("ECDHE-ECDSA-AES256-GCM-SHA384", "mnc"), std::pair("ECDHE-RSA-AES256-GCM-SHA384", "mnc"), std::pair("ECDHE-ECDSA-AES128-GCM-SHA256", "mn"),
        std::pair("ECDHE-RSA-AES128-GCM-SHA256", "mn"), std::pair("ECDHE-ECDSA-CHACHA20-POLY1305", "m"), std::pair("ECDHE-ECDSA-AES256-SHA384", ""),
        std::pair("DHE-RSA-AES256-GCM-SHA384", ""), std::pair("AES256-GCM-SHA384", "")}) {
    EXPECT_EQ(spoken_by({.tls12 = suite, .version = TLS1_2_VERSION}), expected) << suite;
  }
}

TEST(TlsProfile, Groups) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    for (const auto& [group, expected] :
         {std::pair("X25519", "m"), std::pair("P-256", "mn"), std::pair("P-384", "mnc"), std::pair("P-521", "n"), std::pair("X448", "")}) {
      // With TLS 1.2 the list bounds the curves of ECDSA certificates too (RFC 8422 5.1): so RSA here.
      EXPECT_EQ(spoken_by({.groups = group, .signatures = "RSA-PSS+SHA384", .version = version}), expected) << group << " " << version;
    }
  }
}

TEST(TlsProfile, Signatures) {
  for (const auto& [signature, expected] : {std::pair("ECDSA+SHA384", "mnc"), std::pair("RSA-PSS+SHA384", "mnc"), std::pair("RSA-PSS+SHA256", "mn"),
                                            std::pair("RSA-PSS+SHA512", "mn")}) {
    EXPECT_EQ(spoken_by({.signatures = signature}), expected) << signature;
  }
}

TEST(TlsProfile, Versions) {
  for (const TlsProfile profile : {TlsProfile::modern, TlsProfile::nist, TlsProfile::cnsa}) {
    for (const int version : {TLS1_VERSION, TLS1_1_VERSION}) {
      EXPECT_FALSE(speaks(profile, {.tls12 = "ALL:@SECLEVEL=0", .version = version}));
    }
  }
}

TEST(TlsOffer, SaysWhatIsSpoken) {
  using testing::ElementsAre;
  using testing::UnorderedElementsAre;
  const TlsOffer strict = offered_by(server(TlsProfile::cnsa), "capulet.example");
  EXPECT_THAT(strict.versions, ElementsAre("TLSv1.2", "TLSv1.3"));
  EXPECT_THAT(strict.suites, UnorderedElementsAre("TLS_AES_256_GCM_SHA384", "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-RSA-AES256-GCM-SHA384"));
  EXPECT_THAT(strict.groups, ElementsAre("P-384"));
  EXPECT_THAT(strict.signatures, ElementsAre("ECDSA+SHA384", "RSA-PSS+SHA384", "RSA+SHA384"));
  EXPECT_FALSE(strict.asks_for_certificate);
  EXPECT_FALSE(strict.has_staple);

  const auto staple = std::make_shared<Staple>();
  staple->replace("response", {});
  const TlsOffer usual = offered_by(*TlsContext::server({.request_client_certificate = true}, {{"capulet.example", {with_key("P-256/profile")}, {staple}}}),
                                    "capulet.example");
  EXPECT_THAT(usual.suites, UnorderedElementsAre("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256",
                                                 "ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-CHACHA20-POLY1305"));
  EXPECT_THAT(usual.groups, ElementsAre("X25519", "P-256", "P-384"));
  EXPECT_THAT(usual.signatures, ElementsAre("ECDSA+SHA256", "ECDSA+SHA384", "ECDSA+SHA512"));
  EXPECT_TRUE(usual.asks_for_certificate);
  EXPECT_TRUE(usual.has_staple);

  const TlsOffer weaker = offered_by(*TlsContext::server({.allow_integrity_only = true}, {{"capulet.example", {with_key("P-256/profile")}}}), "capulet.example");
  EXPECT_THAT(weaker.suites, testing::Contains("ECDHE-ECDSA-NULL-SHA"));
}

TEST(TlsOffer, OfACallIsWhatItsHelloSays) {
  using testing::ElementsAre;
  const auto call = [](ClientPolicy policy) {
    policy.verify = false;
    return offered_to(*TlsContext::client(policy), "capulet.example");
  };
  const TlsOffer usual = call({.ask_for_staple = true});
  EXPECT_THAT(usual.versions, ElementsAre("TLSv1.3", "TLSv1.2"));
  EXPECT_THAT(usual.suites, ElementsAre("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256",
                                        "ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384",
                                        "ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-ECDSA-CHACHA20-POLY1305", "ECDHE-RSA-CHACHA20-POLY1305"));
  EXPECT_THAT(usual.groups, ElementsAre("X25519", "P-256", "P-384"));
  EXPECT_EQ(usual.signatures.front(), "ECDSA+SHA256");
  EXPECT_TRUE(usual.has_staple);
  EXPECT_THAT(usual.readable_suites(), testing::IsEmpty());
  const TlsOffer strict = call({.profile = TlsProfile::cnsa});
  EXPECT_THAT(strict.suites, ElementsAre("TLS_AES_256_GCM_SHA384", "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-RSA-AES256-GCM-SHA384"));
  EXPECT_THAT(strict.groups, ElementsAre("P-384"));
  EXPECT_THAT(strict.signatures, ElementsAre("ECDSA+SHA384", "RSA-PSS+SHA384", "RSA+SHA384"));
  EXPECT_FALSE(strict.has_staple);
  EXPECT_THAT(call({.allow_integrity_only = true}).readable_suites(), testing::Contains("ECDHE-RSA-NULL-SHA"));
}

TEST(TlsChoice, ListsOfOnesOwnAreSpokenAndNothingElse) {
  using testing::ElementsAre;
  const TlsOffer narrow = offered_by(*TlsContext::server({.groups = {"P-384", "P-256"}, .signature_algorithms = {"ECDSA+SHA384"}},
                                                         {{"capulet.example", {with_key("P-384/profile")}}}),
                                     "capulet.example");
  EXPECT_THAT(narrow.groups, ElementsAre("P-256", "P-384"));
  EXPECT_THAT(narrow.signatures, ElementsAre("ECDSA+SHA384"));
  const TlsOffer wide = offered_by(*TlsContext::server({.groups = {"X448", "P-521"}}, {{"capulet.example", {with_key("P-384/profile")}}}), "capulet.example");
  EXPECT_THAT(wide.groups, ElementsAre("X448", "P-521"));
}

TEST(TlsChoice, ListsAreOfTheProfilesDocument) {
  const auto refused = [](const TlsChoice& choice) {
    const auto checked = check(choice);
    return checked ? std::string() : checked.error().what;
  };
  EXPECT_EQ(refused({}), "");
  EXPECT_EQ(refused({.groups = {"P-521", "X448", "brainpoolP256r1"}}), "");
  EXPECT_EQ(refused({.profile = TlsProfile::nist, .groups = {"P-521"}, .signature_algorithms = {"RSA-PSS+SHA256"}}), "");
  EXPECT_THAT(refused({.profile = TlsProfile::nist, .groups = {"X25519"}}), HasSubstr("groups: \"X25519\" is none of the profile nist, which has P-256:P-384:P-521"));
  EXPECT_THAT(refused({.profile = TlsProfile::cnsa, .signature_algorithms = {"ECDSA+SHA256"}}), HasSubstr("signature_algorithms: \"ECDSA+SHA256\""));
  for (const char* weak : {"P-192", "secp256k1", "ffdhe2048", "P-256:P-192", "", "nonsense"}) {
    EXPECT_NE(refused({.groups = {weak}}), "") << weak;
  }
  for (const char* weak : {"ECDSA+SHA1", "RSA+SHA1", "RSA+MD5", ""}) {
    EXPECT_NE(refused({.signature_algorithms = {weak}}), "") << weak;
  }
}

TEST(TlsChoice, WhatWasAgreedIsComparedWithAProfile) {
  for (const auto& [profile, version, group, expected] :
       {std::tuple(TlsProfile::modern, TLS1_3_VERSION, "X25519", ""), std::tuple(TlsProfile::nist, TLS1_3_VERSION, "X25519", "the group"),
        std::tuple(TlsProfile::nist, TLS1_2_VERSION, "P-256", ""), std::tuple(TlsProfile::cnsa, TLS1_3_VERSION, "P-384", "the suite TLS_AES_128_GCM_SHA256")}) {
    TlsPair pair(test::server_context(), test::client_context({.verify = false, .max_version = version, .groups = group}));
    ASSERT_TRUE(pair.handshake());
    const TlsInfo info = pair.server.info();
    EXPECT_THAT(unfit_for(profile, info.cipher, info.group), testing::StartsWith(expected)) << info.cipher << " " << info.group;
    EXPECT_EQ(unfit_for(profile, info.cipher, info.group).empty(), std::string_view(expected).empty());
  }
}

TEST(TlsProfile, OurOwnKeysMustFit) {
  const auto refused = [](TlsProfile profile, const std::string& key) {
    const auto made = TlsContext::server({.profile = profile}, {{"capulet.example", {with_key(key)}}});
    const auto client = TlsContext::client({.profile = profile, .verify = false, .certificates = {with_key(key)}});
    EXPECT_EQ(made.has_value(), client.has_value()) << key;
    return made ? std::string() : made.error().what;
  };
  EXPECT_EQ(refused(TlsProfile::cnsa, "P-384/profile"), "");
  EXPECT_EQ(refused(TlsProfile::cnsa, "RSA-3072/profile"), "");
  EXPECT_THAT(refused(TlsProfile::cnsa, "P-256/profile"), HasSubstr("the profile cnsa takes no ECDSA key of 256 bits; P-384 it must be"));
  EXPECT_THAT(refused(TlsProfile::cnsa, "RSA-2048/profile"), HasSubstr("RSA key of 2048 bits"));
  EXPECT_EQ(refused(TlsProfile::nist, "P-256/profile"), "");
  EXPECT_EQ(refused(TlsProfile::nist, "RSA-2048/profile"), "");
  EXPECT_THAT(refused(TlsProfile::nist, "ED25519/profile"), HasSubstr("key of this kind"));
  EXPECT_EQ(refused(TlsProfile::modern, "ED25519/profile"), "");
}

TEST(TlsProfile, IntegrityOnlyIsInNoOther) {
  const TlsPolicy policy{.profile = TlsProfile::nist, .allow_integrity_only = true};
  const auto made = TlsContext::server(policy, {{"capulet.example", {with_key("P-256/profile")}}});
  ASSERT_FALSE(made);
  EXPECT_THAT(made.error().what, HasSubstr("the profile nist has no integrity-only suites"));
}

}  // namespace
}  // namespace aldis::tls
