// A message of the ledger is recognised only when it is what was sent.
#include "message.h"

#include <gtest/gtest.h>

namespace aldis::ledger {
namespace {

TEST(Message, AnIdIsReadBack) {
  const auto id = parse_message_id(MessageId{3, 57, 120}.text());
  ASSERT_TRUE(id);
  EXPECT_EQ(id->sender, 3);
  EXPECT_EQ(id->recipient, 57);
  EXPECT_EQ(id->number, 120);
}

TEST(Message, OtherIdsAreNone) {
  for (const char* text : {"", "ledger-", "ledger-1-2", "ledger-1-2-3-4", "ledger-1-2-3x", "ledger--1-2-3",
                           "edger-1-2-3", "ledger-1-2-"}) {
    EXPECT_FALSE(parse_message_id(text)) << text;
  }
}

std::string received(std::string from) {
  std::string stanza = write_message({3, 57, 9}, "user57@localhost", 60);
  return stanza.insert(stanza.find(" to="), " from='" + std::move(from) + "'");
}

TEST(Message, WhatWasSentIsReadFromWhoSentIt) {
  EXPECT_TRUE(read_message(received("user3@localhost/load"), "user"));
  EXPECT_TRUE(read_message(write_message({3, 57, 9}, "user57@localhost", 1), "user"));
  EXPECT_FALSE(read_message(received("user33@localhost/load"), "user"));
}

TEST(Message, AnotherBodyUnderTheIdIsNotOurs) {
  std::string stanza = received("user3@localhost/load");
  stanza.replace(stanza.find("<body>") + 6, 10, "ledger-4-5");
  EXPECT_FALSE(read_message(stanza, "user"));
}

TEST(Message, OnlyTheStanzaIdOfTheOneAskedForCounts) {
  const std::string_view stanza =
      "<message><stanza-id xmlns='urn:xmpp:sid:0' by='other@localhost' id='wrong'/>"
      "<stanza-id xmlns='urn:xmpp:sid:0' id='right' by='user57@localhost'/></message>";
  EXPECT_EQ(stanza_id(stanza, "user57@localhost"), "right");
  EXPECT_EQ(stanza_id(stanza, "user5@localhost"), "");
}

}  // namespace
}  // namespace aldis::ledger
