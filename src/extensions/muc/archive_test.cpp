// A room's archive, asked as the room asks it: what is kept, who sees what of it, and what is taken back. Scenes of whole rooms
// are beside the rooms.
#include "extensions/muc/archive.h"

#include "core/archived.h"
#include "tests/support/failing_stores.h"
#include "tests/support/scene.h"
#include "xmpp/namespaces.h"

namespace aldis::muc {
namespace {

using test::Scene;
using test::SceneOptions;
using testing_support::FailingStores;

constexpr RoomArchiveView visitor{.may_read = true, .sees_real_jids = false};
constexpr RoomArchiveView moderator{.may_read = true, .sees_real_jids = true};

std::string field(std::string_view var, std::string_view value) {
  return "<field var='" + std::string(var) + "'><value>" + std::string(value) + "</value></field>";
}

struct Page {
  std::vector<std::string> messages;
  std::string answer;
};

// The coven; two witches, and what they have said.
struct Coven {
  std::unique_ptr<FailingStores> failing;
  Scene scene;
  BareJid room = BareJid::parse("coven@chat.shakespeare.example").value();

  Coven()
      : scene([this] {
          SceneOptions options;
          options.wrap_stores = [this](Stores inner) {
            failing = std::make_unique<FailingStores>(inner, FailingStores::Plan{});
            return failing->stores();
          };
          return options;
        }()) {}

  static MessageAuthor author(std::string_view nickname) {
    return {.jid = FullJid::parse("real-" + std::string(nickname) + "@shakespeare.example/broom").value(),
            .affiliation = Affiliation::member,
            .role = "participant",
            .occupant_id = "id-of-" + std::string(nickname)};
  }
  // As the room reflects it.
  static StanzaPtr reflected(std::string_view nickname, std::string_view content) {
    return Stanza::make("<message from='coven@chat.shakespeare.example/" + std::string(nickname) +
                        "' to='hag66@shakespeare.example/pda' type='groupchat' id='m1'>" + std::string(content) +
                        "<occupant-id xmlns='urn:xmpp:occupant-id:0' id='id-of-" + std::string(nickname) + "'/></message>");
  }
  // Its id, as clients know it.
  std::string says(std::string_view nickname, std::string_view body, std::string_view more = {}) {
    const ArchiveId id = scene.home().next_archive_id();
    const Result<void> kept = scene.wait(
        record(scene.home(), room, id,
               reflected(nickname, "<body>" + std::string(body) + "</body>" + std::string(more)), author(nickname)));
    EXPECT_TRUE(kept);
    scene.advance(std::chrono::seconds(1));
    return scene.world().archive_form.write(id);
  }
  Page asks(RoomArchiveView view, std::string_view payload, std::string_view type = "set") {
    Page page;
    StanzaPtr request = Stanza::make("<iq type='" + std::string(type) +
                                     "' id='q' from='hag66@shakespeare.example/pda' to='coven@chat.shakespeare.example'>" +
                                     std::string(payload) + "</iq>");
    EXPECT_TRUE(is_archive_request(*request));
    page.answer = scene
                      .wait(answer_archive_request(scene.home(), room, request, view, 50,
                                                   [&](StanzaPtr result) {
                                                     page.messages.push_back(result->to_xml());
                                                     return true;
                                                   }))
                      ->to_xml();
    return page;
  }
  Page finds(RoomArchiveView view, std::string_view fields = {}, std::string_view more = {}) {
    return asks(view, "<query xmlns='urn:xmpp:mam:2' queryid='g27'><x xmlns='jabber:x:data' type='submit'>" +
                          field("FORM_TYPE", "urn:xmpp:mam:2") + std::string(fields) + "</x>" + std::string(more) + "</query>");
  }
  std::string history(HistoryLimits limits = {}, std::size_t most = 20) {
    const auto found = scene.wait(recent(scene.home(), room, limits, most));
    EXPECT_TRUE(found);
    std::string text;
    for (const StanzaPtr& each : found ? *found : std::vector<StanzaPtr>()) {
      text += std::string(each->child({"body", ns::client})->text()) + " ";
    }
    return text;
  }
};

bool holds(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

std::string bodies(const Page& page) {
  std::string text;
  for (const std::string& each : page.messages) {
    const std::size_t at = each.find("<body>");
    text += at == std::string::npos ? "- " : each.substr(at + 6, each.find("</body>") - at - 6) + " ";
  }
  return text;
}

TEST(RoomArchive, ResultHasAnOccupantAndNoRecipient) {  // XEP-0313 section 5.1.2, security M05
  Coven coven;
  const std::string id = coven.says("first", "Thrice");
  const Page page = coven.finds(visitor);
  ASSERT_EQ(page.messages.size(), 1U);
  const std::string& result = page.messages[0];
  for (const std::string& part :
       {std::string("<message to='hag66@shakespeare.example/pda' from='coven@chat.shakespeare.example'>"),
        "<result xmlns='urn:xmpp:mam:2' queryid='g27' id='" + id + "'>", std::string("<delay xmlns='urn:xmpp:delay' stamp='2026-01-01T"),
        std::string("from='coven@chat.shakespeare.example/first'"), std::string("type='groupchat'"), std::string("id='m1'"),
        std::string("<occupant-id xmlns='urn:xmpp:occupant-id:0' id='id-of-first'/>")}) {
    EXPECT_TRUE(holds(result, part)) << part << " in " << result;
  }
  const std::string inner = result.substr(result.find("<forwarded"));
  EXPECT_FALSE(holds(inner, " to=")) << inner;
  EXPECT_FALSE(holds(result, "real-")) << "an address that visitors do not see";
  EXPECT_FALSE(holds(result, "muc#user"));
  EXPECT_TRUE(holds(page.answer, "complete='true'")) << page.answer;
  EXPECT_TRUE(holds(page.answer, "<first>" + id + "</first>"));
  EXPECT_TRUE(holds(coven.finds(moderator).messages.at(0),
                    "<x xmlns='http://jabber.org/protocol/muc#user'><item affiliation='member'"
                    " jid='real-first@shakespeare.example/broom' role='participant'/></x>"));
}

TEST(RoomArchive, NobodyWritesTheRoomsWord) {  // XEP-0313 section 9.3
  Coven coven;
  coven.says("first", "I am king",
             "<x xmlns='http://jabber.org/protocol/muc#user'><item affiliation='owner' jid='duncan@shakespeare.example' role='moderator'/></x>"
             "<stanza-id xmlns='urn:xmpp:sid:0' by='coven@chat.shakespeare.example' id='forged'/>");
  for (const RoomArchiveView view : {visitor, moderator}) {
    const std::string result = coven.finds(view).messages.at(0);
    EXPECT_FALSE(holds(result, "duncan") || holds(result, "owner") || holds(result, "forged")) << result;
  }
}

TEST(RoomArchive, IsForThoseWhoMayEnter) {
  Coven coven;
  coven.says("first", "secret");
  for (const char* payload : {"<query xmlns='urn:xmpp:mam:2'/>", "<metadata xmlns='urn:xmpp:mam:2'/>"}) {
    for (const char* type : {"get", "set"}) {
      const Page page = coven.asks({}, payload, type);
      EXPECT_TRUE(page.messages.empty());
      EXPECT_TRUE(holds(page.answer, "<forbidden")) << page.answer;
    }
  }
}

TEST(RoomArchive, FormAndMetadata) {
  Coven coven;
  EXPECT_TRUE(holds(coven.asks(visitor, "<query xmlns='urn:xmpp:mam:2'/>", "get").answer, "var='with'"));
  EXPECT_TRUE(holds(coven.asks(visitor, "<metadata xmlns='urn:xmpp:mam:2'/>", "get").answer, "<metadata xmlns='urn:xmpp:mam:2'/>"));
  const std::string first = coven.says("first", "a");
  const std::string last = coven.says("first", "b");
  const std::string metadata = coven.asks(visitor, "<metadata xmlns='urn:xmpp:mam:2'/>", "get").answer;
  EXPECT_TRUE(holds(metadata, "<start id='" + first + "' timestamp='2026-")) << metadata;
  EXPECT_TRUE(holds(metadata, "<end id='" + last + "'")) << metadata;
  EXPECT_TRUE(holds(coven.asks(visitor, "<metadata xmlns='urn:xmpp:mam:2'/>", "set").answer, "<bad-request"));
}

TEST(RoomArchive, FiltersByPublisherAsFarAsWhoAsksKnowsHim) {  // XEP-0313 section 3.1.1
  Coven coven;
  coven.says("first", "a");
  coven.says("second", "b");
  coven.says("first", "c");
  EXPECT_EQ(bodies(coven.finds(visitor, field("with", "coven@chat.shakespeare.example/first"))), "a c ");
  EXPECT_EQ(bodies(coven.finds(visitor, field("with", "coven@chat.shakespeare.example"))), "a b c ");
  EXPECT_EQ(bodies(coven.finds(visitor, field("with", "coven@chat.shakespeare.example/nobody"))), "");
  EXPECT_EQ(bodies(coven.finds(moderator, field("with", "real-second@shakespeare.example"))), "b ");
  EXPECT_EQ(bodies(coven.finds(moderator, field("with", "real-nobody@shakespeare.example"))), "");
  for (const char* jid : {"real-second@shakespeare.example", "real-nobody@shakespeare.example"}) {  // alike: it tells nothing
    const Page page = coven.finds(visitor, field("with", jid));
    EXPECT_TRUE(page.messages.empty());
    EXPECT_TRUE(holds(page.answer, "<forbidden")) << page.answer;
  }
  EXPECT_TRUE(holds(coven.finds(moderator, field("with", "real-second@shakespeare.example/broom")).answer, "<feature-not-implemented"));
}

TEST(RoomArchive, PagesIdsAndWords) {
  Coven coven;
  std::vector<std::string> ids;
  for (const char* body : {"one", "two cats", "three", "four cats", "five"}) {
    ids.push_back(coven.says("first", body));
  }
  const auto set = [](const std::string& inner) { return "<set xmlns='http://jabber.org/protocol/rsm'>" + inner + "</set>"; };
  EXPECT_EQ(bodies(coven.finds(visitor, {}, set("<max>2</max>"))), "one two cats ");
  EXPECT_EQ(bodies(coven.finds(visitor, {}, set("<max>2</max><before/>"))), "four cats five ");
  EXPECT_EQ(bodies(coven.finds(visitor, {}, set("<max>2</max><before/>") + "<flip-page/>")), "five four cats ");
  EXPECT_EQ(bodies(coven.finds(visitor, {}, set("<max>2</max><after>" + ids[1] + "</after>"))), "three four cats ");
  EXPECT_EQ(bodies(coven.finds(visitor, field("after-id", ids[0]) + field("before-id", ids[3]))), "two cats three ");
  EXPECT_EQ(bodies(coven.finds(visitor, field("ids", ids[4]))), "five ");
  EXPECT_EQ(bodies(coven.finds(visitor, field("{urn:xmpp:fulltext:0}fulltext", "cats"))), "two cats four cats ");
  EXPECT_TRUE(holds(coven.finds(visitor, field("after-id", "0123456789abcdef")).answer, "<item-not-found"));
  EXPECT_TRUE(holds(coven.finds(visitor, field("colour", "black")).answer, "<feature-not-implemented"));
  EXPECT_TRUE(holds(coven.finds(visitor, field("start", "yesterday")).answer, "<bad-request"));
}

TEST(RoomArchive, WhatIsRecorded) {
  const auto says = [](std::string_view content, std::string_view type = "groupchat") {
    return is_recorded(*Stanza::make("<message type='" + std::string(type) + "'>" + std::string(content) + "</message>"));
  };
  EXPECT_TRUE(says("<body>b</body>"));
  EXPECT_TRUE(says("<subject>s</subject>"));
  EXPECT_TRUE(says("<subject/>"));
  EXPECT_TRUE(says("<reactions xmlns='urn:xmpp:reactions:0' id='x'/>"));
  EXPECT_FALSE(says("<composing xmlns='http://jabber.org/protocol/chatstates'/>"));
  EXPECT_FALSE(says("<composing xmlns='http://jabber.org/protocol/chatstates'/><occupant-id xmlns='urn:xmpp:occupant-id:0' id='x'/>"));
  EXPECT_FALSE(says("<body>b</body><no-store xmlns='urn:xmpp:hints'/>"));
  EXPECT_FALSE(says("<body>b</body><no-permanent-store xmlns='urn:xmpp:hints'/>"));
  EXPECT_FALSE(says("<body>private</body>", "chat"));
  EXPECT_FALSE(says("<body>b</body>", "error"));
  EXPECT_TRUE(says("<retract xmlns='urn:xmpp:message-retract:1' id='x'/><no-store xmlns='urn:xmpp:hints'/>"));  // XEP-0424 section 5
}

TEST(RoomArchive, HistoryEndsWithTheLatest) {  // XEP-0045 sections 7.2.13 and 7.2.14
  Coven coven;
  for (const char* body : {"a", "b", "c"}) {
    coven.says("first", body);
  }
  const StanzaPtr subject = Coven::reflected("first", "<subject>s</subject>");
  EXPECT_TRUE(coven.scene.wait(record(coven.scene.home(), coven.room, coven.scene.home().next_archive_id(), subject, Coven::author("first"))));
  EXPECT_EQ(coven.history(), "a b c ");
  EXPECT_EQ(coven.history({}, 2), "b c ");
  EXPECT_EQ(coven.history({.max_stanzas = 1}), "c ");
  EXPECT_EQ(coven.history({.max_stanzas = 5}, 2), "b c ");
  EXPECT_EQ(coven.history({.max_stanzas = 0}), "");
  EXPECT_EQ(coven.history({.max_chars = 0}), "");
  EXPECT_EQ(coven.history({}, 0), "");
  EXPECT_EQ(coven.history({.seconds = std::chrono::seconds(2)}), "b c ");
  EXPECT_EQ(coven.history({.since = coven.scene.clock().wall() - std::chrono::seconds(1)}), "c ");
  const auto all = coven.scene.wait(recent(coven.scene.home(), coven.room, {}, 20)).value();
  EXPECT_EQ(coven.history({.max_chars = all[1]->size() + all[2]->size()}), "b c ");
  EXPECT_EQ(coven.history({.max_chars = all[1]->size() + all[2]->size() - 1}), "c ");
  const std::string one = all[0]->to_xml();
  EXPECT_TRUE(holds(one, "<delay xmlns='urn:xmpp:delay' from='coven@chat.shakespeare.example' stamp='2026-01-01T")) << one;
  EXPECT_TRUE(holds(one, "<stanza-id xmlns='urn:xmpp:sid:0' by='coven@chat.shakespeare.example'")) << one;
  EXPECT_FALSE(holds(one, " to=") || holds(one, "real-")) << one;
}

TEST(RoomArchive, HistoryIsFoundBehindWhatIsNone) {
  Coven coven;
  coven.says("first", "a");
  for (int i = 0; i < 7; ++i) {
    const StanzaPtr reaction = Coven::reflected("first", "<reactions xmlns='urn:xmpp:reactions:0' id='x'/>");
    EXPECT_TRUE(coven.scene.wait(record(coven.scene.home(), coven.room, coven.scene.home().next_archive_id(), reaction, Coven::author("first"))));
  }
  EXPECT_EQ(coven.history({}, 2), "a ");
}

TEST(RoomArchive, HistoryLimitsAreRead) {
  const auto read = [](std::string_view attributes) {
    const StanzaPtr presence = Stanza::make("<presence><x xmlns='http://jabber.org/protocol/muc'><history " + std::string(attributes) + "/></x></presence>");
    return parse_history(*presence->payload());
  };
  EXPECT_EQ(read("maxchars='0'")->max_chars, 0U);
  EXPECT_EQ(read("maxstanzas='20'")->max_stanzas, 20U);
  EXPECT_EQ(read("seconds='180'")->seconds, std::chrono::seconds(180));
  EXPECT_EQ(read("since='1970-01-01T00:00:01Z'")->since, WallTime(std::chrono::seconds(1)));
  for (const char* bad : {"maxchars='-1'", "maxchars=''", "maxstanzas='many'", "seconds='1.5'", "since='yesterday'", "seconds='99999999999'"}) {
    const auto refused = read(bad);
    ASSERT_FALSE(refused) << bad;
    EXPECT_EQ(refused.error().condition, StanzaCondition::bad_request);
  }
}

TEST(RoomArchive, AuthorTakesHisMessageBack) {  // XEP-0424
  Coven coven;
  const std::string id = coven.says("first", "regretted", "<oob xmlns='x'/>");
  const std::string other = coven.says("second", "stays");
  const auto taken = [&](std::string_view what, std::string_view by) {
    return coven.scene.wait(retract(coven.scene.home(), coven.room, std::string(what), "id-of-" + std::string(by), "r1"));
  };
  EXPECT_EQ(taken(id, "second").error().condition, StanzaCondition::forbidden);
  EXPECT_EQ(taken("0123456789abcdef", "first").error().condition, StanzaCondition::item_not_found);
  EXPECT_EQ(taken("", "first").error().condition, StanzaCondition::item_not_found);
  EXPECT_EQ(bodies(coven.finds(visitor)), "regretted stays ");
  ASSERT_TRUE(taken(id, "first"));
  EXPECT_TRUE(taken(id, "first")) << "again: nothing changes";
  const Page page = coven.finds(moderator);
  EXPECT_EQ(bodies(page), "- stays ");
  const std::string& stone = page.messages[0];
  EXPECT_TRUE(holds(stone, "<retracted xmlns='urn:xmpp:message-retract:1' id='r1' stamp='2026-01-01T")) << stone;
  EXPECT_TRUE(holds(stone, "from='coven@chat.shakespeare.example/first'") && holds(stone, "id='" + id + "'")) << stone;
  EXPECT_TRUE(holds(stone, "id-of-first") && holds(stone, "real-first")) << stone;
  EXPECT_FALSE(holds(stone, "oob") || holds(stone, "regretted")) << stone;
  EXPECT_FALSE(holds(coven.finds(visitor).messages[0], "real-"));
  EXPECT_EQ(coven.history(), "stays ");
  EXPECT_EQ(bodies(coven.finds(visitor, field("{urn:xmpp:fulltext:0}fulltext", "regretted"))), "");
  EXPECT_EQ(bodies(coven.finds(visitor, field("ids", other))), "stays ");
}

TEST(RoomArchive, RetractionIsNotTakenBack) {
  Coven coven;
  const std::string id = coven.says("first", "/me took it back", "<retract xmlns='urn:xmpp:message-retract:1' id='x'/>");
  EXPECT_EQ(coven.scene.wait(retract(coven.scene.home(), coven.room, id, "id-of-first", "r1")).error().condition, StanzaCondition::forbidden);
  EXPECT_EQ(*retracted_id(*Coven::reflected("first", "<retract xmlns='urn:xmpp:message-retract:1' id='x'/>")), "x");
  EXPECT_EQ(*retracted_id(*Coven::reflected("first", "<retract xmlns='urn:xmpp:message-retract:1'/>")), "");
  EXPECT_FALSE(retracted_id(*Coven::reflected("first", "<body>b</body><retract xmlns='urn:xmpp:message-retract:0' id='x'/>")));
}

TEST(RoomArchive, ModeratorTakesAMessageBack) {  // XEP-0425
  Coven coven;
  const std::string id = coven.says("first", "buy");
  const Jid hag = Jid::parse("coven@chat.shakespeare.example/hag").value();
  const auto moderated = [&](std::string what) {
    return coven.scene.wait(moderate(coven.scene.home(), coven.room, coven.scene.home().next_archive_id(), {.id = std::move(what), .reason = "no <trade>"},
                                     hag, "id-of-hag"));
  };
  EXPECT_EQ(moderated("nonsense").error().condition, StanzaCondition::item_not_found);
  const auto notice = moderated(id);
  ASSERT_TRUE(notice);
  const std::string told = (*notice)->to_xml();
  EXPECT_TRUE(holds(told, "<retract xmlns='urn:xmpp:message-retract:1' id='" + id +
                              "'><moderated xmlns='urn:xmpp:message-moderate:1' by='coven@chat.shakespeare.example/hag'>"
                              "<occupant-id xmlns='urn:xmpp:occupant-id:0' id='id-of-hag'/></moderated><reason>no &lt;trade&gt;</reason></retract>"))
      << told;
  EXPECT_TRUE(holds(told, "from='coven@chat.shakespeare.example' ") && holds(told, "type='groupchat'") && holds(told, "<stanza-id")) << told;
  const Page page = coven.finds(visitor);
  ASSERT_EQ(page.messages.size(), 2U);
  EXPECT_TRUE(holds(page.messages[0], "<retracted ") && holds(page.messages[0], "<moderated ") && holds(page.messages[0], "id-of-first")) << page.messages[0];
  EXPECT_FALSE(holds(page.messages[0], "buy"));
  EXPECT_TRUE(holds(page.messages[1], "<retract ")) << page.messages[1];
  EXPECT_EQ(coven.history(), "");
  const std::string& last = page.messages[1];
  const std::string own_word = last.substr(last.find(" id='", last.find("<result")) + 5, 16);
  EXPECT_EQ(moderated(own_word).error().condition, StanzaCondition::forbidden) << "the room's own word stays";
}

TEST(RoomArchive, ModerationIsRead) {
  const auto read = [](std::string_view payload) {
    const StanzaPtr iq = Stanza::make("<iq type='set' id='m'>" + std::string(payload) + "</iq>");
    EXPECT_TRUE(is_moderation_request(*iq));
    return parse_moderation(*iq);
  };
  const auto good = read("<moderate id='x' xmlns='urn:xmpp:message-moderate:1'><retract xmlns='urn:xmpp:message-retract:1'/><reason>r</reason></moderate>");
  ASSERT_TRUE(good);
  EXPECT_EQ(good->id, "x");
  EXPECT_EQ(good->reason, "r");
  EXPECT_EQ(read("<moderate xmlns='urn:xmpp:message-moderate:1'><retract xmlns='urn:xmpp:message-retract:1'/></moderate>").error().condition,
            StanzaCondition::bad_request);
  EXPECT_EQ(read("<moderate id='x' xmlns='urn:xmpp:message-moderate:1'/>").error().condition, StanzaCondition::feature_not_implemented);
}

TEST(RoomArchive, EveryStoreCallFailsOnce) {
  for (std::size_t n = 0;; ++n) {
    Coven coven;
    const std::string id = coven.says("first", "buy");
    coven.failing->restart({.nth = n});
    const auto retracted = coven.scene.wait(retract(coven.scene.home(), coven.room, id, "id-of-first", "r1"));
    const auto moderated = coven.scene.wait(moderate(coven.scene.home(), coven.room, coven.scene.home().next_archive_id(), {.id = id, .reason = {}},
                                                     Jid::parse("coven@chat.shakespeare.example/hag").value(), "id-of-hag"));
    const Page page = coven.finds(visitor);
    const auto history = coven.scene.wait(recent(coven.scene.home(), coven.room, {}, 20));
    const std::string metadata = coven.asks(visitor, "<metadata xmlns='urn:xmpp:mam:2'/>", "get").answer;
    const std::size_t refusals = (retracted ? 0U : 1U) + (moderated ? 0U : 1U) + (holds(page.answer, "<resource-constraint") ? 1U : 0U) +
                                 (history ? 0U : 1U) + (holds(metadata, "<resource-constraint") ? 1U : 0U);
    if (!coven.failing->has_failed()) {
      EXPECT_EQ(refusals, 0U);
      EXPECT_GE(n, 6U);
      break;
    }
    EXPECT_EQ(refusals, 1U) << n << ": who asked is told, and nobody else";
    if (!retracted) {
      EXPECT_EQ(retracted.error().condition, StanzaCondition::resource_constraint);
    }
    coven.failing->restart({});
    EXPECT_TRUE(coven.scene.wait(retract(coven.scene.home(), coven.room, id, "id-of-first", "r1"))) << n;
    EXPECT_FALSE(holds(bodies(coven.finds(visitor)), "buy")) << n;
  }
}

}  // namespace
}  // namespace aldis::muc
