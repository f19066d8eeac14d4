// The bad certificates of security C02 on whole streams between servers, in both directions: shown by a server that calls us, and by
// one we call. Each ends its stream with not-authorized and a record of the audit log that says why; nothing is delivered, nothing
// is sent, and dialback, which is offered, does not stand in (security D03). The good one beside them passes both ways.
#include "tests/support/foreign_server.h"
#include "tests/support/test_revocation.h"

namespace aldis::federation {
namespace {

using test::authority;
using test::Identity;
using test::intermediate_authority;
using test::issue;
using test::Recipe;
using test::root_authority;
using test::verona_server;

struct Bad {
  std::string word;                          // that the audit record has
  Identity shown{};                          // without a certificate: none is shown
  std::vector<const Identity*> issuers{};    // behind it
};

// Issuers live as long as the program.
const Identity* under(const Recipe& between, const Identity& above = root_authority()) {
  static std::vector<std::unique_ptr<Identity>> all;
  all.push_back(std::make_unique<Identity>(issue(between, &above)));
  return all.back().get();
}
Recipe with(Recipe recipe, auto change) {
  change(recipe);
  return recipe;
}

const std::map<std::string, Bad>& bad_certificates() {
  static const std::map<std::string, Bad> all = [] {
    std::map<std::string, Bad> bad;
    const auto leaf = [&](const std::string& name, const std::string& word, const Recipe& recipe) {
      bad.emplace(name, Bad{word, issue(recipe, &root_authority())});
    };
    const auto below = [&](const std::string& name, const std::string& word, const Recipe& between, const Recipe& recipe = verona_server()) {
      const Identity* issuer = under(between);
      bad.emplace(name, Bad{word, issue(recipe, issuer), {issuer}});
    };
    const auto named = [](const std::string& names) { return with(verona_server(), [&](Recipe& r) { r.names = names; }); };
    using std::chrono::hours;
    bad.emplace("none", Bad{"no certificate"});
    leaf("expired", "expired", with(verona_server(), [](Recipe& r) { r.from = hours(-48), r.to = hours(-1); }));
    leaf("not yet valid", "not-yet-valid", with(verona_server(), [](Recipe& r) { r.from = hours(1); }));
    bad.emplace("self-signed", Bad{"self-signed", issue(verona_server(), nullptr)});
    static const Identity stranger = issue(authority("Stranger"), nullptr);
    bad.emplace("unknown authority", Bad{"unknown-authority", issue(verona_server(), &stranger), {&stranger}});
    bad.emplace("missing intermediate", Bad{"missing-issuer", issue(verona_server(), &intermediate_authority())});
    leaf("another's name", "is not for verona.example", named("DNS:mantua.example"));
    leaf("common name only", "is not for verona.example", named(""));
    leaf("a wildcard for all", "is not for verona.example", named("DNS:*.example"));
    leaf("a wildcard in a label", "is not for verona.example", named("DNS:ver*.example"));
    leaf("a wildcard over its own domain", "is not for verona.example", named("DNS:*.verona.example"));
    leaf("a name that ends alike", "is not for verona.example", named("DNS:evilverona.example"));
    leaf("a NUL in its name", "is not for verona.example", with(verona_server(), [](Recipe& r) {
           r.names = "";
           r.extensions.emplace_back("subjectAltName", test::der_value(test::der(0x30, test::der(0x82, std::string("verona.example\0.mantua.example", 30)))));
         }));
    leaf("a client's service", "is not for verona.example", named("otherName:1.3.6.1.5.5.7.8.7;IA5STRING:_xmpp-client.verona.example"));
    leaf("a person", "is not for verona.example", named("otherName:1.3.6.1.5.5.7.8.5;UTF8:prince@verona.example"));
    leaf("for mail", "extended-key-usage", verona_server({{"extendedKeyUsage", "emailProtection"}}));
    leaf("not for signatures", "key-usage", verona_server({{"keyUsage", "critical,keyEncipherment"}}));
    below("of no authority", "not-an-authority", authority("no authority", "critical,CA:FALSE"));
    const Identity* const last = under(authority("pathlen 0", "critical,CA:TRUE,pathlen:0"));
    const Identity* const beyond = under(authority("beyond"), *last);
    bad.emplace("path length", Bad{"path-length", issue(verona_server(), beyond), {beyond, last}});
    below("outside its authority's names", "name-constraints", with(authority("mantua only"), [](Recipe& r) {
            r.extensions.emplace_back("nameConstraints", "critical,permitted;DNS:mantua.example");
          }));
    leaf("unknown critical extension", "unknown-extension", verona_server({{"1.2.3.4.5", "critical,DER:0500"}}));
    leaf("an RSA key of 1024 bits", "weak-key", with(verona_server(), [](Recipe& r) { r.key = "RSA-1024/verona"; }));
    below("an issuer on a weak curve", "weak-key", with(authority("weak curve"), [](Recipe& r) { r.key = "P-224/weak curve"; }));
    leaf("signed with SHA-1", "weak-signature", with(verona_server(), [](Recipe& r) { r.digest = EVP_sha1(); }));
    leaf("the key of its issuer", "duplicate-key", with(verona_server(), [](Recipe& r) { r.key = "P-256/Verona Root"; }));
    leaf("negative serial number", "bad-serial", with(verona_server(), [](Recipe& r) { r.serial = "-05"; }));
    leaf("version 1", "old-version", with(verona_server(), [](Recipe& r) { r.is_v1 = true; }));
    below("its issuer expired", "expired", with(authority("old"), [](Recipe& r) { r.from = hours(-48), r.to = hours(-1); }));
    const Identity *one = under(authority("1")), *two = under(authority("2"), *one), *three = under(authority("3"), *two), *four = under(authority("4"), *three);
    bad.emplace("a path of six", Bad{"too-large", issue(verona_server(), four), {four, three, two, one}});
    leaf("a hundred and one names", "too-large", named([] {
           std::string names = "DNS:verona.example";
           for (int i = 0; i < 100; ++i) {
             names += ",DNS:h" + std::to_string(i) + ".verona.example";
           }
           return names;
         }()));
    leaf("revoked by CRL", "revoked", with(verona_server(), [](Recipe& r) { r.serial = "0BAD01"; }));
    leaf("revoked by OCSP", "revoked", with(verona_server(), [](Recipe& r) { r.serial = "0BAD02"; }));
    leaf("unknown to its authority", "unknown-status", with(verona_server(), [](Recipe& r) { r.serial = "0BAD03"; }));
    below("nobody says anything of it", "no-status", authority("Silent"));
    return bad;
  }();
  return all;
}

// A scene in which one must be known to be good, and what is known is what the table above needs.
struct Strict : test::FederationScene {
  Strict() : FederationScene({.revocation = tls::RevocationMode::hard}) {
    const Identity& by_crl = bad_certificates().at("revoked by CRL").shown;
    EXPECT_TRUE(known->import_crls(test::make_crl(root_authority(), {.revoked = {&by_crl}})));
    const auto respond = [&](const char* name, int status) {
      const Identity& about = bad_certificates().at(name).shown;
      EXPECT_TRUE(known->add_ocsp(test::make_ocsp(about, root_authority(), {.status = status}), about.certificate.get(),
                                  root_authority().certificate.get(), test::ManualClock().wall(), {}));
    };
    respond("revoked by OCSP", V_OCSP_CERTSTATUS_REVOKED);
    respond("unknown to its authority", V_OCSP_CERTSTATUS_UNKNOWN);
    // In no list, and its authority does not know it: the list must not say that it is good.
  }
};

constexpr std::string_view forged =
    "<message from='prince@verona.example' to='juliet@capulet.example' type='chat'><body>forged</body></message>";

TEST(BadServerCertificate, EndsTheStreamOfAServerThatCalls) {
  for (const auto& [name, bad] : bad_certificates()) {
    if (name == "unknown to its authority") {
      continue;   // a current CRL of the issuer without it says that it is good: below
    }
    SCOPED_TRACE(name);
    Strict s;
    const auto line = s.calls(bad.shown.certificate != nullptr ? &bad.shown : nullptr, bad.issuers);
    std::string said = line->says(test::verona_header());
    EXPECT_NE(said.find("<not-authorized"), std::string::npos) << said;
    EXPECT_EQ(said.find("EXTERNAL"), std::string::npos) << said;
    said += line->says(std::string(test::verona_auth) + "<db:result from='verona.example' to='capulet.example'>key</db:result>" + std::string(forged));
    EXPECT_TRUE(line->is_ended());
    EXPECT_EQ(said.find("<success"), std::string::npos) << said;
    EXPECT_EQ(said.find("<db:"), std::string::npos) << said;
    EXPECT_NE(s.log.with({"audit-peer-refused", "host=capulet.example", "peer=verona.example", "address=192.0.2.9", "rule=partner", bad.word}), "")
        << testing::PrintToString(s.log.lines);
    EXPECT_TRUE(s.called.empty()) << "its key was asked about";
    EXPECT_EQ(s.open_streams(), 0U);
    s.juliet.receives_nothing();
    s.nurse.receives_nothing();
  }
}

TEST(BadServerCertificate, EndsTheStreamToAServerThatIsCalled) {
  for (const auto& [name, bad] : bad_certificates()) {
    if (bad.shown.certificate == nullptr || name == "unknown to its authority") {
      continue;   // TLS's server always has one
    }
    SCOPED_TRACE(name);
    Strict s;
    s.juliet_says("secret");
    const auto line = s.answers(&bad.shown, bad.issuers);
    ASSERT_NE(line, nullptr);
    std::string said = line->hears();
    ASSERT_TRUE(line->is_established()) << said;
    said += line->says(test::verona_header("verona.example", "capulet.example", "one") +
                       "<stream:features><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>EXTERNAL</mechanism></mechanisms>"
                       "<dialback xmlns='urn:xmpp:features:dialback'/></stream:features>" + std::string(forged));
    EXPECT_NE(said.find("<not-authorized"), std::string::npos) << said;
    EXPECT_TRUE(line->is_ended());
    for (const char* never : {"<auth", "<db:", "secret"}) {
      EXPECT_EQ(said.find(never), std::string::npos) << said;
    }
    EXPECT_NE(s.log.with({"audit-peer-untrusted", "host=capulet.example", "peer=verona.example", "address=192.0.2.9", "rule=partner", bad.word}), "")
        << testing::PrintToString(s.log.lines);
    s.scene.advance(std::chrono::seconds(4));   // no longer than that the refused connection lingers
    EXPECT_EQ(s.stored().size(), 1U) << "the message waits";
    EXPECT_EQ(s.open_streams(), 0U);
    s.juliet.receives_nothing();
    s.nurse.receives_nothing();
  }
}

TEST(BadServerCertificate, UnknownToItsAuthorityIsRefusedInSoftModeToo) {
  const Bad& bad = bad_certificates().at("unknown to its authority");
  test::FederationScene s({.revocation = tls::RevocationMode::soft});
  ASSERT_TRUE(s.known->add_ocsp(test::make_ocsp(bad.shown, root_authority(), {.status = V_OCSP_CERTSTATUS_UNKNOWN}), bad.shown.certificate.get(),
                                root_authority().certificate.get(), test::ManualClock().wall(), {}));
  EXPECT_NE(s.calls(&bad.shown)->says(test::verona_header()).find("<not-authorized"), std::string::npos);
  EXPECT_NE(s.log.with({"audit-peer-refused", bad.word}), "") << testing::PrintToString(s.log.lines);
  s.juliet_says("secret");
  EXPECT_NE(s.answers(&bad.shown)->hears().find("<not-authorized"), std::string::npos);
  EXPECT_NE(s.log.with({"audit-peer-untrusted", bad.word}), "");
}

TEST(GoodServerCertificate, PassesBothWays) {
  const Identity good = issue(verona_server(), &root_authority());
  Strict s;
  const auto in = s.comes_in(&good);
  in->says("<message from='prince@verona.example' to='juliet@capulet.example' type='chat'><body>honest</body></message>");
  s.juliet.receives("honest");
  s.juliet_says("answer");
  const auto out = s.lets_us_in(&good);
  EXPECT_NE(out->says(test::verona_header("verona.example", "capulet.example", "two") + "<stream:features/>").find("<body>answer</body>"), std::string::npos);
  s.nurse.receives_nothing();
}

// Where the rule lets dialback stand in, it does, and only then.
TEST(BadServerCertificate, DialbackStandsInWhereTheRuleSaysSo) {
  policy::PeerOptions rule;
  rule.authentication = policy::PeerAuthentication::external_or_dialback;
  test::FederationScene s({}, rule);
  const auto line = s.calls(&bad_certificates().at("expired").shown);
  const std::string said = line->says(test::verona_header());
  EXPECT_EQ(said.find("EXTERNAL"), std::string::npos) << said;
  EXPECT_NE(said.find("urn:xmpp:features:dialback"), std::string::npos) << said;
}

}  // namespace
}  // namespace aldis::federation
