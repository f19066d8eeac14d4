// HT-*: what proves a token and what does not, computed beside the code with OpenSSL. Clauses are of
// draft-schmaus-kitten-sasl-ht-09.
#include "sasl/ht.h"

#include <gtest/gtest.h>
#include <openssl/hmac.h>

namespace aldis::sasl {
namespace {

using namespace std::string_literals;

std::string hmac_of(const EVP_MD* md, std::string_view key, std::string_view message) {
  std::string out(static_cast<std::size_t>(EVP_MD_get_size(md)), '\0');
  HMAC(md, key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(message.data()), message.size(),
       reinterpret_cast<unsigned char*>(out.data()), nullptr);
  return out;
}
std::string proof(std::string_view token, std::string_view binding) {
  return hmac_of(EVP_sha256(), token, "Initiator"s.append(binding));
}
SecretBytes secret(std::string_view text) { return SecretBytes(text); }

Context channel() {
  Context context;
  context.bindings = {"exporter", "end-point"};
  return context;
}

Failure refused(const Outcome& outcome) {
  const auto* failed = std::get_if<Failed>(&outcome);
  EXPECT_NE(failed, nullptr);
  return failed != nullptr ? failed->condition : Failure::aborted;
}

struct Row {
  std::string_view name;
  std::string_view binding_data;
  std::string_view binding;
};

TEST(Ht, EachBindingProvesTheTokenAndTheServerAnswersInKind) {  // sections 3.1 and 3.2
  for (const Row& row : {Row{"HT-SHA-256-EXPR", "exporter", "tls-exporter"},
                         Row{"HT-SHA-256-ENDP", "end-point", "tls-server-end-point"}, Row{"HT-SHA-256-NONE", "", ""}}) {
    const auto mechanism = make_mechanism(row.name, channel());
    ASSERT_NE(mechanism, nullptr);
    EXPECT_EQ(mechanism->name(), row.name);
    const Outcome asked = mechanism->step("juliet\0"s + proof("new", row.binding_data));
    ASSERT_TRUE(std::holds_alternative<NeedTokens>(asked));
    EXPECT_EQ(std::get<NeedTokens>(asked).username, "juliet");
    const Outcome outcome = mechanism->supply_tokens({secret("other"), secret("new"), secret("old")});
    const auto* success = std::get_if<Success>(&outcome);
    ASSERT_NE(success, nullptr) << row.name;
    EXPECT_EQ(success->username, "juliet");
    EXPECT_EQ(success->authzid, "");
    EXPECT_EQ(success->token, 1U);
    EXPECT_EQ(success->channel_binding, row.binding);
    EXPECT_EQ(success->is_channel_bound, !row.binding.empty());
    EXPECT_EQ(success->data, hmac_of(EVP_sha256(), "new", "Responder"s.append(row.binding_data)));
    EXPECT_EQ(refused(mechanism->step("again")), Failure::malformed_request);
  }
}

TEST(Ht, Sha512HasAProofOfItsOwn) {
  const auto mechanism = make_mechanism("HT-SHA-512-NONE", channel());
  const std::string message = "juliet\0"s + hmac_of(EVP_sha512(), "token", "Initiator");
  ASSERT_TRUE(std::holds_alternative<NeedTokens>(mechanism->step(message)));
  EXPECT_TRUE(std::holds_alternative<Success>(mechanism->supply_tokens({secret("token")})));
  const auto other = make_mechanism("HT-SHA-512-NONE", channel());
  EXPECT_EQ(refused(other->step("juliet\0"s + proof("token", ""))), Failure::malformed_request);
}

TEST(Ht, AnotherChannelTokenOrMechanismProvesNothing) {
  struct Wrong {
    std::string_view name;
    std::string proof;
  };
  for (const Wrong& wrong : {Wrong{"HT-SHA-256-EXPR", proof("token", "another exporter")},
                             Wrong{"HT-SHA-256-EXPR", proof("token", "")}, Wrong{"HT-SHA-256-EXPR", proof("token", "end-point")},
                             Wrong{"HT-SHA-256-ENDP", proof("token", "exporter")}, Wrong{"HT-SHA-256-NONE", proof("token", "exporter")},
                             Wrong{"HT-SHA-256-NONE", proof("Token", "")}, Wrong{"HT-SHA-256-NONE", std::string(32, '\0')},
                             Wrong{"HT-SHA-256-NONE", hmac_of(EVP_sha256(), "token", "Responder")}}) {
    const auto mechanism = make_mechanism(wrong.name, channel());
    ASSERT_TRUE(std::holds_alternative<NeedTokens>(mechanism->step("juliet\0"s + wrong.proof)));
    EXPECT_EQ(refused(mechanism->supply_tokens({secret("token")})), Failure::not_authorized);
  }
  const auto nobody = make_mechanism("HT-SHA-256-NONE", channel());
  ASSERT_TRUE(std::holds_alternative<NeedTokens>(nobody->step("juliet\0"s + proof("token", ""))));
  EXPECT_EQ(refused(nobody->supply_tokens({})), Failure::not_authorized) << "no token is no proof";
}

TEST(Ht, MessagesAreReadStrictly) {
  const std::string right = proof("token", "");
  for (const std::string& message :
       {""s, "juliet"s, "juliet\0"s, "\0"s + right, "juliet\0"s + right + "x", "juliet\0"s + right.substr(1), right,
        "juliet"s + right, std::string(3072, 'j') + "\0"s + right}) {
    const auto mechanism = make_mechanism("HT-SHA-256-NONE", channel());
    EXPECT_EQ(refused(mechanism->step(message)), Failure::malformed_request) << message;
  }
  const auto mechanism = make_mechanism("HT-SHA-256-NONE", channel());
  EXPECT_EQ(refused(mechanism->step(std::nullopt)), Failure::malformed_request) << "XEP-0484 3.1: one round trip";
}

TEST(Ht, ABindingThatTheChannelHasNotIsRefused) {  // TLS 1.2 gives no exporter: empty data must not stand for it
  for (const auto* name : {"HT-SHA-256-EXPR", "HT-SHA-256-ENDP"}) {
    const auto mechanism = make_mechanism(name, {});
    EXPECT_EQ(refused(mechanism->step("juliet\0"s + proof("token", ""))), Failure::not_authorized);
  }
}

}  // namespace
}  // namespace aldis::sasl
