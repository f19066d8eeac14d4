// Cards of people whom a directory owns: who sees which field, what may be changed, what happens when the directory is away; as vcard-temp (XEP-0054), vCard4
// (XEP-0292), in presence (XEP-0153), and in searches (XEP-0055).
#include "base/encoding.h"
#include "extensions/vcard.h"
#include "tests/support/fake_directory.h"
#include "tests/support/scene.h"

namespace aldis::test {
namespace {

using F = ProfileField;
const std::string image = "\xff\xd8\xff an image";
const std::string hash = ext::Photo{.type = "image/jpeg", .image = image}.hash();
const std::string photo = "<PHOTO><TYPE>image/jpeg</TYPE><BINVAL>" + base64_encode(image) + "</BINVAL></PHOTO>";
const std::string names = "<FN>Juliet Capulet</FN><TITLE>Lady</TITLE><N><FAMILY>Capulet</FAMILY><GIVEN>Juliet</GIVEN></N>";
const std::string mobile = "<TEL><CELL/><VOICE/><NUMBER>+39 1</NUMBER></TEL>";
const std::string home = "<TEL><HOME/><VOICE/><NUMBER>+39 9</NUMBER></TEL>";
constexpr std::string_view ask = "<vCard xmlns='vcard-temp'/>";

std::string card(std::string_view content) { return "<vCard xmlns='vcard-temp'>" + std::string(content) + "</vCard>"; }
std::string card4(std::string_view content) {
  return "<pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='urn:xmpp:vcard4'><item><vcard xmlns='urn:ietf:params:xml:ns:vcard-4.0'>" +
         std::string(content) + "</vcard></item></publish></pubsub>";
}
constexpr std::string_view ask4 = "<pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='urn:xmpp:vcard4'/></pubsub>";
std::string query(std::string_view content = {}) { return "<query xmlns='jabber:iq:search'>" + std::string(content) + "</query>"; }

class DirectoryCards : public ::testing::Test {
 protected:
  DirectoryCards() : scene_(people_.options()) {
    profiles().people["juliet@capulet.example"] = {{F::full_name, {"Juliet Capulet"}}, {F::family, {"Capulet"}}, {F::given, {"Juliet"}}, {F::title, {"Lady"}},
                                                   {F::mobile, {"+39 1"}}, {F::home_telephone, {"+39 9"}}, {F::photo, {image}}};
    profiles().people["nurse@capulet.example"] = {{F::full_name, {"Angelica"}}, {F::family, {"Capulet"}}};
    profiles().people["tybalt@capulet.example"] = {{F::full_name, {"Tybalt"}}, {F::family, {"Capulet"}}};
    const BareJid juliet = BareJid::parse("juliet@capulet.example").value();
    const BareJid romeo = BareJid::parse("romeo@montague.example").value();
    for (const auto& [owner, contact] : {std::pair(juliet, romeo), std::pair(romeo, juliet)}) {   // nobody but the directory makes her account
      EXPECT_TRUE(scene_.wait(scene_.stores().accounts.create(AccountRecord{.jid = owner, .created = scene_.clock().wall()})).has_value());
      EXPECT_TRUE(scene_.wait(scene_.stores().rosters.put(owner, {.jid = contact, .subscription = Subscription::both, .version = 1})).has_value());
    }
    juliet_ = &scene_.login("juliet@capulet.example/balcony");
    nurse_ = &scene_.login("nurse@capulet.example/hall");
    romeo_ = &scene_.login("romeo@montague.example/orchard");
  }
  FakeProfiles& profiles() { return people_.directory->cards; }
  std::vector<std::string> values(F field) {
    const ProfileValues& all = profiles().people.at("juliet@capulet.example");
    return all.contains(field) ? all.at(field) : std::vector<std::string>();
  }
  std::string refused(Client& client, std::string_view type, std::string_view to, std::string_view payload) {
    client.sends("<iq type='" + std::string(type) + "' id='no'" + (to.empty() ? "" : " to='" + std::string(to) + "'") + ">" + std::string(payload) + "</iq>");
    return client.receives({"type='error'", "id='no'"});
  }
  static bool holds(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

  DirectoryScene people_;
  Scene scene_;
  Client* juliet_ = nullptr;
  Client* nurse_ = nullptr;
  Client* romeo_ = nullptr;
};

TEST_F(DirectoryCards, EachSeesWhatIsForHim) {
  const std::string own = juliet_->asks("get", "", ask);
  EXPECT_TRUE(holds(own, names) && holds(own, mobile) && holds(own, home) && holds(own, photo)) << own;
  const std::string nurses = nurse_->asks("get", "juliet@capulet.example", ask);
  EXPECT_TRUE(holds(nurses, names) && holds(nurses, mobile) && holds(nurses, photo)) << nurses;
  EXPECT_FALSE(holds(nurses, "+39 9")) << nurses;
  EXPECT_TRUE(holds(refused(*romeo_, "get", "juliet@capulet.example", ask), "<service-unavailable")) << "as of nobody";
  profiles().all_rules.peers = {"montague.example"};
  EXPECT_TRUE(holds(refused(*romeo_, "get", "juliet@capulet.example", ask), "<service-unavailable"));
  profiles().all_rules.fields[F::full_name].seen_by = SeenBy::peers;
  const std::string romeos = romeo_->asks("get", "juliet@capulet.example", ask);
  EXPECT_TRUE(holds(romeos, card("<FN>Juliet Capulet</FN>"))) << romeos;
}

TEST_F(DirectoryCards, WhatIsWritableGoesBack) {
  EXPECT_TRUE(holds(juliet_->asks("set", "", card(names + home + photo + "<TEL><CELL/><NUMBER> +39 2 </NUMBER></TEL><VERSION>2.0</VERSION><ROLE/><ADR><HOME/></ADR>"
                                                  "<JABBERID>juliet@capulet.example</JABBERID>")),
                    "type='result'"));
  EXPECT_EQ(values(F::mobile), (std::vector<std::string>{"+39 2"}));
  EXPECT_EQ(profiles().writes, 1);
  juliet_->asks("set", "", card(names + home));   // both taken away
  EXPECT_TRUE(values(F::mobile).empty() && values(F::photo).empty());
  EXPECT_TRUE(holds(nurse_->asks("get", "juliet@capulet.example", ask), card(names)));
}

TEST_F(DirectoryCards, WhatIsNotIsRefusedAndNothingChanges) {
  const auto before = profiles().people;
  const auto unchanged = [&] { return profiles().people == before && profiles().writes == 0; };
  const std::string other_title = card("<FN>Juliet Capulet</FN><TITLE>Queen</TITLE><N><FAMILY>Capulet</FAMILY><GIVEN>Juliet</GIVEN></N>" + home + photo +
                                       "<TEL><CELL/><NUMBER>+39 2</NUMBER></TEL>");
  EXPECT_TRUE(holds(refused(*juliet_, "set", "", other_title), "<not-allowed"));
  EXPECT_TRUE(unchanged()) << "not half of it either";
  const std::string more = refused(*juliet_, "set", "", card(names + home + photo + mobile + "<KEY><CRED>x</CRED></KEY><NICKNAME>jule</NICKNAME>"));
  EXPECT_TRUE(holds(more, "<not-allowed") && holds(more, "nickname, KEY")) << more;
  EXPECT_TRUE(unchanged());
  profiles().refuses = true;
  EXPECT_TRUE(holds(refused(*juliet_, "set", "", card(names + home + photo)), "<not-allowed"));
  EXPECT_TRUE(unchanged());
  EXPECT_TRUE(holds(refused(*nurse_, "set", "juliet@capulet.example", card(names)), "<forbidden"));
  EXPECT_TRUE(unchanged());
}

TEST_F(DirectoryCards, TheRestIsKeptHereIfTheOperatorWantsIt) {
  profiles().all_rules.keeps_rest = true;
  const std::string rest = "<NICKNAME>jule</NICKNAME><N><PREFIX>Lady</PREFIX></N><KEY><CRED>x</CRED></KEY>";
  juliet_->asks("set", "", card("<FN>Juliet Capulet</FN><TITLE>Lady</TITLE><N><FAMILY>Capulet</FAMILY><GIVEN>Juliet</GIVEN><PREFIX>Lady</PREFIX></N>" + home + photo +
                                mobile + "<NICKNAME>jule</NICKNAME><KEY><CRED>x</CRED></KEY>"));
  EXPECT_EQ(profiles().writes, 0) << "the directory's part is as it was";
  EXPECT_EQ(scene_.wait(scene_.stores().vcards.load(BareJid::parse("juliet@capulet.example").value()))->value_or(""), card(rest));
  const std::string nurses = nurse_->asks("get", "juliet@capulet.example", ask);
  EXPECT_TRUE(holds(nurses, "<NICKNAME>jule</NICKNAME>") && holds(nurses, "<GIVEN>Juliet</GIVEN><PREFIX>Lady</PREFIX>") && holds(nurses, "<KEY><CRED>x</CRED></KEY>"))
      << nurses;
}

TEST_F(DirectoryCards, WhileTheDirectoryIsAwayNobodyGetsAnEmptyCard) {
  profiles().is_away = true;
  for (const std::string& answer : {refused(*juliet_, "get", "", ask), refused(*nurse_, "get", "juliet@capulet.example", ask), refused(*juliet_, "get", "", ask4),
                                    refused(*juliet_, "set", "", card(names)), refused(*juliet_, "set", "", card4("<fn><text>J</text></fn>")),
                                    refused(*nurse_, "set", "capulet.example", query("<last>Cap</last>"))}) {
    EXPECT_TRUE(holds(answer, "type='wait'") && holds(answer, "<resource-constraint")) << answer;
  }
  profiles().is_away = false;
  EXPECT_TRUE(holds(juliet_->asks("get", "", ask), names));
}

TEST_F(DirectoryCards, VCard4IsTheSameCard) {
  const std::string nurses = nurse_->asks("get", "juliet@capulet.example", ask4);
  EXPECT_TRUE(holds(nurses, "<item id='current'><vcard xmlns='urn:ietf:params:xml:ns:vcard-4.0'><fn><text>Juliet Capulet</text></fn>")) << nurses;
  EXPECT_FALSE(holds(nurses, "+39 9")) << nurses;
  EXPECT_TRUE(holds(refused(*romeo_, "get", "juliet@capulet.example", ask4), "<item-not-found"));
  const std::string same = "<fn><text>Juliet Capulet</text></fn><title><text>Lady</text></title><n><surname>Capulet</surname><given>Juliet</given></n>"
                           "<tel><parameters><type><text>home</text></type></parameters><text>+39 9</text></tel>";
  const std::string cell = "<tel><parameters><type><text>cell</text></type></parameters><uri>tel:+39-3</uri></tel>";
  EXPECT_TRUE(holds(juliet_->asks("set", "", card4(same + cell)), "<publish node='urn:xmpp:vcard4'><item id='current'/>"));
  EXPECT_EQ(values(F::mobile), (std::vector<std::string>{"+39-3"}));
  EXPECT_EQ(values(F::photo), (std::vector<std::string>{image})) << "this form has no photo, and takes none away";
  EXPECT_TRUE(holds(refused(*juliet_, "set", "", card4("<fn><text>Another</text></fn>" + cell)), "<not-allowed"));
  EXPECT_TRUE(holds(refused(*juliet_, "set", "", card4(same + cell + "<gender><sex><text>F</text></sex></gender>")), "<not-allowed"));
  EXPECT_TRUE(holds(refused(*nurse_, "set", "juliet@capulet.example", card4(same)), "<forbidden"));
  std::string closed = card4(same);
  closed.insert(closed.find("</pubsub>"), "<publish-options><x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE' type='hidden'><value>http://jabber.org/protocol/"
                                          "pubsub#publish-options</value></field><field var='pubsub#access_model'><value>whitelist</value></field></x></publish-options>");
  EXPECT_TRUE(holds(refused(*juliet_, "set", "", closed), "<precondition-not-met"));
  EXPECT_EQ(profiles().writes, 1);
}

TEST_F(DirectoryCards, PresenceSaysThePhotosHash) {   // XEP-0153
  romeo_->comes_online();
  romeo_->ignores_the_rest();   // she is not there yet
  juliet_->sends("<presence/>");
  EXPECT_TRUE(holds(juliet_->receives_among({"<presence", "from='juliet@capulet.example/balcony'"}), "<photo>" + hash + "</photo>"));
  EXPECT_TRUE(holds(romeo_->receives_among({"<presence", "from='juliet@capulet.example/balcony'"}), hash));
  juliet_->ignores_the_rest();
}

TEST_F(DirectoryCards, ASlowDirectoryDoesNotHoldPresence) {
  romeo_->comes_online();
  romeo_->ignores_the_rest();   // she is not there yet
  profiles().is_slow = true;
  juliet_->sends("<presence/>");
  romeo_->receives_nothing();
  scene_.advance(std::chrono::milliseconds(250));
  EXPECT_FALSE(holds(romeo_->receives_among({"<presence", "from='juliet@capulet.example/balcony'"}), "vcard-temp:x:update"));
  profiles().answer();
  juliet_->sends("<presence><show>away</show></presence>");
  EXPECT_TRUE(holds(romeo_->receives_among({"<presence", "<show>away</show>"}), hash)) << "the next one says it";
  juliet_->ignores_the_rest();
}

TEST_F(DirectoryCards, AnAvatarThatIsPublishedGoesBackToo) {   // XEP-0398 section 3.1
  const std::string fresh = "\x89PNG\r\n another";
  const std::string id = ext::Photo{.type = "image/png", .image = fresh}.hash();
  const auto publish = [&](std::string_view node, std::string_view payload) {
    juliet_->asks("set", "", "<pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='" + std::string(node) + "'><item id='" + id + "'>" + std::string(payload) +
                                 "</item></publish><publish-options><x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE' type='hidden'><value>http://jabber.org/"
                                 "protocol/pubsub#publish-options</value></field><field var='pubsub#access_model'><value>open</value></field></x></publish-options></pubsub>");
  };
  publish("urn:xmpp:avatar:data", "<data xmlns='urn:xmpp:avatar:data'>" + base64_encode(fresh) + "</data>");
  publish("urn:xmpp:avatar:metadata", "<metadata xmlns='urn:xmpp:avatar:metadata'><info bytes='14' id='" + id + "' type='image/png'/></metadata>");
  scene_.run();
  EXPECT_EQ(values(F::photo), (std::vector<std::string>{fresh}));
  EXPECT_EQ(values(F::mobile), (std::vector<std::string>{"+39 1"})) << "and nothing else";
}

// ---- XEP-0055

TEST_F(DirectoryCards, SearchSaysItsFieldsAndFindsPeople) {
  EXPECT_TRUE(holds(nurse_->asks("get", "capulet.example", "<query xmlns='http://jabber.org/protocol/disco#info'/>"), "'jabber:iq:search'"));
  EXPECT_FALSE(holds(romeo_->asks("get", "montague.example", "<query xmlns='http://jabber.org/protocol/disco#info'/>"), "'jabber:iq:search'"));
  const std::string fields = nurse_->asks("get", "capulet.example", query());
  EXPECT_TRUE(holds(fields, "<last/><first/><email/>") || holds(fields, "<first/>")) << fields;
  EXPECT_TRUE(holds(fields, "var='x-fn'") && holds(fields, "<value>jabber:iq:search</value>")) << fields;
  EXPECT_FALSE(holds(fields, "home-telephone")) << fields;
  const std::string found = nurse_->asks("set", "capulet.example", query("<first>Jul</first>"));
  EXPECT_TRUE(holds(found, "<item jid='juliet@capulet.example'>") && holds(found, "<first>Juliet</first>") && holds(found, "<last>Capulet</last>")) << found;
  EXPECT_FALSE(holds(found, "+39 9") || holds(found, "jid='nurse@")) << found;
  EXPECT_TRUE(holds(nurse_->asks("set", "capulet.example", query("<first>Paris</first>")), "<query xmlns='jabber:iq:search'/>"));
}

TEST_F(DirectoryCards, SearchByFormSaysWhenThereAreMore) {   // section 3
  const std::string found = nurse_->asks("set", "capulet.example",
                                         query("<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>jabber:iq:search</value></field>"
                                               "<field var='last'><value>Cap</value></field></x>"));
  EXPECT_TRUE(holds(found, "<value>juliet@capulet.example</value>") && holds(found, "<value>nurse@capulet.example</value>")) << found;
  EXPECT_FALSE(holds(found, "tybalt")) << "two at most: " << found;
  EXPECT_TRUE(holds(found, "The first 2; there are more")) << found;
}

TEST_F(DirectoryCards, SearchIsNoHarvest) {
  EXPECT_TRUE(holds(refused(*romeo_, "get", "capulet.example", query()), "<forbidden"));
  EXPECT_TRUE(holds(refused(*romeo_, "set", "capulet.example", query("<last>Cap</last>")), "<forbidden"));
  for (const std::string_view nothing : {"", "<last/>", "<last>  </last>", "<last>C</last>", "<first>J</first><last>C</last>", "<title>Lady</title>"}) {
    EXPECT_TRUE(holds(refused(*nurse_, "set", "capulet.example", query(nothing)), "<not-acceptable")) << nothing;
  }
  EXPECT_TRUE(holds(refused(*nurse_, "set", "capulet.example", query("<last>" + std::string(300, 'x') + "</last>")), "<not-acceptable"));
  EXPECT_TRUE(holds(nurse_->asks("set", "capulet.example", query("<last>Ca*</last>")), "<query xmlns='jabber:iq:search'/>")) << "a word, no pattern";
  for (int i = 0; i < 4; ++i) {
    nurse_->asks("set", "capulet.example", query("<last>Cap</last>"));
  }
  const std::string answer = refused(*nurse_, "set", "capulet.example", query("<last>Cap</last>"));
  EXPECT_TRUE(holds(answer, "type='wait'") && holds(answer, "<policy-violation")) << answer;
  EXPECT_TRUE(holds(juliet_->asks("set", "capulet.example", query("<last>Cap</last>")), "nurse@capulet.example")) << "others may";
  scene_.advance(std::chrono::minutes(1));
  EXPECT_TRUE(holds(nurse_->asks("set", "capulet.example", query("<last>Cap</last>")), "juliet@"));
}

TEST_F(DirectoryCards, PeersSearchByWhatTheySee) {
  profiles().all_rules.peers = {"montague.example"};
  profiles().all_rules.fields[F::full_name].seen_by = SeenBy::peers;
  const std::string fields = romeo_->asks("get", "capulet.example", query());
  EXPECT_TRUE(holds(fields, "x-fn")) << fields;
  EXPECT_FALSE(holds(fields, "<last/>")) << fields;
  EXPECT_TRUE(holds(refused(*romeo_, "set", "capulet.example", query("<last>Cap</last>")), "<not-acceptable")) << "what one may not see one may not guess at";
  const std::string found = romeo_->asks("set", "capulet.example", query("<x xmlns='jabber:x:data' type='submit'><field var='x-fn'><value>Juliet</value></field></x>"));
  EXPECT_TRUE(holds(found, "<value>juliet@capulet.example</value>")) << found;
  EXPECT_FALSE(holds(found, "<value>Capulet</value>")) << found;
}

TEST_F(DirectoryCards, AnonymousUsersAreNobody) {
  Client& masked = scene_.login("masked@capulet.example/ball", true);
  EXPECT_TRUE(holds(refused(masked, "set", "capulet.example", query("<last>Cap</last>")), "<forbidden"));
  EXPECT_TRUE(holds(refused(masked, "get", "juliet@capulet.example", ask), "<service-unavailable"));
}

}  // namespace
}  // namespace aldis::test
