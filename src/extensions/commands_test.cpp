// XEP-0050: discovery, executions, their forms, actions, bounds and ends.
#include "extensions/command_sessions.h"
#include "tests/support/scene.h"

namespace aldis::test {
namespace {

constexpr std::string_view chamberlain = "nurse@capulet.example";

// A command of two stages for the nurse, and one without a form for everybody of the domain.
void offer_commands(VirtualHost& host, World& world) {
  Extension self("test", host, world, OptionObject());
  const auto is_chamberlain = [](const VirtualHost&, const Jid& jid) { return jid.bare_str() == chamberlain; };
  AdHocCommand feast{.node = "feast", .name = "Give a Feast", .may_execute = is_chamberlain};
  feast.stages.emplace_back([](const std::vector<Form>&) {
    Form form(FormType::form);
    form.fields.push_back(Field("dish", FieldType::text_single, {}, "Dish").required_too());
    return form;
  });
  feast.stages.emplace_back([](const std::vector<Form>& before) {
    Form form(FormType::form);
    form.title = "Guests for " + std::string(before.front().value("dish").value_or(""));
    form.fields.push_back(Field("guests", FieldType::text_single).required_too());
    return form;
  });
  feast.run = [](Iq, std::vector<Form> forms) -> Task<Result<CommandOutcome, StanzaError>> {
    if (forms.back().value("guests") == "romeo") {
      co_return fail(StanzaError(StanzaCondition::conflict));
    }
    CommandOutcome outcome;
    outcome.notes.push_back({CommandOutcome::Note::Severity::info, std::string(*forms.front().value("dish")) + " served"});
    co_return outcome;
  };
  self.offer_command(std::move(feast));
  AdHocCommand hour{.node = "hour", .name = "What Hour", .may_execute = [](const VirtualHost&, const Jid&) { return true; }};
  hour.run = [](Iq, std::vector<Form>) -> Task<Result<CommandOutcome, StanzaError>> {
    CommandOutcome outcome;
    outcome.notes.push_back({CommandOutcome::Note::Severity::warning, "nine"});
    co_return outcome;
  };
  self.offer_command(std::move(hour));
  install_default_extensions(host, world);
}

SceneOptions options() {
  SceneOptions made;
  made.install = [](VirtualHost& host, World& world) {
    if (host.domain() == "capulet.example") {
      offer_commands(host, world);
    } else {
      install_default_extensions(host, world);
    }
  };
  return made;
}

std::string command(std::string_view attributes, std::string_view payload = {}) {
  return "<command xmlns='http://jabber.org/protocol/commands' " + std::string(attributes) + ">" + std::string(payload) +
         "</command>";
}

std::string submit(std::string_view var, std::string_view value) {
  return "<x xmlns='jabber:x:data' type='submit'><field var='" + std::string(var) + "'><value>" + std::string(value) +
         "</value></field></x>";
}

std::string attribute_of(const std::string& xml, std::string_view name) {
  const std::string start = std::string(name) + "='";
  const std::size_t at = xml.find(start);
  return at == std::string::npos ? std::string() : xml.substr(at + start.size(), xml.find('\'', at + start.size()) - at - start.size());
}

class Commands : public ::testing::Test {
 protected:
  Scene scene_{options()};
  Client& nurse_ = scene_.login("nurse@capulet.example/hall");
  Client& tybalt_ = scene_.login("tybalt@capulet.example/street");

  std::string ask(Client& client, std::string_view attributes, std::string_view payload = {}) {
    return client.asks("set", "capulet.example", command(attributes, payload));
  }
  std::string begin() {
    const std::string shown = ask(nurse_, "node='feast' action='execute'");
    EXPECT_NE(shown.find("status='executing'"), std::string::npos) << shown;
    return "node='feast' sessionid='" + attribute_of(shown, "sessionid") + "' ";
  }
  void expect_refusal(Client& client, std::string_view attributes, std::string_view payload, std::string_view general,
                      std::string_view specific = {}) {
    client.sends("<iq type='set' id='e' to='capulet.example'>" + command(attributes, payload) + "</iq>");
    const std::string answer = client.receives({"type='error'", "id='e'", "<" + std::string(general) + " "});
    if (!specific.empty()) {
      EXPECT_NE(answer.find("<" + std::string(specific) + " xmlns='http://jabber.org/protocol/commands'"), std::string::npos)
          << answer;
    }
  }
};

TEST_F(Commands, AreListedToThoseWhoMayExecuteThem) {  // sections 2.1 to 2.3
  constexpr std::string_view list =
      "<query xmlns='http://jabber.org/protocol/disco#items' node='http://jabber.org/protocol/commands'/>";
  const std::string seen = nurse_.asks("get", "capulet.example", list);
  EXPECT_NE(seen.find("<item jid='capulet.example' node='feast' name='Give a Feast'/>"), std::string::npos) << seen;
  EXPECT_EQ(seen.find("add-user"), std::string::npos) << "no administrator";
  const std::string by_tybalt = tybalt_.asks("get", "capulet.example", list);
  EXPECT_EQ(by_tybalt.find("feast"), std::string::npos) << by_tybalt;
  EXPECT_NE(by_tybalt.find("node='hour'"), std::string::npos) << by_tybalt;
  const std::string info =
      nurse_.asks("get", "capulet.example", "<query xmlns='http://jabber.org/protocol/disco#info' node='feast'/>");
  for (const char* part : {"category='automation'", "type='command-node'", "var='http://jabber.org/protocol/commands'",
                           "var='jabber:x:data'"}) {
    EXPECT_NE(info.find(part), std::string::npos) << info;
  }
  tybalt_.sends("<iq type='get' id='d' to='capulet.example'><query xmlns='http://jabber.org/protocol/disco#info' node='feast'/></iq>");
  tybalt_.receives_error("d", "forbidden");
  tybalt_.sends("<iq type='get' id='n' to='capulet.example'><query xmlns='http://jabber.org/protocol/disco#info' node='ball'/></iq>");
  tybalt_.receives_error("n", "item-not-found");
  const std::string server =
      nurse_.asks("get", "capulet.example", "<query xmlns='http://jabber.org/protocol/disco#info'/>");
  EXPECT_NE(server.find("<feature var='http://jabber.org/protocol/commands'/>"), std::string::npos);
}

TEST_F(Commands, WithoutAFormIsCompletedAtOnce) {  // section 2.4, example 8
  const std::string answer = ask(tybalt_, "node='hour'");
  EXPECT_NE(answer.find("status='completed'"), std::string::npos) << answer;
  EXPECT_NE(answer.find("<note type='warn'>nine</note>"), std::string::npos) << answer;
}

TEST_F(Commands, GoForwardAndBackThroughTheirStages) {  // section 2.4
  const std::string shown = ask(nurse_, "node='feast'");
  EXPECT_NE(shown.find("<actions execute='next'><next/></actions>"), std::string::npos) << shown;
  const std::string session = "node='feast' sessionid='" + attribute_of(shown, "sessionid") + "' ";
  const std::string second = ask(nurse_, session + "action='next'", submit("dish", "quince"));
  EXPECT_NE(second.find("<actions execute='complete'><prev/><complete/></actions>"), std::string::npos) << second;
  EXPECT_NE(second.find("Guests for quince"), std::string::npos) << second;
  const std::string first = ask(nurse_, session + "action='prev'");
  EXPECT_NE(first.find("var='dish'"), std::string::npos) << first;
  static_cast<void>(ask(nurse_, session, submit("dish", "dates")));
  const std::string done = ask(nurse_, session + "action='complete'", submit("guests", "all"));
  EXPECT_NE(done.find("status='completed'"), std::string::npos) << done;
  EXPECT_NE(done.find("dates served"), std::string::npos) << done;
  expect_refusal(nurse_, session + "action='complete'", submit("guests", "all"), "not-allowed", "session-expired");
}

TEST_F(Commands, CanBeCancelled) {  // section 2.4.2
  const std::string session = begin();
  const std::string answer = ask(nurse_, session + "action='cancel'");
  EXPECT_NE(answer.find("status='canceled'"), std::string::npos) << answer;
  expect_refusal(nurse_, session + "action='cancel'", "", "not-allowed", "session-expired");
}

TEST_F(Commands, AFailureCanBeMended) {
  const std::string session = begin();
  static_cast<void>(ask(nurse_, session, submit("dish", "dates")));
  expect_refusal(nurse_, session, submit("guests", "romeo"), "conflict");
  static_cast<void>(ask(nurse_, session, submit("guests", "tybalt")));
}

TEST_F(Commands, RefuseWhatTheyCannotRead) {  // section 4
  expect_refusal(nurse_, "", "", "bad-request");
  expect_refusal(nurse_, "node='ball'", "", "item-not-found");
  expect_refusal(nurse_, "node='feast' action='dance'", "", "bad-request", "malformed-action");
  expect_refusal(nurse_, "node='feast' action='next'", "", "bad-request", "bad-action");
  expect_refusal(nurse_, "node='feast' sessionid='s'", "", "bad-request", "bad-sessionid");
  expect_refusal(nurse_, "node='feast' xml:lang='not a tag'", "", "bad-request", "bad-locale");
  const std::string session = begin();
  expect_refusal(nurse_, session + "action='prev'", "", "bad-request", "bad-action");
  expect_refusal(nurse_, session + "action='complete'", submit("dish", "d"), "bad-request", "bad-action");
  expect_refusal(nurse_, session, "", "bad-request", "bad-payload");
  expect_refusal(nurse_, session, submit("dish", ""), "bad-request", "bad-payload");
  expect_refusal(nurse_, session, "<x xmlns='jabber:x:data' type='nonsense'/>", "bad-request", "bad-payload");
  static_cast<void>(ask(nurse_, session, submit("dish", "still there")));
}

TEST_F(Commands, BelongToOneRequesterAndOneNode) {  // section 3.3; security S08
  const std::string session = begin();
  Client& other_resource = scene_.login("nurse@capulet.example/kitchen");
  expect_refusal(other_resource, session, submit("dish", "d"), "bad-request", "bad-sessionid");
  expect_refusal(tybalt_, session, submit("dish", "d"), "forbidden");
  const std::string id = attribute_of(session, "sessionid");
  expect_refusal(tybalt_, "node='hour' sessionid='" + id + "'", "", "bad-request", "bad-sessionid");
  EXPECT_GE(id.size(), 26U) << "128 bits in base32";
  expect_refusal(tybalt_, "node='feast'", "", "forbidden");
  static_cast<void>(ask(nurse_, session, submit("dish", "d")));
  tybalt_.receives_nothing();
}

TEST_F(Commands, LeftAloneTheyExpire) {
  const std::string session = begin();
  scene_.advance(std::chrono::seconds(601));
  expect_refusal(nurse_, session, submit("dish", "d"), "not-allowed", "session-expired");
  scene_.advance(std::chrono::seconds(601));
  expect_refusal(nurse_, session, submit("dish", "d"), "bad-request", "bad-sessionid");
}

TEST_F(Commands, AUserWithTooManyLosesTheOldest) {
  const std::string first = begin();
  scene_.advance(std::chrono::seconds(1));
  std::string last;
  for (int i = 0; i < 10; ++i) {
    last = begin();
  }
  expect_refusal(nurse_, first, submit("dish", "d"), "bad-request", "bad-sessionid");
  static_cast<void>(ask(nurse_, last, submit("dish", "d")));
}

TEST(CommandSessions, AreBoundedOverall) {
  ext::CommandSessions sessions({.per_user = 2, .overall = 3, .lifetime = std::chrono::seconds(60)});
  const Monotonic now{};
  const auto execution = [](std::string id, std::string_view who) {
    return ext::CommandExecution{std::move(id), *FullJid::parse(who), "node"};
  };
  EXPECT_TRUE(sessions.put(execution("1", "a@d.example/r"), now));
  EXPECT_TRUE(sessions.put(execution("2", "a@d.example/r"), now));
  EXPECT_TRUE(sessions.put(execution("3", "b@d.example/r"), now));
  EXPECT_FALSE(sessions.put(execution("4", "c@d.example/r"), now));
  EXPECT_TRUE(sessions.put(execution("5", "a@d.example/s"), now)) << "its own oldest makes room";
  EXPECT_EQ(sessions.size(), 3U);
  EXPECT_FALSE(sessions.put(execution("6", "c@d.example/r"), now + std::chrono::seconds(61))) << "expired ones are remembered";
  EXPECT_TRUE(sessions.put(execution("7", "c@d.example/r"), now + std::chrono::seconds(122)));
  EXPECT_EQ(sessions.size(), 1U);
}

}  // namespace
}  // namespace aldis::test
