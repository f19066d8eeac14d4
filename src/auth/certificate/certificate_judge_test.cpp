// A certificate judged from the first step to the last, and options that make no sense.
#include "auth/certificate/certificate_judge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "auth/certificate/certificate_options.h"
#include "auth/certificate/store_directory.h"
#include "storage/memory/memory_stores.h"
#include "tests/support/test_revocation.h"
#include "tls/revocation_cache.h"

namespace aldis {
namespace {

using testing::HasSubstr;

class CertificateJudging : public testing::Test {
 protected:
  CertificateJudging() {
    CertificateOptions options;
    options.client_certificates = CertificateUse::optional;
    options.client_anchors = {"given"};
    CertificatePolicies policies;
    policies.emplace("capulet.example", CertificatePolicy{CertificateUse::optional, trust(test::root_authority()), mapper_rules(options).value()});
    policies.emplace("montague.example", CertificatePolicy{});
    judge_.configure(std::move(policies));
    spawn([](AccountStore& accounts) -> Task<void> {
      const auto made = co_await accounts.create({.jid = BareJid::parse("juliet@capulet.example").value()});
      EXPECT_TRUE(made.has_value());
    }(memory_.stores().accounts));
  }
  static std::shared_ptr<const tls::TrustStore> trust(const test::Identity& anchor) {
    return tls::TrustStore::make({.anchors_pem = anchor.pem()}).value();
  }
  static test::Identity person(const std::string& names, std::chrono::hours to = std::chrono::hours(1000)) {
    return test::issue({.common_name = "card", .names = names, .to = to}, &test::intermediate_authority());
  }
  CertificateJudgement judge(std::vector<std::shared_ptr<X509>> chain, std::string domain = "capulet.example") {
    std::optional<CertificateJudgement> out;
    spawn([](const CertificateJudge& asked, tls::PresentedChain shown, std::string of, std::optional<CertificateJudgement>& to) -> Task<void> {
      CertificateJudgement judged = co_await asked.judge(std::move(shown), std::move(of));
      to.emplace(std::move(judged));
    }(judge_, {.certificates = std::move(chain)}, std::move(domain), out));
    return std::move(out.value());
  }
  CertificateJudgement judge(const test::Identity& person) {
    return judge({person.certificate, test::intermediate_authority().certificate});
  }

  test::ManualClock clock_;
  MemoryStores memory_;
  StoreDirectory directory_{memory_.stores().certificates, memory_.stores().accounts};
  CertificateJudge judge_{directory_, clock_};
};

constexpr auto juliets = "otherName:1.3.6.1.5.5.7.8.5;UTF8:juliet@capulet.example";

TEST_F(CertificateJudging, GoesFromStepToStep) {
  EXPECT_EQ(judge({person(juliets).certificate}, "montague.example").step, CertificateStep::domain);
  EXPECT_EQ(judge({person(juliets).certificate}, "elsewhere.example").step, CertificateStep::domain);
  EXPECT_EQ(judge(std::vector<std::shared_ptr<X509>>{}).step, CertificateStep::reading);
  const CertificateJudgement alone = judge(std::vector{person(juliets).certificate});
  EXPECT_EQ(alone.step, CertificateStep::trust) << "without the issuer between";
  EXPECT_NE(alone.why, "");
  EXPECT_TRUE(alone.accounts().empty());
  EXPECT_EQ(judge(person(juliets, std::chrono::hours(-1))).step, CertificateStep::trust);
  EXPECT_EQ(judge(person("email:j@verona.example")).step, CertificateStep::nobody);
  const CertificateJudgement good = judge(person(juliets));
  EXPECT_EQ(good.step, CertificateStep::somebody) << good.why;
  EXPECT_TRUE(good.is_somebodys());
  ASSERT_EQ(good.accounts().size(), 1U);
  EXPECT_EQ(good.accounts()[0].str(), "juliet@capulet.example");
  EXPECT_EQ(good.why, "");
}

TEST_F(CertificateJudging, UnreadableNamesAreARefusal) {  // security C01
  const test::Identity odd = test::issue({.common_name = "card", .extensions = {{"subjectAltName", test::der_value("\x30\x05garbage")}}},
                                         &test::intermediate_authority());
  EXPECT_EQ(judge(odd).step, CertificateStep::reading);
  std::string names = juliets;
  for (int i = 0; i < 200; ++i) {
    names += ",DNS:a" + std::to_string(i) + ".example";
  }
  EXPECT_EQ(judge(person(names)).step, CertificateStep::reading) << "security D08: too many names";
}

TEST_F(CertificateJudging, UseIsEachDomainsOwn) {
  EXPECT_EQ(judge_.use("capulet.example"), CertificateUse::optional);
  EXPECT_EQ(judge_.use("montague.example"), CertificateUse::off);
  EXPECT_EQ(judge_.use("elsewhere.example"), CertificateUse::off);
  EXPECT_TRUE(judge_.is_used());
  judge_.configure({});
  EXPECT_FALSE(judge_.is_used());
}

// Brings the CRLs of both authorities when it is asked, as a fetch does.
class Fetching final : public RevocationSource {
 public:
  Task<void> refresh(std::vector<std::shared_ptr<X509>> path) override {
    asked.push_back(path.size());
    EXPECT_TRUE(cache->import_crls(test::make_crl(test::root_authority())).has_value());
    EXPECT_TRUE(cache->import_crls(test::make_crl(test::intermediate_authority(), {.revoked = revoked})).has_value());
    co_return;
  }
  std::shared_ptr<tls::RevocationCache> cache = std::make_shared<tls::RevocationCache>();
  std::vector<const test::Identity*> revoked;
  std::vector<std::size_t> asked;   // lengths of paths
};

TEST_F(CertificateJudging, AsksAboutRevocationBeforeItAnswers) {  // security C05
  for (const tls::RevocationMode mode : {tls::RevocationMode::hard, tls::RevocationMode::soft}) {
    Fetching fetching;
    CertificatePolicies policies;
    policies.emplace("capulet.example",
                     CertificatePolicy{CertificateUse::optional,
                                       tls::TrustStore::make({.anchors_pem = test::root_authority().pem(), .revocation = mode, .known = fetching.cache}).value(),
                                       {{CertificateRule::xmpp_address}, {}}});
    judge_.configure(std::move(policies));
    judge_.set_revocation(&fetching);
    EXPECT_EQ(judge(person(juliets, std::chrono::hours(-1))).step, CertificateStep::trust);
    EXPECT_TRUE(fetching.asked.empty()) << "nobody is asked about what is refused anyway";
    const test::Identity good = person(juliets);
    const test::Identity lost = person(juliets);
    fetching.revoked = {&lost};
    const CertificateJudgement refused = judge(lost);
    EXPECT_EQ(refused.step, CertificateStep::trust);
    EXPECT_EQ(refused.verdict.problem, tls::CertificateProblem::revoked);
    EXPECT_EQ(judge(good).step, CertificateStep::somebody) << judge(good).why;
    ASSERT_FALSE(fetching.asked.empty());
    EXPECT_EQ(fetching.asked.front(), 3U) << "the path to the anchor";
    judge_.set_revocation(nullptr);
  }
}

TEST(CertificateOptions, AreCheckedTogether) {
  CertificateOptions options;
  EXPECT_TRUE(mapper_rules(options).has_value());
  options.client_certificates = CertificateUse::optional;
  EXPECT_THAT(mapper_rules(options).error().what, HasSubstr("client_anchors"));
  options.client_anchors = {"ca.pem"};
  EXPECT_TRUE(mapper_rules(options).has_value());
  options.client_rules = {"mail", "mail"};
  EXPECT_THAT(mapper_rules(options).error().what, HasSubstr("named twice"));
  options.client_rules = {"cn"};
  EXPECT_THAT(mapper_rules(options).error().what, HasSubstr("there is no rule \"cn\""));
  options.client_rules = {"common-name"};
  options.client_common_name = "no digits";
  EXPECT_THAT(mapper_rules(options).error().what, HasSubstr("client_common_name: "));
}

}  // namespace
}  // namespace aldis
