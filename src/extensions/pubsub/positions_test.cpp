// A moving user (XEP-0080 over XEP-0163): who watches is told no more often than position_interval, and of the last position always.
#include <gtest/gtest.h>

#include "tests/support/default_extensions.h"
#include "tests/support/scene.h"

namespace aldis::test {
namespace {

constexpr std::string_view geoloc = "http://jabber.org/protocol/geoloc";
constexpr std::string_view pubsub = "http://jabber.org/protocol/pubsub";

class Moving : public ::testing::Test {
 protected:
  Moving() {
    for (Client* each : {&romeo_, &juliet_, &nurse_}) {
      each->comes_online();
    }
    romeo_.ignores_the_rest();
    juliet_.ignores_the_rest();
    at("45.0");
    juliet_.asks("set", "romeo@montague.example", "<pubsub xmlns='" + std::string(pubsub) + "'><subscribe node='" + std::string(geoloc) + "' jid='juliet@capulet.example'/></pubsub>");
    juliet_.ignores_the_rest();
    scene_.advance(std::chrono::seconds(2));
    juliet_.receives_nothing();
  }
  void at(std::string_view lat) {
    romeo_.asks("set", "", "<pubsub xmlns='" + std::string(pubsub) + "'><publish node='" + std::string(geoloc) + "'><item id='current'><geoloc xmlns='" + std::string(geoloc) +
                               "'><lat>" + std::string(lat) + "</lat><lon>12.0</lon></geoloc></item></publish></pubsub>");
  }

  Scene scene_;
  const bool are_contacts_ = (scene_.are_contacts("romeo@montague.example", "juliet@capulet.example"), true);   // before they log in
  Client& romeo_ = scene_.login("romeo@montague.example/phone");
  Client& juliet_ = scene_.login("juliet@capulet.example/balcony");
  Client& nurse_ = scene_.login("nurse@capulet.example/hall");   // the bystander
};

TEST_F(Moving, TheFirstIsToldAtOnceAndThenTheLast) {
  for (const std::string_view lat : {"45.1", "45.2", "45.3"}) {
    at(lat);
  }
  juliet_.receives("<lat>45.1</lat>");
  juliet_.receives_nothing();
  scene_.advance(std::chrono::milliseconds(500));
  juliet_.receives("<lat>45.3</lat>");
  scene_.advance(std::chrono::seconds(10));
  juliet_.receives_nothing();
  at("45.4");
  juliet_.receives("<lat>45.4</lat>");
}

TEST_F(Moving, WhoMovesAllTheTimeIsToldEveryInterval) {
  int told = 0;
  for (int i = 0; i < 50; ++i) {   // five seconds
    at("45.1" + std::to_string(i));
    scene_.advance(std::chrono::milliseconds(100));
    told += static_cast<int>(juliet_.waiting());
    juliet_.ignores_the_rest();
  }
  EXPECT_GE(told, 9);
  EXPECT_LE(told, 12);
  at("45.9");
  scene_.advance(std::chrono::seconds(1));
  juliet_.receives_among({"<lat>45.9</lat>"});
}

TEST_F(Moving, ARetractionDoesNotOvertakeWhatWaits) {
  at("45.1");
  at("45.2");
  juliet_.receives("<lat>45.1</lat>");
  romeo_.asks("set", "", "<pubsub xmlns='" + std::string(pubsub) + "'><retract node='" + std::string(geoloc) + "' notify='1'><item id='current'/></retract></pubsub>");
  juliet_.receives("<lat>45.2</lat>");
  juliet_.receives("<retract id='current'/>");
  scene_.advance(std::chrono::seconds(2));
  juliet_.receives_nothing();
}

TEST_F(Moving, WhatIsStoredIsTheNewest) {
  at("45.1");
  at("45.2");
  juliet_.receives("<lat>45.1</lat>");
  EXPECT_NE(juliet_.asks("get", "romeo@montague.example", "<pubsub xmlns='" + std::string(pubsub) + "'><items node='" + std::string(geoloc) + "'/></pubsub>").find("<lat>45.2</lat>"),
            std::string::npos);
  scene_.advance(std::chrono::seconds(1));
  juliet_.receives("<lat>45.2</lat>");
}

TEST_F(Moving, AnAnswerShowsAPositionWhenItIsOldEnough) {   // docs/positions.md
  scene_.world().policy.set_positions(
      policy::PositionRules::make({policy::LocationOptions{.name = "late", .users = {"juliet@capulet.example"}, .position_delay = std::chrono::seconds(60)}}).value());
  at("45.1");
  const auto asks = [&] {
    return juliet_.asks("get", "romeo@montague.example", "<pubsub xmlns='" + std::string(pubsub) + "'><items node='" + std::string(geoloc) + "'/></pubsub>");
  };
  EXPECT_EQ(asks().find("45.1"), std::string::npos);
  juliet_.receives_nothing();
  scene_.advance(std::chrono::seconds(60));
  juliet_.receives("<lat>45.1</lat>");
  EXPECT_NE(asks().find("<lat>45.1</lat>"), std::string::npos);
}

}  // namespace
}  // namespace aldis::test
