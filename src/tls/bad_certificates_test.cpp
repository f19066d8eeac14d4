// The bad certificates of security C02, each shown by a client and by a server; and the good ones beside them, so that a store
// that refuses everything is noticed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "tests/support/test_ca.h"
#include "tests/support/test_revocation.h"
#include "tests/support/tls_pair.h"
#include "tls/certificate_names.h"
#include "tls/revocation_cache.h"
#include "tls/trust.h"

namespace aldis::tls {
namespace {

using test::authority;
using test::Identity;
using test::intermediate_authority;
using test::issue;
using test::Recipe;
using test::root_authority;
using testing::HasSubstr;

const WallTime now = test::ManualClock().wall();

Recipe leaf() { return {.common_name = "capulet.example", .names = "DNS:capulet.example", .key = "P-256/capulet"}; }
Recipe leaf(std::vector<std::pair<std::string, std::string>> extensions) {
  Recipe recipe = leaf();
  recipe.extensions = std::move(extensions);
  return recipe;
}
PresentedChain chain(std::initializer_list<const Identity*> all) {
  PresentedChain shown;
  for (const Identity* one : all) {
    shown.certificates.push_back(one->certificate);
  }
  return shown;
}
TrustOptions trusting(const Identity& anchor) {
  TrustOptions options;
  options.anchors_pem = anchor.pem();
  return options;
}

// The verdict on a chain when a client shows it and when a server does; both must be the same.
CertificateVerdict judge(const PresentedChain& shown, const TrustOptions& options = trusting(root_authority()), WallTime when = now) {
  const auto store = TrustStore::make(options);
  EXPECT_TRUE(store) << (store ? "" : store.error().what);
  const CertificateVerdict client = (*store)->verify(shown, Purpose::client, when);
  const CertificateVerdict server = (*store)->verify(shown, Purpose::server, when);
  EXPECT_EQ(client.problem, server.problem) << client.detail << ", " << server.detail;
  EXPECT_EQ(client.is_trusted(), client.detail.empty());
  EXPECT_EQ(client.is_trusted(), !client.path.empty());
  return client;
}
std::string word(const CertificateVerdict& verdict) { return verdict.problem ? std::string(to_string(*verdict.problem)) : "trusted"; }
std::string judged(const PresentedChain& shown, const TrustOptions& options = trusting(root_authority()), WallTime when = now) {
  return word(judge(shown, options, when));
}
std::string judged_leaf(const Recipe& recipe) {
  const Identity made = issue(recipe, &root_authority());
  return judged(chain({&made}));
}
// Of a leaf under an authority under the root.
std::string judged_under(const Recipe& between, const Recipe& recipe = leaf()) {
  const Identity issuer = issue(between, &root_authority());
  const Identity made = issue(recipe, &issuer);
  return judged(chain({&made, &issuer}));
}

TEST(GoodCertificate, WithAnIntermediateAndWithout) {
  const Identity direct = issue(leaf(), &root_authority());
  const CertificateVerdict verdict = judge(chain({&direct}));
  EXPECT_EQ(word(verdict), "trusted") << verdict.detail;
  ASSERT_EQ(verdict.path.size(), 2U);
  EXPECT_EQ(X509_cmp(verdict.path.back().get(), root_authority().certificate.get()), 0);
  const Identity below = issue(leaf(), &intermediate_authority());
  EXPECT_EQ(judged(chain({&below, &intermediate_authority()})), "trusted");
  EXPECT_EQ(judged(chain({&below, &intermediate_authority(), &root_authority()})), "trusted");
  EXPECT_EQ(judged(chain({&below, &root_authority(), &intermediate_authority()})), "trusted");   // RFC 8446 4.4.2: in any order
  EXPECT_EQ(judged(chain({&below}), trusting(intermediate_authority())), "trusted");             // an anchor need not be a root
}

TEST(GoodCertificate, OfEachKeyAndUsage) {
  for (const char* key : {"RSA-2048/a", "P-384/a", "P-521/a", "brainpoolP256r1/a", "ED25519/a"}) {
    Recipe recipe = leaf();
    recipe.key = key;
    EXPECT_EQ(judged_leaf(recipe), "trusted") << key;
  }
  EXPECT_EQ(judged_leaf(leaf({{"extendedKeyUsage", "serverAuth,clientAuth"}})), "trusted");
  EXPECT_EQ(judged_leaf(leaf({{"keyUsage", ""}})), "trusted");
  EXPECT_EQ(judged_leaf(leaf({{"basicConstraints", ""}})), "trusted");
  Recipe between = authority("usages");
  between.extensions.emplace_back("extendedKeyUsage", "anyExtendedKeyUsage");
  EXPECT_EQ(judged_under(between), "trusted");
}

TEST(GoodCertificate, SelfSignedAndPinned) {
  const Identity own = issue(leaf(), nullptr);
  EXPECT_EQ(judged(chain({&own}), trusting(own)), "trusted");
}

TEST(BadCertificate, None) { EXPECT_EQ(judged({}), "none-shown"); }

TEST(BadCertificate, Expired) {
  Recipe recipe = leaf();
  recipe.to = std::chrono::hours(0);
  const Identity made = issue(recipe, &root_authority());
  EXPECT_EQ(judged(chain({&made}), trusting(root_authority()), now - std::chrono::seconds(1)), "trusted");
  const CertificateVerdict verdict = judge(chain({&made}));
  EXPECT_EQ(word(verdict), "expired");
  EXPECT_THAT(verdict.detail, HasSubstr("\"CN=capulet.example\": expired on 2026-01-01 00:00 UTC"));
}

TEST(BadCertificate, IssuerExpired) {
  Recipe between = authority("old");
  between.to = std::chrono::hours(-1);
  between.from = std::chrono::hours(-48);
  EXPECT_EQ(judged_under(between), "expired");
}

TEST(BadCertificate, NotYetValid) {
  Recipe recipe = leaf();
  recipe.from = std::chrono::hours(1);
  EXPECT_EQ(judged_leaf(recipe), "not-yet-valid");
}

TEST(BadCertificate, SelfSigned) {
  const Identity made = issue(leaf(), nullptr);
  EXPECT_EQ(judged(chain({&made})), "self-signed");
}

TEST(BadCertificate, UnknownAuthority) {
  const Identity stranger = issue(authority("Stranger"), nullptr);
  const Identity made = issue(leaf(), &stranger);
  EXPECT_EQ(judged(chain({&made, &stranger})), "unknown-authority");
}

TEST(BadCertificate, OfTheRightNameAndAnotherKey) {
  Recipe copy = authority("Verona Root");
  copy.key = "P-256/forger";
  copy.extensions.emplace_back("subjectKeyIdentifier", "");
  const Identity forger = issue(copy, nullptr);
  Recipe recipe = leaf({{"authorityKeyIdentifier", ""}});
  const Identity made = issue(recipe, &forger);
  EXPECT_EQ(judged(chain({&made})), "bad-signature");
  EXPECT_NE(judged(chain({&made, &forger})), "trusted");
}

TEST(BadCertificate, WrongName) {
  const Identity made = issue(leaf(), &root_authority());
  const CertificateNames names = names_of(made.certificate.get());
  EXPECT_EQ(judged(chain({&made})), "trusted");   // a path, and of somebody else
  EXPECT_FALSE(names.cover("montague.example"));
  EXPECT_FALSE(names.covers_service("montague.example", "_xmpp-server"));
}

TEST(BadCertificate, MissingIntermediate) {
  const Identity made = issue(leaf(), &intermediate_authority());
  const CertificateVerdict verdict = judge(chain({&made}));
  EXPECT_EQ(word(verdict), "missing-issuer");
  EXPECT_THAT(verdict.detail, HasSubstr("issued by \"CN=Verona Issuing\", which was neither sent nor is an anchor"));
}

TEST(BadCertificate, IssuerIsNoAuthority) {
  EXPECT_EQ(judged_under(authority("no authority", "critical,CA:FALSE")), "not-an-authority");
  EXPECT_EQ(judged_under(authority("no authority", "")), "not-an-authority");
  Recipe between = authority("no keyCertSign");
  between.extensions = {{"basicConstraints", "critical,CA:TRUE"}, {"keyUsage", "critical,digitalSignature,cRLSign"}};
  EXPECT_EQ(judged_under(between), "not-an-authority");
  const Identity colleague = issue(leaf(), &root_authority());   // an ordinary certificate used to issue another
  Recipe recipe = leaf();
  recipe.key = "P-256/second";
  const Identity made = issue(recipe, &colleague);
  EXPECT_EQ(judged(chain({&made, &colleague})), "not-an-authority");
}

TEST(BadCertificate, PathLength) {
  const Identity last = issue(authority("pathlen 0", "critical,CA:TRUE,pathlen:0"), &root_authority());
  const Identity made = issue(leaf(), &last);
  EXPECT_EQ(judged(chain({&made, &last})), "trusted");
  const Identity beyond = issue(authority("beyond"), &last);
  const Identity further = issue(leaf(), &beyond);
  EXPECT_EQ(judged(chain({&further, &beyond, &last})), "path-length");
}

TEST(BadCertificate, NameConstraints) {
  Recipe permitted = authority("permitted");
  permitted.extensions.emplace_back("nameConstraints", "critical,permitted;DNS:verona.example");
  EXPECT_EQ(judged_under(permitted), "name-constraints");
  Recipe inside = leaf();
  inside.common_name = "im.verona.example";
  inside.names = "DNS:im.verona.example";
  EXPECT_EQ(judged_under(permitted, inside), "trusted");
  Recipe excluded = authority("excluded");
  excluded.extensions.emplace_back("nameConstraints", "critical,excluded;DNS:capulet.example");
  EXPECT_EQ(judged_under(excluded), "name-constraints");
}

TEST(BadCertificate, NameConstraintsHoldForXmppNamesToo) {
  Recipe permitted = authority("permitted");
  permitted.extensions.emplace_back("nameConstraints", "critical,permitted;DNS:verona.example");
  const auto named = [](const std::string& name) {
    Recipe recipe = leaf();
    recipe.common_name = "romeo";
    recipe.names = name;
    return recipe;
  };
  const std::string address = "otherName:1.3.6.1.5.5.7.8.5;UTF8:";
  EXPECT_EQ(judged_under(permitted, named(address + "romeo@im.verona.example")), "trusted");
  EXPECT_EQ(judged_under(permitted, named(address + "romeo@capulet.example")), "name-constraints");
  EXPECT_EQ(judged_under(permitted, named(address + "evilverona.example")), "name-constraints");
  const std::string service = "otherName:1.3.6.1.5.5.7.8.7;IA5STRING:";
  EXPECT_EQ(judged_under(permitted, named(service + "_xmpp-server.verona.example")), "trusted");
  EXPECT_EQ(judged_under(permitted, named(service + "_xmpp-server.capulet.example")), "name-constraints");
}

TEST(BadCertificate, KeyUsage) { EXPECT_EQ(judged_leaf(leaf({{"keyUsage", "critical,keyEncipherment"}})), "key-usage"); }

TEST(BadCertificate, ExtendedKeyUsage) {
  EXPECT_EQ(judged_leaf(leaf({{"extendedKeyUsage", "codeSigning,emailProtection"}})), "extended-key-usage");
  EXPECT_EQ(judged_leaf(leaf({{"extendedKeyUsage", "anyExtendedKeyUsage"}})), "extended-key-usage");
  Recipe between = authority("for mail");
  between.extensions.emplace_back("extendedKeyUsage", "emailProtection");
  EXPECT_EQ(judged_under(between), "extended-key-usage");
}

TEST(BadCertificate, ForTheOtherSide) {
  const Identity server = issue(leaf({{"extendedKeyUsage", "serverAuth"}}), &root_authority());
  const Identity client = issue(leaf({{"extendedKeyUsage", "clientAuth"}}), &root_authority());
  TrustOptions options = trusting(root_authority());
  const auto strict = *TrustStore::make(options);
  EXPECT_EQ(word(strict->verify(chain({&server}), Purpose::server, now)), "trusted");
  EXPECT_EQ(word(strict->verify(chain({&server}), Purpose::client, now)), "extended-key-usage");
  EXPECT_EQ(word(strict->verify(chain({&client}), Purpose::client, now)), "trusted");
  EXPECT_EQ(word(strict->verify(chain({&client}), Purpose::server, now)), "extended-key-usage");
  options.accept_server_usage_from_clients = true;
  const auto lenient = *TrustStore::make(options);
  EXPECT_EQ(word(lenient->verify(chain({&server}), Purpose::client, now)), "trusted");
  EXPECT_EQ(word(lenient->verify(chain({&client}), Purpose::server, now)), "extended-key-usage");
}

TEST(BadCertificate, RequiredUsageIsMissing) {
  TrustOptions options = trusting(root_authority());
  options.required_usages = {"1.3.6.1.4.1.311.20.2.2"};   // smart card logon
  const Identity card = issue(leaf({{"extendedKeyUsage", "clientAuth,serverAuth,1.3.6.1.4.1.311.20.2.2"}}), &root_authority());
  const Identity plain = issue(leaf(), &root_authority());
  EXPECT_EQ(judged(chain({&card}), options), "trusted");
  EXPECT_EQ(judged(chain({&plain}), options), "extended-key-usage");
}

TEST(BadCertificate, Policy) {
  TrustOptions options = trusting(root_authority());
  options.policy_oids = {"2.16.840.1.101.3.2.1.3.13", "2.16.840.1.101.3.2.1.3.7"};
  Recipe between = authority("policies");
  between.extensions.emplace_back("certificatePolicies", "2.16.840.1.101.3.2.1.3.7,2.16.840.1.101.3.2.1.3.6");
  const Identity issuer = issue(between, &root_authority());
  const auto with = [&](const std::string& policy) {
    const Identity made = issue(policy.empty() ? leaf() : leaf({{"certificatePolicies", policy}}), &issuer);
    return judged(chain({&made, &issuer}), options);
  };
  EXPECT_EQ(with("2.16.840.1.101.3.2.1.3.7"), "trusted");
  EXPECT_EQ(with("2.16.840.1.101.3.2.1.3.13"), "policy");   // the issuer may not
  EXPECT_EQ(with("2.16.840.1.101.3.2.1.3.6"), "policy");    // not one of those required
  EXPECT_EQ(with(""), "policy");
}

TEST(BadCertificate, UnknownCriticalExtension) {
  EXPECT_EQ(judged_leaf(leaf({{"1.2.3.4.5", "critical,DER:0500"}})), "unknown-extension");
  EXPECT_EQ(judged_leaf(leaf({{"1.2.3.4.5", "DER:0500"}})), "trusted");
  Recipe between = authority("unknown");
  between.extensions.emplace_back("1.2.3.4.5", "critical,DER:0500");
  EXPECT_EQ(judged_under(between), "unknown-extension");
}

TEST(BadCertificate, SignedWithSha1OrMd5) {
  Recipe rsa = authority("RSA Root");   // ECDSA has no identifier for MD5
  rsa.key = "RSA-2048/root";
  const Identity rsa_root = issue(rsa, nullptr);
  for (const EVP_MD* digest : {EVP_sha1(), EVP_md5(), EVP_sha224()}) {
    Recipe recipe = leaf();
    recipe.digest = digest;
    const Identity made = issue(recipe, &rsa_root);
    EXPECT_EQ(judged(chain({&made}), trusting(rsa_root)), "weak-signature");
    Recipe between = authority("weak");
    between.digest = digest;
    const Identity issuer = issue(between, &rsa_root);
    const Identity below = issue(leaf(), &issuer);
    EXPECT_EQ(judged(chain({&below, &issuer}), trusting(rsa_root)), "weak-signature");
  }
  Recipe old_root = authority("Old Root");   // its own signature proves nothing (RFC 5280 6.1.1 d)
  old_root.digest = EVP_sha1();
  const Identity anchor = issue(old_root, nullptr);
  const Identity made = issue(leaf(), &anchor);
  EXPECT_EQ(judged(chain({&made}), trusting(anchor)), "trusted");
}

TEST(BadCertificate, RsaOf1024Bits) {
  Recipe recipe = leaf();
  recipe.key = "RSA-1024/weak";
  EXPECT_EQ(judged_leaf(recipe), "weak-key");
  Recipe between = authority("weak");
  between.key = "RSA-1024/weak issuer";
  EXPECT_EQ(judged_under(between), "weak-key");
  const Identity anchor = issue(between, nullptr);
  const Identity made = issue(leaf(), &anchor);
  EXPECT_EQ(judged(chain({&made}), trusting(anchor)), "weak-key");
}

TEST(BadCertificate, WeakCurve) {
  for (const char* key : {"P-192/weak", "P-224/weak", "secp256k1/odd", "sect283r1/odd"}) {
    Recipe recipe = leaf();
    recipe.key = key;
    EXPECT_EQ(judged_leaf(recipe), "weak-key") << key;
    Recipe between = authority("weak");
    between.key = key;
    EXPECT_EQ(judged_under(between), "weak-key") << key;
  }
}

TEST(BadCertificate, CurveWithoutAName) {   // CVE-2020-0601
  Recipe recipe = leaf();
  recipe.key = "P-256/explicit";
  ASSERT_EQ(EVP_PKEY_set_utf8_string_param(test::key_named(recipe.key).get(), "encoding", "explicit"), 1);
  const Identity made = issue(recipe, &root_authority());
  const std::string bytes = made.der();   // as it would come from a network
  const auto* in = reinterpret_cast<const unsigned char*>(bytes.data());
  const Identity read{std::shared_ptr<X509>(d2i_X509(nullptr, &in, static_cast<long>(bytes.size())), X509_free), made.key};
  ASSERT_NE(read.certificate, nullptr);
  EXPECT_EQ(judged(chain({&read})), "weak-key");
}

TEST(BadCertificate, AHundredCertificates) {
  std::vector<Identity> all;
  all.push_back(issue(authority("0"), &root_authority()));
  for (int i = 1; i < 99; ++i) {
    Recipe next = authority(std::to_string(i));
    next.key = "P-256/of the hundred";
    all.push_back(issue(next, &all.back()));
  }
  PresentedChain shown;
  const Identity made = issue(leaf(), &all.back());
  shown.certificates.push_back(made.certificate);
  for (auto one = all.rbegin(); one != all.rend(); ++one) {
    shown.certificates.push_back(one->certificate);
  }
  EXPECT_EQ(shown.certificates.size(), 100U);
  EXPECT_EQ(judged(shown), "too-large");
}

TEST(BadCertificate, APathOfSix) {
  const Identity one = issue(authority("1"), &root_authority());
  const Identity two = issue(authority("2"), &one);
  const Identity three = issue(authority("3"), &two);
  const Identity four = issue(authority("4"), &three);
  const Identity at_the_limit = issue(leaf(), &three);
  const Identity beyond = issue(leaf(), &four);
  EXPECT_EQ(judged(chain({&at_the_limit, &three, &two, &one})), "trusted");
  EXPECT_EQ(judged(chain({&beyond, &four, &three, &two, &one})), "too-large");
  TrustOptions longer = trusting(root_authority());
  longer.max_depth = 6;
  EXPECT_EQ(judged(chain({&beyond, &four, &three, &two, &one}), longer), "trusted");
}

TEST(BadCertificate, OfOneMebibyte) {
  const Identity made = issue(leaf({{"1.2.3.4.5", test::der_value(test::der(0x04, std::string(1024 * 1024, 'x')))}}), &root_authority());
  EXPECT_EQ(judged(chain({&made})), "too-large");
}

TEST(BadCertificate, TooManyNames) {
  Recipe recipe = leaf();
  for (int i = 1; i < 100; ++i) {
    recipe.names += ",DNS:h" + std::to_string(i) + ".example";
  }
  EXPECT_EQ(judged_leaf(recipe), "trusted");
  recipe.names += ",DNS:one-too-many.example";
  EXPECT_EQ(judged_leaf(recipe), "too-large");
}

TEST(BadCertificate, DuplicateKey) {
  Recipe recipe = leaf();
  recipe.key = "P-256/Verona Root";
  EXPECT_EQ(judged_leaf(recipe), "duplicate-key");
}

TEST(BadCertificate, Serial) {
  for (const char* serial : {"-05", "00", "7F0102030405060708090A0B0C0D0E0F1011121314"}) {
    Recipe recipe = leaf();
    recipe.serial = serial;
    EXPECT_EQ(judged_leaf(recipe), "bad-serial") << serial;
  }
}

TEST(BadCertificate, Version1) {
  Recipe recipe = leaf();
  recipe.is_v1 = true;
  EXPECT_EQ(judged_leaf(recipe), "old-version");
  Recipe between = authority("v1");
  between.is_v1 = true;
  EXPECT_THAT(judged_under(between, leaf({{"authorityKeyIdentifier", ""}})), testing::AnyOf("old-version", "not-an-authority"));
  const Identity anchor = issue(between, nullptr);
  const Identity made = issue(leaf({{"authorityKeyIdentifier", ""}}), &anchor);
  EXPECT_EQ(judged(chain({&made}), trusting(anchor)), "old-version");
}

TEST(BadCertificate, ExtensionTwice) {
  const Identity made = issue(leaf(), &root_authority());
  test::detail::add_extension(made.certificate.get(), made.certificate.get(), "keyUsage", "digitalSignature");
  ASSERT_GT(X509_sign(made.certificate.get(), root_authority().key.get(), EVP_sha256()), 0);
  EXPECT_EQ(judged(chain({&made})), "malformed");
}

TEST(BadCertificate, AnyBitFlippedIsRefusedOrUnreadable) {
  const Identity made = issue(leaf(), &root_authority());
  const auto store = *TrustStore::make(trusting(root_authority()));
  const std::string good = made.der();
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string bytes = good;
    bytes[i] = static_cast<char>(bytes[i] ^ (1 << (i % 8)));
    const auto* in = reinterpret_cast<const unsigned char*>(bytes.data());
    const std::shared_ptr<X509> read(d2i_X509(nullptr, &in, static_cast<long>(bytes.size())), X509_free);
    if (read != nullptr) {
      EXPECT_FALSE(store->verify({{read}, {}}, Purpose::client, now).is_trusted()) << i;
    }
  }
}

// Revocation, as the store applies it; what CRLs and responses themselves must be is in revocation_test.cpp.
struct BadStatus : testing::Test {
  BadStatus() {
    options.revocation = RevocationMode::hard;
    options.known = cache;
  }
  void know(const Identity& issuer, const test::CrlRecipe& recipe = {}) { ASSERT_TRUE(cache->import_crls(test::make_crl(issuer, recipe))); }
  std::string judged_so() { return judged(chain({&made, &intermediate_authority()}), options); }

  Identity made = issue(leaf(), &intermediate_authority());
  std::shared_ptr<RevocationCache> cache = std::make_shared<RevocationCache>();
  TrustOptions options = trusting(root_authority());
};

TEST_F(BadStatus, RevokedByCrl) {
  know(root_authority());
  know(intermediate_authority());
  EXPECT_EQ(judged_so(), "trusted");
  know(intermediate_authority(), {.revoked = {&made}, .number = 2});
  for (const RevocationMode mode : {RevocationMode::hard, RevocationMode::soft}) {
    options.revocation = mode;
    EXPECT_EQ(judged_so(), "revoked");
  }
  options.revocation = RevocationMode::off;
  EXPECT_EQ(judged_so(), "trusted");
}

TEST_F(BadStatus, IssuerRevokedByCrl) {
  know(root_authority(), {.revoked = {&intermediate_authority()}});
  know(intermediate_authority());
  EXPECT_EQ(judged_so(), "revoked");
}

TEST_F(BadStatus, StaleCrl) {
  know(root_authority());
  know(intermediate_authority(), {.from = std::chrono::hours(-48), .to = std::chrono::hours(-1)});
  const CertificateVerdict verdict = judge(chain({&made, &intermediate_authority()}), options);
  EXPECT_EQ(word(verdict), "no-status");
  EXPECT_THAT(verdict.detail, HasSubstr("the CRL of CN=Verona Issuing held until 2025-12-31 23:00 UTC"));
  options.revocation = RevocationMode::soft;
  EXPECT_EQ(judged_so(), "trusted");
}

TEST_F(BadStatus, NoCrlOfTheIntermediatesIssuer) {
  know(intermediate_authority());
  EXPECT_EQ(judged_so(), "no-status");
}

TEST_F(BadStatus, RevokedByOcsp) {
  know(root_authority());
  PresentedChain shown = chain({&made, &intermediate_authority()});
  shown.stapled = test::make_ocsp(made, intermediate_authority(), {.status = V_OCSP_CERTSTATUS_REVOKED});
  EXPECT_EQ(judged(shown, options), "revoked");
  know(intermediate_authority());   // a CRL that does not know it yet does not help
  EXPECT_EQ(judged(shown, options), "revoked");
  shown.stapled = test::make_ocsp(made, intermediate_authority());
  EXPECT_EQ(judged(shown, options), "trusted");
}

TEST_F(BadStatus, OcspUnknown) {
  know(root_authority());
  PresentedChain shown = chain({&made, &intermediate_authority()});
  shown.stapled = test::make_ocsp(made, intermediate_authority(), {.status = V_OCSP_CERTSTATUS_UNKNOWN});
  for (const RevocationMode mode : {RevocationMode::hard, RevocationMode::soft}) {
    options.revocation = mode;
    EXPECT_EQ(judged(shown, options), "unknown-status");
  }
}

TEST_F(BadStatus, OcspDown) {   // security C05: a cached good answer works until its nextUpdate
  know(root_authority());
  EXPECT_EQ(judged_so(), "no-status");
  const std::string response = test::make_ocsp(made, intermediate_authority(), {.to = std::chrono::hours(2)});
  ASSERT_TRUE(cache->add_ocsp(response, made.certificate.get(), intermediate_authority().certificate.get(), now, {}));
  EXPECT_EQ(judged_so(), "trusted");
  EXPECT_EQ(judged(chain({&made, &intermediate_authority()}), options, now + std::chrono::hours(3)), "no-status");
  options.revocation = RevocationMode::soft;
  EXPECT_EQ(judged(chain({&made, &intermediate_authority()}), options, now + std::chrono::hours(3)), "trusted");
}

TEST(TrustStore, RefusesWhatItCannotUse) {
  EXPECT_EQ(TrustStore::make({}).error().kind, ErrorKind::invalid);
  TrustOptions options = trusting(root_authority());
  options.policy_oids = {"no oid"};
  EXPECT_THAT(TrustStore::make(options).error().what, HasSubstr("no object identifier"));
  TrustOptions cut = trusting(root_authority());
  cut.anchors_pem += intermediate_authority().pem().substr(0, 200);
  EXPECT_FALSE(TrustStore::make(cut));
  TrustOptions several = trusting(root_authority());
  several.anchors_pem = "text is passed over\n" + several.anchors_pem + intermediate_authority().pem();
  EXPECT_EQ((*TrustStore::make(several))->anchors().size(), 2U);
}

TEST(CertificateProblem, EachHasAWordAndAMend) {
  std::set<std::string_view> words;
  for (int i = 0; i <= static_cast<int>(CertificateProblem::not_checked); ++i) {
    const auto problem = static_cast<CertificateProblem>(i);
    EXPECT_TRUE(words.insert(to_string(problem)).second) << i;
    EXPECT_TRUE(mend(problem).ends_with(".") || mend(problem).ends_with("why.")) << to_string(problem);
  }
}

}  // namespace
}  // namespace aldis::tls
