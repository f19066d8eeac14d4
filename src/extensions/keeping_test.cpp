// What is kept of a message, as a table (XEP-0313 section 5.1.1, XEP-0160 section 3, XEP-0334 section 4).
#include "extensions/keeping.h"

#include <gtest/gtest.h>

namespace aldis::ext {
namespace {

struct Case {
  const char* type;
  const char* payload;
  Keeping expected;
};

constexpr Keeping archive = Keeping::archive;
constexpr Keeping nothing = Keeping::nothing;
constexpr Keeping until_taken = Keeping::until_taken;

constexpr Case cases[] = {
    {"chat", "<body>b</body>", archive},
    {"normal", "<body>b</body>", archive},
    {"chat", "<body/>", archive},
    {"normal", "<subject>s</subject>", archive},
    {"headline", "<body>b</body>", nothing},
    {"error", "<body>b</body><error type='cancel'/>", nothing},
    {"groupchat", "<body>b</body>", nothing},
    {"chat", "", nothing},
    {"chat", "<thread>t</thread>", nothing},
    {"chat", "<composing xmlns='http://jabber.org/protocol/chatstates'/>", nothing},
    {"chat", "<active xmlns='http://jabber.org/protocol/chatstates'/><thread>t</thread>", nothing},
    {"chat", "<active xmlns='http://jabber.org/protocol/chatstates'/><body>b</body>", archive},
    {"chat", "<origin-id xmlns='urn:xmpp:sid:0' id='1'/>", nothing},
    {"chat", "<nick xmlns='http://jabber.org/protocol/nick'>n</nick>", nothing},
    {"normal", "<event xmlns='http://jabber.org/protocol/pubsub#event'/>", nothing},
    {"chat", "<received xmlns='urn:xmpp:receipts' id='1'/>", archive},
    {"chat", "<displayed xmlns='urn:xmpp:chat-markers:0' id='1'/>", archive},
    {"chat", "<reactions xmlns='urn:xmpp:reactions:0' id='1'/>", archive},
    {"chat", "<retract xmlns='urn:xmpp:message-retract:1' id='1'/>", archive},
    {"chat", "<encrypted xmlns='eu.siacs.conversations.axolotl'/>", archive},
    {"normal", "<x xmlns='jabber:x:conference' jid='room@rooms.example'/>", archive},
    {"chat", "<body>b</body><no-store xmlns='urn:xmpp:hints'/>", nothing},
    {"chat", "<body>b</body><no-store xmlns='urn:xmpp:hints'/><store xmlns='urn:xmpp:hints'/>", nothing},
    {"chat", "<body>b</body><no-permanent-store xmlns='urn:xmpp:hints'/>", until_taken},
    {"chat", "<no-permanent-store xmlns='urn:xmpp:hints'/><body>b</body><store xmlns='urn:xmpp:hints'/>", until_taken},
    {"chat", "<body>b</body><no-copy xmlns='urn:xmpp:hints'/>", archive},
    {"chat", "<composing xmlns='http://jabber.org/protocol/chatstates'/><store xmlns='urn:xmpp:hints'/>", archive},
    {"headline", "<body>b</body><store xmlns='urn:xmpp:hints'/>", nothing},
    {"chat", "<body>b</body><no-store xmlns='urn:example:other'/>", archive},
};

TEST(Keeping, FollowsTheTable) {
  for (const Case& each : cases) {
    const StanzaPtr message =
        Stanza::make("<message type='" + std::string(each.type) + "'>" + each.payload + "</message>");
    EXPECT_EQ(keeping_of(*message), each.expected) << each.type << ": " << each.payload;
  }
}

}  // namespace
}  // namespace aldis::ext
