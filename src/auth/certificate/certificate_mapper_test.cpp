// Certificate to account as a table: what a certificate says, what the directory knows, whose it is.
#include "auth/certificate/certificate_mapper.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "auth/certificate/certificate_keys.h"

namespace aldis {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

BareJid jid(std::string_view text) { return BareJid::parse(text).value(); }

// A directory that answers from a table, at once.
class TableDirectory final : public CertificateDirectory {
 public:
  std::map<std::pair<CertificateKey, std::string>, std::vector<BareJid>> table;
  std::vector<BareJid> accounts{jid("juliet@capulet.example"), jid("nurse@capulet.example"), jid("romeo@montague.example")};
  bool is_away = false;
  std::size_t questions = 0;

  Task<Result<std::vector<BareJid>>> find(std::string domain, CertificateKey key, std::string value) override {
    ++questions;
    EXPECT_EQ(domain, "capulet.example");
    if (is_away) {
      co_return fail(ErrorKind::unavailable, "the directory does not answer");
    }
    const auto found = table.find({key, value});
    co_return found == table.end() ? std::vector<BareJid>{} : found->second;
  }
  Task<Result<bool>> has_account(BareJid account) override {
    ++questions;
    if (is_away) {
      co_return fail(ErrorKind::unavailable, "the directory does not answer");
    }
    co_return std::ranges::find(accounts, account) != accounts.end();
  }
};

class CertificateMapping : public testing::Test {
 protected:
  static std::vector<CertificateRule> all() {
    std::vector<CertificateRule> rules;
    for (const auto& [name, rule] : certificate_rules) {
      rules.push_back(rule);
    }
    return rules;
  }
  Result<CertificateMatch> match(std::vector<CertificateRule> order = all()) {
    const CertificateMapper mapper(directory, {std::move(order), NamePattern::parse("*.##########").value()});
    std::optional<Result<CertificateMatch>> out;
    spawn([](const CertificateMapper& asked, const tls::CertificateFields& of, std::optional<Result<CertificateMatch>>& to) -> Task<void> {
      Result<CertificateMatch> found = co_await asked.match("capulet.example", of);
      to.emplace(std::move(found));
    }(mapper, fields, out));
    return std::move(out.value());
  }
  // Whose it is, in words.
  std::string whose(std::vector<CertificateRule> order = all()) {
    const auto found = match(std::move(order));
    if (!found) return "error: " + found.error().what;
    std::string text = found->is_conflict ? "conflict by " + std::string(to_string(found->tried.back().rule)) : "";
    for (const BareJid& account : found->accounts) {
      text += (text.empty() ? "" : " ") + std::string(account.local());
    }
    return text.empty() ? "nobody" : text;
  }
  void knows(CertificateKey key, const std::string& value, std::string_view account) {
    directory.table[{key, value}].push_back(jid(account));
  }

  TableDirectory directory;
  tls::CertificateFields fields{.serial = "0a1b", .fingerprint_sha256 = std::string(64, 'e')};
};

TEST_F(CertificateMapping, WithNothingToGoByItIsNobodys) {
  EXPECT_EQ(whose(), "nobody");
  EXPECT_EQ(whose({}), "nobody");
}

TEST_F(CertificateMapping, XmppAddressIsAnAccountsOfThisDomain) {  // RFC 6120 section 13.7.1.4; XEP-0178
  fields.names.xmpp_addr = {"JULIET@Capulet.Example"};
  EXPECT_EQ(whose(), "juliet");
  fields.names.xmpp_addr = {"romeo@montague.example", "juliet@capulet.example", "nurse@capulet.example", "nurse@capulet.example"};
  EXPECT_EQ(whose(), "juliet nurse") << "several: the client says which";
  for (const auto* other : {"romeo@montague.example", "tybalt@capulet.example", "capulet.example", "juliet@capulet.example/balcony",
                            "@capulet.example", "ju liet@capulet.example", "juliet@capulet.example.evil.example", ""}) {
    fields.names.xmpp_addr = {other};
    EXPECT_EQ(whose(), "nobody") << other;
  }
}

TEST_F(CertificateMapping, UpnIsLookedUpAndNeverAnAddress) {
  fields.upn = {"juliet@capulet.example"};
  EXPECT_EQ(whose(), "nobody") << "not by its text alone";
  knows(CertificateKey::upn, "juliet@capulet.example", "nurse@capulet.example");
  EXPECT_EQ(whose(), "nurse");
}

TEST_F(CertificateMapping, UpnOfTenDigitsAtMilIsAnEdipi) {
  knows(CertificateKey::edipi, "1234567890", "juliet@capulet.example");
  fields.upn = {"1234567890@MIL"};
  EXPECT_EQ(whose(), "juliet");
  for (const auto* other : {"1234567890@mil.example", "123456789@mil", "12345678901@mil", "1234567890@", "1234567890", "x1234567890@mil",
                            "123456789a@mil", "1234567890@mil@mil", " 1234567890@mil"}) {
    fields.upn = {other};
    EXPECT_EQ(whose(), "nobody") << other;
  }
}

TEST_F(CertificateMapping, MailIsLookedUp) {
  fields.email = {"Juliet.Capulet@Verona.Example"};
  EXPECT_EQ(whose(), "nobody");
  knows(CertificateKey::mail, "juliet.capulet@verona.example", "juliet@capulet.example");
  EXPECT_EQ(whose(), "juliet");
}

TEST_F(CertificateMapping, CommonNameByPatternOnly) {
  knows(CertificateKey::edipi, "1234567890", "juliet@capulet.example");
  fields.common_names = {"CAPULET.JULIET.Q.1234567890"};
  EXPECT_EQ(whose(), "juliet");
  EXPECT_EQ(whose({CertificateRule::upn, CertificateRule::mail}), "nobody") << "a rule that is not named is off";
  for (const auto* other : {"juliet", "juliet@capulet.example", "CAPULET.JULIET.1234567890 ", "1234567890", "CAPULET.12345678901",
                            "CAPULET.1234567890.JULIET", "CAPULET1234567890", ".123456789"}) {
    fields.common_names = {other};
    EXPECT_EQ(whose(), "nobody") << other;
  }
}

TEST_F(CertificateMapping, PivCardIsKnownByFascnAndUuid) {
  tls::FascN card;
  card.bytes = std::string(50, '3');
  card.person = "1234567890";
  fields.fasc_n = {card};
  fields.uuids = {"f81d4fae-7dec-11d0-a765-00a0c91e6bf6"};
  knows(CertificateKey::edipi, "1234567890", "romeo@capulet.example");
  EXPECT_EQ(whose(), "nobody") << "a card's person is a number of its agency";
  knows(CertificateKey::uuid, "f81d4fae-7dec-11d0-a765-00a0c91e6bf6", "nurse@capulet.example");
  EXPECT_EQ(whose(), "nurse");
  knows(CertificateKey::fascn, std::string(50, '3'), "juliet@capulet.example");
  EXPECT_EQ(whose(), "juliet") << "the first rule that finds somebody";
}

TEST_F(CertificateMapping, CertificateItselfIsKnown) {
  fields.issuer = "CN=Verona CA,O=Verona";
  knows(CertificateKey::issuer_serial, "0a1b CN=Verona CA,O=Verona", "nurse@capulet.example");
  EXPECT_EQ(whose(), "nurse");
  fields.issuer = "CN=Verona CA,O=verona";
  EXPECT_EQ(whose(), "nobody");
  knows(CertificateKey::fingerprint, std::string(64, 'e'), "juliet@capulet.example");
  EXPECT_EQ(whose(), "juliet");
}

TEST_F(CertificateMapping, FirstRuleThatFindsSomebodyDecides) {
  fields.names.xmpp_addr = {"juliet@capulet.example"};
  fields.email = {"n@capulet.example"};
  knows(CertificateKey::mail, "n@capulet.example", "nurse@capulet.example");
  EXPECT_EQ(whose(), "juliet");
  EXPECT_EQ(whose({CertificateRule::mail, CertificateRule::xmpp_address}), "nurse");
  const auto found = match({CertificateRule::upn, CertificateRule::mail, CertificateRule::xmpp_address});
  ASSERT_TRUE(found.has_value());
  ASSERT_EQ(found->tried.size(), 2U) << "what was tried is told, and no more was";
  EXPECT_THAT(found->tried[0].values, IsEmpty());
  EXPECT_THAT(found->tried[1].values, ElementsAre("mail n@capulet.example"));
}

TEST_F(CertificateMapping, TwoAccountsByOneRuleAreAConflict) {
  fields.email = {"a@capulet.example", "b@capulet.example"};
  fields.uuids = {"f81d4fae-7dec-11d0-a765-00a0c91e6bf6"};
  knows(CertificateKey::uuid, "f81d4fae-7dec-11d0-a765-00a0c91e6bf6", "nurse@capulet.example");
  knows(CertificateKey::mail, "a@capulet.example", "juliet@capulet.example");
  EXPECT_EQ(whose(), "juliet");
  knows(CertificateKey::mail, "b@capulet.example", "juliet@capulet.example");
  EXPECT_EQ(whose(), "juliet") << "twice the same";
  knows(CertificateKey::mail, "b@capulet.example", "nurse@capulet.example");
  EXPECT_EQ(whose(), "conflict by mail") << "and no further rule mends it";
  EXPECT_THAT(match()->accounts, IsEmpty());
}

TEST_F(CertificateMapping, UpnAndItsEdipiTogetherAreOneRule) {
  fields.upn = {"1234567890@mil"};
  knows(CertificateKey::upn, "1234567890@mil", "juliet@capulet.example");
  EXPECT_EQ(whose(), "juliet");
  knows(CertificateKey::edipi, "1234567890", "nurse@capulet.example");
  EXPECT_EQ(whose(), "conflict by upn");
}

TEST_F(CertificateMapping, DirectoryCannotNameAnotherDomainsAccount) {
  fields.email = {"r@montague.example"};
  knows(CertificateKey::mail, "r@montague.example", "romeo@montague.example");
  EXPECT_EQ(whose(), "nobody");
}

TEST_F(CertificateMapping, DoubtIsAnError) {  // security S09
  directory.is_away = true;
  fields.names.xmpp_addr = {"juliet@capulet.example"};
  EXPECT_EQ(whose(), "error: the directory does not answer");
  fields.names.xmpp_addr.clear();
  fields.upn = {"1234567890@mil"};
  EXPECT_EQ(whose(), "error: the directory does not answer");
  EXPECT_EQ(directory.questions, 2U) << "no further rule is asked";
}

struct Written {
  CertificateKey key;
  std::string text;
  std::string stored;   // empty: it is refused
};

TEST(CertificateKeys, AreStoredInOneForm) {
  const std::string colons = "AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99";
  const std::string plain = "aabbccddeeff00112233445566778899aabbccddeeff00112233445566778899";
  for (const Written& row : std::vector<Written>{
           {CertificateKey::fingerprint, colons, plain},
           {CertificateKey::fingerprint, plain.substr(1), ""},
           {CertificateKey::fingerprint, plain.substr(1) + "g", ""},
           {CertificateKey::issuer_serial, "0A:1B CN=Verona CA,O=X Y", "0a1b CN=Verona CA,O=X Y"},
           {CertificateKey::issuer_serial, "-01 CN=a", "-01 CN=a"},
           {CertificateKey::issuer_serial, "0a1b", ""},
           {CertificateKey::issuer_serial, "0a1b ", ""},
           {CertificateKey::issuer_serial, "xyz CN=a", ""},
           {CertificateKey::issuer_serial, " CN=a", ""},
           {CertificateKey::upn, "Juliet@Verona", "juliet@verona"},
           {CertificateKey::upn, "juliet", ""},
           {CertificateKey::mail, "J@Verona.Example", "j@verona.example"},
           {CertificateKey::mail, "j@a@b", ""},
           {CertificateKey::mail, "@b", ""},
           {CertificateKey::mail, "j @b", ""},
           {CertificateKey::edipi, "1234567890", "1234567890"},
           {CertificateKey::edipi, "123456789", ""},
           {CertificateKey::edipi, "123456789a", ""},
           {CertificateKey::fascn, std::string(50, 'A'), std::string(50, 'a')},
           {CertificateKey::fascn, std::string(48, 'A'), ""},
           {CertificateKey::uuid, "urn:uuid:F81D4FAE-7dec-11d0-a765-00a0c91e6bf6", "f81d4fae-7dec-11d0-a765-00a0c91e6bf6"},
           {CertificateKey::uuid, "f81d4fae7dec11d0a76500a0c91e6bf6", ""},
           {CertificateKey::mail, std::string(5000, 'a') + "@b", ""}}) {
    const auto prepared = prepare_certificate_value(row.key, row.text);
    EXPECT_EQ(prepared.value_or(""), row.stored) << to_string(row.key) << " " << row.text;
    EXPECT_EQ(parse_certificate_key(to_string(row.key)), row.key);
  }
  EXPECT_EQ(parse_certificate_key("common-name"), std::nullopt);
}

TEST(NamePattern, TakesDigitsOut) {
  const auto digits = [](std::string_view pattern, std::string_view name) {
    return NamePattern::parse(pattern).value().digits_of(name).value_or("none");
  };
  EXPECT_EQ(digits("*.##########", "A.B.1234567890"), "1234567890");
  EXPECT_EQ(digits("*.##########", ".1234567890"), "1234567890");
  EXPECT_EQ(digits("*.##########", "1234567890"), "none");
  EXPECT_EQ(digits("##-##", "12-34"), "1234");
  EXPECT_EQ(digits("##-##", "12-345"), "none");
  EXPECT_EQ(digits("U#*", "U7 and more"), "7");
  EXPECT_EQ(digits("#*#", "1"), "none") << "one digit cannot be both";
  EXPECT_EQ(digits("#*#", "12"), "12");
  for (const auto* bad : {"", "*", "no digits", "*#*"}) {
    EXPECT_FALSE(NamePattern::parse(bad).has_value()) << bad;
  }
}

}  // namespace
}  // namespace aldis
