// RFC 6121 sections 3 (subscriptions) and 4 (presence), and section 2 as far as they change the roster: who is told what, in
// what order, and who must see nothing.
#include "tests/support/failing_scene.h"
#include "tests/support/scene.h"

namespace aldis::test {
namespace {

constexpr auto juliet_jid = "juliet@capulet.example/balcony";
constexpr auto romeo_jid = "romeo@montague.example/orchard";

struct Contacts {
  Scene scene;
  Client* juliet = nullptr;
  Client* romeo = nullptr;
  Client* nurse = nullptr;
  explicit Contacts(Subscription subscription = Subscription::both) {
    if (subscription != Subscription::none) scene.are_contacts("juliet@capulet.example", "romeo@montague.example", subscription);
    juliet = &scene.login(juliet_jid);
    romeo = &scene.login(romeo_jid);
    nurse = &scene.login("nurse@capulet.example/hall");
  }
  void both_online() {
    juliet->wants_roster();
    romeo->wants_roster();
    nurse->comes_online();
    juliet->comes_online();
    romeo->comes_online();
    juliet->ignores_the_rest();
    romeo->ignores_the_rest();
  }
};

TEST(Presence, InitialPresenceIsBroadcastAndProbesAreAnswered) {  // 4.2.2, 4.3
  Contacts c;
  c.romeo->sends("<presence><show>away</show></presence>");
  c.romeo->receives({"from='romeo@montague.example/orchard'", "<show>away</show>"});  // to itself
  c.romeo->receives({"from='juliet@capulet.example'", "type='unavailable'"});         // the probe's answer: nobody there
  c.juliet->receives_nothing();                                                       // not available: gets no presence
  c.juliet->sends("<presence/>");
  c.juliet->receives("from='juliet@capulet.example/balcony'");
  c.juliet->receives({"from='romeo@montague.example/orchard'", "to='juliet@capulet.example/balcony'", "<show>away</show>"});
  c.romeo->receives({"from='juliet@capulet.example/balcony'", "to='romeo@montague.example'"});
  c.nurse->receives_nothing();
}

TEST(Presence, DirectionOfTheSubscriptionCounts) {
  Contacts c(Subscription::to);  // juliet sees romeo, romeo does not see juliet
  c.romeo->comes_online();
  c.juliet->comes_online();
  c.juliet->receives("from='romeo@montague.example/orchard'");
  c.romeo->receives_nothing();
}

TEST(Presence, OtherResourcesOfTheUser) {  // 4.2.2, 4.5.2
  Contacts c;
  c.juliet->comes_online();
  c.juliet->ignores_the_rest();
  Client& chamber = c.scene.login("juliet@capulet.example/chamber");
  chamber.sends("<presence><priority>7</priority></presence>");
  chamber.receives("from='juliet@capulet.example/chamber'");
  chamber.receives_among({"from='juliet@capulet.example/balcony'"});
  chamber.ignores_the_rest();
  c.juliet->receives({"from='juliet@capulet.example/chamber'", "<priority>7</priority>"});
  chamber.sends("<presence type='unavailable'/>");
  c.juliet->receives({"from='juliet@capulet.example/chamber'", "type='unavailable'"});
  chamber.ignores_the_rest();
}

TEST(Presence, UnavailableWhenTheSessionEndsHoweverItEnds) {  // 4.5.2
  for (int way = 0; way < 3; ++way) {
    Contacts c;
    c.both_online();
    if (way == 0) c.juliet->sends("<presence type='unavailable'><status>bye</status></presence>");
    if (way == 1) c.juliet->sends("</stream:stream>");
    if (way == 2) c.juliet->cuts_the_line();
    c.romeo->receives({"from='juliet@capulet.example/balcony'", "type='unavailable'"});
    c.romeo->receives_nothing();
    c.nurse->receives_nothing();
    c.juliet->ignores_the_rest();
  }
}

TEST(Presence, PriorityOutOfRangeIsRefused) {  // 4.7.2.3, security X15
  Contacts c(Subscription::none);
  for (const std::string_view bad : {"128", "-129", "1.5", "high", "", " 1", "+1", "99999999999999999999", "\xd9\xa3"}) {
    c.juliet->sends("<presence id='p'><priority>" + std::string(bad) + "</priority></presence>");
    c.juliet->receives_error("p", "bad-request");
  }
  for (const std::string_view good : {"127", "-128", "0"}) {
    c.juliet->sends("<presence><priority>" + std::string(good) + "</priority></presence>");
    c.juliet->receives("<priority>");
  }
}

TEST(Presence, DirectedPresenceIsFollowedByUnavailable) {  // 4.6.3, security L03
  Contacts c(Subscription::none);
  c.romeo->comes_online();
  c.nurse->comes_online();
  c.juliet->sends("<presence to='romeo@montague.example/orchard'/>");
  c.romeo->receives("from='juliet@capulet.example/balcony'");
  c.juliet->sends("<presence to='nurse@capulet.example'/>");
  c.nurse->receives("from='juliet@capulet.example/balcony'");
  c.juliet->sends("<presence to='nurse@capulet.example' type='unavailable'/>");
  c.nurse->receives("type='unavailable'");
  c.juliet->sends("</stream:stream>");
  c.romeo->receives({"from='juliet@capulet.example/balcony'", "type='unavailable'"});
  c.nurse->receives_nothing();  // it knew already
}

TEST(Presence, AStrangersProbeLearnsNothing) {  // 4.3.2, security L02
  Contacts c(Subscription::none);
  c.juliet->comes_online();
  c.romeo->sends("<presence type='probe' to='juliet@capulet.example'/>");
  c.romeo->sends("<presence type='probe' to='nobody@capulet.example'/>");
  c.romeo->receives_nothing();  // the servers tell each other "unsubscribed", which changes nothing here (A.3.4)
  c.juliet->receives_nothing();
}

TEST(Presence, WithoutToOnlyAvailableAndUnavailableMakeSense) {
  Contacts c(Subscription::none);
  for (const std::string_view type : {"subscribe", "subscribed", "unsubscribe", "unsubscribed", "probe"}) {
    c.juliet->sends("<presence id='x' type='" + std::string(type) + "'/>");
    c.juliet->receives_error("x", "bad-request");
  }
  c.juliet->sends("<presence id='y' type='hiding'/>");
  c.juliet->receives_error("y", "bad-request");
}

// ---- section 3.1: the whole of a mutual subscription, every push in its place
TEST(Subscriptions, RequestAndApproval) {
  Contacts c(Subscription::none);
  c.both_online();
  c.romeo->sends("<presence to='juliet@capulet.example' type='subscribe' id='s1'/>");
  c.romeo->receives({"jabber:iq:roster", "jid='juliet@capulet.example'", "ask='subscribe'", "subscription='none'"});  // 3.1.2
  c.juliet->receives({"type='subscribe'", "from='romeo@montague.example'", "to='juliet@capulet.example'"});           // 3.1.3
  c.juliet->receives_nothing();  // no roster push for a pending request
  c.juliet->sends("<presence to='romeo@montague.example' type='subscribed'/>");
  c.juliet->receives({"jabber:iq:roster", "jid='romeo@montague.example'", "subscription='from'"});                    // 3.1.5
  c.romeo->receives({"type='subscribed'", "from='juliet@capulet.example'"});                                          // 3.1.6
  c.romeo->receives({"jabber:iq:roster", "jid='juliet@capulet.example'", "subscription='to'"});
  c.romeo->receives({"<presence", "from='juliet@capulet.example/balcony'"});
  c.romeo->receives_nothing();
  c.juliet->sends("<presence to='romeo@montague.example' type='subscribe'/>");
  c.juliet->receives({"ask='subscribe'", "subscription='from'"});
  c.romeo->receives({"type='subscribe'", "from='juliet@capulet.example'"});
  c.romeo->sends("<presence to='juliet@capulet.example' type='subscribed'/>");
  c.romeo->receives("subscription='both'");
  c.juliet->receives("type='subscribed'");
  c.juliet->receives("subscription='both'");
  c.juliet->receives("from='romeo@montague.example/orchard'");
  c.nurse->receives_nothing();
}

TEST(Subscriptions, WhatIsSeenIsInTheRoster) {  // 3.1.6: never before it is stored, and not at all when it cannot be
  const std::size_t failures = fail_each_call([](std::size_t n) {
    SceneOptions options;
    options.answers = MemoryStores::Answers::later;
    StoresOfScene stores;
    Scene scene(stores.under(std::move(options)));
    Client& juliet = scene.login(juliet_jid);
    Client& romeo = scene.login(romeo_jid);
    for (Client* each : {&juliet, &romeo}) {
      each->wants_roster();
      each->comes_online();
    }
    romeo.sends("<presence to='juliet@capulet.example' type='subscribe'/>");
    romeo.receives("ask='subscribe'");
    juliet.receives("type='subscribe'");
    const bool has_failed = stores.fail({.nth = n, .spares_nodes = true}, [&] {   // who is a subscriber of nodes follows from it
      juliet.sends("<presence id='s' to='romeo@montague.example' type='subscribed'/>");
    });
    bool is_told = false;
    while (romeo.waiting() > 0) is_told = romeo.next().find("type='subscribed'") != std::string::npos || is_told;
    EXPECT_EQ(is_told, romeo.asks("get", "", "<query xmlns='jabber:iq:roster'/>").find("subscription='to'") != std::string::npos) << n;
    EXPECT_NE(is_told, has_failed) << n;
    juliet.ignores_the_rest();
    return has_failed;
  });
  EXPECT_GE(failures, 3U) << "the request's removal, one's own item, the contact's";
}

TEST(Subscriptions, ARequestWaitsForItsAnswer) {  // 3.1.3: delivered again at each initial presence until it is answered
  Scene scene;
  scene.has_account("juliet@capulet.example");
  Client& romeo = scene.login(romeo_jid);
  romeo.sends("<presence to='juliet@capulet.example' type='subscribe'><status>please</status></presence>");
  for (int times = 0; times < 2; ++times) {
    Client& juliet = scene.login("juliet@capulet.example/balcony" + std::to_string(times));
    juliet.sends("<presence/>");
    juliet.receives("<presence");
    juliet.receives({"type='subscribe'", "from='romeo@montague.example'", "please"});
    juliet.sends("</stream:stream>");
    scene.advance(std::chrono::minutes(5));  // the account leaves memory: it is the store that remembers
  }
  Client& juliet = scene.login(juliet_jid);
  juliet.comes_online();
  juliet.receives("type='subscribe'");
  juliet.sends("<presence to='romeo@montague.example' type='unsubscribed'/>");  // 3.2.1: refused
  romeo.ignores_the_rest();
  juliet.sends("</stream:stream>");
  juliet.ignores_the_rest();
  Client& again = scene.login("juliet@capulet.example/again");
  again.comes_online();
  again.receives_nothing();
}

TEST(Subscriptions, PreApproval) {  // 3.4
  Contacts c(Subscription::none);
  c.both_online();
  c.juliet->sends("<presence to='romeo@montague.example' type='subscribed'/>");
  c.juliet->receives({"approved='true'", "subscription='none'"});
  c.romeo->receives_nothing();
  c.romeo->sends("<presence to='juliet@capulet.example' type='subscribe'/>");
  c.romeo->receives("ask='subscribe'");
  c.romeo->receives_among({"type='subscribed'"});
  c.romeo->receives_among({"subscription='to'"});
  c.romeo->receives_among({"from='juliet@capulet.example/balcony'"});
  c.juliet->receives({"subscription='from'"});
  c.juliet->receives_nothing();  // 3.4.2: the request is not delivered
}

TEST(Subscriptions, Unsubscribing) {  // 3.3
  Contacts c;
  c.both_online();
  c.romeo->sends("<presence to='juliet@capulet.example' type='unsubscribe'/>");
  c.romeo->receives({"jabber:iq:roster", "subscription='from'"});
  c.juliet->receives({"type='unsubscribe'", "from='romeo@montague.example'"});
  c.juliet->receives({"jabber:iq:roster", "subscription='to'"});
  c.romeo->receives({"type='unavailable'", "from='juliet@capulet.example/balcony'"});
  c.romeo->ignores_the_rest();
}

TEST(Subscriptions, Cancelling) {  // 3.2
  Contacts c;
  c.both_online();
  c.juliet->sends("<presence to='romeo@montague.example' type='unsubscribed'/>");
  c.juliet->receives({"jabber:iq:roster", "subscription='to'"});
  c.romeo->receives({"type='unavailable'", "from='juliet@capulet.example/balcony'"});
  c.romeo->receives({"type='unsubscribed'", "from='juliet@capulet.example'"});
  c.romeo->receives({"jabber:iq:roster", "subscription='from'"});
  c.juliet->sends("<presence><show>dnd</show></presence>");
  c.juliet->receives("dnd");
  c.romeo->receives_nothing();
}

TEST(Subscriptions, RemovingAContactEndsBothDirections) {  // 2.5
  Contacts c;
  c.both_online();
  c.juliet->sends("<iq type='set' id='r'><query xmlns='jabber:iq:roster'><item jid='romeo@montague.example' subscription='remove'/></query></iq>");
  c.juliet->receives({"subscription='remove'", "jid='romeo@montague.example'"});
  c.juliet->receives_among({"type='result'", "id='r'"});
  c.romeo->receives_among({"type='unsubscribe'"});
  c.romeo->receives_among({"type='unsubscribed'"});
  c.romeo->receives_among({"type='unavailable'"});
  c.romeo->ignores_the_rest();
  c.juliet->ignores_the_rest();
  c.romeo->sends("<presence><show>xa</show></presence>");
  c.romeo->ignores_the_rest();
  c.juliet->receives_nothing();
}

TEST(Subscriptions, UnaskedAnswersChangeNothing) {  // 3.1.6, A.3.3
  Contacts c(Subscription::none);
  c.both_online();
  c.nurse->sends("<presence to='romeo@montague.example' type='subscribed'/>");
  c.nurse->ignores_the_rest();
  c.romeo->receives_nothing();
  c.nurse->sends("<presence to='romeo@montague.example' type='unsubscribed'/>");
  c.nurse->sends("<presence to='romeo@montague.example' type='unsubscribe'/>");
  c.romeo->receives_nothing();
}


TEST(Blocking, ABlockedContactSeesTheUserAsOffline) {  // XEP-0191 section 3.3, security L02
  Contacts c;
  c.both_online();
  c.juliet->asks("set", "", "<block xmlns='urn:xmpp:blocking'><item jid='romeo@montague.example'/></block>");
  c.romeo->receives({"type='unavailable'", "from='juliet@capulet.example/balcony'"});
  c.romeo->sends("<message to='juliet@capulet.example' type='chat' id='m'><body>hi</body></message>");
  c.romeo->receives_error("m", "service-unavailable");
  c.romeo->sends("<presence type='probe' to='juliet@capulet.example'/>");
  c.romeo->sends("<presence><show>dnd</show></presence>");
  c.romeo->receives("dnd");
  c.romeo->sends("<iq type='get' id='q' to='juliet@capulet.example/balcony'><query xmlns='jabber:iq:version'/></iq>");
  c.romeo->receives_error("q", "service-unavailable");
  c.juliet->sends("<message to='romeo@montague.example' id='o'><body>x</body></message>");
  c.juliet->receives({"not-acceptable", "urn:xmpp:blocking:errors"});  // section 3.6
  c.juliet->asks("set", "", "<unblock xmlns='urn:xmpp:blocking'><item jid='romeo@montague.example'/></unblock>");
  c.romeo->receives({"from='juliet@capulet.example/balcony'"});
  c.juliet->receives_nothing();
  c.romeo->receives_nothing();
}

}  // namespace
}  // namespace aldis::test
