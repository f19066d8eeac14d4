// XEP-0402 and XEP-0048: bookmarks by either door are the same ones.
#include "extensions/pep/bookmark.h"

#include "tests/support/failing_scene.h"
#include "tests/support/pep_scene.h"

namespace aldis::test {
namespace {

constexpr std::string_view legacy_get = "<query xmlns='jabber:iq:private'><storage xmlns='storage:bookmarks'/></query>";
std::string legacy_set(std::string_view content) {
  return "<query xmlns='jabber:iq:private'><storage xmlns='storage:bookmarks'>" + std::string(content) + "</storage></query>";
}
constexpr std::string_view items = "<pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='urn:xmpp:bookmarks:1'/></pubsub>";
std::string publish(std::string_view id, std::string_view conference) {
  return "<pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='urn:xmpp:bookmarks:1'><item id='" + std::string(id) + "'>" +
         std::string(conference) +
         "</item></publish><publish-options><x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE' type='hidden'>"
         "<value>http://jabber.org/protocol/pubsub#publish-options</value></field><field var='pubsub#persist_items'><value>true</value></field>"
         "<field var='pubsub#max_items'><value>max</value></field><field var='pubsub#send_last_published_item'><value>never</value></field>"
         "<field var='pubsub#access_model'><value>whitelist</value></field></x></publish-options></pubsub>";
}

class Bookmarks : public ::testing::Test {
 protected:
  Bookmarks() {
    scene_.are_contacts("juliet@capulet.example", "romeo@montague.example");
    juliet_ = &scene_.login("juliet@capulet.example/balcony");
    romeo_ = &scene_.login("romeo@montague.example/orchard");
  }
  Scene scene_;
  Client* juliet_ = nullptr;
  Client* romeo_ = nullptr;   // must see nothing
};

TEST_F(Bookmarks, PublishedOnesAreInTheList) {  // section 5.3.1
  juliet_->asks("set", "", publish("theplay@conference.shakespeare.lit",
                                  "<conference xmlns='urn:xmpp:bookmarks:1' name='The Play&apos;s the Thing' autojoin='1'><nick>JC</nick>"
                                  "<extensions><state xmlns='http://myclient.example/bookmark/state' minimized='true'/></extensions></conference>"));
  juliet_->asks("set", "", publish("orchard@conference.shakespeare.lit", "<conference xmlns='urn:xmpp:bookmarks:1'/>"));
  const std::string list = juliet_->asks("get", "", legacy_get);
  EXPECT_NE(list.find("<conference jid='theplay@conference.shakespeare.lit' name='The Play&apos;s the Thing' autojoin='true'><nick>JC</nick></conference>"
                      "<conference jid='orchard@conference.shakespeare.lit'/>"),
            std::string::npos)
      << list;
}

TEST_F(Bookmarks, ListBecomesItems) {  // section 5.3.2
  juliet_->asks("set", "", publish("old@conference.shakespeare.lit", "<conference xmlns='urn:xmpp:bookmarks:1'/>"));
  juliet_->asks("set", "", publish("kept@conference.shakespeare.lit",
                                  "<conference xmlns='urn:xmpp:bookmarks:1'><extensions><a xmlns='urn:a'/></extensions></conference>"));
  juliet_->asks("set", "", legacy_set("<conference jid='kept@conference.shakespeare.lit' name='Kept' autojoin='true'/>"
                                     "<conference jid='new@conference.shakespeare.lit'><nick>JC</nick><password>s</password></conference>"
                                     "<url name='Complete Works' url='http://the-tech.mit.edu/Shakespeare/'/>"));
  const std::string all = juliet_->asks("get", "", items);
  EXPECT_EQ(all.find("old@"), std::string::npos);
  EXPECT_NE(all.find("<item id='kept@conference.shakespeare.lit'><conference xmlns='urn:xmpp:bookmarks:1' name='Kept' autojoin='true'>"
                     "<extensions><a xmlns='urn:a'/></extensions></conference></item>"),
            std::string::npos)
      << all;
  EXPECT_NE(all.find("<item id='new@conference.shakespeare.lit'><conference xmlns='urn:xmpp:bookmarks:1'><nick>JC</nick><password>s</password>"),
            std::string::npos)
      << all;
  const std::string list = juliet_->asks("get", "", legacy_get);
  EXPECT_NE(list.find("<url name='Complete Works'"), std::string::npos) << list;
  EXPECT_NE(list.find("new@"), std::string::npos) << list;
}

TEST_F(Bookmarks, NodeThatAListMakesIsNobodyElses) {  // XEP-0223 section 5; security B01
  juliet_->asks("set", "", legacy_set("<conference jid='secret@conference.shakespeare.lit'/>"));
  romeo_->sends("<iq type='get' id='i' to='juliet@capulet.example'>" + std::string(items) + "</iq>");
  romeo_->receives_error("i", "not-allowed");
}

TEST_F(Bookmarks, ListFromBeforeThereWereNodesIsMoved) {
  const BareJid juliet = BareJid::parse("juliet@capulet.example").value();
  std::vector<PrivateXmlStore::Item> before;
  before.push_back({"storage:bookmarks", "storage",
                    "<storage xmlns='storage:bookmarks'><conference jid='coven@chat.example' name='A' autojoin='1'/><url url='u'/></storage>"});
  ASSERT_TRUE(scene_.wait(scene_.stores().private_xml.store(juliet, std::move(before), 9999)));
  EXPECT_NE(juliet_->asks("get", "", legacy_get).find("coven@chat.example"), std::string::npos);
  EXPECT_NE(juliet_->asks("get", "", items).find("<item id='coven@chat.example'"), std::string::npos);
  juliet_->asks("set", "", "<pubsub xmlns='http://jabber.org/protocol/pubsub'><retract node='urn:xmpp:bookmarks:1'><item id='coven@chat.example'/>"
                           "</retract></pubsub>");
  const std::string list = juliet_->asks("get", "", legacy_get);
  EXPECT_EQ(list.find("coven@"), std::string::npos) << "what was taken away does not come back";
  EXPECT_NE(list.find("<url url='u'/>"), std::string::npos);
}

TEST_F(Bookmarks, RoomWithoutAnAddressIsRefusedAndNothingIsLost) {
  juliet_->asks("set", "", legacy_set("<conference jid='a@conference.shakespeare.lit'/>"));
  juliet_->sends("<iq type='set' id='bad'>" + legacy_set("<conference name='nowhere'/>") + "</iq>");
  juliet_->receives_error("bad", "bad-request");
  EXPECT_NE(juliet_->asks("get", "", legacy_get).find("a@conference"), std::string::npos);
}

TEST_F(Bookmarks, AccountSaysThatBothAreOne) {  // section 5.3
  EXPECT_NE(juliet_->asks("get", "juliet@capulet.example", "<query xmlns='http://jabber.org/protocol/disco#info'/>").find("urn:xmpp:bookmarks:1#compat'"),
            std::string::npos);
  EXPECT_NE(juliet_->asks("get", "juliet@capulet.example", "<query xmlns='http://jabber.org/protocol/disco#info'/>").find("urn:xmpp:bookmarks:1#compat-pep'"),
            std::string::npos);
}

// ---- the list as a node (XEP-0048 section 3): #compat-pep

constexpr std::string_view list_node = "storage:bookmarks";
std::string list_xml(std::string_view content) { return "<storage xmlns='storage:bookmarks'>" + std::string(content) + "</storage>"; }
std::string room_xml(std::string_view content = {}) { return "<conference xmlns='urn:xmpp:bookmarks:1'>" + std::string(content) + "</conference>"; }

TEST_F(Bookmarks, PublishedOnesAreInTheListOfTheNode) {  // section 5.3.1
  juliet_->asks("set", "", publish("a@conference.shakespeare.lit", "<conference xmlns='urn:xmpp:bookmarks:1' name='A' autojoin='1'><nick>JC</nick></conference>"));
  juliet_->asks("set", "", publish("b@conference.shakespeare.lit", room_xml("<extensions><x xmlns='urn:x'/></extensions>")));
  const auto list = [&] { return juliet_->asks("get", "", items_xml(list_node)); };
  EXPECT_NE(list().find("<item id='current'>" + list_xml("<conference jid='a@conference.shakespeare.lit' name='A' autojoin='true'><nick>JC</nick></conference>"
                                                       "<conference jid='b@conference.shakespeare.lit'/>") + "</item>"),
            std::string::npos) << list();
  juliet_->asks("set", "", retract_xml("urn:xmpp:bookmarks:1", "a@conference.shakespeare.lit"));
  EXPECT_NE(list().find(list_xml("<conference jid='b@conference.shakespeare.lit'/>")), std::string::npos) << list();
  juliet_->asks("set", "", owner_xml(on_node("purge", "urn:xmpp:bookmarks:1")));
  EXPECT_NE(list().find("<storage xmlns='storage:bookmarks'/>"), std::string::npos) << list();
  romeo_->sends("<iq type='get' id='i' to='juliet@capulet.example'>" + items_xml(list_node) + "</iq>");
  romeo_->receives_error("i", "not-allowed");
}

TEST_F(Bookmarks, PublishedListBecomesItems) {  // section 5.3.2
  juliet_->asks("set", "", publish("old@conference.shakespeare.lit", room_xml()));
  juliet_->asks("set", "", publish("kept@conference.shakespeare.lit", room_xml("<extensions><a xmlns='urn:a'/></extensions>")));
  juliet_->asks("set", "", publish_xml(list_node, "current", list_xml("<conference jid='kept@conference.shakespeare.lit' name='Kept'/>"
                                                                    "<conference jid='new@conference.shakespeare.lit'/><url name='N' url='u'/>")));
  const std::string all = juliet_->asks("get", "", items);
  EXPECT_EQ(all.find("old@"), std::string::npos) << all;
  EXPECT_NE(all.find("<item id='kept@conference.shakespeare.lit'><conference xmlns='urn:xmpp:bookmarks:1' name='Kept'><extensions><a xmlns='urn:a'/></extensions>"),
            std::string::npos) << all;
  EXPECT_NE(all.find("<item id='new@conference.shakespeare.lit'>" + std::string("<conference xmlns='urn:xmpp:bookmarks:1'/>")), std::string::npos) << all;
  EXPECT_NE(juliet_->asks("get", "", legacy_get).find("<url name='N' url='u'/>"), std::string::npos) << "all three are one";
  juliet_->asks("set", "", publish("more@conference.shakespeare.lit", room_xml()));
  EXPECT_NE(juliet_->asks("get", "", items_xml(list_node)).find("<url name='N' url='u'/>"), std::string::npos) << "what else is in the list stays";
}

TEST_F(Bookmarks, ListThatIsTakenAwayTakesNoBookmarkAway) {
  juliet_->asks("set", "", publish("a@conference.shakespeare.lit", room_xml()));
  for (const std::string& request : {retract_xml(list_node, "current"), owner_xml(on_node("purge", list_node)), owner_xml(on_node("delete", list_node))}) {
    juliet_->asks("set", "", request);
    EXPECT_NE(juliet_->asks("get", "", items).find("a@conference"), std::string::npos) << request;
    EXPECT_NE(juliet_->asks("get", "", items_xml(list_node)).find("jid='a@conference"), std::string::npos) << request;
  }
}

TEST_F(Bookmarks, BadListIsRefusedAndNothingIsLost) {
  juliet_->asks("set", "", publish("a@conference.shakespeare.lit", room_xml()));
  juliet_->sends("<iq type='set' id='bad'>" + publish_xml(list_node, "current", list_xml("<conference name='nowhere'/>")) + "</iq>");
  juliet_->receives_error("bad", "bad-request");
  std::string many;
  for (int i = 0; i < 1001; ++i) {
    many += "<conference jid='r" + std::to_string(i) + "@c.example'/>";
  }
  juliet_->sends("<iq type='set' id='many'>" + publish_xml(list_node, "current", list_xml(many)) + "</iq>");
  juliet_->receives_error("many", "not-acceptable");
  EXPECT_NE(juliet_->asks("get", "", items).find("a@conference"), std::string::npos);
  EXPECT_NE(juliet_->asks("get", "", legacy_get).find("jid='a@conference"), std::string::npos);
}

TEST_F(Bookmarks, NothingIsCopiedToANodeThatOthersMayRead) {  // XEP-0223 section 5
  juliet_->asks("set", "", create_xml(list_node, {{"access_model", "open"}}));
  juliet_->asks("set", "", publish("secret@conference.shakespeare.lit", room_xml()));
  EXPECT_EQ(romeo_->asks("get", "juliet@capulet.example", items_xml(list_node)).find("secret"), std::string::npos);
  juliet_->asks("get", "", items_xml(list_node));
  EXPECT_EQ(romeo_->asks("get", "juliet@capulet.example", items_xml(list_node)).find("secret"), std::string::npos);
}

TEST_F(Bookmarks, ListFromBeforeTheNodesWereLinkedBecomesItems) {
  const BareJid juliet = BareJid::parse("juliet@capulet.example").value();
  // As an older server has left it: each node by itself.
  const auto node = [&](std::string_view name) {
    PubSubNodeImage image{.record = {.service = juliet, .node = std::string(name), .name = {}, .config = "access_model=whitelist\n", .creator = juliet},
                          .affiliations = {{juliet, pubsub::Affiliation::owner}}, .subscriptions = {}, .last = {}};
    EXPECT_TRUE(scene_.wait(scene_.stores().pubsub.create(std::move(image), {})));
  };
  const auto put = [&](std::string_view name, std::string_view id, const std::string& payload) {
    std::vector<PubSubItem> all;
    all.push_back({.id = std::string(id), .payload = payload, .publisher = Jid::parse("juliet@capulet.example/old").value()});
    EXPECT_TRUE(scene_.wait(scene_.stores().pubsub.publish(juliet, std::string(name), std::move(all), {}, {})));
  };
  node("urn:xmpp:bookmarks:1");
  node(list_node);
  put("urn:xmpp:bookmarks:1", "item@c.example", room_xml());
  put(list_node, "current", list_xml("<conference jid='listed@c.example' name='L'/><conference jid='item@c.example'/>"));
  Client& other = scene_.login("juliet@capulet.example/other");
  EXPECT_NE(other.asks("get", "", items_xml(list_node)).find("jid='listed@c.example'"), std::string::npos);
  EXPECT_NE(other.asks("get", "", items).find("<item id='listed@c.example'><conference xmlns='urn:xmpp:bookmarks:1' name='L'/>"), std::string::npos);
  other.asks("set", "", retract_xml("urn:xmpp:bookmarks:1", "listed@c.example"));
  EXPECT_EQ(other.asks("get", "", items_xml(list_node)).find("listed@"), std::string::npos) << "what was taken away does not come back";
  EXPECT_EQ(other.asks("get", "", items).find("listed@"), std::string::npos);
}

// A list is replaced as a whole: whichever write fails, and whether or not it has taken effect, there is the old one or the new one, by every door.
TEST(BookmarkFailures, ListIsReplacedAsAWholeOrNotAtAll) {
  const std::string list = "<conference jid='kept@c.example'/><conference jid='new@c.example'/><conference jid='newer@c.example'/>";
  std::size_t failures = 0;
  for (const std::string& request : {legacy_set(list), publish_xml(list_node, "current", list_xml(list)), publish("new@c.example", room_xml()),
                                     retract_xml("urn:xmpp:bookmarks:1", "old@c.example")}) {
    for (const bool takes_effect : {false, true}) {
      failures += fail_each_call([&](std::size_t n) {
        StoresOfScene stores;
        Scene scene(stores.under({}));
        Client& juliet = scene.login("juliet@capulet.example/balcony");
        for (const char* room : {"kept@c.example", "old@c.example", "older@c.example"}) {
          juliet.asks("set", "", publish(room, room_xml()));
        }
        const auto rooms = [&](const std::string& answer) {
          std::string found;
          for (const char* room : {"kept", "old", "older", "newer", "new"}) {
            found += answer.find("'" + std::string(room) + "@c.example'") != std::string::npos ? std::string(room) + " " : "";
          }
          return found;
        };
        const std::string before = rooms(juliet.asks("get", "", items));
        EXPECT_EQ(before, "kept old older ");
        const bool has_failed = stores.fail({.nth = n, .takes_effect = takes_effect}, [&] { juliet.sends("<iq type='set' id='f'>" + request + "</iq>"); });
        EXPECT_EQ(juliet.receives("id='f'").find("type='error'") != std::string::npos, has_failed) << n << request;
        const std::string after = rooms(juliet.asks("get", "", items));
        const std::string wanted = request.find("<retract ") != std::string::npos ? "kept older " : request.find("urn:xmpp:bookmarks:1'><item") != std::string::npos ? "kept old older new " : "kept newer new ";
        EXPECT_TRUE(after == before || after == wanted) << n << request << after;
        EXPECT_TRUE(has_failed || after == wanted) << n << request << after;
        EXPECT_EQ(rooms(juliet.asks("get", "", legacy_get)), after) << n << request;
        EXPECT_EQ(rooms(juliet.asks("get", "", items_xml(list_node))), after) << n << request;
        return has_failed;
      });
    }
  }
  EXPECT_GT(failures, 8U);
}

// Both nodes' watchers are told, of what has changed alone.
class BookmarkWatchers : public Capulets {};

TEST_F(BookmarkWatchers, AreToldByEitherNode) {  // section 5.3.2
  const std::string rooms = "urn:xmpp:bookmarks:1";
  const std::string lists(list_node);
  Client& modern = login("juliet@capulet.lit/balcony");
  Client& older = login("juliet@capulet.lit/chamber");
  Client& romeo = login("romeo@montague.lit/orchard");
  shows(modern, {rooms});
  shows(older, {lists});
  shows(romeo, {rooms, lists});
  hush();
  done(modern, "set", publish_xml(rooms, "a@c.example", room_xml()));
  sees(modern, item_event(rooms, room_xml()));
  sees(older, item_event(lists, list_xml("<conference jid='a@c.example'/>")));
  done(older, "set", publish_xml(lists, "current", list_xml("<conference jid='b@c.example'/><conference jid='a@c.example'/>")));
  sees(modern, item_event(rooms, room_xml()));
  sees(older, item_event(lists, list_xml("<conference jid='b@c.example'/><conference jid='a@c.example'/>")));
  done(older, "set", publish_xml(lists, "current", list_xml("<conference jid='b@c.example'/>")));
  sees(modern, on_node("items", rooms, "<retract id='a@c.example'/>"));
  sees(older, item_event(lists, list_xml("<conference jid='b@c.example'/>")));
  done(modern, "set", publish_xml(rooms, "b@c.example", room_xml("<extensions><x xmlns='urn:x'/></extensions>")));
  sees(modern, item_event(rooms, room_xml("<extensions><x xmlns='urn:x'/></extensions>")));
  EXPECT_TRUE(events(older).empty()) << "the list is the same";
}

}  // namespace
}  // namespace aldis::test
