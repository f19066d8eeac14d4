// A password that must be changed lets its owner in for that, and for nothing else (ADR 0060), at the lobby's door. Juliet's and Romeo's
// clients are the bystanders who must see nothing of it.
#include <gmock/gmock.h>

#include "core/administration.h"
#include "tests/support/sasl2_door.h"

namespace aldis::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr std::string_view phone = "11111111-1111-4111-8111-111111111111";
constexpr std::string_view bind_inline = "<bind xmlns='urn:xmpp:bind:0'><tag>Phone</tag><enable xmlns='urn:xmpp:carbons:2'/><enable xmlns='urn:xmpp:sm:3' resume='true'/></bind>";
constexpr std::string_view wants_token = "<request-token xmlns='urn:xmpp:fast:0' mechanism='HT-SHA-256-EXPR'/>";

std::string change_to(std::string_view password) {
  return "<iq type='set' id='c' to='capulet.example'><query xmlns='jabber:iq:register'><username>mercutio</username><password>" + std::string(password) +
         "</password></query></iq>";
}
const BareJid mercutio = *BareJid::parse("mercutio@capulet.example");

void must_change(Door& door) { ASSERT_TRUE(door.scene.wait(door.scene.administration().expire_password(mercutio))); }

TEST(SessionForPassword, ChangesItAndDoesNothingElse) {
  Door door;
  must_change(door);
  Phone line(door);
  const std::string said = line.sends(plain2("mercutio", "queen-mab", phone, std::string(bind_inline).append(wants_token)));
  EXPECT_THAT(said, AllOf(HasSubstr("<bound xmlns='urn:xmpp:bind:0'></bound>"), HasSubstr("<body>Your password must be changed before"),
                          Not(HasSubstr("urn:xmpp:mam:2'/>")), Not(HasSubstr("<enabled"))));
  EXPECT_EQ(token_in(said), "");
  const std::string address = identifier_in(said);
  const auto refused = [&](std::string_view xml) { EXPECT_THAT(line.sends(xml), HasSubstr("<policy-violation ")) << xml; };
  refused("<message to='romeo@montague.example' id='m'><body>hi</body></message>");
  refused("<iq type='get' id='r'><query xmlns='jabber:iq:roster'/></iq>");
  refused("<iq type='get' id='d' to='romeo@montague.example'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>");
  refused("<iq type='set' id='s' to='romeo@montague.example'><query xmlns='jabber:iq:register'/></iq>");
  refused("<iq type='get' id='v'><vCard xmlns='vcard-temp'/></iq>");
  EXPECT_THAT(line.sends("<enable xmlns='urn:xmpp:sm:3' resume='true'/>"), HasSubstr("<failed "));
  EXPECT_EQ(line.sends("<presence/><presence to='romeo@montague.example'/><iq type='result' id='x' to='romeo@montague.example'/>"), "");
  EXPECT_THAT(line.sends("<iq type='set' id='rm'><query xmlns='jabber:iq:register'><remove/></query></iq>"), HasSubstr("<not-allowed "));
  EXPECT_THAT(line.sends("<iq type='get' id='i' to='capulet.example'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>"), HasSubstr("jabber:iq:register"));
  door.romeo.sends("<message to='" + address + "' id='t' type='chat'><body>are you there?</body></message>");
  door.romeo.sends("<iq type='get' id='q' to='" + address + "'><ping xmlns='urn:xmpp:ping'/></iq>");
  door.romeo.receives_error("q", "service-unavailable");
  EXPECT_EQ(line.hears(), "") << "to others it is not there";
  EXPECT_THAT(line.sends(change_to("x")), AllOf(HasSubstr("<not-acceptable "), HasSubstr("the password must have at least 8 characters")));
  EXPECT_THAT(line.sends(change_to("a plague on both")), AllOf(HasSubstr("type='result' id='c'"), HasSubstr(stream_error("reset"))));
  Phone old(door);
  EXPECT_THAT(old.sends(plain2("mercutio", "queen-mab", phone)), HasSubstr("<not-authorized "));
  old.sends(stream_end);
  Phone again(door);
  const std::string in = again.sends(plain2("mercutio", "a plague on both", phone, bind_inline));
  EXPECT_THAT(in, AllOf(HasSubstr("<enabled xmlns='urn:xmpp:sm:3'"), Not(HasSubstr("must be changed"))));
  again.sends(stream_end);
}

TEST(SessionForPassword, TakesUpNoEarlierSession) {
  Door door;
  Phone before(door);
  const std::string said = before.sends(plain2("mercutio", "queen-mab", phone, bind_inline));
  const std::string previd = between(said, " id='", "'");
  ASSERT_NE(previd, "");
  must_change(door);
  Phone line(door);
  const std::string resumed = line.sends(plain2("mercutio", "queen-mab", "", "<resume xmlns='urn:xmpp:sm:3' h='0' previd='" + previd + "'/>"));
  EXPECT_THAT(resumed, AllOf(HasSubstr("<failed xmlns='urn:xmpp:sm:3'"), Not(HasSubstr("<resumed"))));
  line.sends(stream_end);
  EXPECT_THAT(before.sends("<iq type='get' id='p'><ping xmlns='urn:xmpp:ping'/></iq>"), HasSubstr("type='result'")) << "who is in stays in";
  before.sends(stream_end);
}

TEST(SessionForPassword, IsNotMadeWhereTheOperatorRefusesOldPasswords) {
  SceneOptions options;
  options.auth.old_passwords = OldPasswords::refuse;
  Door door(options);
  must_change(door);
  Phone line(door);
  EXPECT_THAT(line.sends(plain2("mercutio", "queen-mab", phone, bind_inline)), HasSubstr("<credentials-expired "));
  EXPECT_THAT(line.sends(plain2("mercutio", "wrong", phone, bind_inline)), HasSubstr("<not-authorized ")) << "told only to who knows the password";
  line.sends(stream_end);
}

}  // namespace
}  // namespace aldis::test
