// What every backend's archive does (storage/archive_store.h), as part of the stores' contract.
#pragma once
#include "tests/support/store_contract.h"

namespace aldis::testing_support {

class ArchiveContract : public StoreContract {
 protected:
  static StanzaPtr said(std::string_view text) {
    return Stanza::make(
        "<message from='romeo@montague.example/orchard' to='juliet@capulet.example' type='chat'><body>" +
        std::string(text) + "</body></message>");
  }
  static ArchiveEntry entry(ArchiveId id, std::string_view text,
                            std::string_view contact = "romeo@montague.example/orchard") {
    return {.id = id, .message = id, .stanza = said(text), .contact = jid(contact)};
  }
  void keep(ArchiveId id, std::string_view text, std::string_view contact = "romeo@montague.example/orchard") {
    must(stores().archive.append(juliet_, entry(id, text, contact)));
  }
  ArchivePage page(ArchiveQuery query) { return get(stores().archive.find(juliet_, std::move(query))); }
  std::vector<ArchiveId> ids(ArchiveQuery query) {
    std::vector<ArchiveId> found;
    for (const ArchivedMessage& message : page(std::move(query)).messages) {
      found.push_back(message.id);
    }
    return found;
  }
  std::vector<ArchiveId> found_by(std::string words) { return ids({.words = std::move(words)}); }
  std::vector<ArchiveId> waiting() {
    std::vector<ArchiveId> found;
    for (const ArchivedMessage& message : get(stores().archive.load_pending(juliet_, 0, 100, 1'000'000))) {
      found.push_back(message.id);
    }
    return found;
  }
  std::size_t trim(ArchiveRetention limits, WallTime now, std::size_t most = 200) {
    TrimStep step{.domain = "capulet.example", .limits = limits, .now = now, .most = most};
    std::size_t removed = 0;
    for (int i = 0; i < 1000; ++i) {
      const TrimmedStep done = get(stores().archive.trim(step));
      EXPECT_LE(done.removed, most);
      removed += done.removed;
      step.after = done.next;
      if (done.next.empty() && done.removed == 0) {
        return removed;
      }
    }
    ADD_FAILURE() << "trimming does not end";
    return removed;
  }
  using Ids = std::vector<ArchiveId>;
};

TEST_P(ArchiveContract, KeepsMessagesInOrder) {
  for (const ArchiveId id : {10U, 20U, 30U, 40U, 50U}) {
    keep(id, "message " + std::to_string(id));
  }
  must(stores().archive.append(romeo_, entry(25, "his own")));
  reopen();
  const ArchivePage all = page({});
  ASSERT_EQ(all.messages.size(), 5U);
  EXPECT_TRUE(all.is_complete);
  EXPECT_EQ(all.messages[0].id, 10U);
  EXPECT_EQ(all.messages[0].stanza, said("message 10")->to_xml());
  EXPECT_EQ(all.messages[4].stanza, said("message 50")->to_xml());
  const ArchiveSummary summary = get(stores().archive.summary(juliet_));
  EXPECT_EQ(summary.first, 10U);
  EXPECT_EQ(summary.last, 50U);
  EXPECT_EQ(summary.messages, 5U);
  EXPECT_EQ(get(stores().archive.summary(bare("nobody@capulet.example"))).messages, 0U);
  EXPECT_TRUE(get(stores().archive.find(bare("nobody@capulet.example"), {})).messages.empty());
}

TEST_P(ArchiveContract, PagesFromBothEnds) {  // XEP-0059 sections 2.2 to 2.5
  for (ArchiveId id = 1; id <= 10; ++id) {
    keep(id, "m");
  }
  EXPECT_EQ(ids({.limit = 3}), (Ids{1, 2, 3}));
  EXPECT_FALSE(page({.limit = 3}).is_complete);
  EXPECT_EQ(ids({.page_after = 3, .limit = 3}), (Ids{4, 5, 6}));
  EXPECT_EQ(ids({.is_last_page = true, .limit = 3}), (Ids{8, 9, 10}));
  EXPECT_EQ(ids({.page_before = 8, .is_last_page = true, .limit = 3}), (Ids{5, 6, 7}));
  EXPECT_TRUE(page({.page_after = 7, .limit = 3}).is_complete);
  EXPECT_TRUE(page({.page_before = 4, .is_last_page = true, .limit = 3}).is_complete);
  EXPECT_FALSE(page({.page_before = 5, .is_last_page = true, .limit = 3}).is_complete);
  EXPECT_TRUE(page({.limit = 10}).is_complete);
  EXPECT_EQ(ids({.page_after = 10}), Ids{});
  EXPECT_EQ(page({.page_after = 4, .wants_count = true}).count, 10U);  // of the whole set
  const ArchivePage counted = page({.after_id = 4, .limit = 0});
  EXPECT_EQ(counted.count, 6U);
  EXPECT_TRUE(counted.messages.empty());
}

TEST_P(ArchiveContract, BoundsById) {  // XEP-0313 section 3.1.3
  for (ArchiveId id = 1; id <= 6; ++id) {
    keep(id, "m");
  }
  EXPECT_EQ(ids({.after_id = 2}), (Ids{3, 4, 5, 6}));
  EXPECT_EQ(ids({.after_id = 2, .before_id = 5}), (Ids{3, 4}));
  EXPECT_EQ(ids({.before_id = 1}), Ids{});
  EXPECT_EQ(ids({.ids = {5, 2, 5}}), (Ids{2, 5}));
  EXPECT_EQ(ids({.page_after = 2, .ids = {5, 2}}), (Ids{5}));
  refuses(stores().archive.find(juliet_, {.after_id = 9}), ErrorKind::not_found);
  refuses(stores().archive.find(juliet_, {.before_id = 9}), ErrorKind::not_found);
  refuses(stores().archive.find(juliet_, {.page_after = 9}), ErrorKind::not_found);
  refuses(stores().archive.find(juliet_, {.page_before = 9}), ErrorKind::not_found);
  refuses(stores().archive.find(juliet_, {.ids = {1, 9}}), ErrorKind::not_found);
  refuses(stores().archive.find(romeo_, {.after_id = 2}), ErrorKind::not_found);  // another's id
}

TEST_P(ArchiveContract, BoundsByTime) {
  const ArchiveId noon = first_archive_id_at(at_ms(1'700'000'000'000));
  keep(noon - 1, "before");
  keep(noon, "at");
  keep(noon + 5, "behind");
  EXPECT_EQ(archive_time(noon), at_ms(1'700'000'000'000));
  EXPECT_EQ(archive_time(noon - 1), at_ms(1'699'999'999'999));
  EXPECT_EQ(ids({.not_before = noon}), (Ids{noon, noon + 5}));
  EXPECT_EQ(ids({.not_behind = noon}), (Ids{noon - 1}));
  EXPECT_EQ(ids({.not_before = noon, .not_behind = noon + 1}), (Ids{noon}));
  EXPECT_EQ(first_archive_id_at(at_ms(-5)), 0U);
  EXPECT_EQ(first_archive_id_at(at_ms(253'402'300'799'999)), 0x7fff'ffff'ffff'ffffULL);  // the year 9999
}

TEST_P(ArchiveContract, FindsByContact) {  // XEP-0313 section 3.1.1
  keep(1, "a", "romeo@montague.example/orchard");
  keep(2, "b", "romeo@montague.example");
  keep(3, "c", "romeo@montague.example/street");
  keep(4, "d", "nurse@capulet.example/hall");
  keep(5, "e", "montague.example");
  EXPECT_EQ(ids({.contact = jid("romeo@montague.example")}), (Ids{1, 2, 3}));
  EXPECT_EQ(ids({.contact = jid("romeo@montague.example/orchard")}), (Ids{1}));
  EXPECT_EQ(ids({.contact = jid("romeo@montague.example"), .is_last_page = true, .limit = 2}), (Ids{2, 3}));
  EXPECT_EQ(ids({.contact = jid("romeo@montague.example"), .after_id = 1, .limit = 1}), (Ids{2}));
  EXPECT_EQ(ids({.contact = jid("montague.example")}), (Ids{5}));
  EXPECT_EQ(ids({.contact = jid("paris@capulet.example")}), Ids{});
  EXPECT_EQ(ids({.contact = jid("romeo@montague.example/nowhere")}), Ids{});
  EXPECT_EQ(page({.contact = jid("romeo@montague.example"), .limit = 0}).count, 3U);
  EXPECT_EQ(ids({.contact = jid("nurse@capulet.example"), .ids = {1, 4}}), (Ids{4}));
}

TEST_P(ArchiveContract, FindsWords) {  // XEP-0431
  keep(1, "Shall I compare thee to a summer's day?");
  keep(2, "Rough winds do shake the darling buds of May", "nurse@capulet.example");
  keep(3, "And SUMMER's lease hath all too short a date");
  must(stores().archive.append(romeo_, entry(4, "summer")));
  reopen();
  EXPECT_EQ(found_by("summer"), (Ids{1, 3}));
  EXPECT_EQ(found_by("Summer short"), (Ids{3}));
  EXPECT_EQ(found_by("short summer winds"), Ids{});
  EXPECT_EQ(found_by("summ"), Ids{});
  EXPECT_EQ(found_by(" \t "), Ids{});
  EXPECT_EQ(ids({.words = "summer", .is_last_page = true, .limit = 1}), (Ids{3}));
  EXPECT_EQ(ids({.page_before = 3, .words = "summer", .is_last_page = true, .limit = 1}), (Ids{1}));
  EXPECT_EQ(ids({.after_id = 1, .words = "summer"}), (Ids{3}));
  EXPECT_EQ(ids({.contact = jid("nurse@capulet.example"), .words = "may"}), (Ids{2}));
  EXPECT_EQ(ids({.contact = jid("nurse@capulet.example"), .words = "summer"}), Ids{});
  EXPECT_EQ(ids({.contact = jid("romeo@montague.example/orchard"), .words = "summer"}), (Ids{1, 3}));
  EXPECT_EQ(ids({.ids = {1, 2}, .words = "summer"}), (Ids{1}));
  EXPECT_EQ(page({.words = "summer", .limit = 0}).count, 2U);
}

TEST_P(ArchiveContract, TextIsNeverSyntax) {  // security B02: of SQL or of the full-text index
  for (ArchiveId id = 1; const std::string& text : hostile_texts()) {
    std::string escaped;
    xml::append_escaped_text(escaped, text);
    keep(id++, escaped);
    const auto found = run(stores().archive.find(juliet_, {.words = text}));
    EXPECT_TRUE(found) << text << (found ? "" : found.error().what);
  }
  keep(100, "plain words");
  for (const char* query :
       {"plain OR nothing", "plain NOT words", "pla*", "body:plain", "place:a1", "\"plain", "plain\" OR \"x",
        "^plain nothing", "NEAR(plain words)", "{body}:plain nothing", "a1", "plain)", "(plain nothing"}) {
    const auto found = get(stores().archive.find(juliet_, {.words = query}));
    if (std::string_view(query) == "plain)" || std::string_view(query) == "\"plain") {
      EXPECT_EQ(found.messages.size(), 1U) << query;
    } else {
      EXPECT_TRUE(found.messages.empty()) << query;
    }
  }
}

TEST_P(ArchiveContract, OneMessageForTwoOwners) {
  must(stores().archive.append(romeo_, {.id = 5, .message = 5, .stanza = said("shared"), .contact = juliet_}));
  must(stores().archive.append(juliet_, {.id = 6, .message = 5, .stanza = said("shared"), .contact = romeo_}));
  // The sender's write came to nothing: the recipient has what it was given.
  must(stores().archive.append(juliet_, {.id = 8, .message = 7, .stanza = said("alone"), .contact = romeo_}));
  reopen();
  EXPECT_EQ(get(stores().archive.find(romeo_, {})).messages.at(0).stanza, said("shared")->to_xml());
  EXPECT_EQ(ids({}), (Ids{6, 8}));
  EXPECT_EQ(page({}).messages.at(1).stanza, said("alone")->to_xml());
  must(stores().archive.set_retention(juliet_, ArchiveRetention{.bytes = 1}));
  EXPECT_EQ(trim({}, at_ms(0)), 2U);
  EXPECT_EQ(ids({}), Ids{});
  EXPECT_EQ(get(stores().archive.find(romeo_, {})).messages.at(0).stanza, said("shared")->to_xml());
}

TEST_P(ArchiveContract, PageHoldsNoMoreBytesThanAsked) {
  for (ArchiveId id = 1; id <= 5; ++id) {
    keep(id, std::string(1000, 'x'));
  }
  const ArchivePage some = page({.max_bytes = 2500});
  EXPECT_EQ(some.messages.size(), 2U);
  EXPECT_FALSE(some.is_complete);
  EXPECT_EQ(page({.max_bytes = 1}).messages.size(), 1U);
}

TEST_P(ArchiveContract, WhatWaitsKeepsItsOrder) {  // XEP-0160
  keep(1, "archived");
  must(stores().archive.hold(juliet_, entry(1, "archived"), {}));
  must(stores().archive.hold(juliet_, entry(2, "hidden"), {}));
  must(stores().archive.hold(juliet_, entry(2, "hidden"), {}));  // said twice
  keep(3, "later");
  must(stores().archive.hold(juliet_, entry(3, "later"), {}));
  must(stores().archive.hold(romeo_, entry(4, "his"), {}));
  reopen();
  auto pending = get(stores().archive.load_pending(juliet_, 0, 10, 100'000));
  ASSERT_EQ(pending.size(), 3U);
  EXPECT_EQ(pending[0].stanza, said("archived")->to_xml());
  EXPECT_TRUE(pending[0].is_archived);
  EXPECT_FALSE(pending[1].is_archived);
  EXPECT_EQ(ids({}), (Ids{1, 3}));  // what only waits is not in the archive
  EXPECT_EQ(found_by("hidden"), Ids{});
  EXPECT_EQ(get(stores().archive.load_pending(juliet_, 1, 1, 100'000)).at(0).id, 2U);
  EXPECT_EQ(get(stores().archive.load_pending(juliet_, 0, 10, 1)).size(), 1U);
  must(stores().archive.remove_pending(juliet_, {1, 2}));
  must(stores().archive.remove_pending(juliet_, {1, 2, 99}));  // none there: success
  EXPECT_EQ(waiting(), (Ids{3}));
  EXPECT_EQ(ids({}), (Ids{1, 3}));
  EXPECT_EQ(get(stores().archive.load_pending(romeo_, 0, 10, 1000)).size(), 1U);
}

TEST_P(ArchiveContract, LimitsOfWhatWaitsHoldAtAndBeyond) {
  const PendingLimits three{.messages = 3, .bytes = 100'000};
  for (ArchiveId id = 1; id <= 3; ++id) {
    must(stores().archive.hold(juliet_, entry(id, "m"), three));
  }
  refuses(stores().archive.hold(juliet_, entry(4, "m"), three), ErrorKind::full);
  must(stores().archive.hold(romeo_, entry(5, "m"), three));  // each owner for himself
  must(stores().archive.remove_pending(juliet_, {2}));
  must(stores().archive.hold(juliet_, entry(6, "m"), three));
  EXPECT_EQ(waiting(), (Ids{1, 3, 6}));
  const std::size_t size = said("1234567890")->to_xml().size();
  const BareJid nurse = bare("nurse@capulet.example");
  const PendingLimits small{.messages = 100, .bytes = 2 * size};
  must(stores().archive.hold(nurse, entry(7, "1234567890"), small));
  refuses(stores().archive.hold(nurse, entry(8, "12345678901"), small), ErrorKind::full);
  must(stores().archive.hold(nurse, entry(9, "1234567890"), small));
  refuses(stores().archive.hold(nurse, entry(10, ""), small), ErrorKind::full);
}

TEST_P(ArchiveContract, Preferences) {  // XEP-0441
  EXPECT_EQ(get(stores().archive.load_preferences(juliet_)).otherwise, ArchivePreferences::Default::unset);
  must(stores().archive.store_preferences(juliet_, {.otherwise = ArchivePreferences::Default::roster,
                                                    .always = {jid("romeo@montague.example"), jid("a@b.example/r")},
                                                    .never = {jid("montague.example")}}));
  reopen();
  ArchivePreferences found = get(stores().archive.load_preferences(juliet_));
  EXPECT_EQ(found.otherwise, ArchivePreferences::Default::roster);
  EXPECT_EQ(found.always, (std::vector<Jid>{jid("a@b.example/r"), jid("romeo@montague.example")}));
  EXPECT_EQ(found.never, (std::vector<Jid>{jid("montague.example")}));
  must(stores().archive.store_preferences(juliet_, {.otherwise = ArchivePreferences::Default::always}));
  found = get(stores().archive.load_preferences(juliet_));
  EXPECT_TRUE(found.always.empty() && found.never.empty());
  EXPECT_EQ(get(stores().archive.load_preferences(romeo_)).otherwise, ArchivePreferences::Default::unset);
}

TEST_P(ArchiveContract, TheOldestGoFirstAndInSteps) {  // XEP-0313 section 2.2: no holes
  const ArchiveId hour = first_archive_id_at(at_ms(1'700'000'000'000));
  const ArchiveId minute = 60'000'000ULL << 12U;
  for (ArchiveId i = 0; i < 10; ++i) {
    keep(hour + i * minute, "aging word" + std::to_string(i));
  }
  must(stores().archive.append(bare("nurse@montague.example"), entry(hour, "of another domain")));
  const WallTime now = at_ms(1'700'000'000'000) + std::chrono::minutes(10);
  EXPECT_EQ(trim({}, now), 0U);  // no limits
  EXPECT_EQ(trim({.age = std::chrono::minutes(7)}, now, 2), 3U);
  EXPECT_EQ(ids({.limit = 1}), (Ids{hour + 3 * minute}));
  EXPECT_EQ(get(stores().archive.summary(juliet_)).messages, 7U);
  EXPECT_EQ(found_by("word2"), Ids{});
  EXPECT_EQ(found_by("word3").size(), 1U);
  EXPECT_EQ(page({.words = "aging", .limit = 0}).count, 7U);
  const std::uint64_t bytes = get(stores().archive.summary(juliet_)).bytes;
  EXPECT_EQ(trim({.bytes = bytes}, now), 0U);
  EXPECT_EQ(trim({.bytes = bytes - 1}, now), 1U);
  EXPECT_FALSE(get(stores().archive.summary(juliet_)).own_limits);
  must(stores().archive.set_retention(juliet_, ArchiveRetention{}));  // keeps everything
  EXPECT_EQ(get(stores().archive.summary(juliet_)).own_limits->bytes, 0U);
  EXPECT_EQ(trim({.age = std::chrono::minutes(1), .bytes = 1}, now), 0U);
  must(stores().archive.set_retention(juliet_, ArchiveRetention{.age = std::chrono::minutes(2)}));
  EXPECT_EQ(get(stores().archive.summary(juliet_)).own_limits->age, std::chrono::minutes(2));
  EXPECT_EQ(trim({}, now), 4U);
  must(stores().archive.set_retention(juliet_, std::nullopt));
  EXPECT_FALSE(get(stores().archive.summary(juliet_)).own_limits);
  EXPECT_EQ(trim({.age = std::chrono::minutes(1)}, now), 1U);
  EXPECT_EQ(get(stores().archive.summary(bare("nurse@montague.example"))).messages, 1U);
}

TEST_P(ArchiveContract, WhatWaitsOutlivesItsPlaceInTheArchive) {
  keep(1, "waits");
  must(stores().archive.hold(juliet_, entry(1, "waits"), {}));
  EXPECT_EQ(trim({.bytes = 1}, at_ms(0)), 1U);
  const auto pending = get(stores().archive.load_pending(juliet_, 0, 10, 1000));
  ASSERT_EQ(pending.size(), 1U);
  EXPECT_EQ(pending[0].stanza, said("waits")->to_xml());
  EXPECT_FALSE(pending[0].is_archived);
}

TEST_P(ArchiveContract, NewAccountDoesNotFindTheOldArchive) {  // security U01
  must(stores().accounts.create(account("juliet@capulet.example")));
  keep(1, "secret word");
  must(stores().archive.hold(juliet_, entry(2, "secret"), {}));
  must(stores().archive.append(romeo_, {.id = 3, .message = 1, .stanza = said("secret word"), .contact = juliet_}));
  must(stores().accounts.remove(juliet_));
  must(stores().accounts.create(account("juliet@capulet.example")));
  keep(4, "new word");
  EXPECT_EQ(ids({}), (Ids{4}));
  EXPECT_EQ(found_by("word"), (Ids{4}));
  EXPECT_EQ(waiting(), Ids{});
  static_cast<void>(trim({}, at_ms(0)));
  EXPECT_EQ(ids({}), (Ids{4}));
  EXPECT_EQ(get(stores().archive.find(romeo_, {})).messages.at(0).stanza, said("secret word")->to_xml());
}

// A number that SQLite gives again does not bring back what was found by it.
TEST_P(ArchiveContract, WordsAreFoundAfterARestartAndOnlyTheRightOnes) {
  keep(1, "first word");
  reopen();
  keep(2, "second word");
  EXPECT_EQ(found_by("word"), (Ids{1, 2}));
  keep(3, "third word");
  keep(4, "fourth");
  EXPECT_EQ(trim({.bytes = 1}, at_ms(0)), 4U);
  reopen();
  EXPECT_EQ(found_by("word"), Ids{});
  keep(5, "third time");  // it may have the number of one that is gone
  reopen();
  EXPECT_EQ(found_by("third"), (Ids{5}));
  EXPECT_EQ(found_by("word"), Ids{});
  EXPECT_EQ(trim({.bytes = 1}, at_ms(0)), 1U);
  keep(6, "sixth");
  EXPECT_EQ(found_by("third"), Ids{});
  EXPECT_EQ(found_by("sixth"), (Ids{6}));
}

TEST_P(ArchiveContract, HighWaterIsNeverBelowAnId) {
  const ArchiveId first = first_archive_id_at(at_ms(1'700'000'000'000));
  for (ArchiveId i = 0; i < 20; ++i) {
    keep(first + i * (300'000ULL << 12U), "m");  // every 0.3 s
  }
  must(stores().archive.hold(juliet_, entry(first + (60'000'000ULL << 12U), "m"), {}));
  reopen();
  EXPECT_GE(get(stores().archive.high_water()), first + (60'000'000ULL << 12U));
}

}  // namespace aldis::testing_support
