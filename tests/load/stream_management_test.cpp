// The client's counters of XEP-0198.
#include "stream_management.h"

#include <gtest/gtest.h>

namespace aldis::load {
namespace {

StreamManagement session_that_sent(int stanzas) {
  StreamManagement session;
  session.enabling();
  session.enabled("some-id");
  for (int i = 0; i < stanzas; ++i) {
    session.sent();
  }
  return session;
}

TEST(StreamManagement, AnAckSaysHowManyMoreWereHandled) {
  auto session = session_that_sent(5);
  EXPECT_EQ(session.acknowledged(2), 2U);
  EXPECT_EQ(session.acknowledged(2), 0U);
  EXPECT_EQ(session.acknowledged(5), 3U);
  EXPECT_EQ(session.unacknowledged(), 0U);
}

TEST(StreamManagement, AnAckOfWhatWasNotSentOrGoesBackIsRefused) {
  auto session = session_that_sent(5);
  EXPECT_EQ(session.acknowledged(6), std::nullopt);
  EXPECT_EQ(session.acknowledged(3), 3U);
  EXPECT_EQ(session.acknowledged(2), std::nullopt);
  EXPECT_EQ(session.unacknowledged(), 2U);
}

TEST(StreamManagement, AResumedSessionCountsWhatIsSentAgain) {
  auto session = session_that_sent(5);
  EXPECT_EQ(session.resumed(3), 3U);
  EXPECT_EQ(session.sent_count(), 3U);
  session.sent();
  session.sent();
  EXPECT_EQ(session.acknowledged(5), 2U);
}

TEST(StreamManagement, WhatWasSentBeforeEnabledCameCounts) {
  StreamManagement session;
  session.enabling();
  session.sent();
  session.enabled("");
  EXPECT_FALSE(session.can_resume());
  EXPECT_EQ(session.acknowledged(1), 1U);
}

TEST(StreamManagement, CountsAreNumbersBelowTwoToThe32) {
  EXPECT_EQ(handled_count_of("<a xmlns='urn:xmpp:sm:3' h='4294967295'/>"), 4294967295U);
  EXPECT_EQ(handled_count_of("<a xmlns='urn:xmpp:sm:3' h='4294967296'/>"), std::nullopt);
  EXPECT_EQ(handled_count_of("<a xmlns='urn:xmpp:sm:3' h='-1'/>"), std::nullopt);
  EXPECT_EQ(handled_count_of("<a xmlns='urn:xmpp:sm:3'/>"), std::nullopt);
}

}  // namespace
}  // namespace aldis::load
