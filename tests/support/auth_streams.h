// A server's authentication over memory stores, and a stream that logs in to it, for the tests of auth/.
#pragma once
#include <gtest/gtest.h>

#include "auth/authenticator.h"
#include "auth/local_credentials.h"
#include "auth/passwords.h"
#include "base/encoding.h"
#include "sasl/scram_keys.h"
#include "storage/memory/memory_stores.h"
#include "tests/support/failing_stores.h"
#include "tests/support/loop_executor.h"
#include "tests/support/manual_clock.h"
#include "tests/support/scram_client.h"

namespace aldis::auth_test {

using sasl::Failure;
using test::ManualClock;
using test::ScramClient;
using testing_support::FailingStores;
using testing_support::LoopExecutor;

inline BareJid jid(std::string_view text) { return BareJid::parse(text).value(); }

// Remembers what was derived, so that a test can see that the same work was done.
class WatchedDerivation final : public KeyDerivation {
 public:
  Task<Result<ScramKeys>> derive(std::string hash, SecretBytes password, std::string salt,
                                 std::uint32_t iterations) override {
    work.push_back(hash + "/" + std::to_string(iterations) + "/" + std::to_string(salt.size()));
    if (is_broken) {
      co_return fail(ErrorKind::full, "the queue is full");
    }
    Result<ScramKeys> keys = co_await inner_.derive(std::move(hash), std::move(password), std::move(salt), iterations);
    co_return keys;
  }
  std::vector<std::string> work;
  bool is_broken = false;

 private:
  InlineKeyDerivation inner_;
};

inline AuthConfig quick_config() {
  AuthConfig config;
  config.key_iterations = 10;
  return config;
}

class Server {
 public:
  explicit Server(AuthConfig given = quick_config()) : config(std::move(given)) {
    EXPECT_TRUE(loop.run(failures.load()));
    EXPECT_TRUE(loop.run(authenticator.start()));
    make_account("alice@example.org", "wonderland");
  }

  void make_account(std::string_view address, std::string_view password) {
    Passwords passwords(config, plain_stores.accounts, derivation, random, clock);
    EXPECT_TRUE(loop.run(passwords.create_account(jid(address), SecretBytes(password))));
    derivation.work.clear();
  }

  AuthenticationContext stream(std::string source = "192.0.2.1") {
    AuthenticationContext context;
    context.domain = "example.org";
    context.source_address = std::move(source);
    context.is_confidential = true;
    context.bindings = [] { return sasl::ChannelBindings{"exporter", "end-point"}; };
    context.offered = authenticator.mechanisms(context.domain, true, {true, true});
    context.offered_bindings = authenticator.binding_types(context.domain, true, {true, true});
    context.offered_tokens = authenticator.token_mechanisms(true, {true, true});
    context.offered_upgrades = authenticator.upgrades(context.domain, true);
    return context;
  }

  LoopExecutor loop;
  ManualClock clock;
  SystemRandom random;
  MemoryStores memory{MemoryStores::Answers::later};
  Stores plain_stores = memory.stores();
  FailingStores failing{plain_stores, {}};
  Stores stores = failing.stores();
  WatchedDerivation derivation;
  AuthConfig config;
  LoginFailureCounters failures{config, stores.login_failures, clock};
  LocalCredentials credentials{stores.accounts};
  ClientTokens tokens{config, stores.tokens, SecretBytes(std::string_view("0123456789abcdef0123456789abcdef")), random, clock};
  Authenticator authenticator{config, credentials, failures, derivation, stores.settings, tokens, random, clock};
};

// One stream's tries.
class Stream {
 public:
  explicit Stream(Server& server) : Stream(server, server.stream()) {}
  Stream(Server& server, AuthenticationContext context) : server_(server), exchange_(server.authenticator, std::move(context)) {}

  AuthReply begin(std::string mechanism, std::optional<std::string> text = {}, std::optional<sasl::Sasl2Request> sasl2 = {}) {
    return server_.loop.run(exchange_.begin(std::move(mechanism), std::move(text), std::move(sasl2)));
  }
  AuthReply begin_task(std::string name) { return server_.loop.run(exchange_.begin_task(std::move(name))); }
  AuthReply continue_task(std::string text) { return server_.loop.run(exchange_.continue_task(std::move(text))); }
  AuthReply respond(std::string text) { return server_.loop.run(exchange_.respond(std::move(text))); }
  AuthReply abort() { return exchange_.abort(); }

  AuthReply plain(std::string_view authzid, std::string_view user, std::string_view password) {
    std::string message(authzid);
    message.append(1, '\0').append(user).append(1, '\0').append(password);
    return begin("PLAIN", base64_encode(message));
  }
  AuthReply scram(std::string user, std::string password, const std::string& gs2 = "n,,", std::string_view hash = "SHA-256") {
    ScramClient client(hash, std::move(user), std::move(password));
    client.gs2_header = gs2;
    const AuthReply first = begin("SCRAM-" + std::string(hash), base64_encode(client.first()));
    const auto* challenge = std::get_if<AuthChallenge>(&first);
    if (challenge == nullptr) {
      return first;
    }
    server_first = challenge->data;
    AuthReply last = respond(base64_encode(client.final(server_first)));
    if (const auto* success = std::get_if<AuthSuccess>(&last)) {
      EXPECT_EQ(success->data, client.expected_server_final());
    }
    return last;
  }
  std::string server_first;

 private:
  Server& server_;
  AuthenticationExchange exchange_;
};

inline PrincipalPtr principal_of(const AuthReply& reply) {
  const auto* success = std::get_if<AuthSuccess>(&reply);
  EXPECT_NE(success, nullptr);
  return success != nullptr ? success->principal : nullptr;
}

// The condition of a failure, or "success" or "challenge".
inline std::string said(const AuthReply& reply) {
  if (std::holds_alternative<AuthSuccess>(reply)) {
    return "success";
  }
  if (std::holds_alternative<AuthContinue>(reply) || std::holds_alternative<AuthTask>(reply)) {
    return std::holds_alternative<AuthTask>(reply) ? "task" : "continue";
  }
  const auto* failure = std::get_if<AuthFailure>(&reply);
  return failure != nullptr ? std::string(to_string(failure->condition)) : "challenge";
}

}  // namespace aldis::auth_test
