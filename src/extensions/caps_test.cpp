// XEP-0115: the specification's own examples, and the server's own capabilities.
#include "extensions/caps.h"

#include "tests/support/scene.h"

namespace aldis::test {
namespace {

std::string ver(std::string text) {
  const auto document = xml::parse(std::move(text));
  EXPECT_TRUE(document.has_value());
  return ext::caps_verification_string((*document)->root());
}

TEST(Caps, TheSimpleExample) {  // section 5.2
  EXPECT_EQ(ver("<query xmlns='http://jabber.org/protocol/disco#info'><identity category='client' name='Exodus 0.9.1' type='pc'/>"
                "<feature var='http://jabber.org/protocol/caps'/><feature var='http://jabber.org/protocol/muc'/>"
                "<feature var='http://jabber.org/protocol/disco#info'/><feature var='http://jabber.org/protocol/disco#items'/></query>"),
            "QgayPKawpkPSDYmwT/WM94uAlu0=");
}

TEST(Caps, TheComplexExample) {  // section 5.3
  EXPECT_EQ(ver("<query xmlns='http://jabber.org/protocol/disco#info' node='http://psi-im.org#q07IKJEyjvHSyhy//CH0CxmKi8w='>"
                "<identity xml:lang='en' category='client' name='Psi 0.11' type='pc'/>"
                "<identity xml:lang='el' category='client' name='&#936; 0.11' type='pc'/>"
                "<feature var='http://jabber.org/protocol/caps'/><feature var='http://jabber.org/protocol/disco#info'/>"
                "<feature var='http://jabber.org/protocol/disco#items'/><feature var='http://jabber.org/protocol/muc'/>"
                "<x xmlns='jabber:x:data' type='result'><field var='FORM_TYPE' type='hidden'><value>urn:xmpp:dataforms:softwareinfo</value></field>"
                "<field var='ip_version' type='text-multi'><value>ipv4</value><value>ipv6</value></field>"
                "<field var='os'><value>Mac</value></field><field var='os_version'><value>10.5.1</value></field>"
                "<field var='software'><value>Psi</value></field><field var='software_version'><value>0.11</value></field></x></query>"),
            "q07IKJEyjvHSyhy//CH0CxmKi8w=");
}

TEST(Caps, WhatBeginsAlikeIsSortedByItsOwnBytes) {  // section 5.1, i;octet; the features of XEP-0163's example
  EXPECT_EQ(ver("<query xmlns='http://jabber.org/protocol/disco#info'><identity category='client' name='Exodus 0.9.1' type='pc'/>"
                "<feature var='http://jabber.org/protocol/tune+notify'/><feature var='http://jabber.org/protocol/tune'/>"
                "<feature var='http://jabber.org/protocol/geoloc+notify'/><feature var='http://jabber.org/protocol/geoloc'/>"
                "<feature var='http://jabber.org/protocol/disco#items'/><feature var='http://jabber.org/protocol/disco#info'/></query>"),
            "8sCKWRVwQ8QGlHElneJtW2POoFA=");
}

TEST(Caps, TheStreamFeatureIsWhatDiscoverySays) {  // section 6.3
  Scene scene;
  Client& juliet = scene.login("juliet@capulet.example/balcony");
  std::string advertised;
  for (const std::string& feature : scene.world().find_host("capulet.example")->stream_features) {
    if (feature.starts_with("<c ")) {
      advertised = feature.substr(feature.find("ver='") + 5);
      advertised.resize(advertised.find('\''));
    }
  }
  const std::string answer = juliet.asks(
      "get", "capulet.example",
      "<query xmlns='http://jabber.org/protocol/disco#info' node='https://aldis.im/server#" + advertised + "'/>");
  std::string query = answer.substr(answer.find("<query"));
  query.resize(query.find("</query>") + 8);
  EXPECT_EQ(ver(query), advertised);
}

}  // namespace
}  // namespace aldis::test
