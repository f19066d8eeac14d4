// What every backend keeps of stanzas that wait for other servers: storage/outbound_queue_store.h as tests. Included beside
// store_contract.h by a backend's test.
#pragma once
#include "tests/support/store_contract.h"

namespace aldis::testing_support {

class QueueContract {
 public:
  static QueuePair verona() { return {"capulet.example", "verona.example"}; }
  static QueuePair mantua() { return {"capulet.example", "mantua.example"}; }
  static QueuePair other_host() { return {"montague.example", "verona.example"}; }
  static WallTime at(int seconds) { return WallTime(std::chrono::seconds(1'700'000'000 + seconds)); }
  static QueuedStanza stanza(std::uint64_t position, int seconds = 0, std::string xml = "<message/>") {
    return {position, at(seconds), std::move(xml)};
  }
  static std::string positions(const std::vector<QueuedStanza>& stanzas) {
    std::string all;
    for (const QueuedStanza& each : stanzas) all += (all.empty() ? "" : " ") + std::to_string(each.position);
    return all;
  }
  static std::string shown(const std::vector<QueueTotals>& totals) {
    std::string all;
    for (const QueueTotals& each : totals) {
      all += (all.empty() ? "" : "; ") + each.pair.host + ">" + each.pair.peer + " " + std::to_string(each.stanzas) + " " +
             std::to_string(each.bytes) + " " + std::to_string(each.last_position);
    }
    return all;
  }
};
using QC = QueueContract;
constexpr std::size_t much = 1'000'000;

TEST_P(StoreContract, QueuedStanzasAreFoundInOrderAsTheyWereStored) {
  auto& queue = stores().outbound_queue;
  for (const std::uint64_t position : {2U, 1U, 10U}) {
    must(queue.append(QC::verona(), QC::stanza(position, static_cast<int>(position), "<message id='" + std::to_string(position) + "'>\xc3\xa9</message>"), {}));
  }
  must(queue.append(QC::mantua(), QC::stanza(1), {}));
  must(queue.append(QC::other_host(), QC::stanza(7), {}));
  reopen();
  const auto found = get(stores().outbound_queue.load(QC::verona(), 0, 100, much));
  EXPECT_EQ(QC::positions(found), "1 2 10");
  EXPECT_EQ(found.at(1).stanza, "<message id='2'>\xc3\xa9</message>");
  EXPECT_EQ(found.at(1).queued, QC::at(2));
  EXPECT_TRUE(get(stores().outbound_queue.load({"verona.example", "capulet.example"}, 0, 100, much)).empty());
}

TEST_P(StoreContract, QueueIsReadInPages) {
  auto& queue = stores().outbound_queue;
  for (std::uint64_t i = 1; i <= 5; ++i) must(queue.append(QC::verona(), QC::stanza(i, 0, std::string(100, 'x')), {}));
  EXPECT_EQ(QC::positions(get(queue.load(QC::verona(), 0, 2, much))), "1 2");
  EXPECT_EQ(QC::positions(get(queue.load(QC::verona(), 2, 100, 250))), "3 4");
  EXPECT_EQ(QC::positions(get(queue.load(QC::verona(), 4, 100, 10))), "5") << "one at least";
  EXPECT_EQ(QC::positions(get(queue.load(QC::verona(), 5, 100, much))), "");
}

TEST_P(StoreContract, QueueIsLimitedByStanzasAndByBytes) {
  auto& queue = stores().outbound_queue;
  const QueueLimits two{.max_stanzas = 2, .max_bytes = 1000};
  must(queue.append(QC::verona(), QC::stanza(1, 0, std::string(600, 'x')), two));
  refuses(queue.append(QC::verona(), QC::stanza(2, 0, std::string(401, 'x')), two), ErrorKind::full);
  must(queue.append(QC::verona(), QC::stanza(2, 0, std::string(400, 'x')), two));
  refuses(queue.append(QC::verona(), QC::stanza(3, 0, "x"), two), ErrorKind::full);
  must(queue.append(QC::mantua(), QC::stanza(1), two));
  must(queue.remove_up_to(QC::verona(), 1));
  must(queue.append(QC::verona(), QC::stanza(3, 0, std::string(600, 'x')), two));
  EXPECT_EQ(QC::positions(get(queue.load(QC::verona(), 0, 100, much))), "2 3");
  refuses(queue.append({"capulet.example", "padua.example"}, QC::stanza(1), {.max_stanzas = 0, .max_bytes = 0}), ErrorKind::full);
}

TEST_P(StoreContract, QueuePositionIsTakenOnce) {
  auto& queue = stores().outbound_queue;
  must(queue.append(QC::verona(), QC::stanza(1, 0, "<message id='first'/>"), {}));
  refuses(queue.append(QC::verona(), QC::stanza(1, 0, "<message id='second'/>"), {}), ErrorKind::already_exists);
  EXPECT_EQ(get(queue.load(QC::verona(), 0, 100, much)).at(0).stanza, "<message id='first'/>");
  EXPECT_EQ(QC::shown(get(queue.totals())), "capulet.example>verona.example 1 21 1");
}

TEST_P(StoreContract, QueueTotalsFollowWhatIsThere) {
  auto& queue = stores().outbound_queue;
  EXPECT_TRUE(get(queue.totals()).empty());
  for (std::uint64_t i = 1; i <= 6; ++i) must(queue.append(QC::verona(), QC::stanza(i, static_cast<int>(i), std::string(i, 'x')), {}));
  must(queue.append(QC::mantua(), QC::stanza(9), {}));
  must(queue.append(QC::other_host(), QC::stanza(1), {}));
  EXPECT_EQ(QC::shown(get(queue.totals())),
            "capulet.example>mantua.example 1 10 9; capulet.example>verona.example 6 21 6; montague.example>verona.example 1 10 1");
  must(queue.remove_up_to(QC::verona(), 2));
  must(queue.remove_up_to(QC::verona(), 2));
  must(queue.remove(QC::verona(), {4, 4, 77}));
  must(queue.remove(QC::mantua(), {9}));
  must(queue.remove(QC::mantua(), {}));
  must(queue.remove_up_to({"nobody.example", "nowhere.example"}, 5));
  reopen();
  const auto totals = get(stores().outbound_queue.totals());
  EXPECT_EQ(QC::shown(totals), "capulet.example>verona.example 3 14 6; montague.example>verona.example 1 10 1");
  EXPECT_EQ(totals.at(0).oldest, QC::at(3));
  EXPECT_EQ(QC::positions(get(stores().outbound_queue.load(QC::verona(), 0, 100, much))), "3 5 6");
  must(stores().outbound_queue.remove_up_to(QC::verona(), 100));
  must(stores().outbound_queue.append(QC::verona(), QC::stanza(1), {}));
  EXPECT_EQ(QC::shown(get(stores().outbound_queue.totals())), "capulet.example>verona.example 1 10 1; montague.example>verona.example 1 10 1");
}

TEST_P(StoreContract, QueuedStanzasExpireOldestFirstAndStayUntilRemoved) {
  auto& queue = stores().outbound_queue;
  must(queue.append(QC::verona(), QC::stanza(1, 30), {}));
  must(queue.append(QC::verona(), QC::stanza(2, 10), {}));
  must(queue.append(QC::mantua(), QC::stanza(5, 20, "<message id='m'/>"), {}));
  must(queue.append(QC::other_host(), QC::stanza(9, 40), {}));
  EXPECT_TRUE(get(queue.expired(QC::at(10), 100)).empty());
  EXPECT_EQ(get(queue.expired(QC::at(31), 2)).size(), 2U);
  const auto found = get(queue.expired(QC::at(31), 100));
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found[0].stanza.position, 2U);
  EXPECT_EQ(found[1].pair, QC::mantua());
  EXPECT_EQ(found[1].stanza.stanza, "<message id='m'/>");
  EXPECT_EQ(found[1].stanza.queued, QC::at(20));
  EXPECT_EQ(found[2].stanza.position, 1U);
  must(queue.remove(QC::mantua(), {5}));
  EXPECT_EQ(get(queue.expired(QC::at(31), 100)).size(), 2U);
}

TEST_P(StoreContract, QueueIsNotAnAccounts) {  // what was promised to wait is sent, whoever has gone
  must(stores().accounts.create(account("juliet@capulet.example")));
  must(stores().outbound_queue.append(QC::verona(), QC::stanza(1), {}));
  must(stores().accounts.remove(juliet_));
  EXPECT_EQ(get(stores().outbound_queue.totals()).size(), 1U);
}

}  // namespace aldis::testing_support
