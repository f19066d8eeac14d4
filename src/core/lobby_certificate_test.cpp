// People with certificates at the lobby's door (SASL EXTERNAL, RFC 4422 appendix A, XEP-0178): who is let in, as whom, and until
// when; and those who should not get in that way. Numbers such as S10 are rows of docs/security-tests.md. What each rule finds
// is in auth/certificate/certificate_mapper_test.cpp.
#include <gmock/gmock.h>

#include "base/log.h"
#include "tests/support/card_holder.h"
#include "tests/support/failing_scene.h"
#include "tests/support/test_revocation.h"

namespace aldis::test {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr std::string_view phone = "11111111-1111-4111-8111-111111111111";
constexpr std::string_view bind_inline = "<bind xmlns='urn:xmpp:bind:0'><tag>Card</tag></bind>";
constexpr std::string_view ping = "<iq type='get' id='p'><ping xmlns='urn:xmpp:ping'/></iq>";
constexpr std::string_view offered = "<mechanism>EXTERNAL</mechanism>";
constexpr std::string_view success = "<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'></success>";

std::string external(std::string_view authzid = "") { return auth("EXTERNAL", authzid.empty() ? "=" : base64_encode(authzid)); }

class Records final : public log::Sink {
 public:
  Records() { log::set_sink(this); }
  ~Records() override { log::set_sink(nullptr); }
  void write(log::Level, std::string_view event, std::span<const log::Field> fields) override {
    std::string line(event);
    for (const log::Field& field : fields) {
      if (const auto* text = std::get_if<std::string_view>(&field.value)) {
        line.append(" ").append(field.key).append("=").append(*text);
      }
    }
    lines.push_back(line);
  }
  std::vector<std::string> lines;
};

TEST(LobbyCertificate, SomebodysCertificateLogsItsOwnerIn) {  // XEP-0178 section 2
  CardDoor door;
  CardHolder mercutio(door, card("mercutio@capulet.example"));
  EXPECT_THAT(mercutio.features, HasSubstr("<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>" + std::string(offered) +
                                           "<mechanism>SCRAM-SHA-512-PLUS</mechanism>"));
  EXPECT_THAT(mercutio.features, HasSubstr("<authentication xmlns='urn:xmpp:sasl:2'>" + std::string(offered)));
  EXPECT_EQ(mercutio.sends(external()), success);
  mercutio.sends(header);
  EXPECT_THAT(mercutio.sends(bind_balcony), HasSubstr("<jid>mercutio@capulet.example/balcony</jid>"));
  EXPECT_THAT(mercutio.sends(ping), HasSubstr("type='result'"));
  const Principal& principal = door.principal_of("mercutio@capulet.example");
  EXPECT_EQ(principal.mechanism, "EXTERNAL");
  ASSERT_TRUE(principal.certificate.has_value());
  EXPECT_EQ(principal.certificate->subject, "CN=card");
  EXPECT_EQ(principal.certificate->fingerprint.size(), 64U);
  EXPECT_THAT(principal.certificate->xmpp_addresses, testing::ElementsAre("mercutio@capulet.example"));
  EXPECT_THAT(mercutio.sends(stream_end), EndsWith(stream_end));
}

TEST(LobbyCertificate, WorksAfterStarttlsAndWithoutInitialResponse) {
  CardDoor door;
  CardHolder mercutio(door, card("mercutio@capulet.example"), stream::TlsMode::starttls);
  EXPECT_THAT(mercutio.features, HasSubstr(offered));
  EXPECT_THAT(mercutio.sends(auth("EXTERNAL", "")), HasSubstr("<challenge xmlns='urn:ietf:params:xml:ns:xmpp-sasl'></challenge>"));
  EXPECT_EQ(mercutio.sends(response("")), success);
  mercutio.sends(stream_end);
}

TEST(LobbyCertificate, AnswersOfTheStoreMayTakeTheirTime) {
  for (const std::size_t cut : {std::string_view::npos, std::size_t{1}}) {
    SceneOptions options;
    options.answers = MemoryStores::Answers::later;
    CardDoor door(options);
    CardHolder mercutio(door, card("mercutio@capulet.example"));
    EXPECT_THAT(mercutio.sends(external("mercutio@capulet.example") + std::string(header), cut), HasSubstr("<success "));
    EXPECT_THAT(mercutio.sends(bind_balcony, cut), HasSubstr("mercutio@capulet.example/balcony"));
    mercutio.sends(stream_end);
  }
}

TEST(LobbyCertificate, InTheProfileOfXep0388TheCardIsInInOneRoundTrip) {
  CardDoor door;
  CardHolder mercutio(door, card("mercutio@capulet.example"), stream::TlsMode::direct, "mercutio@capulet.example");
  const std::string said = mercutio.sends(
      authenticate("EXTERNAL", "", phone,
                   std::string(bind_inline) + "<request-token xmlns='urn:xmpp:fast:0' mechanism='HT-SHA-256-EXPR'/>"
                                              "<upgrade xmlns='urn:xmpp:sasl:upgrade:0'>UPGR-SCRAM-SHA-256</upgrade>") +
      std::string(ping));
  EXPECT_THAT(said, StartsWith("<success xmlns='urn:xmpp:sasl:2'>"));
  EXPECT_THAT(identifier_in(said), StartsWith("mercutio@capulet.example/Card/"));
  EXPECT_EQ(token_in(said), "") << "a token would outlive the card";
  EXPECT_THAT(said, HasSubstr("type='result' id='p'"));
  mercutio.sends(stream_end);
}

TEST(LobbyCertificate, AStreamIsResumedWithTheCardAndByItsOwnerAlone) {  // XEP-0198 section 5, XEP-0388
  CardDoor door;
  door.scene.has_account("benvolio@capulet.example");
  CardHolder first(door, card("mercutio@capulet.example"));
  const std::string said = first.sends(authenticate(
      "EXTERNAL", "", phone, "<bind xmlns='urn:xmpp:bind:0'><enable xmlns='urn:xmpp:sm:3' resume='true'/></bind>"));
  const std::string id = between(between(said, "<enabled ", "/>"), " id='", "'");
  ASSERT_NE(id, "") << said;
  first.cuts();
  const std::string resume = "<resume xmlns='urn:xmpp:sm:3' h='0' previd='" + id + "'/>";
  CardHolder thief(door, card("benvolio@capulet.example"));
  EXPECT_THAT(thief.sends(authenticate("EXTERNAL", "", phone, resume)), HasSubstr("<item-not-found"));
  thief.sends(stream_end);
  CardHolder back(door, card("mercutio@capulet.example"));
  EXPECT_THAT(back.sends(authenticate("EXTERNAL", "", phone, resume)), AllOf(StartsWith("<success "), HasSubstr("<resumed ")));
  EXPECT_THAT(back.sends(ping), HasSubstr("type='result'"));
  back.sends(stream_end);
}

// Whom the certificate names, what is asked for, and what becomes of it.
struct AuthzidRow {
  std::string why;
  std::vector<std::string> addresses;
  std::string authzid;
  std::string said;   // the identity that is bound, or a condition
};

TEST(LobbyCertificate, NobodyIsAnybodyElse) {  // security S01, S10
  const std::string mercutio = "mercutio@capulet.example";
  const std::string nurse = "nurse@capulet.example";
  for (const AuthzidRow& row : std::vector<AuthzidRow>{
           {"one, none asked for", {mercutio}, "", mercutio},
           {"one, itself", {mercutio}, mercutio, mercutio},
           {"one, itself in capitals", {mercutio}, "MERCUTIO@capulet.example", mercutio},
           {"another of the domain", {mercutio}, nurse, "invalid-authzid"},
           {"another who is no account", {mercutio}, "tybalt@capulet.example", "invalid-authzid"},
           {"itself in another domain", {mercutio}, "mercutio@montague.example", "invalid-authzid"},
           {"a localpart", {mercutio}, "mercutio", "invalid-authzid"},
           {"with a resource", {mercutio}, mercutio + "/balcony", "invalid-authzid"},
           {"two at once", {mercutio}, mercutio + "," + nurse, "invalid-authzid"},
           {"not an address", {mercutio}, "mer cutio@capulet.example", "invalid-authzid"},
           {"a NUL", {mercutio}, mercutio + std::string(1, '\0'), "malformed-request"},
           {"10 KB", {mercutio}, std::string(5'000, 'a'), "malformed-request"},
           {"several, none asked for", {mercutio, nurse}, "", "invalid-authzid"},
           {"several, the second", {mercutio, nurse}, nurse, nurse},
           {"several, a third", {mercutio, nurse}, "juliet@capulet.example", "invalid-authzid"},
           {"one of this domain among others", {"mercutio@montague.example", mercutio, "x@elsewhere.example"}, "", mercutio},
           {"one account among addresses", {"tybalt@capulet.example", mercutio}, "", mercutio}}) {
    CardDoor door;
    door.scene.has_account(nurse);
    std::string names;
    for (const std::string& address : row.addresses) {
      names += (names.empty() ? "" : ",") + xmpp_name(address);
    }
    CardHolder holder(door, card_with({.names = names}));
    ASSERT_THAT(holder.features, HasSubstr(offered)) << row.why;
    const std::string said = holder.sends(external(row.authzid));
    if (row.said.find('@') == std::string::npos) {
      EXPECT_EQ(said, failure(row.said)) << row.why;
      EXPECT_EQ(door.scene.home().session_count(), 2U);
    } else {
      EXPECT_EQ(said, success) << row.why;
      holder.sends(header);
      EXPECT_THAT(holder.sends(bind_balcony), HasSubstr("<jid>" + row.said + "/balcony</jid>")) << row.why;
    }
    holder.sends(stream_end);
  }
}

TEST(LobbyCertificate, TheStreamsFromIsTheBearers) {  // XEP-0388 section 2.3
  CardDoor door;
  CardHolder mercutio(door, card("mercutio@capulet.example"), stream::TlsMode::direct, "juliet@capulet.example");
  EXPECT_THAT(mercutio.sends(authenticate("EXTERNAL", "", phone, bind_inline)), HasSubstr("<invalid-authzid "));
  mercutio.sends(stream_end);
  door.expects_nothing_kept();
}

// Security C01, C02, S03: what is not offered is refused by its name, and the client learns nothing more.
TEST(LobbyCertificate, WhoIsNobodyIsOfferedNothing) {
  static const Identity stranger_ca = issue(authority("Padua Root"), nullptr);
  static const Identity not_an_issuer = card_with({.names = xmpp_name("mercutio@capulet.example"), .key = "P-256/leaf issuer"});
  const Recipe good{.common_name = "card", .names = xmpp_name("mercutio@capulet.example"), .key = "P-256/card"};
  const auto with = [&](auto change) {
    Recipe changed = good;
    change(changed);
    return issue(changed, &intermediate_authority());
  };
  const auto extension = [&](std::string name, std::string value) {
    return with([&](Recipe& r) { r.extensions.emplace_back(std::move(name), std::move(value)); });
  };
  struct Row {
    std::string why;
    Identity identity;
    std::string step;
  };
  for (const Row& row : std::vector<Row>{
           {"of another authority", issue(good, &stranger_ca), "trust"},
           {"signed by itself", issue(good, nullptr), "trust"},
           {"issued by a person's certificate", issue(good, &not_an_issuer), "trust"},
           {"expired", with([](Recipe& r) { r.from = std::chrono::hours(-48), r.to = std::chrono::hours(-1); }), "trust"},
           {"not valid yet", with([](Recipe& r) { r.from = std::chrono::hours(1); }), "trust"},
           {"for servers only", extension("extendedKeyUsage", "serverAuth"), "trust"},
           {"for signing mail only", extension("extendedKeyUsage", "emailProtection"), "trust"},
           {"for encryption only", extension("keyUsage", "critical,keyEncipherment"), "trust"},
           {"with a critical extension nobody knows", extension("1.2.3.4.5", "critical,DER:0500"), "trust"},
           {"of version 1", with([](Recipe& r) { r.is_v1 = true; }), "trust"},
           {"without a name", with([](Recipe& r) { r.names.clear(); }), "nobody"},
           {"whose common name is an address", with([](Recipe& r) { r.names.clear(), r.common_name = "mercutio@capulet.example"; }), "nobody"},
           {"whose mail is an address", with([](Recipe& r) { r.names = "email:mercutio@capulet.example"; }), "nobody"},
           {"whose UPN is an address", with([](Recipe& r) { r.names = "otherName:1.3.6.1.4.1.311.20.2.3;UTF8:mercutio@capulet.example"; }), "nobody"},
           {"with the address as IA5String", with([](Recipe& r) { r.names = "otherName:1.3.6.1.5.5.7.8.5;IA5:mercutio@capulet.example"; }), "nobody"},
           {"with the address as dNSName", with([](Recipe& r) { r.names = "DNS:mercutio.capulet.example"; }), "nobody"},
           {"of the domain itself", with([](Recipe& r) { r.names = xmpp_name("capulet.example"); }), "nobody"},
           {"of another domain", with([](Recipe& r) { r.names = xmpp_name("romeo@montague.example"); }), "nobody"},
           {"of somebody without an account", with([](Recipe& r) { r.names = xmpp_name("tybalt@capulet.example"); }), "nobody"},
           {"with a NUL in the address",
            with([](Recipe& r) {
              r.names.clear();
              const std::string address = std::string("mercutio@capulet.example") + '\0' + ".evil.example";
              r.extensions.emplace_back("subjectAltName", der_value(der(0x30, der_other_name("\x2b\x06\x01\x05\x05\x07\x08\x05", der(0x0C, address)))));
            }),
            "nobody"}}) {
    Records records;
    CardDoor door;
    CardHolder holder(door, row.identity);
    EXPECT_THAT(holder.features, AllOf(Not(HasSubstr("EXTERNAL")), HasSubstr("SCRAM-SHA-256"))) << row.why;
    EXPECT_EQ(holder.sends(external()), failure("invalid-mechanism")) << row.why;
    EXPECT_EQ(holder.sends(external("mercutio@capulet.example")), failure("invalid-mechanism")) << row.why;
    EXPECT_THAT(records.lines, Contains(AllOf(StartsWith("audit-client-certificate-refused domain=capulet.example step=" + row.step + " "),
                                              HasSubstr("source=192.0.2.1"))))
        << row.why;
    holder.sends(stream_end);
    door.expects_nothing_kept();
  }
}

TEST(LobbyCertificate, WithoutACertificatePasswordsWorkAsEver) {
  CardDoor door;
  Phone line(door);
  EXPECT_THAT(line.features, Not(HasSubstr("EXTERNAL")));
  EXPECT_EQ(line.sends(external()), failure("invalid-mechanism"));
  EXPECT_THAT(line.logs_in("mercutio", "queen-mab"), HasSubstr("<success "));
  line.sends(stream_end);
  CardHolder holder(door, card("mercutio@capulet.example"));
  EXPECT_THAT(holder.logs_in("mercutio", "queen-mab"), HasSubstr("<success ")) << "and so they do with one";
  holder.sends(header);
  holder.sends(bind_balcony);
  EXPECT_FALSE(door.principal_of("mercutio@capulet.example").certificate.has_value()) << "the password is what counted";
  holder.sends(stream_end);
}

TEST(LobbyCertificate, WhereItIsRequiredNothingElseIsOffered) {
  for (const bool by_listener : {false, true}) {
    CardDoor door({}, by_listener ? CertificateUse::optional : CertificateUse::required);
    const auto entrance = by_listener ? CertificateUse::required : CertificateUse::optional;
    CardHolder mercutio(door, card("mercutio@capulet.example"), stream::TlsMode::direct, "", entrance);
    EXPECT_THAT(mercutio.features, AllOf(HasSubstr("<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>" + std::string(offered) + "</mechanisms>"),
                                         HasSubstr("<authentication xmlns='urn:xmpp:sasl:2'>" + std::string(offered) + "<inline>"),
                                         Not(HasSubstr("urn:xmpp:fast:0")), Not(HasSubstr("sasl:upgrade")),
                                         Not(HasSubstr("sasl-channel-binding")), Not(HasSubstr("iq-register"))));
    EXPECT_EQ(mercutio.sends(plain("", "mercutio", "queen-mab")), failure("invalid-mechanism"));
    EXPECT_EQ(mercutio.sends(external()), success);
    mercutio.sends(stream_end);
    CardHolder nobody(door, card("tybalt@capulet.example"), stream::TlsMode::direct, "", entrance);
    EXPECT_THAT(nobody.features, Not(HasSubstr("<mechanism>")));
    EXPECT_THAT(nobody.logs_in("mercutio", "queen-mab"), HasSubstr("<invalid-mechanism/>"));
    nobody.sends(stream_end);
    CardHolder bare(door, std::nullopt, stream::TlsMode::direct, "", entrance);
    EXPECT_THAT(bare.features, Not(HasSubstr("<mechanism>")));
    EXPECT_EQ(bare.sends(plain("", "mercutio", "queen-mab")), failure("invalid-mechanism"));
    bare.sends(stream_end);
  }
}

TEST(LobbyCertificate, AnEntranceWithoutCertificatesAsksForNone) {
  CardDoor door;
  CardHolder mercutio(door, card("mercutio@capulet.example"), stream::TlsMode::direct, "", CertificateUse::off);
  EXPECT_THAT(mercutio.features, AllOf(Not(HasSubstr("EXTERNAL")), HasSubstr("SCRAM-SHA-256")));
  mercutio.sends(stream_end);
  CardDoor strict({}, CertificateUse::required);
  CardHolder nobody(strict, card("mercutio@capulet.example"), stream::TlsMode::direct, "", CertificateUse::off);
  EXPECT_THAT(nobody.features, Not(HasSubstr("<mechanism>"))) << "and where the domain requires one nobody comes in there";
  nobody.sends(stream_end);
}

TEST(LobbyCertificate, AnotherDomainsPeopleAreNotAsked) {
  CardDoor door;
  CardHolder romeo(door, card("romeo@montague.example"), stream::TlsMode::direct, "", CertificateUse::optional, "montague.example");
  EXPECT_THAT(romeo.features, AllOf(Not(HasSubstr("EXTERNAL")), HasSubstr("SCRAM-SHA-256")));
  EXPECT_EQ(romeo.sends(external()), failure("invalid-mechanism"));
  romeo.sends(stream_end);
}

TEST(LobbyCertificate, AnAccountThatIsDisabledOrGoneStaysOut) {
  CardDoor door;
  const BareJid mercutio = BareJid::parse("mercutio@capulet.example").value();
  CardHolder before(door, card("mercutio@capulet.example"));
  EXPECT_TRUE(door.scene.wait(door.scene.administration().set_enabled(mercutio, false)).has_value());
  EXPECT_EQ(before.sends(external()), failure("account-disabled"));
  before.sends(stream_end);
  CardHolder late(door, card("mercutio@capulet.example"));
  EXPECT_TRUE(door.scene.wait(door.scene.administration().delete_account(mercutio)).has_value());
  EXPECT_EQ(late.sends(external()), failure("not-authorized"));
  late.sends(stream_end);
  CardHolder after(door, card("mercutio@capulet.example"));
  EXPECT_THAT(after.features, Not(HasSubstr("EXTERNAL")));
  after.sends(stream_end);
}

TEST(LobbyCertificate, ALockoutHoldsForCertificatesToo) {  // security S07
  CardDoor door;
  for (int i = 0; i < 5; ++i) {
    Phone guesser(door);
    EXPECT_THAT(guesser.logs_in("mercutio", "wrong-" + std::to_string(i)), HasSubstr("<not-authorized/>"));
    guesser.sends(stream_end);
  }
  CardHolder mercutio(door, card("mercutio@capulet.example"));
  EXPECT_EQ(mercutio.sends(external()), failure("not-authorized"));
  mercutio.sends(stream_end);
  CardHolder elsewhere(door, card("mercutio@capulet.example"), stream::TlsMode::direct, "", CertificateUse::optional, "capulet.example",
                       "198.51.100.7");
  EXPECT_EQ(elsewhere.sends(external()), success) << "from another source";
  elsewhere.sends(stream_end);
}

// Whatever store call fails: nobody is let in wrongly, and the server goes on.
TEST(LobbyCertificate, AStoreThatFailsLetsNobodyInByMistake) {
  StoresOfScene stores;
  CardDoor door(stores.under({}));
  const std::size_t failures = fail_each_call([&](std::size_t n) {
    std::optional<CardHolder> mercutio;
    std::string said;
    const bool has_failed = stores.fail({.nth = n}, [&] {
      mercutio.emplace(door, card("mercutio@capulet.example"));
      said = mercutio->sends(external());
    });
    EXPECT_TRUE(mercutio->features.find(offered) != std::string::npos) << "who cannot be told whose the certificate is, is told to try again: " << n;
    EXPECT_THAT(said, testing::AnyOf(std::string(success), failure("temporary-auth-failure"))) << n;
    EXPECT_TRUE(has_failed || said == success);
    mercutio->sends(stream_end);
    return has_failed;
  });
  EXPECT_GE(failures, 2U);
}

// ---- sessions that rest on a certificate (security C05, S13)

// Mercutio at work with a card.
struct Session {
  explicit Session(CardDoor& door, std::string address = "mercutio@capulet.example", Identity identity = card("mercutio@capulet.example"))
      : holder(door, std::move(identity)) {
    EXPECT_THAT(holder.sends(authenticate("EXTERNAL", address, "", bind_inline)), HasSubstr("<bound "));
  }
  CardHolder holder;
};

TEST(CertificateSessions, EndWithTheCertificateAndNoOthersDo) {
  CardDoor door;
  const Identity brief = issue({.common_name = "card", .names = xmpp_name("mercutio@capulet.example"), .key = "P-256/card",
                                .to = std::chrono::hours(1)},
                               &intermediate_authority());
  Session soon(door, "mercutio@capulet.example", brief);
  Session other(door);
  Records records;
  door.scene.advance(std::chrono::minutes(59));
  EXPECT_THAT(soon.holder.sends(ping), HasSubstr("type='result'"));
  door.scene.advance(std::chrono::minutes(2));
  EXPECT_THAT(soon.holder.hears(), AllOf(HasSubstr(stream_error("not-authorized")), EndsWith(stream_end)));
  EXPECT_THAT(other.holder.sends(ping), HasSubstr("type='result'"));
  EXPECT_THAT(records.lines, Contains(AllOf(StartsWith("audit-session-certificate jid=mercutio@capulet.example/"), HasSubstr("step=trust"))));
  other.holder.sends(stream_end);
}

TEST(CertificateSessions, EndWithinAMinuteWhenTheirIssuerIsTrustedNoMore) {
  CardDoor door;
  Session session(door);
  door.configure(CertificateUse::optional, issue(authority("Padua Root"), nullptr).pem());
  door.scene.advance(std::chrono::seconds(59));
  EXPECT_THAT(session.holder.hears(), HasSubstr(stream_error("not-authorized")));
}

TEST(CertificateSessions, EndWithinAMinuteOfTheirRevocation) {
  CardDoor door;
  door.scene.has_account("benvolio@capulet.example");
  const auto known = std::make_shared<tls::RevocationCache>();
  door.scene.certificate_judge().configure(policies_of(CertificateUse::optional, root_authority().pem(), tls::RevocationMode::soft, known));
  const Identity lost = card_with({.names = xmpp_name("mercutio@capulet.example")});
  Session thief(door, "mercutio@capulet.example", lost);
  Session other(door, "benvolio@capulet.example", card("benvolio@capulet.example"));
  EXPECT_EQ(known->import_crls(make_crl(intermediate_authority(), {.revoked = {&lost}})).value_or(0), 1U);
  Records records;
  door.scene.advance(std::chrono::seconds(59));
  EXPECT_THAT(thief.holder.hears(), HasSubstr(stream_error("not-authorized")));
  EXPECT_THAT(other.holder.sends(ping), HasSubstr("type='result'"));
  EXPECT_THAT(records.lines, Contains(AllOf(StartsWith("audit-session-certificate jid=mercutio@capulet.example/"), HasSubstr("revoked"))));
  CardHolder again(door, lost);
  EXPECT_THAT(again.features, Not(HasSubstr("EXTERNAL")));
  again.sends(stream_end);
  other.holder.sends(stream_end);
}

TEST(CertificateSessions, NeedAWordAboutRevocationWhereTheDomainInsists) {  // security C05: hard failure
  CardDoor door;
  const auto known = std::make_shared<tls::RevocationCache>();
  door.scene.certificate_judge().configure(policies_of(CertificateUse::optional, root_authority().pem(), tls::RevocationMode::hard, known));
  CardHolder early(door, card("mercutio@capulet.example"));
  EXPECT_THAT(early.features, Not(HasSubstr("EXTERNAL")));
  early.sends(stream_end);
  EXPECT_TRUE(known->import_crls(make_crl(root_authority(), {.to = std::chrono::hours(48)})).has_value());
  EXPECT_TRUE(known->import_crls(make_crl(intermediate_authority(), {.to = std::chrono::hours(2)})).has_value());
  Session session(door);
  door.scene.advance(std::chrono::minutes(119));
  EXPECT_THAT(session.holder.sends(ping), HasSubstr("type='result'"));
  door.scene.advance(std::chrono::minutes(3));
  EXPECT_THAT(session.holder.hears(), HasSubstr(stream_error("not-authorized"))) << "the list is not current any more";
}

TEST(CertificateSessions, EndWhenTheDomainGivesCertificatesUp) {
  CardDoor door;
  Session session(door);
  door.scene.advance(std::chrono::seconds(30));
  door.scene.certificate_judge().configure({});
  door.scene.advance(std::chrono::seconds(59));
  EXPECT_THAT(session.holder.hears(), HasSubstr(stream_error("not-authorized")));
}

TEST(CertificateSessions, EndWhenTheCertificateIsTheAccountsNoMore) {
  CardDoor door;
  const BareJid mercutio = BareJid::parse("mercutio@capulet.example").value();
  const Identity mailed = card_with({.names = "email:m@capulet.example"});
  auto& certificates = door.scene.stores().certificates;
  EXPECT_TRUE(door.scene.wait(certificates.add(mercutio, {CertificateKey::mail, "m@capulet.example", {}}, 9)).has_value());
  Session session(door, "", mailed);
  door.scene.advance(std::chrono::minutes(5));
  EXPECT_THAT(session.holder.sends(ping), HasSubstr("type='result'"));
  EXPECT_TRUE(door.scene.wait(certificates.remove(mercutio, CertificateKey::mail, "m@capulet.example")).has_value());
  door.scene.advance(std::chrono::seconds(59));
  EXPECT_THAT(session.holder.hears(), HasSubstr(stream_error("not-authorized")));
}

TEST(CertificateSessions, WaitForNobodyWhoseCertificateHasEnded) {  // security S13: what could be resumed is gone too
  CardDoor door;
  CardHolder first(door, card("mercutio@capulet.example"));
  first.sends(authenticate("EXTERNAL", "", phone, "<bind xmlns='urn:xmpp:bind:0'><enable xmlns='urn:xmpp:sm:3' resume='true'/></bind>"));
  first.cuts();
  EXPECT_EQ(door.scene.home().session_count(), 3U);
  door.configure(CertificateUse::optional, issue(authority("Padua Root"), nullptr).pem());
  door.scene.advance(std::chrono::seconds(59));
  EXPECT_EQ(door.scene.home().session_count(), 2U);
}

TEST(CertificateSessions, GoOnWhileTheDirectoryCannotBeAsked) {
  StoresOfScene stores;
  CardDoor door(stores.under({}));
  Session session(door);
  EXPECT_TRUE(stores.fail({.nth = 0, .fails_ever_after = true}, [&] { door.scene.advance(std::chrono::minutes(3)); }));
  EXPECT_THAT(session.holder.sends(ping), HasSubstr("type='result'"));
  session.holder.sends(stream_end);
}

}  // namespace
}  // namespace aldis::test
