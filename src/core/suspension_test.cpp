// A graceful restart (XEP-0198 section 5): one scene stops, another starts on the same stores. What kill -9 leaves is a story
// on the real program. The nurse is the bystander.
#include "core/account.h"
#include "tests/support/failing_stores.h"
#include "tests/support/managed_client.h"
#include "tests/support/restart.h"

namespace aldis::test {
namespace {

constexpr std::string_view not_found = "<item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>";

TEST(Suspension, ASessionAndItsQueueSurvive) {
  MemoryStores stores;
  std::string id;
  {
    Scene before(on(stores.stores()));
    before.are_contacts("juliet@capulet.example", "romeo@montague.example");
    Client& romeo = before.login("romeo@montague.example/orchard");
    romeo.comes_online();
    Client& juliet = before.login("juliet@capulet.example/balcony");
    juliet.comes_online(3);
    juliet.ignores_the_rest();
    juliet.wants_roster();
    romeo.ignores_the_rest();
    id = enable_resumption(juliet);
    juliet.sends("<presence to='nurse@capulet.example/hall'/>");
    juliet.ignores_the_rest();
    romeo.sends("<message to='juliet@capulet.example/balcony' type='chat'><body>one</body></message>");
    juliet.receives("<body>one</body>");
    juliet.sends("<a xmlns='urn:xmpp:sm:3' h='1'/>");
    romeo.sends("<message to='juliet@capulet.example/balcony' type='chat'><body>two</body></message>");
    juliet.receives("<body>two</body>");
    romeo.ignores_the_rest();
    stops(before);
    juliet.receives({"type='unavailable'", "from='romeo@montague.example/orchard'"});  // he has gone: his cannot be resumed
    juliet.receives(ack(1));
    juliet.is_closed_with("system-shutdown");
    romeo.is_closed_with("system-shutdown");
  }
  Scene after(on(stores.stores()));
  EXPECT_EQ(starts(after), 1U);
  EXPECT_TRUE(after.wait(after.stores().sessions.take(10))->empty());  // taken once
  Client& romeo = after.login("romeo@montague.example/orchard");
  romeo.comes_online();
  romeo.receives_among({"<presence", "from='juliet@capulet.example/balcony'", "<priority>3</priority>"});
  Client& back = after.resumes("juliet@capulet.example", id, 1);
  EXPECT_EQ(back.next(), "<resumed xmlns='urn:xmpp:sm:3' previd='" + id + "' h='1'/>");
  back.receives("<body>two</body>");
  back.receives({"type='unavailable'", "from='romeo@montague.example/orchard'"});
  back.receives({"<presence", "from='romeo@montague.example/orchard'"});
  back.receives("<r ");
  back.sends("<a xmlns='urn:xmpp:sm:3' h='4'/>");
  back.sends("<iq type='get' id='p' to='capulet.example'><ping xmlns='urn:xmpp:ping'/></iq>");
  back.receives("id='p'");
  is_acknowledged(back, 2);
  EXPECT_TRUE(after.home().find_account(*BareJid::parse("juliet@capulet.example"))->sessions().front()->has_directed(
      *Jid::parse("nurse@capulet.example/hall")));
  EXPECT_TRUE(after.home().find_account(*BareJid::parse("juliet@capulet.example"))->sessions().front()->is_interested);
}

TEST(Suspension, ADetachedSessionHasTheTimeThatIsLeft) {
  MemoryStores stores;
  std::string id;
  {
    Scene before(on(stores.stores()));
    Client& juliet = before.login("juliet@capulet.example/balcony");
    juliet.comes_online();
    id = enable_resumption(juliet);
    juliet.cuts_the_line();
    before.advance(std::chrono::seconds(200));
    stops(before);
  }
  Scene after(on(stores.stores()));
  after.clock().advance(std::chrono::seconds(200));
  EXPECT_EQ(starts(after), 1U);
  after.advance(std::chrono::seconds(99));
  EXPECT_EQ(after.home().session_count(), 1U);
  after.advance(std::chrono::seconds(2));
  EXPECT_EQ(after.home().session_count(), 0U);
}

TEST(Suspension, WhatIsTooOldGoesToStorage) {
  MemoryStores stores;
  {
    Scene before(on(stores.stores()));
    Client& romeo = before.login("romeo@montague.example/orchard");
    Client& juliet = before.login("juliet@capulet.example/balcony");
    juliet.comes_online();
    enable_resumption(juliet);
    juliet.cuts_the_line();
    romeo.sends("<message to='juliet@capulet.example/balcony' type='chat'><body>late</body></message>");
    stops(before);
    romeo.is_closed_with("system-shutdown");
  }
  Scene after(on(stores.stores()));
  after.clock().advance(std::chrono::hours(24));
  EXPECT_EQ(starts(after), 1U);
  after.advance(std::chrono::seconds(1));
  EXPECT_EQ(after.home().session_count(), 0U);
  Client& back = after.login("juliet@capulet.example/chamber");
  back.sends("<presence/>");
  back.receives_among({"<body>late</body>"});
  back.receives("<presence");
}

TEST(Suspension, ASendersCountIsWhatBecameDurable) {  // a recipient's queue that is written down is storage
  MemoryStores stores;
  {
    Scene before(on(stores.stores()));
    Client& juliet = before.login("juliet@capulet.example/balcony");
    Client& romeo = before.login("romeo@montague.example/orchard");
    enable_resumption(juliet);
    enable_resumption(romeo);
    juliet.sends("<message to='romeo@montague.example/orchard' type='chat'><body>one</body>"
                 "<no-permanent-store xmlns='urn:xmpp:hints'/></message>");
    romeo.receives("<body>one</body>");
    is_acknowledged(juliet, 0);
    stops(before);
    juliet.is_closed_with("system-shutdown");
    romeo.is_closed_with("system-shutdown");
  }
  const Result<std::vector<SuspendedSession>> taken = Scene(on(stores.stores())).wait(stores.stores().sessions.take(10));
  ASSERT_EQ(taken->size(), 2U);
  EXPECT_EQ(taken->at(0).owner.str(), "juliet@capulet.example");
  EXPECT_EQ(taken->at(0).handled, 1U);
  EXPECT_EQ(taken->at(1).unacknowledged.size(), 1U);
}

TEST(Suspension, AChangeOfCredentialsEndsIt) {  // security S13: with the server stopped, by an operator
  for (const bool is_disabled : {false, true}) {
    MemoryStores stores;
    std::string id;
    {
      Scene before(on(stores.stores()));
      Client& juliet = before.login("juliet@capulet.example/balcony");
      juliet.comes_online();
      id = enable_resumption(juliet);
      juliet.cuts_the_line();
      stops(before);
    }
    Scene after(on(stores.stores()));
    after.clock().advance(std::chrono::seconds(1));
    const BareJid juliet = *BareJid::parse("juliet@capulet.example");
    const Result<void> changed = after.wait(is_disabled ? after.stores().accounts.set_enabled(juliet, false)
                                                        : after.stores().accounts.set_keys(juliet, {}, after.clock().wall(), 0));
    ASSERT_TRUE(changed.has_value());
    EXPECT_EQ(starts(after), 1U);
    EXPECT_EQ(after.home().session_count(), 0U);
    Client& back = after.resumes("juliet@capulet.example", id, 0);
    back.receives({"<failed", not_found});
  }
}

TEST(Suspension, TheEndOfTheAccountLeavesNothing) {
  MemoryStores stores;
  {
    Scene before(on(stores.stores()));
    Client& juliet = before.login("juliet@capulet.example/balcony");
    enable_resumption(juliet);
    juliet.cuts_the_line();
    stops(before);
  }
  Scene after(on(stores.stores()));
  ASSERT_TRUE(after.wait(after.stores().accounts.remove(*BareJid::parse("juliet@capulet.example"))).has_value());
  EXPECT_EQ(starts(after), 0U);
  EXPECT_EQ(after.home().session_count(), 0U);
}

// Whichever call fails, when stopping or starting, the message is there afterwards, once, or has gone back.
TEST(Suspension, NoFailureOfTheStoreLosesAMessage) {
  for (std::size_t nth = 0;; ++nth) {
    MemoryStores memory;
    testing_support::FailingStores stores(memory.stores(), {});
    std::string id;
    {
      Scene before(on(stores.stores()));
      Client& romeo = before.login("romeo@montague.example/orchard");
      Client& juliet = before.login("juliet@capulet.example/balcony");
      juliet.comes_online();
      id = enable_resumption(juliet);
      juliet.cuts_the_line();
      romeo.sends("<message to='juliet@capulet.example/balcony' type='chat' id='m'><body>one</body></message>");
      romeo.receives_nothing();
      stores.restart({.nth = nth});
      before.leaves_the_rest_unread();
      before.shard().post([&] { before.home().suspend_all({.condition = StreamCondition::system_shutdown}, "the server stops"); });
      before.run();
      EXPECT_TRUE(before.wait(finished(before.home().save_suspended())));
      EXPECT_TRUE(before.wait(finished(before.home().leave_suspended())));
      before.run();
    }
    const bool has_failed = stores.has_failed();
    stores.restart({});
    Scene after(on(stores.stores()));
    after.leaves_the_rest_unread();
    static_cast<void>(starts(after));
    Client& resumed = after.resumes("juliet@capulet.example", id, 0);
    std::string got;
    while (resumed.waiting() > 0) {
      got += resumed.next();
    }
    if (got.find("<failed") != std::string::npos) {
      Client& back = after.login("juliet@capulet.example/balcony");
      back.sends("<presence/>");
      while (back.waiting() > 0) {
        got += back.next();
      }
    }
    const std::size_t first = got.find("<body>one</body>");
    EXPECT_NE(first, std::string::npos) << "call " << nth << ": " << got;
    EXPECT_EQ(got.find("<body>one</body>", first + 1), std::string::npos) << "call " << nth;
    if (!has_failed) {
      EXPECT_GE(nth, 2U);
      break;
    }
  }
}

TEST(Suspension, NorWhenItStarts) {
  for (std::size_t nth = 0;; ++nth) {
    MemoryStores memory;
    testing_support::FailingStores stores(memory.stores(), {});
    std::string id;
    {
      Scene before(on(stores.stores()));
      Client& romeo = before.login("romeo@montague.example/orchard");
      Client& juliet = before.login("juliet@capulet.example/balcony");
      juliet.comes_online();
      id = enable_resumption(juliet);
      juliet.cuts_the_line();
      romeo.sends("<message to='juliet@capulet.example/balcony' type='chat' id='m'><body>one</body></message>");
      stops(before);
      romeo.is_closed_with("system-shutdown");
    }
    bool has_failed = false;
    for (int i = 0; i < 2; ++i) {  // what could not be had at the first start is there at the second
      Scene after(on(stores.stores()));
      after.leaves_the_rest_unread();
      stores.restart({.nth = i == 0 ? nth : testing_support::FailingStores::never});
      const auto taken = after.wait(after.stores().sessions.take(100));
      bool is_restored = false;
      if (taken) {
        for (const SuspendedSession& session : *taken) {
          is_restored = after.wait(after.home().restore(session)) || is_restored;
        }
      }
      has_failed = has_failed || stores.has_failed();
      stores.restart({});
      if (is_restored) {
        Client& back = after.resumes("juliet@capulet.example", id, 0);
        back.receives("<resumed");
        back.receives("<body>one</body>");
        break;
      }
      EXPECT_EQ(i, 0) << "call " << nth;
      after.advance(std::chrono::seconds(1));
    }
    if (!has_failed) {
      EXPECT_GE(nth, 2U);
      break;
    }
  }
}

}  // namespace
}  // namespace aldis::test
