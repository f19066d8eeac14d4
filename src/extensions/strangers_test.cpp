// What strangers learn of accounts: nothing (security L01, L02, L04, P05). Each question is asked of somebody who is online, of
// somebody who is not, and of nobody, and the answers are compared.
#include "tests/support/scene.h"

namespace aldis::test {
namespace {

constexpr std::string_view questions[] = {
    "<query xmlns='jabber:iq:roster'/>",
    "<query xmlns='jabber:iq:roster'><item jid='juliet@capulet.example'/></query>",
    "<query xmlns='http://jabber.org/protocol/disco#info'/>",
    "<query xmlns='http://jabber.org/protocol/disco#info' node='n'/>",
    "<query xmlns='http://jabber.org/protocol/disco#items'/>",
    "<query xmlns='http://jabber.org/protocol/disco#items' node='n'/>",
    "<ping xmlns='urn:xmpp:ping'/>",
    "<query xmlns='jabber:iq:last'/>",
    "<query xmlns='jabber:iq:version'/>",
    "<time xmlns='urn:xmpp:time'/>",
    "<vCard xmlns='vcard-temp'/>",
    "<blocklist xmlns='urn:xmpp:blocking'/>",
    "<block xmlns='urn:xmpp:blocking'><item jid='a@b.example'/></block>",
    "<unblock xmlns='urn:xmpp:blocking'/>",
    "<query xmlns='jabber:iq:private'><storage xmlns='storage:bookmarks'/></query>",
    "<query xmlns='jabber:iq:register'/>",
    "<query xmlns='jabber:iq:register'><username>romeo</username><password>mine, now</password></query>",
    "<query xmlns='jabber:iq:register'><remove/></query>",
    "<session xmlns='urn:ietf:params:xml:ns:xmpp-session'/>",
    "<command xmlns='http://jabber.org/protocol/commands' node='http://jabber.org/protocol/admin#add-user'/>",
    "<odd xmlns='urn:example:odd'/>",
};

std::string without(std::string text, std::string_view part) {
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part)) {
    text.erase(at, part.size());
  }
  return text;
}

TEST(Strangers, HearTheSameOfEverybodyAndNobody) {  // security L01, L02, L04; XEP-0030 section 8
  Scene scene;
  Client& juliet = scene.login("juliet@capulet.example/balcony");
  Client& romeo = scene.login("romeo@montague.example/orchard");
  romeo.comes_online();
  scene.has_account("benvolio@montague.example", "long enough");
  for (const std::string_view question : questions) {
    for (const char* type : {"get", "set"}) {
      const auto ask = [&](const std::string& to) {
        juliet.sends("<iq type='" + std::string(type) + "' id='q' to='" + to + "'>" + std::string(question) + "</iq>");
        return without(juliet.next(), to);
      };
      const std::string of_nobody = ask("nobody@montague.example");
      EXPECT_EQ(ask("romeo@montague.example"), of_nobody) << type << question;
      EXPECT_EQ(ask("benvolio@montague.example"), of_nobody) << type << question;
      const std::string of_no_resource = ask("nobody@montague.example/r");
      EXPECT_EQ(ask("romeo@montague.example/orchard"), of_no_resource) << type << question;
      EXPECT_EQ(ask("romeo@montague.example/elsewhere"), of_no_resource) << type << question;
      EXPECT_EQ(ask("benvolio@montague.example/r"), of_no_resource) << type << question;
    }
  }
  romeo.receives_nothing();
}

TEST(Strangers, AreForbiddenWhatIsPrivate) {  // security L04; RFC 6121 sections 2.1.5 and 2.3.3
  Scene scene;
  Client& juliet = scene.login("juliet@capulet.example/balcony");
  scene.login("nurse@capulet.example/hall");
  int id = 0;
  for (const auto& [type, payload] : std::initializer_list<std::pair<std::string, std::string>>{
           {"get", "<query xmlns='jabber:iq:roster'/>"},
           {"set", "<query xmlns='jabber:iq:roster'><item jid='a@b.example'/></query>"},
           {"get", "<query xmlns='jabber:iq:private'><storage xmlns='storage:bookmarks'/></query>"},
           {"set", "<query xmlns='jabber:iq:private'><storage xmlns='storage:bookmarks'/></query>"},
           {"get", "<blocklist xmlns='urn:xmpp:blocking'/>"},
           {"set", "<unblock xmlns='urn:xmpp:blocking'/>"},
           {"set", "<vCard xmlns='vcard-temp'/>"},
           {"get", "<query xmlns='jabber:iq:last'/>"}}) {
    const std::string name = "f" + std::to_string(++id);
    juliet.sends("<iq type='" + type + "' id='" + name + "' to='nurse@capulet.example'>" + payload + "</iq>");
    juliet.receives_error(name, "forbidden");
  }
}

TEST(Strangers, NotEvenContactsForgePushes) {  // security P05
  Scene scene;
  scene.has_account("juliet@capulet.example", "long enough");
  scene.has_account("romeo@montague.example", "long enough");
  scene.are_contacts("juliet@capulet.example", "romeo@montague.example");
  Client& juliet = scene.login("juliet@capulet.example/balcony");
  Client& romeo = scene.login("romeo@montague.example/orchard");
  romeo.comes_online();
  romeo.ignores_the_rest();
  for (const char* payload : {"<query xmlns='jabber:iq:roster'><item jid='evil@b.example' subscription='both'/></query>",
                              "<block xmlns='urn:xmpp:blocking'><item jid='a@b.example'/></block>",
                              "<enable xmlns='urn:xmpp:carbons:2'/>"}) {
    juliet.sends("<iq type='set' id='p' to='romeo@montague.example/orchard'>" + std::string(payload) + "</iq>");
    juliet.receives_error("p", "service-unavailable");
  }
  romeo.receives_nothing();
  juliet.sends("<iq type='get' id='v' to='romeo@montague.example/orchard'><query xmlns='jabber:iq:version'/></iq>");
  romeo.receives({"id='v'", "jabber:iq:version"});  // a contact asks as before
  romeo.sends("<iq type='result' id='v' to='juliet@capulet.example/balcony'/>");
  juliet.receives("id='v'");
}

}  // namespace
}  // namespace aldis::test
