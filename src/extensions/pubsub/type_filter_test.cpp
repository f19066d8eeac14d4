// XEP-0462: lists of nodes by type.
#include "tests/support/scene.h"

namespace aldis::test {
namespace {

class TypeFilterTest : public ::testing::Test {
 protected:
  TypeFilterTest() {
    for (const auto& [node, type] : std::vector<std::pair<std::string, std::string>>{
             {"blog", "urn:xmpp:microblog:0"}, {"comments", "urn:xmpp:microblog:0:comments"}, {"plain", ""}}) {
      juliet_.asks("set", "",
                   "<pubsub xmlns='http://jabber.org/protocol/pubsub'><create node='" + node +
                       "'/><configure><x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE' type='hidden'>"
                       "<value>http://jabber.org/protocol/pubsub#node_config</value></field><field var='pubsub#type'><value>" +
                       type + "</value></field></x></configure></pubsub>");
    }
  }
  static std::string query(std::string_view fields) {
    return "<query xmlns='http://jabber.org/protocol/disco#items'><filter xmlns='urn:xmpp:pubsub-filter:0'><x xmlns='jabber:x:data' type='submit'>"
           "<field var='FORM_TYPE' type='hidden'><value>urn:xmpp:pubsub-filter:0</value></field>" +
           std::string(fields) + "</x></filter></query>";
  }
  std::string nodes(std::string_view fields) {
    const std::string answer = juliet_.asks("get", "juliet@capulet.example", query(fields));
    std::string found;
    for (const std::string_view node : {"blog", "comments", "plain"}) {
      found += answer.find("node='" + std::string(node) + "'") == std::string::npos ? "" : std::string(node) + " ";
    }
    return found;
  }
  Scene scene_;
  Client& juliet_ = scene_.login("juliet@capulet.example/balcony");
};

TEST_F(TypeFilterTest, IncludesAndExcludes) {  // section 3.2
  EXPECT_EQ(nodes(""), "blog comments plain ");
  EXPECT_EQ(nodes("<field var='included-types' type='list-multi'><value>urn:xmpp:microblog:0</value><value/></field>"), "blog plain ");
  EXPECT_EQ(nodes("<field var='included-types' type='list-multi'><value>urn:other</value></field>"), "");
  EXPECT_EQ(nodes("<field var='excluded-types' type='list-multi'><value>urn:xmpp:microblog:0:comments</value></field>"), "blog plain ");
  EXPECT_EQ(nodes("<field var='excluded-types' type='list-multi'><value/></field>"), "blog comments ");
}

TEST_F(TypeFilterTest, BothAreRefused) {  // section 3.2, example 2
  juliet_.sends("<iq type='get' id='i' to='juliet@capulet.example'>" +
                query("<field var='included-types'><value>a</value></field><field var='excluded-types'><value>b</value></field>") + "</iq>");
  juliet_.receives_error("i", "bad-request");
}

TEST_F(TypeFilterTest, IsAdvertised) {
  EXPECT_NE(juliet_.asks("get", "juliet@capulet.example", "<query xmlns='http://jabber.org/protocol/disco#info'/>").find("'urn:xmpp:pubsub-filter:0'"),
            std::string::npos);
}

}  // namespace
}  // namespace aldis::test
