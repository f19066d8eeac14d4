// Logins with Kerberos tickets: who comes in, who does not, and that an account's own rules hold for tickets too. What the messages
// are is sasl/gssapi_test.cpp; real tickets are shown in tests/kerberos.
#include "tests/support/auth_streams.h"
#include "tests/support/fake_tickets.h"

namespace aldis {
namespace {

using namespace std::string_literals;
using namespace auth_test;

const std::string alices = "for alice@VERONA";

class TicketServer : public Server {
 public:
  explicit TicketServer(AuthConfig given = quick_config()) : Server(std::move(given)) {
    authenticator.accept_tickets(test::fake_tickets("example.org"), &workers);
  }
  WorkerPool workers{{.threads = 0, .queue = 8, .name = "tickets"}};
};

// GSSAPI to its end, with this token and this authorization identity.
AuthReply gssapi(Stream& stream, const std::string& token, const std::string& authzid = "", std::optional<sasl::Sasl2Request> sasl2 = {}) {
  AuthReply reply = stream.begin("GSSAPI", base64_encode(token), std::move(sasl2));
  for (const std::string& message : {""s, "w\x01\0\0\0"s + authzid}) {
    if (said(reply) != "challenge") {
      return reply;
    }
    reply = stream.respond(base64_encode(message));
  }
  return reply;
}
AuthReply gssapi(Server& server, const std::string& token, const std::string& authzid = "") {
  Stream stream(server);
  return gssapi(stream, token, authzid);
}
AuthReply gs2(Server& server, const std::string& mechanism, const std::string& message) {
  Stream stream(server);
  const AuthReply reply = stream.begin(mechanism, base64_encode(message));
  return said(reply) == "challenge" ? stream.respond("") : reply;
}

TEST(Tickets, ATicketIsALogin) {
  TicketServer server;
  const auto principal = principal_of(gssapi(server, alices));
  ASSERT_NE(principal, nullptr);
  EXPECT_EQ(principal->identity, jid("alice@example.org"));
  EXPECT_EQ(principal->mechanism, "GSSAPI");
  EXPECT_EQ(principal->kerberos_principal, "alice@VERONA");
  EXPECT_EQ(principal->channel_binding, "");
  EXPECT_TRUE(principal->credentials_changed.has_value());
  EXPECT_TRUE(server.derivation.work.empty());
}

TEST(Tickets, BoundToTheChannel) {
  TicketServer server;
  const auto principal = principal_of(gs2(server, "GS2-KRB5-PLUS", "p=tls-exporter,," + alices));
  ASSERT_NE(principal, nullptr);
  EXPECT_EQ(principal->channel_binding, "tls-exporter");
  EXPECT_EQ(principal->mechanism, "GS2-KRB5-PLUS");
  EXPECT_EQ(said(gs2(server, "GS2-KRB5", "n,a=alice@example.org," + alices)), "success");
  EXPECT_EQ(said(gs2(server, "GS2-KRB5-PLUS", "p=tls-exporter,," + alices + "|unbound")), "not-authorized");
  EXPECT_EQ(said(gs2(server, "GS2-KRB5", "y,," + alices)), "not-authorized");
}

TEST(Tickets, AreOfferedFirstAndWhereTheyAreTaken) {
  TicketServer server;
  const auto offered = server.authenticator.mechanisms("example.org", true, {true, true});
  EXPECT_EQ(std::vector(offered.begin(), offered.begin() + 4), (std::vector<std::string>{"GS2-KRB5-PLUS", "GS2-KRB5", "GSSAPI", "SCRAM-SHA-512-PLUS"}));
  const auto unbound = server.authenticator.mechanisms("example.org", true, {});
  EXPECT_EQ(std::vector(unbound.begin(), unbound.begin() + 3), (std::vector<std::string>{"GS2-KRB5", "GSSAPI", "SCRAM-SHA-512"}));
  EXPECT_EQ(server.authenticator.mechanisms("other.example", true, {}).front(), "SCRAM-SHA-512");
  Server without;
  EXPECT_EQ(said(gssapi(without, alices)), "invalid-mechanism");
  // A reload has taken them back, after they were offered.
  Stream stream(server);
  server.authenticator.accept_tickets({}, nullptr);
  EXPECT_EQ(said(gssapi(stream, alices)), "invalid-mechanism");
}

struct Wish {
  std::string text;
  std::string_view expected;
};
class TicketAuthzid : public testing::TestWithParam<Wish> {};

TEST_P(TicketAuthzid, IsOnesOwn) {  // security S01
  TicketServer server;
  server.make_account("bob@example.org", "builder!");
  EXPECT_EQ(said(gssapi(server, alices, GetParam().text)), GetParam().expected) << GetParam().text;
}

INSTANTIATE_TEST_SUITE_P(Each, TicketAuthzid,
                         testing::Values(Wish{"", "success"}, Wish{"alice@example.org", "success"}, Wish{"ALICE@Example.ORG", "success"}, Wish{"alice", "success"},
                                         Wish{"bob@example.org", "invalid-authzid"}, Wish{"bob", "invalid-authzid"}, Wish{"example.org", "invalid-authzid"},
                                         Wish{"alice@other.example", "invalid-authzid"}, Wish{"alice@VERONA", "invalid-authzid"},
                                         Wish{"alice@example.org/res", "invalid-authzid"}, Wish{"alice\0"s, "malformed-request"}));

TEST(Tickets, WhoHasNoAccountIsNotAuthorized) {
  TicketServer server;
  for (const auto* token : {"for nobody@VERONA", "for alice@PADUA", "for alice/admin@VERONA", "for cousin@VERONA", "nonsense", "for alice@VERONA|open", "half"}) {
    Stream stream(server);
    AuthReply reply = gssapi(stream, token);
    if (said(reply) == "challenge") {
      reply = stream.respond(base64_encode("nonsense"));
    }
    EXPECT_TRUE(said(reply) == "not-authorized" || said(reply) == "malformed-request") << token << ": " << said(reply);
  }
}

TEST(Tickets, AnAccountsOwnRulesHold) {
  TicketServer server;
  ASSERT_TRUE(server.loop.run(server.plain_stores.accounts.set_enabled(jid("alice@example.org"), false)));
  EXPECT_EQ(said(gssapi(server, alices)), "account-disabled");
  ASSERT_TRUE(server.loop.run(server.plain_stores.accounts.set_enabled(jid("alice@example.org"), true)));
  for (std::uint32_t i = 0; i < server.config.failures_per_pair; ++i) {
    EXPECT_EQ(said(Stream(server).plain("", "alice", "looking-glass")), "not-authorized");
  }
  EXPECT_EQ(said(gssapi(server, alices)), "not-authorized") << "locked out (security S07)";
}

TEST(Tickets, ShowNoPasswordThatMustBeChanged) {
  TicketServer server;
  ASSERT_TRUE(server.loop.run(server.plain_stores.accounts.set_must_change(jid("alice@example.org"))));
  const AuthReply reply = gssapi(server, alices);
  ASSERT_EQ(said(reply), "success");
  EXPECT_FALSE(std::get<AuthSuccess>(reply).principal->must_change_password);
}

TEST(Tickets, BadTokensLockNobodyOut) {
  TicketServer server;
  for (std::uint32_t i = 0; i < 2 * server.config.failures_per_source; ++i) {
    EXPECT_EQ(said(gssapi(server, "a stale ticket")), "not-authorized");
  }
  EXPECT_EQ(said(gssapi(server, alices)), "success") << "the same office, behind one address";
}

TEST(Tickets, BadTokensAreTriesOfTheirStream) {
  TicketServer server;
  Stream stream(server);
  for (std::uint32_t left = server.config.tries_per_stream; left-- > 0;) {
    const AuthReply reply = gssapi(stream, "nonsense");
    EXPECT_EQ(std::get<AuthFailure>(reply).attempts_left, left);
  }
  EXPECT_EQ(said(gssapi(stream, alices)), "not-authorized");
}

TEST(Tickets, DoubtIsATemporaryFailure) {  // security S09
  TicketServer server;
  EXPECT_EQ(said(gssapi(server, "disk")), "temporary-auth-failure");
  for (std::size_t nth = 0;; ++nth) {
    server.failing.restart({.nth = nth});
    const std::string outcome = said(gssapi(server, alices));
    const bool has_failed = server.failing.has_failed();
    server.failing.restart({});
    EXPECT_TRUE(outcome == "success" || outcome == "temporary-auth-failure") << nth << outcome;
    if (!has_failed) {
      EXPECT_EQ(outcome, "success");
      break;
    }
  }
}

TEST(Tickets, MakeNoKeysAndMayMakeATokenOfTheirOwn) {
  TicketServer server;
  sasl::Sasl2Request request;
  request.agent.id = "d4565fa7-4d72-4749-b3d3-740edbf87770";
  request.upgrades = {"UPGR-SCRAM-SHA-256", "UPGR-SCRAM-SHA-512"};
  request.wanted_token = "HT-SHA-256-EXPR";
  AuthConfig fewer = server.config;
  fewer.key_hashes = {"SHA-1"};
  Passwords passwords(fewer, server.plain_stores.accounts, server.derivation, server.random, server.clock);
  ASSERT_TRUE(server.loop.run(passwords.create_account(jid("bob@example.org"), SecretBytes(std::string_view("builder!")))));
  Stream stream(server);
  const AuthReply reply = gssapi(stream, "for bob@VERONA", "", request);
  ASSERT_EQ(said(reply), "success") << "no task: who has a ticket has not shown the password";
  EXPECT_TRUE(std::get<AuthSuccess>(reply).token.has_value());
}

TEST(Tickets, TheStreamIsFromWhoseTicketItIs) {  // XEP-0388 section 2.3
  TicketServer server;
  for (const auto& [from, expected] : {std::pair("alice@example.org", "success"), std::pair("bob@example.org", "invalid-authzid")}) {
    sasl::Sasl2Request request;
    request.from = from;
    Stream stream(server);
    EXPECT_EQ(said(gssapi(stream, alices, "", request)), expected);
  }
}

}  // namespace
}  // namespace aldis
