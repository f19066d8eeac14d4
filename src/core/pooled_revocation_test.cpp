// What a path's authorities say is fetched before a login is answered, once a minute (security C05). How it is fetched:
// net/http_fetch_test.cpp.
#include "core/pooled_revocation.h"

#include <gtest/gtest.h>

#include "tests/support/answering_server.h"
#include "tests/support/loop_executor.h"
#include "tests/support/test_revocation.h"

namespace aldis {
namespace {

TEST(PooledRevocation, FetchesWhatThePathNamesOnceAMinute) {
  test::AnsweringServer server;
  const test::Identity lost = test::issue({.common_name = "card", .extensions = {{"crlDistributionPoints", "URI:" + server.url()}}},
                                          &test::root_authority());
  server.answers(test::make_crl(test::root_authority(), {.revoked = {&lost}, .to = std::chrono::hours(1)}));   // soon to be asked for again
  testing_support::LoopExecutor loop;
  test::ManualClock clock;
  WorkerPool workers({.threads = 1});
  const auto cache = std::make_shared<tls::RevocationCache>();
  PooledRevocation revocation(cache, workers, clock);
  const auto refresh = [&] {
    const bool done = loop.run([](PooledRevocation& asked, std::vector<std::shared_ptr<X509>> path) -> Task<bool> {
      co_await asked.refresh(std::move(path));
      co_return true;
    }(revocation, {lost.certificate, test::root_authority().certificate}));
    EXPECT_TRUE(done);
  };
  refresh();
  EXPECT_EQ(server.requests, 1);
  ASSERT_EQ(cache->crls().size(), 1U);
  const auto trust = tls::TrustStore::make({.anchors_pem = test::root_authority().pem(), .revocation = tls::RevocationMode::soft, .known = cache}).value();
  EXPECT_EQ(trust->verify({.certificates = {lost.certificate}}, tls::Purpose::client, clock.wall()).problem, tls::CertificateProblem::revoked);
  refresh();
  EXPECT_EQ(server.requests, 1) << "not again at once";
  clock.advance(std::chrono::seconds(61));
  refresh();
  EXPECT_EQ(server.requests, 2);
}

// Who is in no list today, and that list holds for a month, may be in the next one tomorrow.
TEST(PooledRevocation, AsksAgainAboutWhatStillHoldsWhereThatIsWanted) {
  test::AnsweringServer server;
  const test::Identity peer = test::issue({.common_name = "peer", .extensions = {{"crlDistributionPoints", "URI:" + server.url()}}},
                                          &test::root_authority());
  server.answers(test::make_crl(test::root_authority(), {.to = std::chrono::hours(24 * 30)}));
  testing_support::LoopExecutor loop;
  test::ManualClock clock;
  WorkerPool workers({.threads = 1});
  PooledRevocation revocation(std::make_shared<tls::RevocationCache>(), workers, clock);
  revocation.ask_again_after(std::chrono::minutes(10));
  const auto requests_after = [&](std::chrono::seconds time) {
    clock.advance(time);
    const bool done = loop.run([](PooledRevocation& asked, std::vector<std::shared_ptr<X509>> path) -> Task<bool> {
      co_await asked.refresh(std::move(path));
      co_return true;
    }(revocation, {peer.certificate, test::root_authority().certificate}));
    EXPECT_TRUE(done);
    return server.requests.load();
  };
  EXPECT_EQ(requests_after(std::chrono::seconds(0)), 1);
  EXPECT_EQ(requests_after(std::chrono::minutes(9)), 1) << "what is known holds";
  EXPECT_EQ(requests_after(std::chrono::minutes(1)), 2);
  EXPECT_EQ(requests_after(std::chrono::minutes(2)), 2);
}

}  // namespace
}  // namespace aldis
