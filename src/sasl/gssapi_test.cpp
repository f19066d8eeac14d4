// Kerberos as messages: what a security context says is played by the tests, each wish of the mechanism once and in order.
#include "sasl/gssapi.h"

#include <gtest/gtest.h>

namespace aldis::sasl {
namespace {

using namespace std::string_literals;
using Call = NeedContext::Call;

const std::string juliet = "juliet@capulet.example";

Context bound_stream() {
  Context context;
  context.bindings = {"exporter", "end-point"};
  context.offered = {"GS2-KRB5-PLUS", "GS2-KRB5", "GSSAPI"};
  context.offered_bindings = {"tls-exporter", "tls-server-end-point"};
  return context;
}

ContextAnswer established(std::string data = "reply") {
  return {.refusal = {}, .data = std::move(data), .is_established = true, .has_integrity = true, .has_mutual = true, .is_bound = true};
}
ContextAnswer said(std::string data) { return {.refusal = {}, .data = std::move(data)}; }

std::string challenge(const Outcome& outcome) {
  const auto* found = std::get_if<Challenge>(&outcome);
  EXPECT_NE(found, nullptr);
  return found != nullptr ? found->data : "none";
}
NeedContext need(const Outcome& outcome) {
  const auto* found = std::get_if<NeedContext>(&outcome);
  EXPECT_NE(found, nullptr);
  return found != nullptr ? *found : NeedContext{};
}
// The condition, or "none" where it did not fail.
std::string failure(const Outcome& outcome) {
  const auto* failed = std::get_if<Failed>(&outcome);
  return failed != nullptr ? std::string(to_string(failed->condition)) : "none";
}

// Up to the client's choice of a layer.
std::unique_ptr<Mechanism> at_choice() {
  auto mechanism = make_mechanism("GSSAPI", {});
  (void)mechanism->step("token");
  (void)mechanism->supply_context(established());
  (void)mechanism->step("");
  (void)mechanism->supply_context(said("wrapped"));
  (void)mechanism->step("choice");
  return mechanism;
}

TEST(Gssapi, OffersNoLayerAndAsksWhoseTheTicketIs) {  // RFC 4752 section 3.2
  const auto mechanism = make_mechanism("GSSAPI", {});
  NeedContext asked = need(mechanism->step("token"));
  EXPECT_EQ(asked.call, Call::accept);
  EXPECT_EQ(asked.data, "token");
  EXPECT_FALSE(asked.binding.has_value()) << "RFC 4752: no channel bindings";
  EXPECT_EQ(challenge(mechanism->supply_context(established())), "reply");
  asked = need(mechanism->step(""));
  EXPECT_EQ(asked.call, Call::wrap);
  EXPECT_EQ(asked.data, "\x01\0\0\0"s);
  EXPECT_EQ(challenge(mechanism->supply_context(said("wrapped"))), "wrapped");
  asked = need(mechanism->step("choice"));
  EXPECT_EQ(asked.call, Call::unwrap);
  EXPECT_EQ(asked.data, "choice");
  EXPECT_EQ(std::get<NeedIdentities>(mechanism->supply_context(said("\x01\0\0\0"s + juliet))).authzid, juliet);
  const auto success = std::get<Success>(mechanism->supply_identities({juliet}, juliet));
  EXPECT_EQ(success.username, juliet);
  EXPECT_EQ(success.authzid, juliet);
  EXPECT_EQ(success.data, "");
  EXPECT_FALSE(success.is_channel_bound);
  EXPECT_EQ(failure(mechanism->step("token")), "malformed-request");
}

TEST(Gssapi, WithoutMutualAuthenticationTheWrappedOfferProvesTheServer) {
  const auto mechanism = make_mechanism("GSSAPI", {});
  (void)mechanism->step("token");
  ContextAnswer answer = established("");
  answer.has_mutual = false;
  EXPECT_EQ(need(mechanism->supply_context(answer)).call, Call::wrap);
}

TEST(Gssapi, WithoutInitialResponseAsksOnce) {
  const auto mechanism = make_mechanism("GSSAPI", {});
  EXPECT_EQ(challenge(mechanism->step(std::nullopt)), "");
  EXPECT_EQ(need(mechanism->step("token")).data, "token");
  const auto stubborn = make_mechanism("GSSAPI", {});
  (void)stubborn->step(std::nullopt);
  EXPECT_EQ(failure(stubborn->step(std::nullopt)), "malformed-request");
}

TEST(Gssapi, WhatTheContextRefusesIsNotAuthorized) {
  for (const std::size_t at : {0U, 1U}) {
    const auto mechanism = make_mechanism("GSSAPI", {});
    (void)mechanism->step("token");
    if (at == 1) {
      (void)mechanism->supply_context(established());
      (void)mechanism->step("");
      (void)mechanism->supply_context(said("wrapped"));
      (void)mechanism->step("choice");
    }
    EXPECT_EQ(failure(mechanism->supply_context({.refusal = "a replay"})), "not-authorized");
    EXPECT_EQ(failure(mechanism->step("token")), "malformed-request") << "and it is over";
  }
}

TEST(Gssapi, ContextsThatAreNotWorthMuchAreRefused) {
  const auto without = make_mechanism("GSSAPI", {});
  (void)without->step("token");
  ContextAnswer answer = established();
  answer.has_integrity = false;
  EXPECT_EQ(failure(without->supply_context(answer)), "not-authorized");

  const auto silent = make_mechanism("GSSAPI", {});
  (void)silent->step("token");
  EXPECT_EQ(failure(silent->supply_context(said(""))), "not-authorized") << "neither established nor anything to say";

  const auto endless = make_mechanism("GSSAPI", {});
  Outcome outcome = endless->step("token");
  int tokens = 0;
  for (; std::holds_alternative<NeedContext>(outcome) && tokens < 100; ++tokens) {
    (void)endless->supply_context(said("more"));
    outcome = endless->step("token");
  }
  EXPECT_EQ(tokens, 4);
  EXPECT_EQ(failure(outcome), "malformed-request");
}

TEST(Gssapi, MessagesOutOfOrderAreMalformed) {
  const auto empty = make_mechanism("GSSAPI", {});
  EXPECT_EQ(failure(empty->step("")), "malformed-request");
  const auto chatty = make_mechanism("GSSAPI", {});
  (void)chatty->step("token");
  (void)chatty->supply_context(established());
  EXPECT_EQ(failure(chatty->step("more")), "malformed-request") << "the reply to the last token is empty";
}

struct Choice {
  std::string_view why;
  std::string message;
  std::optional<std::string> authzid;   // nothing: refused
};
class LayerChoice : public testing::TestWithParam<Choice> {};

TEST_P(LayerChoice, IsReadStrictly) {  // RFC 4752 section 3.2; security S01
  const auto& [why, message, authzid] = GetParam();
  const auto mechanism = at_choice();
  const Outcome outcome = mechanism->supply_context(said(message));
  if (!authzid) {
    EXPECT_EQ(failure(outcome), "malformed-request") << why;
    return;
  }
  const auto* asked = std::get_if<NeedIdentities>(&outcome);
  ASSERT_NE(asked, nullptr) << why;
  EXPECT_EQ(asked->authzid, *authzid) << why;
}

INSTANTIATE_TEST_SUITE_P(Each, LayerChoice,
                         testing::Values(Choice{"nobody in particular", "\x01\0\0\0"s, ""}, Choice{"somebody", "\x01\0\0\0juliet"s, "juliet"},
                                         Choice{"empty", "", {}}, Choice{"short", "\x01\0\0"s, {}}, Choice{"no choice", "\0\0\0\0"s, {}},
                                         Choice{"integrity", "\x02\0\0\0"s, {}}, Choice{"confidentiality", "\x04\xff\xff\xff"s, {}},
                                         Choice{"several", "\x07\0\0\0"s, {}}, Choice{"one more bit", "\x09\0\0\0"s, {}},
                                         Choice{"a size", "\x01\0\x10\0"s, {}}, Choice{"NUL", "\x01\0\0\0juliet\0"s, {}},
                                         Choice{"NUL in the midst", "\x01\0\0\0juliet\0@capulet.example"s, {}},
                                         Choice{"3,072 bytes", "\x01\0\0\0"s + std::string(3072, 'a'), {}}));

TEST(Gssapi, NobodyIsAnybodyElse) {  // security S01
  EXPECT_EQ(failure([] {
              const auto mechanism = at_choice();
              (void)mechanism->supply_context(said("\x01\0\0\0romeo@capulet.example"s));
              return mechanism->supply_identities({juliet}, "romeo@capulet.example");
            }()),
            "invalid-authzid");
  const auto nobody = at_choice();
  (void)nobody->supply_context(said("\x01\0\0\0"s));
  EXPECT_EQ(failure(nobody->supply_identities({}, std::nullopt)), "not-authorized");
}

// ---- GS2

TEST(Gs2, HeaderOfTheTokenIsRestored) {  // RFC 2743 section 3.1
  EXPECT_EQ(with_token_header("ab"), "\x60\x0d\x06\x09\x2a\x86\x48\x86\xf7\x12\x01\x02\x02" "ab"s);
  EXPECT_EQ(with_token_header(std::string(116, 'a')).substr(0, 2), "\x60\x7f"s);
  EXPECT_EQ(with_token_header(std::string(117, 'a')).substr(0, 3), "\x60\x81\x80"s);
  EXPECT_EQ(with_token_header(std::string(245, 'a')).substr(0, 4), "\x60\x82\x01\x00"s);
  EXPECT_EQ(with_token_header(std::string(70'000, 'a')).substr(0, 5), "\x60\x83\x01\x11\x7b"s);
}

TEST(Gs2, BindsToTheChannelAndTheHeader) {  // RFC 5801 sections 4 and 5.1
  const auto mechanism = make_mechanism("GS2-KRB5-PLUS", bound_stream());
  const NeedContext asked = need(mechanism->step("p=tls-exporter,a=" + juliet + ",token"));
  EXPECT_EQ(asked.call, Call::accept);
  EXPECT_EQ(asked.data, with_token_header("token"));
  EXPECT_EQ(asked.binding, "p=tls-exporter,a=" + juliet + ",exporter");
  EXPECT_EQ(challenge(mechanism->supply_context(established())), "reply");
  EXPECT_EQ(std::get<NeedIdentities>(mechanism->step("")).authzid, juliet);
  const auto success = std::get<Success>(mechanism->supply_identities({juliet}, juliet));
  EXPECT_TRUE(success.is_channel_bound);
  EXPECT_EQ(success.channel_binding, "tls-exporter");
  EXPECT_EQ(success.username, juliet);
}

TEST(Gs2, WithoutAChannelTheHeaderIsBoundTo) {
  const auto mechanism = make_mechanism("GS2-KRB5", bound_stream());
  const NeedContext asked = need(mechanism->step("F,n,a=a=2Cb,token"));
  EXPECT_EQ(asked.data, "token") << "F: the header was never there";
  EXPECT_EQ(asked.binding, "n,a=a=2Cb,") << "without F";
  (void)mechanism->supply_context(established());
  EXPECT_EQ(std::get<NeedIdentities>(mechanism->step("")).authzid, "a,b");
  EXPECT_FALSE(std::get<Success>(mechanism->supply_identities({"a,b"}, "a,b")).is_channel_bound);
}

struct First {
  std::string_view why;
  std::string_view mechanism;
  std::string message;
  std::string_view condition;
};
class Gs2First : public testing::TestWithParam<First> {};

TEST_P(Gs2First, IsRefused) {  // RFC 5801 section 7; security S03, S04
  const auto mechanism = make_mechanism(GetParam().mechanism, bound_stream());
  EXPECT_EQ(failure(mechanism->step(GetParam().message)), GetParam().condition) << GetParam().why;
  EXPECT_EQ(failure(mechanism->step(GetParam().message)), "malformed-request");
}

INSTANTIATE_TEST_SUITE_P(
    Each, Gs2First,
    testing::Values(First{"nothing", "GS2-KRB5", "", "malformed-request"}, First{"no header", "GS2-KRB5", "token", "malformed-request"},
                    First{"half a header", "GS2-KRB5", "n,", "malformed-request"}, First{"no token", "GS2-KRB5", "n,,", "malformed-request"},
                    First{"another flag", "GS2-KRB5", "x,,token", "malformed-request"}, First{"upper case", "GS2-KRB5", "N,,token", "malformed-request"},
                    First{"an empty authzid", "GS2-KRB5", "n,a=,token", "malformed-request"},
                    First{"no authzid's name", "GS2-KRB5", "n,juliet,token", "malformed-request"},
                    First{"an equals sign", "GS2-KRB5", "n,a=a=b,token", "malformed-request"},
                    First{"NUL", "GS2-KRB5", "n,a=a\0b,token"s, "malformed-request"},
                    First{"a long authzid", "GS2-KRB5", "n,a=" + std::string(3072, 'a') + ",token", "malformed-request"},
                    First{"F twice", "GS2-KRB5", "F,F,n,,token", "malformed-request"},
                    First{"a binding's empty name", "GS2-KRB5-PLUS", "p=,,token", "malformed-request"},
                    First{"-PLUS without binding", "GS2-KRB5-PLUS", "n,,token", "not-authorized"},
                    First{"-PLUS was stripped", "GS2-KRB5", "y,,token", "not-authorized"},
                    First{"binding without -PLUS", "GS2-KRB5", "p=tls-exporter,,token", "not-authorized"},
                    First{"tls-unique", "GS2-KRB5-PLUS", "p=tls-unique,,token", "not-authorized"}));

TEST(Gs2, AClientThatBoundToNothingIsRefused) {
  for (const auto* name : {"GS2-KRB5", "GS2-KRB5-PLUS"}) {
    const auto mechanism = make_mechanism(name, bound_stream());
    (void)mechanism->step(name == "GS2-KRB5"s ? "n,,token" : "p=tls-exporter,,token");
    ContextAnswer answer = established();
    answer.is_bound = false;
    EXPECT_EQ(failure(mechanism->supply_context(answer)), "not-authorized") << name;
  }
}

TEST(Gs2, WithoutMutualAuthenticationNobodyComesIn) {  // RFC 5801 section 8
  const auto mechanism = make_mechanism("GS2-KRB5", bound_stream());
  (void)mechanism->step("n,,token");
  ContextAnswer answer = established();
  answer.has_mutual = false;
  EXPECT_EQ(failure(mechanism->supply_context(answer)), "not-authorized");
}

TEST(Gs2, AnotherFlagThanOfferedIsFineWhereThereIsNoPlus) {
  Context context = bound_stream();
  context.offered = {"GS2-KRB5"};
  const auto mechanism = make_mechanism("GS2-KRB5", context);
  EXPECT_EQ(need(mechanism->step("y,,token")).binding, "y,,");
}

}  // namespace
}  // namespace aldis::sasl
