// Streams between servers end with their certificate (security C05): revoked by a list or a response that has become known, expired,
// or of an authority that is believed no more. What was on its way waits, and comes back in its time.
#include "federation/peer_certificates.h"

#include "tests/support/foreign_server.h"
#include "tests/support/test_revocation.h"

namespace aldis::federation {
namespace {

using namespace std::chrono_literals;
using test::Identity;
using test::issue;
using test::root_authority;
using test::verona_server;

constexpr std::string_view honest =
    "<message from='prince@verona.example' to='juliet@capulet.example' type='chat'><body>honest</body></message>";

const Identity& verona() {
  static const Identity made = issue(verona_server(), &root_authority());
  return made;
}

// The network: tells what `news` says of a path when it is asked, after a while or at once.
class Authority final : public RevocationSource {
 public:
  Task<void> refresh(std::vector<std::shared_ptr<X509>> path) override {
    ++asked;
    EXPECT_GE(path.size(), 2U);
    if (is_slow) {
      const bool done = co_await answer;
      EXPECT_TRUE(done);
    }
    if (news) {
      news();
    }
  }
  std::function<void()> news;
  Completion<bool> answer;
  bool is_slow = false;
  int asked = 0;
};

struct Watched : test::FederationScene {
  explicit Watched(tls::RevocationMode mode = tls::RevocationMode::soft, policy::PeerOptions rule = {})
      : FederationScene({.queue_time = 60s, .revocation = mode, .inbound_idle_time = 0s}, std::move(rule)) {
    table->certificates().set_revocation(&authority);
  }
  ~Watched() { table->certificates().set_revocation(nullptr); }
  void revoke(long number = 1) {
    ASSERT_TRUE(known->import_crls(test::make_crl(root_authority(), {.revoked = {&verona()}, .number = number})));
  }
  void is_good(long number = 1) { ASSERT_TRUE(known->import_crls(test::make_crl(root_authority(), {.number = number}))); }
  Authority authority;
};

// The shard goes on for a moment when the table has ended; what the table would have looked at is gone (AddressSanitizer sees it).
TEST(PeerRevocation, NothingIsLookedAtWhenTheTableHasEnded) {
  test::FederationScene s({.queue_time = 60s, .inbound_idle_time = 0s});
  const auto line = s.comes_in(&verona());
  line->says(honest);
  s.juliet.receives("honest");
  s.scene.world().abroad = nullptr;
  s.table.reset();
  s.scene.advance(60s);
  s.nurse.receives_nothing();
}

TEST(PeerRevocation, EndsALivingStreamOfAServerThatCalled) {
  Watched s;
  const auto line = s.comes_in(&verona());
  line->says(honest);
  s.juliet.receives("honest");
  s.revoke();
  s.scene.advance(20s);
  EXPECT_NE(line->hears().find("<not-authorized"), std::string::npos);
  EXPECT_TRUE(line->is_ended());
  EXPECT_NE(s.log.with({"audit-peer-certificate", "host=capulet.example", "peer=verona.example", "direction=in", "rule=partner", "revoked"}), "");
  EXPECT_NE(s.calls(&verona())->says(test::verona_header()).find("<not-authorized"), std::string::npos) << "and it does not come back";
  s.nurse.receives_nothing();
}

TEST(PeerRevocation, EndsALivingStreamToAServerAndWhatWasForItWaitsAndComesBack) {
  Watched s;
  s.juliet_says("one");
  const auto line = s.lets_us_in(&verona());
  EXPECT_NE(line->says(test::verona_header("verona.example", "capulet.example", "two") + "<stream:features/>").find("<body>one</body>"), std::string::npos);
  s.revoke();
  s.scene.advance(20s);
  EXPECT_NE(line->hears().find("<not-authorized"), std::string::npos);
  EXPECT_NE(s.log.with({"audit-peer-certificate", "direction=out", "revoked"}), "");
  s.juliet_says("two");   // while the connection still lingers
  s.scene.advance(4s);
  const auto again = s.answers(&verona());
  ASSERT_NE(again, nullptr);
  const std::string said = again->hears();
  EXPECT_EQ(said.find("two"), std::string::npos) << said;
  EXPECT_NE(s.log.with({"audit-peer-untrusted", "revoked"}), "");
  s.scene.advance(4s);
  EXPECT_EQ(s.stored().size(), 1U);
  s.scene.advance(90s);
  s.juliet.receives_error("two", "remote-server-timeout");
  s.nurse.receives_nothing();
}

TEST(PeerRevocation, WhatTheAuthoritySaysIsLearntWhileTheStreamLives) {
  Watched s;
  const auto line = s.comes_in(&verona());
  s.authority.news = [&] { s.revoke(); };
  s.scene.advance(20s);
  EXPECT_NE(line->hears().find("<not-authorized"), std::string::npos);
}

TEST(PeerRevocation, IsAskedAboutBeforeAnybodyIsBelieved) {
  Watched s(tls::RevocationMode::hard);
  s.authority.is_slow = true;
  const auto line = s.calls(&verona());
  EXPECT_EQ(line->says(test::verona_header()), "") << "it waits for the authority's word";
  EXPECT_EQ(s.authority.asked, 1);
  s.is_good();
  s.authority.answer.complete(true);
  EXPECT_NE(line->hears().find("EXTERNAL"), std::string::npos);
  s.authority.is_slow = false;
  const int asked = s.authority.asked;
  EXPECT_NE(s.calls(&verona())->says(test::verona_header()).find("EXTERNAL"), std::string::npos);
  EXPECT_EQ(s.authority.asked, asked) << "what is known is not asked for when a stream is made";
}

TEST(PeerRevocation, ACheckThatCannotBeMadeIsARefusalWhereThatIsWanted) {
  Watched hard(tls::RevocationMode::hard);
  EXPECT_NE(hard.calls(&verona())->says(test::verona_header()).find("<not-authorized"), std::string::npos);
  EXPECT_NE(hard.log.with({"audit-peer-refused", "no-status"}), "");
  Watched soft;
  EXPECT_NE(soft.calls(&verona())->says(test::verona_header()).find("EXTERNAL"), std::string::npos);
  policy::PeerOptions rule;   // one peer's own word counts more than everybody's
  rule.revocation = policy::PeerRevocation::hard;
  Watched own(tls::RevocationMode::soft, rule);
  EXPECT_NE(own.calls(&verona())->says(test::verona_header()).find("<not-authorized"), std::string::npos);
  rule.revocation = policy::PeerRevocation::off;
  Watched off(tls::RevocationMode::hard, rule);
  off.revoke();
  EXPECT_NE(off.calls(&verona())->says(test::verona_header()).find("EXTERNAL"), std::string::npos);
  EXPECT_EQ(off.authority.asked, 0);
}

// RFC 6066 section 8.
TEST(PeerRevocation, AStapledWordCountsAndARevokedOneCountsMore) {
  Watched s(tls::RevocationMode::hard);
  tls::PresentedChain chain{.certificates = {verona().certificate}, .stapled = test::make_ocsp(verona(), root_authority())};
  const auto shown = std::make_shared<const ShownCertificate>(ShownCertificate{"verona.example", chain, net::ServerTarget{.host = "192.0.2.9"}});
  const policy::PeerRulePtr rule = s.scene.world().policy.peers()->of("verona.example");
  EXPECT_TRUE(s.scene.wait(s.table->certificates().judge(rule, shown)).is_proved);
  EXPECT_EQ(s.authority.asked, 0);
  s.revoke();
  const PeerProof proof = s.scene.wait(s.table->certificates().judge(rule, shown));
  EXPECT_FALSE(proof.is_proved);
  EXPECT_NE(proof.why.find("revoked"), std::string::npos) << proof.why;
}

TEST(PeerCertificate, ThatExpiresEndsItsStream) {
  test::Recipe recipe = verona_server();
  recipe.to = std::chrono::hours(1);
  const Identity brief = issue(recipe, &root_authority());
  Watched s;
  const auto line = s.comes_in(&brief);
  s.scene.advance(59min);
  EXPECT_EQ(line->hears(), "");
  s.scene.advance(2min);
  EXPECT_NE(line->hears().find("<not-authorized"), std::string::npos);
  EXPECT_NE(s.log.with({"audit-peer-certificate", "expired"}), "");
}

TEST(PeerCertificate, ThatHoldsLeavesItsStreamAlone) {
  Watched s(tls::RevocationMode::hard);
  s.is_good();
  const auto line = s.comes_in(&verona());
  s.scene.advance(10min);
  EXPECT_FALSE(line->is_ended());
  line->says(honest);
  s.juliet.receives("honest");
  EXPECT_GT(s.authority.asked, 20) << "each time it is looked at";
}

}  // namespace
}  // namespace aldis::federation
