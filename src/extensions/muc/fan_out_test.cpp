// How a room's words reach its occupants (docs/adr/0048): more of them than go out in one turn, clients that do not read, sessions
// that wait for their clients, occupants on several shards; and that each receives what is for him once and in its order.
#include "tests/support/coven.h"
#include "tests/support/managed_client.h"

namespace aldis::test {
namespace {

using FanOutOrder = Coven;
using SlowReader = Coven;

// The bodies of the messages that wait for a client, in their order, and its own going as "gone".
std::vector<std::string> heard(Client& client) {
  std::vector<std::string> all;
  while (client.waiting() > 0) {
    const std::string stanza = client.next();
    const std::size_t at = stanza.find("<body>");
    if (at != std::string::npos) {
      all.push_back(stanza.substr(at + 6, stanza.find_first_of("< ", at + 6) - at - 6));
    } else if (stanza.starts_with("<presence") && stanza.find("type='unavailable'") != std::string::npos && stanza.find("code='110'") != std::string::npos) {
      all.emplace_back("gone");
    } else if (stanza.starts_with("<iq")) {
      all.emplace_back("answer");
    }
  }
  return all;
}

std::vector<std::string> numbers(int from, int to) {
  std::vector<std::string> all;
  for (int i = from; i <= to; ++i) {
    all.push_back(std::to_string(i));
  }
  return all;
}

const std::string padding(1000, 'x');

// ---- a client that does not read

TEST_F(SlowReader, HearsEverythingLaterAndHoldsNobodyUp) {
  gather();
  hag.stops_reading();
  for (int i = 1; i <= 500; ++i) {
    scene.says(crone, std::to_string(i) + " " + padding);
    scene.advance(std::chrono::seconds(1));
  }
  EXPECT_EQ(heard(crone), numbers(1, 500));
  EXPECT_EQ(heard(wicca), numbers(1, 500));
  hag.reads_on();
  EXPECT_EQ(heard(hag), numbers(1, 500));
}

TEST_F(SlowReader, WhatIsForHimAloneDoesNotOvertake) {  // RFC 6120 section 10.1: private messages, answers and his own going
  gather();
  hag.stops_reading();
  for (int i = 1; i <= 400; ++i) {
    if (i % 10 == 0) {
      writes(crone, "chat", "<body>" + std::to_string(i) + "</body>", "thirdwitch");
    } else {
      scene.says(crone, std::to_string(i) + " " + padding);
    }
    scene.advance(std::chrono::seconds(1));
  }
  hag.sends("<iq type='get' id='i' to='coven@chat.shakespeare.lit'><ping xmlns='urn:xmpp:ping'/></iq>");
  scene.says(crone, "401");
  sets(crone, "<item nick='thirdwitch' role='none'/>");
  all_ignore();
  hag.reads_on();
  std::vector<std::string> expected = numbers(1, 400);
  expected.insert(expected.end(), {"answer", "401", "gone"});
  EXPECT_EQ(heard(hag), expected);
  wicca.ignores_the_rest();
  crone.ignores_the_rest();
}

TEST_F(SlowReader, IsRemovedAndTheOthersGoOn) {  // its line breaks while hundreds wait for it
  gather();
  hag.stops_reading();
  for (int i = 1; i <= 300; ++i) {
    scene.says(crone, std::to_string(i) + " " + padding);
    scene.advance(std::chrono::seconds(1));
  }
  crone.ignores_the_rest();
  wicca.ignores_the_rest();
  hag.cuts_the_line();
  for (Client* each : {&crone, &wicca}) {
    each->receives({"type='unavailable'", "thirdwitch"});
  }
  scene.says(crone, "go on");
  for (Client* each : {&crone, &wicca}) {
    each->receives("go on");
  }
}

TEST(SlowReaders, EndWhenMoreWaitsThanIsAllowed) {  // limits.backlog_stanzas
  CoreConfig core;
  core.backlog_stanzas = 100;
  RoomScene scene({}, {.core = core});
  Client& crone = scene.login("crone1@shakespeare.lit/desktop");
  Client& hag = scene.login("hag66@shakespeare.lit/pda");
  scene.makes(crone, "firstwitch");
  scene.enters(hag, "thirdwitch", {&crone});
  hag.stops_reading();
  int count = 0;
  for (bool is_here = true; is_here && count < 1000;) {
    scene.says(crone, std::to_string(++count) + " " + padding);
    scene.advance(std::chrono::seconds(1));
    while (crone.waiting() > 0) {
      is_here = crone.next().find("type='unavailable'") == std::string::npos && is_here;
    }
  }
  EXPECT_LT(count, 400);
  EXPECT_GT(count, 100);
  scene.says(crone, "alone");
  EXPECT_EQ(heard(crone), std::vector<std::string>{"alone"});
  scene.advance(std::chrono::minutes(2));   // the linger time of a line that nobody reads
  EXPECT_EQ(crone.asks("get", coven, items_query).find("thirdwitch"), std::string::npos);
  hag.reads_on();
  hag.ignores_the_rest();
  crone.ignores_the_rest();
  scene.leaves_the_rest_unread();
}

TEST(SlowReaders, WhoDoesNotAcknowledgeGetsMoreWhenHeDoes) {  // XEP-0198 section 4: half of what may be unacknowledged
  CoreConfig core;
  core.unacknowledged_stanzas = 100;
  RoomScene scene({}, {.core = core});
  Client& crone = scene.login("crone1@shakespeare.lit/desktop");
  Client& hag = scene.login("hag66@shakespeare.lit/pda");
  scene.makes(crone, "firstwitch");
  static_cast<void>(enable_resumption(hag));
  scene.enters(hag, "thirdwitch", {&crone});
  for (int i = 1; i <= 300; ++i) {
    scene.says(crone, std::to_string(i));
    scene.advance(std::chrono::milliseconds(100));
  }
  crone.ignores_the_rest();
  std::vector<std::string> all;
  std::size_t acknowledged = 3;   // what entering has sent: two presences and the subject
  for (int i = 0; i < 30 && all.size() < 300; ++i) {
    const std::vector<std::string> more = heard(hag);
    EXPECT_LE(more.size(), 60U);
    all.insert(all.end(), more.begin(), more.end());
    hag.sends("<a xmlns='urn:xmpp:sm:3' h='" + std::to_string(acknowledged + all.size()) + "'/>");
  }
  EXPECT_EQ(all, numbers(1, 300));
}

TEST(SlowReaders, WhoIsAwayHearsItWhenHeIsBack) {  // XEP-0198 section 5: private messages among it, in their order
  RoomScene scene;
  Client& crone = scene.login("crone1@shakespeare.lit/desktop");
  Client& hag = scene.login("hag66@shakespeare.lit/pda");
  scene.makes(crone, "firstwitch");
  const std::string id = enable_resumption(hag);
  scene.enters(hag, "thirdwitch", {&crone});
  hag.cuts_the_line();
  for (int i = 1; i <= 50; ++i) {
    crone.sends(i % 7 == 0 ? "<message type='chat' to='coven@chat.shakespeare.lit/thirdwitch'><body>" + std::to_string(i) + "</body></message>"
                           : "<message type='groupchat' to='coven@chat.shakespeare.lit'><body>" + std::to_string(i) + "</body></message>");
  }
  crone.ignores_the_rest();
  Client& back = scene.resumes("hag66@shakespeare.lit", id, 3);
  back.receives("<resumed");
  EXPECT_EQ(heard(back), numbers(1, 50));
  scene.says(back, "here again");   // he has not left
  EXPECT_EQ(heard(crone), std::vector<std::string>{"here"});
  back.ignores_the_rest();
  crone.ignores_the_rest();
}

// ---- more than one turn's

struct Crowd {
  explicit Crowd(int count, SceneOptions options = {}) : scene({{"rate", OptionValue(std::int64_t{0})}}, std::move(options)) {
    scene.makes(crone, "firstwitch");
    for (int i = 0; i < count; ++i) {
      Client& each = scene.login("w" + std::to_string(i) + "@shakespeare.lit/x");
      RoomScene::tries(each, "w" + std::to_string(i));
      all.push_back(&each);
    }
    ignore();
  }
  void ignore() {
    crone.ignores_the_rest();
    for (Client* each : all) {
      each->ignores_the_rest();
    }
  }
  RoomScene scene;
  Client& crone = scene.login("crone1@shakespeare.lit/desktop");
  std::vector<Client*> all{};
};

std::string said(std::string_view body) { return "<message type='groupchat' to='coven@chat.shakespeare.lit'><body>" + std::string(body) + "</body></message>"; }

TEST(FanOutBatches, SomebodyLeavesWhileAMessageGoesOut) {  // and others enter, speak, change their names, are kicked, lose their lines
  Crowd crowd(600);
  Client& late = crowd.scene.login("late@shakespeare.lit/x");
  crowd.crone.sends_without_running(said("one"));
  crowd.all[5]->sends_without_running("<presence type='unavailable' to='coven@chat.shakespeare.lit/w5'/>");
  crowd.all[590]->sends_without_running("<presence type='unavailable' to='coven@chat.shakespeare.lit/w590'/>");
  crowd.crone.sends_without_running(said("two"));
  late.sends_without_running("<presence to='coven@chat.shakespeare.lit/late'><x xmlns='http://jabber.org/protocol/muc'/></presence>");
  crowd.all[300]->sends_without_running("<presence to='coven@chat.shakespeare.lit/other'/>");
  crowd.crone.sends_without_running("<iq type='set' id='k' to='coven@chat.shakespeare.lit'>" + RoomScene::admin("<item nick='w301' role='none'/>") + "</iq>");
  crowd.all[302]->transport().cut();
  crowd.crone.sends_without_running(said("three"));
  crowd.scene.run();
  int complete = 0;
  for (int i = 0; i < 600; ++i) {
    if (i == 302) {
      continue;
    }
    const std::vector<std::string> words = heard(*crowd.all[static_cast<std::size_t>(i)]);
    const auto gone = std::ranges::find(words, "gone");
    std::vector<std::string> spoken(words.begin(), gone);
    EXPECT_TRUE(gone == words.end() || gone + 1 == words.end()) << i << ": hears what is said when he has left";
    const std::vector<std::string> story{"one", "two", "three"};
    EXPECT_TRUE(std::ranges::equal(spoken, std::span(story).first(spoken.size()))) << i << ": in their order, each once";
    if (i != 5 && i != 590 && i != 300 && i != 301) {
      EXPECT_EQ(spoken.size(), 3U) << i;
    }
    complete += spoken.size() == 3 ? 1 : 0;
  }
  EXPECT_GE(complete, 596);
  crowd.scene.leaves_the_rest_unread();
}

TEST(FanOutBatches, OthersOfTheShardHaveTheirTurns) {  // between two batches
  Crowd crowd(600);
  Client& juliet = crowd.scene.login("juliet@shakespeare.lit/balcony");
  Client& romeo = crowd.scene.login("romeo@shakespeare.lit/orchard");
  for (int i = 0; i < 20; ++i) {
    crowd.crone.sends_without_running(said(std::to_string(i)));
  }
  crowd.scene.shard().post([] {});
  juliet.sends_without_running("<message to='romeo@shakespeare.lit/orchard'><body>now</body></message>");
  // The room has 12,000 deliveries to make. A turn of the loop is told apart by what a next turn does.
  struct Turns final : NextTurn {
    explicit Turns(Shard& its, Client& whose) : shard(its), client(whose) { shard.run_next_turn(*this); }
    void on_next_turn() override {
      ++count;
      if (first == 0 && !client.transport().receive().empty()) {
        first = count;
      }
      if (count < 100) {
        shard.run_next_turn(*this);
      }
    }
    Shard& shard;
    Client& client;
    int count = 0;
    int first = 0;
  } turns(crowd.scene.shard(), romeo);
  crowd.scene.run();
  EXPECT_GT(turns.first, 0);
  EXPECT_LT(turns.first, 10) << "she waits until the room has said everything";
  crowd.scene.leaves_the_rest_unread();
}

// ---- several shards

struct Shards : Crowd {
  Shards() : Crowd(24, {.shards = 3}) {}
  // Somebody whose account is at home on the shard, or elsewhere than the room.
  Client& one_at(std::size_t shard) {
    for (Client* each : all) {
      const std::string bare = each->jid().substr(0, each->jid().find('/'));
      if (&scene.home_of(bare) == scene.world().homes[shard].get()) {
        return *each;
      }
    }
    ADD_FAILURE() << "nobody is at home there";
    return *all.front();
  }
  static std::string nickname(const Client& client) { return client.jid().substr(0, client.jid().find('@')); }
};

TEST(FanOutShards, EverybodyHearsEverythingOnceAndInOrder) {
  Shards shards;
  for (int i = 1; i <= 20; ++i) {
    shards.all[static_cast<std::size_t>(i)]->sends_without_running(said(std::to_string(i)));
    shards.scene.run();
  }
  EXPECT_EQ(heard(shards.crone), numbers(1, 20));
  for (Client* each : shards.all) {
    EXPECT_EQ(heard(*each), numbers(1, 20)) << each->jid();
  }
}

TEST(FanOutShards, PrivateMessagesKeepTheirPlace) {
  Shards shards;
  for (std::size_t shard = 0; shard < 3; ++shard) {
    Client& to = shards.one_at(shard);
    for (int i = 1; i <= 30; ++i) {
      shards.crone.sends_without_running(
          i % 3 == 0 ? "<message type='chat' to='coven@chat.shakespeare.lit/" + Shards::nickname(to) + "'><body>" + std::to_string(i) + "</body></message>" : said(std::to_string(i)));
    }
    shards.scene.run();
    EXPECT_EQ(heard(to), numbers(1, 30)) << to.jid();
    shards.ignore();
  }
}

TEST(FanOutShards, LeavingKickingAndLostLinesReachAll) {
  Shards shards;
  Client* const going[] = {&shards.one_at(0), &shards.one_at(1), &shards.one_at(2)};
  const auto are_told = [&](const std::string& nickname) {
    const std::string from = "from='coven@chat.shakespeare.lit/" + nickname + "'";
    for (Client* each : shards.all) {
      if (!each->is_closed() && std::ranges::find(going, each) == std::end(going)) {
        each->receives({"<presence", "type='unavailable'", from});
      }
    }
    shards.crone.receives_among({"<presence", "type='unavailable'", from});
  };
  going[0]->sends("<presence type='unavailable' to='coven@chat.shakespeare.lit/" + Shards::nickname(*going[0]) + "'/>");
  are_told(Shards::nickname(*going[0]));
  shards.crone.asks("set", coven, RoomScene::admin("<item nick='" + Shards::nickname(*going[1]) + "' role='none'/>"));
  are_told(Shards::nickname(*going[1]));
  going[2]->cuts_the_line();
  are_told(Shards::nickname(*going[2]));
  for (Client* each : going) {
    if (!each->is_closed()) {
      each->ignores_the_rest();
    }
  }
  shards.crone.sends(said("left"));
  for (Client* each : shards.all) {
    if (std::ranges::find(going, each) == std::end(going)) {
      EXPECT_EQ(heard(*each), std::vector<std::string>{"left"});
    } else if (!each->is_closed()) {
      EXPECT_TRUE(heard(*each).empty());
    }
  }
  shards.crone.ignores_the_rest();
}

TEST(FanOutShards, EnteringShowsAllOfThem) {
  Shards shards;
  for (std::size_t shard = 0; shard < 3; ++shard) {
    Client& again = shards.one_at(shard);
    shards.ignore();
    again.sends("<presence to='coven@chat.shakespeare.lit/" + Shards::nickname(again) + "'><x xmlns='http://jabber.org/protocol/muc'/></presence>");
    int others = 0;
    std::string stanza = again.next();
    for (; stanza.find("code='110'") == std::string::npos && !stanza.empty(); stanza = again.next()) {
      ++others;
    }
    EXPECT_EQ(others, 24);   // the owner and twenty-three
    again.receives("<subject");
    again.receives_nothing();
  }
  shards.ignore();
}

}  // namespace
}  // namespace aldis::test
