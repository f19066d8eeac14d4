// XEP-0163: who is told of an account's nodes without having subscribed to them, when, and who is not (security B01).
#include "extensions/caps.h"
#include "tests/support/scene.h"

namespace aldis::test {
namespace {

const std::string tune = "http://jabber.org/protocol/tune";

// A client that answers questions about its capabilities and keeps the events it is sent.
class Person {
 public:
  Person(Scene& scene, std::string_view jid) : scene_(scene), client_(&scene.login(jid)) {}

  void comes_online(const std::vector<std::string>& nodes, std::string_view more = {}) {
    features_ = "<identity category='client' type='pc'/><feature var='http://jabber.org/protocol/disco#info'/>";
    for (const std::string& node : nodes) {
      features_ += "<feature var='" + node + "+notify'/>";
    }
    const auto document = xml::parse("<query xmlns='http://jabber.org/protocol/disco#info'>" + features_ + "</query>");
    const std::string ver = ext::caps_verification_string((*document)->root());
    client_->sends("<presence><c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='http://c.example' ver='" + ver + "'/>" + std::string(more) + "</presence>");
    settles();
  }
  void sends(std::string_view xml) {
    client_->sends(xml);
    settles();
  }
  void publishes(const std::string& node, std::string_view id, std::string_view access = {}) {
    std::string options;
    if (!access.empty()) {
      options = "<publish-options><x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE' type='hidden'><value>"
                "http://jabber.org/protocol/pubsub#publish-options</value></field><field var='pubsub#access_model'><value>" +
                std::string(access) + "</value></field></x></publish-options>";
    }
    client_->sends("<iq type='set' id='publish'><pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='" + node + "'><item id='" +
                   std::string(id) + "'><tune xmlns='" + tune + "'/></item></publish>" + options + "</pubsub></iq>");
    settles();
    EXPECT_NE(result_.find("type='result'"), std::string::npos) << result_;
  }
  // What has come; ids of items by node, each "node#id", and forgotten.
  std::string events() {
    settles();
    return std::exchange(events_, {});
  }
  const std::string& last_event() const { return last_event_; }
  void goes() { client_->sends("<presence type='unavailable'/>"); settles(); }
  void logs_out() { client_->sends("</stream:stream>"); settles(); }
  Client& client() { return *client_; }
  int questions = 0;

 private:
  static std::string between(const std::string& text, std::string_view before, std::string_view after) {
    const std::size_t at = text.find(before);
    return at == std::string::npos ? std::string() : text.substr(at + before.size(), text.find(after, at + before.size()) - at - before.size());
  }
  void settles() {
    scene_.run();
    while (client_->waiting() > 0) {
      const std::string stanza = client_->next();
      if (stanza.starts_with("<iq") && stanza.find("disco#info") != std::string::npos) {
        ++questions;
        client_->sends("<iq type='result' id='" + between(stanza, "id='", "'") + "' to='" + between(stanza, "from='", "'") +
                       "'><query xmlns='http://jabber.org/protocol/disco#info'>" + features_ + "</query></iq>");
      } else if (stanza.starts_with("<iq")) {
        result_ = stanza;
      } else if (stanza.find("pubsub#event") != std::string::npos) {
        EXPECT_TRUE(stanza.starts_with("<message")) << stanza;
        events_ += between(stanza, "items node='", "'") + "#" + between(stanza, "item id='", "'") + " ";
        last_event_ = stanza;
      }
      scene_.run();
    }
  }
  Scene& scene_;
  Client* client_;
  std::string features_, result_, events_, last_event_;
};

class Pep : public ::testing::Test {
 protected:
  static bool befriend(Scene& scene) {
    scene.are_contacts("juliet@capulet.example", "romeo@montague.example");
    scene.are_contacts("juliet@capulet.example", "nurse@capulet.example");
    scene.are_contacts("juliet@capulet.example", "tybalt@verona.example");
    scene.leaves_the_rest_unread();   // presence; events are asked for
    return true;
  }
  Scene scene_;
  const bool are_friends_ = befriend(scene_);   // before they log in
  Person juliet_{scene_, "juliet@capulet.example/balcony"};
  Person romeo_{scene_, "romeo@montague.example/orchard"};
  Person nurse_{scene_, "nurse@capulet.example/chamber"};            // wants nothing
  Person benvolio_{scene_, "benvolio@montague.example/street"};      // no contact
};

TEST_F(Pep, WhoWantsItIsTold) {  // section 4.3
  juliet_.comes_online({tune});
  romeo_.comes_online({tune});
  nurse_.comes_online({"urn:other"});
  benvolio_.comes_online({tune});
  Person chamber(scene_, "juliet@capulet.example/chamber");
  chamber.comes_online({tune});
  juliet_.publishes(tune, "1");
  EXPECT_EQ(romeo_.events(), tune + "#1 ");
  EXPECT_EQ(juliet_.events(), tune + "#1 ");
  EXPECT_EQ(chamber.events(), tune + "#1 ");
  EXPECT_EQ(nurse_.events(), "");
  EXPECT_EQ(benvolio_.events(), "");
  const std::string& event = romeo_.last_event();
  for (const std::string_view part : {"from='juliet@capulet.example'", "to='romeo@montague.example/orchard'", "type='headline'",
                                      "<addresses xmlns='http://jabber.org/protocol/address'><address type='replyto' jid='juliet@capulet.example/balcony'/></addresses>"}) {
    EXPECT_NE(event.find(part), std::string::npos) << event;   // section 4.3.1
  }
}

// Members of a group that rosters show are contacts; of a large group nobody's clients are remembered for others, and they are told all the same.
TEST_F(Pep, MembersOfAGroupAreTold) {
  Person rosaline(scene_, "rosaline@capulet.example/window");
  Person paris(scene_, "paris@capulet.example/garden");
  const auto share = [&](std::size_t others) {
    DirectoryGroup house{"house", "The house", true, {}};
    for (const char* who : {"juliet", "rosaline"}) house.members.push_back({BareJid::of(who, "capulet.example").value()});
    for (std::size_t i = 0; i < others; ++i) house.members.push_back({BareJid::of("servant" + std::to_string(i), "capulet.example").value()});
    std::vector<DirectoryGroup> groups;
    groups.push_back(std::move(house));
    EXPECT_TRUE(scene_.wait([](World& world, std::vector<DirectoryGroup> all) -> Task<bool> {
      co_await share_groups(world, "capulet.example", std::move(all));
      co_return true;
    }(scene_.world(), std::move(groups))));
  };
  for (const std::size_t others : {0UL, 600UL}) {
    share(others);
    juliet_.comes_online({tune});
    rosaline.comes_online({tune});
    paris.comes_online({tune});
    static_cast<void>(rosaline.events() + juliet_.events());
    juliet_.publishes(tune, "1");
    EXPECT_EQ(rosaline.events(), tune + "#1 ") << others;
    EXPECT_EQ(juliet_.events(), tune + "#1 ");
    EXPECT_EQ(paris.events(), "");
    for (Person* each : {&juliet_, &rosaline, &paris}) each->goes();
  }
}

TEST_F(Pep, OneClientIsAskedForOneHash) {  // XEP-0115 section 5.4
  juliet_.comes_online({tune});
  romeo_.comes_online({tune});
  EXPECT_EQ(juliet_.questions + romeo_.questions, 1);
}

TEST_F(Pep, WhoComesOnlineIsShownTheLastItem) {  // section 4.3.4
  juliet_.comes_online({});
  juliet_.publishes(tune, "1");
  juliet_.publishes(tune, "2");
  romeo_.comes_online({tune, "urn:other"});
  EXPECT_EQ(romeo_.events(), tune + "#2 ");
  EXPECT_NE(romeo_.last_event().find("<delay xmlns='urn:xmpp:delay'"), std::string::npos) << romeo_.last_event();
  romeo_.comes_online({tune, "urn:other"});   // the same again is no initial presence (section 4.3.3)
  EXPECT_EQ(romeo_.events(), "");
  romeo_.goes();
  romeo_.comes_online({tune, "urn:other"});
  EXPECT_EQ(romeo_.events(), tune + "#2 ");
  Person chamber(scene_, "juliet@capulet.example/chamber");
  chamber.comes_online({tune});
  EXPECT_EQ(chamber.events(), tune + "#2 ");
  nurse_.comes_online({});
  benvolio_.comes_online({tune});
  EXPECT_EQ(nurse_.events() + benvolio_.events() + juliet_.events(), "");
}

TEST_F(Pep, WhoSaysHowLongHeWasAwayIsShownAllSince) {  // XEP-0312 section 2
  juliet_.comes_online({});
  const auto publish = [&](std::string_view id) {
    juliet_.sends("<iq type='set' id='p'><pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='" + tune + "'><item id='" + std::string(id) +
                  "'><tune xmlns='" + tune + "'/></item></publish><publish-options><x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE' "
                  "type='hidden'><value>http://jabber.org/protocol/pubsub#publish-options</value></field><field var='pubsub#max_items'><value>10</value>"
                  "</field></x></publish-options></pubsub></iq>");
  };
  for (const std::string_view id : {"1", "2", "3"}) {
    publish(id);
    scene_.advance(std::chrono::seconds(60));
  }
  romeo_.comes_online({tune}, "<ago xmlns='urn:xmpp:ago:0' secs='130'/>");
  EXPECT_EQ(romeo_.events(), tune + "#2 " + tune + "#3 ");
  romeo_.goes();
  romeo_.comes_online({tune}, "<ago xmlns='urn:xmpp:ago:0' secs='1'/>");
  EXPECT_EQ(romeo_.events(), tune + "#3 ");
}

TEST_F(Pep, WhatIsNewlyWantedIsShown) {
  juliet_.comes_online({});
  juliet_.publishes(tune, "1");
  juliet_.publishes("urn:mood", "2");
  romeo_.comes_online({tune});
  EXPECT_EQ(romeo_.events(), tune + "#1 ");
  romeo_.comes_online({tune, "urn:mood"});
  EXPECT_EQ(romeo_.events(), "urn:mood#2 ");
  romeo_.comes_online({"urn:mood"});
  juliet_.publishes(tune, "3");
  EXPECT_EQ(romeo_.events(), "");
}

TEST_F(Pep, OwnerIsOffline) {
  juliet_.comes_online({});
  juliet_.publishes(tune, "1");
  juliet_.logs_out();
  romeo_.comes_online({tune});
  EXPECT_EQ(romeo_.events(), tune + "#1 ");
}

TEST_F(Pep, WhoHasGoneIsNotTold) {
  juliet_.comes_online({});
  romeo_.comes_online({tune});
  romeo_.goes();
  juliet_.publishes(tune, "1");
  EXPECT_EQ(romeo_.events(), "");
}

TEST_F(Pep, WhoIsNotLetInAnyMoreIsNotTold) {  // section 7.1
  juliet_.comes_online({});
  romeo_.comes_online({tune, "urn:open"});
  juliet_.sends("<presence type='unsubscribed' to='romeo@montague.example'/>");
  juliet_.publishes("urn:open", "1", "open");
  juliet_.publishes(tune, "1");
  EXPECT_EQ(romeo_.events(), "");
  romeo_.sends("<presence type='subscribe' to='juliet@capulet.example'/>");
  juliet_.sends("<presence type='subscribed' to='romeo@montague.example'/>");
  EXPECT_EQ(romeo_.events(), tune + "#1 urn:open#1 ") << "all new subscribers are shown the last item (section 4.3.4)";
  juliet_.publishes(tune, "2");
  EXPECT_EQ(romeo_.events(), tune + "#2 ");
  juliet_.sends("<iq type='set' id='r'><query xmlns='jabber:iq:roster'><item jid='romeo@montague.example' subscription='remove'/></query></iq>");
  juliet_.publishes(tune, "3");
  EXPECT_EQ(romeo_.events(), "");
}

TEST_F(Pep, SubscriptionEndsWithTheAccess) {  // section 7.1
  juliet_.comes_online({});
  juliet_.publishes(tune, "1");
  juliet_.publishes("urn:open", "1", "open");
  romeo_.comes_online({});
  for (const std::string& node : {tune, std::string("urn:open")}) {
    romeo_.sends("<iq type='set' id='s' to='juliet@capulet.example'><pubsub xmlns='http://jabber.org/protocol/pubsub'><subscribe node='" + node +
                 "' jid='romeo@montague.example'/></pubsub></iq>");
  }
  static_cast<void>(romeo_.events());
  juliet_.publishes(tune, "2");
  juliet_.publishes("urn:open", "2");
  EXPECT_EQ(romeo_.events(), tune + "#2 urn:open#2 ");
  juliet_.sends("<presence type='unsubscribed' to='romeo@montague.example'/>");
  static_cast<void>(romeo_.events());
  EXPECT_NE(romeo_.last_event().find("subscription='none'"), std::string::npos) << romeo_.last_event();
  romeo_.sends("<presence type='subscribe' to='juliet@capulet.example'/>");
  juliet_.sends("<presence type='subscribed' to='romeo@montague.example'/>");
  juliet_.publishes(tune, "3");
  juliet_.publishes("urn:open", "3");
  EXPECT_EQ(romeo_.events(), "urn:open#3 ") << "what has ended does not come back";
}

TEST_F(Pep, WhoIsBlockedIsNotTold) {  // section 4.3.3, point 3
  juliet_.comes_online({});
  romeo_.comes_online({tune});
  juliet_.sends("<iq type='set' id='b'><block xmlns='urn:xmpp:blocking'><item jid='romeo@montague.example'/></block></iq>");
  juliet_.publishes(tune, "1");
  romeo_.goes();
  romeo_.comes_online({tune});
  EXPECT_EQ(romeo_.events(), "");
}

TEST_F(Pep, AccessModelsHold) {  // section 4
  juliet_.comes_online({"urn:w"});
  romeo_.comes_online({"urn:w", "urn:r"});
  juliet_.publishes("urn:w", "1", "whitelist");
  juliet_.publishes("urn:r", "1", "roster");
  EXPECT_EQ(juliet_.events(), "urn:w#1 ");
  EXPECT_EQ(romeo_.events(), "");
}

TEST_F(Pep, BookmarksAreNobodysElseThoughAClientSaysNothing) {  // XEP-0402 section 3.3; XEP-0223
  juliet_.comes_online({"urn:xmpp:bookmarks:1"});
  romeo_.comes_online({"urn:xmpp:bookmarks:1"});
  juliet_.publishes("urn:xmpp:bookmarks:1", "a@b.example");
  EXPECT_EQ(juliet_.events(), "urn:xmpp:bookmarks:1#a@b.example ");
  EXPECT_EQ(romeo_.events(), "");
  romeo_.goes();
  romeo_.comes_online({"urn:xmpp:bookmarks:1"});
  EXPECT_EQ(romeo_.events(), "");
}

TEST_F(Pep, AccountSaysWhatItIs) {  // section 6.1
  const std::string info = juliet_.client().asks("get", "juliet@capulet.example", "<query xmlns='http://jabber.org/protocol/disco#info'/>");
  for (const std::string_view part : {"<identity category='pubsub' type='pep'/>", "pubsub#auto-create'", "pubsub#auto-subscribe'",
                                      "pubsub#filtered-notifications'", "pubsub#access-presence'", "pubsub#publish-options'"}) {
    EXPECT_NE(info.find(part), std::string::npos) << part;
  }
}

TEST_F(Pep, ContactOfAnotherServerIsAskedAndTold) {
  SceneAbroad& abroad = scene_.abroad();
  juliet_.comes_online({});
  abroad.ignores_the_rest();
  juliet_.publishes(tune, "1");
  const std::string features = "<feature var='" + tune + "+notify'/>";
  const auto document = xml::parse("<query xmlns='http://jabber.org/protocol/disco#info'>" + features + "</query>");
  abroad.sends("<presence from='tybalt@verona.example/x' to='juliet@capulet.example'><c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='n' ver='" +
               ext::caps_verification_string((*document)->root()) + "'/></presence>");
  const std::string question = abroad.receives({"<iq", "from='juliet@capulet.example'", "to='tybalt@verona.example/x'", "disco#info"});
  const std::size_t at = question.find("id='") + 4;
  const std::string id = question.substr(at, question.find('\'', at) - at);
  abroad.sends("<iq type='result' id='" + id + "' from='tybalt@verona.example/y' to='juliet@capulet.example'>"
               "<query xmlns='http://jabber.org/protocol/disco#info'><feature var='urn:x+notify'/></query></iq>");
  abroad.receives_nothing();   // another's word
  abroad.sends("<iq type='result' id='" + id + "' from='tybalt@verona.example/x' to='juliet@capulet.example'>"
               "<query xmlns='http://jabber.org/protocol/disco#info'>" + features + "</query></iq>");
  abroad.receives({"<message", "to='tybalt@verona.example/x'", "<item id='1'", "type='headline'"});
  juliet_.publishes(tune, "2");
  abroad.receives({"<message", "to='tybalt@verona.example/x'", "<item id='2'"});
  abroad.sends("<presence from='tybalt@verona.example/x' to='juliet@capulet.example' type='unavailable'/>");
  juliet_.publishes(tune, "3");
  abroad.receives_nothing();
}

TEST(PepAcrossShards, WhoWantsItIsTold) {
  Scene scene({.shards = 4});
  scene.leaves_the_rest_unread();
  std::vector<std::unique_ptr<Person>> people;
  for (int i = 0; i < 8; ++i) {
    scene.are_contacts("juliet@capulet.example", "u" + std::to_string(i) + "@montague.example");
  }
  Person juliet(scene, "juliet@capulet.example/balcony");
  juliet.comes_online({});
  juliet.publishes(tune, "1");
  for (int i = 0; i < 8; ++i) {
    people.push_back(std::make_unique<Person>(scene, "u" + std::to_string(i) + "@montague.example/x"));
    people.back()->comes_online({tune});
    EXPECT_EQ(people.back()->events(), tune + "#1 ") << i;
  }
  juliet.publishes(tune, "2");
  for (auto& person : people) {
    EXPECT_EQ(person->events(), tune + "#2 ");
  }
}

}  // namespace
}  // namespace aldis::test
