// XEP-0045 (1.35.5) chapter 7 up to section 7.7, section by section where room_test.cpp has no scene of it: entering, history,
// speaking, private messages, nicknames. The list of all is docs/rooms-conformance.md.
#include "tests/support/coven.h"
#include "xmpp/timestamp.h"

namespace aldis::test {
namespace {

using Muc7_2_1 = Coven;
using Muc7_2_2 = Coven;
using Muc7_2_3 = Coven;
using Muc7_2_4 = Coven;
using Muc7_2_5 = Coven;
using Muc7_2_8 = Coven;
using Muc7_2_9 = Coven;
using Muc7_2_10 = Coven;
using Muc7_2_13 = Coven;
using Muc7_2_14 = Coven;
using Muc7_2_15 = Coven;
using Muc7_4 = Coven;
using Muc7_5 = Coven;
using Muc7_6 = Coven;
using Muc7_7 = Coven;

// ---- sections 7.1 and 7.2

TEST(Muc7_1, TheOrderOfEvents) {  // while others speak and come, and each message waits for the store
  RoomScene scene({}, {.answers = MemoryStores::Answers::later});
  Client& crone = scene.login("crone1@shakespeare.lit/desktop");
  Client& wicca = scene.login("wiccarocks@shakespeare.lit/laptop");
  Client& hag = scene.login("hag66@shakespeare.lit/pda");
  scene.makes(crone, "firstwitch");
  scene.says(crone, "before", "m1");
  crone.receives("before");
  crone.sends_without_running("<message type='groupchat' id='m2' to='coven@chat.shakespeare.lit'><body>as he enters</body></message>");
  hag.sends_without_running("<presence to='coven@chat.shakespeare.lit/thirdwitch'><x xmlns='http://jabber.org/protocol/muc'/></presence>");
  crone.sends_without_running("<message type='groupchat' id='m3' to='coven@chat.shakespeare.lit'><body>after</body></message>");
  wicca.sends_without_running("<presence to='coven@chat.shakespeare.lit/secondwitch'><x xmlns='http://jabber.org/protocol/muc'/></presence>");
  crone.sends_without_running("<presence to='coven@chat.shakespeare.lit/firstwitch'><show>away</show></presence>");
  std::string order;
  std::string all;
  while (hag.waiting() > 0) {
    const std::string stanza = hag.next();
    all += stanza + "\n";
    if (stanza.starts_with("<presence")) {
      order += stanza.find("code='110'") != std::string::npos ? 'S' : 'P';
    } else {
      order += stanza.find("<subject") != std::string::npos ? 's' : stanza.find("<delay") != std::string::npos ? 'h' : 'm';
    }
  }
  // Others', one's own, history, the subject, and only then what is live. Whether m2 was first or she is nobody's to say: once.
  const std::size_t self = order.find('S');
  const std::size_t subject = order.find('s');
  ASSERT_NE(self, std::string::npos) << all;
  ASSERT_NE(subject, std::string::npos) << all;
  EXPECT_EQ(order.substr(0, self), "P") << all;
  EXPECT_EQ(order.substr(self + 1, subject - self - 1).find_first_not_of('h'), std::string::npos) << order << "\n" << all;
  EXPECT_EQ(order.find('h', subject), std::string::npos) << order << "\n" << all;
  for (const char* once : {"before", "as he enters", "<body>after", "<show>away"}) {
    EXPECT_EQ(all.find(once), all.rfind(once)) << once << " in\n" << all;
    EXPECT_NE(all.find(once), std::string::npos) << once << " in\n" << all;
  }
  EXPECT_NE(all.find("/secondwitch'"), std::string::npos) << all;
  crone.ignores_the_rest();
  wicca.ignores_the_rest();
}

TEST_F(Muc7_2_1, NothingButAvailablePresenceEnters) {  // and 17.3: no type, no probe
  scene.makes(crone, "firstwitch");
  for (const std::string_view type : {"unavailable", "probe", "subscribe", "subscribed", "unsubscribe", "unsubscribed"}) {
    shows(hag, "thirdwitch", "<x xmlns='http://jabber.org/protocol/muc'/>", type);
  }
  hag.ignores_the_rest();
  crone.receives_nothing();
  EXPECT_EQ(count(crone.asks("get", coven, items_query), "<item"), 1U);
}

TEST_F(Muc7_2_2, OthersFirstThenOneself) {  // examples 20 and 21
  scene.makes(crone, "firstwitch");
  sets(crone, "<item affiliation='admin' jid='wiccarocks@shakespeare.lit'/>");
  wicca.receives("code='101'");
  scene.enters(wicca, "secondwitch", {&crone});
  scene.tries(hag, "thirdwitch");
  const std::string others = hag.next() + hag.next();
  EXPECT_EQ(count(others, "from='coven@chat.shakespeare.lit/firstwitch'"), 1U) << others;
  EXPECT_EQ(count(others, "from='coven@chat.shakespeare.lit/secondwitch'"), 1U) << others;
  EXPECT_EQ(count(others, "to='hag66@shakespeare.lit/pda'"), 2U) << others;
  EXPECT_TRUE(holds(others, "affiliation='owner' role='moderator'")) << others;
  EXPECT_TRUE(holds(others, "affiliation='admin' role='moderator'")) << others;
  EXPECT_FALSE(holds(others, "code='110'")) << others;
  hag.receives({"id='join'", "thirdwitch", "affiliation='none' role='participant'", "<status code='110'/>"});
  hag.receives("<subject");
  for (Client* each : {&crone, &wicca}) {
    EXPECT_FALSE(holds(each->receives({"thirdwitch", "affiliation='none' role='participant'"}), "<status"));
  }
}

TEST_F(Muc7_2_3, EverybodySeesTheFullAddress) {  // examples 23 and 24
  gather({{"whois", "anyone"}});
  Client& broom = scene.login("hecate@shakespeare.lit/besom");
  EXPECT_TRUE(holds(scene.enters(broom, "fourthwitch"), "<status code='100'/><status code='110'/>"));
  all_see({"fourthwitch", "jid='hecate@shakespeare.lit/besom'"});
}

TEST_F(Muc7_2_4, OnlyModeratorsSeeAddresses) {
  gather();
  Client& broom = scene.login("hecate@shakespeare.lit/besom");
  EXPECT_FALSE(holds(scene.enters(broom, "fourthwitch"), " jid="));
  crone.receives({"fourthwitch", "jid='hecate@shakespeare.lit/besom'"});
  wicca.receives({"fourthwitch", "jid='hecate@shakespeare.lit/besom'"});   // the full one, section 17.3
  EXPECT_FALSE(holds(hag.receives("fourthwitch"), "hecate"));
}

TEST_F(Muc7_2_5, APasswordIsRequired) {  // examples 25 and 26
  scene.makes(crone, "firstwitch", {{"passwordprotectedroom", "1"}, {"roomsecret", "cauldron&amp;burn"}});
  scene.tries(hag, "thirdwitch");
  hag.receives({"<presence", "from='coven@chat.shakespeare.lit/thirdwitch'", "type='error'", "<error type='auth'><not-authorized "});
  for (const std::string_view wrong : {"", "cauldron", "CAULDRON&amp;BURN", "cauldron&amp;burn "}) {
    scene.tries(hag, "thirdwitch", "<password>" + std::string(wrong) + "</password>");
    hag.receives_error("join", "not-authorized");
  }
  scene.enters(hag, "thirdwitch", {&crone}, "<password>cauldron&amp;burn</password>");
  sets(crone, "<item affiliation='owner' jid='wiccarocks@shakespeare.lit'/>");
  wicca.receives("code='101'");
  scene.tries(wicca, "secondwitch");   // of owners too
  wicca.receives_error("join", "not-authorized");
}

TEST_F(Muc7_2_8, ANameReservedByAMemberIsTaken) {  // example 29; 7.12
  scene.makes(crone, "firstwitch");
  sets(crone, "<item affiliation='member' jid='wiccarocks@shakespeare.lit' nick='secondwitch'/>");
  wicca.receives("code='101'");
  scene.tries(hag, "secondwitch");
  hag.receives({"type='error'", "<error type='cancel'><conflict "});
  scene.tries(hag, "SecondWitch");
  hag.receives_error("join", "conflict");
  scene.enters(hag, "thirdwitch", {&crone});
  shows(hag, "secondwitch");   // section 7.6
  hag.receives_error("p", "conflict");
  scene.enters(wicca, "anotherwitch", {&crone, &hag});   // nobody holds him to it (7.12)
  shows(wicca, "secondwitch");
  for (Client* each : {&wicca, &crone, &hag}) {
    each->receives("code='303'");
    each->receives("/secondwitch'");
  }
}

TEST_F(Muc7_2_8, ANameIsTakenAsLongAsSomebodyHasOneLikeIt) {  // security M04: two of one user that look alike, and one of them goes
  Client& phone = scene.login("hag66@shakespeare.lit/phone");
  gather();
  scene.enters(phone, "ThirdWitch", {&crone, &wicca, &hag});
  const auto nobody_else_has_it = [&] {
    for (const std::string_view like : {"thirdwitch", "ThirdWitch", "THIRDWITCH", "th\u0456rdwitch"}) {
      scene.tries(hecate, like);
      hecate.receives_error("join", "conflict");
    }
  };
  nobody_else_has_it();
  shows(phone, "ThirdWitch", {}, "unavailable");
  all_see({"type='unavailable'", "/ThirdWitch'"});
  phone.ignores_the_rest();
  nobody_else_has_it();
  scene.enters(phone, "ThirdWitch", {&crone, &wicca, &hag});
  shows(phone, "phone");
  all_see({"type='unavailable'", "/ThirdWitch'"});
  all_see({"/phone'"});
  phone.ignores_the_rest();
  nobody_else_has_it();
}

TEST_F(Muc7_2_8, EachOfHisClientsSpeaksAndHears) {
  Client& phone = scene.login("hag66@shakespeare.lit/phone");
  gather();
  scene.enters(phone, "thirdwitch", {&crone, &wicca, &hag});
  scene.says(phone, "from the phone");
  for (Client* each : {&crone, &wicca, &hag, &phone}) {
    each->receives({"from the phone", "from='coven@chat.shakespeare.lit/thirdwitch'", "to='" + each->jid() + "'"});
  }
  shows(phone, "oldhag");   // one nickname for all of them
  for (Client* each : {&crone, &wicca}) {
    each->receives({"type='unavailable'", "nick='oldhag'"});
    each->receives("/oldhag'");
  }
  for (Client* each : {&hag, &phone}) {
    each->receives({"type='unavailable'", "code='303'", "code='110'"});
    each->receives({"/oldhag'", "code='110'"});
  }
  sets(wicca, "<item nick='oldhag' role='none'/>");   // and one seat: a kick reaches both
  for (Client* each : {&hag, &phone}) {
    each->receives({"type='unavailable'", "code='307'", "code='110'"});
  }
  wicca.receives("code='307'");
  crone.receives("code='307'");
  crone.receives_nothing();
}

TEST_F(Muc7_2_9, AFullRoomLetsAdminsIn) {  // example 30
  gather({{"maxusers", "3"}});
  Client& broom = scene.login("hecate@shakespeare.lit/besom");
  scene.tries(broom, "fourthwitch");
  broom.receives({"<presence", "type='error'", "<error type='wait'><service-unavailable "});
  Client& phone = scene.login("hag66@shakespeare.lit/phone");
  scene.enters(phone, "thirdwitch", {&crone, &wicca, &hag});   // the same occupant
  sets(crone, "<item affiliation='member' jid='hecate@shakespeare.lit'/>");
  hecate.receives("code='101'");
  scene.tries(broom, "fourthwitch");
  broom.receives_error("join", "service-unavailable");
  sets(crone, "<item affiliation='admin' jid='hecate@shakespeare.lit'/>");
  hecate.receives("code='101'");
  scene.enters(broom, "fourthwitch", {&crone, &wicca, &hag});
  phone.receives("fourthwitch");
}

TEST_F(Muc7_2_10, UntilItIsConfiguredTheRoomIsNotThere) {  // example 31; 17.2
  scene.enters(crone, "firstwitch");
  scene.tries(hag, "thirdwitch");
  hag.receives({"<presence", "type='error'", "<error type='cancel'><item-not-found "});
  writes(hag, "groupchat", "<body>anybody?</body>");
  hag.receives_error("m", "item-not-found");
  writes(hag, "chat", "<body>anybody?</body>", "firstwitch");
  hag.receives_error("m", "item-not-found");
  for (const std::string_view query : {info_query, items_query, owner_query, register_query}) {
    static_cast<void>(denied(hag, "get", query, "item-not-found"));
  }
  get_denied(hag, "<item affiliation='owner'/>", "item-not-found");
  set_denied(hag, "<item affiliation='owner' jid='hag66@shakespeare.lit'/>", "item-not-found");
  static_cast<void>(denied(hag, "set", scene.form({}), "item-not-found"));
  EXPECT_FALSE(holds(hag.asks("get", service, items_query), "coven"));
  crone.receives_nothing();
}

TEST(Muc7_2_11, WhoeverComesFirstMakesTheRoom) {  // two at once, and the store takes its time
  RoomScene scene({}, {.answers = MemoryStores::Answers::later});
  Client& crone = scene.login("crone1@shakespeare.lit/desktop");
  Client& hag = scene.login("hag66@shakespeare.lit/pda");
  crone.sends_without_running("<presence id='join' to='coven@chat.shakespeare.lit/firstwitch'><x xmlns='http://jabber.org/protocol/muc'/></presence>");
  hag.sends_without_running("<presence id='join' to='coven@chat.shakespeare.lit/thirdwitch'><x xmlns='http://jabber.org/protocol/muc'/></presence>");
  scene.run();
  const std::string first = crone.next();
  const std::string second = hag.next();
  const bool is_crones = first.find("code='201'") != std::string::npos;
  EXPECT_NE(is_crones, second.find("code='201'") != std::string::npos) << first << second;
  EXPECT_NE((is_crones ? second : first).find("<item-not-found "), std::string::npos) << first << second;
  (is_crones ? crone : hag).receives("<subject");
}

// ---- sections 7.2.13 to 7.2.15

TEST_F(Muc7_2_13, HistoryIsStampedByTheRoom) {  // example 33
  gather();
  const WallTime said = scene.world().clock.wall();
  scene.says(crone, "Thrice the brinded cat hath mew'd.", "c1");
  all_see({"brinded"});
  scene.advance(std::chrono::minutes(10));
  writes(crone, "groupchat", "<subject>Not of the history</subject>");
  all_see({"<subject>"});
  Client& broom = scene.login("hecate@shakespeare.lit/besom");
  scene.tries(broom, "fourthwitch");
  broom.receives_among({"code='110'"});
  const std::string past = broom.receives_among({"brinded", "type='groupchat'", "id='c1'", "from='coven@chat.shakespeare.lit/firstwitch'", "to='hecate@shakespeare.lit/besom'"});
  EXPECT_TRUE(holds(past, "<delay xmlns='urn:xmpp:delay' from='coven@chat.shakespeare.lit' stamp='")) << past;
  EXPECT_EQ(value_of(past, "stamp").substr(0, 19), format_timestamp(said).substr(0, 19)) << past;
  EXPECT_FALSE(holds(past, "crone1")) << past;
  std::string last;
  int subjects = 0;
  while (broom.waiting() > 0) {
    last = broom.next();
    subjects += holds(last, "<subject>") ? 1 : 0;
  }
  EXPECT_EQ(subjects, 1);
  EXPECT_TRUE(holds(last, "Not of the history")) << last;
  all_ignore();
}

TEST_F(Muc7_2_14, CharactersAreThoseOfWholeStanzas) {  // examples 35 and 39: the most complete ones, never a part
  scene.makes(crone, "firstwitch");
  for (const char* words : {"\u00e4\u00f6\u00fc one", "two", "three"}) {
    scene.says(crone, words);
    crone.receives(words);
  }
  const auto sent = [&](std::string_view history) {
    scene.tries(hag, "thirdwitch", history);
    std::vector<std::string> messages;
    for (std::string next = hag.next(); !next.empty() && !holds(next, "<subject"); next = hag.next()) {
      if (holds(next, "<body>")) {
        messages.push_back(next);
      }
    }
    shows(hag, "thirdwitch", {}, "unavailable");
    hag.receives("unavailable");
    crone.ignores_the_rest();
    return messages;
  };
  const std::vector<std::string> all = sent("");
  ASSERT_EQ(all.size(), 3U);
  std::vector<std::size_t> lengths;
  for (const std::string& each : all) {
    lengths.push_back(static_cast<std::size_t>(std::ranges::count_if(each, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; })));
  }
  for (std::size_t most = 0; most < lengths[0] + lengths[1] + lengths[2] + 50; most += 25) {
    const std::vector<std::string> some = sent("<history maxchars='" + std::to_string(most) + "'/>");
    std::size_t length = 0;
    for (std::size_t i = 0; i < some.size(); ++i) {
      EXPECT_EQ(some[i], all[all.size() - some.size() + i]);
      length += lengths[all.size() - some.size() + i];
    }
    EXPECT_LE(length, most);
    if (some.size() < all.size()) {
      EXPECT_GT(length + lengths[all.size() - some.size() - 1], most) << "one more was possible";
    }
  }
}

TEST_F(Muc7_2_14, AllLimitsHoldTogether) {  // examples 36 to 38
  scene.makes(crone, "firstwitch", {{"muc#maxhistoryfetch", "4"}});
  for (const char* words : {"one", "two", "three", "four", "five"}) {
    scene.says(crone, words);
    crone.receives(words);
    scene.advance(std::chrono::seconds(60));
  }
  const auto first_of = [&](std::string_view history) {
    scene.tries(hag, "thirdwitch", history);
    std::string first;
    for (std::string next = hag.next(); !next.empty() && !holds(next, "<subject"); next = hag.next()) {
      if (first.empty() && holds(next, "<body>")) {
        first = next.substr(next.find("<body>") + 6, next.find("</body>") - next.find("<body>") - 6);
      }
    }
    shows(hag, "thirdwitch", {}, "unavailable");
    hag.receives("unavailable");
    crone.ignores_the_rest();
    return first;
  };
  EXPECT_EQ(first_of("<history since='1970-01-01T00:00:00Z'/>"), "two");   // the room's own bound
  EXPECT_EQ(first_of("<history seconds='180'/>"), "three");
  EXPECT_EQ(first_of("<history seconds='180' maxstanzas='2'/>"), "four");
  EXPECT_EQ(first_of("<history seconds='100' maxstanzas='20' since='1970-01-01T00:00:00Z'/>"), "five");
  EXPECT_EQ(first_of("<history maxstanzas='100000'/>"), "two");
  EXPECT_EQ(first_of("<history maxstanzas='0'/>"), "");
  for (const std::string_view wrong : {"maxchars='-1'", "seconds='1.5'", "since='yesterday'", "maxstanzas=''"}) {
    scene.tries(hag, "thirdwitch", "<history " + std::string(wrong) + "/>");
    hag.receives_error("join", "bad-request");
  }
}

TEST_F(Muc7_2_15, ASubjectThatWasClearedHasItsTime) {  // examples 40 and 41
  gather();
  writes(crone, "groupchat", "<subject>Fire Burn and Cauldron Bubble!</subject>");
  all_see({"<subject>Fire Burn and Cauldron Bubble!</subject>"});
  writes(wicca, "groupchat", "<subject></subject>");
  all_see({"<subject", "from='coven@chat.shakespeare.lit/secondwitch'"});
  Client& broom = scene.login("hecate@shakespeare.lit/besom");
  scene.tries(broom, "fourthwitch");
  const std::string subject = broom.receives_among({"<subject/>", "type='groupchat'", "<delay xmlns='urn:xmpp:delay' from='coven@chat.shakespeare.lit'"});
  EXPECT_FALSE(holds(subject, "<body")) << subject;
  broom.ignores_the_rest();
  all_ignore();
}

// ---- sections 7.4 to 7.7

TEST_F(Muc7_4, WhatIsSaidIsReflectedAsItWas) {  // examples 44 and 45; 17.2: extensions pass through unchanged
  gather();
  writes(hag, "groupchat",
         "<body xml:lang='en'>Harpier cries: 'tis time, 'tis time.</body><html xmlns='http://jabber.org/protocol/xhtml-im'><body xmlns='http://www.w3.org/1999/xhtml'><b>now</b></body></html>"
         "<active xmlns='http://jabber.org/protocol/chatstates'/><x xmlns='urn:example:mine'><y z='&lt;&apos;'/></x><thread parent='p'>t1</thread>", {}, "hysf1v37");
  all_see({"from='coven@chat.shakespeare.lit/thirdwitch'", "id='hysf1v37'", "type='groupchat'", "<body xml:lang='en'>Harpier cries: 'tis time, 'tis time.</body>",
           "<html xmlns='http://jabber.org/protocol/xhtml-im'><body xmlns='http://www.w3.org/1999/xhtml'><b>now</b></body></html>",
           "<active xmlns='http://jabber.org/protocol/chatstates'/>", "<x xmlns='urn:example:mine'>", "<thread parent='p'>t1</thread>"});
  hag.sends("<message type='groupchat' to='coven@chat.shakespeare.lit'><body>without an id</body></message>");
  all_see({"<body>without an id</body>", "<stanza-id "});
}

TEST_F(Muc7_4, OnlyThoseWithVoiceSpeak) {  // 8.3: whoever speaks to nobody is told, and nobody else
  gather({{"moderatedroom", "1"}});
  scene.says(hag, "may I?", "v");
  hag.receives({"<message", "type='error'", "id='v'", "from='coven@chat.shakespeare.lit'", "<error type='auth'><forbidden "});
  writes(hecate, "groupchat", "<body>from outside</body>");
  hecate.receives_error("m", "not-acceptable");
  for (const std::string_view type : {"", "normal", "chat", "headline"}) {  // 17.2: improperly typed
    writes(crone, type, "<body>not groupchat</body>");
    crone.receives_error("m", "bad-request");
  }
  wicca.receives_nothing();
}

TEST_F(Muc7_5, APrivateMessageIsMarkedAndGoesToOne) {  // examples 46 and 47
  gather();
  for (const std::string_view type : {"chat", "normal", ""}) {
    writes(wicca, type, "<body>I'll give thee a wind.</body><x xmlns='http://jabber.org/protocol/muc#user'><item jid='forged@x.example'/></x>", "thirdwitch");
    const std::string got = hag.receives({"<body>I'll give thee a wind.</body>", "from='coven@chat.shakespeare.lit/secondwitch'", "to='hag66@shakespeare.lit/pda'", "id='m'"});
    EXPECT_EQ(count(got, "http://jabber.org/protocol/muc#user"), 1U) << got;
    EXPECT_FALSE(holds(got, "forged")) << got;
  }
  writes(wicca, "groupchat", "<body>x</body>", "thirdwitch");   // example 48
  wicca.receives({"type='error'", "<error type='modify'><bad-request ", "from='coven@chat.shakespeare.lit/thirdwitch'"});
  writes(wicca, "chat", "<body>x</body>", "nobody");
  wicca.receives({"type='error'", "<error type='cancel'><item-not-found "});
  writes(hecate, "chat", "<body>x</body>", "thirdwitch");
  hecate.receives({"type='error'", "<not-acceptable "});
  crone.receives_nothing();
}

TEST_F(Muc7_5, WhoMaySendThemIsConfigured) {  // muc#roomconfig_allowpm
  gather({{"moderatedroom", "1"}});
  struct Row {
    std::string_view who;
    bool visitor, moderator;
  };
  for (const Row& row : {Row{"anyone", true, true}, Row{"participants", false, true}, Row{"moderators", false, true}, Row{"none", false, false}}) {
    configures({{"allowpm", row.who}});
    all_ignore();
    writes(hag, "chat", "<body>psst</body>", "firstwitch");
    row.visitor ? static_cast<void>(crone.receives("psst")) : hag.receives_error("m", "forbidden");
    writes(wicca, "chat", "<body>psst</body>", "firstwitch");
    row.moderator ? static_cast<void>(crone.receives("psst")) : wicca.receives_error("m", "forbidden");
  }
}

TEST_F(Muc7_6, NamesThatAreLockedDown) {  // example 53; 18.1
  gather({{"{https://aldis.im/rooms}lock_nicknames", "1"}});
  sets(crone, "<item affiliation='member' jid='hag66@shakespeare.lit' nick='thirdwitch'/>");
  all_see({"thirdwitch", "affiliation='member'"});
  shows(hag, "oldhag");
  hag.receives({"<presence", "type='error'", "from='coven@chat.shakespeare.lit/oldhag'", "<error type='cancel'><not-acceptable "});
  EXPECT_TRUE(holds(hag.asks("get", coven, "<query xmlns='http://jabber.org/protocol/disco#info' node='x-roomuser-item'/>"), "name='thirdwitch'"));
}

TEST_F(Muc7_6, ANameInUseIsDenied) {  // example 52
  gather();
  shows(hag, "secondwitch");
  hag.receives({"<presence", "type='error'", "id='p'", "<error type='cancel'><conflict "});
  for (const std::string_view name : {"SecondWitch", "\u0455econdwitch", " ", "thirdwitch\u200b"}) {  // security M04
    shows(hag, name);
    hag.receives({"<presence", "type='error'"});
  }
  scene.says(hag, "still the third");
  all_see({"/thirdwitch'"});
}

TEST_F(Muc7_7, WhatIsShownIsOnesOwn) {  // examples 54 and 55; 17.3: what the room says nobody else says
  gather();
  shows(hag, "thirdwitch",
        "<show>xa</show><status>gone where the goblins go</status><priority>3</priority><c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='x' ver='y'/>"
        "<x xmlns='http://jabber.org/protocol/muc#user'><item affiliation='owner' role='moderator'/></x>");
  for (Client* each : {&crone, &wicca, &hag}) {
    const std::string seen = each->receives({"<show>xa</show>", "<status>gone where the goblins go</status>", "http://jabber.org/protocol/caps", "affiliation='none' role='participant'"});
    EXPECT_FALSE(holds(seen, "owner")) << seen;
    EXPECT_EQ(holds(seen, "jid='hag66@shakespeare.lit/pda'"), each != &hag) << seen;
    EXPECT_EQ(holds(seen, "code='110'"), each == &hag) << seen;
  }
}

}  // namespace
}  // namespace aldis::test
