// XEP-0395 (0.2.0): an item is published only after the one that its publisher has seen.
#include "tests/support/pubsub_scene.h"

namespace aldis::test {
namespace {

constexpr std::string_view field = "prev_item_cap_value";

class Xep0395 : public Elsinore {
 protected:
  // Of this item in an answer.
  static std::string value_in(const std::string& answer, std::string_view id) {
    const std::string entry = "<cap-v-map-entry item-id='" + std::string(id) + "' cap-value='";
    const std::size_t at = answer.find(entry);
    return at == std::string::npos ? "none" : answer.substr(at + entry.size(), answer.find('\'', at + entry.size()) - at - entry.size());
  }
  std::string value(std::string_view id, std::string_view node = musings) { return value_in(done(horatio, "get", items_xml(node)), id); }
  std::string compares(Client& client, std::string_view id, std::string_view expected, std::string_view node = musings) {
    return answer(client, "set", publish_xml(node, id, entry_xml(), {{field, expected}}));
  }
  static bool is_done(const std::string& answer) { return holds(answer, "type='result'"); }
  static std::string conflict_with(std::string_view value) {
    return "<error type='modify'><conflict xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/><precondition-not-met xmlns='http://jabber.org/protocol/pubsub#errors'/>"
           "<compare-and-publish-failed xmlns='urn:xmpp:pubsub:cap:0' cap-id='" + std::string(value) + "'/></error>";
  }
};

TEST_F(Xep0395, EveryItemHasAValueInEveryAnswer) {   // section 3.1
  creates(hamlet);
  EXPECT_FALSE(holds(done(horatio, "get", items_xml(musings)), "cap-v-map"));
  publishes(hamlet, musings, "a");
  publishes(hamlet, musings, "b");
  const std::string all = done(horatio, "get", items_xml(musings));
  EXPECT_TRUE(holds(all, "</item><cap-v-map xmlns='urn:xmpp:pubsub:cap:0'><cap-v-map-entry item-id='a' cap-value='")) << all;
  EXPECT_NE(value_in(all, "a"), value_in(all, "b"));
  EXPECT_EQ(value_in(done(horatio, "get", items_xml(musings, "<item id='b'/>")), "b"), value_in(all, "b")) << "it stays while nothing changes";
  scene.advance(std::chrono::seconds(1));
  publishes(hamlet, musings, "b");
  EXPECT_NE(value("b"), value_in(all, "b"));
}

TEST_F(Xep0395, WhoHasSeenTheLastItemPublishes) {   // section 3.2
  creates(hamlet);
  affiliates(hamlet, "horatio@denmark.lit", "publisher");
  hush({&horatio});
  publishes(hamlet, musings, "a");
  const std::string seen = value("a");
  EXPECT_TRUE(is_done(compares(hamlet, "b", seen)));
  // Horatio has seen the same, and is too late: nothing of his is published, and he is told what is the last.
  const std::string late = compares(horatio, "c", seen);
  EXPECT_TRUE(matches(late, "<iq type='error'>" + conflict_with(value("b")) + "</iq>")) << late;
  EXPECT_EQ(items(horatio), (std::vector<std::string>{"a", "b"}));
  EXPECT_TRUE(is_done(compares(horatio, "c", value("b"))));
  done(hamlet, "set", retract_xml(musings, "c"));
  EXPECT_TRUE(is_done(compares(hamlet, "d", value("b")))) << "after a retraction the one before is the last";
}

TEST_F(Xep0395, OfTwoThatAreSentAtOnceOneIsPublished) {   // "to prevent race conditions"
  creates(hamlet);
  affiliates(hamlet, "horatio@denmark.lit", "publisher");
  hush({&horatio});
  publishes(hamlet, musings, "a");
  const std::string seen = value("a");
  const auto request = [&](std::string_view id) {
    return "<iq type='set' id='ask' to='" + std::string(pubsub_service) + "'>" + publish_xml(musings, id, entry_xml(), {{field, seen}}) + "</iq>";
  };
  hamlet.sends_without_running(request("b"));
  horatio.sends(request("c"));
  const std::string first = hamlet.receives_among({"<iq", "id='ask'"});
  const std::string second = horatio.receives_among({"<iq", "id='ask'"});
  EXPECT_NE(is_done(first), is_done(second)) << first << second;
  EXPECT_EQ(items(horatio).size(), 2U);
}

TEST_F(Xep0395, AnEmptyValueIsThatOfNoItem) {
  creates(hamlet);
  EXPECT_TRUE(matches(compares(hamlet, "a", "x"), "<iq type='error'>" + conflict_with("") + "</iq>"));
  EXPECT_TRUE(is_done(compares(hamlet, "a", "")));
  EXPECT_TRUE(matches(compares(hamlet, "b", ""), "<iq type='error'>" + conflict_with(value("a")) + "</iq>"));
}

TEST_F(Xep0395, OtherOptionsHoldBesides) {
  creates(hamlet);
  publishes(hamlet, musings, "a");
  const std::string seen = value("a");
  refused(hamlet, "set", publish_xml(musings, "b", entry_xml(), {{field, seen}, {"access_model", "whitelist"}}), "cancel conflict precondition-not-met");
  EXPECT_TRUE(is_done(answer(hamlet, "set", publish_xml(musings, "b", entry_xml(), {{field, seen}, {"access_model", "open"}}))));
  refused(hamlet, "set", publish_xml(musings, "c", entry_xml(), {{field, "1\n2"}}), "cancel conflict precondition-not-met");
}

TEST_F(Xep0395, WhoMayNotReadIsToldNothing) {   // security B01
  creates(hamlet);
  publishes(hamlet, musings, "a");
  const std::string seen = value("a");
  affiliates(hamlet, "bernardo@denmark.lit", "publish-only");
  hush({&bernardo});
  refused(bernardo, "set", publish_xml(musings, "b", entry_xml(), {{field, seen}}), "auth forbidden");
  refused(bernardo, "set", publish_xml(musings, "b", entry_xml(), {{field, "x"}}), "auth forbidden");
  refused(francisco, "set", publish_xml(musings, "b", entry_xml(), {{field, seen}}), "auth forbidden");
  none_sees();
}

TEST_F(Xep0395, ServiceAndAccountSaySo) {   // section 2
  EXPECT_TRUE(holds(done(hamlet, "get", info_xml()), "<feature var='urn:xmpp:pubsub:cap:0'/>"));
  EXPECT_TRUE(holds(done(hamlet, "get", info_xml(), {}, "hamlet@denmark.lit"), "<feature var='urn:xmpp:pubsub:cap:0'/>"));
}

TEST_F(Xep0395, ANodeThatIsNotThereIsNotMadeForAnotherItem) {   // at an account, which makes nodes by publishing
  const std::string got = answer(hamlet, "set", publish_xml("new", "a", entry_xml(), {{field, "x"}}), "hamlet@denmark.lit");
  EXPECT_TRUE(matches(got, "<iq type='error'>" + conflict_with("") + "</iq>")) << got;
  refused(hamlet, "get", items_xml("new"), "cancel item-not-found", "hamlet@denmark.lit");
  EXPECT_TRUE(is_done(answer(hamlet, "set", publish_xml("new", "a", entry_xml(), {{field, ""}}), "hamlet@denmark.lit")));
}

}  // namespace
}  // namespace aldis::test
