// Hostile users: what a stranger may learn of others. Numbers such as
// X01 are rows of docs/security-tests.md. What the server emits is read again by a strict reader (tests/support/scene.h).
#include <gmock/gmock.h>

#include "tests/support/failing_scene.h"
#include "tests/support/verona.h"

namespace aldis::test {
namespace {


// ---- what others may learn: L01, L02, L04

TEST(HostileCurious, AStrangerLearnsNothingOfWhoIsThere) {
  Verona verona;
  verona.scene.has_account("paris@capulet.example");  // exists, is offline
  Client& mallory = verona.mallory();
  const auto answer_of = [&](std::string_view stanza, std::string who, std::string_view resource) {
    const std::string bare = who + "@capulet.example";
    const std::string to = bare + std::string(resource);
    std::string sent(stanza);
    sent.replace(sent.find("TO"), 2, to);
    mallory.sends(sent);
    std::string all;
    while (mallory.waiting() > 0) all += mallory.next();
    for (std::size_t at = all.find(bare); at != std::string::npos; at = all.find(bare)) all.replace(at, bare.size(), "WHO");
    return all;
  };
  for (const std::string_view stanza :
       {"<iq type='get' id='1' to='TO'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>",
        "<iq type='get' id='1' to='TO'><query xmlns='http://jabber.org/protocol/disco#info' node='n'/></iq>",
        "<iq type='get' id='1' to='TO'><query xmlns='http://jabber.org/protocol/disco#items'/></iq>",
        "<iq type='get' id='1' to='TO'><query xmlns='jabber:iq:version'/></iq>",
        "<iq type='get' id='1' to='TO'><query xmlns='jabber:iq:last'/></iq>",
        "<iq type='get' id='1' to='TO'><ping xmlns='urn:xmpp:ping'/></iq>", "<iq type='get' id='1' to='TO'><vCard xmlns='vcard-temp'/></iq>",
        "<iq type='get' id='1' to='TO'><query xmlns='jabber:iq:roster'/></iq>",
        "<iq type='set' id='1' to='TO'><query xmlns='jabber:iq:private'><a xmlns='urn:a'/></query></iq>",
        "<iq type='set' id='1' to='TO'><vCard xmlns='vcard-temp'/></iq>", "<presence type='probe' to='TO'/>",
        "<message type='headline' to='TO'><no-copy xmlns='urn:xmpp:hints'/></message>", "<message type='groupchat' id='1' to='TO'/>"}) {
    const std::string online = answer_of(stanza, "juliet", "");
    EXPECT_EQ(answer_of(stanza, "paris", ""), online) << stanza;
    EXPECT_EQ(answer_of(stanza, "nobody", ""), online) << stanza;
    if (stanza.find("probe") == std::string_view::npos && stanza.find("headline") == std::string_view::npos) {
      const std::string present = answer_of(stanza, "juliet", "/balcony");
      EXPECT_EQ(answer_of(stanza, "juliet", "/elsewhere"), std::string(present).replace(present.find("/balcony"), 8, "/elsewhere"));
      EXPECT_EQ(answer_of(stanza, "nobody", "/balcony"), present) << stanza;
    }
  }
  verona.juliet.ignores_the_rest();  // the headlines to her address
  verona.goes_on();
}

// L01: time tells nothing either. What takes time is the store: as many calls for somebody who does not exist as for somebody
// who does, when first asked about and later (`make timing` measures the rest).
TEST(HostileCurious, AsManyStoreCallsForNobodyAsForSomebody) {
  StoresOfScene stores;
  Verona verona(stores.under({}));
  verona.scene.has_account("paris@capulet.example");
  Client& mallory = verona.mallory();
  const auto calls_for = [&](std::string_view who) {
    return stores.calls_of([&] {
      mallory.sends("<iq type='get' id='1' to='" + std::string(who) + "'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>");
      mallory.receives_error("1", "service-unavailable");
    });
  };
  EXPECT_GT(calls_for("paris@capulet.example"), 0U);
  EXPECT_EQ(calls_for("paris@capulet.example"), 0U);
  verona.scene.advance(std::chrono::minutes(2));
  EXPECT_EQ(calls_for("nobody@capulet.example"), calls_for("paris@capulet.example"));
  EXPECT_EQ(calls_for("nobody@capulet.example"), 0U);
  verona.goes_on();
}

TEST(HostileCurious, ANameThatWasAskedAboutCanBeGivenToSomebody) {
  Verona verona;
  Client& mallory = verona.mallory();
  mallory.sends("<message id='1' to='paris@capulet.example'><body>anybody?</body></message>");
  mallory.receives_error("1", "service-unavailable");
  const auto created =
      verona.scene.wait(verona.scene.administration().create_account(*BareJid::parse("paris@capulet.example"), SecretBytes("long enough")));
  ASSERT_TRUE(created.has_value());
  mallory.sends("<message id='2' to='paris@capulet.example'><body>now?</body></message>");
  mallory.receives_nothing();
  Client& paris = verona.scene.login("paris@capulet.example/hall");
  paris.comes_online();
  paris.receives("now?");
  verona.goes_on();
}

}  // namespace
}  // namespace aldis::test
