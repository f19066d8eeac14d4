// What CRLs and OCSP responses must be before they say anything (security C05; RFC 5280 6.3, RFC 6960 3.2).
#include "tls/revocation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <thread>

#include "tests/support/temporary_folder.h"
#include "tests/support/test_ca.h"
#include "tests/support/test_revocation.h"
#include "tls/revocation_cache.h"

namespace aldis::tls {
namespace {

using test::CrlRecipe;
using test::Identity;
using test::make_crl;
using test::make_ocsp;
using test::OcspRecipe;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const WallTime now = test::ManualClock().wall();
const Identity& issuer() { return test::intermediate_authority(); }
const Identity& romeo() {
  static const Identity made = test::issue({.extensions = {{"crlDistributionPoints", "URI:http://crl.example/1.crl"},
                                                           {"authorityInfoAccess", "OCSP;URI:http://ocsp.example/"}}},
                                           &issuer());
  return made;
}

RevocationAnswer ask(const std::string& crl, WallTime when = now, const Identity& whose = romeo()) {
  return (*Crl::parse(crl))->ask(whose.certificate.get(), issuer().certificate.get(), when);
}
RevocationState state(const std::string& crl, WallTime when = now) { return ask(crl, when).state; }

TEST(Crl, SaysGoodOrRevoked) {
  EXPECT_EQ(state(make_crl(issuer())), RevocationState::good);
  const RevocationAnswer revoked = ask(make_crl(issuer(), {.revoked = {&romeo()}}));
  EXPECT_EQ(revoked.state, RevocationState::revoked);
  EXPECT_EQ(revoked.detail, "revoked on 2025-12-31 23:00 UTC (keyCompromise), says the CRL of CN=Verona Issuing");
  EXPECT_EQ(ask(make_crl(issuer())).until, now + std::chrono::hours(24 * 7));
  const Identity other = test::issue({}, &issuer());
  EXPECT_EQ(state(make_crl(issuer(), {.revoked = {&other}})), RevocationState::good);
}

TEST(Crl, HoldsForItsTime) {
  const std::string crl = make_crl(issuer(), {.from = std::chrono::hours(1), .to = std::chrono::hours(2)});
  EXPECT_EQ(state(crl, now), RevocationState::undetermined);                               // from the future
  EXPECT_EQ(state(crl, now + std::chrono::minutes(55)), RevocationState::good);            // clocks differ
  EXPECT_EQ(state(crl, now + std::chrono::hours(2)), RevocationState::good);
  EXPECT_EQ(state(crl, now + std::chrono::hours(3)), RevocationState::undetermined);
  EXPECT_EQ(state(make_crl(issuer(), {.has_next_update = false})), RevocationState::undetermined);
  // Who is revoked stays it, also in an old list.
  EXPECT_EQ(state(make_crl(issuer(), {.revoked = {&romeo()}, .to = std::chrono::hours(0)}), now + std::chrono::hours(9)), RevocationState::revoked);
}

TEST(Crl, OnlyOfTheIssuerItself) {
  const Identity stranger = test::issue(test::authority("Stranger"), nullptr);
  EXPECT_EQ(state(make_crl(stranger)), RevocationState::undetermined);
  EXPECT_EQ(state(make_crl(issuer(), {}, &stranger)), RevocationState::undetermined);                       // forged
  EXPECT_EQ(state(make_crl(issuer(), {.revoked = {&romeo()}}, &stranger)), RevocationState::undetermined);   // also when it says revoked
  EXPECT_EQ(state(make_crl(issuer(), {.digest = EVP_sha1()})), RevocationState::undetermined);
  test::Recipe recipe = test::authority("no cRLSign");
  recipe.extensions = {{"basicConstraints", "critical,CA:TRUE"}, {"keyUsage", "critical,keyCertSign"}};
  const Identity no_signer = test::issue(recipe, &test::root_authority());
  const Identity below = test::issue({}, &no_signer);
  EXPECT_EQ((*Crl::parse(make_crl(no_signer)))->ask(below.certificate.get(), no_signer.certificate.get(), now).state, RevocationState::undetermined);
}

TEST(Crl, OnlyAboutWhatItIsCompleteFor) {   // RFC 5280 5.2.5, 6.3.3
  const auto scoped = [](const std::string& value) {
    return state(make_crl(issuer(), {.extensions = {{"issuingDistributionPoint", value}}}));
  };
  const auto der = [](std::string_view content) { return "critical," + test::der_value(test::der(0x30, content)); };
  using namespace std::string_literals;
  EXPECT_EQ(scoped(der("\x81\x01\xFF"s)), RevocationState::good);           // onlyContainsUserCerts
  EXPECT_EQ(scoped(der("\x82\x01\xFF"s)), RevocationState::undetermined);   // onlyContainsCACerts
  EXPECT_EQ(scoped(der("\x83\x02\x07\x80"s)), RevocationState::undetermined);   // onlySomeReasons
  EXPECT_EQ(scoped(der("\x84\x01\xFF"s)), RevocationState::undetermined);   // indirectCRL
  EXPECT_EQ(scoped(der("\x85\x01\xFF"s)), RevocationState::undetermined);   // onlyContainsAttributeCerts
  const auto at = [&](const std::string& uri) { return der(test::der(0xA0, test::der(0xA0, test::der(0x86, uri)))); };
  EXPECT_EQ(scoped(at("http://crl.example/1.crl")), RevocationState::good);
  EXPECT_EQ(scoped(at("http://crl.example/2.crl")), RevocationState::undetermined);
  EXPECT_EQ(scoped("critical,DER:0500"), RevocationState::undetermined);
}

TEST(Crl, DeltasAndUnknownExtensionsSayNothing) {
  EXPECT_EQ(state(make_crl(issuer(), {.extensions = {{"deltaCRL", "critical,DER:020101"}}})), RevocationState::undetermined);
  EXPECT_EQ(state(make_crl(issuer(), {.extensions = {{"1.2.3.4", "critical,DER:0500"}}})), RevocationState::undetermined);
  EXPECT_EQ(state(make_crl(issuer(), {.extensions = {{"1.2.3.4", "DER:0500"}}})), RevocationState::good);
}

TEST(Crl, BrokenFilesAreRefused) {
  const std::string good = make_crl(issuer(), {.revoked = {&romeo()}});
  for (const std::string& bad : {std::string(), std::string("text"), good.substr(0, good.size() / 2)}) {
    EXPECT_EQ(Crl::parse(bad).error().kind, ErrorKind::invalid);
  }
  for (std::size_t i = 0; i < good.size(); ++i) {   // whatever bit is wrong, nothing is believed
    std::string bytes = good;
    bytes[i] = static_cast<char>(bytes[i] ^ (1 << (i % 8)));
    if (const auto crl = Crl::parse(bytes)) {
      EXPECT_EQ((*crl)->ask(romeo().certificate.get(), issuer().certificate.get(), now).state, RevocationState::undetermined) << i;
    }
  }
}

RevocationAnswer ocsp(const OcspRecipe& recipe, WallTime when = now, std::string_view nonce = {}) {
  return ask_ocsp(make_ocsp(romeo(), issuer(), recipe), romeo().certificate.get(), issuer().certificate.get(), when, nonce);
}

TEST(Ocsp, SaysGoodRevokedOrUnknown) {
  EXPECT_EQ(ocsp({}).state, RevocationState::good);
  EXPECT_EQ(ocsp({}).until, now + std::chrono::hours(24));
  EXPECT_EQ(ocsp({.id_digest = EVP_sha256()}).state, RevocationState::good);
  EXPECT_EQ(ocsp({.status = V_OCSP_CERTSTATUS_REVOKED}).state, RevocationState::revoked);
  EXPECT_EQ(ocsp({.status = V_OCSP_CERTSTATUS_UNKNOWN}).state, RevocationState::unknown);
}

TEST(Ocsp, HoldsForItsTime) {
  EXPECT_EQ(ocsp({}, now + std::chrono::hours(24)).state, RevocationState::good);
  EXPECT_EQ(ocsp({}, now + std::chrono::hours(25)).state, RevocationState::undetermined);
  EXPECT_EQ(ocsp({.from = std::chrono::hours(1)}).state, RevocationState::undetermined);
  EXPECT_EQ(ocsp({.from = std::chrono::hours(0), .has_next_update = false}).state, RevocationState::good);
  EXPECT_EQ(ocsp({.from = std::chrono::hours(-2), .has_next_update = false}).state, RevocationState::undetermined);
}

TEST(Ocsp, OnlyOfTheIssuerOrWhomItAllowed) {   // RFC 6960 4.2.2.2
  const auto responder = [](std::vector<std::pair<std::string, std::string>> extensions, const Identity& above, std::chrono::hours to = std::chrono::hours(99)) {
    return test::issue({.common_name = "Responder", .key = "P-256/responder", .extensions = std::move(extensions), .from = std::chrono::hours(-24), .to = to}, &above);
  };
  const Identity allowed = responder({{"extendedKeyUsage", "OCSPSigning"}}, issuer());
  EXPECT_EQ(ocsp({.signer = &allowed}).state, RevocationState::good);
  const Identity no_usage = responder({}, issuer());
  const Identity other_usage = responder({{"extendedKeyUsage", "serverAuth,clientAuth"}}, issuer());
  const Identity elsewhere = responder({{"extendedKeyUsage", "OCSPSigning"}}, test::root_authority());
  const Identity expired = responder({{"extendedKeyUsage", "OCSPSigning"}}, issuer(), std::chrono::hours(-1));
  const Identity own = test::issue({.common_name = "Verona Issuing", .key = "P-256/responder", .extensions = {{"extendedKeyUsage", "OCSPSigning"}}}, nullptr);
  for (const Identity* bad : {&no_usage, &other_usage, &elsewhere, &expired, &own, &test::root_authority()}) {
    const RevocationAnswer answer = ocsp({.signer = bad});
    EXPECT_EQ(answer.state, RevocationState::undetermined);
    EXPECT_THAT(answer.detail, HasSubstr("not signed by the issuer"));
    EXPECT_EQ(ocsp({.status = V_OCSP_CERTSTATUS_REVOKED, .signer = bad}).state, RevocationState::undetermined);
  }
  EXPECT_EQ(ocsp({.digest = EVP_sha1()}).state, RevocationState::undetermined);
}

TEST(Ocsp, OnlyAboutThisCertificate) {
  const Identity other = test::issue({}, &issuer());
  const std::string response = make_ocsp(other, issuer());
  EXPECT_EQ(ask_ocsp(response, romeo().certificate.get(), issuer().certificate.get(), now).state, RevocationState::undetermined);
}

TEST(Ocsp, TheNonceIsTheOneAskedFor) {
  const std::string nonce(32, 'n');
  EXPECT_EQ(ocsp({.nonce = nonce}, now, nonce).state, RevocationState::good);
  EXPECT_EQ(ocsp({}, now, nonce).state, RevocationState::good);   // RFC 9654: responders may leave it out
  EXPECT_EQ(ocsp({.nonce = std::string(32, 'x')}, now, nonce).state, RevocationState::undetermined);
  EXPECT_EQ(ocsp({.nonce = std::string(31, 'n')}, now, nonce).state, RevocationState::undetermined);
}

TEST(Ocsp, AnErrorOrRubbishSaysNothing) {
  const std::string good = make_ocsp(romeo(), issuer());
  for (const std::string& bad : {std::string(), std::string("x"), good + "x", std::string("\x30\x03\x0A\x01\x03", 5), std::string(70000, '0')}) {
    EXPECT_EQ(ask_ocsp(bad, romeo().certificate.get(), issuer().certificate.get(), now).state, RevocationState::undetermined);
  }
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string bytes = good;
    bytes[i] = static_cast<char>(bytes[i] ^ (1 << (i % 8)));
    EXPECT_NE(ask_ocsp(bytes, romeo().certificate.get(), issuer().certificate.get(), now).state, RevocationState::revoked) << i;
  }
}

TEST(Ocsp, ARequestIsAboutTheCertificate) {
  const std::string request = ocsp_request(romeo().certificate.get(), issuer().certificate.get(), std::string(32, 'n'));
  const auto* in = reinterpret_cast<const unsigned char*>(request.data());
  OCSP_REQUEST* const read = d2i_OCSP_REQUEST(nullptr, &in, static_cast<long>(request.size()));
  ASSERT_NE(read, nullptr);
  EXPECT_EQ(OCSP_request_onereq_count(read), 1);
  EXPECT_GE(OCSP_REQUEST_get_ext_by_NID(read, NID_id_pkix_OCSP_Nonce, -1), 0);
  OCSP_REQUEST_free(read);
}

TEST(Addresses, AreThoseOfTheCertificateOverHttp) {
  EXPECT_THAT(crl_addresses(romeo().certificate.get()), ElementsAre("http://crl.example/1.crl"));
  EXPECT_THAT(ocsp_addresses(romeo().certificate.get()), ElementsAre("http://ocsp.example/"));
  const Identity odd = test::issue({.extensions = {{"crlDistributionPoints", "URI:ldap://crl.example/,URI:file:///etc/passwd,URI:https://a.example/"},
                                                   {"authorityInfoAccess", "OCSP;URI:https://ocsp.example/,caIssuers;URI:http://ca.example/"}}},
                                   &issuer());
  EXPECT_THAT(crl_addresses(odd.certificate.get()), IsEmpty());
  EXPECT_THAT(ocsp_addresses(odd.certificate.get()), IsEmpty());
}

std::string pem_of(const std::string& label, const std::string& der) {   // RFC 7468
  std::string text = base64_encode(der);
  for (std::size_t i = 64; i < text.size(); i += 65) {
    text.insert(i, "\n");
  }
  return "-----BEGIN " + label + "-----\n" + text + "\n-----END " + label + "-----\n";
}

struct Cache : testing::Test {
  RevocationState asked(const RevocationCache& cache, WallTime when = now) {
    return ask_all({}, &cache, romeo().certificate.get(), issuer().certificate.get(), when).state;
  }
  testing_support::TemporaryFolder folder;
  std::vector<std::string> skipped;
};

TEST_F(Cache, TheNewerListReplacesTheOlder) {
  RevocationCache cache;
  EXPECT_EQ(asked(cache), RevocationState::undetermined);
  EXPECT_EQ(*cache.import_crls(make_crl(issuer(), {.revoked = {&romeo()}, .number = 300})), 1U);
  EXPECT_EQ(*cache.import_crls(make_crl(issuer(), {.number = 299})), 0U);   // played back
  EXPECT_EQ(asked(cache), RevocationState::revoked);
  EXPECT_EQ(*cache.import_crls(make_crl(issuer(), {.number = 70000})), 1U);
  EXPECT_EQ(asked(cache), RevocationState::good);
  EXPECT_EQ(cache.crls().size(), 1U);
}

TEST_F(Cache, FromTheNetworkOnlyWhatTheIssuerSigned) {
  RevocationCache cache;
  ASSERT_TRUE(cache.add_crl(make_crl(issuer(), {.revoked = {&romeo()}}), issuer().certificate.get()));
  const Identity stranger = test::issue(test::authority("Stranger"), nullptr);
  const auto forged = cache.add_crl(make_crl(issuer(), {.number = 9}, &stranger), issuer().certificate.get());
  ASSERT_FALSE(forged);
  EXPECT_EQ(forged.error().kind, ErrorKind::denied);
  EXPECT_EQ(asked(cache), RevocationState::revoked);
  const auto add = [&](const OcspRecipe& recipe) {
    return cache.add_ocsp(make_ocsp(romeo(), issuer(), recipe), romeo().certificate.get(), issuer().certificate.get(), now, {});
  };
  EXPECT_FALSE(add({.signer = &stranger}));
  EXPECT_FALSE(add({.to = std::chrono::hours(-1)}));
  EXPECT_EQ(cache.ocsp(romeo().certificate.get(), issuer().certificate.get()), "");
}

// A good answer from before the revocation still holds by its dates: whoever sits on the way to the responder may play it back.
TEST_F(Cache, AnOlderGoodAnswerDoesNotReplaceANewerRevoked) {
  using std::chrono::hours;
  const auto said = [](int status, int from, int to = 24 * 7) {
    return make_ocsp(romeo(), issuer(), {.status = status, .from = hours(from), .to = hours(to)});
  };
  const std::string good_before = said(V_OCSP_CERTSTATUS_GOOD, -48);
  const auto add = [](RevocationCache& cache, const std::string& response, WallTime when) {
    const auto added = cache.add_ocsp(response, romeo().certificate.get(), issuer().certificate.get(), when, {});
    return added ? std::string("taken") : added.error().what;
  };
  const std::filesystem::path place = folder.path() / "revocation";
  const auto cache = RevocationCache::open(place, &skipped).value();
  EXPECT_EQ(add(*cache, good_before, now), "taken");
  EXPECT_EQ(add(*cache, good_before, now), "taken") << "the same again is no news, and no fault";
  EXPECT_EQ(add(*cache, said(V_OCSP_CERTSTATUS_REVOKED, -2, 1), now), "taken");
  EXPECT_THAT(add(*cache, good_before, now), HasSubstr("of 2025-12-30 00:00 UTC, is older than the one that is known"));
  EXPECT_EQ(asked(*cache), RevocationState::revoked);
  EXPECT_EQ(add(*cache, said(V_OCSP_CERTSTATUS_GOOD, -2), now), "taken") << "of the same moment: the worse of them counts";
  EXPECT_EQ(add(*cache, said(V_OCSP_CERTSTATUS_UNKNOWN, -1), now), "taken") << "who does not know it does not take it back";
  EXPECT_EQ(asked(*cache), RevocationState::revoked);
  // Nor later, when the revocation's own dates are over, nor after a restart.
  const WallTime later = now + hours(72);
  cache->forget_old_responses(later);
  EXPECT_THAT(add(*cache, good_before, later), HasSubstr("older"));
  const auto again = RevocationCache::open(place, &skipped).value();
  EXPECT_THAT(add(*again, good_before, later), HasSubstr("older"));
  EXPECT_EQ(asked(*again, later), RevocationState::revoked);
  // It was a hold: the issuer's newer word lifts it, and an older "revoked" does not put it back.
  EXPECT_EQ(add(*again, said(V_OCSP_CERTSTATUS_GOOD, 70), later), "taken");
  EXPECT_EQ(asked(*again, later), RevocationState::good);
  EXPECT_THAT(add(*again, said(V_OCSP_CERTSTATUS_REVOKED, -2), later), HasSubstr("older"));
  EXPECT_EQ(asked(*again, later), RevocationState::good);
  EXPECT_EQ(asked(*RevocationCache::open(place, &skipped).value(), later), RevocationState::good);
  EXPECT_THAT(skipped, IsEmpty());
}

// The process ended after one file was written and before the other was removed.
TEST_F(Cache, OfTwoFilesAboutOneCertificateTheNewerCounts) {
  using std::chrono::hours;
  const std::string good_before = make_ocsp(romeo(), issuer(), {.from = hours(-48), .to = hours(24 * 7)});
  std::string key;
  {
    const auto cache = RevocationCache::open(folder.path(), &skipped).value();
    ASSERT_TRUE(cache->add_ocsp(make_ocsp(romeo(), issuer(), {.status = V_OCSP_CERTSTATUS_REVOKED}), romeo().certificate.get(),
                                issuer().certificate.get(), now, {}));
    for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
      key = entry.path().stem().stem().string();
    }
  }
  for (const char* until : {"1", "99999999999"}) {   // before the other and behind it
    std::ofstream(folder.path() / (key + "." + until + ".ocsp"), std::ios::binary) << good_before;
    EXPECT_EQ(asked(*RevocationCache::open(folder.path(), &skipped).value()), RevocationState::revoked);
  }
}

// By hand, where there is no network: verified as what is fetched, and all or none of it taken.
TEST_F(Cache, AnOperatorsResponsesAreVerifiedAndTakenTogether) {
  const std::vector<std::shared_ptr<X509>> issuers{test::root_authority().certificate, issuer().certificate};
  const Identity other = test::issue({}, &test::root_authority());
  const Identity stranger = test::issue(test::authority("Stranger"), nullptr);
  const Identity strange = test::issue({}, &stranger);
  const auto pem = [](const std::string& der) { return pem_of("OCSP RESPONSE", der); };
  const std::string revoked = make_ocsp(romeo(), issuer(), {.status = V_OCSP_CERTSTATUS_REVOKED});
  RevocationCache cache;
  const auto refusal = [&](const std::string& file) {
    const auto done = cache.import_ocsp(file, issuers, now);
    return done ? "taken" : std::string(to_string(done.error().kind)) + ", " + done.error().what;
  };
  EXPECT_THAT(refusal(pem(revoked) + pem(make_ocsp(strange, stranger))), AllOf(HasSubstr("not-found, response 2 of 2: certificate"), HasSubstr("of no authority that is known here")));
  EXPECT_THAT(refusal(pem(revoked) + pem(make_ocsp(other, test::root_authority(), {.signer = &stranger}))),
              AllOf(HasSubstr("denied, response 2 of 2"), HasSubstr("not signed by the issuer")));
  EXPECT_THAT(refusal(make_ocsp(romeo(), issuer(), {.to = std::chrono::hours(-1)})), HasSubstr("denied, the response: certificate"));
  EXPECT_THAT(refusal("rubbish"), HasSubstr("invalid, the response cannot be read"));
  EXPECT_THAT(refusal(pem("rubbish")), HasSubstr("cannot be read"));
  EXPECT_THAT(refusal(pem(revoked) + pem_of("X509 CRL", make_crl(issuer()))), HasSubstr("invalid"));
  EXPECT_THAT(refusal(romeo().pem()), HasSubstr("invalid"));
  EXPECT_THAT(refusal("-----BEGIN OCSP RESPONSE-----\n%%%\n-----END OCSP RESPONSE-----\n"), HasSubstr("invalid"));
  EXPECT_THAT(refusal(""), HasSubstr("invalid"));
  EXPECT_EQ(asked(cache), RevocationState::undetermined) << "nothing was taken so far";
  const auto done = cache.import_ocsp(pem(revoked) + pem(make_ocsp(other, test::root_authority(), {.id_digest = EVP_sha256()})), issuers, now);
  ASSERT_TRUE(done) << done.error().what;
  EXPECT_EQ(done->answers, 2U);
  EXPECT_EQ(done->newer, 2U);
  EXPECT_EQ(asked(cache), RevocationState::revoked);
  EXPECT_EQ(ask_all({}, &cache, other.certificate.get(), test::root_authority().certificate.get(), now).state, RevocationState::good);
  EXPECT_EQ(cache.import_ocsp(revoked, issuers, now + std::chrono::minutes(1))->newer, 0U);
  const auto older = cache.import_ocsp(make_ocsp(romeo(), issuer(), {.from = std::chrono::hours(-9)}), issuers, now);
  EXPECT_EQ(older->newer, 0U);
  EXPECT_EQ(asked(cache), RevocationState::revoked);
}

TEST_F(Cache, AFullOneLetsOldResponsesGo) {
  RevocationCache cache(1);
  const Identity other = test::issue({}, &issuer());
  const auto add = [&](const Identity& about, WallTime when, std::chrono::hours to) {
    return cache.add_ocsp(make_ocsp(about, issuer(), {.to = to}), about.certificate.get(), issuer().certificate.get(), when, {});
  };
  ASSERT_TRUE(add(romeo(), now, std::chrono::hours(2)));
  EXPECT_EQ(add(other, now, std::chrono::hours(5)).error().kind, ErrorKind::full);
  ASSERT_TRUE(add(romeo(), now, std::chrono::hours(3))) << "what is about the same certificate has its place";
  ASSERT_TRUE(add(other, now + std::chrono::hours(4), std::chrono::hours(5)));
  EXPECT_EQ(cache.ocsp(romeo().certificate.get(), issuer().certificate.get()), "");
}

TEST_F(Cache, IsFoundAgainAfterARestart) {
  const std::filesystem::path place = folder.path() / "revocation";
  {
    const auto cache = RevocationCache::open(place, &skipped);
    ASSERT_TRUE(cache) << cache.error().what;
    struct stat status {};
    ASSERT_EQ(::stat(place.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0700U);
    ASSERT_TRUE((*cache)->import_crls(make_crl(test::root_authority())));
    ASSERT_TRUE((*cache)->add_ocsp(make_ocsp(romeo(), issuer(), {.to = std::chrono::hours(1)}), romeo().certificate.get(), issuer().certificate.get(), now, {}));
    ASSERT_TRUE((*cache)->add_ocsp(make_ocsp(romeo(), issuer(), {.to = std::chrono::hours(2)}), romeo().certificate.get(), issuer().certificate.get(), now, {}));
  }
  std::ofstream(place / "broken.crl") << "no list";
  std::ofstream(place / "note.txt") << "of an operator";
  const auto cache = RevocationCache::open(place, &skipped);
  ASSERT_TRUE(cache);
  EXPECT_EQ(skipped.size(), 2U);
  EXPECT_EQ((*cache)->crls().size(), 1U);
  EXPECT_EQ(asked(**cache, now + std::chrono::minutes(110)), RevocationState::good);
  (*cache)->forget_old_responses(now + std::chrono::hours(3));
  EXPECT_EQ(asked(**cache), RevocationState::undetermined);
  EXPECT_EQ((*RevocationCache::open(place, nullptr))->ocsp(romeo().certificate.get(), issuer().certificate.get()), "");
}

TEST_F(Cache, AFolderThatOthersReachIsRefused) {
  ASSERT_EQ(::chmod(folder.path().c_str(), 0750), 0);
  EXPECT_EQ(RevocationCache::open(folder.path(), nullptr).error().kind, ErrorKind::denied);
  EXPECT_EQ(RevocationCache::open(folder.path() / "no" / "such", nullptr).error().kind, ErrorKind::unavailable);
}

TEST_F(Cache, SeveralListsInOnePemFile) {
  const auto lines = [](const std::string& der) { return pem_of("X509 CRL", der); };
  EXPECT_EQ(state(lines(make_crl(issuer(), {.revoked = {&romeo()}}))), RevocationState::revoked);
  RevocationCache cache;
  EXPECT_EQ(*cache.import_crls(lines(make_crl(issuer())) + lines(make_crl(test::root_authority()))), 2U);
  EXPECT_EQ(cache.crls().size(), 2U);
  EXPECT_FALSE(cache.import_crls("rubbish"));
}

TEST_F(Cache, ReadersAndWritersDoNotMeet) {
  RevocationCache cache;
  std::vector<std::string> lists;
  for (long i = 1; i <= 20; ++i) {
    lists.push_back(make_crl(issuer(), {.number = i}));
  }
  std::thread writer([&] {
    for (const std::string& list : lists) {
      static_cast<void>(cache.import_crls(list));
    }
  });
  for (int i = 0; i < 200; ++i) {
    EXPECT_NE(asked(cache), RevocationState::revoked);
  }
  writer.join();
  EXPECT_EQ(asked(cache), RevocationState::good);
}

}  // namespace
}  // namespace aldis::tls
