// Dialback keys (XEP-0185) and elements (XEP-0220).
#include "stream/dialback.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "base/random.h"
#include "xmpp/namespaces.h"

namespace aldis::stream {
namespace {

using testing::HasSubstr;

SecretBytes secret_of(std::string_view text) { return SecretBytes(text); }

TEST(DialbackKey, IsTheOneOfTheSpecification) {  // XEP-0185 section 3
  const DialbackKey keys(secret_of("s3cr3tf0rd14lb4ck"));
  EXPECT_EQ(keys.make({.from = "example.org", .to = "xmpp.example.com"}, "D60000229F"),
            "37c69b1cf07a3f67c04a5ef5902fa5114f2c76fe4a2686482ba5b89323075643");
  EXPECT_EQ(keys.make({.from = "capulet.example", .to = "montague.example"}, "D60000229F"),
            "b4835385f37fe2895af6c196b59097b16862406db80559900d96bf6fa7d23df3")
      << "XEP-0220 section 2.1.1";
}

TEST(DialbackKey, JoinedFieldsStayApart) {  // security D02
  const DialbackKey keys(secret_of("a secret of this installation"));
  const std::vector<std::pair<DomainPair, std::string>> alike = {
      {{.from = "rm.example.org", .to = "example.info"}, "1"}, {{.from = "form.example.org", .to = "example.in"}, "1"},
      {{.from = "a.example", .to = "b.example"}, "11"},        {{.from = "a.example1", .to = "b.example"}, "1"},
      {{.from = "b.example", .to = "a.example"}, "11"},        {{.from = "a.example", .to = "b.example"}, "1 1"}};
  std::set<std::string> made;
  for (const auto& [pair, id] : alike) {
    const std::string key = keys.make(pair, id);
    EXPECT_TRUE(made.insert(key).second) << pair.from << " " << pair.to << " " << id;
    for (const auto& [other, other_id] : alike) {
      EXPECT_EQ(keys.check(other, other_id, key), other == pair && other_id == id);
    }
  }
}

TEST(DialbackKey, NoTwoInstallationsShareKeys) {  // security D02
  SystemRandom random;
  const DomainPair pair{.from = "a.example", .to = "b.example"};
  const DialbackKey one(DialbackKey::make_secret(random));
  const DialbackKey two(DialbackKey::make_secret(random));
  EXPECT_FALSE(two.check(pair, "1", one.make(pair, "1")));
  EXPECT_EQ(DialbackKey::make_secret(random).size(), 32U);
}

TEST(DialbackKey, ARotatedSecretIsStillRecognised) {
  const DomainPair pair{.from = "a.example", .to = "b.example"};
  const DialbackKey before(secret_of("the first secret of all"));
  const DialbackKey after(secret_of("the second secret of all"), secret_of("the first secret of all"));
  const DialbackKey later(secret_of("the third secret of all"), secret_of("the second secret of all"));
  EXPECT_TRUE(after.check(pair, "1", before.make(pair, "1")));
  EXPECT_NE(after.make(pair, "1"), before.make(pair, "1"));
  EXPECT_FALSE(later.check(pair, "1", before.make(pair, "1")));
  EXPECT_FALSE(before.check(pair, "1", ""));
  EXPECT_FALSE(before.check(pair, "1", before.make(pair, "1").substr(1)));
}

DialbackElement read(const std::string& xml) {
  const auto document = xml::parse(xml, {"jabber:server", {{"db", std::string(ns::dialback)}}});
  EXPECT_TRUE(document) << xml;
  const auto element = read_dialback((*document)->root());
  EXPECT_TRUE(element) << xml;
  return element.value_or(DialbackElement{});
}

TEST(DialbackElement, IsReadAsItIsWritten) {
  using Kind = DialbackElement::Kind;
  using Outcome = KeyVerdict::Outcome;
  for (const DialbackElement& element :
       {DialbackElement{Kind::result, {"a.example", "bücher.example"}, {}, "k<e'y", {}},
        DialbackElement{Kind::verify, {"a.example", "b.example"}, "i'd&", "key", {}},
        DialbackElement{Kind::result, {"a.example", "b.example"}, {}, {}, KeyVerdict{Outcome::valid}},
        DialbackElement{Kind::verify, {"a.example", "b.example"}, "1", {}, KeyVerdict{Outcome::invalid}},
        DialbackElement{Kind::verify, {"a.example", "b.example"}, "1", {}, KeyVerdict{Outcome::failed, StanzaCondition::item_not_found}}}) {
    std::string xml;
    write_dialback(xml, element);
    const DialbackElement again = read(xml);
    EXPECT_EQ(again.kind, element.kind);
    EXPECT_EQ(again.pair, element.pair) << xml;
    EXPECT_EQ(again.id, element.id);
    EXPECT_EQ(again.key, element.key);
    ASSERT_EQ(again.verdict.has_value(), element.verdict.has_value());
    if (element.verdict) {
      EXPECT_EQ(again.verdict->outcome, element.verdict->outcome);
      EXPECT_EQ(again.verdict->condition, element.verdict->condition);
    }
  }
}

}  // namespace
}  // namespace aldis::stream
