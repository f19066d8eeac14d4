// XEP-0160: what is kept, for whom, in what order, and that it is handed over once.
#include "tests/support/failing_scene.h"
#include "tests/support/scene.h"

namespace aldis::test {
namespace {

struct Kept {
  Scene scene;
  Client* romeo;
  explicit Kept(MemoryStores::Answers answers = MemoryStores::Answers::at_once)
      : scene([&] {
          SceneOptions options;
          options.answers = answers;
          return options;
        }()) {
    scene.has_account("juliet@capulet.example");
    romeo = &scene.login("romeo@montague.example/orchard");
  }
  void says(std::string_view text) {
    romeo->sends("<message to='juliet@capulet.example' type='chat'><body>" + std::string(text) + "</body></message>");
  }
};

TEST(Offline, KeptMessagesComeFirstInOrderAndMarked) {  // section 3, XEP-0203
  for (const auto answers : {MemoryStores::Answers::at_once, MemoryStores::Answers::later}) {
    Kept k(answers);
    k.says("one");
    k.says("two");
    k.scene.advance(std::chrono::minutes(10));
    Client& juliet = k.scene.login("juliet@capulet.example/balcony");
    juliet.sends_without_running("<presence/>");
    k.romeo->sends_without_running("<message to='juliet@capulet.example' type='chat'><body>three</body></message>");
    juliet.receives("<presence");
    juliet.receives({"one", "urn:xmpp:delay", "stamp='2026-01-01T00:00:00"});
    juliet.receives({"two", "urn:xmpp:delay"});
    const std::string live = juliet.receives("three");
    static_cast<void>(live);
    juliet.receives_nothing();
  }
}

TEST(Offline, HandedOverOnceThoughTwoComeOnlineTogether) {
  Kept k(MemoryStores::Answers::later);
  k.says("once");
  Client& balcony = k.scene.login("juliet@capulet.example/balcony");
  Client& chamber = k.scene.login("juliet@capulet.example/chamber");
  balcony.sends_without_running("<presence/>");
  chamber.sends_without_running("<presence/>");
  k.scene.run();
  std::size_t copies = 0;
  for (Client* each : {&balcony, &chamber}) {
    for (std::size_t left = each->waiting(); left > 0; --left) {
      copies += each->next().find("once") != std::string::npos ? 1U : 0U;
    }
  }
  EXPECT_EQ(copies, 1U);
  balcony.sends("<presence type='unavailable'/><presence/>");
  balcony.ignores_the_rest();
  chamber.ignores_the_rest();
  Client& later = k.scene.login("juliet@capulet.example/later");
  later.comes_online();
  later.receives_among({"chamber"});
  later.receives_among({"balcony"});
  later.receives_nothing();  // nothing is kept any more
  balcony.ignores_the_rest();
  chamber.ignores_the_rest();
}

TEST(Offline, NegativePriorityGetsNothingUntilItIsRaised) {  // RFC 6121 section 8.5.2.1.1, XEP-0160 section 3
  Kept k;
  k.says("wait");
  Client& juliet = k.scene.login("juliet@capulet.example/balcony");
  juliet.comes_online(-1);
  juliet.receives_nothing();
  juliet.sends("<presence><priority>3</priority></presence>");
  juliet.receives("<presence");
  juliet.receives("wait");
}

TEST(Offline, WhatSaysNothingIsNotKept) {  // section 3: chat states alone; XEP-0334: no-store
  Kept k;
  k.romeo->sends("<message to='juliet@capulet.example' type='chat'><composing xmlns='http://jabber.org/protocol/chatstates'/></message>");
  k.romeo->receives_nothing();
  k.romeo->sends(
      "<message to='juliet@capulet.example' type='chat' id='n'><body>x</body><no-store xmlns='urn:xmpp:hints'/></message>");
  k.romeo->receives_error("n", "service-unavailable");  // not kept, and said so
  Client& juliet = k.scene.login("juliet@capulet.example/balcony");
  juliet.comes_online();
  juliet.receives_nothing();
}

// The store is asked for what waits only when something may: known from when the account was loaded, and from what was kept
// since.
TEST(Offline, TheStoreIsAskedOnlyWhenSomethingMayWait) {
  for (const bool is_loaded_before : {false, true}) {
    StoresOfScene stores;
    Scene scene(stores.under({}));
    scene.has_account("juliet@capulet.example");
    Client& romeo = scene.login("romeo@montague.example/orchard");
    const auto calls_of_presence = [&](Client& client) { return stores.calls_of([&] { client.comes_online(); }); };
    Client& nothing = scene.login("juliet@capulet.example/first");
    const std::size_t usual = calls_of_presence(nothing);
    nothing.receives_nothing();
    nothing.cuts_the_line();
    if (!is_loaded_before) {
      scene.advance(std::chrono::minutes(2));  // the account leaves memory
    }
    romeo.sends("<message to='juliet@capulet.example' type='chat'><body>waits</body></message>");
    if (!is_loaded_before) {
      scene.advance(std::chrono::minutes(2));
    }
    Client& second = scene.login("juliet@capulet.example/second");
    stores->restart({.nth = 0, .fails_ever_after = true});  // a store that does not answer says nothing of what waits
    second.comes_online();
    second.receives_nothing();
    second.cuts_the_line();
    stores->restart({});
    Client& third = scene.login("juliet@capulet.example/third");
    EXPECT_GT(calls_of_presence(third), usual);
    third.receives("waits");
    third.sends("<iq type='get' id='p' to='capulet.example'><ping xmlns='urn:xmpp:ping'/></iq>");
    third.receives("id='p'");
    third.cuts_the_line();
    Client& fourth = scene.login("juliet@capulet.example/fourth");
    EXPECT_GT(calls_of_presence(fourth), usual);  // once more, and nothing is there
    fourth.receives_nothing();
    fourth.cuts_the_line();
    Client& fifth = scene.login("juliet@capulet.example/fifth");
    EXPECT_EQ(calls_of_presence(fifth), usual);
    fifth.receives_nothing();
    romeo.receives_nothing();
  }
}

}  // namespace
}  // namespace aldis::test
