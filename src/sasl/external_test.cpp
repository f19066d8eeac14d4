// EXTERNAL as a table of (certificate's identities, authzid, outcome).
#include "sasl/external.h"

#include <gtest/gtest.h>

namespace aldis::sasl {
namespace {

using namespace std::string_literals;

const std::string juliet = "juliet@capulet.example";
const std::string nurse = "nurse@capulet.example";

struct Row {
  std::string_view why;
  std::vector<std::string> identities;
  std::string authzid;
  std::optional<std::string> prepared;             // as the caller prepares the authzid
  std::variant<std::string, Failure> expected;     // who it is, or why not
};

class ExternalIdentity : public testing::TestWithParam<Row> {};

TEST_P(ExternalIdentity, IsWhatTheCertificateSays) {  // XEP-0178 section 2; security S01, S10
  const Row& row = GetParam();
  External mechanism;
  const Outcome asked = mechanism.step(row.authzid);
  ASSERT_TRUE(std::holds_alternative<NeedIdentities>(asked)) << row.why;
  EXPECT_EQ(std::get<NeedIdentities>(asked).authzid, row.authzid);
  const Outcome outcome = mechanism.supply_identities(row.identities, row.prepared);
  if (const auto* who = std::get_if<std::string>(&row.expected)) {
    ASSERT_TRUE(std::holds_alternative<Success>(outcome)) << row.why;
    EXPECT_EQ(std::get<Success>(outcome).username, *who) << row.why;
    EXPECT_EQ(std::get<Success>(outcome).data, "");
    EXPECT_FALSE(std::get<Success>(outcome).is_channel_bound);
  } else {
    ASSERT_TRUE(std::holds_alternative<Failed>(outcome)) << row.why;
    EXPECT_EQ(std::get<Failed>(outcome).condition, std::get<Failure>(row.expected)) << row.why;
  }
  const Outcome again = mechanism.step("");
  ASSERT_TRUE(std::holds_alternative<Failed>(again));
  EXPECT_EQ(std::get<Failed>(again).condition, Failure::malformed_request);
}

INSTANTIATE_TEST_SUITE_P(
    Each, ExternalIdentity,
    testing::Values(Row{"one, none asked for", {juliet}, "", std::nullopt, juliet},
                    Row{"one, asked for", {juliet}, juliet, juliet, juliet},
                    Row{"one, asked for in capitals", {juliet}, "JULIET@Capulet.Example", juliet, juliet},
                    Row{"one, another asked for", {juliet}, nurse, nurse, Failure::invalid_authzid},
                    Row{"one, no address asked for", {juliet}, "ju liet@", std::nullopt, Failure::invalid_authzid},
                    Row{"one, a bare localpart asked for", {juliet}, "juliet", "juliet", Failure::invalid_authzid},
                    Row{"several, none asked for", {juliet, nurse}, "", std::nullopt, Failure::invalid_authzid},
                    Row{"several, the second asked for", {juliet, nurse}, nurse, nurse, nurse},
                    Row{"several, a third asked for", {juliet, nurse}, "romeo@capulet.example", "romeo@capulet.example",
                        Failure::invalid_authzid},
                    Row{"none", {}, "", std::nullopt, Failure::not_authorized},
                    Row{"none, and one asked for", {}, juliet, juliet, Failure::not_authorized}));

TEST(External, MessageIsOneAddressAtMost) {  // RFC 4422 appendix A.1
  for (const std::string& message : {"juliet@capulet.example\0"s, "\0"s, std::string(10'240, 'a')}) {
    const Outcome outcome = External().step(message);
    ASSERT_TRUE(std::holds_alternative<Failed>(outcome)) << message.size();
    EXPECT_EQ(std::get<Failed>(outcome).condition, Failure::malformed_request);
  }
}

TEST(External, WithoutInitialResponseAsksOnce) {  // RFC 4422 section 5
  External mechanism;
  const Outcome first = mechanism.step(std::nullopt);
  ASSERT_TRUE(std::holds_alternative<Challenge>(first));
  EXPECT_EQ(std::get<Challenge>(first).data, "");
  EXPECT_TRUE(std::holds_alternative<Failed>(External(mechanism).step(std::nullopt)));
  EXPECT_TRUE(std::holds_alternative<NeedIdentities>(mechanism.step("")));
}

}  // namespace
}  // namespace aldis::sasl
