// Whole logins against the memory stores: what passes, what is refused, and that a refusal says nothing about who exists
// (security S01-S09).
#include "tests/support/auth_streams.h"

namespace aldis {
namespace {

using namespace std::string_literals;
using namespace auth_test;

TEST(Authenticator, ScramLoginMakesAPrincipal) {
  Server server;
  const auto principal = principal_of(Stream(server).scram("alice", "wonderland"));
  ASSERT_NE(principal, nullptr);
  EXPECT_EQ(principal->identity, jid("alice@example.org"));
  EXPECT_EQ(principal->mechanism, "SCRAM-SHA-256");
  EXPECT_EQ(principal->channel_binding, "");
  EXPECT_TRUE(principal->is_confidential);
  EXPECT_EQ(principal->source_address, "192.0.2.1");
  EXPECT_EQ(principal->authenticated, server.clock.wall());
  EXPECT_TRUE(server.derivation.work.empty()) << "SCRAM costs the server no PBKDF2";
}

TEST(Authenticator, EachHashAndTheChannelBoundFormWork) {
  Server server;
  for (const std::string hash : {"SHA-1", "SHA-256", "SHA-512"}) {
    EXPECT_EQ(said(Stream(server).scram("alice", "wonderland", "n,,", hash)), "success");
    Stream stream(server);
    ScramClient client(hash, "alice", "wonderland");
    client.gs2_header = "p=tls-exporter,,";
    client.binding_data = "exporter";
    const AuthReply first = stream.begin("SCRAM-" + hash + "-PLUS", base64_encode(client.first()));
    const auto principal =
        principal_of(stream.respond(base64_encode(client.final(std::get<AuthChallenge>(first).data))));
    ASSERT_NE(principal, nullptr);
    EXPECT_EQ(principal->channel_binding, "tls-exporter");
  }
}

TEST(Authenticator, PlainLoginDerivesOnceOnTheWorkers) {
  Server server;
  EXPECT_EQ(said(Stream(server).plain("", "alice", "wonderland")), "success");
  EXPECT_EQ(server.derivation.work, (std::vector<std::string>{"SHA-512/10/16"}));
}

TEST(Authenticator, NamesArePrepared) {  // RFC 7622 section 3.3
  Server server;
  EXPECT_EQ(principal_of(Stream(server).scram("ALICE", "wonderland"))->identity, jid("alice@example.org"));
  EXPECT_EQ(principal_of(Stream(server).plain("", "Alice", "wonderland"))->identity, jid("alice@example.org"));
}

TEST(Authenticator, WrongPasswordIsNotAuthorized) {
  Server server;
  EXPECT_EQ(said(Stream(server).scram("alice", "looking-glass")), "not-authorized");
  EXPECT_EQ(said(Stream(server).plain("", "alice", "looking-glass")), "not-authorized");
  EXPECT_EQ(said(Stream(server).plain("", "alice", " ")), "not-authorized");              // S09
  EXPECT_EQ(said(Stream(server).plain("", "alice", "")), "malformed-request");            // S09
  EXPECT_EQ(said(Stream(server).plain("", "alice", "wonderland\x01")), "not-authorized"); // cannot be prepared
}

struct Authzid {
  std::string_view text;
  std::string_view expected;
};
class AuthzidRow : public testing::TestWithParam<Authzid> {};

TEST_P(AuthzidRow, OnlyOnesOwnBareAddressPasses) {  // security S01
  Server server;
  server.make_account("bob@example.org", "builder!");
  EXPECT_EQ(said(Stream(server).plain(GetParam().text, "alice", "wonderland")), GetParam().expected);
  std::string encoded;
  for (const char c : GetParam().text) {
    encoded += c == ',' ? "=2C" : c == '=' ? "=3D" : std::string(1, c);
  }
  const std::string gs2 = encoded.empty() ? "n,," : "n,a=" + encoded + ",";
  EXPECT_EQ(said(Stream(server).scram("alice", "wonderland", gs2)), GetParam().expected);
  EXPECT_EQ(said(Stream(server).scram("alice", "wrong", gs2)), "not-authorized") << "nothing is learnt without the password";
}

INSTANTIATE_TEST_SUITE_P(Each, AuthzidRow,
                         testing::Values(Authzid{"", "success"}, Authzid{"alice@example.org", "success"},
                                         Authzid{"ALICE@Example.ORG", "success"}, Authzid{"bob@example.org", "invalid-authzid"},
                                         Authzid{"alice@other.example", "invalid-authzid"}, Authzid{"alice", "invalid-authzid"},
                                         Authzid{"alice@example.org/res", "invalid-authzid"}, Authzid{"a,b", "invalid-authzid"},
                                         Authzid{"example.org", "invalid-authzid"}, Authzid{"@example.org", "invalid-authzid"},
                                         Authzid{"alice@example.org/", "invalid-authzid"}));

TEST(Authenticator, AcceptsExactlyWhatWasOffered) {  // security S03
  Server server;
  AuthenticationContext context = server.stream();
  context.offered = {"SCRAM-SHA-256"};
  for (const auto* name : {"SCRAM-SHA-1", "PLAIN", "ANONYMOUS", "scram-sha-256", "X-SCRAM-SHA-256", "SCRAM-SHA-256-PLUS", "",
                           "EXTERNAL", "SCRAM-SHA-256 "}) {
    Stream stream(server, context);
    EXPECT_EQ(said(stream.begin(name, "AGEAYg==")), "invalid-mechanism") << name;
  }
}

TEST(Authenticator, OffersWhatTlsAllows) {
  Server server;
  const sasl::BindingTypes none;
  const sasl::BindingTypes both{true, true};
  const std::vector<std::string> scram{"SCRAM-SHA-512", "SCRAM-SHA-256", "SCRAM-SHA-1"};
  EXPECT_EQ(server.authenticator.mechanisms("example.org", false, none), scram);
  EXPECT_EQ(server.authenticator.mechanisms("example.org", true, both).size(), 7U);
  EXPECT_EQ(server.authenticator.binding_types("example.org", true, both), (std::vector<std::string>{"tls-exporter", "tls-server-end-point"}));
  EXPECT_EQ(server.authenticator.binding_types("example.org", true, {false, true}), (std::vector<std::string>{"tls-server-end-point"}));
  EXPECT_TRUE(server.authenticator.binding_types("example.org", true, none).empty());
}

TEST(Authenticator, PlainInTheClearIsRefusedEvenIfItWasOffered) {
  Server server;
  AuthenticationContext context = server.stream();
  context.is_confidential = false;
  EXPECT_EQ(said(Stream(server, context).plain("", "alice", "wonderland")), "encryption-required");
}

TEST(Authenticator, TextsAreStrictBase64) {  // security S02; RFC 6120 section 6.5.5
  Server server;
  for (const std::string text : {"!!!", "AGE", "AGEAYg", "AGEAYg= ", " AGEAYg==", "AGEA\nYg==", "AGEAYh==", "=====", "A==="}) {
    EXPECT_EQ(said(Stream(server).begin("PLAIN", text)), "incorrect-encoding") << text;
    Stream stream(server);
    EXPECT_EQ(said(stream.begin("PLAIN")), "challenge");
    EXPECT_EQ(said(stream.respond(text)), "incorrect-encoding") << text;
  }
}

TEST(Authenticator, EqualsSignIsAnEmptyMessage) {  // RFC 6120 section 6.4.2
  AuthConfig config = quick_config();
  config.mechanisms = {"ANONYMOUS", "PLAIN"};
  Server server(config);
  EXPECT_EQ(said(Stream(server).begin("ANONYMOUS")), "challenge");
  EXPECT_EQ(said(Stream(server).begin("ANONYMOUS", "")), "challenge") << "an empty element is no initial response";
  EXPECT_EQ(said(Stream(server).begin("ANONYMOUS", "=")), "success");
  EXPECT_EQ(said(Stream(server).begin("PLAIN", "=")), "malformed-request");
}

TEST(Authenticator, AnonymousGetsAFreshNameThatNobodyVouchesFor) {
  AuthConfig config = quick_config();
  config.mechanisms = {"ANONYMOUS"};
  Server server(config);
  const auto a = principal_of(Stream(server).begin("ANONYMOUS", "="));
  const auto b = principal_of(Stream(server).begin("ANONYMOUS", "="));
  EXPECT_NE(a->identity, b->identity);
  EXPECT_TRUE(a->is_anonymous);
  EXPECT_EQ(a->identity.domain(), "example.org");
  EXPECT_GE(a->identity.local().size(), 26U) << "128 bits in base32";
}

TEST(Authenticator, MessagesOutOfOrderEndTheExchange) {
  Server server;
  Stream stream(server);
  EXPECT_EQ(said(stream.respond("AA==")), "malformed-request");
  EXPECT_EQ(said(stream.begin("SCRAM-SHA-1")), "challenge");
  const AuthReply reply = stream.begin("SCRAM-SHA-1");
  EXPECT_EQ(said(reply), "malformed-request");
}

TEST(Authenticator, ThreeTriesAStream) {  // RFC 6120 section 6.4.5; security S07
  Server server;
  Stream stream(server);
  EXPECT_EQ(std::get<AuthFailure>(stream.scram("alice", "wrong")).attempts_left, 2U);
  EXPECT_EQ(std::get<AuthFailure>(stream.scram("nobody", "wrong")).attempts_left, 1U);
  EXPECT_EQ(std::get<AuthFailure>(stream.scram("alice", "wrong")).attempts_left, 0U);
  EXPECT_EQ(said(stream.scram("alice", "wonderland")), "not-authorized") << "the stream should have been closed";
}

// slixmpp 1.8 begins with tls-unique for each -PLUS on offer and must still come to what it can do.
TEST(Authenticator, WhatGuessesNothingIsNoTryUntilThereIsTooMuchOfIt) {
  Server server;
  Stream stream(server);
  for (int i = 0; i < 8; ++i) {
    EXPECT_EQ(std::get<AuthFailure>(stream.begin("NONE")).attempts_left, 3U);
  }
  EXPECT_EQ(std::get<AuthFailure>(stream.begin("NONE")).attempts_left, 2U);
  EXPECT_EQ(std::get<AuthFailure>(stream.abort()).attempts_left, 1U);
  EXPECT_EQ(std::get<AuthFailure>(stream.scram("alice", "wrong")).attempts_left, 0U);
}

TEST(Authenticator, AnotherTryAfterAFailureSucceeds) {
  Server server;
  Stream stream(server);
  EXPECT_EQ(said(stream.scram("alice", "wrong")), "not-authorized");
  EXPECT_EQ(said(stream.scram("alice", "wonderland")), "success");
}

// ---- who exists is not told (security S05)

TEST(Authenticator, UnknownAccountGetsTheSameSteps) {
  Server server;
  Stream known(server);
  Stream unknown(server);
  EXPECT_EQ(said(known.scram("alice", "wrong")), "not-authorized");
  EXPECT_EQ(said(unknown.scram("nobody", "wrong")), "not-authorized");
  EXPECT_EQ(known.server_first.size(), unknown.server_first.size());
  const auto a = ScramClient::attributes(known.server_first);
  const auto b = ScramClient::attributes(unknown.server_first);
  EXPECT_EQ(a.at('i'), b.at('i'));
  EXPECT_EQ(a.at('h'), b.at('h'));
  EXPECT_EQ(a.at('s').size(), b.at('s').size());
}

TEST(Authenticator, InventedSaltIsStableAcrossRestarts) {
  Server server;
  const auto salt_of = [&](std::string user) {
    Stream stream(server);
    (void)stream.scram(std::move(user), "wrong");
    return ScramClient::attributes(stream.server_first).at('s');
  };
  const std::string salt = salt_of("nobody");
  EXPECT_EQ(salt, salt_of("nobody"));
  EXPECT_EQ(salt, salt_of("NoBody")) << "one name however it is written";
  EXPECT_NE(salt, salt_of("somebody"));
  Authenticator again(server.config, server.credentials, server.failures, server.derivation, server.stores.settings,
                      server.tokens, server.random, server.clock);
  ASSERT_TRUE(server.loop.run(again.start()));
  AuthenticationExchange exchange(again, server.stream());
  const AuthReply reply = server.loop.run(exchange.begin("SCRAM-SHA-256", base64_encode("n,,n=nobody,r=abc")));
  EXPECT_EQ(ScramClient::attributes(std::get<AuthChallenge>(reply).data).at('s'), salt);
}

TEST(Authenticator, PlainDerivesForUnknownAccountsToo) {
  Server server;
  (void)Stream(server).plain("", "alice", "wrong");
  const auto work = std::exchange(server.derivation.work, {});
  for (const std::string_view name : {"nobody", "bad name", "\x01"}) {
    EXPECT_EQ(said(Stream(server).plain("", name, "wrong")), "not-authorized");
    EXPECT_EQ(std::exchange(server.derivation.work, {}), work) << name;
  }
  EXPECT_EQ(said(Stream(server).plain("", "alice", "\x01")), "not-authorized");
  EXPECT_EQ(server.derivation.work, work) << "a password that cannot be prepared costs the same";
}

TEST(Authenticator, NameThatCannotBePreparedGetsTheSameSteps) {
  Server server;
  for (const std::string_view name : {"bad name", "a@b", "a/b", "\xff\xfe", "\xe2\x84\xab"}) {
    EXPECT_EQ(said(Stream(server).scram(std::string(name), "wrong")), "not-authorized") << name;
  }
}

TEST(Authenticator, AccountWithoutKeysOfTheHashGetsTheSameSteps) {
  AuthConfig config = quick_config();
  config.key_hashes = {"SHA-256"};
  Server server(config);
  EXPECT_EQ(said(Stream(server).scram("alice", "wonderland", "n,,", "SHA-256")), "success");
  EXPECT_EQ(said(Stream(server).scram("alice", "wonderland", "n,,", "SHA-1")), "not-authorized");
  EXPECT_EQ(said(Stream(server).plain("", "alice", "wonderland")), "success");
}

TEST(Authenticator, DisabledIsToldOnlyToWhoKnowsThePassword) {
  Server server;
  ASSERT_TRUE(server.loop.run(server.plain_stores.accounts.set_enabled(jid("alice@example.org"), false)));
  EXPECT_EQ(said(Stream(server).scram("alice", "wrong")), "not-authorized");
  EXPECT_EQ(said(Stream(server).scram("alice", "wonderland")), "account-disabled");
  EXPECT_EQ(said(Stream(server).plain("", "alice", "wonderland")), "account-disabled");
}

TEST(Authenticator, AccountOfAnotherDomainIsUnknownHere) {
  Server server;
  server.make_account("carol@other.example", "password1");
  EXPECT_EQ(said(Stream(server).scram("carol", "password1")), "not-authorized");
  EXPECT_EQ(said(Stream(server).plain("", "carol@other.example", "password1")), "not-authorized");
}

// ---- when the world is wrong (security S09)

TEST(Authenticator, EveryStoreCallMayFailAndNobodyComesInByIt) {
  for (const bool is_right : {true, false}) {
    for (const bool is_plain : {true, false}) {
      std::size_t n = 0;
      for (;; ++n) {
        Server server;
        server.failing.restart({.nth = n});
        Stream stream(server);
        const std::string password = is_right ? "wonderland" : "wrong";
        const std::string answer = said(is_plain ? stream.plain("", "alice", password) : stream.scram("alice", password));
        if (!server.failing.has_failed()) {
          EXPECT_EQ(answer, is_right ? "success" : "not-authorized");
          break;
        }
        EXPECT_EQ(answer, n == 0 ? "temporary-auth-failure" : is_right ? "success" : "not-authorized");
        ASSERT_LT(n, 10U);
      }
      EXPECT_GT(n, 0U);
    }
  }
}

TEST(Authenticator, FullWorkersAreATemporaryFailure) {
  Server server;
  server.derivation.is_broken = true;
  EXPECT_EQ(said(Stream(server).plain("", "alice", "wonderland")), "temporary-auth-failure");
  EXPECT_EQ(said(Stream(server).plain("", "nobody", "wonderland")), "temporary-auth-failure");
}

TEST(Authenticator, VerdictAfterTheDeadlineIsATemporaryFailure) {
  Server server;
  AuthenticationContext context = server.stream();
  context.deadline = server.clock.now() - std::chrono::milliseconds(1);
  EXPECT_EQ(said(Stream(server, context).plain("", "alice", "wonderland")), "temporary-auth-failure");
}

TEST(Authenticator, StoredKeysThatCannotBeRightAreATemporaryFailure) {
  Server server;
  std::vector<ScramKeys> bad{ScramKeys{"SHA-256", 10, "salt", SecretBytes(std::string_view("short")), SecretBytes()}};
  ASSERT_TRUE(server.loop.run(server.plain_stores.accounts.set_keys(jid("alice@example.org"), bad, server.clock.wall(), 0)));
  EXPECT_EQ(said(Stream(server).scram("alice", "wonderland")), "temporary-auth-failure");
  EXPECT_EQ(said(Stream(server).plain("", "alice", "wonderland")), "temporary-auth-failure");
}

// ---- keys and ages

TEST(Authenticator, KeysOfFewerIterationsAreRenewedWhenThePasswordPasses) {
  Server server;
  AuthConfig stronger = server.config;
  stronger.key_iterations = 20;
  server.authenticator.configure(stronger);
  const auto iterations = [&] {
    std::vector<std::uint32_t> all;
    const auto account = server.loop.run(server.plain_stores.accounts.find(jid("alice@example.org")));
    for (const ScramKeys& keys : account->keys) {
      all.push_back(keys.iterations);
    }
    return all;
  };
  const WallTime before = server.loop.run(server.plain_stores.accounts.find(jid("alice@example.org")))->credentials_changed;
  EXPECT_EQ(said(Stream(server).plain("", "alice", "wrong")), "not-authorized");
  EXPECT_EQ(iterations(), (std::vector<std::uint32_t>{10, 10, 10})) << "only the right password makes keys";
  EXPECT_EQ(said(Stream(server).plain("", "alice", "wonderland")), "success");
  EXPECT_EQ(iterations(), (std::vector<std::uint32_t>{20, 20, 20}));
  EXPECT_EQ(server.loop.run(server.plain_stores.accounts.find(jid("alice@example.org")))->credentials_changed, before) << "it is the same password";
  for (const std::string hash : {"SHA-1", "SHA-256", "SHA-512"}) {
    EXPECT_EQ(said(Stream(server).scram("alice", "wonderland", "n,,", hash)), "success") << hash;
    EXPECT_EQ(said(Stream(server).scram("alice", "wrong", "n,,", hash)), "not-authorized") << hash;
  }
}

TEST(Authenticator, AnOldPasswordIsGoodForChangingItAndForNothingElse) {
  AuthConfig config = quick_config();
  config.password_max_age = std::chrono::hours(24);
  Server server(config);
  server.clock.advance(std::chrono::hours(24) - std::chrono::milliseconds(1));
  const auto login = [&] {
    Stream stream(server);
    AuthReply reply = stream.scram("alice", "wonderland");
    const auto* success = std::get_if<AuthSuccess>(&reply);
    return success != nullptr ? success->principal : nullptr;
  };
  const PrincipalPtr young = login();
  ASSERT_NE(young, nullptr);
  EXPECT_FALSE(young->must_change_password);
  EXPECT_EQ(young->notice, "");
  server.clock.advance(std::chrono::milliseconds(1));
  const PrincipalPtr old = login();
  ASSERT_NE(old, nullptr);
  EXPECT_TRUE(old->must_change_password);
  EXPECT_NE(old->notice, "");
  EXPECT_EQ(said(Stream(server).scram("alice", "wrong")), "not-authorized");
  config.old_passwords = OldPasswords::refuse;
  server.authenticator.configure(config);
  EXPECT_EQ(said(Stream(server).scram("alice", "wonderland")), "credentials-expired");
  EXPECT_EQ(said(Stream(server).plain("", "alice", "wonderland")), "credentials-expired");
  EXPECT_EQ(said(Stream(server).scram("alice", "wrong")), "not-authorized") << "told only to who knows it";
}

// ---- sources that check passwords themselves

namespace {

struct CheckingSource final : CredentialSource {
  Task<Result<Credentials>> find(BareJid account) override {
    ++finds;
    if (account.local() != "alice") {
      co_return fail(ErrorKind::not_found, "nobody");
    }
    Credentials alice;
    alice.is_expired = is_expired;
    co_return alice;
  }
  Task<Result<void>> add_keys(BareJid, ScramKeys, WallTime) override { co_return fail(ErrorKind::denied, "none are kept"); }
  [[nodiscard]] ProofsOfDomain proofs(std::string_view) const override {
    return {.has_scram = false, .hashes = {}, .checks_passwords = true, .keeps_keys = false, .changes_passwords = changes};
  }
  Task<Checked> check_password(BareJid account, SecretBytes password) override {
    asked.push_back(account.str() + " " + std::string(password.view()));
    Result<Credentials> found = co_await find(account);
    if (is_away) {
      co_return Checked{std::move(found), fail(ErrorKind::timeout, "no answer")};
    }
    if (is_generous || (found && password.view() == "wonderland")) {
      co_return Checked{std::move(found), verdict};
    }
    co_return Checked{std::move(found), PasswordVerdict{.standing = PasswordVerdict::Standing::wrong, .why = why}};
  }
  std::vector<std::string> asked;
  int finds = 0;
  bool changes = false;
  bool is_expired = false;
  bool is_away = false;
  bool is_generous = false;
  PasswordVerdict verdict{.standing = PasswordVerdict::Standing::good};   // of the right one
  std::string why{};                                                      // the other is not
};

// A server whose accounts are such a source's.
struct CheckingServer : Server {
  CheckingSource source;
  Authenticator checking{config, source, failures, derivation, stores.settings, tokens, random, clock};
  CheckingServer() { EXPECT_TRUE(loop.run(checking.start())); }
  AuthReply plain(std::string_view name, std::string_view password) {
    AuthenticationContext context = stream();
    context.offered = {"PLAIN"};
    AuthenticationExchange exchange(checking, context);
    const std::string message = std::string(1, '\0') + std::string(name) + std::string(1, '\0') + std::string(password);
    return loop.run(exchange.begin("PLAIN", base64_encode(message)));
  }
};

}  // namespace

TEST(Authenticator, ASourceThatChecksPasswordsIsAskedAboutUnknownAccountsToo) {   // security S05, S09, K01
  CheckingServer server;
  CheckingSource& source = server.source;
  EXPECT_EQ(server.checking.mechanisms("example.org", true, {true, true}), std::vector<std::string>{"PLAIN"});
  EXPECT_TRUE(server.checking.upgrades("example.org", true).empty());
  const auto plain = [&](std::string_view name, std::string_view password) { return said(server.plain(name, password)); };
  EXPECT_EQ(plain("alice", "wonderland"), "success");
  EXPECT_EQ(plain("alice", "wrong"), "not-authorized");
  EXPECT_EQ(plain("nobody", "wonderland"), "not-authorized");
  EXPECT_EQ(source.asked, (std::vector<std::string>{"alice@example.org wonderland", "alice@example.org wrong", "nobody@example.org wonderland"}));
  source.asked.clear();
  EXPECT_EQ(plain("alice", ""), "malformed-request");
  EXPECT_EQ(plain("alice", "\x01"), "not-authorized");
  EXPECT_TRUE(source.asked.empty()) << "what cannot be a password is not sent";
  source.is_generous = true;
  EXPECT_EQ(plain("nobody", "x"), "not-authorized") << "a yes about nobody is none";
  source.is_away = true;
  EXPECT_EQ(plain("alice", "wonderland"), "temporary-auth-failure");
  EXPECT_EQ(plain("nobody", "wonderland"), "temporary-auth-failure");
}

TEST(Authenticator, ASourceIsNotAskedAboutWhoIsLockedOut) {   // security S07: nobody's directory account is locked through this server
  CheckingServer server;
  CheckingSource& source = server.source;
  const auto plain = [&](std::string_view password) { return said(server.plain("alice", password)); };
  for (std::uint32_t i = 0; i < server.config.failures_per_pair; ++i) {
    EXPECT_EQ(plain("wrong"), "not-authorized");
  }
  source.asked.clear();
  source.finds = 0;
  EXPECT_EQ(plain("wonderland"), "not-authorized");
  EXPECT_TRUE(source.asked.empty());
  EXPECT_EQ(source.finds, 0);
}

TEST(Authenticator, WhatASourceSaysOfAPasswordIsTheVerdict) {   // ADR 0006
  using Standing = PasswordVerdict::Standing;
  CheckingServer server;
  CheckingSource& source = server.source;
  const auto plain = [&](std::string_view password) { return server.plain("alice", password); };
  const auto notice = [&] { return std::get<AuthSuccess>(plain("wonderland")).principal->notice; };
  for (const auto& [standing, condition] : {std::pair{Standing::disabled, "account-disabled"}, {Standing::expired, "credentials-expired"},
                                            {Standing::must_change, "credentials-expired"}, {Standing::wrong, "not-authorized"}}) {
    source.verdict = {.standing = standing};
    EXPECT_EQ(said(plain("wonderland")), condition);
    source.why = "the account is locked";
    EXPECT_EQ(said(plain("wrong")), "not-authorized") << "only who knows the password learns more";
  }
  source.changes = true;
  source.verdict = {.standing = Standing::must_change};
  EXPECT_TRUE(std::get<AuthSuccess>(plain("wonderland")).principal->must_change_password);
  source.verdict = {.standing = Standing::good};
  EXPECT_EQ(notice(), "");
  EXPECT_FALSE(std::get<AuthSuccess>(plain("wonderland")).principal->must_change_password);
  source.verdict.grace_logins = 2;
  EXPECT_EQ(notice(), "Your password has expired. Logins with it that are left: 2. Change it now.");
  source.verdict.grace_logins.reset();
  source.verdict.expires_in = std::chrono::hours(49);
  EXPECT_EQ(notice(), "Your password expires in 2 days. Change it before.");
  source.verdict.expires_in = std::chrono::minutes(5);
  EXPECT_EQ(notice(), "Your password expires in less than a day. Change it now.");
  source.is_expired = true;
  EXPECT_EQ(said(plain("wonderland")), "success") << "who checks it knows better than the entry";
  source.verdict.is_remembered = true;
  EXPECT_EQ(said(plain("wonderland")), "credentials-expired") << "not from memory";
}

// ---- brute force (security S07)

TEST(Authenticator, FourthTryWithTheRightPasswordIsRefusedInTheSameWords) {
  AuthConfig config = quick_config();
  config.failures_per_pair = 3;
  Server server(config);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(said(Stream(server).scram("alice", "wrong")), "not-authorized");
  }
  Stream locked(server);
  EXPECT_EQ(said(locked.scram("alice", "wonderland")), "not-authorized");
  EXPECT_FALSE(locked.server_first.empty()) << "the steps are the same";
  EXPECT_EQ(said(Stream(server).plain("", "alice", "wonderland")), "not-authorized");
  EXPECT_TRUE(server.derivation.work.empty()) << "a locked pair costs no PBKDF2";
  EXPECT_EQ(said(Stream(server, server.stream("192.0.2.2")).scram("alice", "wonderland")), "success")
      << "another source is not locked out by the pair's counter";
  server.clock.advance(std::chrono::minutes(15) + std::chrono::seconds(1));
  EXPECT_EQ(said(Stream(server).scram("alice", "wonderland")), "success");
}

TEST(Authenticator, ParallelConnectionsCannotBeatTheCounter) {
  AuthConfig config = quick_config();
  config.failures_per_pair = 3;
  Server server(config);
  // Fifty PLAIN tries begin before the first has its verdict.
  std::vector<std::unique_ptr<AuthenticationExchange>> exchanges;
  std::size_t ended = 0;
  const std::string wrong = base64_encode("\0alice\0wrong"s);
  for (int i = 0; i < 50; ++i) {
    exchanges.push_back(std::make_unique<AuthenticationExchange>(server.authenticator, server.stream()));
    const auto run = [](AuthenticationExchange& exchange, std::string text, std::size_t& count) -> Task<void> {
      const AuthReply reply = co_await exchange.begin("PLAIN", std::move(text));
      EXPECT_EQ(said(reply), "not-authorized");
      ++count;
    };
    server.loop.post([&, run, i] { spawn(run(*exchanges[static_cast<std::size_t>(i)], wrong, ended)); });
  }
  server.loop.run_until([&] { return ended == 50; });
  EXPECT_EQ(server.derivation.work.size(), 3U) << "only three passwords were looked at";
}

TEST(Authenticator, ManyRightLoginsAtOnceFromOneSourceAllComeIn) {
  AuthConfig config = quick_config();
  config.failures_per_pair = 2;
  config.failures_per_source = 3;
  Server server(config);
  std::vector<std::unique_ptr<AuthenticationExchange>> exchanges;
  std::size_t ended = 0;
  const std::string right = base64_encode("\0alice\0wonderland"s);
  for (int i = 0; i < 40; ++i) {
    exchanges.push_back(std::make_unique<AuthenticationExchange>(server.authenticator, server.stream()));
    const auto run = [](AuthenticationExchange& exchange, std::string text, std::size_t& count) -> Task<void> {
      const AuthReply reply = co_await exchange.begin("PLAIN", std::move(text));
      EXPECT_EQ(said(reply), "success");
      ++count;
    };
    server.loop.post([&, run, i] { spawn(run(*exchanges[static_cast<std::size_t>(i)], right, ended)); });
  }
  server.loop.run_until([&] { return ended == 40; });
}

}  // namespace
}  // namespace aldis
