// What every backend keeps of clients' tokens and of keys that are added: storage/token_store.h as tests. Included beside
// store_contract.h by a backend's test.
#pragma once
#include "tests/support/store_contract.h"

namespace aldis::testing_support {

// Tokens are of a phone and a laptop; days count from the account's creation.
class TokenContract {
 public:
  static constexpr std::string_view phone = "11111111-1111-4111-8111-111111111111";
  static constexpr std::string_view laptop = "22222222-2222-4222-8222-222222222222";
  static WallTime day(int n) { return at_ms(1'700'000'000'456 + std::int64_t{n} * 86'400'000); }
  static ClientToken token(std::string_view client, std::string seed, int issued, int expires) {
    return {.client = std::string(client),
            .mechanism = "HT-SHA-256-EXPR",
            .seed = std::move(seed),
            .issued = day(issued),
            .expires = day(expires),
            .software = "Gajim",
            .device = "Nurse's <phone>"};
  }
  static std::string seeds(const std::vector<ClientToken>& tokens) {
    std::string all;
    for (const ClientToken& each : tokens) {
      all += (all.empty() ? "" : " ") + each.seed + (each.is_current ? "*" : "");
    }
    return all;
  }
  static WallTime changed() { return day(0); }   // of StoreContract::account
};
using TC = TokenContract;

TEST_P(StoreContract, TokenIsFoundAsItWasIssued) {
  must(stores().accounts.create(account("juliet@capulet.example")));
  const std::string seed("\x00'seed\xff", 7);
  must(stores().tokens.issue(juliet_, TC::token(TC::phone, seed, 1, 22), TC::changed(), 5));
  reopen();
  const auto found = get(stores().tokens.load(juliet_, std::string(TC::phone)));
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].client, TC::phone);
  EXPECT_FALSE(found[0].is_current);
  EXPECT_EQ(found[0].mechanism, "HT-SHA-256-EXPR");
  EXPECT_EQ(found[0].seed, seed);
  EXPECT_EQ(found[0].issued, TC::day(1));
  EXPECT_EQ(found[0].expires, TC::day(22));
  EXPECT_EQ(found[0].used, WallTime{});
  EXPECT_EQ(found[0].count, 0U);
  EXPECT_EQ(found[0].software, "Gajim");
  EXPECT_EQ(found[0].device, "Nurse's <phone>");
  EXPECT_TRUE(get(stores().tokens.load(juliet_, std::string(TC::laptop))).empty());
  EXPECT_TRUE(get(stores().tokens.load(romeo_, std::string(TC::phone))).empty());
}

TEST_P(StoreContract, NewTokenTakesThePlaceOfTheCurrentOneOnceUsed) {  // XEP-0484 sections 3.5 and 5.1
  const auto phone = std::string(TC::phone);
  must(stores().accounts.create(account("juliet@capulet.example")));
  must(stores().tokens.issue(juliet_, TC::token(phone, "a", 1, 22), TC::changed(), 5));
  must(stores().tokens.use(juliet_, phone, "a", std::nullopt, TC::day(2)));
  must(stores().tokens.issue(juliet_, TC::token(phone, "b", 3, 24), TC::changed(), 5));
  EXPECT_EQ(TC::seeds(get(stores().tokens.load(juliet_, phone))), "b a*");
  must(stores().tokens.use(juliet_, phone, "a", std::nullopt, TC::day(4)));  // the new one was lost on its way
  EXPECT_EQ(TC::seeds(get(stores().tokens.load(juliet_, phone))), "b a*");
  must(stores().tokens.issue(juliet_, TC::token(phone, "c", 5, 26), TC::changed(), 5));  // what was not used goes
  EXPECT_EQ(TC::seeds(get(stores().tokens.load(juliet_, phone))), "c a*");
  must(stores().tokens.use(juliet_, phone, "c", std::nullopt, TC::day(6)));
  reopen();
  const auto left = get(stores().tokens.load(juliet_, phone));
  EXPECT_EQ(TC::seeds(left), "c*");
  EXPECT_EQ(left[0].used, TC::day(6));
  refuses(stores().tokens.use(juliet_, phone, "a", std::nullopt, TC::day(6)), ErrorKind::not_found);
  // A new token that ends before the current one (the operator shortened their life) goes when the current one is used.
  must(stores().tokens.issue(juliet_, TC::token(phone, "d", 7, 8), TC::changed(), 5));
  must(stores().tokens.use(juliet_, phone, "c", std::nullopt, TC::day(7)));
  EXPECT_EQ(TC::seeds(get(stores().tokens.load(juliet_, phone))), "c*");
}

TEST_P(StoreContract, TokenOfAnotherClientOrOwnerIsNotFound) {
  const auto phone = std::string(TC::phone);
  must(stores().accounts.create(account("juliet@capulet.example")));
  must(stores().accounts.create(account("romeo@montague.example")));
  must(stores().tokens.issue(juliet_, TC::token(phone, "a", 1, 22), TC::changed(), 5));
  refuses(stores().tokens.use(juliet_, std::string(TC::laptop), "a", std::nullopt, TC::day(2)), ErrorKind::not_found);
  refuses(stores().tokens.use(juliet_, "", "a", std::nullopt, TC::day(2)), ErrorKind::not_found);
  refuses(stores().tokens.use(romeo_, phone, "a", std::nullopt, TC::day(2)), ErrorKind::not_found);
  EXPECT_EQ(TC::seeds(get(stores().tokens.load(juliet_, phone))), "a");
}

TEST_P(StoreContract, CountOfATokenOnlyGrows) {  // section 3.4
  const auto phone = std::string(TC::phone);
  must(stores().accounts.create(account("juliet@capulet.example")));
  must(stores().tokens.issue(juliet_, TC::token(phone, "a", 1, 22), TC::changed(), 5));
  refuses(stores().tokens.use(juliet_, phone, "a", 0, TC::day(2)), ErrorKind::denied);
  must(stores().tokens.use(juliet_, phone, "a", 7, TC::day(2)));
  refuses(stores().tokens.use(juliet_, phone, "a", 7, TC::day(3)), ErrorKind::denied);
  refuses(stores().tokens.use(juliet_, phone, "a", 6, TC::day(3)), ErrorKind::denied);
  must(stores().tokens.use(juliet_, phone, "a", std::nullopt, TC::day(3)));  // no early data: it may be left out
  must(stores().tokens.use(juliet_, phone, "a", 8, TC::day(4)));
  const auto left = get(stores().tokens.load(juliet_, phone));
  ASSERT_EQ(left.size(), 1U);
  EXPECT_EQ(left[0].count, 8U);
  must(stores().tokens.issue(juliet_, TC::token(phone, "b", 5, 26), TC::changed(), 5));
  must(stores().tokens.use(juliet_, phone, "b", 1, TC::day(6)));  // a new token counts anew
}

TEST_P(StoreContract, TokensAreBoundedPerAccountAndExpiredOnesGo) {
  must(stores().accounts.create(account("juliet@capulet.example")));
  for (const auto* client : {"a", "b", "c"}) {
    must(stores().tokens.issue(juliet_, TC::token(client, client, 1, 22), TC::changed(), 3));
  }
  must(stores().tokens.use(juliet_, "a", "a", std::nullopt, TC::day(2)));
  must(stores().tokens.issue(juliet_, TC::token("a", "a2", 3, 24), TC::changed(), 3));  // a client that is here already
  EXPECT_EQ(TC::seeds(get(stores().tokens.load(juliet_, ""))), "a2 a* b c");
  must(stores().tokens.issue(juliet_, TC::token("d", "d", 4, 25), TC::changed(), 3));
  EXPECT_EQ(TC::seeds(get(stores().tokens.load(juliet_, ""))), "a2 a* b d");
  must(stores().tokens.issue(juliet_, TC::token("e", "e", 5, 26), TC::changed(), 1));  // the limit was lowered
  EXPECT_EQ(TC::seeds(get(stores().tokens.load(juliet_, ""))), "e");
  must(stores().tokens.issue(juliet_, TC::token("f", "f", 26, 47), TC::changed(), 5));
  EXPECT_EQ(TC::seeds(get(stores().tokens.load(juliet_, ""))), "f") << "e ended on day 26";
}

TEST_P(StoreContract, TokensEndWithWhatTheyRestOn) {  // security S13
  const auto issue = [&](std::string_view seed) {
    return stores().tokens.issue(juliet_, TC::token(TC::phone, std::string(seed), 1, 22),
                                 get(stores().accounts.find(juliet_)).credentials_changed, 5);
  };
  const auto count = [&] { return get(stores().tokens.load(juliet_, "")).size(); };
  refuses(stores().tokens.issue(juliet_, TC::token(TC::phone, "a", 1, 22), TC::changed(), 5), ErrorKind::denied);
  must(stores().accounts.create(account("juliet@capulet.example")));
  must(issue("a"));
  must(stores().accounts.set_keys(juliet_, {keys("SHA-512")}, TC::day(2), 0));
  EXPECT_EQ(count(), 0U) << "a new password";
  refuses(stores().tokens.issue(juliet_, TC::token(TC::phone, "a", 1, 22), TC::changed(), 5), ErrorKind::denied);
  must(issue("b"));
  must(stores().accounts.set_must_change(juliet_));
  EXPECT_EQ(count(), 0U) << "a password that must be changed";
  must(stores().tokens.issue(juliet_, TC::token(TC::phone, "b", 1, 22), TC::day(2), 5));
  must(stores().accounts.set_enabled(juliet_, false));
  EXPECT_EQ(count(), 0U) << "a disabled account";
  refuses(issue("c"), ErrorKind::denied);
  must(stores().accounts.set_enabled(juliet_, true));
  EXPECT_EQ(count(), 0U);
  must(issue("d"));
  must(stores().accounts.set_enabled(juliet_, true));
  EXPECT_EQ(count(), 1U);
  must(stores().accounts.remove(juliet_));
  EXPECT_EQ(count(), 0U) << "security U01";
}

TEST_P(StoreContract, TokensAreForgottenByClientOrAll) {
  must(stores().accounts.create(account("juliet@capulet.example")));
  must(stores().accounts.create(account("romeo@montague.example")));
  must(stores().tokens.issue(romeo_, TC::token(TC::phone, "r", 1, 22), TC::changed(), 5));
  for (const auto client : {TC::phone, TC::laptop}) {
    must(stores().tokens.issue(juliet_, TC::token(client, "x" + std::string(client), 1, 22), TC::changed(), 5));
    must(stores().tokens.use(juliet_, std::string(client), "x" + std::string(client), std::nullopt, TC::day(2)));
    must(stores().tokens.issue(juliet_, TC::token(client, "y" + std::string(client), 1, 22), TC::changed(), 5));
  }
  EXPECT_EQ(get(stores().tokens.forget(juliet_, std::string(TC::laptop))), (std::vector<std::string>{std::string(TC::laptop)}));
  EXPECT_EQ(get(stores().tokens.load(juliet_, "")).size(), 2U);
  EXPECT_TRUE(get(stores().tokens.forget(juliet_, std::string(TC::laptop))).empty());
  must(stores().tokens.issue(juliet_, TC::token(TC::laptop, "z", 1, 22), TC::changed(), 5));
  EXPECT_EQ(get(stores().tokens.forget(juliet_, "")),
            (std::vector<std::string>{std::string(TC::phone), std::string(TC::laptop)}));
  EXPECT_TRUE(get(stores().tokens.load(juliet_, "")).empty());
  EXPECT_EQ(get(stores().tokens.load(romeo_, "")).size(), 1U);
}

TEST_P(StoreContract, HostileNamesOfClientsStayWhatTheyAre) {  // security B02
  must(stores().accounts.create(account("juliet@capulet.example")));
  for (const std::string& text : hostile_texts()) {
    if (text.empty()) {
      continue;  // stands for every client
    }
    must(stores().tokens.issue(juliet_, TC::token(text, "s", 1, 22), TC::changed(), 50));
    EXPECT_EQ(get(stores().tokens.load(juliet_, text)).size(), 1U);
    EXPECT_EQ(get(stores().tokens.forget(juliet_, text)), std::vector<std::string>{text});
  }
}

TEST_P(StoreContract, KeysAreAddedWhileTheCredentialsStand) {  // XEP-0480
  must(stores().accounts.create(account("juliet@capulet.example")));
  must(stores().tokens.issue(juliet_, TC::token(TC::phone, "a", 1, 22), TC::changed(), 5));
  must(stores().accounts.add_keys(juliet_, keys("SHA-512"), TC::changed()));
  reopen();
  const AccountRecord found = get(stores().accounts.find(juliet_));
  ASSERT_EQ(found.keys.size(), 2U);
  EXPECT_EQ(found.keys[0].hash, "SHA-256");
  EXPECT_EQ(found.keys[1].hash, "SHA-512");
  EXPECT_EQ(found.credentials_changed, TC::changed()) << "the password is the same";
  EXPECT_EQ(get(stores().tokens.load(juliet_, "")).size(), 1U);
  refuses(stores().accounts.add_keys(juliet_, keys("SHA-512"), TC::changed()), ErrorKind::denied);
  refuses(stores().accounts.add_keys(romeo_, keys("SHA-512"), TC::changed()), ErrorKind::not_found);
  must(stores().accounts.set_keys(juliet_, {keys("SHA-256")}, TC::day(1), 0));
  refuses(stores().accounts.add_keys(juliet_, keys("SHA-512"), TC::changed()), ErrorKind::denied);
  EXPECT_EQ(get(stores().accounts.find(juliet_)).keys.size(), 1U);
}

}  // namespace aldis::testing_support
