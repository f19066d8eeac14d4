// Security P01 to P07 and M03 in rooms: nobody speaks as another or as the room, what only the server or the room may say is taken out
// wherever it could come out again, forwarded stanzas are content, and rights end where they are taken.
#include "tests/support/coven.h"
#include "tests/support/managed_client.h"

namespace aldis::test {
namespace {

using RoomForgery = Coven;
using RoomRights = Coven;

TEST_F(RoomForgery, NobodyIsAnOccupantHeIsNot) {  // P01: message, presence and iq, from here and from another server
  gather();
  for (const std::string_view from : {"coven@chat.shakespeare.lit/firstwitch", "coven@chat.shakespeare.lit", "chat.shakespeare.lit", "crone1@shakespeare.lit/desktop"}) {
    for (const std::string_view rest : {"<message type='groupchat' from='%' to='coven@chat.shakespeare.lit'><body>x</body></message>",
                                        "<message type='chat' from='%' to='hag66@shakespeare.lit/pda'><body>x</body></message>",
                                        "<presence type='unavailable' from='%' to='coven@chat.shakespeare.lit/firstwitch'/>",
                                        "<iq type='set' id='i' from='%' to='coven@chat.shakespeare.lit'><query xmlns='http://jabber.org/protocol/muc#owner'><destroy/></query></iq>"}) {
      std::string stanza(rest);
      stanza.replace(stanza.find('%'), 1, from);
      Client& mallory = scene.login("mallory@shakespeare.lit/x");
      mallory.sends(stanza);
      mallory.is_closed_with("invalid-from");
      EXPECT_EQ(scene.abroad().is_refused(stanza, "venice.example"), "invalid-from") << stanza;
    }
  }
}

TEST_F(RoomForgery, PrivateMessagesAreCleanedToo) {  // P02, P03, P04
  gather();
  writes(hag, "chat",
         "<body>x</body><stanza-id xmlns='urn:xmpp:sid:0' by='coven@chat.shakespeare.lit' id='forged1'/><s:stanza-id xmlns:s='urn:xmpp:sid:0' by='Crone1@shakespeare.lit' id='forged2'/>"
         "<occupant-id xmlns='urn:xmpp:occupant-id:0' id='forged3'/><x xmlns='http://jabber.org/protocol/muc#user'><invite from='forged4@x.example'/></x>"
         "<hats xmlns='urn:xmpp:hats:0'><hat title='forged5' uri='x'/></hats><delay xmlns='urn:xmpp:delay' from='coven@chat.shakespeare.lit' stamp='2004-09-29T01:54:37Z'>forged6</delay>"
         "<sent xmlns='urn:xmpp:carbons:2'><forwarded xmlns='urn:xmpp:forward:0'><message xmlns='jabber:client'><body>forged7</body></message></forwarded></sent>"
         "<result xmlns='urn:xmpp:mam:2' id='forged8' queryid='q'><forwarded xmlns='urn:xmpp:forward:0'/></result><fin xmlns='urn:xmpp:mam:2' queryid='forged9'/>"
         "<event xmlns='http://jabber.org/protocol/pubsub#event'><items node='forged10'/></event>",
         "firstwitch");
  const std::string got = crone.receives({"<body>x</body>", "from='coven@chat.shakespeare.lit/thirdwitch'"});
  EXPECT_FALSE(holds(got, "forged")) << got;
}

TEST_F(RoomForgery, WhatIsForgedComesOutNowhereLater) {  // P04: history, archive, and the archive of a user
  gather();
  writes(hag, "groupchat",
         "<body>x</body><stanza-id xmlns='urn:xmpp:sid:0' by='coven@chat.shakespeare.lit' id='forged1'/><stanza-id xmlns='urn:xmpp:sid:0' by='COVEN@chat.shakespeare.lit' id='forged2'/>"
         "<o:occupant-id xmlns:o='urn:xmpp:occupant-id:0' id='forged3'/><x xmlns='http://jabber.org/protocol/muc#user'><item jid='forged4@x.example' affiliation='owner' role='moderator'/></x>"
         "<retracted xmlns='urn:xmpp:message-retract:1' id='kept' stamp='2004-09-29T01:54:37Z'/><moderated xmlns='urn:xmpp:message-moderate:1' by='kept'/>");
  all_see({"<body>x</body>"});
  Client& broom = scene.login("hecate@shakespeare.lit/besom");
  scene.tries(broom, "fourthwitch");
  std::string later;
  while (broom.waiting() > 0) {
    later += broom.next();
  }
  for (Client* each : {&crone, &hag}) {   // who sees addresses and who does not
    each->ignores_the_rest();
    each->sends("<iq type='set' id='q' to='coven@chat.shakespeare.lit'><query xmlns='urn:xmpp:mam:2'/></iq>");
    while (each->waiting() > 0) {
      const std::string stanza = each->next();
      later += stanza;
      if (holds(stanza, "<body>x</body>")) {
        EXPECT_EQ(count(stanza, "<occupant-id "), 1U) << stanza;
        EXPECT_EQ(count(stanza, "http://jabber.org/protocol/muc#user"), each == &crone ? 1U : 0U) << stanza;
      }
    }
  }
  EXPECT_EQ(count(later, "<body>x</body>"), 3U) << later;
  EXPECT_FALSE(holds(later, "forged")) << later;
  all_ignore();
}

TEST_F(RoomForgery, PushesDoNotComeThroughRooms) {  // P05: a request relayed to an occupant's client is no push
  gather();
  for (const std::string_view payload : {"<query xmlns='jabber:iq:roster'><item jid='evil@x.example' subscription='both'/></query>", "<block xmlns='urn:xmpp:blocking'><item jid='evil@x.example'/></block>",
                                         "<unblock xmlns='urn:xmpp:blocking'/>"}) {
    for (const std::string_view to : {"coven@chat.shakespeare.lit/firstwitch", "coven@chat.shakespeare.lit"}) {
      hag.sends("<iq type='set' id='push' to='" + std::string(to) + "'>" + std::string(payload) + "</iq>");
      hag.receives({"<iq", "type='error'", "id='push'", "<service-unavailable "});
    }
  }
  crone.receives_nothing();
}

TEST_F(RoomForgery, AForwardedStanzaIsOnlyContent) {  // P07
  gather();
  const std::string forwarded = "<forwarded xmlns='urn:xmpp:forward:0'>%</forwarded>";
  for (const std::string_view inner : {"<presence xmlns='jabber:client' type='unavailable' from='crone1@shakespeare.lit/desktop' to='coven@chat.shakespeare.lit/firstwitch'/>",
                                       "<iq xmlns='jabber:client' type='set' id='f' from='crone1@shakespeare.lit/desktop' to='coven@chat.shakespeare.lit'>"
                                       "<query xmlns='http://jabber.org/protocol/muc#owner'><destroy/></query></iq>",
                                       "<message xmlns='jabber:client' type='groupchat' from='crone1@shakespeare.lit/desktop' to='coven@chat.shakespeare.lit'><subject>Mine</subject></message>",
                                       "<message xmlns='jabber:client' to='coven@chat.shakespeare.lit'><x xmlns='http://jabber.org/protocol/muc#user'><invite to='hecate@shakespeare.lit'/></x></message>"}) {
    std::string content = forwarded;
    content.replace(content.find('%'), 1, inner);
    writes(hag, "groupchat", "<body>look</body>" + content);
    all_see({"<body>look</body>", "<forwarded xmlns='urn:xmpp:forward:0'>"});
    writes(hag, "", content);
    hag.receives_error("m", "bad-request");
  }
  EXPECT_TRUE(holds(gets(crone, "<item affiliation='owner'/>"), "crone1"));
}

// ---- M03

TEST(RoomRightsInTime, WhoLosesThemBetweenTwoRequestsHasLostThem) {  // each request waits for the store, and the next is there already
  const auto iq = [](std::string_view id, std::string_view payload) {
    return "<iq type='set' id='" + std::string(id) + "' to='coven@chat.shakespeare.lit'>" + std::string(payload) + "</iq>";
  };
  RoomScene scene({}, {.answers = MemoryStores::Answers::later});
  Client& crone = scene.login("crone1@shakespeare.lit/desktop");
  Client& wicca = scene.login("wiccarocks@shakespeare.lit/laptop");
  scene.has_account("hecate@shakespeare.lit");
  scene.makes(crone, "firstwitch", {{"membersonly", "1"}});
  crone.asks("set", coven, RoomScene::admin("<item affiliation='owner' jid='wiccarocks@shakespeare.lit'/>"));
  wicca.ignores_the_rest();
  scene.enters(wicca, "secondwitch", {&crone});
  // All of it is on its way before anything is done.
  crone.sends_without_running(iq("less", RoomScene::admin("<item affiliation='member' jid='wiccarocks@shakespeare.lit'/>")));
  wicca.sends_without_running(iq("a", RoomScene::admin("<item affiliation='outcast' jid='hecate@shakespeare.lit'/>")));
  wicca.sends_without_running(iq("b", RoomScene::form({{"roomname", "Mine"}})));
  wicca.sends_without_running(iq("c", "<query xmlns='http://jabber.org/protocol/muc#owner'><destroy/></query>"));
  wicca.sends_without_running("<message id='d' to='coven@chat.shakespeare.lit'><x xmlns='http://jabber.org/protocol/muc#user'><invite to='hecate@shakespeare.lit'/></x></message>");
  scene.run();
  crone.receives({"type='result'", "id='less'"});
  crone.receives({"secondwitch", "affiliation='member'"});
  for (const std::string_view id : {"a", "b", "c", "d"}) {
    wicca.receives_among({"type='error'", "id='" + std::string(id) + "'", "<forbidden "});
  }
  wicca.ignores_the_rest();
  for (const std::string_view list : {"outcast", "member"}) {
    EXPECT_EQ(crone.asks("get", coven, RoomScene::admin("<item affiliation='" + std::string(list) + "'/>")).find("hecate"), std::string::npos);
  }
  EXPECT_EQ(crone.asks("get", coven, info_query).find("Mine"), std::string::npos);
}

TEST_F(RoomRights, DoNotComeBackWithASession) {  // a moderator's session waits, he is one no more, and comes back
  const std::string id = enable_resumption(hag);
  gather();
  sets(crone, "<item nick='thirdwitch' role='moderator'/>");
  all_ignore();
  hag.cuts_the_line();
  sets(crone, "<item nick='thirdwitch' role='participant'/>");
  all_ignore();
  Client& back = scene.resumes("hag66@shakespeare.lit", id, 0);
  back.ignores_the_rest();
  set_denied(back, "<item nick='secondwitch' role='none'/>", "forbidden");
  get_denied(back, "<item role='participant'/>", "forbidden");
  Client& broom = scene.login("hecate@shakespeare.lit/besom");
  scene.enters(broom, "fourthwitch", {&crone, &wicca});
  EXPECT_FALSE(holds(back.receives_among({"fourthwitch"}), "hecate"));   // nor does he see addresses
  back.ignores_the_rest();
}

TEST_F(RoomRights, ANicknameAndAnAddressNameOnePerson) {
  gather();
  set_denied(crone, "<item affiliation='outcast' jid='wiccarocks@shakespeare.lit' nick='thirdwitch'/>", "bad-request");
  set_denied(crone, "<item role='none' nick='thirdwitch' jid='wiccarocks@shakespeare.lit'/>", "bad-request");
  set_denied(crone, "<item affiliation='member' nick='nobody'/>", "item-not-found");
  set_denied(crone, "<item affiliation='member' jid='a@b@c'/>", "jid-malformed");
  set_denied(crone, "<item affiliation='admin' jid='venice.example'/>", "jid-malformed");
  sets(crone, "<item affiliation='outcast' nick='thirdwitch'/>");   // by nickname alone: whose it is
  hag.receives({"code='301'", "code='110'"});
  wicca.receives("code='301'");
  crone.receives("code='301'");
}

}  // namespace
}  // namespace aldis::test
