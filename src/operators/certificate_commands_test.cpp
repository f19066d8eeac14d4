// Certificates of people on the command line: what is said of them, and what is said back.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operators/certificate_target.h"
#include "operators/command.h"
#include "operators/fake_target.h"
#include "tests/support/test_revocation.h"

namespace aldis::admin {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class CertificateCommands : public testing::Test {
 protected:
  Result<OperatorResult> run(std::string name, std::map<std::string, std::string, std::less<>> values) {
    CommandArguments arguments;
    arguments.values = std::move(values);
    std::optional<Result<OperatorResult>> out;
    const auto take = [](AdminTarget& target, std::string command, CommandArguments args, std::optional<Result<OperatorResult>>& to) -> Task<void> {
      Result<OperatorResult> result = co_await run_command(target, std::move(command), std::move(args), "uid 0");
      to.emplace(std::move(result));
    };
    spawn(take(target_, std::move(name), std::move(arguments), out));
    return std::move(*out);
  }
  std::string refusal(const std::string& name, std::map<std::string, std::string, std::less<>> values) {
    const auto result = run(name, std::move(values));
    return result ? "done" : result.error().what;
  }
  // Rows as "step outcome: detail".
  std::vector<std::string> explained() {
    const auto result = run("cert explain", {{"file", card_}});
    std::vector<std::string> lines;
    for (const auto& row : result->rows) {
      lines.push_back(to_text(row[0]) + " " + to_text(row[1]) + ": " + to_text(row[2]));
    }
    return lines;
  }

  FakeTarget target_;
  const std::string card_ = test::issue({.common_name = "card", .names = "email:J@verona.example,email:k@verona.example", .serial = "0A1B"},
                                        &test::root_authority())
                                .pem();
  const std::string juliet_ = "juliet@capulet.example";
  void SetUp() override {
    target_.accounts[juliet_] = {"old"};
    target_.accounts["nurse@capulet.example"] = {"old"};
  }
};

TEST_F(CertificateCommands, CertificateIsGivenByFileOrByValue) {
  ASSERT_TRUE(run("user certificate add", {{"account", juliet_}, {"file", card_}}));
  ASSERT_TRUE(run("user certificate add", {{"account", juliet_}, {"file", card_}, {"key", "issuer-serial"}}));
  ASSERT_TRUE(run("user certificate add", {{"account", juliet_}, {"key", "edipi"}, {"value", "1234567890"}}));
  const auto done = run("user certificate add", {{"account", juliet_}, {"file", card_}, {"key", "mail"}});
  EXPECT_EQ(done->message, "certificates with mail j@verona.example, mail k@verona.example are juliet@capulet.example's");
  const auto listed = run("user certificate list", {{"account", juliet_}});
  ASSERT_EQ(listed->rows.size(), 5U);
  EXPECT_EQ(to_text(listed->rows[0][0]), "fingerprint");
  EXPECT_EQ(to_text(listed->rows[0][1]).size(), 64U);
  EXPECT_EQ(to_text(listed->rows[1][1]), "0a1b CN=Verona Root");
  EXPECT_EQ(listed->rows[0].size(), listed->columns.size());
  ASSERT_TRUE(run("user certificate remove", {{"account", juliet_}, {"file", card_}, {"key", "mail"}}));
  ASSERT_TRUE(run("user certificate remove", {{"account", juliet_}, {"file", card_}}));
  EXPECT_EQ(target_.certificates.size(), 2U);
  EXPECT_THAT(refusal("user certificate remove", {{"account", juliet_}, {"file", card_}}), HasSubstr("has no such certificate"));
}

TEST_F(CertificateCommands, WhatIsMeantMustBeClear) {
  const std::string add = "user certificate add";
  EXPECT_THAT(refusal(add, {{"account", juliet_}}), HasSubstr("either a file or a value"));
  EXPECT_THAT(refusal(add, {{"account", juliet_}, {"file", card_}, {"key", "mail"}, {"value", "a@b"}}), HasSubstr("either a file or a value"));
  EXPECT_THAT(refusal(add, {{"account", juliet_}, {"value", "a@b"}}), HasSubstr("needs its key"));
  EXPECT_THAT(refusal(add, {{"account", juliet_}, {"key", "common-name"}, {"value", "a"}}), HasSubstr("there is no key"));
  EXPECT_THAT(refusal(add, {{"account", juliet_}, {"key", "edipi"}, {"value", "123"}}), HasSubstr("ten digits"));
  EXPECT_THAT(refusal(add, {{"account", juliet_}, {"key", "edipi"}, {"value", "1\n2"}}), HasSubstr("one line"));
  EXPECT_THAT(refusal(add, {{"account", juliet_}, {"file", card_}, {"key", "uuid"}}), HasSubstr("has no uuid"));
  EXPECT_THAT(refusal(add, {{"account", juliet_}, {"file", "nonsense"}}), HasSubstr("PEM form"));
  EXPECT_THAT(refusal(add, {{"account", juliet_}, {"file", "-----BEGIN CERTIFICATE-----\nnonsense"}}), HasSubstr("no certificate"));
  EXPECT_THAT(refusal(add, {{"account", "nobody@capulet.example"}, {"key", "edipi"}, {"value", "1234567890"}}), HasSubstr("there is no account"));
  ASSERT_TRUE(run(add, {{"account", juliet_}, {"key", "edipi"}, {"value", "1234567890"}}));
  EXPECT_EQ(refusal(add, {{"account", "nurse@capulet.example"}, {"key", "edipi"}, {"value", "1234567890"}}), juliet_ + " has it");
}

TEST_F(CertificateCommands, ResponsesAreBroughtByHand) {
  const std::string response = "-----BEGIN OCSP RESPONSE-----\n";
  const auto done = run("cert import-ocsp", {{"file", response}});
  EXPECT_EQ(done->message, "2 of 3 answers are newer than what was known, and count from now on");
  ASSERT_TRUE(run("cert import-ocsp", {{"file", response}, {"issuer", card_}}));
  EXPECT_THAT(target_.calls, ElementsAre("OCSP responses of 30 bytes, issuers of 0", HasSubstr("issuers of " + std::to_string(card_.size()))));
  EXPECT_THAT(refusal("cert import-ocsp", {{"file", "-----BEGIN X509 CRL-----\n"}}), HasSubstr("OCSP responses in PEM form"));
}

// What the running server and the store of a stopped one do with them.
TEST_F(CertificateCommands, TheIssuerOfAResponseIsAnAuthorityOrGiven) {
  const test::Identity romeo = test::issue({}, &test::intermediate_authority());
  const std::string response = test::make_ocsp(romeo, test::intermediate_authority(), {.status = V_OCSP_CERTSTATUS_REVOKED});
  const WallTime now = test::ManualClock().wall();
  const Authorities root = [] { return std::vector{test::root_authority().certificate}; };
  tls::RevocationCache known;
  const auto refused = import_responses(known, root, response, {}, now);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::not_found);
  EXPECT_THAT(import_responses(known, root, response, "no certificate", now).error().what, HasSubstr("no certificate can be read"));
  EXPECT_EQ(import_responses(known, root, response, test::intermediate_authority().pem(), now)->newer, 1U);
  const Authorities both = [] { return std::vector{test::root_authority().certificate, test::intermediate_authority().certificate}; };
  EXPECT_EQ(import_responses(known, both, response, {}, now)->newer, 0U);
}

TEST_F(CertificateCommands, ExplanationsGoStepByStep) {
  CertificateJudgement& judged = target_.judgement;
  judged = {.domain = "capulet.example", .step = CertificateStep::domain, .why = "the domain lets nobody log in with a certificate"};
  EXPECT_THAT(explained(), ElementsAre("domain refused: capulet.example: the domain lets nobody log in with a certificate",
                                       "account refused: the domain lets nobody log in with a certificate"));
  judged.step = CertificateStep::trust;
  judged.fields.subject = "CN=card";
  judged.fields.issuer = "CN=Verona Root";
  judged.fields.serial = "0a1b";
  judged.verdict.problem = tls::CertificateProblem::expired;
  judged.why = "it ended on Tuesday";
  EXPECT_THAT(explained(), testing::Contains(HasSubstr("trust refused: it ended on Tuesday; ")));
  judged.verdict.problem.reset();
  judged.step = CertificateStep::conflict;
  const BareJid juliet = BareJid::parse(juliet_).value();
  const BareJid nurse = BareJid::parse("nurse@capulet.example").value();
  judged.match.tried = {{CertificateRule::upn, {}, {}}, {CertificateRule::mail, {"mail a@b", "mail c@d"}, {juliet, nurse}}};
  judged.match.is_conflict = true;
  judged.why = "the rule mail finds several accounts";
  EXPECT_THAT(explained(), testing::IsSupersetOf({"rule upn nobody: the certificate has nothing for it",
                                                  "rule mail conflict: mail a@b, mail c@d -> juliet@capulet.example, nurse@capulet.example",
                                                  "account refused: the rule mail finds several accounts"}));
  judged.step = CertificateStep::somebody;
  judged.match.is_conflict = false;
  judged.match.accounts = {juliet, nurse};
  target_.accounts["nurse@capulet.example"].is_enabled = false;
  EXPECT_THAT(explained(), testing::IsSupersetOf({"account ok: juliet@capulet.example, enabled", "account refused: nurse@capulet.example: disabled",
                                                  "choice ok: the client must say which of them (authzid)"}));
}

}  // namespace
}  // namespace aldis::admin
