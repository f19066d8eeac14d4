// XEP-0402 and XEP-0048: bookmarks by either door are the same ones.
#include "extensions/pep/bookmark.h"

#include "tests/support/scene.h"

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
}

}  // namespace
}  // namespace aldis::test
