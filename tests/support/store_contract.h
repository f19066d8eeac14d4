// The contract every backend of the stores keeps, as one suite of tests: a backend's test includes this file and
// instantiates StoreContract with the ways to make its stores. What is asked here is what src/storage/*.h says.
#pragma once
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "storage/stores.h"
#include "tests/support/failing_stores.h"
#include "tests/support/loop_executor.h"

namespace aldis::testing_support {

// The stores under test, empty when made.
struct StoreBackend {
  std::string name;
  // The returned object owns the stores; reopen() closes and opens them again where that means something.
  struct Opened {
    virtual ~Opened() = default;
    virtual Stores stores() = 0;
    virtual void reopen() {}
  };
  std::function<std::unique_ptr<Opened>()> open;
};

inline BareJid bare(std::string_view text) {
  return BareJid::parse(text).value();
}
inline Jid jid(std::string_view text) {
  return Jid::parse(text).value();
}
inline WallTime at_ms(std::int64_t ms) {
  return WallTime(std::chrono::milliseconds(ms));
}

class StoreContract : public ::testing::TestWithParam<StoreBackend> {
 protected:
  void SetUp() override { backend_ = GetParam().open(); }
  void TearDown() override { backend_.reset(); }

  Stores stores() { return backend_->stores(); }
  void reopen() { backend_->reopen(); }
  template <class T>
  T run(Task<T> task) {
    return loop_.run(std::move(task));
  }
  // The value of a call that must succeed.
  template <class T>
  T get(Task<Result<T>> task) {
    Result<T> result = run(std::move(task));
    if (!result) {
      ADD_FAILURE() << to_string(result.error().kind) << ": " << result.error().what;
    }
    return std::move(result).value();
  }
  void must(Task<Result<void>> task) {
    const Result<void> result = run(std::move(task));
    EXPECT_TRUE(result) << (result ? "" : result.error().what);
  }
  template <class T>
  void refuses(Task<Result<T>> task, ErrorKind kind) {
    const Result<T> result = run(std::move(task));
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, kind) << result.error().what;
    EXPECT_FALSE(result.error().what.empty());
  }

  static AccountRecord account(std::string_view address) {
    AccountRecord record{
        .jid = bare(address), .created = at_ms(1'700'000'000'123), .credentials_changed = at_ms(1'700'000'000'456)};
    record.keys.push_back(keys("SHA-256"));
    return record;
  }
  static ScramKeys keys(std::string hash) {
    return ScramKeys{.hash = std::move(hash),
                     .iterations = 10'000,
                     .salt = std::string("\x00\x01\xff'salt", 8),
                     .stored_key = SecretBytes(std::string_view("\x00stored\xfe", 8)),
                     .server_key = SecretBytes(std::string_view("server\x00", 7))};
  }
  static RosterItem contact(std::string_view address, std::uint64_t version) {
    return RosterItem{.jid = bare(address), .version = version};
  }

  const BareJid juliet_ = bare("juliet@capulet.example");
  const BareJid romeo_ = bare("romeo@montague.example");
  std::unique_ptr<StoreBackend::Opened> backend_;
  LoopExecutor loop_;
};

inline std::string backend_name(const ::testing::TestParamInfo<StoreBackend>& info) {
  return info.param.name;
}

// Text that would end a quoted SQL string or mean something in a pattern (security B02, K02).
inline const std::vector<std::string>& hostile_texts() {
  static const std::vector<std::string> texts = {
      "' OR '1'='1",  "'; DROP TABLE accounts; --", "%", "_", "\\", "\\27", "\"", "?1", ":owner", "$1",
      "\xE2\x98\x83", std::string(64 * 1024, '\''), ""};
  return texts;
}

TEST_P(StoreContract, AccountIsFoundAsItWasCreated) {
  must(stores().accounts.create(account("juliet@capulet.example")));
  reopen();
  const AccountRecord found = get(stores().accounts.find(juliet_));
  EXPECT_EQ(found.jid, juliet_);
  EXPECT_TRUE(found.is_enabled);
  EXPECT_EQ(found.created, at_ms(1'700'000'000'123));
  EXPECT_EQ(found.credentials_changed, at_ms(1'700'000'000'456));
  ASSERT_EQ(found.keys.size(), 1U);
  const ScramKeys expected = keys("SHA-256");
  EXPECT_EQ(found.keys[0].hash, "SHA-256");
  EXPECT_EQ(found.keys[0].iterations, 10'000U);
  EXPECT_EQ(found.keys[0].salt, expected.salt);
  EXPECT_EQ(found.keys[0].stored_key.view(), expected.stored_key.view());
  EXPECT_EQ(found.keys[0].server_key.view(), expected.server_key.view());
}

TEST_P(StoreContract, AccountThatDoesNotExistIsNotFound) {
  refuses(stores().accounts.find(juliet_), ErrorKind::not_found);
  refuses(stores().accounts.set_keys(juliet_, {keys("SHA-1")}, at_ms(1), 0), ErrorKind::not_found);
  refuses(stores().accounts.set_enabled(juliet_, false), ErrorKind::not_found);
  refuses(stores().accounts.remove(juliet_), ErrorKind::not_found);
  refuses(stores().accounts.find(juliet_), ErrorKind::not_found);
}

TEST_P(StoreContract, AccountIsCreatedOnce) {
  must(stores().accounts.create(account("juliet@capulet.example")));
  AccountRecord second = account("juliet@capulet.example");
  second.keys.clear();
  refuses(stores().accounts.create(std::move(second)), ErrorKind::already_exists);
  EXPECT_EQ(get(stores().accounts.find(juliet_)).keys.size(), 1U);
}

TEST_P(StoreContract, AccountChanges) {
  must(stores().accounts.create(account("juliet@capulet.example")));
  must(stores().accounts.create(account("nurse@capulet.example")));
  must(stores().accounts.set_keys(juliet_, {keys("SHA-512"), keys("SHA-1")}, at_ms(7), 0));
  must(stores().accounts.set_enabled(juliet_, false));
  reopen();
  const AccountRecord found = get(stores().accounts.find(juliet_));
  EXPECT_FALSE(found.is_enabled);
  EXPECT_EQ(found.credentials_changed, at_ms(7));
  EXPECT_EQ(found.created, at_ms(1'700'000'000'123));
  ASSERT_EQ(found.keys.size(), 2U);
  EXPECT_EQ(found.keys[0].hash, "SHA-512");  // in the order given
  EXPECT_EQ(found.keys[1].hash, "SHA-1");
  must(stores().accounts.set_keys(juliet_, {}, at_ms(8), 0));
  EXPECT_TRUE(get(stores().accounts.find(juliet_)).keys.empty());
  EXPECT_TRUE(get(stores().accounts.find(bare("nurse@capulet.example"))).is_enabled);
}

TEST_P(StoreContract, FormerKeysAreTheLastOnesFirst) {
  must(stores().accounts.create(account("juliet@capulet.example")));
  must(stores().accounts.create(account("nurse@capulet.example")));
  EXPECT_TRUE(get(stores().accounts.former_keys(juliet_)).empty());
  const auto change = [&](std::uint32_t iterations, std::size_t former) {
    ScramKeys first = keys("SHA-512");
    first.iterations = iterations;
    must(stores().accounts.set_keys(juliet_, {first, keys("SHA-1")}, at_ms(iterations), former));
  };
  const auto formers = [&] {
    std::vector<std::uint32_t> all;
    for (const ScramKeys& each : get(stores().accounts.former_keys(juliet_))) all.push_back(each.iterations);
    return all;
  };
  change(1, 0);
  EXPECT_TRUE(formers().empty());
  change(2, 2);
  change(3, 2);
  EXPECT_EQ(formers(), (std::vector<std::uint32_t>{2, 1}));
  change(4, 2);
  reopen();
  EXPECT_EQ(formers(), (std::vector<std::uint32_t>{3, 2}));
  const ScramKeys last = get(stores().accounts.former_keys(juliet_)).front();
  EXPECT_EQ(last.hash, "SHA-512");
  EXPECT_EQ(last.stored_key.view(), keys("SHA-512").stored_key.view());
  EXPECT_TRUE(get(stores().accounts.former_keys(bare("nurse@capulet.example"))).empty());
  change(5, 1);
  EXPECT_EQ(formers(), (std::vector<std::uint32_t>{4}));
  must(stores().accounts.remove(juliet_));
  EXPECT_TRUE(formers().empty());
}

TEST_P(StoreContract, APasswordThatMustBeChangedMustUntilItIs) {
  refuses(stores().accounts.set_must_change(juliet_), ErrorKind::not_found);
  must(stores().accounts.create(account("juliet@capulet.example")));
  must(stores().accounts.create(account("nurse@capulet.example")));
  EXPECT_FALSE(get(stores().accounts.find(juliet_)).must_change);
  must(stores().accounts.set_must_change(juliet_));
  reopen();
  EXPECT_TRUE(get(stores().accounts.find(juliet_)).must_change);
  EXPECT_EQ(get(stores().accounts.find(juliet_)).keys.size(), account("juliet@capulet.example").keys.size());
  EXPECT_FALSE(get(stores().accounts.find(bare("nurse@capulet.example"))).must_change);
  EXPECT_TRUE(get(stores().accounts.list("capulet.example", "", 1)).front().must_change);
  must(stores().accounts.set_keys(juliet_, {keys("SHA-1")}, at_ms(7), 0));
  EXPECT_FALSE(get(stores().accounts.find(juliet_)).must_change);
}

TEST_P(StoreContract, KeysOfMoreIterationsReplaceThoseOfFewer) {
  must(stores().accounts.create(account("juliet@capulet.example")));
  must(stores().accounts.set_keys(juliet_, {keys("SHA-1"), keys("SHA-512")}, at_ms(7), 0));
  ScramKeys better = keys("SHA-1");
  better.salt = "another salt";
  refuses(stores().accounts.add_keys(juliet_, better, at_ms(7)), ErrorKind::denied);
  better.iterations += 1;
  refuses(stores().accounts.add_keys(juliet_, better, at_ms(6)), ErrorKind::denied);
  must(stores().accounts.add_keys(juliet_, better, at_ms(7)));
  reopen();
  const AccountRecord found = get(stores().accounts.find(juliet_));
  ASSERT_EQ(found.keys.size(), 2U);
  EXPECT_EQ(found.keys[0].salt, "another salt");
  EXPECT_EQ(found.keys[0].iterations, better.iterations);
  EXPECT_EQ(found.keys[1].hash, "SHA-512");
  EXPECT_EQ(found.credentials_changed, at_ms(7));
}

TEST_P(StoreContract, AccountsAreListedByDomainInPages) {
  for (const char* address :
       {"c@capulet.example", "a@capulet.example", "b@montague.example", "b@capulet.example", "d@capulet.example"}) {
    must(stores().accounts.create(account(address)));
  }
  std::vector<std::string> seen;
  std::string after;
  for (;;) {
    const auto page = get(stores().accounts.list("capulet.example", after, 3));
    EXPECT_LE(page.size(), 3U);
    for (const AccountRecord& record : page) {
      seen.push_back(record.jid.str());
      EXPECT_EQ(record.keys.size(), 1U);
    }
    if (page.empty()) {
      break;
    }
    after = seen.back();
  }
  EXPECT_EQ(seen, (std::vector<std::string>{"a@capulet.example", "b@capulet.example", "c@capulet.example",
                                            "d@capulet.example"}));
  EXPECT_TRUE(get(stores().accounts.list("capulet.example", "", 0)).empty());
  EXPECT_TRUE(get(stores().accounts.list("' OR '1'='1", "", 10)).empty());
}

TEST_P(StoreContract, RosterOfNobodyIsEmpty) {
  const RosterData data = get(stores().rosters.load(juliet_));
  EXPECT_EQ(data.version, 0U);
  EXPECT_TRUE(data.items.empty());
  EXPECT_TRUE(data.requests.empty());
  EXPECT_TRUE(data.removals.empty());
  EXPECT_EQ(data.removals_complete_since, 0U);
}

TEST_P(StoreContract, RosterItemsKeepEverything) {
  RosterItem item = contact("romeo@montague.example", 1);
  item.name = "Romeo's <&> \xE2\x98\x83";
  item.groups = {"", "Friends", "Lovers' \"own\""};
  item.subscription = Subscription::both;
  item.ask = true;
  item.approved = true;
  must(stores().rosters.put(juliet_, item));
  RosterItem plain = contact("nurse.example", 0xffff'ffff'ffffULL);
  must(stores().rosters.put(juliet_, plain));
  must(stores().rosters.put(romeo_, contact("juliet@capulet.example", 9)));
  reopen();
  const RosterData data = get(stores().rosters.load(juliet_));
  EXPECT_EQ(data.version, 0xffff'ffff'ffffULL);
  ASSERT_EQ(data.items.size(), 2U);
  EXPECT_EQ(data.items[0].jid, plain.jid);  // in the order of the addresses
  EXPECT_FALSE(data.items[0].ask);
  EXPECT_EQ(data.items[0].subscription, Subscription::none);
  EXPECT_TRUE(data.items[0].groups.empty());
  EXPECT_EQ(data.items[1].jid, romeo_);
  EXPECT_EQ(data.items[1].name, item.name);
  EXPECT_EQ(data.items[1].groups, item.groups);
  EXPECT_EQ(data.items[1].subscription, Subscription::both);
  EXPECT_TRUE(data.items[1].ask);
  EXPECT_TRUE(data.items[1].approved);
  EXPECT_EQ(data.items[1].version, 1U);
}

TEST_P(StoreContract, RosterItemIsReplacedWhole) {
  RosterItem item = contact("romeo@montague.example", 1);
  item.groups = {"Friends", "Lovers"};
  must(stores().rosters.put(juliet_, item));
  item.groups = {"Lovers", "Poets"};
  item.version = 2;
  must(stores().rosters.put(juliet_, item));
  const RosterData data = get(stores().rosters.load(juliet_));
  EXPECT_EQ(data.version, 2U);
  ASSERT_EQ(data.items.size(), 1U);
  EXPECT_EQ(data.items[0].groups, item.groups);
}

TEST_P(StoreContract, RosterRemovalsAreRemembered) {
  RosterItem item = contact("romeo@montague.example", 1);
  item.groups = {"Lovers"};
  must(stores().rosters.put(juliet_, item));
  must(stores().rosters.remove(juliet_, romeo_, 2));
  reopen();
  RosterData data = get(stores().rosters.load(juliet_));
  EXPECT_EQ(data.version, 2U);
  EXPECT_TRUE(data.items.empty());
  ASSERT_EQ(data.removals.size(), 1U);
  EXPECT_EQ(data.removals[0].jid, romeo_);
  EXPECT_EQ(data.removals[0].version, 2U);
  must(stores().rosters.remove(juliet_, bare("nobody@capulet.example"), 3));  // not there: recorded all the same
  must(stores().rosters.put(juliet_, contact("romeo@montague.example", 4)));  // added again: no longer removed
  data = get(stores().rosters.load(juliet_));
  EXPECT_EQ(data.version, 4U);
  ASSERT_EQ(data.items.size(), 1U);
  EXPECT_TRUE(data.items[0].groups.empty());
  ASSERT_EQ(data.removals.size(), 1U);
  EXPECT_EQ(data.removals[0].jid, bare("nobody@capulet.example"));
  EXPECT_EQ(data.removals_complete_since, 0U);
}

TEST_P(StoreContract, RosterRemovalsAreBounded) {
  const std::size_t more = RosterData::max_removals + 3;
  for (std::size_t i = 1; i <= more; ++i) {
    must(stores().rosters.remove(juliet_, bare("c" + std::to_string(i) + "@capulet.example"), i));
  }
  const RosterData data = get(stores().rosters.load(juliet_));
  ASSERT_EQ(data.removals.size(), RosterData::max_removals);
  EXPECT_EQ(data.removals.front().version, 4U);  // oldest first, the three oldest gone
  EXPECT_EQ(data.removals.back().version, more);
  EXPECT_EQ(data.removals_complete_since, 3U);
}

TEST_P(StoreContract, SubscriptionRequestsWaitInOrder) {  // RFC 6121 section 3.1.3
  const BareJid nurse = bare("nurse@capulet.example");
  must(stores().rosters.put_request(juliet_, {romeo_, "<presence type='subscribe'/>"}));
  must(stores().rosters.put_request(juliet_, {nurse, "<presence/>"}));
  must(stores().rosters.put_request(juliet_, {romeo_, "<presence type='subscribe'>again</presence>"}));
  reopen();
  RosterData data = get(stores().rosters.load(juliet_));
  ASSERT_EQ(data.requests.size(), 2U);
  EXPECT_EQ(data.requests[0].from, romeo_);  // replaced in its place
  EXPECT_EQ(data.requests[0].stanza, "<presence type='subscribe'>again</presence>");
  EXPECT_EQ(data.requests[1].from, nurse);
  EXPECT_TRUE(data.items.empty());
  EXPECT_EQ(data.version, 0U);
  must(stores().rosters.remove_request(juliet_, romeo_));
  must(stores().rosters.remove_request(juliet_, romeo_));  // none there: success
  data = get(stores().rosters.load(juliet_));
  ASSERT_EQ(data.requests.size(), 1U);
  EXPECT_EQ(data.requests[0].from, nurse);
}

TEST_P(StoreContract, PrivateXmlIsKeptByNameAndOwner) {  // XEP-0049
  must(stores().private_xml.store(juliet_, {{"exodus:prefs", "exodus", "<exodus/>"}, {"b", "storage", "<s1/>"}}, 1000));
  must(stores().private_xml.store(juliet_, {{"b", "storage", "<s2/>"}}, 1000));
  reopen();
  EXPECT_EQ(get(stores().private_xml.load(juliet_, "exodus:prefs", "exodus")), "<exodus/>");
  EXPECT_EQ(get(stores().private_xml.load(juliet_, "b", "storage")), "<s2/>");
  EXPECT_EQ(get(stores().private_xml.load(juliet_, "b", "exodus")), std::nullopt);
  EXPECT_EQ(get(stores().private_xml.load(romeo_, "b", "storage")), std::nullopt);
}

TEST_P(StoreContract, PrivateXmlIsStoredWholeOrNotAtAll) {
  must(stores().private_xml.store(juliet_, {{"a", "x", "12345"}}, 10));
  refuses(stores().private_xml.store(juliet_, {{"a", "x", "1"}, {"b", "y", "1234567890"}}, 10), ErrorKind::full);
  EXPECT_EQ(get(stores().private_xml.load(juliet_, "a", "x")), "12345");
  EXPECT_EQ(get(stores().private_xml.load(juliet_, "b", "y")), std::nullopt);
  must(stores().private_xml.store(juliet_, {{"a", "x", ""}, {"b", "y", "1234567890"}},
                                  10));  // a replaced item gives its room back
  EXPECT_EQ(get(stores().private_xml.load(juliet_, "b", "y")), "1234567890");
  must(stores().private_xml.store(juliet_, {{"b", "y", "1"}, {"b", "y", "22"}}, 10));  // the last one named stands
  EXPECT_EQ(get(stores().private_xml.load(juliet_, "b", "y")), "22");
}

TEST_P(StoreContract, VCardIsReplaced) {  // XEP-0054
  EXPECT_EQ(get(stores().vcards.load(juliet_)), std::nullopt);
  must(stores().vcards.store(juliet_, "<vCard/>"));
  must(stores().vcards.store(juliet_, "<vCard><FN>J</FN></vCard>"));
  reopen();
  EXPECT_EQ(get(stores().vcards.load(juliet_)), "<vCard><FN>J</FN></vCard>");
  EXPECT_EQ(get(stores().vcards.load(romeo_)), std::nullopt);
}

TEST_P(StoreContract, BlockListsHoldAddressesOfEveryForm) {  // XEP-0191 section 3.3
  EXPECT_TRUE(get(stores().blocks.load(juliet_)).empty());
  must(stores().blocks.add(juliet_,
                           {jid("romeo@montague.example/orchard"), jid("montague.example"), jid("a@b.example")}));
  must(stores().blocks.add(juliet_, {jid("a@b.example"), jid("b.example/r")}));
  must(stores().blocks.add(romeo_, {jid("c.example")}));
  reopen();
  EXPECT_EQ(get(stores().blocks.load(juliet_)),
            (std::vector<Jid>{jid("a@b.example"), jid("b.example/r"), jid("montague.example"),
                              jid("romeo@montague.example/orchard")}));
  must(stores().blocks.remove(juliet_, {jid("a@b.example"), jid("nobody.example")}));
  EXPECT_EQ(get(stores().blocks.load(juliet_)).size(), 3U);
  must(stores().blocks.remove(juliet_, {}));  // none named: all
  EXPECT_TRUE(get(stores().blocks.load(juliet_)).empty());
  EXPECT_EQ(get(stores().blocks.load(romeo_)).size(), 1U);
}

TEST_P(StoreContract, LastActivityIsReplaced) {  // XEP-0012
  EXPECT_FALSE(get(stores().last_activity.load(juliet_)));
  must(stores().last_activity.store(juliet_, {at_ms(1), "gone"}));
  must(stores().last_activity.store(juliet_, {at_ms(-62'135'596'800'000), "zzz"}));
  reopen();
  const auto found = get(stores().last_activity.load(juliet_));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->when, at_ms(-62'135'596'800'000));
  EXPECT_EQ(found->status, "zzz");
}

TEST_P(StoreContract, NoticesAreDueOnce) {  // XEP-0133 sections 4.22 to 4.26
  const std::string domain = "capulet.example";
  const auto due = [&](const BareJid& owner) {
    std::string texts;
    for (const Notice& notice : get(stores().notices.due(owner))) {
      texts += notice.text + ";";
    }
    return texts;
  };
  EXPECT_FALSE(get(stores().notices.load(domain, NoticeKind::motd)));
  EXPECT_EQ(due(juliet_), "");
  EXPECT_EQ(due(juliet_), "");  // and a store that remembers it hears of the first notice
  EXPECT_EQ(run(stores().notices.edit(domain, NoticeKind::motd, "x")).error().kind, ErrorKind::not_found);
  EXPECT_EQ(run(stores().notices.remove(domain, NoticeKind::motd)).error().kind, ErrorKind::not_found);
  const Notice welcome = get(stores().notices.set(domain, NoticeKind::welcome, "welcome"));
  const Notice first = get(stores().notices.set(domain, NoticeKind::motd, "one"));
  EXPECT_EQ(due(juliet_), "one;welcome;");
  EXPECT_EQ(due(romeo_), "");  // of another domain
  must(stores().notices.mark({juliet_}, NoticeKind::motd, first.id));
  must(stores().notices.mark({juliet_}, NoticeKind::welcome, welcome.id));
  EXPECT_EQ(due(juliet_), "");
  must(stores().notices.edit(domain, NoticeKind::motd, "one, mended"));
  EXPECT_EQ(due(juliet_), "");
  const BareJid nurse = *BareJid::parse("nurse@capulet.example");
  must(stores().last_activity.store(nurse, {at_ms(1), ""}));  // no new user
  EXPECT_EQ(due(nurse), "one, mended;");
  must(stores().notices.remove(domain, NoticeKind::motd));
  EXPECT_EQ(due(nurse), "");
  const Notice second = get(stores().notices.set(domain, NoticeKind::motd, "two"));
  EXPECT_GT(second.id, first.id);
  must(stores().notices.mark({nurse}, NoticeKind::motd, second.id));
  must(stores().notices.mark({nurse}, NoticeKind::motd, first.id));  // a late mark takes nothing back
  static_cast<void>(get(stores().notices.set(domain, NoticeKind::welcome, "welcome again")));
  reopen();
  EXPECT_EQ(due(juliet_), "two;");
  EXPECT_EQ(due(nurse), "");
  EXPECT_EQ(get(stores().notices.load(domain, NoticeKind::welcome))->text, "welcome again");
}

TEST_P(StoreContract, LoginFailuresSurvive) {
  must(stores().login_failures.put("account juliet@capulet.example", {3, at_ms(1), at_ms(2)}));
  must(stores().login_failures.put("source 2001:db8::1", {4'000'000'000U, at_ms(3), at_ms(4)}));
  must(stores().login_failures.put("account juliet@capulet.example", {4, at_ms(1), at_ms(5)}));
  reopen();
  const auto all = get(stores().login_failures.load_all());
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all.at("account juliet@capulet.example").count, 4U);
  EXPECT_EQ(all.at("account juliet@capulet.example").first, at_ms(1));
  EXPECT_EQ(all.at("account juliet@capulet.example").last, at_ms(5));
  EXPECT_EQ(all.at("source 2001:db8::1").count, 4'000'000'000U);
  must(stores().login_failures.remove("source 2001:db8::1"));
  must(stores().login_failures.remove("source 2001:db8::1"));
  EXPECT_EQ(get(stores().login_failures.load_all()).size(), 1U);
}

inline SuspendedSession suspended(const BareJid& owner, std::string resource) {
  SuspendedSession session{.owner = owner, .resource = std::move(resource), .id = "an-id"};
  session.handled = 4'294'967'295U;
  session.acknowledged = 4'000'000'000U;
  session.max = 300;
  session.until = at_ms(1'700'000'000'123);
  session.suspended = at_ms(-1);
  session.presence = "<presence/>";
  session.priority = -128;
  session.is_interested = true;
  session.wants_carbons = true;
  session.mechanism = "SCRAM-SHA-1";
  session.lang = "it";
  session.directed = {Jid(owner), *Jid::parse("room@capulet.example/n'ame")};
  session.unacknowledged = {{"<message>'\"</message>", 9'000'000'000'000'000'000ULL, true, false}, {"<presence/>", 0, false, true}};
  return session;
}

TEST_P(StoreContract, SuspendedSessionsAreTakenOnce) {  // XEP-0198
  must(stores().sessions.save({suspended(romeo_, "orchard"), suspended(juliet_, "chamber"), suspended(juliet_, "balcony")}));
  reopen();
  const auto first = get(stores().sessions.take(2));
  ASSERT_EQ(first.size(), 2U);
  const SuspendedSession wanted = suspended(juliet_, "balcony");
  const SuspendedSession& found = first.at(0);
  EXPECT_EQ(found.owner, wanted.owner);
  EXPECT_EQ(found.resource, wanted.resource);
  EXPECT_EQ(found.id, wanted.id);
  EXPECT_EQ(found.handled, wanted.handled);
  EXPECT_EQ(found.acknowledged, wanted.acknowledged);
  EXPECT_EQ(found.max, wanted.max);
  EXPECT_EQ(found.until, wanted.until);
  EXPECT_EQ(found.suspended, wanted.suspended);
  EXPECT_EQ(found.presence, wanted.presence);
  EXPECT_EQ(found.priority, wanted.priority);
  EXPECT_TRUE(found.is_interested);
  EXPECT_FALSE(found.wants_block_pushes);
  EXPECT_TRUE(found.wants_carbons);
  EXPECT_EQ(found.mechanism, wanted.mechanism);
  EXPECT_EQ(found.lang, wanted.lang);
  EXPECT_EQ(found.directed, wanted.directed);
  ASSERT_EQ(found.unacknowledged.size(), 2U);
  EXPECT_EQ(found.unacknowledged.at(0).xml, wanted.unacknowledged.at(0).xml);
  EXPECT_EQ(found.unacknowledged.at(0).archive_id, wanted.unacknowledged.at(0).archive_id);
  EXPECT_TRUE(found.unacknowledged.at(0).is_kept);
  EXPECT_FALSE(found.unacknowledged.at(0).is_copy);
  EXPECT_FALSE(found.unacknowledged.at(1).is_kept);
  EXPECT_TRUE(found.unacknowledged.at(1).is_copy);
  EXPECT_EQ(first.at(1).resource, "chamber");
  reopen();
  EXPECT_EQ(get(stores().sessions.take(10)).size(), 1U);
  EXPECT_TRUE(get(stores().sessions.take(10)).empty());
}

TEST_P(StoreContract, ASuspendedSessionIsReplaced) {
  must(stores().sessions.save({suspended(juliet_, "balcony")}));
  SuspendedSession later = suspended(juliet_, "balcony");
  later.id = "another";
  later.unacknowledged.pop_back();
  must(stores().sessions.save({later}));
  must(stores().sessions.set_handled({{juliet_, "balcony", 7}, {romeo_, "orchard", 8}}));
  const auto taken = get(stores().sessions.take(10));
  ASSERT_EQ(taken.size(), 1U);
  EXPECT_EQ(taken.front().id, "another");
  EXPECT_EQ(taken.front().handled, 7U);
  EXPECT_EQ(taken.front().unacknowledged.size(), 1U);
}

TEST_P(StoreContract, SettingKeepsItsFirstValue) {
  EXPECT_EQ(get(stores().settings.load("salt")), std::nullopt);
  const std::string secret("\x00\xff'\x80", 4);
  EXPECT_EQ(get(stores().settings.load_or_store("salt", secret)), secret);
  EXPECT_EQ(get(stores().settings.load_or_store("salt", "other")), secret);
  reopen();
  EXPECT_EQ(get(stores().settings.load("salt")), secret);
}

TEST_P(StoreContract, TextIsNeverSql) {  // security B02, K02
  must(stores().accounts.create(account("juliet@capulet.example")));
  for (const std::string& text : hostile_texts()) {
    RosterItem item = contact("romeo@montague.example", 1);
    item.name = text;
    item.groups = {text};
    must(stores().rosters.put(juliet_, item));
    const RosterData roster = get(stores().rosters.load(juliet_));
    EXPECT_EQ(roster.items.at(0).name, text);
    EXPECT_EQ(roster.items.at(0).groups, item.groups);
    must(stores().private_xml.store(juliet_, {{text, text, text}}, 10'000'000));
    EXPECT_EQ(get(stores().private_xml.load(juliet_, text, text)), text);
    must(stores().last_activity.store(juliet_, {at_ms(0), text}));
    EXPECT_EQ(get(stores().last_activity.load(juliet_))->status, text);
    must(stores().login_failures.put(text, {1, at_ms(0), at_ms(0)}));
    EXPECT_EQ(get(stores().login_failures.load_all()).count(text), 1U);
    EXPECT_EQ(get(stores().settings.load_or_store(text, text)), text);
    EXPECT_TRUE(get(stores().accounts.list(text, text, 10)).empty());
  }
  // JID escapes (XEP-0106): \27 is a quote to a client, not to the store.
  const BareJid escaped = bare("o\\27hara@capulet.example");
  must(stores().accounts.create({.jid = escaped}));
  EXPECT_EQ(get(stores().accounts.find(escaped)).jid, escaped);
  EXPECT_EQ(get(stores().accounts.find(juliet_)).jid, juliet_);
}

// Something in every store, under the owner's address.
inline Task<Result<void>> fill(Stores s, BareJid owner, BareJid other) {
  static std::atomic<ArchiveId> last{0};  // ids are never used twice
  const ArchiveId id = last += 2;
  ArchiveEntry kept{.id = id, .message = id, .stanza = Stanza::make("<message><body>kept words</body></message>"), .contact = other};
  ArchiveEntry waiting{.id = id + 1, .message = id + 1, .stanza = kept.stanza, .contact = other};
  ArchivePreferences preferences{.otherwise = ArchivePreferences::Default::never, .always = {other}};
  RosterItem item{.jid = other, .groups = {"G"}, .version = 1};
  SubscriptionRequest request{other, "<presence/>"};
  std::vector<PrivateXmlStore::Item> items{{"ns", "x", "<x/>"}};
  std::vector<Jid> blocked{other};
  LastActivity activity{at_ms(1), "gone"};
  const BareJid former = bare("former@capulet.example");
  auto r = co_await s.rosters.put(owner, item);
  if (r)
    r = co_await s.rosters.remove(owner, former, 2);
  if (r)
    r = co_await s.rosters.put_request(owner, request);
  if (r)
    r = co_await s.archive.append(owner, kept);
  if (r)
    r = co_await s.archive.hold(owner, waiting, PendingLimits{});
  if (r)
    r = co_await s.archive.store_preferences(owner, preferences);
  if (r)
    r = co_await s.private_xml.store(owner, items, 1000);
  if (r)
    r = co_await s.vcards.store(owner, "<vCard/>");
  if (r)
    r = co_await s.blocks.add(owner, blocked);
  if (r)
    r = co_await s.last_activity.store(owner, activity);
  std::vector<SuspendedSession> sessions{suspended(owner, "balcony")};
  if (r)
    r = co_await s.sessions.save(sessions);
  co_return r;
}

// Whether nothing is kept under the owner's address (the account itself aside).
inline Task<bool> is_bare_of_everything(Stores s, BareJid owner) {
  const auto roster = co_await s.rosters.load(owner);
  const auto archive = co_await s.archive.summary(owner);
  const auto pending = co_await s.archive.load_pending(owner, 0, 10, 1000);
  const auto preferences = co_await s.archive.load_preferences(owner);
  const auto xml = co_await s.private_xml.load(owner, "ns", "x");
  const auto vcard = co_await s.vcards.load(owner);
  const auto blocks = co_await s.blocks.load(owner);
  const auto activity = co_await s.last_activity.load(owner);
  co_return roster && roster->items.empty() && roster->requests.empty() && roster->removals.empty() &&
      roster->version == 0 && archive && archive->messages == 0 && archive->last == 0 && pending && pending->empty() && preferences &&
      preferences->always.empty() && preferences->otherwise == ArchivePreferences::Default::unset && xml && !*xml && vcard && !*vcard && blocks &&
      blocks->empty() && activity && !*activity;
}

// An image says what the parts say.
TEST_P(StoreContract, ImageIsTheAccountsParts) {
  AccountImage image = get(stores().images.load(juliet_));
  EXPECT_FALSE(image.account);
  EXPECT_FALSE(image.has_waiting_messages);
  must(stores().accounts.create(account("juliet@capulet.example")));
  must(stores().accounts.create(account("romeo@montague.example")));
  must(fill(stores(), juliet_, romeo_));
  must(stores().accounts.set_enabled(juliet_, false));
  image = get(stores().images.load(juliet_));
  ASSERT_TRUE(image.account);
  EXPECT_FALSE(image.account->is_enabled);
  EXPECT_EQ(image.account->credentials_changed, at_ms(1'700'000'000'456));
  const RosterData roster = get(stores().rosters.load(juliet_));
  EXPECT_EQ(image.roster.version, roster.version);
  ASSERT_EQ(image.roster.items.size(), roster.items.size());
  EXPECT_EQ(image.roster.items.at(0).jid, romeo_);
  EXPECT_EQ(image.roster.items.at(0).groups, roster.items.at(0).groups);
  EXPECT_EQ(image.roster.requests.at(0).from, romeo_);
  EXPECT_EQ(image.roster.removals.at(0).jid, bare("former@capulet.example"));
  EXPECT_EQ(image.roster.removals_complete_since, roster.removals_complete_since);
  EXPECT_EQ(image.blocked, get(stores().blocks.load(juliet_)));
  EXPECT_EQ(image.archive_preferences.otherwise, ArchivePreferences::Default::never);
  EXPECT_EQ(image.archive_preferences.always, std::vector<Jid>{romeo_});
  EXPECT_TRUE(image.has_waiting_messages);
  const auto waiting = get(stores().archive.load_pending(juliet_, 0, 10, 1000));
  ASSERT_EQ(waiting.size(), 1U);
  must(stores().archive.remove_pending(juliet_, {waiting.front().id}));
  EXPECT_FALSE(get(stores().images.load(juliet_)).has_waiting_messages);
  // Another's image has nothing of it.
  image = get(stores().images.load(romeo_));
  ASSERT_TRUE(image.account);
  EXPECT_TRUE(image.account->is_enabled);
  EXPECT_TRUE(image.roster.items.empty() && image.roster.requests.empty() && image.roster.removals.empty());
  EXPECT_TRUE(image.blocked.empty() && image.archive_preferences.always.empty());
  EXPECT_EQ(image.archive_preferences.otherwise, ArchivePreferences::Default::unset);
  must(stores().accounts.remove(juliet_));
  image = get(stores().images.load(juliet_));
  EXPECT_FALSE(image.account);
  EXPECT_TRUE(image.roster.items.empty() && image.blocked.empty());
}

TEST_P(StoreContract, RemovedAccountLeavesNothing) {  // security U01
  must(stores().accounts.create(account("juliet@capulet.example")));
  must(stores().accounts.create(account("romeo@montague.example")));
  must(fill(stores(), juliet_, romeo_));
  must(fill(stores(), romeo_, juliet_));
  must(stores().accounts.remove(juliet_));
  reopen();
  const auto left = get(stores().sessions.take(10));
  ASSERT_EQ(left.size(), 1U);
  EXPECT_EQ(left.front().owner, romeo_);
  must(stores().sessions.save(left));
  refuses(stores().accounts.find(juliet_), ErrorKind::not_found);
  must(stores().accounts.create({.jid = juliet_}));
  EXPECT_TRUE(get(stores().accounts.find(juliet_)).keys.empty());
  EXPECT_TRUE(run(is_bare_of_everything(stores(), juliet_)));
  EXPECT_FALSE(run(is_bare_of_everything(stores(), romeo_)));
  EXPECT_EQ(get(stores().rosters.load(romeo_)).items.size(), 1U);  // another's roster is the core's to change
}

TEST_P(StoreContract, NewAccountBeginsEmpty) {  // security U01: a write that came late, after the removal
  must(stores().accounts.create(account("juliet@capulet.example")));
  must(stores().accounts.remove(juliet_));
  must(fill(stores(), juliet_, romeo_));
  must(stores().accounts.create(account("juliet@capulet.example")));
  EXPECT_TRUE(run(is_bare_of_everything(stores(), juliet_)));
}

TEST_P(StoreContract, EachCallFailsOnceInFailingStores) {
  std::size_t n = 0;
  for (;; ++n) {
    FailingStores failing(stores(), {.nth = n, .kind = ErrorKind::full});
    const Result<void> filled = run(fill(failing.stores(), juliet_, romeo_));
    EXPECT_EQ(filled.has_value(), !failing.has_failed()) << n;
    if (!failing.has_failed()) {
      break;
    }
    EXPECT_EQ(filled.error().kind, ErrorKind::full);
    EXPECT_EQ(failing.calls(), n + 1);
  }
  EXPECT_EQ(n, 11U);
  FailingStores lost(stores(), {.nth = 0, .takes_effect = true});
  EXPECT_FALSE(run(lost.stores().vcards.store(juliet_, "<vCard>lost</vCard>")));
  EXPECT_EQ(get(lost.stores().vcards.load(juliet_)), "<vCard>lost</vCard>");
}

}  // namespace aldis::testing_support
