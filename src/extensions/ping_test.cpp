// XEP-0199: who answers pings.
#include "tests/support/scene.h"

namespace aldis::test {
namespace {

constexpr std::string_view ping = "<ping xmlns='urn:xmpp:ping'/>";

TEST(Ping, TheServerAndTheOwnAccountAnswer) {  // section 4.2
  Scene scene;
  Client& juliet = scene.login("juliet@capulet.example/balcony");
  juliet.asks("get", "capulet.example", ping);
  juliet.asks("get", "", ping);
  juliet.asks("get", "juliet@capulet.example", ping);
}

TEST(Ping, SomebodyElsesAccountSaysNothing) {  // security L02: no hint whether romeo exists or is online
  Scene scene;
  Client& juliet = scene.login("juliet@capulet.example/balcony");
  Client& romeo = scene.login("romeo@montague.example/orchard");
  romeo.comes_online();
  juliet.sends("<iq type='get' id='1' to='romeo@montague.example'>" + std::string(ping) + "</iq>");
  juliet.receives_error("1", "service-unavailable");
  juliet.sends("<iq type='get' id='2' to='nobody@montague.example'>" + std::string(ping) + "</iq>");
  juliet.receives_error("2", "service-unavailable");
  juliet.sends("<iq type='get' id='3' to='romeo@montague.example/orchard'>" + std::string(ping) + "</iq>");
  juliet.receives_error("3", "service-unavailable");
  juliet.sends("<iq type='get' id='4' to='romeo@montague.example/elsewhere'>" + std::string(ping) + "</iq>");
  juliet.receives_error("4", "service-unavailable");
  romeo.receives_nothing();
}

}  // namespace
}  // namespace aldis::test
