// PLAIN and ANONYMOUS as tables of (message, outcome), and the registry of names.
#include "sasl/mechanism.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <regex>

namespace aldis::sasl {
namespace {

using namespace std::string_literals;

Context with(Random& random) {
  Context context;
  context.random = &random;
  return context;
}

TEST(Mechanisms, AreKnownByTheirExactNamesOnly) {  // security S03
  SystemRandom random;
  for (const auto* name : {"SCRAM-SHA-1", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS", "SCRAM-SHA-512",
                           "SCRAM-SHA-512-PLUS", "PLAIN", "ANONYMOUS", "EXTERNAL", "GSSAPI", "GS2-KRB5", "GS2-KRB5-PLUS", "HT-SHA-256-EXPR", "HT-SHA-256-ENDP", "HT-SHA-256-NONE",
                           "HT-SHA-512-EXPR", "HT-SHA-512-ENDP", "HT-SHA-512-NONE"}) {
    const auto mechanism = make_mechanism(name, with(random));
    ASSERT_NE(mechanism, nullptr) << name;
    EXPECT_EQ(mechanism->name(), name);
  }
  for (const auto* name : {"", "plain", "Plain", "PLAIN ", "X-PLAIN", "PLAIN-PLUS", "SCRAM-SHA-1-PLUS-PLUS", "SCRAM-SHA1",
                           "scram-sha-1", "SCRAM-SHA-", "SCRAM-", "-PLUS", "SCRAM-SHA-384", "SCRAM-SHA-224", "SCRAM-MD5",
                           "DIGEST-MD5", "CRAM-MD5", "external", "EXTERNAL-PLUS", "X-EXTERNAL", "gssapi", "GSSAPI-PLUS", "GSS-SPNEGO", "SPNEGO", "GS2-", "GS2-KRB5-PLUS-PLUS", "OAUTHBEARER", "X-OAUTH2", "LOGIN", "NTLM", "HT-SHA-1-NONE",
                           "HT-SHA-256", "HT-SHA-256-UNIQ", "HT-SHA-256-EXPR-PLUS", "ht-sha-256-none"}) {
    EXPECT_EQ(make_mechanism(name, with(random)), nullptr) << name;
  }
}

struct PlainRow {
  std::string_view why;
  std::string message;
  // What is asked, or nothing when the message is malformed.
  std::optional<std::array<std::string, 3>> expected;  // authzid, username, password
};

class PlainMessage : public testing::TestWithParam<PlainRow> {};

TEST_P(PlainMessage, IsReadStrictly) {  // RFC 4616 section 2; security S01, S09
  const PlainRow& row = GetParam();
  const auto mechanism = make_mechanism("PLAIN", {});
  const Outcome outcome = mechanism->step(row.message);
  if (!row.expected) {
    ASSERT_TRUE(std::holds_alternative<Failed>(outcome)) << row.why;
    EXPECT_EQ(std::get<Failed>(outcome).condition, Failure::malformed_request) << row.why;
    return;
  }
  const auto& [authzid, username, password] = *row.expected;
  ASSERT_TRUE(std::holds_alternative<NeedPasswordCheck>(outcome)) << row.why;
  EXPECT_EQ(std::get<NeedPasswordCheck>(outcome).username, username);
  EXPECT_EQ(std::get<NeedPasswordCheck>(outcome).password.view(), password);
  const Outcome verdict = mechanism->supply_verdict(true);
  ASSERT_TRUE(std::holds_alternative<Success>(verdict));
  EXPECT_EQ(std::get<Success>(verdict).username, username);
  EXPECT_EQ(std::get<Success>(verdict).authzid, authzid);
  EXPECT_EQ(std::get<Success>(verdict).data, "");
}

INSTANTIATE_TEST_SUITE_P(
    Each, PlainMessage,
    testing::Values(
        PlainRow{"RFC 4616 section 4, first", "\0tim\0tanstaaftanstaaf"s, {{"", "tim", "tanstaaftanstaaf"}}},
        PlainRow{"RFC 4616 section 4, second", "Ursel\0Kurt\0xipj3plmq"s, {{"Ursel", "Kurt", "xipj3plmq"}}},
        PlainRow{"password of one space", "\0tim\0 "s, {{"", "tim", " "}}},
        PlainRow{"empty", "", {}}, PlainRow{"no NUL", "tim", {}}, PlainRow{"one NUL", "tim\0secret"s, {}},
        PlainRow{"three NULs", "\0tim\0sec\0ret"s, {}}, PlainRow{"NUL at the end", "\0tim\0secret\0"s, {}},
        PlainRow{"empty authcid", "\0\0secret"s, {}}, PlainRow{"empty password", "\0tim\0"s, {}},
        PlainRow{"nothing but NULs", "\0\0"s, {}},
        PlainRow{"authzid of 10 KB", std::string(10'240, 'a') + "\0tim\0secret"s, {}},
        PlainRow{"authcid of 10 KB", "\0"s + std::string(10'240, 'a') + "\0secret"s, {}},
        PlainRow{"password of 10 KB", "\0tim\0"s + std::string(10'240, 'a'), {}}));

TEST(Plain, WrongPasswordFailsAndEndsTheExchange) {
  const auto mechanism = make_mechanism("PLAIN", {});
  (void)mechanism->step("\0tim\0secret"s);
  EXPECT_EQ(std::get<Failed>(mechanism->supply_verdict(false)).condition, Failure::not_authorized);
  EXPECT_EQ(std::get<Failed>(mechanism->step("\0tim\0secret"s)).condition, Failure::malformed_request);
}

TEST(Plain, WithoutInitialResponseAsksOnce) {
  const auto mechanism = make_mechanism("PLAIN", {});
  EXPECT_EQ(std::get<Challenge>(mechanism->step(std::nullopt)).data, "");
  EXPECT_TRUE(std::holds_alternative<NeedPasswordCheck>(mechanism->step("\0tim\0secret"s)));
  const auto stubborn = make_mechanism("PLAIN", {});
  (void)stubborn->step(std::nullopt);
  EXPECT_TRUE(std::holds_alternative<Failed>(stubborn->step(std::nullopt)));
}

TEST(Anonymous, TakesATraceOrNone) {  // RFC 4505 section 2
  for (const std::string& trace : {""s, "sirhc"s, "sirhc@example.com"s, std::string(1020, 'a')}) {
    const auto mechanism = make_mechanism("ANONYMOUS", {});
    const Outcome outcome = mechanism->step(trace);
    ASSERT_TRUE(std::holds_alternative<Success>(outcome));
    EXPECT_EQ(std::get<Success>(outcome).username, "");
    EXPECT_TRUE(std::holds_alternative<Failed>(mechanism->step(trace)));
  }
  const auto mechanism = make_mechanism("ANONYMOUS", {});
  EXPECT_TRUE(std::holds_alternative<Failed>(mechanism->step(std::string(1021, 'a'))));
  const auto asked = make_mechanism("ANONYMOUS", {});
  EXPECT_TRUE(std::holds_alternative<Challenge>(asked->step(std::nullopt)));
  EXPECT_TRUE(std::holds_alternative<Success>(asked->step("")));
}

TEST(Failures, HaveTheNamesOfRfc6120) {  // section 6.5
  EXPECT_EQ(to_string(Failure::incorrect_encoding), "incorrect-encoding");
  EXPECT_EQ(to_string(Failure::temporary_auth_failure), "temporary-auth-failure");
  EXPECT_EQ(to_string(Failure::invalid_authzid), "invalid-authzid");
}

// Security S06: secrets are compared by equal_constant_time and nothing else. SecretBytes has no operator==; what is left is
// the comparison of a secret's view, and memcmp.
TEST(SourceRule, NoOrdinaryComparisonOfSecrets) {
  const std::regex forbidden(
      R"(memcmp|strcmp|(proof|password|stored_key|server_key|client_key|secret|binding|nonce)(\.view\(\)|\.bytes\(\)|_)?\s*[=!]=|[=!]=\s*[\w.>-]*(proof|password|stored_key|server_key|client_key|secret)\b)");
  EXPECT_TRUE(std::regex_search(std::string("if (final->proof == expected)"), forbidden)) << "the rule works";
  std::size_t files = 0;
  for (const auto* folder : {"src/sasl", "src/auth"}) {
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      const std::string path = entry.path().string();
      if (path.ends_with("_test.cpp") || path.ends_with("_fuzz.cpp") || !entry.is_regular_file()) {
        continue;
      }
      ++files;
      std::ifstream in(path);
      std::string line;
      for (int number = 1; std::getline(in, line); ++number) {
        EXPECT_FALSE(std::regex_search(line, forbidden)) << path << ":" << number << ": " << line;
      }
    }
  }
  EXPECT_GT(files, 10U);
}

}  // namespace
}  // namespace aldis::sasl
