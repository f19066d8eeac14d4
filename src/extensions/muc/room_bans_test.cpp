// Security M06: a ban leaves no seat, no right and no way to read on: sessions that wait for their clients, other clients and
// spellings, the archive, registration, invitations, voice, other servers' users.
#include "tests/support/coven.h"
#include "tests/support/managed_client.h"

namespace aldis::test {
namespace {

constexpr std::string_view query_archive = "<query xmlns='urn:xmpp:mam:2'/>";

class Banned : public Coven {
 protected:
  void ban(std::string_view who = "hag66@shakespeare.lit") { sets(wicca, "<item affiliation='outcast' jid='" + std::string(who) + "'/>"); }
  void nothing_is_left_for(Client& client) {
    for (const auto& [payload, condition] : {std::pair<std::string_view, std::string_view>{info_query, "forbidden"}, {items_query, "forbidden"}, {register_query, "not-allowed"},
                                             {owner_query, "forbidden"}, {"<metadata xmlns='urn:xmpp:mam:2'/>", "forbidden"}}) {
      static_cast<void>(denied(client, "get", payload, condition));
    }
    static_cast<void>(denied(client, "set", query_archive, "forbidden"));
    static_cast<void>(denied(client, "get", "<query xmlns='jabber:iq:version'/>", "not-acceptable", scene.occupant("firstwitch")));
    set_denied(client, "<item affiliation='none' jid='hag66@shakespeare.lit'/>", "forbidden");
    get_denied(client, "<item affiliation='outcast'/>", "forbidden");
    for (const std::string_view nickname : {"thirdwitch", "other"}) {
      scene.tries(client, nickname);
      client.receives_error("join", "forbidden");
    }
    writes(client, "groupchat", "<body>x</body>");
    client.receives_error("m", "not-acceptable");
    writes(client, "chat", "<body>x</body>", "firstwitch");
    client.receives_error("m", "not-acceptable");
    writes(client, "", "<x xmlns='http://jabber.org/protocol/muc#user'><invite to='hecate@shakespeare.lit'/></x>");
    client.receives_error("m", "not-acceptable");
    crone.receives_nothing();
    wicca.receives_nothing();
  }
};

TEST_F(Banned, NothingIsLeftForHim) {
  gather();
  scene.says(crone, "secret");
  all_see({"secret"});
  ban();
  hag.receives({"code='301'", "code='110'"});
  wicca.receives("code='301'");
  crone.receives("code='301'");
  scene.says(crone, "of him");
  crone.receives("of him");
  wicca.receives("of him");
  nothing_is_left_for(hag);
  Client& phone = scene.login("HAG66@Shakespeare.LIT/phone");
  nothing_is_left_for(phone);
}

TEST_F(Banned, WhileHisSessionWaitsForItsClient) {  // XEP-0198: it is out at once, and what is said then is not kept for it
  const std::string id = enable_resumption(hag);
  gather();
  hag.cuts_the_line();
  scene.says(crone, "before");
  crone.receives("before");
  wicca.receives("before");
  ban();
  crone.receives({"type='unavailable'", "thirdwitch", "code='301'"});
  wicca.receives({"type='unavailable'", "thirdwitch", "code='301'"});
  scene.says(crone, "after");
  crone.receives("after");
  wicca.receives("after");
  Client& back = scene.resumes("hag66@shakespeare.lit", id, 0);
  back.receives("<resumed");
  std::string all;
  while (back.waiting() > 0) {
    all += back.next();
  }
  EXPECT_TRUE(holds(all, "before")) << all;
  EXPECT_TRUE(holds(all, "code='301'")) << all;
  EXPECT_FALSE(holds(all, "after")) << all;
  static_cast<void>(denied(back, "set", query_archive, "forbidden"));
  scene.tries(back, "thirdwitch");
  back.receives_error("join", "forbidden");
}

TEST_F(Banned, WhileHeDoesNotRead) {  // nothing said after the ban follows what waited before it
  gather();
  hag.stops_reading();
  const std::string padding(2000, 'x');
  for (int i = 0; i < 200; ++i) {
    scene.says(crone, "before " + padding);
    scene.advance(std::chrono::seconds(1));
  }
  ban();
  scene.says(crone, "after");
  all_ignore();
  hag.reads_on();
  std::string last;
  int words = 0;
  while (hag.waiting() > 0) {
    last = hag.next();
    words += holds(last, "<body>before") ? 1 : 0;
    EXPECT_FALSE(holds(last, "after"));
  }
  EXPECT_EQ(words, 200);
  EXPECT_TRUE(holds(last, "code='301'")) << last;
  crone.ignores_the_rest();
  wicca.ignores_the_rest();
}

TEST_F(Banned, AllHisSeatsAtOnce) {  // several clients, several nicknames
  Client& phone = scene.login("hag66@shakespeare.lit/phone");
  Client& tablet = scene.login("hag66@shakespeare.lit/tablet");
  gather();
  scene.enters(phone, "thirdwitch", {&crone, &wicca, &hag});
  scene.enters(tablet, "fourthwitch", {&crone, &wicca, &hag, &phone});
  ban("hag66@shakespeare.lit/pda");
  for (Client* each : {&hag, &phone, &tablet}) {
    each->receives_among({"code='301'", "code='110'"});
    each->ignores_the_rest();
  }
  crone.receives("code='301'");
  crone.receives("code='301'");
  wicca.ignores_the_rest();
  scene.says(crone, "alone");
  crone.receives("alone");
  wicca.receives("alone");
  for (Client* each : {&hag, &phone, &tablet}) {
    each->receives_nothing();
  }
}

TEST_F(Banned, WhatHeHadAskedForIsVoid) {  // his request to be a member, his invitation
  scene.makes(crone, "firstwitch", {{"membersonly", "1"}});
  sets(crone, "<item affiliation='admin' jid='wiccarocks@shakespeare.lit'/>");
  wicca.receives("code='101'");
  scene.enters(wicca, "secondwitch", {&crone});
  hag.asks("set", coven,
           "<query xmlns='jabber:iq:register'><x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>http://jabber.org/protocol/muc#register</value></field>"
           "<field var='muc#register_roomnick'><value>thirdwitch</value></field></x></query>");
  crone.receives("muc#register_allow");
  wicca.receives("muc#register_allow");
  ban();
  writes(wicca, "", "<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>http://jabber.org/protocol/muc#register</value></field>"
                    "<field var='{https://aldis.im/rooms}user'><value>hag66@shakespeare.lit</value></field><field var='muc#register_allow'><value>true</value></field></x>");
  wicca.ignores_the_rest();
  EXPECT_TRUE(holds(gets(wicca, "<item affiliation='outcast'/>"), "hag66"));
  nothing_is_left_for(hag);
}

TEST_F(Banned, UsersOfAnotherServerToo) {
  SceneAbroad& abroad = scene.abroad();
  gather();
  abroad.sends("<presence from='iago@venice.example/x' to='coven@chat.shakespeare.lit/iago'><x xmlns='http://jabber.org/protocol/muc'/></presence>");
  all_see({"/iago'"});
  abroad.ignores_the_rest();
  ban("Iago@Venice.example");
  abroad.receives({"to='iago@venice.example/x'", "type='unavailable'", "code='301'"});
  all_see({"/iago'", "code='301'"});
  scene.says(crone, "of him");
  all_see({"of him"});
  abroad.receives_nothing();
  for (const std::string_view stanza : {"<presence from='IAGO@venice.example/y' id='i' to='coven@chat.shakespeare.lit/other'><x xmlns='http://jabber.org/protocol/muc'/></presence>",
                                        "<iq type='set' id='i' from='iago@venice.example/x' to='coven@chat.shakespeare.lit'><query xmlns='urn:xmpp:mam:2'/></iq>"}) {
    abroad.sends(stanza);
    abroad.receives({"type='error'", "id='i'", "<forbidden "});
  }
}

}  // namespace
}  // namespace aldis::test
