// Requests whose session ends while a store is at work on them: the answer has nobody to go to, and nothing else happens.
#include "tests/support/scene.h"

namespace aldis::test {
namespace {

constexpr std::string_view requests[] = {
    "<vCard xmlns='vcard-temp'><FN>J</FN></vCard>",
    "<query xmlns='jabber:iq:private'><s xmlns='urn:example:s'>v</s></query>",
    "<query xmlns='jabber:iq:roster'><item jid='nurse@capulet.example'/></query>",
    "<block xmlns='urn:xmpp:blocking'><item jid='tybalt@capulet.example'/></block>",
    "<query xmlns='jabber:iq:register'><username>juliet</username><password>long enough</password></query>",
    "<unknown xmlns='urn:example:unknown'/>",
};

TEST(VanishedSession, ItsAnswerIsDropped) {
  for (const std::string_view request : requests) {
    for (const char* to : {"", " to='juliet@capulet.example'", " to='capulet.example'", " to='romeo@montague.example'"}) {
      for (int turns = 1; turns <= 8; ++turns) {
        SceneOptions options;
        options.answers = MemoryStores::Answers::later;
        options.auth.key_iterations = 4096;
        Scene scene(std::move(options));
        Client& romeo = scene.login("romeo@montague.example/orchard");
        Client& juliet = scene.login("juliet@capulet.example/balcony");
        juliet.sends_without_running("<iq type='set' id='1'" + std::string(to) + ">" + std::string(request) + "</iq>");
        // Ends the session in the midst of it: after so many tasks of the shard's queue.
        std::function<void(int)> hop = [&](int left) {
          if (left > 0) {
            scene.shard().post([&hop, left] { hop(left - 1); });
          } else if (Account* account = scene.home().find_account(*Jid::parse("juliet@capulet.example"))) {
            account->end_sessions({.condition = StreamCondition::reset}, "the scene ends it");
          }
        };
        hop(turns);
        scene.run();
        juliet.cuts_the_line();
        juliet.ignores_the_rest();
        romeo.receives_nothing();
        romeo.asks("get", "montague.example", "<ping xmlns='urn:xmpp:ping'/>");
      }
    }
  }
}

}  // namespace
}  // namespace aldis::test
