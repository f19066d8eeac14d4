// The stores in memory keep the contract, whether they answer at once or later.
#include "storage/memory/memory_stores.h"

#include "tests/support/archive_contract.h"
#include "tests/support/outbound_queue_contract.h"
#include "tests/support/certificate_contract.h"
#include "tests/support/pubsub_contract.h"
#include "tests/support/push_contract.h"
#include "tests/support/room_contract.h"
#include "tests/support/token_contract.h"

namespace aldis {
namespace {

using testing_support::ArchiveContract;
using testing_support::StoreBackend;
using testing_support::StoreContract;

StoreBackend backend(std::string name, MemoryStores::Answers answers) {
  struct Opened final : StoreBackend::Opened {
    explicit Opened(MemoryStores::Answers answers) : memory(answers) {}
    Stores stores() override { return memory.stores(); }
    MemoryStores memory;
  };
  return {std::move(name), [answers] { return std::make_unique<Opened>(answers); }};
}

INSTANTIATE_TEST_SUITE_P(Memory, StoreContract,
                         ::testing::Values(backend("AtOnce", MemoryStores::Answers::at_once),
                                           backend("Later", MemoryStores::Answers::later)),
                         testing_support::backend_name);
INSTANTIATE_TEST_SUITE_P(Memory, ArchiveContract,
                         ::testing::Values(backend("AtOnce", MemoryStores::Answers::at_once),
                                           backend("Later", MemoryStores::Answers::later)),
                         testing_support::backend_name);

// An item that makes the service larger is refused over its limit; one that makes it smaller is not.
TEST(PubSubLimit, GrowsUpToItAndShrinksAlways) {
  EXPECT_TRUE(is_within(10, 0, 10));
  EXPECT_FALSE(is_within(10, 0, 11));
  EXPECT_FALSE(is_within(10, 11, 12));
  EXPECT_TRUE(is_within(10, 12, 12));
  EXPECT_TRUE(is_within(10, 12, 11));
  EXPECT_TRUE(is_within(0, 0, UINT64_MAX));
}

TEST(MemoryStores, AnswersLaterOnlyAfterAPost) {
  MemoryStores memory(MemoryStores::Answers::later);
  testing_support::LoopExecutor loop;
  bool done = false;
  loop.post([&] {
    spawn([](Stores stores, bool& is_done) -> Task<void> {
      const auto stored = co_await stores.vcards.store(testing_support::bare("juliet@capulet.example"), "<vCard/>");
      is_done = stored.has_value();
    }(memory.stores(), done));
    EXPECT_FALSE(done);
  });
  loop.run_until([&] { return done; });
}

}  // namespace
}  // namespace aldis
