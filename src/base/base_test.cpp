// Results, encodings, the keyed hash, constant-time comparison, callables.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <memory>
#include <set>

#include "base/encoding.h"
#include "base/keyed_hash.h"
#include "base/metrics.h"
#include "base/result.h"
#include "base/secret_bytes.h"
#include "base/unique_function.h"

namespace aldis {
namespace {

TEST(Result, HoldsAValueOrItsError) {
  const Result<int> good = 7;
  const Result<int> bad = fail(ErrorKind::limit, "too many");
  EXPECT_EQ(*good, 7);
  EXPECT_FALSE(bad);
  EXPECT_EQ(bad.error().kind, ErrorKind::limit);
  EXPECT_DEATH((void)*bad, "value of a failed Result");
}

TEST(Base64, IsStrict) {  // RFC 4648 section 10 vectors; sections 3.3 and 3.5 for the refusals
  const std::pair<std::string_view, std::string_view> vectors[] = {
      {"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, coded] : vectors) {
    EXPECT_EQ(base64_encode(plain), coded);
    EXPECT_EQ(base64_decode(coded), plain);
  }
  for (const std::string_view bad : {"Zg", "Zg=", "Zg==\n", " Zg==", "Zh==", "Zm9=", "====", "Z===", "Zg==Zg==", "!!!!", "=", "Zm-v"}) {
    EXPECT_FALSE(base64_decode(bad)) << bad;
  }
}

TEST(Hex, RoundTrips) {
  EXPECT_EQ(hex_decode("00ff7A"), std::string("\x00\xff\x7a", 3));
  EXPECT_FALSE(hex_decode("0"));
  EXPECT_FALSE(hex_decode("0g"));
}

TEST(KeyedHash, MatchesTheReferenceVectors) {  // SipHash-2-4, appendix A of its paper
  const KeyedHash hash(0x0706050403020100ULL, 0x0f0e0d0c0b0a0908ULL);
  const std::string input("\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e", 15);
  EXPECT_EQ(hash(input), 0xa129ca6149be45e5ULL);
  EXPECT_EQ(hash(""), 0x726fdb47dd0e0e31ULL);
}

TEST(Random, TokensDoNotRepeat) {  // security S08
  SystemRandom random;
  std::set<std::string> seen;
  for (int i = 0; i < 100'000; ++i) {
    EXPECT_TRUE(seen.insert(random_token(random)).second);
  }
  EXPECT_GE(seen.begin()->size() * 5, 128U);
}

TEST(SystemRandom, AForkedChildDoesNotRepeatItsParentsBytes) {
  SystemRandom random;
  static_cast<void>(random_token(random));  // what is left over is there in both processes
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const std::string token = random_token(random, 160);
    ::_exit(::write(ends[1], token.data(), token.size()) == static_cast<ssize_t>(token.size()) ? 0 : 1);
  }
  ASSERT_GT(child, 0);
  const std::string own = random_token(random, 160);
  std::string theirs(own.size(), ' ');
  EXPECT_EQ(::read(ends[0], theirs.data(), theirs.size()), static_cast<ssize_t>(theirs.size()));
  EXPECT_NE(own, theirs);
  int status = 1;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST(ConstantTime, ComparesWholeStrings) {
  EXPECT_TRUE(equal_constant_time("abc", "abc"));
  EXPECT_FALSE(equal_constant_time("abc", "abd"));
  EXPECT_FALSE(equal_constant_time("abc", "ab"));
}

TEST(UniqueFunction, MovesSmallAndLargeCallables) {
  auto owned = std::make_unique<int>(5);
  UniqueFunction<int(int)> small = [p = std::move(owned)](int x) { return *p + x; };
  UniqueFunction<int(int)> moved = std::move(small);
  EXPECT_FALSE(small);  // NOLINT: moved-from is empty by contract
  EXPECT_EQ(moved(2), 7);
  std::array<int, 100> big{};
  big[99] = 3;
  UniqueFunction<int(int)> large = [big](int x) { return big[99] * x; };
  UniqueFunction<int(int)> taken;
  taken = std::move(large);
  EXPECT_EQ(taken(4), 12);
}

TEST(Metrics, CountAcrossThreads) {
  metrics::Counter counter{"test_total", "A test."};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 1000; ++i) counter.add();
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(counter.value(), 4000U);
}

}  // namespace
}  // namespace aldis
