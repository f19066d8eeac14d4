// XEP-0280 section 6.1, rule by rule, in both directions.
#include "extensions/carbon_rules.h"

#include <gtest/gtest.h>

namespace aldis::ext {
namespace {

struct Row {
  std::string_view type;
  std::string_view children;
  bool is_sent;       // eligible when juliet@capulet.example/balcony sends it to room@chat.example/romeo
  bool is_received;   // eligible when it comes the other way
};

TEST(CarbonRules, OfEachKindOfMessage) {
  for (const Row& row : std::initializer_list<Row>{
           {"chat", "<body>hello</body>", true, true},
           {"chat", "", true, true},
           {"chat", "<composing xmlns='http://jabber.org/protocol/chatstates'/>", true, true},
           {"normal", "<body>hello</body>", true, true},
           {"normal", "<subject>hello</subject>", false, false},
           {"normal", "<received xmlns='urn:xmpp:receipts' id='1'/>", true, true},
           {"normal", "<displayed xmlns='urn:xmpp:chat-markers:0' id='1'/>", true, true},
           {"normal", "<active xmlns='http://jabber.org/protocol/chatstates'/>", true, true},
           {"normal", "<event xmlns='http://jabber.org/protocol/pubsub#event'/>", false, false},
           {"headline", "<body>hello</body>", false, false},
           {"groupchat", "<body>hello</body>", false, false},
           {"error", "<body>hello</body>", false, false},
           {"chat", "<body>hello</body><private xmlns='urn:xmpp:carbons:2'/>", false, false},
           {"chat", "<body>hello</body><no-copy xmlns='urn:xmpp:hints'/>", false, false},
           {"chat", "<body>hello</body><private xmlns='urn:xmpp:carbons:1'/>", true, true},
           {"normal", "<x xmlns='jabber:x:conference' jid='room@chat.example'/>", true, true},
           {"normal", "<x xmlns='http://jabber.org/protocol/muc#user'><invite to='a@b.example'/></x>", true, true},
           {"chat", "<body>hello</body><x xmlns='http://jabber.org/protocol/muc#user'/>", true, false},
           {"groupchat", "<body>hello</body><active xmlns='http://jabber.org/protocol/chatstates'/>", false, false},
           {"groupchat", "<x xmlns='jabber:x:conference' jid='room@chat.example'/>", false, false},
       }) {
    const auto message = [&](std::string_view from, std::string_view to) {
      return Stanza::make("<message from='" + std::string(from) + "' to='" + std::string(to) + "' type='" +
                          std::string(row.type) + "'>" + std::string(row.children) + "</message>");
    };
    constexpr std::string_view own = "juliet@capulet.example/balcony";
    constexpr std::string_view other = "room@chat.example/romeo";
    EXPECT_EQ(is_eligible_for_carbons(*message(own, other), Direction::sent), row.is_sent) << row.type << row.children;
    EXPECT_EQ(is_eligible_for_carbons(*message(other, own), Direction::received), row.is_received) << row.type << row.children;
  }
}

TEST(CarbonRules, NoCopyIsForFullAddresses) {  // XEP-0334 section 4.3: it does not override RFC 6121 for bare ones
  const StanzaPtr message = Stanza::make(
      "<message from='a@b.example/c' to='juliet@capulet.example' type='chat'><body>x</body><no-copy xmlns='urn:xmpp:hints'/></message>");
  EXPECT_TRUE(is_eligible_for_carbons(*message, Direction::received));
}

TEST(CarbonRules, PresenceAndRequestsNever) {
  EXPECT_FALSE(is_eligible_for_carbons(*Stanza::make("<presence from='a@b.example' to='c@d.example'/>"), Direction::received));
}

}  // namespace
}  // namespace aldis::ext
