// XEP-0388's profile at the exchange: tokens (XEP-0484), the stream's from (security S01), tasks (XEP-0480), and a store that
// fails at every call. What the stream says is in stream/ and core/lobby_sasl2_test.cpp.
#include <openssl/hmac.h>

#include "tests/support/auth_streams.h"

namespace aldis {
namespace {

using namespace std::literals;
using namespace auth_test;

constexpr std::string_view phone = "11111111-1111-4111-8111-111111111111";
constexpr std::string_view laptop = "22222222-2222-4222-8222-222222222222";

sasl::Sasl2Request from_client(std::string_view client, std::string from = {}) {
  sasl::Sasl2Request request;
  request.from = std::move(from);
  request.agent = {std::string(client), "Gajim", "Phone"};
  return request;
}
sasl::Sasl2Request with_token(std::string_view client, std::optional<std::uint64_t> count = {}, bool invalidates = false) {
  sasl::Sasl2Request request = from_client(client);
  request.token = sasl::TokenUse{count, invalidates};
  return request;
}
std::string plain(std::string_view user, std::string_view password, std::string_view authzid = {}) {
  return base64_encode(std::string(authzid) + '\0' + std::string(user) + '\0' + std::string(password));
}
std::string ht(std::string_view user, std::string_view token, std::string_view binding = "exporter") {
  std::string mac(32, '\0');
  const std::string message = "Initiator"s.append(binding);
  HMAC(EVP_sha256(), token.data(), static_cast<int>(token.size()), reinterpret_cast<const unsigned char*>(message.data()),
       message.size(), reinterpret_cast<unsigned char*>(mac.data()), nullptr);
  return base64_encode(std::string(user) + '\0' + mac);
}
std::string token_in(const AuthReply& reply) {
  const auto* success = std::get_if<AuthSuccess>(&reply);
  return success != nullptr && success->token ? std::string(success->token->token.view()) : std::string();
}
// A token got with the password.
std::string token_for(Server& server, std::string_view client, std::string mechanism = "HT-SHA-256-EXPR") {
  sasl::Sasl2Request request = from_client(client);
  request.wanted_token = std::move(mechanism);
  return token_in(Stream(server).begin("PLAIN", plain("alice", "wonderland"), std::move(request)));
}
AuthReply login(Server& server, std::string_view token, sasl::Sasl2Request request, std::string mechanism = "HT-SHA-256-EXPR") {
  return Stream(server).begin(std::move(mechanism), ht("alice", token), std::move(request));
}
std::vector<ClientToken> stored(Server& server) {
  return server.loop.run(server.plain_stores.tokens.load(jid("alice@example.org"), "")).value();
}

TEST(Tokens, LetTheirClientInAndSayHow) {
  Server server;
  const std::string token = token_for(server, phone);
  ASSERT_GE(token.size(), 43U) << "256 bits";
  const AuthReply reply = login(server, token, with_token(phone));
  const PrincipalPtr principal = principal_of(reply);
  ASSERT_NE(principal, nullptr);
  EXPECT_EQ(principal->identity, jid("alice@example.org"));
  EXPECT_EQ(principal->mechanism, "HT-SHA-256-EXPR");
  EXPECT_EQ(principal->channel_binding, "tls-exporter");
  EXPECT_EQ(principal->client, phone);
  EXPECT_FALSE(principal->client_name.empty());
  EXPECT_EQ(principal->client_name.find("1111"), std::string::npos) << "XEP-0386 3.2.1: the id is not exposed";
  EXPECT_EQ(std::get<AuthSuccess>(reply).data->size(), 32U) << "the server proves itself too";
  EXPECT_EQ(token_in(reply), "") << "not due yet";
  EXPECT_EQ(said(login(server, token, with_token(phone))), "success") << "again, until the next one is used";
  EXPECT_NE(token_for(server, laptop), token);
}

TEST(Tokens, AreOfOneClientMechanismChannelAndUserOnly) {  // XEP-0484 3.4; security S01, S03
  Server server;
  server.make_account("bob@example.org", "builder!");
  const std::string token = token_for(server, phone);
  struct Row {
    std::string_view why;
    std::string mechanism;
    std::string message;
    std::optional<sasl::Sasl2Request> request;
    std::string_view expected;
  };
  for (const Row& row : std::vector<Row>{
           {"another client", "HT-SHA-256-EXPR", ht("alice", token), with_token(laptop), "not-authorized"},
           {"another mechanism", "HT-SHA-256-ENDP", ht("alice", token, "end-point"), with_token(phone), "not-authorized"},
           {"another channel", "HT-SHA-256-EXPR", ht("alice", token, "exporter of another connection"), with_token(phone), "not-authorized"},
           {"no binding data", "HT-SHA-256-EXPR", ht("alice", token, ""), with_token(phone), "not-authorized"},
           {"another user", "HT-SHA-256-EXPR", ht("bob", token), with_token(phone), "not-authorized"},
           {"nobody", "HT-SHA-256-EXPR", ht("nobody", token), with_token(phone), "not-authorized"},
           {"no name", "HT-SHA-256-EXPR", ht("not a name", token), with_token(phone), "not-authorized"},
           {"another token", "HT-SHA-256-EXPR", ht("alice", token + "="), with_token(phone), "not-authorized"},
           {"the password", "HT-SHA-256-EXPR", ht("alice", "wonderland"), with_token(phone), "not-authorized"},
           {"without <fast/>", "HT-SHA-256-EXPR", ht("alice", token), from_client(phone), "invalid-mechanism"},
           {"RFC 6120's profile", "HT-SHA-256-EXPR", ht("alice", token), std::nullopt, "invalid-mechanism"},
           {"not offered", "HT-SHA-256-NONE", ht("alice", token, ""), with_token(phone), "invalid-mechanism"},
           {"a password with <fast/>", "PLAIN", plain("alice", "wonderland"), with_token(phone), "invalid-mechanism"},
           {"in lower case", "ht-sha-256-expr", ht("alice", token), with_token(phone), "invalid-mechanism"},
           {"no user-agent id", "HT-SHA-256-EXPR", ht("alice", token), with_token(""), "malformed-request"},
           {"no base64", "HT-SHA-256-EXPR", "!!!", with_token(phone), "incorrect-encoding"},
           {"RFC 6120's empty data", "HT-SHA-256-EXPR", "=", with_token(phone), "incorrect-encoding"},
           {"empty data", "HT-SHA-256-EXPR", "", with_token(phone), "malformed-request"},
       }) {
    AuthenticationContext elsewhere = server.stream("198.51.100." + std::to_string(row.why.size()));
    EXPECT_EQ(said(Stream(server, elsewhere).begin(row.mechanism, row.message, row.request)), row.expected) << row.why;
  }
  EXPECT_EQ(said(login(server, token, with_token(phone))), "success") << "none of that has ended it";
}

TEST(Tokens, ThatAreWrongCountAsFailures) {  // security S07
  Server server;
  const std::string token = token_for(server, phone);
  for (std::uint32_t i = 0; i < server.config.failures_per_pair; ++i) {
    EXPECT_EQ(said(login(server, "wrong", with_token(phone))), "not-authorized");
  }
  EXPECT_EQ(said(login(server, token, with_token(phone))), "not-authorized") << "locked out, with the right token too";
  EXPECT_EQ(said(Stream(server).begin("PLAIN", plain("alice", "wonderland"), from_client(phone))), "not-authorized");
  EXPECT_EQ(said(Stream(server, server.stream("198.51.100.1")).begin("HT-SHA-256-EXPR", ht("alice", token), with_token(phone))),
            "success")
      << "another source is not locked out";
}

TEST(Tokens, TriesOfOneStreamAreCounted) {  // security S07; RFC 6120 6.4.5
  Server server;
  const std::string token = token_for(server, phone);
  Stream stream(server);
  for (std::uint32_t left : {2U, 1U, 0U}) {
    const AuthReply reply = stream.begin("HT-SHA-256-EXPR", ht("alice", "wrong"), with_token(phone));
    EXPECT_EQ(std::get<AuthFailure>(reply).attempts_left, left);
  }
  EXPECT_EQ(said(stream.begin("HT-SHA-256-EXPR", ht("alice", token), with_token(phone))), "not-authorized");
}

TEST(Tokens, ForUnknownUsersCostTheSame) {  // security S05
  Server server;
  (void)token_for(server, phone);
  const auto calls_of = [&](std::string_view user) {
    server.failing.restart({});
    EXPECT_EQ(said(Stream(server).begin("HT-SHA-256-EXPR", ht(user, "wrong"), with_token(phone))), "not-authorized");
    return server.failing.calls();
  };
  // Failures of known accounts and pairs are written down, one call each; what comes before is the same.
  EXPECT_EQ(calls_of("alice") - 2, calls_of("nobody"));
}

TEST(Tokens, AreRenewedAndTheOldOneEndsWhenTheNewOneIsUsed) {  // XEP-0484 3.5
  Server server;
  const std::string first = token_for(server, phone);
  server.clock.advance(std::chrono::hours(25));
  const std::string second = token_in(login(server, first, with_token(phone)));
  ASSERT_NE(second, "");
  EXPECT_NE(second, first);
  const std::string third = token_in(login(server, first, with_token(phone)));  // the answer was lost
  ASSERT_NE(third, "");
  EXPECT_EQ(said(login(server, second, with_token(phone))), "not-authorized") << "not used, and another was given since";
  EXPECT_EQ(said(login(server, third, with_token(phone))), "success");
  EXPECT_EQ(said(login(server, first, with_token(phone))), "not-authorized");
  EXPECT_EQ(stored(server).size(), 1U);
  EXPECT_EQ(stored(server)[0].software, "Gajim");
}

TEST(Tokens, Expire) {  // XEP-0484 4.2
  Server server;
  const std::string token = token_for(server, phone);
  server.clock.advance(server.config.token_lifetime - std::chrono::seconds(1));
  EXPECT_EQ(said(login(server, token, with_token(phone))), "success");
  server.clock.advance(std::chrono::seconds(1));
  EXPECT_EQ(said(login(server, token, with_token(phone))), "credentials-expired");
  EXPECT_EQ(said(login(server, "wrong", with_token(phone))), "not-authorized");
}

TEST(Tokens, CountsOnlyGrow) {  // XEP-0484 3.4, security T10: a replayed request is not processed again
  Server server;
  const std::string token = token_for(server, phone);
  EXPECT_EQ(said(login(server, token, with_token(phone, 5))), "success");
  EXPECT_EQ(said(login(server, token, with_token(phone, 5))), "not-authorized");
  EXPECT_EQ(said(login(server, token, with_token(phone, 4))), "not-authorized");
  EXPECT_EQ(said(login(server, token, with_token(phone, 6))), "success");
}

TEST(Tokens, AreInvalidatedByTheirClient) {  // XEP-0484 3.6
  Server server;
  const std::string token = token_for(server, phone);
  const std::string other = token_for(server, laptop);
  server.clock.advance(std::chrono::hours(25));
  EXPECT_EQ(said(login(server, "wrong", with_token(phone, {}, true))), "not-authorized") << "only with a right token";
  const AuthReply last = login(server, token, with_token(phone, {}, true));
  EXPECT_EQ(said(last), "success");
  EXPECT_EQ(token_in(last), "") << "though it was due";
  EXPECT_EQ(said(login(server, token, with_token(phone))), "not-authorized");
  EXPECT_EQ(said(login(server, other, with_token(laptop))), "success") << "another client's";
  const std::string again = token_for(server, phone);
  sasl::Sasl2Request both = with_token(phone, {}, true);
  both.wanted_token = "HT-SHA-256-ENDP";
  const std::string next = token_in(login(server, again, both));
  ASSERT_NE(next, "") << "asked for: given";
  EXPECT_EQ(said(login(server, again, with_token(phone))), "not-authorized");
  EXPECT_EQ(said(Stream(server).begin("HT-SHA-256-ENDP", ht("alice", next, "end-point"), with_token(phone))), "success");
}

TEST(Tokens, EndWithThePasswordAndTheAccount) {  // security S13
  const auto ended_by = [](auto&& act) {
    Server server;
    const std::string token = token_for(server, phone);
    EXPECT_EQ(said(login(server, token, with_token(phone))), "success");
    act(server);
    const std::string outcome = said(login(server, token, with_token(phone)));
    EXPECT_TRUE(stored(server).empty());
    return outcome;
  };
  EXPECT_EQ(ended_by([](Server& server) {
              Passwords passwords(server.config, server.plain_stores.accounts, server.derivation, server.random, server.clock);
              ASSERT_TRUE(server.loop.run(passwords.set_password(jid("alice@example.org"), SecretBytes("wonderland"sv))));
            }),
            "not-authorized")
      << "the same password set anew ends them too";
  EXPECT_EQ(ended_by([](Server& server) {
              ASSERT_TRUE(server.loop.run(server.plain_stores.accounts.set_enabled(jid("alice@example.org"), false)));
              ASSERT_TRUE(server.loop.run(server.plain_stores.accounts.set_enabled(jid("alice@example.org"), true)));
            }),
            "not-authorized");
  EXPECT_EQ(ended_by([](Server& server) {
              ASSERT_TRUE(server.loop.run(server.plain_stores.accounts.remove(jid("alice@example.org"))));
              server.make_account("alice@example.org", "another one");
            }),
            "not-authorized");
}

TEST(Tokens, AreNotGivenWhereTheyCannotBe) {
  Server server;
  const auto given = [&](sasl::Sasl2Request request, std::string wanted, Server& at) {
    request.wanted_token = std::move(wanted);
    const AuthReply reply = Stream(at).begin("PLAIN", plain("alice", "wonderland"), std::move(request));
    EXPECT_EQ(said(reply), "success") << "the password was right all the same";
    return !token_in(reply).empty();
  };
  EXPECT_TRUE(given(from_client(phone), "HT-SHA-256-ENDP", server));
  EXPECT_FALSE(given(from_client(""), "HT-SHA-256-ENDP", server)) << "it could not be bound to a client";
  EXPECT_FALSE(given(from_client(phone), "HT-SHA-256-NONE", server)) << "not configured";
  EXPECT_FALSE(given(from_client(phone), "PLAIN", server));
  EXPECT_FALSE(given(from_client(phone), "", server)) << "not asked for";
  AuthConfig off = quick_config();
  off.token_mechanisms.clear();
  Server without(off);
  EXPECT_FALSE(given(from_client(phone), "HT-SHA-256-EXPR", without));
  ClientTokens keyless(server.config, server.stores.tokens, {}, server.random, server.clock);
  EXPECT_TRUE(keyless.mechanisms(true, {true, true}).empty());
  EXPECT_TRUE(server.tokens.mechanisms(false, {true, true}).empty()) << "XEP-0484 6: not in the clear";
  EXPECT_EQ(server.tokens.mechanisms(true, {false, true}), std::vector<std::string>{"HT-SHA-256-ENDP"}) << "TLS 1.2";
}

// What a thief of the database has: no token, nothing that proves one, and no way to make an entry that does.
TEST(Tokens, AreNotInTheStore) {
  Server server;
  const std::string token = token_for(server, phone);
  const ClientToken row = stored(server).at(0);
  const std::string raw = base64_decode(token).value();
  for (const std::string& secret : {token, raw, std::string(sasl::digest(sasl::ScramHash::sha_256, token).view())}) {
    EXPECT_EQ(row.seed.find(secret), std::string::npos);
  }
  for (const std::string& guess : {row.seed, base64_encode(row.seed), hex_encode(SecretBytes(std::string_view(row.seed)).bytes())}) {
    EXPECT_EQ(said(Stream(server, server.stream("198.51.100.2")).begin("HT-SHA-256-EXPR", ht("alice", guess), with_token(phone))),
              "not-authorized");
  }
  // Another installation's key makes another token of the same row.
  ClientTokens elsewhere(server.config, server.stores.tokens, SecretBytes("another key another key another "sv), server.random,
                         server.clock);
  const auto made = server.loop.run(elsewhere.candidates(jid("alice@example.org"), std::string(phone), "HT-SHA-256-EXPR")).value();
  ASSERT_EQ(made.size(), 1U);
  EXPECT_NE(made[0].token.view(), token);
  // A row that is moved to another account, client or end proves nothing.
  server.make_account("bob@example.org", "builder!");
  const WallTime changed = server.loop.run(server.plain_stores.accounts.find(jid("bob@example.org")))->credentials_changed;
  ASSERT_TRUE(server.loop.run(server.plain_stores.tokens.issue(jid("bob@example.org"), row, changed, 5)));
  EXPECT_EQ(said(Stream(server, server.stream("198.51.100.3")).begin("HT-SHA-256-EXPR", ht("bob", token), with_token(phone))),
            "not-authorized");
  ClientToken longer = row;
  longer.expires += std::chrono::hours(1);
  const WallTime own = server.loop.run(server.plain_stores.accounts.find(jid("alice@example.org")))->credentials_changed;
  ASSERT_TRUE(server.loop.run(server.plain_stores.tokens.issue(jid("alice@example.org"), longer, own, 5)));
  EXPECT_EQ(said(login(server, token, with_token(phone))), "not-authorized");
}

TEST(Sasl2, TheStreamIsFromWhoAuthenticates) {  // XEP-0388 2.3, security S01
  Server server;
  server.make_account("bob@example.org", "builder!");
  const std::string token = token_for(server, phone);
  struct Row {
    std::string from;
    std::string authzid;
    std::string_view expected;
  };
  for (const Row& row : {Row{"", "", "success"}, Row{"alice@example.org", "", "success"},
                         Row{"alice@example.org", "alice@example.org", "success"}, Row{"bob@example.org", "", "invalid-authzid"},
                         Row{"bob@example.org", "bob@example.org", "invalid-authzid"},
                         Row{"bob@example.org", "alice@example.org", "invalid-authzid"},
                         Row{"alice@example.org", "bob@example.org", "invalid-authzid"}, Row{"example.org", "", "invalid-authzid"}}) {
    EXPECT_EQ(said(Stream(server).begin("PLAIN", plain("alice", "wonderland", row.authzid), from_client(phone, row.from))),
              row.expected)
        << row.from << " " << row.authzid;
    if (row.authzid.empty()) {
      sasl::Sasl2Request request = with_token(phone);
      request.from = row.from;
      EXPECT_EQ(said(login(server, token, request)), row.expected) << row.from;
    }
  }
  EXPECT_EQ(said(Stream(server).begin("PLAIN", plain("alice", "wrong"), from_client(phone, "bob@example.org"))), "not-authorized");
  sasl::Sasl2Request broken = from_client(phone);
  broken.is_malformed = true;
  EXPECT_EQ(said(Stream(server).begin("PLAIN", plain("alice", "wonderland"), broken)), "malformed-request");
}

// ---- XEP-0480

// Leaves the account with keys of SHA-1 alone, as one that came from an old server.
void keeps_only_sha1(Server& server) {
  AccountRecord record = server.loop.run(server.plain_stores.accounts.find(jid("alice@example.org"))).value();
  std::erase_if(record.keys, [](const ScramKeys& keys) { return keys.hash != "SHA-1"; });
  ASSERT_TRUE(server.loop.run(server.plain_stores.accounts.set_keys(record.jid, record.keys, record.credentials_changed, 0)));
}
sasl::Sasl2Request wants_upgrade(std::vector<std::string> tasks) {
  sasl::Sasl2Request request = from_client(phone);
  request.upgrades = std::move(tasks);
  return request;
}
std::string salted_password(const AuthTask& task, std::string_view password, const EVP_MD* md = EVP_sha256()) {
  std::string out(static_cast<std::size_t>(EVP_MD_get_size(md)), '\0');
  PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()), reinterpret_cast<const unsigned char*>(task.salt.data()),
                    static_cast<int>(task.salt.size()), static_cast<int>(task.iterations), md, static_cast<int>(out.size()),
                    reinterpret_cast<unsigned char*>(out.data()));
  return base64_encode(out);
}
std::size_t keys_of_alice(Server& server) {
  return server.loop.run(server.plain_stores.accounts.find(jid("alice@example.org")))->keys.size();
}

TEST(Upgrade, AddsTheKeysThatAreMissing) {
  Server server;
  keeps_only_sha1(server);
  const std::string token = token_for(server, phone);
  EXPECT_EQ(said(Stream(server).scram("alice", "wonderland", "n,,", "SHA-256")), "not-authorized");
  Stream stream(server);
  ScramClient client("SHA-1", "alice", "wonderland");
  const AuthReply first = stream.begin("SCRAM-SHA-1", base64_encode(client.first()),
                                       wants_upgrade({"UPGR-SCRAM-SHA-512", "UPGR-SCRAM-SHA-256", "UPGR-SCRAM-SHA-256", "UPGR-NEVER",
                                                      "UPGR-SCRAM-SHA-1"}));
  const AuthReply last = stream.respond(base64_encode(client.final(std::get<AuthChallenge>(first).data)));
  ASSERT_EQ(said(last), "continue");
  EXPECT_EQ(std::get<AuthContinue>(last).task, "UPGR-SCRAM-SHA-512") << "in the client's order";
  EXPECT_EQ(std::get<AuthContinue>(last).data, client.expected_server_final()) << "the mechanism's data comes with the first";
  const AuthReply task = stream.begin_task("UPGR-SCRAM-SHA-512");
  ASSERT_EQ(said(task), "task");
  EXPECT_EQ(std::get<AuthTask>(task).iterations, server.config.key_iterations);
  EXPECT_GE(std::get<AuthTask>(task).salt.size(), 16U);
  const AuthReply next = stream.continue_task(salted_password(std::get<AuthTask>(task), "wonderland", EVP_sha512()));
  ASSERT_EQ(said(next), "continue");
  EXPECT_EQ(std::get<AuthContinue>(next).data, std::nullopt);
  const AuthReply second = stream.begin_task("UPGR-SCRAM-SHA-256");
  ASSERT_EQ(said(second), "task");
  const AuthReply done = stream.continue_task(salted_password(std::get<AuthTask>(second), "wonderland"));
  ASSERT_EQ(said(done), "success");
  EXPECT_EQ(std::get<AuthSuccess>(done).data, std::nullopt);
  EXPECT_EQ(principal_of(done)->mechanism, "SCRAM-SHA-1");
  for (const std::string hash : {"SHA-1", "SHA-256", "SHA-512"}) {
    EXPECT_EQ(said(Stream(server).scram("alice", "wonderland", "n,,", hash)), "success") << hash;
    EXPECT_EQ(said(Stream(server).scram("alice", "wrong", "n,,", hash)), "not-authorized") << hash;
  }
  EXPECT_EQ(said(login(server, token, with_token(phone))), "success") << "the password is the same: tokens stay";
  // Nothing is left to do: no task is asked for.
  EXPECT_EQ(said(Stream(server).begin("PLAIN", plain("alice", "wonderland"), wants_upgrade({"UPGR-SCRAM-SHA-256"}))), "success");
}

TEST(Upgrade, IsForThoseWhoProvedThePasswordOnly) {
  Server server;
  keeps_only_sha1(server);
  const std::string token = token_for(server, phone);
  sasl::Sasl2Request request = with_token(phone);
  request.upgrades = {"UPGR-SCRAM-SHA-256"};
  EXPECT_EQ(said(login(server, token, request)), "success") << "a stolen token must not become a password";
  EXPECT_EQ(said(Stream(server).begin("PLAIN", plain("alice", "wrong"), wants_upgrade({"UPGR-SCRAM-SHA-256"}))), "not-authorized");
  Stream stream(server);
  EXPECT_EQ(said(stream.begin_task("UPGR-SCRAM-SHA-256")), "malformed-request");
  EXPECT_EQ(said(stream.continue_task("AAAA")), "malformed-request");
  EXPECT_EQ(keys_of_alice(server), 1U);
  EXPECT_TRUE(server.authenticator.upgrades("example.org", false).empty()) << "keys do not pass in the clear";
}

TEST(Upgrade, BadTasksFailTheAuthentication) {
  Server server;
  keeps_only_sha1(server);
  const auto begun = [&](Stream& stream) {
    EXPECT_EQ(said(stream.begin("PLAIN", plain("alice", "wonderland"), wants_upgrade({"UPGR-SCRAM-SHA-256"}))), "continue");
  };
  const std::string short_hash = base64_encode(std::string(20, 'x'));
  for (const auto& [text, expected] : {std::pair{"!!!"s, "incorrect-encoding"}, std::pair{""s, "malformed-request"},
                                       std::pair{short_hash, "malformed-request"}}) {
    Stream stream(server);
    begun(stream);
    EXPECT_EQ(said(stream.begin_task("UPGR-SCRAM-SHA-256")), "task");
    EXPECT_EQ(said(stream.continue_task(text)), expected);
    EXPECT_EQ(said(stream.continue_task(text)), "malformed-request") << "it is over";
  }
  Stream other(server);
  begun(other);
  EXPECT_EQ(said(other.begin_task("UPGR-SCRAM-SHA-512")), "malformed-request") << "another task than the one asked for";
  Stream twice(server);
  begun(twice);
  EXPECT_EQ(said(twice.begin("PLAIN", plain("alice", "wonderland"), from_client(phone))), "malformed-request");
  Stream early(server);
  begun(early);
  EXPECT_EQ(said(early.continue_task(base64_encode(std::string(32, 'x')))), "malformed-request");
  Stream aborted(server);
  begun(aborted);
  EXPECT_EQ(said(aborted.abort()), "aborted");
  EXPECT_EQ(said(aborted.begin_task("UPGR-SCRAM-SHA-256")), "malformed-request");
  EXPECT_EQ(keys_of_alice(server), 1U);
}

TEST(Upgrade, DoesNotOutliveAPasswordChange) {
  Server server;
  keeps_only_sha1(server);
  Stream stream(server);
  ASSERT_EQ(said(stream.begin("PLAIN", plain("alice", "wonderland"), wants_upgrade({"UPGR-SCRAM-SHA-256"}))), "continue");
  const AuthReply task = stream.begin_task("UPGR-SCRAM-SHA-256");
  server.clock.advance(std::chrono::seconds(1));
  Passwords passwords(server.config, server.plain_stores.accounts, server.derivation, server.random, server.clock);
  ASSERT_TRUE(server.loop.run(passwords.set_password(jid("alice@example.org"), SecretBytes("looking-glass"sv))));
  EXPECT_EQ(said(stream.continue_task(salted_password(std::get<AuthTask>(task), "wonderland"))), "not-authorized");
  EXPECT_EQ(said(Stream(server).scram("alice", "wonderland")), "not-authorized");
  EXPECT_EQ(said(Stream(server).scram("alice", "looking-glass")), "success");
}

TEST(Upgrade, TwoClientsAtOnceAreBothLetIn) {
  Server server;
  keeps_only_sha1(server);
  Stream one(server);
  Stream two(server);
  for (Stream* stream : {&one, &two}) {
    ASSERT_EQ(said(stream->begin("PLAIN", plain("alice", "wonderland"), wants_upgrade({"UPGR-SCRAM-SHA-256"}))), "continue");
  }
  const AuthReply first = one.begin_task("UPGR-SCRAM-SHA-256");
  const AuthReply second = two.begin_task("UPGR-SCRAM-SHA-256");
  EXPECT_EQ(said(one.continue_task(salted_password(std::get<AuthTask>(first), "wonderland"))), "success");
  EXPECT_EQ(said(two.continue_task(salted_password(std::get<AuthTask>(second), "wonderland"))), "success");
  EXPECT_EQ(keys_of_alice(server), 2U);
  EXPECT_EQ(said(Stream(server).scram("alice", "wonderland")), "success");
}

// ---- security S09: a store that fails at any call lets nobody in who was not, and the next try works

TEST(Sasl2, EveryStoreCallThatFailsIsAnswered) {
  for (std::size_t nth = 0;; ++nth) {
    Server server;
    keeps_only_sha1(server);
    const std::string token = token_for(server, phone);
    server.clock.advance(std::chrono::hours(25));  // a login is noted, and brings the next token
    server.failing.restart({.nth = nth});
    const AuthReply reply = login(server, token, with_token(phone, 1));
    const bool has_failed = server.failing.has_failed();
    const bool is_only_the_new_token = said(reply) == "success" && token_in(reply).empty();
    EXPECT_TRUE(has_failed ? said(reply) == "temporary-auth-failure" || is_only_the_new_token
                           : said(reply) == "success" && !token_in(reply).empty())
        << nth << " " << said(reply);
    server.failing.restart({});
    EXPECT_EQ(said(login(server, token, with_token(phone, 2))), "success") << nth;
    if (!has_failed) {
      EXPECT_GE(nth, 4U) << "the account, its tokens, the use, the next token";
      break;
    }
  }
}

TEST(Sasl2, AnInvalidationThatFailsIsNoSuccess) {
  for (std::size_t nth = 0;; ++nth) {
    Server server;
    const std::string token = token_for(server, phone);
    server.failing.restart({.nth = nth});
    const std::string outcome = said(login(server, token, with_token(phone, 1, true)));
    const bool has_failed = server.failing.has_failed();
    server.failing.restart({});
    if (outcome == "success") {
      EXPECT_TRUE(stored(server).empty()) << nth;
    } else {
      EXPECT_EQ(outcome, "temporary-auth-failure") << nth;
    }
    if (!has_failed) {
      break;
    }
  }
}

TEST(Sasl2, AnUpgradeThatFailsChangesNothing) {
  for (std::size_t nth = 0;; ++nth) {
    Server server;
    keeps_only_sha1(server);
    Stream stream(server);
    server.failing.restart({.nth = nth});
    const std::string begun = said(stream.begin("PLAIN", plain("alice", "wonderland"), wants_upgrade({"UPGR-SCRAM-SHA-256"})));
    std::string outcome = begun;
    if (begun == "continue") {
      const AuthReply task = stream.begin_task("UPGR-SCRAM-SHA-256");
      outcome = said(stream.continue_task(salted_password(std::get<AuthTask>(task), "wonderland")));
    }
    const bool has_failed = server.failing.has_failed();
    EXPECT_EQ(outcome, has_failed ? "temporary-auth-failure" : "success") << nth;
    EXPECT_EQ(keys_of_alice(server), has_failed ? 1U : 2U) << nth;
    if (!has_failed) {
      break;
    }
  }
}

TEST(AuthConfigTokens, AreCheckedByName) {
  AuthConfig config;
  EXPECT_TRUE(validate(config));
  config.token_mechanisms = {};
  EXPECT_TRUE(validate(config));
  config.token_mechanisms = {"HT-SHA-256-UNIQ"};
  EXPECT_FALSE(validate(config));
  config.token_mechanisms = {"PLAIN"};
  EXPECT_FALSE(validate(config));
  config.token_mechanisms = {"HT-SHA-256-NONE", "HT-SHA-256-NONE"};
  EXPECT_FALSE(validate(config));
  config = {};
  config.mechanisms.push_back("HT-SHA-256-EXPR");
  EXPECT_FALSE(validate(config)) << "a token is no password";
  config = {};
  config.token_rotation = config.token_lifetime;
  EXPECT_FALSE(validate(config));
}

}  // namespace
}  // namespace aldis
