// XEP-0398: avatars of nodes and of cards are the same, and presence says which it is.
#include "base/encoding.h"
#include "extensions/vcard.h"
#include "tests/support/scene.h"

namespace aldis::test {
namespace {

const std::string image = "\x89PNG\r\n an image";
const std::string hash = ext::Photo{.type = "image/png", .image = image}.hash();
const std::string encoded = base64_encode(image);

std::string publish(std::string_view node, std::string_view id, std::string_view payload, std::string_view access = "open") {
  return "<pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='" + std::string(node) + "'><item id='" + std::string(id) + "'>" +
         std::string(payload) +
         "</item></publish><publish-options><x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE' type='hidden'>"
         "<value>http://jabber.org/protocol/pubsub#publish-options</value></field><field var='pubsub#access_model'><value>" +
         std::string(access) + "</value></field></x></publish-options></pubsub>";
}
std::string data(std::string_view access = "open") {
  return publish("urn:xmpp:avatar:data", hash, "<data xmlns='urn:xmpp:avatar:data'>" + encoded + "</data>", access);
}
std::string metadata(std::string_view infos) {
  return publish("urn:xmpp:avatar:metadata", hash, "<metadata xmlns='urn:xmpp:avatar:metadata'>" + std::string(infos) + "</metadata>");
}
std::string info() { return "<info bytes='18' id='" + hash + "' type='image/png'/>"; }
std::string card(std::string_view content) { return "<vCard xmlns='vcard-temp'>" + std::string(content) + "</vCard>"; }
std::string photo() { return "<PHOTO><TYPE>image/png</TYPE><BINVAL>" + encoded + "</BINVAL></PHOTO>"; }

class Avatars : public ::testing::Test {
 protected:
  Avatars() {
    scene_.are_contacts("juliet@capulet.example", "romeo@montague.example");
    juliet_ = &scene_.login("juliet@capulet.example/balcony");
    romeo_ = &scene_.login("romeo@montague.example/orchard");
  }
  std::string card_of_juliet() { return romeo_->asks("get", "juliet@capulet.example", "<vCard xmlns='vcard-temp'/>"); }
  std::string items_of(std::string_view node) {
    return juliet_->asks("get", "", "<pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='" + std::string(node) + "'/></pubsub>");
  }
  Scene scene_;
  Client* juliet_ = nullptr;
  Client* romeo_ = nullptr;
};

TEST_F(Avatars, PublishedOneIsInTheCard) {  // section 3.1
  juliet_->asks("set", "", card("<FN>Juliet</FN><PHOTO><EXTVAL>http://x.example</EXTVAL></PHOTO>"));
  juliet_->asks("set", "", data());
  juliet_->asks("set", "", metadata("<info bytes='9' id='other' type='image/png' url='http://x.example/a.png'/>" + info()));
  scene_.run();
  const std::string found = card_of_juliet();
  EXPECT_NE(found.find("<FN>Juliet</FN>"), std::string::npos) << found;
  EXPECT_NE(found.find(photo()), std::string::npos) << found;
  EXPECT_EQ(found.find("EXTVAL"), std::string::npos) << found;
  juliet_->asks("set", "", metadata(""));   // XEP-0084 section 3.5
  scene_.run();
  EXPECT_EQ(card_of_juliet().find("PHOTO"), std::string::npos);
}

TEST_F(Avatars, OneThatNotEverybodyMayHaveIsNotInTheCard) {  // section 7
  juliet_->asks("set", "", card("<FN>Juliet</FN>"));
  juliet_->asks("set", "", data("presence"));
  juliet_->asks("set", "", metadata(info()));
  scene_.run();
  EXPECT_EQ(card_of_juliet().find("PHOTO"), std::string::npos);
}

TEST_F(Avatars, OneWhoseHashIsAnothersIsNotInTheCard) {  // section 3.1
  juliet_->asks("set", "", card("<FN>Juliet</FN>"));
  juliet_->asks("set", "", publish("urn:xmpp:avatar:data", hash, "<data xmlns='urn:xmpp:avatar:data'>" + base64_encode("another") + "</data>"));
  juliet_->asks("set", "", metadata(info()));
  scene_.run();
  EXPECT_EQ(card_of_juliet().find("PHOTO"), std::string::npos);
}

TEST_F(Avatars, PhotoInTheCardIsPublished) {  // section 3.2
  juliet_->asks("set", "", card("<FN>Juliet</FN>" + photo()));
  scene_.run();
  EXPECT_NE(items_of("urn:xmpp:avatar:data").find("<item id='" + hash + "'><data xmlns='urn:xmpp:avatar:data'>" + encoded + "</data>"), std::string::npos);
  EXPECT_NE(items_of("urn:xmpp:avatar:metadata").find("<info bytes='" + std::to_string(image.size()) + "' id='" + hash + "' type='image/png'/>"),
            std::string::npos);
  EXPECT_NE(card_of_juliet().find(photo()), std::string::npos);
}

TEST_F(Avatars, PresenceSaysTheHash) {  // section 4
  juliet_->asks("set", "", card(photo()));
  scene_.run();
  romeo_->comes_online();
  romeo_->ignores_the_rest();   // the answer to his probe
  const std::string said = "<x xmlns='vcard-temp:x:update'><photo>" + hash + "</photo></x>";
  juliet_->sends("<presence/>");
  romeo_->receives({"<presence", said});
  juliet_->ignores_the_rest();
  juliet_->sends("<presence><x xmlns='vcard-temp:x:update'/></presence>");
  romeo_->receives({"<presence", said});
  juliet_->sends("<presence><x xmlns='vcard-temp:x:update'><photo>stale</photo></x></presence>");
  EXPECT_EQ(romeo_->receives({"<presence", said}).find("stale"), std::string::npos);
  juliet_->sends("<presence><x xmlns='vcard-temp:x:update'><photo/></x></presence>");
  EXPECT_EQ(romeo_->receives("<presence").find(hash), std::string::npos);
  juliet_->sends("<presence to='romeo@montague.example/orchard'/>");
  romeo_->receives({"<presence", said});
  juliet_->ignores_the_rest();
}

TEST_F(Avatars, PresenceOfWhoHasNoneIsAsItWas) {
  romeo_->comes_online();
  romeo_->ignores_the_rest();   // the answer to his probe
  juliet_->sends("<presence/>");
  EXPECT_EQ(romeo_->receives("<presence").find("vcard-temp:x:update"), std::string::npos);
  juliet_->ignores_the_rest();
}

TEST_F(Avatars, AccountSaysThatTheyAreConverted) {  // section 2
  EXPECT_NE(juliet_->asks("get", "juliet@capulet.example", "<query xmlns='http://jabber.org/protocol/disco#info'/>")
                .find("urn:xmpp:pep-vcard-conversion:0"),
            std::string::npos);
}

}  // namespace
}  // namespace aldis::test
