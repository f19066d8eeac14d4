// What every backend keeps of rooms: storage/room_store.h as tests. Included beside archive_contract.h by a backend's test.
#pragma once
#include <algorithm>

#include "tests/support/archive_contract.h"

namespace aldis::testing_support {

class RoomContract {
 public:
  static BareJid coven() { return bare("coven@chat.shakespeare.example"); }
  static BareJid room(std::string_view local) { return bare(std::string(local) + "@chat.shakespeare.example"); }
  static RoomRecord record(BareJid room, bool is_public = true) {
    return {.room = std::move(room),
            .name = "A Dark Cave",
            .is_public = is_public,
            .is_persistent = true,
            .config = "<config password='cauldron''burn'/>",
            .hats = "<hats title='it''s'/>",
            .avatar = "a31c4bd04de6",
            .details = "a dark place",
            .searchable = "dark cave coven witches",
            .subject = "Fire burn",
            .subject_author = "second'witch",
            .subject_author_id = "dd72603deec9",
            .subject_at = at_ms(1'700'000'000'321),
            .created = at_ms(1'700'000'000'123),
            .last_active = at_ms(1'700'000'000'456),
            .occupant_id_key = std::string("\x00\xffkey'", 6),
            .affiliations_version = 3,
            .affiliations_complete_since = 0};
  }
  static RoomAffiliation affiliation(std::string_view address, Affiliation affiliation, std::uint64_t version) {
    return {.jid = jid(address), .affiliation = affiliation, .nickname = {}, .reason = {}, .version = version};
  }
  static RoomImage image(std::string_view local, std::vector<RoomAffiliation> affiliations = {}, bool is_public = true) {
    return {.record = record(room(local), is_public), .affiliations = std::move(affiliations)};
  }
  static std::string shown(const std::vector<RoomAffiliation>& all) {
    std::string text;
    for (const RoomAffiliation& each : all) {
      text += (text.empty() ? "" : ", ") + each.jid.str() + " " + std::string(to_string(each.affiliation));
    }
    return text;
  }
  static std::string shown(const RoomPage& page) {
    std::string text;
    for (const RoomSummary& each : page.rooms) {
      text += std::string(each.room.local()) + " ";
    }
    return text + (page.is_complete ? "." : "...");
  }
  static std::string shown(const std::vector<RoomSummary>& rooms) { return shown(RoomPage{.rooms = rooms}); }
};
using RC = RoomContract;
constexpr const char* chat = "chat.shakespeare.example";

TEST_P(StoreContract, RoomIsFoundAsItWasCreated) {
  RoomImage made = RC::image("coven", {RC::affiliation("crone1@shakespeare.example", Affiliation::owner, 1),
                                       RC::affiliation("earth.example", Affiliation::outcast, 2)});
  made.affiliations[0].nickname = "first'witch";
  made.affiliations[1].reason = "no mortals";
  must(stores().rooms.create(made));
  reopen();
  const auto found = get(stores().rooms.load(RC::coven()));
  ASSERT_TRUE(found);
  const RoomRecord& record = found->record;
  EXPECT_EQ(record.room, RC::coven());
  EXPECT_EQ(record.name, "A Dark Cave");
  EXPECT_TRUE(record.is_public && record.is_persistent);
  EXPECT_EQ(record.config, made.record.config);
  EXPECT_EQ(record.hats, "<hats title='it''s'/>");
  EXPECT_EQ(record.avatar, "a31c4bd04de6");
  EXPECT_EQ(record.details, "a dark place");
  EXPECT_EQ(record.searchable, made.record.searchable);
  EXPECT_EQ(record.subject, "Fire burn");
  EXPECT_EQ(record.subject_author, "second'witch");
  EXPECT_EQ(record.subject_author_id, "dd72603deec9");
  EXPECT_EQ(record.subject_at, at_ms(1'700'000'000'321));
  EXPECT_EQ(record.created, at_ms(1'700'000'000'123));
  EXPECT_EQ(record.last_active, at_ms(1'700'000'000'456));
  EXPECT_EQ(record.occupant_id_key, made.record.occupant_id_key);
  EXPECT_EQ(record.affiliations_version, 3U);
  EXPECT_EQ(RC::shown(found->affiliations), "crone1@shakespeare.example owner, earth.example outcast");
  EXPECT_EQ(found->affiliations.at(0).nickname, "first'witch");
  EXPECT_EQ(found->affiliations.at(1).reason, "no mortals");
  EXPECT_EQ(found->affiliations.at(1).version, 2U);
  EXPECT_FALSE(get(stores().rooms.load(RC::room("cove"))));
  EXPECT_FALSE(get(stores().rooms.load(bare("coven@chat.macbeth.example"))));
}

TEST_P(StoreContract, RoomIsCreatedOnce) {
  must(stores().rooms.create(RC::image("coven", {RC::affiliation("a@b.example", Affiliation::owner, 1)})));
  refuses(stores().rooms.create(RC::image("coven", {RC::affiliation("c@b.example", Affiliation::owner, 1)})),
          ErrorKind::already_exists);
  EXPECT_EQ(RC::shown(get(stores().rooms.load(RC::coven()))->affiliations), "a@b.example owner");
  must(stores().accounts.create(account("juliet@chat.shakespeare.example")));
  refuses(stores().rooms.create(RC::image("juliet")), ErrorKind::already_exists);
  EXPECT_EQ(get(stores().accounts.find(bare("juliet@chat.shakespeare.example"))).keys.size(), 1U);
}

TEST_P(StoreContract, RoomChanges) {
  refuses(stores().rooms.save(RC::record(RC::coven()), {}), ErrorKind::not_found);
  EXPECT_FALSE(get(stores().rooms.load(RC::coven())));
  must(stores().rooms.create(RC::image("coven", {RC::affiliation("a@b.example", Affiliation::owner, 1),
                                                 RC::affiliation("c@b.example", Affiliation::member, 2)})));
  must(stores().rooms.create(RC::image("heath")));
  RoomRecord changed = RC::record(RC::coven(), false);
  changed.name = "'; DROP TABLE rooms; --";
  changed.hats = "<hats/>";
  changed.avatar.clear();
  changed.details = "brighter";
  changed.subject.clear();
  changed.subject_at.reset();
  changed.created = at_ms(1);
  changed.is_persistent = false;
  changed.affiliations_version = 4;
  must(stores().rooms.save(changed, {RC::affiliation("c@b.example", Affiliation::admin, 3),
                                     RC::affiliation("d@b.example", Affiliation::outcast, 4)}));
  reopen();
  const auto found = get(stores().rooms.load(RC::coven()));
  EXPECT_EQ(found->record.name, changed.name);
  EXPECT_FALSE(found->record.is_public || found->record.is_persistent || found->record.subject_at);
  EXPECT_EQ(found->record.subject, "");
  EXPECT_EQ(found->record.hats, "<hats/>");
  EXPECT_EQ(found->record.avatar, "");
  EXPECT_EQ(found->record.details, "brighter");
  EXPECT_EQ(found->record.created, at_ms(1'700'000'000'123));
  EXPECT_EQ(found->record.affiliations_version, 4U);
  EXPECT_EQ(RC::shown(found->affiliations), "a@b.example owner, c@b.example admin, d@b.example outcast");
  EXPECT_TRUE(get(stores().rooms.load(RC::room("heath")))->record.is_public);
}

TEST_P(StoreContract, RoomTextsAreNoSql) {  // security B02, K02
  for (const std::string& text : hostile_texts()) {
    RoomImage made = RC::image("coven", {RC::affiliation("a@b.example", Affiliation::owner, 1)});
    made.record.name = made.record.config = made.record.subject = made.record.subject_author = made.record.searchable = made.record.hats = made.record.avatar = made.record.details = text;
    made.affiliations[0].nickname = made.affiliations[0].reason = text;
    must(stores().rooms.create(made));
    const auto found = get(stores().rooms.load(RC::coven()));
    ASSERT_TRUE(found);
    for (const std::string* each : {&found->record.name, &found->record.config, &found->record.subject, &found->record.subject_author, &found->record.hats, &found->record.avatar, &found->record.details,
                                    &found->affiliations.at(0).nickname, &found->affiliations.at(0).reason}) {
      EXPECT_EQ(*each, text);
    }
    EXPECT_EQ(RC::shown(get(stores().rooms.list(chat, {.words = {text}}))), "coven .");
    EXPECT_EQ(RC::shown(get(stores().rooms.list(chat, {.after = text, .words = {"no such room"}}))), ".");
    EXPECT_EQ(get(stores().rooms.count(text, false)), 0U);
    must(stores().rooms.remove(RC::coven()));
  }
}

TEST_P(StoreContract, AffiliationThatWasTakenAwayIsRemembered) {  // XEP-0463
  must(stores().rooms.create(RC::image("coven", {RC::affiliation("a@b.example", Affiliation::owner, 1)})));
  std::vector<RoomAffiliation> many;
  for (std::uint64_t i = 0; i < RoomAffiliation::max_removed; ++i) {
    many.push_back(RC::affiliation("u" + std::to_string(i) + "@b.example", Affiliation::none, i + 10));
  }
  must(stores().rooms.save(RC::record(RC::coven()), many));
  auto found = get(stores().rooms.load(RC::coven()));
  EXPECT_EQ(found->affiliations.size(), RoomAffiliation::max_removed + 1);
  EXPECT_EQ(found->record.affiliations_complete_since, 0U);
  must(stores().rooms.save(RC::record(RC::coven()), {RC::affiliation("v@b.example", Affiliation::none, 2000),
                                                     RC::affiliation("w@b.example", Affiliation::none, 2001)}));
  found = get(stores().rooms.load(RC::coven()));
  EXPECT_EQ(found->affiliations.size(), RoomAffiliation::max_removed + 1);
  EXPECT_EQ(found->record.affiliations_complete_since, 11U);
  EXPECT_EQ(std::ranges::count(found->affiliations, jid("u1@b.example"), &RoomAffiliation::jid), 0);
  EXPECT_EQ(std::ranges::count(found->affiliations, jid("u2@b.example"), &RoomAffiliation::jid), 1);
  must(stores().rooms.save(RC::record(RC::coven()), {RC::affiliation("w@b.example", Affiliation::member, 2002)}));
  found = get(stores().rooms.load(RC::coven()));
  EXPECT_EQ(found->record.affiliations_complete_since, 11U) << "the store keeps it";
  EXPECT_EQ(std::ranges::count(found->affiliations, Affiliation::member, &RoomAffiliation::affiliation), 1);
}

TEST_P(StoreContract, RoomsAreListedInPages) {
  for (const char* local : {"b", "a-hidden", "d", "c", "a", "e-hidden"}) {
    must(stores().rooms.create(RC::image(local, {}, std::string_view(local).size() == 1)));
  }
  must(stores().rooms.create({.record = RC::record(bare("a@chat.other.example")), .affiliations = {}}));
  auto& rooms = stores().rooms;
  const auto page = [&](RoomPageRequest request) { return RC::shown(get(rooms.list(chat, std::move(request)))); };
  EXPECT_EQ(page({}), "a a-hidden b c d e-hidden .");
  EXPECT_EQ(page({.only_public = true}), "a b c d .");
  EXPECT_EQ(page({.only_public = true, .limit = 2}), "a b ...");
  EXPECT_EQ(page({.after = "b", .only_public = true, .limit = 2}), "c d .");
  EXPECT_EQ(page({.after = "a-hidden", .only_public = true, .limit = 1}), "b ...");
  EXPECT_EQ(page({.is_last_page = true, .limit = 2}), "d e-hidden ...");
  EXPECT_EQ(page({.before = "c", .is_last_page = true, .limit = 2}), "a-hidden b ...");
  EXPECT_EQ(page({.before = "b", .is_last_page = true, .limit = 2}), "a a-hidden .");
  EXPECT_EQ(page({.before = "c", .is_last_page = true, .only_public = true, .limit = 1}), "b ...");
  EXPECT_EQ(page({.after = "a", .before = "c"}), "a-hidden b .");
  EXPECT_EQ(page({.after = "z"}), ".");
  EXPECT_EQ(page({.limit = 0}), "...");
  EXPECT_EQ(get(rooms.count(chat, true)), 4U);
  EXPECT_EQ(get(rooms.count(chat, false)), 6U);
  EXPECT_EQ(get(rooms.count("nowhere.example", false)), 0U);
  const RoomSummary first = get(rooms.list(chat, {.limit = 1})).rooms.at(0);
  EXPECT_EQ(first.room, RC::room("a"));
  EXPECT_EQ(first.name, "A Dark Cave");
  EXPECT_EQ(first.details, "a dark place");
  EXPECT_TRUE(first.is_public && first.is_persistent);
  EXPECT_EQ(first.created, at_ms(1'700'000'000'123));
  EXPECT_EQ(first.last_active, at_ms(1'700'000'000'456));
}

TEST_P(StoreContract, RoomsAreFoundByAllWords) {  // XEP-0433
  for (const auto& [local, text] : std::vector<std::pair<std::string, std::string>>{
           {"a", "cave of witches"}, {"b", "heath"}, {"c", "witches on the heath"}, {"d", "100% sure_thing"}, {"e", ""}}) {
    RoomImage made = RC::image(local);
    made.record.searchable = text;
    must(stores().rooms.create(made));
  }
  const auto found = [&](RoomPageRequest request) { return RC::shown(get(stores().rooms.list(chat, std::move(request)))); };
  EXPECT_EQ(found({.words = {"witches"}}), "a c .");
  EXPECT_EQ(found({.words = {"witches", "heath"}}), "c .");
  EXPECT_EQ(found({.words = {"witches"}, .limit = 1}), "a ...");
  EXPECT_EQ(found({.after = "a", .words = {"witches"}, .limit = 1}), "c .");
  EXPECT_EQ(found({.is_last_page = true, .words = {"witches"}, .limit = 1}), "c ...");
  EXPECT_EQ(found({.words = {"%"}}), "d .");
  EXPECT_EQ(found({.words = {"_"}}), "d .");
  EXPECT_EQ(found({.words = {"cauldron"}}), ".");
}

TEST_P(StoreContract, RoomsAreFoundInSomeLines) {
  for (const auto& [local, text] : std::vector<std::pair<std::string, std::string>>{
           {"a", "cave\nwitches\nfire burn"}, {"b", "heath\ncave"}, {"c", "x\ny\nz\ncave"}, {"d", "1\n2\n3\n4\n5\n6\n7\n8\ncave"}}) {
    RoomImage made = RC::image(local);
    made.record.searchable = text;
    must(stores().rooms.create(made));
  }
  const auto found = [&](std::vector<std::string> words, std::uint8_t lines) {
    return RC::shown(get(stores().rooms.list(chat, {.words = std::move(words), .lines = lines})));
  };
  EXPECT_EQ(found({"cave"}, 0xff), "a b c .");
  EXPECT_EQ(found({"cave"}, 1), "a .");
  EXPECT_EQ(found({"cave"}, 2), "b .");
  EXPECT_EQ(found({"cave"}, 3), "a b .");
  EXPECT_EQ(found({"cave", "burn"}, 5), "a .");
  EXPECT_EQ(found({"cave", "burn"}, 3), ".");
  EXPECT_EQ(found({"cave"}, 0), ".");
  EXPECT_EQ(found({}, 0), "a b c d .");
}

TEST_P(StoreContract, RoomsOfAnOwner) {
  must(stores().rooms.create(RC::image("b", {RC::affiliation("a@b.example", Affiliation::owner, 1)})));
  must(stores().rooms.create(RC::image("a", {RC::affiliation("a@b.example", Affiliation::owner, 1)})));
  must(stores().rooms.create(RC::image("c", {RC::affiliation("a@b.example", Affiliation::admin, 1)})));
  must(stores().rooms.create(RC::image("d", {RC::affiliation("a@b.example", Affiliation::owner, 1)})));
  RoomImage elsewhere{.record = RC::record(bare("b@chat.other.example")),
                      .affiliations = {RC::affiliation("a@b.example", Affiliation::owner, 1)}};
  must(stores().rooms.create(elsewhere));
  must(stores().rooms.save(RC::record(RC::room("d")), {RC::affiliation("a@b.example", Affiliation::none, 2)}));
  const BareJid owner = bare("a@b.example");
  EXPECT_EQ(get(stores().rooms.owned_by(chat, owner, 10)), (std::vector<BareJid>{RC::room("a"), RC::room("b")}));
  EXPECT_EQ(get(stores().rooms.owned_by(chat, owner, 1)).size(), 1U);
  EXPECT_TRUE(get(stores().rooms.owned_by(chat, romeo_, 10)).empty());
}

TEST_P(StoreContract, RoomsThatAreIdle) {
  for (const auto& [local, at] : std::vector<std::pair<std::string, std::int64_t>>{{"a", 300}, {"b", 100}, {"c", 200}}) {
    RoomImage made = RC::image(local);
    made.record.last_active = at_ms(at);
    must(stores().rooms.create(made));
  }
  auto& rooms = stores().rooms;
  EXPECT_EQ(RC::shown(get(rooms.idle_since(chat, at_ms(300), 10))), "b c .");
  EXPECT_EQ(RC::shown(get(rooms.idle_since(chat, at_ms(1000), 1))), "b .");
  must(rooms.touch(RC::room("b"), at_ms(400)));
  must(rooms.touch(RC::room("a"), at_ms(50)));  // never back in time
  must(rooms.touch(RC::room("nowhere"), at_ms(1)));
  EXPECT_EQ(RC::shown(get(rooms.idle_since(chat, at_ms(1000), 10))), "c a b .");
  EXPECT_TRUE(get(rooms.idle_since("chat.other.example", at_ms(1000), 10)).empty());
  EXPECT_FALSE(get(rooms.load(RC::room("nowhere"))));
}

TEST_P(StoreContract, OccupantsAreTakenOnce) {
  const std::vector<StoredOccupant> witches{{FullJid::parse("w2@b.example/x").value(), "second'witch", "<presence/>"},
                                            {FullJid::parse("w1@b.example/x").value(), "first", ""}};
  auto& rooms = stores().rooms;
  must(rooms.save_occupants(RC::room("heath"), {witches[0]}));
  must(rooms.save_occupants(RC::coven(), {witches[1]}));
  must(rooms.save_occupants(RC::coven(), witches));  // in place of those before
  must(rooms.save_occupants(bare("coven@chat.other.example"), witches));
  must(rooms.save_occupants(RC::room("empty"), {}));
  reopen();
  auto& again = stores().rooms;
  EXPECT_EQ(get(again.rooms_with_occupants("", 10)),
            (std::vector<BareJid>{bare("coven@chat.other.example"), RC::coven(), RC::room("heath")}));
  EXPECT_EQ(get(again.rooms_with_occupants(RC::coven().str(), 10)), (std::vector<BareJid>{RC::room("heath")}));
  EXPECT_EQ(get(again.rooms_with_occupants("", 1)).size(), 1U);
  const auto taken = get(again.take_occupants(RC::coven()));
  ASSERT_EQ(taken.size(), 2U);
  EXPECT_EQ(taken[0].jid.str(), "w2@b.example/x");
  EXPECT_EQ(taken[0].nickname, "second'witch");
  EXPECT_EQ(taken[0].state, "<presence/>");
  EXPECT_EQ(taken[1].nickname, "first");
  EXPECT_TRUE(get(again.take_occupants(RC::coven())).empty());
  EXPECT_EQ(get(again.take_occupants(RC::room("heath"))).size(), 1U);
}

TEST_P(ArchiveContract, NothingOfARoomIsLeftToTheNext) {  // security U01
  auto& rooms = stores().rooms;
  const auto said_in = [&](const BareJid& room) {
    must(stores().archive.append(room, entry(1 + get(stores().archive.summary(room)).last, "double toil")));
  };
  must(rooms.create(RC::image("coven", {RC::affiliation("a@b.example", Affiliation::owner, 1)})));
  must(rooms.create(RC::image("heath", {RC::affiliation("a@b.example", Affiliation::owner, 1)})));
  for (const BareJid& room : {RC::coven(), RC::room("heath")}) {
    said_in(room);
    must(rooms.save_occupants(room, {{FullJid::parse("w2@b.example/x").value(), "w", ""}}));
    must(stores().vcards.store(room, "<vCard xmlns='vcard-temp'/>"));
  }
  must(rooms.remove(RC::coven()));
  refuses(rooms.remove(RC::coven()), ErrorKind::not_found);
  EXPECT_FALSE(get(rooms.load(RC::coven())));
  EXPECT_EQ(get(stores().archive.summary(RC::coven())).messages, 0U);
  EXPECT_FALSE(get(stores().vcards.load(RC::coven())));
  EXPECT_TRUE(get(rooms.take_occupants(RC::coven())).empty());
  EXPECT_EQ(get(rooms.owned_by(chat, bare("a@b.example"), 10)), (std::vector<BareJid>{RC::room("heath")}));
  said_in(RC::coven());  // a late write
  must(rooms.create(RC::image("coven")));
  reopen();
  EXPECT_EQ(get(stores().archive.summary(RC::coven())).messages, 0U);
  EXPECT_TRUE(get(stores().rooms.load(RC::coven()))->affiliations.empty());
  EXPECT_EQ(get(stores().archive.summary(RC::room("heath"))).messages, 1U);
  EXPECT_EQ(get(stores().rooms.take_occupants(RC::room("heath"))).size(), 1U);
  EXPECT_TRUE(get(stores().vcards.load(RC::room("heath"))));
}

// ---- what archives do for rooms

TEST_P(ArchiveContract, MessageIsFoundByAnAlias) {
  const auto keep_as = [&](ArchiveId id, std::string_view text, std::string_view contact, std::string_view alias) {
    ArchiveEntry kept = entry(id, text, contact);
    kept.alias = jid(alias);
    must(stores().archive.append(juliet_, std::move(kept)));
  };
  keep_as(1, "thrice the cat", "crone1@b.example/x", "coven@chat.example/first");
  keep_as(2, "the hedge-pig", "crone2@b.example/x", "coven@chat.example/second");
  keep_as(3, "under another name", "crone1@b.example/y", "coven@chat.example/third");
  keep_as(4, "the cat's name taken", "crone2@b.example/x", "coven@chat.example/first");
  keep(5, "no alias", "coven@chat.example/first");
  reopen();
  EXPECT_EQ(ids({.alias = jid("coven@chat.example/first")}), (Ids{1, 4}));
  EXPECT_EQ(ids({.alias = jid("coven@chat.example/first"), .is_last_page = true, .limit = 1}), (Ids{4}));
  EXPECT_EQ(ids({.alias = jid("coven@chat.example/first"), .page_after = 1}), (Ids{4}));
  EXPECT_EQ(page({.alias = jid("coven@chat.example/first"), .limit = 0}).count, 2U);
  EXPECT_EQ(ids({.alias = jid("coven@chat.example/first"), .ids = {1, 2}}), (Ids{1}));
  EXPECT_EQ(ids({.alias = jid("coven@chat.example/first"), .words = "name"}), (Ids{4}));
  EXPECT_EQ(ids({.alias = jid("coven@chat.example/nobody")}), Ids{});
  EXPECT_EQ(ids({.contact = jid("crone1@b.example")}), (Ids{1, 3}));
  EXPECT_EQ(ids({.contact = jid("crone1@b.example"), .alias = jid("coven@chat.example/third")}), (Ids{3}));
  EXPECT_EQ(page({.contact = jid("crone1@b.example"), .alias = jid("coven@chat.example/third"), .limit = 0}).count, 1U);
  EXPECT_EQ(ids({.contact = jid("crone1@b.example/x")}), Ids{}) << "the alias stands in its place";
  EXPECT_EQ(ids({.contact = jid("coven@chat.example/first")}), (Ids{5}));
  EXPECT_EQ(trim({.bytes = 1}, at_ms(0)), 5U);
}

TEST_P(ArchiveContract, MessageIsReplacedInItsPlace) {  // XEP-0424's tombstones
  for (const ArchiveId id : {1U, 2U, 3U}) {
    keep(id, "regretted word" + std::to_string(id));
  }
  const std::uint64_t bytes = get(stores().archive.summary(juliet_)).bytes;
  must(stores().archive.replace(juliet_, 2, said("")));
  reopen();
  EXPECT_EQ(ids({}), (Ids{1, 2, 3}));
  EXPECT_EQ(page({}).messages.at(1).stanza, said("")->to_xml());
  EXPECT_EQ(found_by("regretted"), (Ids{1, 3}));
  EXPECT_EQ(found_by("word2"), Ids{});
  const ArchiveSummary summary = get(stores().archive.summary(juliet_));
  EXPECT_EQ(summary.messages, 3U);
  EXPECT_EQ(summary.bytes, bytes - std::string_view("regretted word2").size());
  must(stores().archive.replace(juliet_, 2, said("mended")));
  EXPECT_EQ(found_by("mended"), (Ids{2}));
  refuses(stores().archive.replace(juliet_, 9, said("")), ErrorKind::not_found);
  refuses(stores().archive.replace(romeo_, 2, said("")), ErrorKind::not_found);
  must(stores().archive.append(romeo_, {.id = 7, .message = 3, .stanza = said("regretted word3"), .contact = juliet_}));
  refuses(stores().archive.replace(juliet_, 3, said("")), ErrorKind::denied);
  EXPECT_EQ(get(stores().archive.find(romeo_, {})).messages.at(0).stanza, said("regretted word3")->to_xml());
  must(stores().archive.hold(juliet_, entry(1, "regretted word1"), {}));
  refuses(stores().archive.replace(juliet_, 1, said("")), ErrorKind::denied);
  EXPECT_EQ(trim({.bytes = 1}, at_ms(0)), 3U);
  EXPECT_EQ(found_by("mended"), Ids{});
}

}  // namespace aldis::testing_support
