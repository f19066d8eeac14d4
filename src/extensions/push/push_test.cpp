// XEP-0357 in scenes. The app server is a client that takes what is published to it and answers as it likes.
#include "extensions/push/notification.h"
#include "extensions/push/publisher.h"
#include "tests/support/default_extensions.h"
#include "tests/support/failing_scene.h"
#include "tests/support/managed_client.h"

namespace aldis::test {
namespace {

constexpr std::string_view app_jid = "app@montague.example/push";
constexpr std::string_view secret =
    "<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'>"
    "<value>http://jabber.org/protocol/pubsub#publish-options</value></field><field var='secret'><value>s3&amp;cret</value></field></x>";

std::string between(const std::string& text, const std::string& before, char after) {
  const std::size_t start = text.find(before);
  return start == std::string::npos ? std::string() : text.substr(start + before.size(), text.find(after, start + before.size()) - start - before.size());
}

class Push : public ::testing::Test {
 protected:
  explicit Push(SceneOptions options = {}) : scene_(std::move(options)) {
    scene_.has_account("juliet@capulet.example");
    // Requests of strangers do not reach a client (RFC 6121 section 8.5.3.1); a service has an address that is a domain's.
    scene_.are_contacts("app@montague.example", "juliet@capulet.example", Subscription::from);
    app_ = &scene_.login(app_jid);
    romeo_ = &scene_.login("romeo@montague.example/orchard");
    nurse_ = &scene_.login("nurse@capulet.example/hall");
    nurse_->comes_online();
  }

  Client& juliet(std::string_view resource = "phone") { return scene_.login("juliet@capulet.example/" + std::string(resource)); }
  static std::string target(std::string_view node, std::string_view jid = app_jid) {
    return " xmlns='urn:xmpp:push:0' jid='" + std::string(jid) + "'" + (node.empty() ? "" : " node='" + std::string(node) + "'");
  }
  static void enables(Client& client, std::string_view node, std::string_view form = {}, std::string_view jid = app_jid) {
    client.asks("set", "juliet@capulet.example", "<enable" + target(node, jid) + ">" + std::string(form) + "</enable>");
  }
  // Her phone enables a node and goes away.
  void has_enabled(std::string_view node, std::string_view form = {}, std::string_view jid = app_jid) {
    Client& phone = juliet();
    enables(phone, node, form, jid);
    leaves(phone);
  }
  static void leaves(Client& client) {
    client.sends("</stream:stream>");
    client.is_closed_with("");
  }
  void says(std::string_view content, std::string_view to = "juliet@capulet.example") {
    romeo_->sends("<message to='" + std::string(to) + "' type='chat'>" + std::string(content) + "</message>");
  }
  // The app server is told that so many messages wait; the id of the request.
  std::string is_told(std::string_view node, int messages, const std::source_location& where = std::source_location::current()) {
    const std::string count = "<field var='message-count'><value>" + std::to_string(messages) + "</value>";
    const std::string request = app_->receives({"<iq", "type='set'", "from='juliet@capulet.example'", "<pubsub xmlns='http://jabber.org/protocol/pubsub'>",
                                                "<publish node='" + std::string(node) + "'><item><notification xmlns='urn:xmpp:push:0'>", count}, where);
    return between(request, " id='", '\'');
  }
  void answers(const std::string& id, std::string_view error = {}) {
    app_->sends("<iq type='" + std::string(error.empty() ? "result" : "error") + "' id='" + id + "' to='juliet@capulet.example'>" +
                std::string(error) + "</iq>");
  }
  std::size_t registrations() {
    return scene_.wait(scene_.stores().push.load(BareJid::parse("juliet@capulet.example").value()))->size();
  }

  Scene scene_;
  Client* app_ = nullptr;
  Client* romeo_ = nullptr;
  Client* nurse_ = nullptr;   // the bystander
};

TEST_F(Push, IsAFeatureOfTheAccount) {  // section 4.1
  Client& phone = juliet();
  const std::string info =
      phone.asks("get", "juliet@capulet.example", "<query xmlns='http://jabber.org/protocol/disco#info'/>");
  EXPECT_NE(info.find("<feature var='urn:xmpp:push:0'/>"), std::string::npos) << info;
}

TEST_F(Push, AMessageForAnAbsentUserIsPublished) {  // section 7
  has_enabled("node");
  says("<body>Madam!</body>");
  const std::string request = app_->receives({"<field var='FORM_TYPE' type='hidden'><value>urn:xmpp:push:summary</value>", "message-count"});
  EXPECT_EQ(request.find("Madam"), std::string::npos) << "nobody said that it may be told";
  EXPECT_EQ(request.find("romeo"), std::string::npos);
  EXPECT_EQ(request.find("publish-options"), std::string::npos);
  answers(between(request, " id='", '\''));
  app_->receives_nothing();
}

TEST_F(Push, PublishOptionsAreGivenAsTheyCame) {  // sections 5 and 7
  has_enabled("node", secret);
  says("<body>Madam!</body>");
  app_->receives({"</publish><publish-options><x xmlns='jabber:x:data' type='submit'>", "http://jabber.org/protocol/pubsub#publish-options",
                  "<field var='secret'><value>s3&amp;cret</value></field></x></publish-options></pubsub>"});
}

TEST_F(Push, TheLastOptionsHold) {  // section 5: "the server SHOULD use the last received request"
  has_enabled("node");
  has_enabled("node", secret);
  EXPECT_EQ(registrations(), 1U);
  says("<body>Madam!</body>");
  app_->receives("s3&amp;cret");
  app_->receives_nothing();
}

TEST_F(Push, OneIsUnderWayAtATime) {
  has_enabled("node");
  says("<body>1</body>");
  const std::string first = is_told("node", 1);
  says("<body>2</body>");
  says("<body>3</body>");
  app_->receives_nothing();
  answers(first);
  const std::string second = is_told("node", 3);
  answers(second);
  app_->receives_nothing();
}

TEST_F(Push, AnAppServerThatDoesNotAnswerHoldsNothingForever) {
  has_enabled("node");
  says("<body>1</body>");
  const std::string first = is_told("node", 1);
  says("<body>2</body>");
  scene_.advance(std::chrono::seconds(61));
  const std::string second = is_told("node", 2);
  answers(first, "<error type='cancel'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>");
  EXPECT_EQ(registrations(), 1U) << "the answer came too late to mean anything";
  scene_.advance(std::chrono::seconds(61));
  app_->receives_nothing();
  says("<body>3</body>");
  is_told("node", 3);
}

TEST_F(Push, AnErrorDisablesTheNodeAlone) {  // section 7.1
  has_enabled("one");
  has_enabled("two");
  says("<body>1</body>");
  const std::string one = is_told("one", 1);
  answers(is_told("two", 1));
  answers(one, "<error type='cancel'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>");
  EXPECT_EQ(registrations(), 1U);
  says("<body>2</body>");
  is_told("two", 2);
  app_->receives_nothing();
}

TEST_F(Push, AnErrorWithoutAnErrorDisablesToo) {
  has_enabled("node");
  says("<body>1</body>");
  answers(is_told("node", 1), "<odd xmlns='urn:example:odd'/>");
  EXPECT_EQ(registrations(), 0U);
}

TEST_F(Push, AnErrorThatPassesDoesNot) {  // section 7.1: "deemed recoverable or transient"
  has_enabled("node");
  says("<body>1</body>");
  const std::string first = is_told("node", 1);
  says("<body>2</body>");
  answers(first, "<error type='wait'><resource-constraint xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>");
  answers(is_told("node", 2), "<error type='wait'><internal-server-error xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>");
  app_->receives_nothing();
  EXPECT_EQ(registrations(), 1U);
  says("<body>3</body>");
  is_told("node", 3);
}

TEST_F(Push, ADomainThatCannotBeReachedIsDisabled) {  // a node need not be named: section 5, "SHOULD"
  has_enabled("", {}, "push.elsewhere.example");
  EXPECT_EQ(registrations(), 1U);
  says("<body>1</body>");
  EXPECT_EQ(registrations(), 0U);
}

TEST_F(Push, SomebodyWhoIsNoAppServerIsDisabled) {
  has_enabled("a", {}, "nobody@capulet.example");
  has_enabled("b", {}, "capulet.example");
  has_enabled("c", {}, "juliet@capulet.example");
  has_enabled("d", {}, "nurse@capulet.example");
  says("<body>1</body>");
  EXPECT_EQ(registrations(), 0U);
  nurse_->receives_nothing();
}

TEST_F(Push, OnlyTheAppServerAnswers) {
  has_enabled("node");
  says("<body>1</body>");
  const std::string id = is_told("node", 1);
  constexpr std::string_view gone = "<error type='cancel'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>";
  nurse_->sends("<iq type='error' id='" + id + "' to='juliet@capulet.example'>" + std::string(gone) + "</iq>");
  answers("another", gone);
  EXPECT_EQ(registrations(), 1U);
  says("<body>2</body>");
  app_->receives_nothing();   // the answer is still to come
  answers(id, gone);
  EXPECT_EQ(registrations(), 0U);
}

TEST_F(Push, OnlyWordsWakeAPhone) {
  has_enabled("node");
  says("<composing xmlns='http://jabber.org/protocol/chatstates'/>");
  says("<received xmlns='urn:xmpp:receipts' id='r'/>");
  says("<displayed xmlns='urn:xmpp:chat-markers:0' id='r'/>");
  says("<reactions xmlns='urn:xmpp:reactions:0' id='r'><reaction>x</reaction></reactions>");
  romeo_->ignores_the_rest();
  app_->receives_nothing();
  says("<encrypted xmlns='eu.siacs.conversations.axolotl'/>");
  is_told("node", 1);
}

TEST_F(Push, WhatIsDeliveredIsNotPublished) {
  Client& phone = juliet();
  enables(phone, "node");
  phone.comes_online();
  phone.ignores_the_rest();
  says("<body>1</body>");
  phone.receives("<body>1</body>");
  app_->receives_nothing();
}

TEST_F(Push, AClientThatIsConnectedIsNotWoken) {  // it has not said that it is available, but it is there
  Client& phone = juliet();
  enables(phone, "node");
  says("<body>1</body>");
  app_->receives_nothing();
  leaves(phone);
  says("<body>2</body>");
  is_told("node", 1);
}

TEST_F(Push, ASessionWithoutItsConnectionIsWoken) {  // XEP-0198 section 5
  Client& phone = juliet();
  enables(phone, "phone");
  const std::string id = enable_resumption(phone);
  phone.comes_online();
  Client& desk = juliet("desk");
  enables(desk, "desk");
  desk.comes_online();
  phone.ignores_the_rest();
  desk.ignores_the_rest();
  phone.cuts_the_line();
  app_->receives_nothing();
  says("<body>1</body>");
  desk.receives("<body>1</body>");
  answers(is_told("phone", 1));
  says("<body>2</body>");
  desk.receives("<body>2</body>");
  answers(is_told("phone", 2));
  Client& back = scene_.resumes("juliet@capulet.example", id, 1);
  back.receives("<resumed");
  back.ignores_the_rest();
  says("<body>3</body>");
  desk.receives("<body>3</body>");
  back.receives("<body>3</body>");
  back.cuts_the_line();
  is_told("phone", 3);   // what she did not acknowledge waits again: 1, 2 and 3
  app_->receives_nothing();
}

TEST_F(Push, WhatWasSentIntoADeadConnectionIsPublishedOnceThatIsKnown) {
  Client& phone = juliet();
  enables(phone, "node");
  static_cast<void>(enable_resumption(phone));
  phone.comes_online();
  phone.ignores_the_rest();
  says("<body>1</body>");
  says("<body>2</body>");
  says("<composing xmlns='http://jabber.org/protocol/chatstates'/>");
  app_->receives_nothing();
  phone.ignores_the_rest();
  phone.cuts_the_line();
  is_told("node", 2);
}

TEST_F(Push, CopiesWakeNobody) {  // XEP-0280: what was said to and from another client of hers
  Client& phone = juliet();
  phone.asks("set", "", "<enable xmlns='urn:xmpp:carbons:2'/>");
  enables(phone, "node");
  static_cast<void>(enable_resumption(phone));
  phone.comes_online();
  Client& desk = juliet("desk");
  desk.comes_online();
  desk.ignores_the_rest();
  phone.ignores_the_rest();
  phone.cuts_the_line();
  says("<body>to the desk</body>", "juliet@capulet.example/desk");
  desk.receives("to the desk");
  desk.sends("<message to='nurse@capulet.example' type='chat'><body>from the desk</body></message>");
  nurse_->receives("from the desk");
  app_->receives_nothing();
}

TEST_F(Push, AMessageThatWaitsTwiceIsOne) {
  Client& phone = juliet();
  static_cast<void>(enable_resumption(phone));
  phone.comes_online();
  Client& tablet = juliet("tablet");
  static_cast<void>(enable_resumption(tablet));
  tablet.comes_online();
  enables(tablet, "node");
  phone.ignores_the_rest();
  tablet.ignores_the_rest();
  phone.cuts_the_line();
  tablet.cuts_the_line();
  says("<body>1</body>");
  is_told("node", 1);
  app_->receives_nothing();
}

TEST_F(Push, OnesOwnSessionMayBeNamed) {  // and is neither woken by itself nor harmed
  Client& phone = juliet();
  enables(phone, "node", {}, "juliet@capulet.example/phone");
  const std::string id = enable_resumption(phone);
  phone.comes_online();
  phone.ignores_the_rest();
  says("<body>1</body>");
  phone.ignores_the_rest();
  phone.cuts_the_line();
  says("<body>2</body>");
  Client& back = scene_.resumes("juliet@capulet.example", id, 0);
  back.receives_among({"<notification xmlns='urn:xmpp:push:0'>"});
  back.ignores_the_rest();
}

TEST_F(Push, DisablingEndsIt) {  // section 6
  has_enabled("a");
  has_enabled("b");
  has_enabled("a", {}, "other@montague.example/push");
  Client& phone = juliet();
  phone.asks("set", "juliet@capulet.example", "<disable" + target("b") + "/>");
  EXPECT_EQ(registrations(), 2U);
  phone.asks("set", "juliet@capulet.example", "<disable" + target("none") + "/>");
  phone.asks("set", "juliet@capulet.example", "<disable" + target("") + "/>");
  EXPECT_EQ(registrations(), 1U);
  leaves(phone);
  says("<body>1</body>");
  app_->receives_nothing();   // "the server MUST NOT attempt publishing"
}

TEST_F(Push, DisablingEndsWhatIsDue) {
  has_enabled("node");
  says("<body>1</body>");
  const std::string id = is_told("node", 1);
  says("<body>2</body>");
  Client& phone = juliet();
  phone.asks("set", "juliet@capulet.example", "<disable" + target("node") + "/>");
  answers(id);
  scene_.advance(std::chrono::seconds(61));
  app_->receives_nothing();
}

TEST_F(Push, WhoHasReadIsNotTold) {
  has_enabled("node");
  says("<body>1</body>");
  const std::string id = is_told("node", 1);
  says("<body>2</body>");
  Client& phone = juliet();
  phone.comes_online();
  phone.ignores_the_rest();
  answers(id);
  app_->receives_nothing();
  leaves(phone);
  says("<body>3</body>");
  is_told("node", 1);
}

TEST_F(Push, RequestsAreReadStrictly) {
  Client& phone = juliet();
  const auto refused = [&](const std::string& payload, std::string_view condition) {
    phone.sends("<iq type='set' id='e' to='juliet@capulet.example'>" + payload + "</iq>");
    phone.receives_error("e", condition);
  };
  const auto with_form = [](const std::string& form) { return "<enable" + target("n") + ">" + form + "</enable>"; };
  refused("<enable xmlns='urn:xmpp:push:0' node='n'/>", "bad-request");
  refused("<disable xmlns='urn:xmpp:push:0' node='n'/>", "bad-request");
  refused("<enable xmlns='urn:xmpp:push:0' jid='@' node='n'/>", "jid-malformed");
  refused("<disable xmlns='urn:xmpp:push:0' jid='@' node='n'/>", "jid-malformed");
  refused("<enable" + target(std::string(1024, 'n')) + "/>", "bad-request");
  refused(with_form("<x xmlns='jabber:x:data' type='submit'/>"), "bad-request");
  refused(with_form("<x xmlns='jabber:x:data' type='odd'/>"), "bad-request");
  refused(with_form("<x xmlns='jabber:x:data' type='form'><field var='FORM_TYPE'><value>http://jabber.org/protocol/pubsub#publish-options"
                    "</value></field></x>"), "bad-request");
  refused(with_form("<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>urn:xmpp:mam:2</value></field></x>"), "bad-request");
  const std::string large(secret);
  refused(with_form(std::string(large).replace(large.find("s3"), 2, std::string(5000, 's'))), "not-acceptable");
  EXPECT_EQ(registrations(), 0U);
}

TEST_F(Push, AnotherAccountIsForbidden) {
  has_enabled("node");
  nurse_->sends("<iq type='set' id='e' to='juliet@capulet.example'><enable" + target("n") + "/></iq>");
  nurse_->receives_error("e", "forbidden");
  nurse_->sends("<iq type='set' id='d' to='juliet@capulet.example'><disable" + target("node") + "/></iq>");
  nurse_->receives_error("d", "forbidden");
  nurse_->asks("set", "nurse@capulet.example", "<disable" + target("node") + "/>");
  EXPECT_EQ(registrations(), 1U);
}

TEST_F(Push, RegistrationsAreLimited) {
  Client& phone = juliet();
  for (int i = 0; i < 10; ++i) {
    enables(phone, "n" + std::to_string(i));
  }
  phone.sends("<iq type='set' id='e'><enable" + target("one more") + "/></iq>");
  phone.receives_error("e", "resource-constraint");
  enables(phone, "n3");
  EXPECT_EQ(registrations(), 10U);
}

// The same with what the operator lets be told.
SceneOptions telling() {
  SceneOptions options;
  options.install = [](VirtualHost& host, World& world) {
    install_default_extensions(host, world, [](std::string_view name, const OptionTable& table, OptionObject& object) {
      if (name == "push") {
        static_cast<void>(table.set(object, "include_sender", true));
        static_cast<void>(table.set(object, "include_body", true));
      }
    });
  };
  return options;
}

class TellingPush : public Push {
 protected:
  TellingPush() : Push(telling()) {}
};

TEST_F(TellingPush, SenderAndWordsAreToldWhereTheOperatorSaysSo) {  // section 7
  has_enabled("node");
  says("<body>Mad &lt;am&gt;!</body>");
  app_->receives({"<field var='last-message-sender'><value>romeo@montague.example/orchard</value>",
                  "<field var='last-message-body'><value>Mad &lt;am&gt;!</value>"});
}

TEST(PushNotification, ALongBodyIsCutBetweenCharacters) {
  const PushRegistration registration{.service = Jid::parse("push.example").value(), .node = "n"};
  std::string body(1023, 'a');
  body += "\xc3\xa4\xc3\xa4";
  const std::string xml = ext::make_notification(BareJid::parse("juliet@capulet.example").value(), registration, "i", {.messages = 1, .body = body})->to_xml();
  EXPECT_NE(xml.find("<value>" + std::string(1023, 'a') + "</value>"), std::string::npos);
}

// Each store call of it failing in turn: the message is kept, or its sender hears of it.
TEST(PushFailures, WhatCannotBeAnnouncedIsStillKept) {
  const std::size_t failures = fail_each_call([](std::size_t n) {
    StoresOfScene stores;
    Scene scene(stores.under({}));
    scene.has_account("juliet@capulet.example");
    Client& romeo = scene.login("romeo@montague.example/orchard");
    Client& phone = scene.login("juliet@capulet.example/phone");
    phone.asks("set", "", "<enable xmlns='urn:xmpp:push:0' jid='push.elsewhere.example'/>");
    phone.sends("</stream:stream>");
    phone.is_closed_with("");
    romeo.sends("<message to='juliet@capulet.example' type='chat'><body>first</body></message>");   // all is in memory now
    phone.ignores_the_rest();
    Client& again = scene.login("juliet@capulet.example/phone");
    again.asks("set", "", "<enable xmlns='urn:xmpp:push:0' jid='push.elsewhere.example'/>");
    again.sends("</stream:stream>");
    again.is_closed_with("");
    const bool has_failed = stores.fail({.nth = n}, [&] {
      romeo.sends("<message to='juliet@capulet.example' id='m' type='chat'><body>second</body></message>");
    });
    const std::string answer = romeo.waiting() == 0 ? std::string() : romeo.next();
    Client& back = scene.login("juliet@capulet.example/desk");
    back.comes_online();
    back.receives("first");
    EXPECT_TRUE(!answer.empty() || back.waiting() == 1U) << n << ": neither kept nor answered";
    back.ignores_the_rest();
    return has_failed;
  });
  EXPECT_GE(failures, 4U) << "two of keeping it, one of looking, one of disabling";
}

}  // namespace
}  // namespace aldis::test
