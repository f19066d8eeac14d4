// What an <a/> of the server's counts (XEP-0198 section 4, docs/durability.md): each kind of stanza is settled when its last
// work is done, not before, and errors are written before they are counted. The nurse is the bystander.
#include "core/acceptance.h"

#include "core/account.h"
#include "core/extension.h"
#include "tests/support/failing_scene.h"
#include "tests/support/managed_client.h"

namespace aldis::test {
namespace {

constexpr std::string_view not_archived = "<no-permanent-store xmlns='urn:xmpp:hints'/>";  // but kept for who is absent

// An extension that, as an archive does, writes every incoming message on the side: the write is done when the test says so.
class Notary {
 public:
  SceneOptions options() {
    SceneOptions options;
    options.install = [this](VirtualHost& host, World& world) {
      install_default_extensions(host, world);
      Extension self("notary", host, world, {});
      self.on_incoming(Phase::record, StanzaKinds::message, [this](const HookCall& call) -> aldis::Step {
        if (writes) {
          spawn(write(call.envelope, writing.emplace_back()));
        }
        return Verdict(Pass{});
      });
      self.on_delivered([this](Session&, const Envelope& envelope) { delivered.emplace_back(envelope.stanza->id()); });
    };
    return options;
  }
  bool writes = true;
  std::vector<Completion<bool>> writing;
  std::vector<std::string> delivered;

 private:
  static Task<void> write(Envelope held, Completion<bool> done) {
    const bool written = co_await done;
    static_cast<void>(written);
  }
};

struct Verona {
  Notary notary;
  Scene scene{notary.options()};
  Client& juliet = scene.login("juliet@capulet.example/balcony");
  Client& romeo = scene.login("romeo@montague.example/orchard");
  Client& nurse = scene.login("nurse@capulet.example/hall");  // must see nothing
  Verona() { enable_resumption(juliet); }
  void juliet_says(std::string_view text, std::string_view rest = {}) {
    juliet.sends("<message to='romeo@montague.example/orchard' type='chat'><body>" + std::string(text) + "</body>" +
                 std::string(rest) + "</message>");
  }
};

TEST(Acceptance, WaitsForEveryWriteAndThenComesByItself) {
  Verona v;
  v.juliet_says("one");
  v.romeo.receives("<body>one</body>");  // delivery does not wait
  is_acknowledged(v.juliet, 0);
  v.juliet.receives_nothing();
  v.notary.writing.at(0).complete(true);
  v.juliet.receives(ack(1));
  v.juliet.receives_nothing();
}

TEST(Acceptance, CountsOnlyWithoutAGap) {
  Verona v;
  for (const char* text : {"one", "two", "three"}) {
    v.juliet_says(text);
  }
  v.romeo.ignores_the_rest();
  is_acknowledged(v.juliet, 0);
  v.notary.writing.at(1).complete(true);
  v.notary.writing.at(2).complete(true);
  v.juliet.receives_nothing();
  v.notary.writing.at(0).complete(true);
  v.juliet.receives(ack(3));  // once
  v.juliet.receives_nothing();
}

TEST(Acceptance, NobodyIsToldWhoDidNotAsk) {
  Verona v;
  v.juliet_says("one");
  v.romeo.receives("<body>one</body>");
  v.notary.writing.at(0).complete(true);
  v.juliet.receives_nothing();
  is_acknowledged(v.juliet, 1);
}

TEST(Acceptance, AnErrorIsWrittenBeforeItIsCounted) {
  Verona v;
  v.juliet.sends("<message to='tybalt@capulet.example' id='e'><body>x</body></message><r xmlns='urn:xmpp:sm:3'/>");
  std::string before_error;
  for (std::string said = v.juliet.next(); said.find("type='error'") == std::string::npos; said = v.juliet.next()) {
    before_error += said;
  }
  EXPECT_EQ(before_error.find(ack(1)), std::string::npos);
  v.juliet.receives(ack(1));
}

TEST(Acceptance, StoredNowhereItWaitsForTheKernel) {  // a recipient without acknowledgements
  Verona v;
  v.notary.writes = false;
  v.romeo.stops_reading();
  v.juliet_says(std::string(100'000, 'x'), not_archived);
  is_acknowledged(v.juliet, 0);
  v.juliet.receives_nothing();
  EXPECT_GE(v.romeo.reads_again(), 0U);
  v.scene.run();
  static_cast<void>(v.romeo.reads_again());
  for (int i = 0; i < 20 && v.juliet.waiting() == 0; ++i) {
    static_cast<void>(v.romeo.reads_again());
  }
  v.juliet.receives(ack(1));
}

TEST(Acceptance, StoredNowhereItWaitsForTheRecipientsAck) {
  Verona v;
  v.notary.writes = false;
  enable_resumption(v.romeo);
  v.juliet_says("one", not_archived);
  v.romeo.receives("<body>one</body>");
  is_acknowledged(v.juliet, 0);
  v.romeo.sends("<a xmlns='urn:xmpp:sm:3' h='1'/>");
  v.juliet.receives(ack(1));
}

TEST(Acceptance, TheRecipientsSessionMayEndInstead) {
  Verona v;
  v.notary.writes = false;
  enable_resumption(v.romeo);
  v.romeo.cuts_the_line();
  v.juliet_says("one", not_archived);
  is_acknowledged(v.juliet, 0);
  v.scene.advance(std::chrono::seconds(301));
  v.juliet.receives(ack(1));  // it is in storage now
  Client& back = v.scene.login("romeo@montague.example/street");
  back.sends("<presence/>");
  back.receives_among({"<body>one</body>"});
  back.receives("<presence");
}

TEST(Acceptance, AResumedStreamWaitsAMomentForWhatIsBeingStored) {  // section 5
  Verona v;
  v.juliet.sends("</stream:stream>");
  Client& juliet = v.scene.login("juliet@capulet.example/chamber");
  const std::string id = enable_resumption(juliet);
  juliet.sends("<message to='romeo@montague.example/orchard' type='chat'><body>one</body></message>");
  v.romeo.receives("<body>one</body>");
  juliet.cuts_the_line();
  Client& back = v.scene.resumes("juliet@capulet.example", id, 0);
  back.receives_nothing();
  v.notary.writing.at(0).complete(true);
  v.scene.advance(std::chrono::milliseconds(20));
  back.receives({"<resumed", "h='1'"});
}

TEST(Acceptance, AResumedStreamWaitsForASlowStore) {  // what it is still storing must not be stored twice
  Notary notary;
  StoresOfScene stores;
  Scene scene(stores.under(notary.options()));
  Client& romeo = scene.login("romeo@montague.example/orchard");
  Client& juliet = scene.login("juliet@capulet.example/balcony");
  const std::string id = enable_resumption(juliet);
  juliet.sends("<message to='romeo@montague.example/orchard' type='chat'><body>one</body></message>");
  romeo.receives("<body>one</body>");
  juliet.cuts_the_line();
  const Completion<bool> written;
  stores->hold_summaries(written);
  Client& back = scene.resumes("juliet@capulet.example", id, 0);
  scene.advance(std::chrono::seconds(30));
  back.receives_nothing();
  notary.writing.at(0).complete(true);
  written.complete(true);
  scene.advance(std::chrono::milliseconds(20));
  back.receives({"<resumed", "h='1'"});
}

TEST(Acceptance, AnEndedStreamGoesOnCounting) {  // section 5: <failed/> with its h
  Verona v;
  v.juliet.sends("</stream:stream>");
  Client& juliet = v.scene.login("juliet@capulet.example/chamber");
  const std::string id = enable_resumption(juliet, "max='10'");
  juliet.sends("<message to='romeo@montague.example/orchard' type='chat'><body>one</body></message>");
  v.romeo.receives("<body>one</body>");
  juliet.cuts_the_line();
  v.scene.advance(std::chrono::seconds(11));
  Client& back = v.scene.resumes("juliet@capulet.example", id, 0);
  v.scene.advance(std::chrono::milliseconds(100));
  back.receives_nothing();
  v.notary.writing.at(0).complete(true);
  v.scene.advance(std::chrono::milliseconds(20));
  back.receives({"<failed", "h='1'", "<item-not-found"});
}

TEST(Acceptance, AndThenWhatIsNotSettledIsSentAgain) {  // section 5: h is what is safe, not what was read
  Verona v;
  v.juliet.sends("</stream:stream>");
  Client& juliet = v.scene.login("juliet@capulet.example/chamber");
  const std::string id = enable_resumption(juliet);
  juliet.sends("<message to='romeo@montague.example/orchard' type='chat'><body>one</body></message>");
  v.romeo.receives("<body>one</body>");
  juliet.cuts_the_line();
  Client& back = v.scene.resumes("juliet@capulet.example", id, 0);
  v.scene.advance(std::chrono::milliseconds(1100));
  back.receives({"<resumed", "h='0'"});
  back.sends("<message to='romeo@montague.example/orchard' type='chat'><body>one</body></message>");
  v.romeo.receives("<body>one</body>");
  v.notary.writing.at(0).complete(true);  // the first try means nothing any more
  is_acknowledged(back, 0);
  v.notary.writing.at(1).complete(true);
  back.receives(ack(1));
}

TEST(Acceptance, WhatNobodyMayStoreCountsWhenHandedOver) {  // XEP-0334, XEP-0085, and types that nobody keeps
  Verona v;
  v.notary.writes = false;
  enable_resumption(v.romeo);
  v.juliet.sends("<message to='romeo@montague.example/orchard' type='chat'><active xmlns='http://jabber.org/protocol/chatstates'/></message>");
  v.juliet.sends("<message to='romeo@montague.example/orchard' type='headline'><body>news</body></message>");
  v.juliet.sends("<message to='romeo@montague.example/orchard'><x xmlns='urn:x'/><no-store xmlns='urn:xmpp:hints'/></message>");
  v.juliet.sends("<message to='romeo@montague.example/orchard' type='error' id='9'><body>x</body></message>");
  v.juliet.sends("<presence to='romeo@montague.example/orchard'/>");
  v.romeo.ignores_the_rest();
  is_acknowledged(v.juliet, 5);
  v.juliet_says("said", "<no-store xmlns='urn:xmpp:hints'/>");  // but words wait for their reader
  v.romeo.receives("<body>said</body>");
  is_acknowledged(v.juliet, 5);
  v.romeo.sends("<a xmlns='urn:xmpp:sm:3' h='6'/>");
  v.juliet.receives(ack(6));
}

TEST(Acceptance, ARequestToAClientWaitsForItsClient) {
  Verona v;
  v.romeo.sends("<presence to='juliet@capulet.example/balcony'/>");  // she may ask him then
  v.juliet.receives("<presence");
  enable_resumption(v.romeo);
  v.juliet.sends("<iq type='get' id='i' to='romeo@montague.example/orchard'><ping xmlns='urn:xmpp:ping'/></iq>");
  v.romeo.receives("<ping");
  is_acknowledged(v.juliet, 0);
  v.romeo.sends("<a xmlns='urn:xmpp:sm:3' h='1'/>");
  v.juliet.receives(ack(1));
}

TEST(Acceptance, KeptMessagesAreDeliveredWhenAcknowledged) {
  Verona v;
  v.notary.writes = false;
  v.juliet.sends("<message to='paris@capulet.example' type='chat' id='k'><body>x</body></message>");
  v.juliet.receives_error("k", "service-unavailable");  // no such account
  v.scene.has_account("paris@capulet.example");
  v.scene.advance(std::chrono::seconds(1));
  v.juliet.ignores_the_rest();
  v.juliet.sends("<message to='paris@capulet.example' type='chat' id='k1'><body>kept</body></message>");
  is_acknowledged(v.juliet, 2);
  Client& paris = v.scene.login("paris@capulet.example/church");
  enable_resumption(paris);
  paris.sends("<presence/>");
  paris.receives_among({"<body>kept</body>"});
  paris.receives("<presence");
  EXPECT_TRUE(v.notary.delivered.empty());
  paris.sends("<a xmlns='urn:xmpp:sm:3' h='2'/>");
  v.scene.run();
  EXPECT_EQ(v.notary.delivered, std::vector<std::string>{"k1"});
}

TEST(Acceptance, KeptMessagesAreDeliveredWhenTheKernelHasThem) {
  Verona v;
  v.notary.writes = false;
  v.scene.has_account("paris@capulet.example");
  v.juliet.sends("<message to='paris@capulet.example' type='chat' id='k1'><body>kept</body></message>");
  Client& paris = v.scene.login("paris@capulet.example/church");
  EXPECT_TRUE(v.notary.delivered.empty());
  paris.sends("<presence/>");
  paris.receives_among({"<body>kept</body>"});
  paris.receives("<presence");
  EXPECT_EQ(v.notary.delivered, std::vector<std::string>{"k1"});
}

}  // namespace
}  // namespace aldis::test
