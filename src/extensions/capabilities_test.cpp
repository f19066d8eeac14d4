// What is learnt of clients' capabilities: XEP-0115 section 5.4, and what liars, the silent and the many get out of it (security E06, E09).
#include "extensions/capabilities.h"

#include "extensions/caps.h"
#include "tests/support/scene.h"

namespace aldis::test {
namespace {

using ext::Announced;
using ext::Capabilities;
using ext::Interests;

constexpr std::string_view tune_features =
    "<identity category='client' type='pc'/><feature var='http://jabber.org/protocol/tune'/>"
    "<feature var='http://jabber.org/protocol/tune+notify'/><feature var='urn:b+notify'/>";

class CapabilitiesTest : public ::testing::Test {
 protected:
  CapabilitiesTest() {
    scene_.are_contacts("juliet@capulet.example", "romeo@montague.example");   // nobody else may ask his clients
    bystander_ = &scene_.login("nurse@capulet.example/hall");
  }
  static Announced announce(std::string_view features, std::string hash = "sha-1") {
    const auto document = xml::parse("<query xmlns='http://jabber.org/protocol/disco#info'>" + std::string(features) + "</query>");
    return {.node = "http://c.example", .ver = ext::caps_hash("sha-1", *ext::caps_text((*document)->root())).value(), .hash = std::move(hash)};
  }
  Client& client(const std::string& resource) { return scene_.login("romeo@montague.example/" + resource); }
  // What was learnt goes to `learnt`: "none", "asked" or the nodes.
  std::shared_ptr<std::string> find(const std::string& resource, const Announced& announced) {
    auto learnt = std::make_shared<std::string>("asked");
    scene_.shard().post([this, learnt, announced, client = FullJid::parse("romeo@montague.example/" + resource).value()] {
      capabilities_.find(juliet_, client, announced, [learnt](const Interests& interests) {
        *learnt = interests == nullptr ? "none" : "";
        for (const std::string& node : interests == nullptr ? std::vector<std::string>() : *interests) {
          *learnt += node + " ";
        }
      });
    });
    scene_.run();
    return learnt;
  }
  std::string asked(Client& client) {
    const std::string question = client.receives({"<iq", "type='get'", "from='juliet@capulet.example'", "disco#info"});
    const std::size_t at = question.find("id='") + 4;
    return question.substr(at, question.find('\'', at) - at);
  }
  static void answers(Client& client, const std::string& id, std::string_view features, std::string_view to = "juliet@capulet.example") {
    client.sends("<iq type='result' id='" + id + "' to='" + std::string(to) + "'><query xmlns='http://jabber.org/protocol/disco#info'>" +
                 std::string(features) + "</query></iq>");
  }

  static constexpr std::string_view both = "http://jabber.org/protocol/tune urn:b ";
  std::unique_ptr<Capabilities> held_;   // longer than the scene: who ends in it may be one who was asked
  Scene scene_;
  Client* bystander_;
  const BareJid juliet_ = (scene_.has_account("juliet@capulet.example"), BareJid::parse("juliet@capulet.example").value());
  Capabilities& capabilities_ =
      *(held_ = std::make_unique<Capabilities>(scene_.home().questions(), scene_.shard(), Capabilities::Limits{.bytes = 4096, .waiting = 3}));
};

TEST_F(CapabilitiesTest, OneIsAskedForAll) {  // section 5.4, point 3.8
  Client& orchard = client("orchard");
  Client& hall = client("hall");
  const auto first = find("orchard", announce(tune_features));
  const auto second = find("hall", announce(tune_features));
  EXPECT_EQ(*first, "asked");
  answers(orchard, asked(orchard), tune_features);
  EXPECT_EQ(*first, both);
  EXPECT_EQ(*second, both);
  hall.receives_nothing();
  EXPECT_EQ(*find("hall", announce(tune_features)), both);
  hall.receives_nothing();
}

TEST_F(CapabilitiesTest, TheQuestionNamesNodeAndVer) {  // section 6.2
  Client& orchard = client("orchard");
  const auto learnt = find("orchard", announce(tune_features));
  orchard.receives({"node='http://c.example#" + announce(tune_features).ver + "'"});
  EXPECT_EQ(*learnt, "asked");
}

TEST_F(CapabilitiesTest, AnswerThatProvesNothingIsThatClientsAlone) {  // section 5.4, point 3.9; security E09
  Client& liar = client("liar");
  Client& honest = client("honest");
  const auto of_liar = find("liar", announce(tune_features));
  const auto of_honest = find("honest", announce(tune_features));
  answers(liar, asked(liar), "<feature var='urn:other+notify'/>");
  EXPECT_EQ(*of_liar, "urn:other ");
  EXPECT_EQ(*of_honest, "asked") << "somebody else is asked";
  answers(honest, asked(honest), tune_features);
  EXPECT_EQ(*of_honest, both);
}

TEST_F(CapabilitiesTest, LegacyFormatAndUnknownHashesCountForOneClient) {  // section 5.4, points 1 and 2; security E09
  Client& orchard = client("orchard");
  Client& hall = client("hall");
  for (const std::string& hash : {std::string(), std::string("md5"), std::string("x")}) {
    const auto of_orchard = find("orchard", announce(tune_features, hash));
    answers(orchard, asked(orchard), "<feature var='urn:other+notify'/>");
    EXPECT_EQ(*of_orchard, "urn:other ");
    const auto of_hall = find("hall", announce(tune_features));   // the same ver, with a hash
    answers(hall, asked(hall), "<feature var='urn:b'/>");
    EXPECT_EQ(*of_hall, "");
  }
  EXPECT_EQ(capabilities_.size(), 0U);
}

TEST_F(CapabilitiesTest, OtherHashesProve) {
  Client& orchard = client("orchard");
  const auto document = xml::parse("<query xmlns='http://jabber.org/protocol/disco#info'>" + std::string(tune_features) + "</query>");
  const std::string text = *ext::caps_text((*document)->root());
  const auto learnt = find("orchard", {.node = "n", .ver = *ext::caps_hash("sha-256", text), .hash = "sha-256"});
  answers(orchard, asked(orchard), tune_features);
  EXPECT_EQ(*learnt, both);
  EXPECT_EQ(capabilities_.size(), 1U);
}

TEST_F(CapabilitiesTest, IllFormedAnswerIsNone) {  // section 5.4, points 3.3 to 3.6
  Client& orchard = client("orchard");
  const std::string hidden = "<x xmlns='jabber:x:data' type='result'><field var='FORM_TYPE' type='hidden'><value>a</value></field></x>";
  for (const std::string& features :
       {"<identity category='client' type='pc'/>" + std::string(tune_features), "<feature var='urn:b+notify'/>" + std::string(tune_features),
        hidden + hidden + std::string(tune_features),
        "<x xmlns='jabber:x:data' type='result'><field var='FORM_TYPE' type='hidden'><value>a</value><value>b</value></field></x>" +
            std::string(tune_features)}) {
    const auto learnt = find("orchard", announce(tune_features));
    answers(orchard, asked(orchard), features);
    EXPECT_EQ(*learnt, "none") << features;
  }
  const std::string not_hidden = "<x xmlns='jabber:x:data' type='result'><field var='FORM_TYPE'><value>a</value></field></x>";
  const auto learnt = find("orchard", announce(tune_features));
  answers(orchard, asked(orchard), not_hidden + std::string(tune_features));
  EXPECT_EQ(*learnt, both) << "such a form is passed over";
}

TEST_F(CapabilitiesTest, NoAnswerPutsOtherInterestsBehindAHash) {  // section 8.3: the same text, cut another way
  Client& orchard = client("orchard");
  const auto learnt = find("orchard", announce(tune_features));
  answers(orchard, asked(orchard),
          "<identity category='client' type='pc'/><feature var='http://jabber.org/protocol/tune&lt;http://jabber.org/protocol/tune+notify&lt;urn:b+notify'/>");
  EXPECT_EQ(*learnt, both);
}

TEST_F(CapabilitiesTest, AnswerOfAnotherIsNone) {  // security P06, E09
  Client& orchard = client("orchard");
  Client& hall = client("hall");
  Client& nurse = *bystander_;
  const auto learnt = find("orchard", announce(tune_features));
  const std::string id = asked(orchard);
  answers(hall, id, "<feature var='urn:other+notify'/>");
  answers(nurse, id, "<feature var='urn:other+notify'/>");
  answers(orchard, id, tune_features, "nurse@capulet.example");
  answers(orchard, id + "x", "<feature var='urn:other+notify'/>");
  EXPECT_EQ(*learnt, "asked");
  answers(orchard, id, tune_features);
  EXPECT_EQ(*learnt, both);
  answers(orchard, id, "<feature var='urn:other+notify'/>");   // once
  nurse.receives_nothing();
}

TEST_F(CapabilitiesTest, WhoDoesNotAnswerIsNotWaitedFor) {
  Client& silent = client("silent");
  Client& honest = client("honest");
  const auto of_silent = find("silent", announce(tune_features));
  const auto of_honest = find("honest", announce(tune_features));
  static_cast<void>(asked(silent));
  scene_.advance(std::chrono::seconds(31));
  EXPECT_EQ(*of_silent, "none");
  answers(honest, asked(honest), tune_features);
  EXPECT_EQ(*of_honest, both);
  scene_.leaves_the_rest_unread();
}

TEST_F(CapabilitiesTest, SilentOneKeepsOthersWaitingForAShortTimeOnly) {
  Client& silent = client("silent");
  Client& honest = client("honest");
  Client& third = client("third");
  const auto of_silent = find("silent", announce(tune_features));
  const auto of_honest = find("honest", announce(tune_features));
  const auto of_third = find("third", announce(tune_features));
  static_cast<void>(asked(silent));
  scene_.advance(std::chrono::milliseconds(4990));
  honest.receives_nothing();   // section 5.4, point 3.8: one is asked for all
  scene_.advance(std::chrono::milliseconds(20));
  answers(honest, asked(honest), tune_features);
  EXPECT_EQ(*of_honest, both);
  EXPECT_EQ(*of_third, both);
  EXPECT_EQ(*of_silent, both) << "the hash has proved what it can do";
  scene_.advance(std::chrono::seconds(31));
  third.receives_nothing();
  silent.receives_nothing();
}

TEST_F(CapabilitiesTest, WhoAnswersInTimeIsTheOnlyOneAsked) {
  Client& orchard = client("orchard");
  Client& hall = client("hall");
  const auto first = find("orchard", announce(tune_features));
  const auto second = find("hall", announce(tune_features));
  scene_.advance(std::chrono::milliseconds(4900));
  answers(orchard, asked(orchard), tune_features);
  EXPECT_EQ(*first, both);
  EXPECT_EQ(*second, both);
  scene_.advance(std::chrono::seconds(31));
  hall.receives_nothing();
}

TEST_F(CapabilitiesTest, LateAnswerChangesNothing) {
  Client& slow = client("slow");
  Client& honest = client("honest");
  const auto of_slow = find("slow", announce(tune_features));
  const auto of_honest = find("honest", announce(tune_features));
  const std::string question = asked(slow);
  scene_.advance(std::chrono::seconds(6));
  answers(honest, asked(honest), tune_features);
  answers(slow, question, "<feature var='urn:other+notify'/>");
  EXPECT_EQ(*of_slow, both);
  EXPECT_EQ(*of_honest, both);
  EXPECT_EQ(*find("slow", announce(tune_features)), both);
}

TEST_F(CapabilitiesTest, NoMoreThanThreeAreAskedTheSameAtOnce) {   // security E06
  const auto limits = Capabilities::Limits();
  std::vector<Client*> clients;
  std::vector<std::shared_ptr<std::string>> learnt;
  Capabilities all(scene_.home().questions(), scene_.shard(), limits);
  for (const char* resource : {"a", "b", "c", "d", "e"}) {
    clients.push_back(&client(resource));
    learnt.push_back(std::make_shared<std::string>("asked"));
    scene_.shard().post([this, &all, told = learnt.back(), jid = FullJid::parse("romeo@montague.example/" + std::string(resource)).value()] {
      all.find(juliet_, jid, announce(tune_features), [told](const Interests& interests) { *told = interests == nullptr ? "none" : both; });
    });
  }
  scene_.run();
  scene_.advance(std::chrono::seconds(5));
  scene_.advance(std::chrono::seconds(5));
  scene_.advance(std::chrono::seconds(5));
  scene_.advance(std::chrono::seconds(5));
  for (std::size_t i = 0; i < 2; ++i) {
    static_cast<void>(asked(*clients[i]));
  }
  const std::string third = asked(*clients[2]);
  clients[3]->receives_nothing();
  clients[4]->receives_nothing();
  answers(*clients[2], third, tune_features);
  for (const auto& each : learnt) {
    EXPECT_EQ(*each, both);
  }
  scene_.advance(std::chrono::seconds(31));
}

TEST_F(CapabilitiesTest, ErrorAndGoneClientAreNone) {
  Client& orchard = client("orchard");
  const auto learnt = find("orchard", announce(tune_features));
  const std::string id = asked(orchard);
  orchard.sends("<iq type='error' id='" + id + "' to='juliet@capulet.example'><error type='cancel'>"
                "<service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>");
  EXPECT_EQ(*learnt, "none");
  EXPECT_EQ(*find("nowhere", announce(tune_features)), "none");
}

TEST_F(CapabilitiesTest, OnlySoManyWaitAndOnlySoMuchIsKept) {  // security E06
  Client& orchard = client("orchard");
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(*find("orchard", {.node = "n", .ver = std::to_string(i), .hash = "sha-1"}), "asked");
    static_cast<void>(asked(orchard));
  }
  EXPECT_EQ(*find("orchard", {.node = "n", .ver = "4", .hash = "sha-1"}), "none");
  scene_.advance(std::chrono::seconds(31));
  for (int i = 0; i < 50; ++i) {
    const std::string features = "<feature var='" + std::string(200, 'x') + std::to_string(i) + "+notify'/>";
    const auto learnt = find("orchard", announce(features));
    answers(orchard, asked(orchard), features);
    EXPECT_NE(*learnt, "none");
    EXPECT_LE(capabilities_.size(), 10U);
  }
  std::string many;
  for (int i = 0; i < 257; ++i) {
    many += "<feature var='n" + std::to_string(i) + "+notify'/>";
  }
  const auto learnt = find("orchard", announce(many));
  answers(orchard, asked(orchard), many);
  EXPECT_EQ(*learnt, "none");
}

}  // namespace
}  // namespace aldis::test
