// RFC 6121 sections 3 and 4 with a contact whose server is another: both sides of a subscription, presence, probes, directed
// presence, and what an unknown server's users learn. The nurse is the bystander.
#include "tests/support/scene.h"

namespace aldis::test {
namespace {

struct Verona {
  explicit Verona(Subscription subscription = Subscription::none) {
    if (subscription != Subscription::none) scene.are_contacts("juliet@capulet.example", "romeo@verona.example", subscription);
    juliet = &scene.login("juliet@capulet.example/balcony");
    nurse = &scene.login("nurse@capulet.example/hall");
    nurse->comes_online();
  }
  Scene scene;
  SceneAbroad& abroad = scene.abroad();
  Client* juliet = nullptr;
  Client* nurse = nullptr;
  void comes_online() {
    juliet->wants_roster();
    juliet->comes_online();
    abroad.ignores_the_rest();
  }
};

TEST(PresenceAbroad, IsBroadcastAndProbed) {  // 4.2.2, 4.3.1
  Verona v(Subscription::both);
  v.juliet->sends("<presence><show>away</show></presence>");
  v.juliet->receives("from='juliet@capulet.example/balcony'");
  v.abroad.receives({"<presence to='romeo@verona.example' from='juliet@capulet.example/balcony'", "<show>away</show>"});
  v.abroad.receives({"type='probe'", "to='romeo@verona.example'", "from='juliet@capulet.example/balcony'"});
  v.juliet->sends("<presence><show>dnd</show></presence>");
  v.juliet->receives("dnd");
  v.abroad.receives("<show>dnd</show>");
  v.juliet->sends("</stream:stream>");
  v.juliet->ignores_the_rest();
  v.abroad.receives({"type='unavailable'", "to='romeo@verona.example'", "from='juliet@capulet.example/balcony'"});
}

TEST(PresenceAbroad, DirectionOfTheSubscriptionCounts) {
  Verona v(Subscription::to);
  v.juliet->comes_online();
  v.abroad.receives("type='probe'");
  v.abroad.receives_nothing();
  Verona w(Subscription::from);
  w.juliet->comes_online();
  const std::string presence = w.abroad.receives("from='juliet@capulet.example/balcony'");
  EXPECT_EQ(presence.find("probe"), std::string::npos);
}

TEST(PresenceAbroad, OfAContactReachesAvailableResources) {  // 4.2.3, 8.5.2.1.2
  Verona v(Subscription::both);
  const std::string presence = "<presence from='romeo@verona.example/orchard' to='juliet@capulet.example'/>";
  v.abroad.sends(presence);
  v.juliet->receives_nothing();  // it is the contact's server that remembers
  v.comes_online();
  v.abroad.sends(presence);
  v.juliet->receives("from='romeo@verona.example/orchard'");
  v.abroad.sends("<presence type='unavailable' from='romeo@verona.example/orchard' to='juliet@capulet.example'/>");
  v.juliet->receives("type='unavailable'");
}

TEST(PresenceAbroad, ProbesAreAnsweredToSubscribersAlone) {  // 4.3.2, security L02
  Verona v(Subscription::both);
  v.abroad.sends("<presence type='probe' from='romeo@verona.example' to='juliet@capulet.example'/>");
  v.abroad.receives({"type='unavailable'", "from='juliet@capulet.example'", "to='romeo@verona.example'"});
  v.comes_online();
  v.abroad.sends("<presence type='probe' from='romeo@verona.example/orchard' to='juliet@capulet.example'/>");
  v.abroad.receives({"<presence to='romeo@verona.example", "from='juliet@capulet.example/balcony'"});
  for (const std::string_view somebody : {"juliet", "nurse", "nobody"}) {
    v.abroad.sends("<presence type='probe' from='paris@verona.example' to='" + std::string(somebody) + "@capulet.example'/>");
    v.abroad.receives({"type='unsubscribed'", "from='" + std::string(somebody) + "@capulet.example'", "to='paris@verona.example'"});
  }
  v.abroad.sends("<presence type='probe' from='paris@verona.example' to='capulet.example'/>");
  v.abroad.receives_nothing();
}

TEST(PresenceAbroad, DirectedIsFollowedByUnavailable) {  // 4.6.3, security L03
  Verona v;
  v.juliet->comes_online();
  v.juliet->sends("<presence to='court@verona.example/juliet'/>");
  v.abroad.receives({"<presence to='court@verona.example/juliet' from='juliet@capulet.example/balcony'"});
  v.juliet->sends("<presence to='ball@verona.example'/><presence to='ball@verona.example' type='unavailable'/>");
  v.abroad.receives("to='ball@verona.example'");
  v.abroad.receives({"to='ball@verona.example'", "type='unavailable'"});
  v.abroad.sends("<presence type='probe' from='court@verona.example' to='juliet@capulet.example'/>");  // it is no secret there
  v.abroad.receives({"to='court@verona.example'", "from='juliet@capulet.example/balcony'"});
  v.juliet->cuts_the_line();
  v.abroad.receives({"type='unavailable'", "to='court@verona.example/juliet'", "from='juliet@capulet.example/balcony'"});
}

TEST(PresenceAbroad, ThatDoesNotArriveIsToldToWhoSentItDirectly) {
  Verona v(Subscription::both);
  v.juliet->comes_online();
  EXPECT_EQ(v.abroad.waiting(), 2U);
  v.abroad.gives_back(StanzaCondition::remote_server_not_found);  // the broadcast and the probe: nobody's business
  v.juliet->receives_nothing();
  v.juliet->sends("<presence id='d' to='court@nowhere.example/juliet'/>");
  v.abroad.gives_back(StanzaCondition::remote_server_not_found);
  v.juliet->receives_error("d", "remote-server-not-found");
  v.juliet->sends("<presence id='s' type='subscribe' to='friar@nowhere.example'/>");
  v.abroad.gives_back(StanzaCondition::remote_server_not_found);
  v.juliet->receives_error("s", "remote-server-not-found");
  v.abroad.ignores_the_rest();
}

// ---- section 3

TEST(SubscriptionsAbroad, AreAskedForAndGranted) {  // 3.1, as the user's server
  Verona v;
  v.comes_online();
  v.juliet->sends("<presence to='romeo@verona.example/orchard' type='subscribe' id='s1'/>");
  v.juliet->receives({"jabber:iq:roster", "jid='romeo@verona.example'", "ask='subscribe'", "subscription='none'"});
  v.abroad.receives({"type='subscribe'", "to='romeo@verona.example'", "from='juliet@capulet.example'", "id='s1'"});
  v.abroad.sends("<presence type='subscribed' from='romeo@verona.example/orchard' to='juliet@capulet.example'/>");
  v.juliet->receives({"type='subscribed'", "from='romeo@verona.example'", "to='juliet@capulet.example'"});
  v.juliet->receives({"jabber:iq:roster", "subscription='to'"});
  v.abroad.sends("<presence from='romeo@verona.example/orchard' to='juliet@capulet.example'/>");
  v.juliet->receives("from='romeo@verona.example/orchard'");
  v.abroad.receives_nothing();
}

TEST(SubscriptionsAbroad, AreGrantedAndFollowedByPresence) {  // 3.1.3 to 3.1.5, as the contact's server
  Verona v;
  v.comes_online();
  v.abroad.sends("<presence type='subscribe' from='romeo@verona.example' to='juliet@capulet.example'/>");
  v.juliet->receives({"type='subscribe'", "from='romeo@verona.example'"});
  v.abroad.sends("<presence type='subscribe' from='romeo@verona.example' to='juliet@capulet.example'/>");
  v.juliet->receives_nothing();  // pending already
  v.juliet->sends("<presence type='subscribed' to='romeo@verona.example'/>");
  v.juliet->receives({"jabber:iq:roster", "jid='romeo@verona.example'", "subscription='from'"});
  v.abroad.receives({"type='subscribed'", "from='juliet@capulet.example'", "to='romeo@verona.example'"});
  v.abroad.receives({"<presence to='romeo@verona.example' from='juliet@capulet.example/balcony'"});
  v.abroad.sends("<presence type='subscribe' from='romeo@verona.example' to='juliet@capulet.example'/>");  // 3.1.3: on her behalf
  v.abroad.receives("type='subscribed'");
  v.abroad.receives("from='juliet@capulet.example/balcony'");
  v.juliet->receives_nothing();
}

TEST(SubscriptionsAbroad, OfSomebodyAwayWaitAndOfNobodyAreIgnored) {  // 3.1.3, 8.5.1
  Verona v;
  v.abroad.sends("<presence type='subscribe' from='romeo@verona.example' to='nobody@capulet.example'/>");
  v.abroad.sends("<presence type='subscribe' from='romeo@verona.example' to='juliet@capulet.example'/>");
  v.abroad.receives_nothing();
  v.juliet->comes_online();
  v.juliet->receives({"type='subscribe'", "from='romeo@verona.example'"});
}

TEST(SubscriptionsAbroad, End) {  // 3.2, 3.3, 2.5
  Verona v(Subscription::both);
  v.comes_online();
  v.abroad.sends("<presence type='unsubscribe' from='romeo@verona.example' to='juliet@capulet.example'/>");
  v.juliet->receives({"type='unsubscribe'", "from='romeo@verona.example'"});
  v.juliet->receives("subscription='to'");
  v.abroad.receives({"type='unavailable'", "from='juliet@capulet.example/balcony'", "to='romeo@verona.example'"});
  v.abroad.receives({"type='unsubscribed'", "from='juliet@capulet.example'"});
  v.abroad.sends("<presence type='unsubscribed' from='romeo@verona.example' to='juliet@capulet.example'/>");
  v.juliet->receives("type='unsubscribed'");
  v.juliet->receives("subscription='none'");
  Verona w(Subscription::both);
  w.comes_online();
  w.juliet->sends("<presence type='unsubscribed' to='romeo@verona.example'/>");
  w.juliet->receives("subscription='to'");
  w.abroad.receives("type='unavailable'");
  w.abroad.receives("type='unsubscribed'");
  w.juliet->asks("set", "", "<query xmlns='jabber:iq:roster'><item jid='romeo@verona.example' subscription='remove'/></query>");
  w.juliet->receives("subscription='remove'");
  w.abroad.receives("type='unsubscribe'");
}

TEST(SubscriptionsAbroad, UnaskedAnswersChangeNothing) {  // A.3
  Verona v;
  v.comes_online();
  for (const std::string_view verb : {"subscribed", "unsubscribed", "unsubscribe"}) {
    v.abroad.sends("<presence type='" + std::string(verb) + "' from='romeo@verona.example' to='juliet@capulet.example'/>");
  }
  v.juliet->receives_nothing();
  v.abroad.receives_nothing();
}

TEST(PresenceAbroad, AnAccountThatIsRemovedTakesItsLeave) {
  Verona v(Subscription::both);
  const auto removed = v.scene.wait(v.scene.administration().delete_account(*BareJid::parse("juliet@capulet.example")));
  ASSERT_TRUE(removed.has_value());
  v.abroad.receives_among({"type='unsubscribe'", "from='juliet@capulet.example'"});
  v.abroad.receives_among({"type='unsubscribed'", "from='juliet@capulet.example'"});
  v.abroad.ignores_the_rest();
  v.juliet->ignores_the_rest();
}

}  // namespace
}  // namespace aldis::test
