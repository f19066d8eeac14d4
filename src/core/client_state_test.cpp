// XEP-0352: what waits, what does not, and that nothing overtakes.
#include "core/client_state.h"

#include <gtest/gtest.h>

namespace aldis {
namespace {

StanzaPtr stanza(std::string_view xml) { return Stanza::make(std::string(xml)); }
std::string message(std::string_view children, std::string_view attributes = "type='chat'") {
  return "<message from='romeo@montague.example/orchard' " + std::string(attributes) + ">" + std::string(children) + "</message>";
}
std::string carbon(std::string_view direction, std::string_view children) {
  return "<message from='juliet@capulet.example' type='chat'><" + std::string(direction) +
         " xmlns='urn:xmpp:carbons:2'><forwarded xmlns='urn:xmpp:forward:0'><message xmlns='jabber:client' from='a@b.example/c'>" +
         std::string(children) + "</message></forwarded></" + std::string(direction) + "></message>";
}
constexpr std::string_view composing = "<composing xmlns='http://jabber.org/protocol/chatstates'/>";
constexpr std::string_view receipt = "<received xmlns='urn:xmpp:receipts' id='1'/>";
constexpr std::string_view event = "<event xmlns='http://jabber.org/protocol/pubsub#event'><items node='urn:xmpp:avatar:metadata'/></event>";

TEST(ClientState, UrgencyOfEachKind) {
  struct Row {
    std::string xml;
    Urgency urgency;
  };
  const std::string self = "<presence from='room@chat.example/me'><x xmlns='http://jabber.org/protocol/muc#user'><status code='110'/></x></presence>";
  const std::string other = "<presence from='room@chat.example/you'><x xmlns='http://jabber.org/protocol/muc#user'><item role='none'/></x></presence>";
  for (const Row& row : std::initializer_list<Row>{
           {"<presence from='a@b.example/c'/>", Urgency::latest_only},
           {"<presence from='a@b.example/c' type='unavailable'/>", Urgency::latest_only},
           {"<presence from='a@b.example' type='subscribe'/>", Urgency::now},
           {"<presence from='a@b.example' type='error'/>", Urgency::now},
           {self, Urgency::now},
           {other, Urgency::later},
           {"<iq from='a@b.example' type='result' id='1'/>", Urgency::now},
           {"<iq type='set' id='1'><query xmlns='jabber:iq:roster'/></iq>", Urgency::now},
           {message("<body>hello</body>"), Urgency::now},
           {message("<subject>hello</subject>", "type='groupchat'"), Urgency::now},
           {message("<body>hello</body>", "type='headline'"), Urgency::now},
           {message(std::string(composing)), Urgency::latest_only},
           {message("<body>hello</body>" + std::string(composing)), Urgency::now},
           {message(std::string(receipt)), Urgency::later},
           {message(std::string(event), "type='headline'"), Urgency::later},
           {message("<displayed xmlns='urn:xmpp:chat-markers:0' id='1'/>"), Urgency::later},
           {message("<encrypted xmlns='eu.siacs.conversations.axolotl'/><store xmlns='urn:xmpp:hints'/>"), Urgency::now},
           {message("<propose xmlns='urn:xmpp:jingle-message:0' id='1'/>"), Urgency::now},
           {message("<x xmlns='jabber:x:conference' jid='room@chat.example'/>", ""), Urgency::now},
           {message("<error type='cancel'/>" + std::string(composing), "type='error'"), Urgency::now},
           {carbon("sent", "<body>mine</body>"), Urgency::later},
           {carbon("received", "<body>yours</body>"), Urgency::now},
           {carbon("received", composing), Urgency::later},
       }) {
    EXPECT_EQ(urgency_of(*stanza(row.xml)), row.urgency) << row.xml;
  }
}

Envelope envelope(StanzaPtr content) { return Envelope{.stanza = std::move(content)}; }

std::vector<std::string> taken(HeldBack& held) {
  std::vector<std::string> all;
  for (const Envelope& each : held.take()) all.push_back(each.stanza->to_xml());
  return all;
}

TEST(ClientState, KeepsOrderAndTheLatestPresenceOfEach) {
  HeldBack held;
  const HeldBack::Limits limits;
  const std::string away = "<presence from='a@b.example/c'><show>away</show></presence>";
  EXPECT_TRUE(held.hold(envelope(stanza("<presence from='a@b.example/c'/>")), limits));
  EXPECT_TRUE(held.hold(envelope(stanza("<presence from='d@e.example/f'/>")), limits));
  EXPECT_TRUE(held.hold(envelope(stanza(message(receipt))), limits));
  EXPECT_TRUE(held.hold(envelope(stanza(away)), limits));
  EXPECT_TRUE(held.hold(envelope(stanza(message(composing))), limits));
  EXPECT_TRUE(held.hold(envelope(stanza(message("<paused xmlns='http://jabber.org/protocol/chatstates'/>"))), limits));
  EXPECT_FALSE(held.hold(envelope(stanza(message("<body>hello</body>"))), limits));
  const std::vector<std::string> all = taken(held);
  ASSERT_EQ(all.size(), 4U);
  EXPECT_EQ(all[0], "<presence from='d@e.example/f'/>");
  EXPECT_NE(all[1].find("urn:xmpp:receipts"), std::string::npos);
  EXPECT_EQ(all[2], away);
  EXPECT_NE(all[3].find("<paused"), std::string::npos);
  EXPECT_TRUE(held.empty());
  EXPECT_EQ(held.bytes(), 0U);
}

TEST(ClientState, IsBounded) {
  HeldBack held;
  const auto numbered = [](int n) { return stanza("<presence from='a@b.example/" + std::to_string(n) + "'/>"); };
  for (int n = 0; n < 3; ++n) EXPECT_TRUE(held.hold(envelope(numbered(n)), {.stanzas = 3, .bytes = 1000}));
  EXPECT_FALSE(held.hold(envelope(numbered(3)), {.stanzas = 3, .bytes = 1000}));
  EXPECT_TRUE(held.hold(envelope(numbered(2)), {.stanzas = 3, .bytes = 1000}));  // in place of the older one
  EXPECT_FALSE(held.hold(envelope(numbered(3)), {.stanzas = 10, .bytes = held.bytes()}));
  EXPECT_EQ(taken(held).size(), 3U);
}

}  // namespace
}  // namespace aldis
