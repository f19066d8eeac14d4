// XEP-0292 and XEP-0054: one card, written and read in either form.
#include "extensions/pep/card4.h"

#include "tests/support/scene.h"

namespace aldis::test {
namespace {

const std::string temp =
    "<vCard xmlns='vcard-temp'><FN>Peter Saint-Andre</FN><N><FAMILY>Saint-Andre</FAMILY><GIVEN>Peter</GIVEN></N><NICKNAME>stpeter</NICKNAME>"
    "<BDAY>1966-08-06</BDAY><ADR><WORK/><EXTADD>Suite 600</EXTADD><STREET>1899 Wynkoop Street</STREET><LOCALITY>Denver</LOCALITY>"
    "<REGION>CO</REGION><PCODE>80202</PCODE><CTRY>USA</CTRY></ADR><TEL><WORK/><VOICE/><NUMBER>+1-303-308-3282</NUMBER></TEL>"
    "<EMAIL><HOME/><USERID>stpeter@jabber.org</USERID></EMAIL><JABBERID>stpeter@jabber.org</JABBERID>"
    "<ORG><ORGNAME>XMPP Standards Foundation</ORGNAME><ORGUNIT>Board</ORGUNIT></ORG><TITLE>Executive Director</TITLE>"
    "<URL>https://stpeter.im/</URL><GEO><LAT>39.59</LAT><LON>-105.01</LON></GEO></vCard>";
const std::string four =
    "<vcard xmlns='urn:ietf:params:xml:ns:vcard-4.0'><fn><text>Peter Saint-Andre</text></fn><n><surname>Saint-Andre</surname><given>Peter</given></n>"
    "<nickname><text>stpeter</text></nickname><bday><date>1966-08-06</date></bday><adr><parameters><type><text>work</text></type></parameters>"
    "<ext>Suite 600</ext><street>1899 Wynkoop Street</street><locality>Denver</locality><region>CO</region><code>80202</code>"
    "<country>USA</country></adr><tel><parameters><type><text>work</text><text>voice</text></type></parameters><text>+1-303-308-3282</text></tel>"
    "<email><parameters><type><text>home</text></type></parameters><text>stpeter@jabber.org</text></email>"
    "<impp><uri>xmpp:stpeter@jabber.org</uri></impp><org><text>XMPP Standards Foundation</text><text>Board</text></org>"
    "<title><text>Executive Director</text></title><url><uri>https://stpeter.im/</uri></url><geo><uri>geo:39.59,-105.01</uri></geo></vcard>";

TEST(Cards, AreTheSameInBothForms) {
  EXPECT_EQ(ext::card4_of(temp, ""), four);
  EXPECT_EQ(ext::card_of(four, ""), temp);
}

TEST(Cards, KeepWhatTheOtherFormCannotSay) {
  const std::string photo = "<PHOTO><TYPE>image/png</TYPE><BINVAL>AAAA</BINVAL></PHOTO>";
  EXPECT_EQ(ext::card_of("<vcard xmlns='urn:ietf:params:xml:ns:vcard-4.0'><fn><text>New</text></fn><gender><sex><text>M</text></sex></gender></vcard>",
                         "<vCard xmlns='vcard-temp'><FN>Old</FN>" + photo + "</vCard>"),
            "<vCard xmlns='vcard-temp'><FN>New</FN>" + photo + "</vCard>");
  EXPECT_EQ(ext::card4_of("<vCard xmlns='vcard-temp'><FN>New</FN></vCard>",
                          "<vcard xmlns='urn:ietf:params:xml:ns:vcard-4.0'><fn><text>Old</text></fn><gender><sex><text>M</text></sex></gender></vcard>"),
            "<vcard xmlns='urn:ietf:params:xml:ns:vcard-4.0'><fn><text>New</text></fn><gender><sex><text>M</text></sex></gender></vcard>");
}

class CardsOfAccounts : public ::testing::Test {
 protected:
  static std::string publish(std::string_view payload, std::string_view access) {
    return "<pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='urn:xmpp:vcard4'><item>" + std::string(payload) +
           "</item></publish><publish-options><x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE' type='hidden'>"
           "<value>http://jabber.org/protocol/pubsub#publish-options</value></field><field var='pubsub#access_model'><value>" +
           std::string(access) + "</value></field></x></publish-options></pubsub>";
  }
  std::string card_of_juliet() { return romeo_.asks("get", "juliet@capulet.example", "<vCard xmlns='vcard-temp'/>"); }
  Scene scene_;
  Client& juliet_ = scene_.login("juliet@capulet.example/balcony");
  Client& romeo_ = scene_.login("romeo@montague.example/orchard");
};

TEST_F(CardsOfAccounts, PublishedOneIsTheCard) {
  juliet_.asks("set", "", "<vCard xmlns='vcard-temp'><FN>Old</FN><UID>1</UID></vCard>");
  scene_.run();
  juliet_.asks("set", "", publish(four, "open"));
  scene_.run();
  const std::string card = card_of_juliet();
  EXPECT_NE(card.find(temp.substr(0, temp.size() - 8)), std::string::npos) << card;
  EXPECT_NE(card.find("<UID>1</UID>"), std::string::npos) << card;
}

TEST_F(CardsOfAccounts, OneThatNotEverybodyMayReadIsNotTheCard) {  // security B01
  juliet_.asks("set", "", publish(four, "whitelist"));
  scene_.run();
  romeo_.sends("<iq type='get' id='i' to='juliet@capulet.example'><vCard xmlns='vcard-temp'/></iq>");
  romeo_.receives_error("i", "service-unavailable");
}

TEST_F(CardsOfAccounts, CardIsPublished) {
  juliet_.asks("set", "", temp);
  scene_.run();
  const std::string found =
      romeo_.asks("get", "juliet@capulet.example", "<pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='urn:xmpp:vcard4'/></pubsub>");
  EXPECT_NE(found.find(four), std::string::npos) << found;
}

}  // namespace
}  // namespace aldis::test
