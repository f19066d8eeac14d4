// The smaller extensions, a scene or two each, with the clauses they come from. What strangers are told is in
// strangers_test.cpp, what odd payloads get in odd_payloads_test.cpp, failing stores in store_failures_test.cpp.
#include "tests/support/scene.h"

namespace aldis::test {
namespace {

bool holds(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

class Features : public ::testing::Test {
 protected:
  Scene scene_;
  Client& juliet_ = scene_.login("juliet@capulet.example/balcony");
  Client& nurse_ = scene_.login("nurse@capulet.example/hall");  // the bystander: hears nothing unless a test says so

  void is_refused(Client& client, std::string_view type, std::string_view payload, std::string_view condition) {
    client.sends("<iq type='" + std::string(type) + "' id='r'>" + std::string(payload) + "</iq>");
    client.receives_error("r", condition);
  }
};

// ---- rosters (RFC 6121 section 2)

TEST_F(Features, ARosterSetIsPushedToInterestedResourcesThenAnswered) {  // sections 2.1.6, 2.3.2
  Client& chamber = scene_.login("juliet@capulet.example/chamber");
  Client& uninterested = scene_.login("juliet@capulet.example/closet");
  juliet_.wants_roster();
  chamber.wants_roster();
  juliet_.sends("<iq type='set' id='s'><query xmlns='jabber:iq:roster'><item jid='nurse@capulet.example/hall' name='Nurse &amp; all'>"
                "<group>Servants</group></item></query></iq>");
  for (Client* each : {&juliet_, &chamber}) {
    each->receives({"type='set'", "<item jid='nurse@capulet.example' ", "name='Nurse &amp; all'", "subscription='none'", "<group>Servants</group>"});
  }
  juliet_.receives({"type='result'", "id='s'"});
  uninterested.receives_nothing();
  EXPECT_TRUE(holds(juliet_.asks("get", "", "<query xmlns='jabber:iq:roster'/>"), "jid='nurse@capulet.example'"));
  juliet_.sends("<iq type='set' id='d'><query xmlns='jabber:iq:roster'><item jid='nurse@capulet.example' subscription='remove'/></query></iq>");
  for (Client* each : {&juliet_, &chamber}) {
    each->receives({"type='set'", "subscription='remove'"});
  }
  juliet_.receives({"type='result'", "id='d'"});
}

TEST_F(Features, ARosterSetThatBreaksARuleIsRefused) {  // section 2.3.3
  const auto set = [&](std::string_view items, std::string_view condition) {
    is_refused(juliet_, "set", "<query xmlns='jabber:iq:roster'>" + std::string(items) + "</query>", condition);
  };
  set("", "bad-request");
  set("<item jid='a@b.example'/><item jid='c@d.example'/>", "bad-request");
  set("<item/>", "bad-request");
  set("<item jid='@'/>", "jid-malformed");
  set("<item jid='a@b.example'><group>g</group><group>g</group></item>", "bad-request");
  set("<item jid='a@b.example'><group/></item>", "not-acceptable");
  set("<item jid='a@b.example' name='" + std::string(1024, 'n') + "'/>", "not-acceptable");
  set("<item jid='juliet@capulet.example'/>", "not-allowed");
  set("<item jid='never@was.example' subscription='remove'/>", "item-not-found");  // section 2.5.3
}

// ---- XEP-0030

TEST_F(Features, TheServerAndTheOwnAccountDescribeThemselves) {  // XEP-0030 section 3.1, XEP-0128
  const std::string server = juliet_.asks("get", "capulet.example", "<query xmlns='http://jabber.org/protocol/disco#info'/>");
  EXPECT_TRUE(holds(server, "<identity category='server' type='im'")) << server;
  for (const char* feature : {"http://jabber.org/protocol/disco#info", "urn:xmpp:ping", "vcard-temp", "urn:xmpp:blocking",
                              "jabber:iq:private", "msgoffline", "http://jabber.org/protocol/commands"}) {
    EXPECT_TRUE(holds(server, "<feature var='" + std::string(feature) + "'/>")) << feature;
  }
  const std::string own = juliet_.asks("get", "", "<query xmlns='http://jabber.org/protocol/disco#info'/>");
  EXPECT_TRUE(holds(own, "<identity category='account' type='registered'/>")) << own;
  juliet_.comes_online();
  const std::string items = juliet_.asks("get", "", "<query xmlns='http://jabber.org/protocol/disco#items'/>");
  EXPECT_TRUE(holds(items, "<item jid='juliet@capulet.example/balcony'/>")) << items;
  const std::string by_nurse =
      nurse_.asks("get", "juliet@capulet.example", "<query xmlns='http://jabber.org/protocol/disco#items'/>");
  EXPECT_TRUE(holds(by_nurse, "<query xmlns='http://jabber.org/protocol/disco#items'/>")) << by_nurse;  // section 8: empty
}

// ---- XEP-0160

TEST_F(Features, WhatWasKeptComesInOrderWithItsDelay) {  // XEP-0160 section 3, XEP-0203 section 4
  Client& romeo = scene_.login("romeo@montague.example/orchard");
  for (const char* body : {"one", "two"}) {
    romeo.sends("<message to='juliet@capulet.example' type='chat'><body>" + std::string(body) + "</body></message>");
  }
  romeo.sends("<message to='juliet@capulet.example' type='chat'><active xmlns='http://jabber.org/protocol/chatstates'/></message>");
  romeo.receives_nothing();
  juliet_.sends("<presence><priority>-1</priority></presence>");
  juliet_.receives("<presence");
  juliet_.receives_nothing();  // a negative priority gets nothing
  juliet_.sends("<presence/>");
  juliet_.receives("<presence");
  juliet_.receives({"<body>one</body>", "<delay xmlns='urn:xmpp:delay'", "from='capulet.example'", "from='romeo@montague.example/orchard'"});
  juliet_.receives("<body>two</body>");
  juliet_.receives_nothing();
  juliet_.sends("<presence type='unavailable'/>");
  juliet_.ignores_the_rest();
  juliet_.comes_online();
  juliet_.receives_nothing();  // once
}

TEST(OfflineLimits, AFullStorageSendsBackWhatItCannotHold) {  // XEP-0160 section 2
  Scene scene;
  Client& romeo = scene.login("romeo@montague.example/orchard");
  scene.has_account("juliet@capulet.example", "long enough");
  for (int i = 0; i < 1000; ++i) {
    romeo.sends("<message to='juliet@capulet.example' type='chat'><body>b</body></message>");
  }
  romeo.receives_nothing();
  romeo.sends("<message to='juliet@capulet.example' type='chat' id='last'><body>b</body></message>");
  romeo.receives_error("last", "service-unavailable");
}

// ---- XEP-0191

TEST_F(Features, ABlockListIsKeptAndPushed) {  // XEP-0191 sections 3.2 to 3.5
  Client& chamber = scene_.login("juliet@capulet.example/chamber");
  EXPECT_TRUE(holds(juliet_.asks("get", "", "<blocklist xmlns='urn:xmpp:blocking'/>"), "<blocklist xmlns='urn:xmpp:blocking'/>"));
  juliet_.sends("<iq type='set' id='b'><block xmlns='urn:xmpp:blocking'><item jid='nurse@capulet.example'/></block></iq>");
  juliet_.receives({"type='set'", "<block ", "<item jid='nurse@capulet.example'/>"});
  juliet_.receives({"type='result'", "id='b'"});
  chamber.receives_nothing();  // has not asked for the list
  juliet_.comes_online();
  chamber.ignores_the_rest();
  nurse_.sends("<message to='juliet@capulet.example' id='m' type='chat'><body>Madam!</body></message>");
  nurse_.receives_error("m", "service-unavailable");
  juliet_.sends("<message to='nurse@capulet.example' id='o' type='chat'><body>x</body></message>");
  const std::string own = juliet_.receives({"id='o'", "type='error'", "<not-acceptable "});
  EXPECT_TRUE(holds(own, "<blocked xmlns='urn:xmpp:blocking:errors'/>")) << own;
  juliet_.receives_nothing();
  // What cannot be read is no command to unblock everybody.
  is_refused(juliet_, "set", "<unblock xmlns='urn:xmpp:blocking'><item xmlns='urn:example:other' jid='a@b.example'/></unblock>", "bad-request");
  is_refused(juliet_, "set", "<unblock xmlns='urn:xmpp:blocking'><item/></unblock>", "bad-request");
  is_refused(juliet_, "set", "<block xmlns='urn:xmpp:blocking'/>", "bad-request");
  is_refused(juliet_, "set", "<block xmlns='urn:xmpp:blocking'><item jid='juliet@capulet.example/x'/></block>", "not-allowed");
  EXPECT_TRUE(holds(juliet_.asks("get", "", "<blocklist xmlns='urn:xmpp:blocking'/>"), "nurse@capulet.example"));
  juliet_.sends("<iq type='set' id='u'><unblock xmlns='urn:xmpp:blocking'/></iq>");
  juliet_.receives("<unblock xmlns='urn:xmpp:blocking'/>");
  juliet_.receives({"type='result'", "id='u'"});
  chamber.ignores_the_rest();
}

// ---- XEP-0049

TEST_F(Features, PrivateXmlComesBackAsItWent) {  // XEP-0049 section 2
  constexpr std::string_view prefs =
      "<query xmlns='jabber:iq:private'><exodus xmlns='exodus:prefs'><url name='a &lt; b' url='u'/>t</exodus></query>";
  EXPECT_TRUE(holds(juliet_.asks("get", "", "<query xmlns='jabber:iq:private'><exodus xmlns='exodus:prefs'/></query>"),
                    "<exodus xmlns='exodus:prefs'/>"));
  juliet_.asks("set", "", prefs);
  Client& chamber = scene_.login("juliet@capulet.example/chamber");
  EXPECT_TRUE(holds(chamber.asks("get", "", "<query xmlns='jabber:iq:private'><exodus xmlns='exodus:prefs'/></query>"), prefs));
  EXPECT_FALSE(holds(nurse_.asks("get", "", "<query xmlns='jabber:iq:private'><exodus xmlns='exodus:prefs'/></query>"), "name="));
  is_refused(juliet_, "get", "<query xmlns='jabber:iq:private'/>", "not-acceptable");
  is_refused(juliet_, "get", "<query xmlns='jabber:iq:private'><a xmlns='urn:a'/><b xmlns='urn:b'/></query>", "not-acceptable");
  is_refused(juliet_, "set", "<query xmlns='jabber:iq:private'/>", "bad-request");
}

TEST_F(Features, TooMuchPrivateXmlIsRefused) {
  const std::string much(100'000, 'x');
  for (const char* name : {"a", "b"}) {
    juliet_.asks("set", "", "<query xmlns='jabber:iq:private'><" + std::string(name) + " xmlns='urn:example:s'>" + much + "</" + name + "></query>");
  }
  is_refused(juliet_, "set", "<query xmlns='jabber:iq:private'><c xmlns='urn:example:s'>" + much + "</c></query>", "not-acceptable");
}

// ---- XEP-0054

TEST_F(Features, AVCardIsReadByOthers) {  // XEP-0054 sections 3.1 to 3.3
  EXPECT_TRUE(holds(juliet_.asks("get", "", "<vCard xmlns='vcard-temp'/>"), "<vCard xmlns='vcard-temp'/>"));
  juliet_.asks("set", "", "<vCard xmlns='vcard-temp'><FN>Juliet &amp; co</FN></vCard>");
  EXPECT_TRUE(holds(nurse_.asks("get", "juliet@capulet.example", "<vCard xmlns='vcard-temp'/>"), "<FN>Juliet &amp; co</FN>"));
  is_refused(juliet_, "set", "<vCard xmlns='vcard-temp'><FN>" + std::string(70'000, 'x') + "</FN></vCard>", "not-acceptable");
}

// ---- XEP-0012, XEP-0092, XEP-0202

TEST(LastActivity, IsForThoseWhoSeeThePresence) {  // XEP-0012 sections 3 to 6
  Scene scene;
  scene.has_account("juliet@capulet.example", "long enough");
  scene.has_account("romeo@montague.example", "long enough");
  scene.are_contacts("juliet@capulet.example", "romeo@montague.example");
  Client& romeo = scene.login("romeo@montague.example/orchard");
  romeo.comes_online();
  {
    Client& juliet = scene.login("juliet@capulet.example/balcony");
    juliet.comes_online();
    juliet.ignores_the_rest();
    romeo.ignores_the_rest();
    EXPECT_TRUE(holds(romeo.asks("get", "juliet@capulet.example", "<query xmlns='jabber:iq:last'/>"), "seconds='0'"));
    juliet.sends("<presence type='unavailable'><status>Heading Home &amp; away</status></presence>");
    juliet.ignores_the_rest();
    romeo.ignores_the_rest();
  }
  scene.advance(std::chrono::seconds(903));
  EXPECT_TRUE(holds(romeo.asks("get", "juliet@capulet.example", "<query xmlns='jabber:iq:last'/>"),
                    "seconds='903'>Heading Home &amp; away</query>"));  // section 4
  Client& nurse = scene.login("nurse@capulet.example/hall");
  nurse.sends("<iq type='get' id='n' to='juliet@capulet.example'><query xmlns='jabber:iq:last'/></iq>");
  nurse.receives_error("n", "forbidden");
}

TEST(LastActivity, TheStatusIsTheLastOneAndBounded) {  // XEP-0012 section 4
  Scene scene;
  scene.has_account("romeo@montague.example");
  scene.are_contacts("juliet@capulet.example", "romeo@montague.example");
  Client& romeo = scene.login("romeo@montague.example/orchard");
  const auto leaves = [&](const std::string& presence) {
    Client& juliet = scene.login("juliet@capulet.example/balcony");
    juliet.sends("<presence><status>here</status></presence>");
    juliet.ignores_the_rest();
    juliet.sends(presence);
    juliet.ignores_the_rest();
    if (!juliet.is_closed()) {
      juliet.sends("</stream:stream>");
    }
    juliet.ignores_the_rest();
    return romeo.asks("get", "juliet@capulet.example", "<query xmlns='jabber:iq:last'/>");
  };
  EXPECT_TRUE(holds(leaves("<presence type='unavailable'><status>bye</status></presence>"), ">bye</query>"));
  EXPECT_TRUE(holds(leaves("<presence type='unavailable'/>"), "seconds='0'/>"));
  EXPECT_TRUE(holds(leaves("</stream:stream>"), "seconds='0'/>"));  // the server says it for her, without a status
  std::string umlauts;
  for (int i = 0; i < 1000; ++i) {
    umlauts += "\xC3\xA4";
  }
  const std::string cut = leaves("<presence type='unavailable'><status>x" + umlauts + "</status></presence>");
  EXPECT_TRUE(holds(cut, ">x" + umlauts.substr(0, 1022) + "</query>")) << cut;
  romeo.ignores_the_rest();
}

TEST_F(Features, VersionAndTimeAreTheServers) {  // XEP-0092 section 3, XEP-0202 section 3
  const std::string version = juliet_.asks("get", "capulet.example", "<query xmlns='jabber:iq:version'/>");
  EXPECT_TRUE(holds(version, "<name>Aldis</name><version>")) << version;
  EXPECT_FALSE(holds(version, "<os>")) << version;
  const std::string time = juliet_.asks("get", "capulet.example", "<time xmlns='urn:xmpp:time'/>");
  EXPECT_TRUE(holds(time, "<tzo>+00:00</tzo><utc>")) << time;
  EXPECT_TRUE(holds(time, "Z</utc>")) << time;
}

// ---- XEP-0359

TEST_F(Features, ForgedIdsAndDelaysAreTakenOut) {  // XEP-0359 section 4, security P04
  juliet_.comes_online();
  nurse_.sends("<message to='juliet@capulet.example' type='chat'><body>b</body>"
               "<stanza-id xmlns='urn:xmpp:sid:0' by='juliet@capulet.example' id='1'/>"
               "<stanza-id xmlns='urn:xmpp:sid:0' by='JULIET@Capulet.example' id='2'/>"
               "<s:stanza-id xmlns:s='urn:xmpp:sid:0' by='capulet.example' id='3'/>"
               "<stanza-id xmlns='urn:xmpp:sid:0' id='4'/>"
               "<stanza-id xmlns='urn:xmpp:sid:0' by='room@muc.example' id='5'/>"
               "<delay xmlns='urn:xmpp:delay' from='capulet.example' stamp='2002-09-10T23:08:25Z'/>"
               "<delay xmlns='urn:xmpp:delay' from='nurse@capulet.example' stamp='2002-09-10T23:08:25Z'/></message>");
  const std::string seen = juliet_.receives("<body>b</body>");
  for (const char* forged : {"id='1'", "id='2'", "id='3'", "id='4'", "from='capulet.example'"}) {
    EXPECT_FALSE(holds(seen, forged)) << seen;
  }
  EXPECT_TRUE(holds(seen, "id='5'")) << seen;
  EXPECT_TRUE(holds(seen, "from='nurse@capulet.example' stamp=")) << seen;
}

}  // namespace
}  // namespace aldis::test
