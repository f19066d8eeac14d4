// Each request that reads or writes a store, with each of its store calls failing in turn: exactly one answer, an error when
// something failed, and nobody else hears of it. What follows from it at the account's nodes (a card as vCard4, who is no contact any more is no
// subscriber) is another matter: when that fails there is one answer all the same.
#include "tests/support/failing_scene.h"

namespace aldis::test {
namespace {

struct Job {
  const char* type;
  const char* to;
  const char* payload;
  std::size_t own_calls = 1000;   // those behind them are of what follows from it at the account's nodes
};

constexpr Job jobs[] = {
    {"set", "", "<query xmlns='jabber:iq:roster'><item jid='nurse@capulet.example' name='Nurse'/></query>"},
    {"set", "", "<query xmlns='jabber:iq:roster'><item jid='mercutio@montague.example' subscription='remove'/></query>"},
    {"set", "", "<block xmlns='urn:xmpp:blocking'><item jid='tybalt@capulet.example'/></block>"},
    {"set", "", "<unblock xmlns='urn:xmpp:blocking'/>"},
    {"get", "", "<query xmlns='jabber:iq:private'><s xmlns='urn:example:s'/></query>"},
    {"set", "", "<query xmlns='jabber:iq:private'><s xmlns='urn:example:s'>v</s></query>"},
    {"get", "", "<vCard xmlns='vcard-temp'/>"},
    {"set", "", "<vCard xmlns='vcard-temp'><FN>J</FN></vCard>", 1},
    {"get", "", "<query xmlns='jabber:iq:last'/>"},
    {"set", "", "<query xmlns='jabber:iq:register'><username>juliet</username><password>long enough</password></query>"},
    {"set", "", "<query xmlns='urn:xmpp:mam:2'/>"},
    {"get", "", "<metadata xmlns='urn:xmpp:mam:2'/>"},
    {"set", "", "<prefs xmlns='urn:xmpp:mam:2' default='never'/>"},
    {"set", "", "<enable xmlns='urn:xmpp:push:0' jid='push.example' node='n'/>"},
    {"set", "", "<disable xmlns='urn:xmpp:push:0' jid='push.example'/>"},
    {"get", " to='romeo@montague.example'", "<vCard xmlns='vcard-temp'/>"},
};

std::vector<std::pair<Job, bool>> both_ways() {
  std::vector<std::pair<Job, bool>> all;
  for (const Job& job : jobs) {
    all.emplace_back(job, true);
    all.emplace_back(job, false);
  }
  return all;
}

TEST(StoreFailures, EveryRequestHasOneAnswer) {
  std::size_t failures = 0;
  for (const auto& [job, spares_nodes] : both_ways()) {
    failures += fail_each_call([&, &job = job, spares_nodes = spares_nodes](std::size_t n) {
      SceneOptions options;
      options.auth.key_iterations = 4096;
      StoresOfScene stores;
      Scene scene(stores.under(std::move(options)));
      scene.has_account("juliet@capulet.example", "long enough");
      scene.has_account("mercutio@montague.example", "long enough");
      scene.are_contacts("juliet@capulet.example", "mercutio@montague.example", Subscription::none);
      Client& juliet = scene.login("juliet@capulet.example/balcony");
      Client& romeo = scene.login("romeo@montague.example/orchard");
      const bool has_failed = stores.fail({.nth = n, .spares_nodes = spares_nodes}, [&] {
        juliet.sends("<iq type='" + std::string(job.type) + "' id='f'" + job.to + ">" + job.payload + "</iq>");
      });
      const std::string answer = juliet.receives("id='f'");
      const bool must_fail = has_failed && spares_nodes && n < job.own_calls;
      EXPECT_TRUE(!must_fail || answer.find("type='error'") != std::string::npos) << job.payload << n << answer;
      juliet.receives_nothing();
      romeo.receives_nothing();
      juliet.asks("get", "capulet.example", "<ping xmlns='urn:xmpp:ping'/>");
      return has_failed;
    });
  }
  EXPECT_GE(failures, 13U);
}

TEST(StoreFailures, AMessageThatCannotBeKeptGoesBack) {  // XEP-0160 section 2
  StoresOfScene stores;
  Scene scene(stores.under({}));
  Client& romeo = scene.login("romeo@montague.example/orchard");
  scene.login("juliet@capulet.example/balcony");  // not available
  EXPECT_TRUE(stores.fail({.nth = 0}, [&] {
    romeo.sends("<message to='juliet@capulet.example' id='m' type='chat'><body>hist</body></message>");
    romeo.receives_error("m", "resource-constraint");
  }));
}

}  // namespace
}  // namespace aldis::test
