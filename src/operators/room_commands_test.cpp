// What operators do with rooms: each command's effect and answer, on a target made up and on the store of a stopped server.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operators/command.h"
#include "operators/domain_target.h"
#include "operators/fake_target.h"
#include "operators/room_target.h"
#include "storage/memory/memory_stores.h"

namespace aldis::admin {
namespace {

using testing::HasSubstr;
using Values = std::map<std::string, std::string, std::less<>>;

BareJid bare(std::string_view text) { return BareJid::parse(text).value(); }

Result<OperatorResult> run_on(AdminTarget& target, std::string name, Values values) {
  CommandArguments arguments;
  arguments.values = std::move(values);
  std::optional<Result<OperatorResult>> out;
  spawn([](AdminTarget& on, std::string command, CommandArguments given, std::optional<Result<OperatorResult>>& to) -> Task<void> {
    Result<OperatorResult> result = co_await run_command(on, std::move(command), std::move(given), "uid 0");
    to.emplace(std::move(result));
  }(target, std::move(name), std::move(arguments), out));
  return std::move(*out);
}

std::string text_of(const Result<OperatorResult>& result) {
  if (!result) {
    return "refused: " + result.error().what;
  }
  std::string text = result->message;
  for (const auto& [name, value] : result->fields) {
    text += name + "=" + to_text(value) + " ";
  }
  for (const auto& row : result->rows) {
    for (const Value& value : row) {
      text += to_text(value) + "|";
    }
    text += " ";
  }
  return text;
}

class RoomCommands : public testing::Test {
 protected:
  RoomCommands() {
    RoomImage image{.record = {.room = bare("tea@capulet.example"), .name = "Tea", .is_public = true, .is_persistent = true, .subject = "Scones"},
                    .affiliations = {{Jid::parse("juliet@capulet.example").value(), Affiliation::owner, "", "", 1},
                                     {Jid::parse("montague.example").value(), Affiliation::outcast, "", "a feud", 2},
                                     {Jid::parse("nurse@capulet.example").value(), Affiliation::member, "Angelica", "", 3}}};
    target_.rooms.emplace("tea@capulet.example", image);
    image.record = {.room = bare("z@montague.example")};
    target_.rooms.emplace("z@montague.example", image);
  }
  std::string run(std::string name, Values values = {}) { return text_of(run_on(target_, std::move(name), std::move(values))); }
  FakeTarget target_;
};

TEST_F(RoomCommands, ListAndShow) {
  EXPECT_THAT(run("room list"), testing::AllOf(HasSubstr("tea@capulet.example|Tea|yes|yes|"), HasSubstr("z@montague.example|")));
  EXPECT_THAT(run("room list", {{"domain", "montague.example"}}), testing::Not(HasSubstr("tea@")));
  EXPECT_THAT(run("room show", {{"room", "tea@capulet.example"}}),
              HasSubstr("room=tea@capulet.example name=Tea public=yes persistent=yes subject=Scones"));
  EXPECT_THAT(run("room show", {{"room", "tea@capulet.example"}}),
              HasSubstr("occupants=3 owners=juliet@capulet.example admins=0 members=1 outcasts=1 archived-messages=0"));
  EXPECT_EQ(run("room show", {{"room", "none@capulet.example"}}), "refused: there is no room none@capulet.example");
  EXPECT_EQ(run("room show", {{"room", "capulet.example"}}), "refused: capulet.example is no room's address (such as tea@rooms.localhost)");
}

TEST_F(RoomCommands, CreateAndDestroy) {
  EXPECT_EQ(run("room create", {{"room", "new@capulet.example"}, {"owner", "nurse@capulet.example"}}),
            "room new@capulet.example created, owned by nurse@capulet.example");
  EXPECT_EQ(run("room create", {{"room", "new@capulet.example"}, {"owner", "nurse@capulet.example"}}),
            "refused: the room new@capulet.example exists already");
  EXPECT_EQ(run("room destroy", {{"room", "new@capulet.example"}, {"reason", "spring"}}),
            "room new@capulet.example and everything in it destroyed");
  EXPECT_EQ(target_.calls.back(), "destroy new@capulet.example because spring");
  EXPECT_EQ(run("room destroy", {{"room", "new@capulet.example"}}), "refused: there is no room new@capulet.example");
}

TEST_F(RoomCommands, Affiliations) {
  const Values tea{{"room", "tea@capulet.example"}};
  EXPECT_THAT(run("room affiliation list", tea), HasSubstr("montague.example|outcast||a feud| nurse@capulet.example|member|Angelica||"));
  Values members = tea;
  members["affiliation"] = "member";
  EXPECT_EQ(run("room affiliation list", members), "nurse@capulet.example|member|Angelica|| ");
  members["affiliation"] = "king";
  EXPECT_EQ(run("room affiliation list", members), "refused: king is no affiliation: owner, admin, member, outcast or none");
  const auto set = [&](const std::string& address, const std::string& affiliation) {
    return run("room affiliation set", {{"room", "tea@capulet.example"}, {"address", address}, {"affiliation", affiliation}, {"reason", "r"}});
  };
  EXPECT_EQ(set("romeo@montague.example/orchard", "admin"), "romeo@montague.example is admin in tea@capulet.example");
  EXPECT_EQ(target_.calls.back(), "romeo@montague.example becomes admin because r");
  EXPECT_EQ(set("montague.example", "member"), "refused: montague.example is a domain, which can only be an outcast");
  EXPECT_EQ(set("montague.example", "none"), "montague.example is none in tea@capulet.example");
  EXPECT_THAT(set("romeo@montague.example", "king"), HasSubstr("refused: king"));
}

TEST_F(RoomCommands, ExportIsADocumentOrAMailbox) {
  target_.archives["tea@capulet.example"].push_back(
      {first_archive_id_at(WallTime(std::chrono::seconds(1'764'028'801))), "id1",
       Stanza::make("<message from='tea@capulet.example/Angelica' type='groupchat'><body>More?</body><x xmlns='http://jabber.org/protocol/muc#user'>"
                    "<item affiliation='member' jid='nurse@capulet.example/hall' role='participant'/></x></message>")});
  const auto xml = run_on(target_, "room export", {{"room", "tea@capulet.example"}});
  ASSERT_TRUE(xml);
  EXPECT_THAT(xml->document, testing::StartsWith("<?xml version='1.0' encoding='UTF-8'?>\n<archive xmlns='urn:xmpp:pie:0#mam' jid='tea@capulet.example'>\n"
                                                 "<result xmlns='urn:xmpp:mam:2' id='id1'>"));
  EXPECT_THAT(xml->document, testing::EndsWith("</result>\n</archive>\n"));
  const auto mbox = run_on(target_, "room export", {{"room", "tea@capulet.example"}, {"format", "mbox"}});
  ASSERT_TRUE(mbox);
  EXPECT_THAT(mbox->document, HasSubstr("From: =?UTF-8?B?QW5nZWxpY2E=?= <tea@capulet.example>\nTo: tea@capulet.example\n"));
  EXPECT_THAT(mbox->document, HasSubstr("X-XMPP-From: tea@capulet.example/Angelica\n"));
  EXPECT_THAT(mbox->document, HasSubstr("X-XMPP-Real-From: nurse@capulet.example/hall\n"));
  EXPECT_EQ(run("room export", {{"room", "none@capulet.example"}}), "refused: there is no room none@capulet.example");
  DomainTarget capulet(target_, "capulet.example");
  EXPECT_EQ(run_on(capulet, "room export", {{"room", "tea@capulet.example"}}).error().kind, ErrorKind::denied);
}

TEST_F(RoomCommands, OfOneDomainTouchNoOther) {  // security S12
  DomainTarget capulet(target_, "capulet.example");
  for (const auto& [name, more] : std::vector<std::pair<std::string, Values>>{
           {"room show", {}}, {"room destroy", {}}, {"room affiliation list", {}}, {"room create", {{"owner", "juliet@capulet.example"}}},
           {"room affiliation set", {{"address", "juliet@capulet.example"}, {"affiliation", "owner"}}}}) {
    Values values = more;
    values["room"] = "z@montague.example";
    const auto refused = run_on(capulet, name, values);
    ASSERT_FALSE(refused) << name;
    EXPECT_EQ(refused.error().kind, ErrorKind::denied) << name;
  }
  EXPECT_TRUE(target_.calls.empty());
  EXPECT_THAT(text_of(run_on(capulet, "room list", {})), testing::AllOf(HasSubstr("tea@"), testing::Not(HasSubstr("z@"))));
}

// ---- the store of a stopped server

class StoredRooms : public testing::Test {
 protected:
  template <class T>
  Result<T> get(Task<Result<T>> task) {
    std::optional<Result<T>> out;
    spawn([](Task<Result<T>> todo, std::optional<Result<T>>& to) -> Task<void> {
      Result<T> result = co_await std::move(todo);
      to.emplace(std::move(result));
    }(std::move(task), out));
    return std::move(*out);
  }
  MemoryStores memory_;
  const Stores stores_ = memory_.stores();
  const BareJid tea_ = bare("tea@rooms.example");
};

TEST_F(StoredRooms, AreMadeChangedAndDestroyed) {
  const WallTime now(std::chrono::seconds(1'764'028'801));
  ASSERT_TRUE(get(create_room_in_store(stores_, tea_, bare("juliet@capulet.example"), now)));
  EXPECT_EQ(get(create_room_in_store(stores_, tea_, bare("juliet@capulet.example"), now)).error().what, "the room tea@rooms.example exists already");
  auto room = get(room_in_store(stores_, tea_));
  ASSERT_TRUE(room);
  EXPECT_TRUE(room->image.record.is_persistent);
  EXPECT_EQ(room->image.record.created, now);
  EXPECT_GE(room->image.record.occupant_id_key.size(), 32U);
  EXPECT_FALSE(room->occupants);
  const Jid nurse = Jid::parse("nurse@capulet.example").value();
  ASSERT_TRUE(get(set_affiliation_in_store(stores_, tea_, nurse, Affiliation::owner, "r", WallTime{})));
  ASSERT_TRUE(get(set_affiliation_in_store(stores_, tea_, Jid(bare("juliet@capulet.example")), Affiliation::none, "", WallTime{})));
  room = get(room_in_store(stores_, tea_));
  ASSERT_EQ(room->image.affiliations.size(), 1U) << "none is not one";
  EXPECT_EQ(room->image.affiliations[0].jid, nurse);
  EXPECT_EQ(room->image.record.affiliations_version, 3U);
  EXPECT_EQ(get(set_affiliation_in_store(stores_, tea_, nurse, Affiliation::admin, "", WallTime{})).error().kind, ErrorKind::denied) << "an owner stays";
  EXPECT_EQ(get(rooms_in_store(stores_, "rooms.example", "", 10))->size(), 1U);
  ASSERT_TRUE(get(destroy_room_in_store(stores_, tea_)));
  EXPECT_EQ(get(destroy_room_in_store(stores_, tea_)).error().what, "there is no room tea@rooms.example");
  EXPECT_EQ(get(room_in_store(stores_, tea_)).error().kind, ErrorKind::not_found);
  EXPECT_EQ(get(set_affiliation_in_store(stores_, tea_, nurse, Affiliation::admin, "", WallTime{})).error().kind, ErrorKind::not_found);
  EXPECT_EQ(get(room_archive_in_store(stores_, tea_, {})).error().kind, ErrorKind::not_found);
}

}  // namespace
}  // namespace aldis::admin
