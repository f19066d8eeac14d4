// Who is told that a user has gone (RFC 6121 sections 4.5 and 4.6.3, XEP-0191 section 3.3): exactly those who saw the user come
// (security L03). Everybody is on stage: contacts of each direction, one who was sent presence directly, the user's other
// resource, and a bystander.
#include <gmock/gmock.h>

#include "tests/support/scene.h"

namespace aldis::test {
namespace {

using testing::UnorderedElementsAre;
using Names = std::vector<std::string>;

struct Stage {
  Stage() {
    scene.are_contacts("juliet@capulet.example", "romeo@montague.example", Subscription::both);
    scene.are_contacts("juliet@capulet.example", "mercutio@montague.example", Subscription::from);
    scene.are_contacts("juliet@capulet.example", "tybalt@capulet.example", Subscription::to);
    for (const auto& name : {"romeo@montague.example/o", "mercutio@montague.example/m", "tybalt@capulet.example/t", "paris@montague.example/p",
                             "nurse@capulet.example/n", "juliet@capulet.example/chamber"}) {
      others.push_back(&scene.login(name));
      others.back()->comes_online();
    }
    juliet = &scene.login("juliet@capulet.example/balcony");
    juliet->comes_online();
    juliet->sends("<presence to='paris@montague.example/p'/>");
    for (Client* each : others) each->ignores_the_rest();
    juliet->ignores_the_rest();
  }
  // The localparts (or the resource, of the user's own) of those who received unavailable presence of juliet's balcony since.
  Names who_saw_her_go() {
    Names names;
    for (Client* each : others) {
      std::size_t times = 0;
      while (each->waiting() > 0) {
        const std::string got = each->next();
        times += got.starts_with("<presence") && got.find("type='unavailable'") != std::string::npos &&
                 got.find("from='juliet@capulet.example/balcony'") != std::string::npos;
      }
      EXPECT_LE(times, 1U) << each->jid();
      const std::string& jid = each->jid();
      if (times > 0) names.push_back(jid.starts_with("juliet@") ? jid.substr(jid.find('/') + 1) : jid.substr(0, jid.find('@')));
    }
    juliet->ignores_the_rest();
    return names;
  }
  void blocks(std::string_view who) {
    juliet->sends("<iq type='set' id='b'><block xmlns='urn:xmpp:blocking'><item jid='" + std::string(who) + "'/></block></iq>");
  }
  Scene scene;
  std::vector<Client*> others;
  Client* juliet = nullptr;
};

TEST(Unavailable, GoesToAllWhoSawAvailableHoweverItEnds) {  // section 4.5.2
  for (const std::string_view how : {"<presence type='unavailable'/>", "</stream:stream>", "<not-a-stanza/>", ""}) {
    Stage stage;
    if (how.empty()) {
      stage.juliet->cuts_the_line();
    } else {
      stage.juliet->sends(how);
    }
    EXPECT_THAT(stage.who_saw_her_go(), UnorderedElementsAre("romeo", "mercutio", "paris", "chamber")) << how;
    if (how.starts_with("<presence")) {  // and nobody hears it twice
      stage.juliet->sends("</stream:stream>");
      EXPECT_THAT(stage.who_saw_her_go(), testing::IsEmpty());
    }
  }
}

TEST(Unavailable, DirectedGoesToOneAndIsNotRepeated) {  // section 4.6.3
  Stage stage;
  stage.juliet->sends("<presence to='paris@montague.example/p' type='unavailable'/>");
  EXPECT_THAT(stage.who_saw_her_go(), UnorderedElementsAre("paris"));
  stage.juliet->sends("<presence type='unavailable'/>");
  EXPECT_THAT(stage.who_saw_her_go(), UnorderedElementsAre("romeo", "mercutio", "chamber"));
}

TEST(Unavailable, RemovingAContactTellsThatContact) {  // section 2.5
  for (const std::string_view who : {"romeo", "mercutio"}) {
    Stage stage;
    stage.juliet->sends("<iq type='set' id='r'><query xmlns='jabber:iq:roster'><item jid='" + std::string(who) +
                       "@montague.example' subscription='remove'/></query></iq>");
    EXPECT_THAT(stage.who_saw_her_go(), UnorderedElementsAre(who));
  }
  Stage stage;  // who never saw her is told nothing
  stage.juliet->sends("<iq type='set' id='r'><query xmlns='jabber:iq:roster'><item jid='tybalt@capulet.example' "
                     "subscription='remove'/></query></iq>");
  EXPECT_THAT(stage.who_saw_her_go(), testing::IsEmpty());
}

TEST(Unavailable, BlockingTellsWhoSaw) {  // XEP-0191 section 3.3
  struct Case {
    std::string_view blocked;
    Names told;
  };
  for (const Case& each : {Case{"mercutio@montague.example", {"mercutio"}}, Case{"paris@montague.example", {"paris"}},
                           Case{"paris@montague.example/p", {"paris"}}, Case{"tybalt@capulet.example", {}},
                           Case{"nurse@capulet.example", {}}, Case{"montague.example", {"romeo", "mercutio", "paris"}}}) {
    Stage stage;
    stage.blocks(each.blocked);
    EXPECT_THAT(stage.who_saw_her_go(), testing::UnorderedElementsAreArray(each.told)) << each.blocked;
    Names rest{"romeo", "mercutio", "paris", "chamber"};
    for (const std::string& told : each.told) std::erase(rest, told);
    stage.juliet->sends("</stream:stream>");
    EXPECT_THAT(stage.who_saw_her_go(), testing::UnorderedElementsAreArray(rest)) << each.blocked << ", at the end";
  }
}

TEST(Unavailable, CancellingTellsThatContact) {  // section 3.2
  Stage stage;
  stage.juliet->sends("<presence to='mercutio@montague.example' type='unsubscribed'/>");
  EXPECT_THAT(stage.who_saw_her_go(), UnorderedElementsAre("mercutio"));
  stage.juliet->sends("<presence type='unavailable'/>");
  EXPECT_THAT(stage.who_saw_her_go(), UnorderedElementsAre("romeo", "paris", "chamber"));
}

}  // namespace
}  // namespace aldis::test
