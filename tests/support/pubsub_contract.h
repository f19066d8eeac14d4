// What every backend keeps of nodes: storage/pubsub_store.h as tests. Included beside store_contract.h by a backend's test.
#pragma once
#include <algorithm>

#include "tests/support/store_contract.h"

namespace aldis::testing_support {

class PubSubContract {
 public:
  static BareJid service() { return bare("pubsub.shakespeare.example"); }
  static PubSubNodeRecord record(std::string node, std::vector<std::string> collections = {}) {
    return {.service = service(),
            .node = std::move(node),
            .is_collection = false,
            .collections = std::move(collections),
            .name = "Princely Musings",
            .config = "<x max='it''s'/>",
            .creator = bare("hamlet@denmark.example"),
            .created = at_ms(1'700'000'000'123)};
  }
  static PubSubNodeImage image(std::string node, std::vector<std::string> collections = {}) {
    return {.record = record(std::move(node), std::move(collections)), .affiliations = {}, .subscriptions = {}, .last = {}};
  }
  static PubSubAffiliation affiliation(std::string_view address, pubsub::Affiliation affiliation) { return {bare(address), affiliation}; }
  static PubSubSubscription subscription(std::string_view address, std::string subid,
                                         pubsub::SubscriptionState state = pubsub::SubscriptionState::subscribed) {
    return {.jid = jid(address), .subid = std::move(subid), .state = state, .options = {}, .expires = {}};
  }
  static PubSubItem item(std::string id, std::string payload = "<entry/>", std::optional<WallTime> expires = {}) {
    return {.id = std::move(id),
            .payload = std::move(payload),
            .publisher = jid("hamlet@denmark.example/blogbot"),
            .published = at_ms(1'700'000'000'500),
            .expires = expires};
  }
  static std::string shown(const PubSubNodePage& page) {
    std::string text;
    for (const PubSubNodeSummary& each : page.nodes) {
      text += each.record.node + " ";
    }
    return text + (page.is_complete ? "." : "...");
  }
  // ids, place of the first of how many
  static std::string shown(const PubSubItemPage& page) {
    std::string text;
    for (const PubSubItem& each : page.items) {
      text += each.id + " ";
    }
    return text + "@" + std::to_string(page.first_index) + "/" + std::to_string(page.count);
  }
  static std::string shown(const std::vector<std::string>& ids) {
    std::string text;
    for (const std::string& each : ids) {
      text += (text.empty() ? "" : " ") + each;
    }
    return text;
  }
};
using NC = PubSubContract;
using pubsub::SubscriptionState;

TEST_P(StoreContract, NodeIsFoundAsItWasCreated) {
  PubSubNodeImage made = NC::image("princely_musings", {"blogs", "a"});
  made.affiliations = {NC::affiliation("hamlet@denmark.example", pubsub::Affiliation::owner),
                       NC::affiliation("bernardo@denmark.example", pubsub::Affiliation::publisher)};
  made.subscriptions = {NC::subscription("francisco@denmark.example/elsinore", "2"), NC::subscription("francisco@denmark.example", "1")};
  made.subscriptions[0].options = "<x depth='it''s'/>";
  made.subscriptions[0].expires = at_ms(1'800'000'000'000);
  made.last = NC::item("ignored");
  must(stores().pubsub.create(made, {}));
  refuses(stores().pubsub.create(made, {}), ErrorKind::already_exists);
  reopen();
  const auto found = get(stores().pubsub.load(NC::service(), "princely_musings", at_ms(0)));
  ASSERT_TRUE(found);
  const PubSubNodeRecord& record = found->record;
  EXPECT_EQ(record.service, NC::service());
  EXPECT_EQ(record.node, "princely_musings");
  EXPECT_FALSE(record.is_collection);
  EXPECT_EQ(record.collections, (std::vector<std::string>{"blogs", "a"}));
  EXPECT_EQ(record.name, "Princely Musings");
  EXPECT_EQ(record.config, "<x max='it''s'/>");
  EXPECT_EQ(record.creator, bare("hamlet@denmark.example"));
  EXPECT_EQ(record.created, at_ms(1'700'000'000'123));
  ASSERT_EQ(found->affiliations.size(), 2U);
  EXPECT_EQ(found->affiliations[0].jid, bare("bernardo@denmark.example"));
  EXPECT_EQ(found->affiliations[0].affiliation, pubsub::Affiliation::publisher);
  EXPECT_EQ(found->affiliations[1].affiliation, pubsub::Affiliation::owner);
  ASSERT_EQ(found->subscriptions.size(), 2U);
  EXPECT_EQ(found->subscriptions[0].jid, jid("francisco@denmark.example"));
  EXPECT_EQ(found->subscriptions[0].subid, "1");
  EXPECT_FALSE(found->subscriptions[0].expires);
  EXPECT_EQ(found->subscriptions[1].jid, jid("francisco@denmark.example/elsinore"));
  EXPECT_EQ(found->subscriptions[1].state, SubscriptionState::subscribed);
  EXPECT_EQ(found->subscriptions[1].options, "<x depth='it''s'/>");
  EXPECT_EQ(found->subscriptions[1].expires, at_ms(1'800'000'000'000));
  EXPECT_FALSE(found->last);
  EXPECT_FALSE(get(stores().pubsub.load(NC::service(), "other", at_ms(0))));
  EXPECT_FALSE(get(stores().pubsub.load(bare("pubsub.other.example"), "princely_musings", at_ms(0))));
}

TEST_P(StoreContract, NodeIsChangedInParts) {
  auto& nodes = stores().pubsub;
  PubSubNodeImage made = NC::image("n", {"c"});
  made.affiliations = {NC::affiliation("a@b.example", pubsub::Affiliation::owner), NC::affiliation("c@b.example", pubsub::Affiliation::member)};
  made.subscriptions = {NC::subscription("a@b.example", "1"), NC::subscription("a@b.example", "2")};
  must(nodes.create(made, {}));
  PubSubNodeRecord changed = NC::record("n", {"d"});
  changed.name = "other";
  changed.config = "other words";
  changed.is_collection = true;
  changed.creator = bare("nobody@b.example");
  changed.created = at_ms(5);
  must(nodes.save(changed, {NC::affiliation("c@b.example", pubsub::Affiliation::none), NC::affiliation("d@b.example", pubsub::Affiliation::outcast)},
                  {NC::subscription("a@b.example", "2", SubscriptionState::none)}));
  must(nodes.save_subscriptions(NC::service(), "n", {NC::subscription("a@b.example", "1", SubscriptionState::pending),
                                                     NC::subscription("e@b.example/x", "1")}));
  reopen();
  const auto found = get(stores().pubsub.load(NC::service(), "n", at_ms(0)));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->record.name, "other");
  EXPECT_EQ(found->record.config, "other words");
  EXPECT_TRUE(found->record.is_collection);
  EXPECT_EQ(found->record.collections, (std::vector<std::string>{"d"}));
  EXPECT_EQ(found->record.creator, bare("hamlet@denmark.example")) << "the store keeps it";
  EXPECT_EQ(found->record.created, at_ms(1'700'000'000'123));
  ASSERT_EQ(found->affiliations.size(), 2U);
  EXPECT_EQ(found->affiliations[1].jid, bare("d@b.example"));
  EXPECT_EQ(found->affiliations[1].affiliation, pubsub::Affiliation::outcast);
  ASSERT_EQ(found->subscriptions.size(), 2U);
  EXPECT_EQ(found->subscriptions[0].state, SubscriptionState::pending);
  EXPECT_EQ(found->subscriptions[1].jid, jid("e@b.example/x"));
  refuses(stores().pubsub.save(NC::record("other"), {}, {}), ErrorKind::not_found);
  refuses(stores().pubsub.save_subscriptions(NC::service(), "other", {}), ErrorKind::not_found);
  refuses(stores().pubsub.save_subscriptions(bare("a@b.example"), "n", {}), ErrorKind::not_found);
}

TEST_P(StoreContract, NodesAreNoMoreThanTheirLimits) {
  auto& nodes = stores().pubsub;
  must(nodes.create(NC::image("a"), {.of_service = 2, .of_creator = 2}));
  PubSubNodeImage other = NC::image("b");
  other.record.creator = bare("ophelia@denmark.example");
  must(nodes.create(other, {.of_service = 2, .of_creator = 1}));
  refuses(nodes.create(NC::image("c"), {.of_service = 2}), ErrorKind::full);
  refuses(nodes.create(NC::image("c"), {.of_service = 9, .of_creator = 1}), ErrorKind::full);
  must(nodes.remove(NC::service(), "a"));
  must(nodes.create(NC::image("c"), {.of_service = 2, .of_creator = 1}));
  PubSubNodeImage elsewhere = NC::image("c");
  elsewhere.record.service = bare("hamlet@denmark.example");
  must(nodes.create(elsewhere, {.of_service = 1, .of_creator = 1}));
  EXPECT_EQ(get(nodes.usage(NC::service())).nodes, 2U);
}

TEST_P(StoreContract, ItemsTakeTheirPlaceAndPushOthersOut) {
  auto& nodes = stores().pubsub;
  must(nodes.create(NC::image("n"), {}));
  const auto publish = [&](std::vector<PubSubItem> items, PubSubStore::ItemLimits limits = {}) {
    return NC::shown(get(nodes.publish(NC::service(), "n", std::move(items), limits, at_ms(0))));
  };
  const auto shown = [&] { return NC::shown(get(nodes.items(NC::service(), "n", {}))); };
  EXPECT_EQ(publish({NC::item("a", "<a/>"), NC::item("b", "<b/>")}), "");
  EXPECT_EQ(publish({NC::item("c", "<c/>")}), "");
  EXPECT_EQ(shown(), "a b c @0/3");
  EXPECT_EQ(publish({NC::item("a", "<again/>")}, {.items = 3}), "");
  EXPECT_EQ(shown(), "b c a @0/3");
  EXPECT_EQ(publish({NC::item("d")}, {.items = 2}), "b c");
  EXPECT_EQ(shown(), "a d @0/2");
  EXPECT_EQ(publish({NC::item("e"), NC::item("e", "<second/>")}, {.items = 3}), "");
  EXPECT_EQ(shown(), "a d e @0/3");
  reopen();
  const auto found = get(stores().pubsub.items(NC::service(), "n", {.ids = {"a", "nothing", "e"}}));
  EXPECT_EQ(NC::shown(found), "a e @0/3");
  EXPECT_EQ(found.items[0].payload, "<again/>");
  EXPECT_EQ(found.items[0].publisher, jid("hamlet@denmark.example/blogbot"));
  EXPECT_EQ(found.items[0].published, at_ms(1'700'000'000'500));
  EXPECT_EQ(found.items[1].payload, "<second/>");
  const auto last = get(stores().pubsub.load(NC::service(), "n", at_ms(0)))->last;
  ASSERT_TRUE(last);
  EXPECT_EQ(last->id, "e");
  EXPECT_EQ(last->payload, "<second/>");
  refuses(stores().pubsub.publish(NC::service(), "other", {NC::item("a")}, {}, at_ms(0)), ErrorKind::not_found);
}

TEST_P(StoreContract, ItemsLeave) {
  auto& nodes = stores().pubsub;
  must(nodes.create(NC::image("n"), {}));
  must(nodes.create(NC::image("m"), {}));
  for (const char* node : {"n", "m"}) {
    get(nodes.publish(NC::service(), node, {NC::item("a"), NC::item("b"), NC::item("c"), NC::item("d")}, {}, at_ms(0)));
  }
  EXPECT_EQ(NC::shown(get(nodes.retract(NC::service(), "n", {"b", "x", "b"}))), "b");
  EXPECT_EQ(NC::shown(get(nodes.retract(NC::service(), "x", {"b"}))), "");
  EXPECT_EQ(NC::shown(get(nodes.trim(NC::service(), "n", 5))), "");
  EXPECT_EQ(NC::shown(get(nodes.trim(NC::service(), "n", 1))), "a c");
  EXPECT_EQ(NC::shown(get(nodes.trim(NC::service(), "x", 0))), "");
  EXPECT_EQ(NC::shown(get(nodes.items(NC::service(), "n", {}))), "d @0/1");
  must(nodes.purge(NC::service(), "n"));
  must(nodes.purge(NC::service(), "x"));
  reopen();
  EXPECT_EQ(NC::shown(get(stores().pubsub.items(NC::service(), "n", {}))), "@0/0");
  EXPECT_FALSE(get(stores().pubsub.load(NC::service(), "n", at_ms(0)))->last);
  EXPECT_EQ(NC::shown(get(stores().pubsub.items(NC::service(), "m", {}))), "a b c d @0/4");
  EXPECT_EQ(NC::shown(get(stores().pubsub.items(NC::service(), "x", {}))), "@0/0");
  EXPECT_EQ(get(stores().pubsub.usage(NC::service())).bytes, 4 * std::string_view("<entry/>").size());
}

TEST_P(StoreContract, ItemsAreNoMoreThanTheirBytes) {
  auto& nodes = stores().pubsub;
  must(nodes.create(NC::image("n"), {}));
  must(nodes.create(NC::image("m"), {}));
  const auto publish = [&](std::string node, PubSubItem item, PubSubStore::ItemLimits limits) {
    return nodes.publish(NC::service(), std::move(node), {std::move(item)}, limits, at_ms(0));
  };
  get(publish("n", NC::item("a", "12345"), {.bytes = 10}));
  get(publish("m", NC::item("a", "12345"), {.bytes = 10}));
  refuses(publish("m", NC::item("b", "1"), {.bytes = 10}), ErrorKind::full);
  EXPECT_EQ(NC::shown(get(nodes.items(NC::service(), "m", {}))), "a @0/1");
  EXPECT_EQ(NC::shown(get(publish("m", NC::item("b", "54321"), {.items = 1, .bytes = 10}))), "a");
  get(publish("m", NC::item("b", "4321"), {.bytes = 10}));
  EXPECT_EQ(get(nodes.usage(NC::service())).bytes, 9U);
  get(publish("m", NC::item("c", "1"), {.bytes = 10}));
  refuses(nodes.publish(NC::service(), "m", {NC::item("d", ""), NC::item("e", "1")}, {.bytes = 10}, at_ms(0)), ErrorKind::full);
  EXPECT_EQ(NC::shown(get(nodes.items(NC::service(), "m", {}))), "b c @0/2") << "all or none";
  must(nodes.remove(NC::service(), "m"));
  reopen();
  EXPECT_EQ(get(stores().pubsub.usage(NC::service())).bytes, 5U);
  EXPECT_EQ(get(stores().pubsub.usage(bare("nowhere.example"))).bytes, 0U);
}

TEST_P(StoreContract, ItemsOfSeveralNodesChangeTogetherOrNotAtAll) {
  auto& nodes = stores().pubsub;
  must(nodes.create(NC::image("n"), {}));
  must(nodes.create(NC::image("m"), {}));
  get(nodes.publish(NC::service(), "n", {NC::item("a", "12345"), NC::item("b", "12345")}, {}, at_ms(0)));
  const auto both = [&] {
    return NC::shown(get(stores().pubsub.items(NC::service(), "n", {}))) + ", " + NC::shown(get(stores().pubsub.items(NC::service(), "m", {})));
  };
  const auto gone = get(nodes.change_items(NC::service(),
                                           {{.node = "n", .retracted = {"a", "x"}, .published = {NC::item("c", "123"), NC::item("d", "123")}, .limit = 2},
                                            {.node = "m", .published = {NC::item("list", "12")}}},
                                           20, at_ms(0)));
  ASSERT_EQ(gone.size(), 2U);
  EXPECT_EQ(NC::shown(gone[0]), "b");
  EXPECT_EQ(NC::shown(gone[1]), "");
  EXPECT_EQ(both(), "c d @0/2, list @0/1");
  EXPECT_EQ(get(nodes.usage(NC::service())).bytes, 8U);
  refuses(nodes.change_items(NC::service(), {{.node = "n", .retracted = {"c"}, .published = {}}, {.node = "absent", .published = {NC::item("a")}}}, 0, at_ms(0)),
          ErrorKind::not_found);
  refuses(nodes.change_items(NC::service(), {{.node = "n", .retracted = {"c"}, .published = {}}, {.node = "m", .published = {NC::item("a", "123456")}}}, 9, at_ms(0)),
          ErrorKind::full);
  reopen();
  EXPECT_EQ(both(), "c d @0/2, list @0/1");
  EXPECT_EQ(get(stores().pubsub.usage(NC::service())).bytes, 8U);
  // What makes it smaller is not refused although there is too much.
  get(stores().pubsub.change_items(NC::service(), {{.node = "n", .retracted = {"c"}, .published = {NC::item("e", "1")}}}, 1, at_ms(0)));
  EXPECT_EQ(both(), "d e @0/2, list @0/1");
  EXPECT_EQ(get(stores().pubsub.usage(NC::service())).bytes, 6U);
  get(stores().pubsub.change_items(NC::service(), {{.node = "n", .is_purge = true, .published = {NC::item("f", "1")}}, {.node = "m", .is_purge = true}}, 0, at_ms(0)));
  EXPECT_EQ(both(), "f @0/1, @0/0");
  EXPECT_EQ(get(stores().pubsub.usage(NC::service())).bytes, 1U);
}

TEST_P(StoreContract, LeasesEnd) {  // XEP-0060 section 12.18
  PubSubNodeImage made = NC::image("n");
  for (const auto& [subid, end] : {std::pair{"a", 100}, std::pair{"b", 200}, std::pair{"c", 300}, std::pair{"d", 0}}) {
    made.subscriptions.push_back(NC::subscription("francisco@denmark.example", subid));
    if (end > 0) {
      made.subscriptions.back().expires = at_ms(end);
    }
  }
  must(stores().pubsub.create(made, {}));
  const auto loaded = [&](int now) {
    std::string subids;
    const auto image = get(stores().pubsub.load(NC::service(), "n", at_ms(now)));
    for (const PubSubSubscription& each : image->subscriptions) {
      subids += each.subid;
    }
    return subids;
  };
  EXPECT_EQ(loaded(99), "abcd");
  EXPECT_EQ(loaded(100), "bcd") << "whoever removes it: it is over";
  EXPECT_EQ(get(stores().pubsub.expire_subscriptions(at_ms(99), 10)), 0U);
  EXPECT_EQ(get(stores().pubsub.expire_subscriptions(at_ms(250), 1)), 1U);
  EXPECT_EQ(get(stores().pubsub.expire_subscriptions(at_ms(250), 10)), 1U);
  EXPECT_EQ(get(stores().pubsub.expire_subscriptions(at_ms(250), 10)), 0U);
  reopen();
  EXPECT_EQ(get(stores().pubsub.subscriptions_of(NC::service(), bare("francisco@denmark.example"))).size(), 2U) << "its row is gone";
  EXPECT_EQ(loaded(0), "cd");
}

TEST_P(StoreContract, NodesThatShowTheirLastItemAreFoundWithoutTheOthers) {   // XEP-0060 section 12.2
  const auto shown = [&](std::string_view address) { return NC::shown(get(stores().pubsub.shown_to(NC::service(), bare(address)))); };
  for (const char* name : {"a", "b", "c"}) {
    PubSubNodeImage made = NC::image(name);
    made.record.shows_last = std::string_view(name) != "b";
    made.subscriptions = {NC::subscription("francisco@denmark.example/barracks", "1"), NC::subscription("francisco@denmark.example", "2")};
    must(stores().pubsub.create(made, {}));
  }
  must(stores().pubsub.save_subscriptions(NC::service(), "c", {NC::subscription("bernardo@denmark.example", "3")}));
  must(stores().pubsub.save_subscriptions(NC::service(), "b", {NC::subscription("bernardo@denmark.example", "3")}));
  EXPECT_EQ(shown("francisco@denmark.example"), "a c");
  EXPECT_EQ(shown("bernardo@denmark.example"), "c");
  EXPECT_EQ(shown("yorick@denmark.example"), "");
  PubSubNodeRecord changed = NC::record("b");
  changed.shows_last = true;
  must(stores().pubsub.save(changed, {}, {}));
  must(stores().pubsub.save(NC::record("a"), {}, {}));
  reopen();
  EXPECT_EQ(shown("francisco@denmark.example"), "b c");
  EXPECT_TRUE(get(stores().pubsub.load(NC::service(), "b", at_ms(0)))->record.shows_last);
  EXPECT_TRUE(get(stores().pubsub.list(NC::service(), {})).nodes.at(2).record.shows_last);
}

TEST_P(StoreContract, NodesOfOneAddressAreFoundByIt) {   // XEP-0060 section 12.4
  const auto by = [&](std::string_view address) {
    return NC::shown(get(stores().pubsub.subscribed_by(NC::service(), jid(address))));
  };
  for (const char* name : {"c", "a", "b"}) {
    PubSubNodeImage made = NC::image(name);
    made.subscriptions = {NC::subscription("francisco@denmark.example/barracks", "1"), NC::subscription("bernardo@denmark.example", "2")};
    must(stores().pubsub.create(made, {}));
  }
  must(stores().pubsub.save_subscriptions(NC::service(), "b", {NC::subscription("francisco@denmark.example", "3"), NC::subscription("francisco@denmark.example", "4")}));
  EXPECT_EQ(by("francisco@denmark.example/barracks"), "a b c");
  EXPECT_EQ(by("francisco@denmark.example"), "b") << "once, though it has two there; what its resources have is not its";
  EXPECT_EQ(by("francisco@denmark.example/tower"), "");
  EXPECT_EQ(by("denmark.example"), "");
  must(stores().pubsub.remove(NC::service(), "a"));
  reopen();
  EXPECT_EQ(by("bernardo@denmark.example"), "b c");
  EXPECT_TRUE(get(stores().pubsub.subscribed_by(bare("other.example"), jid("bernardo@denmark.example"))).empty());
}

TEST_P(StoreContract, ItemsAreReadInPages) {
  auto& nodes = stores().pubsub;
  must(nodes.create(NC::image("n"), {}));
  for (const char* id : {"a", "b", "c", "d", "e"}) {
    get(nodes.publish(NC::service(), "n", {NC::item(id)}, {}, at_ms(0)));
  }
  const auto page = [&](PubSubItemRequest request) { return NC::shown(get(nodes.items(NC::service(), "n", std::move(request)))); };
  EXPECT_EQ(page({.limit = 2}), "a b @0/5");
  EXPECT_EQ(page({.after = "b", .limit = 2}), "c d @2/5");
  EXPECT_EQ(page({.after = "e"}), "@0/5");
  EXPECT_EQ(page({.is_last_page = true, .limit = 2}), "d e @3/5");
  EXPECT_EQ(page({.before = "d", .is_last_page = true, .limit = 2}), "b c @1/5");
  EXPECT_EQ(page({.before = "d", .limit = 2}), "a b @0/5");
  EXPECT_EQ(page({.after = "a", .before = "d", .limit = 9}), "b c @1/5");
  EXPECT_EQ(page({.before = "a", .is_last_page = true}), "@0/5");
  EXPECT_EQ(page({.index = 3, .limit = 1}), "d @3/5");
  EXPECT_EQ(page({.index = 9}), "@0/5");
  EXPECT_EQ(page({.limit = 0}), "@0/5");
  EXPECT_EQ(page({.ids = {"d", "b", "d"}, .limit = 1}), "b d @1/5");
  refuses(nodes.items(NC::service(), "n", {.after = "x"}), ErrorKind::not_found);
  refuses(nodes.items(NC::service(), "n", {.before = "x"}), ErrorKind::not_found);
  const auto bare_page = get(nodes.items(NC::service(), "n", {.limit = 1, .has_payloads = false}));
  EXPECT_EQ(bare_page.items.at(0).payload, "");
  EXPECT_EQ(bare_page.items.at(0).publisher, jid("hamlet@denmark.example/blogbot"));
}

TEST_P(StoreContract, ItemsExpire) {
  auto& nodes = stores().pubsub;
  must(nodes.create(NC::image("n"), {}));
  must(nodes.create(NC::image("m"), {}));
  get(nodes.publish(NC::service(), "m", {NC::item("x", "<x/>", at_ms(300))}, {}, at_ms(0)));
  get(nodes.publish(NC::service(), "n", {NC::item("a"), NC::item("b", "<b/>", at_ms(100)), NC::item("c", "<c/>", at_ms(200))}, {}, at_ms(0)));
  const auto page = [&](PubSubItemRequest request) { return NC::shown(get(stores().pubsub.items(NC::service(), "n", std::move(request)))); };
  const auto last = [&](std::int64_t now) { return get(stores().pubsub.load(NC::service(), "n", at_ms(now)))->last.value().id; };
  EXPECT_EQ(page({.now = at_ms(99)}), "a b c @0/3");
  EXPECT_EQ(page({.now = at_ms(100)}), "a c @0/2");
  EXPECT_EQ(page({.index = 1, .now = at_ms(100)}), "c @1/2");
  EXPECT_EQ(page({.is_last_page = true, .limit = 1, .now = at_ms(100)}), "c @1/2");
  EXPECT_EQ(page({.ids = {"a", "b"}, .now = at_ms(100)}), "a @0/2");
  refuses(stores().pubsub.items(NC::service(), "n", {.after = "b", .now = at_ms(100)}), ErrorKind::not_found);
  EXPECT_EQ(last(199), "c");
  EXPECT_EQ(last(200), "a");
  reopen();
  EXPECT_EQ(get(stores().pubsub.expire(at_ms(99), 10)), 0U);
  EXPECT_EQ(get(stores().pubsub.expire(at_ms(200), 1)), 1U);
  EXPECT_EQ(get(stores().pubsub.expire(at_ms(200), 10)), 1U);
  EXPECT_EQ(get(stores().pubsub.expire(at_ms(200), 10)), 0U);
  EXPECT_EQ(page({.now = at_ms(0)}), "a @0/1");
  EXPECT_EQ(get(stores().pubsub.usage(NC::service())).bytes, std::string_view("<entry/><x/>").size());
  // What has expired leaves no trace when others are published: it takes no place of theirs and is not reported.
  EXPECT_EQ(NC::shown(get(stores().pubsub.publish(NC::service(), "m", {NC::item("y")}, {.items = 1}, at_ms(300)))), "");
  EXPECT_EQ(get(stores().pubsub.usage(NC::service())).bytes, std::string_view("<entry/><entry/>").size());
}

TEST_P(StoreContract, LastItemsOfSomeNodes) {
  auto& nodes = stores().pubsub;
  for (const char* node : {"n", "m", "empty"}) {
    must(nodes.create(NC::image(node), {}));
  }
  get(nodes.publish(NC::service(), "n", {NC::item("a"), NC::item("b", "<b/>", at_ms(100))}, {}, at_ms(0)));
  get(nodes.publish(NC::service(), "m", {NC::item("c")}, {}, at_ms(0)));
  const auto shown = [&](std::int64_t now) {
    std::string text;
    for (const auto& each : get(stores().pubsub.last_items(NC::service(), {"m", "nothing", "n", "empty"}, at_ms(now)))) {
      text += each.node + "=" + each.item.id + each.item.payload + " ";
    }
    return text;
  };
  EXPECT_EQ(shown(0), "m=c<entry/> n=b<b/> ");
  EXPECT_EQ(shown(100), "m=c<entry/> n=a<entry/> ");
}

TEST_P(StoreContract, NodesAreListedInPages) {  // XEP-0248: and by collection
  auto& nodes = stores().pubsub;
  for (const auto& [node, collections] : std::vector<std::pair<std::string, std::vector<std::string>>>{
           {"b", {}}, {"a", {"b"}}, {"d", {"b", "e"}}, {"c", {}}, {"e", {"b"}}}) {
    must(nodes.create(NC::image(node, collections), {}));
  }
  PubSubNodeImage elsewhere = NC::image("a");
  elsewhere.record.service = bare("pubsub.other.example");
  must(nodes.create(elsewhere, {}));
  const auto page = [&](PubSubNodePageRequest request) { return NC::shown(get(stores().pubsub.list(NC::service(), std::move(request)))); };
  EXPECT_EQ(page({}), "a b c d e .");
  EXPECT_EQ(page({.limit = 2}), "a b ...");
  EXPECT_EQ(page({.after = "b", .limit = 2}), "c d ...");
  EXPECT_EQ(page({.after = "c", .limit = 2}), "d e .");
  EXPECT_EQ(page({.is_last_page = true, .limit = 2}), "d e ...");
  EXPECT_EQ(page({.before = "c", .is_last_page = true, .limit = 2}), "a b .");
  EXPECT_EQ(page({.before = "c", .limit = 1}), "a ...");
  EXPECT_EQ(page({.limit = 0}), "...");
  EXPECT_EQ(page({.parent = ""}), "b c .");
  EXPECT_EQ(page({.is_last_page = true, .parent = "", .limit = 1}), "c ...");
  EXPECT_EQ(page({.parent = "b"}), "a d e .");
  EXPECT_EQ(page({.after = "a", .parent = "b", .limit = 1}), "d ...");
  EXPECT_EQ(page({.is_last_page = true, .parent = "b", .limit = 2}), "d e ...");
  EXPECT_EQ(page({.parent = "x"}), ".");
  EXPECT_EQ(get(nodes.count(NC::service(), std::nullopt)), 5U);
  EXPECT_EQ(get(nodes.count(NC::service(), "")), 2U);
  EXPECT_EQ(get(nodes.count(NC::service(), "b")), 3U);
  EXPECT_EQ(get(nodes.count(bare("nowhere.example"), std::nullopt)), 0U);
  EXPECT_EQ(get(nodes.list(NC::service(), {.parent = "e"})).nodes.at(0).record.collections, (std::vector<std::string>{"b", "e"}));
  must(nodes.remove(NC::service(), "b"));
  refuses(nodes.remove(NC::service(), "b"), ErrorKind::not_found);
  reopen();
  EXPECT_EQ(page({}), "a c d e .");
  EXPECT_EQ(page({.parent = ""}), "a c e .");
  EXPECT_EQ(page({.parent = "b"}), ".");
  EXPECT_EQ(page({.parent = "e"}), "d .");
  EXPECT_EQ(get(stores().pubsub.count(NC::service(), std::nullopt)), 4U);
}

TEST_P(StoreContract, NodesOfSomebody) {
  auto& nodes = stores().pubsub;
  for (const char* node : {"c", "b", "a"}) {
    PubSubNodeImage made = NC::image(node);
    made.affiliations = {NC::affiliation("a@b.example", node[0] == 'b' ? pubsub::Affiliation::outcast : pubsub::Affiliation::owner)};
    made.subscriptions = {NC::subscription("a@b.example/y", "2"), NC::subscription("a@b.example/x", "1"), NC::subscription("c@b.example", "1")};
    if (node[0] == 'c') {
      made.subscriptions = {NC::subscription("a@b.example", "9", SubscriptionState::pending)};
    }
    must(nodes.create(made, {}));
  }
  must(nodes.save(NC::record("a"), {NC::affiliation("a@b.example", pubsub::Affiliation::none)}, {}));
  const auto affiliations = get(nodes.affiliations_of(NC::service(), bare("a@b.example")));
  ASSERT_EQ(affiliations.size(), 2U);
  EXPECT_EQ(affiliations[0].node, "b");
  EXPECT_EQ(affiliations[0].affiliation, pubsub::Affiliation::outcast);
  EXPECT_EQ(affiliations[1].node, "c");
  std::string shown;
  for (const auto& each : get(nodes.subscriptions_of(NC::service(), bare("a@b.example")))) {
    shown += each.node + ":" + each.subscription.jid.str() + "#" + each.subscription.subid + " ";
  }
  EXPECT_EQ(shown, "a:a@b.example/x#1 a:a@b.example/y#2 b:a@b.example/x#1 b:a@b.example/y#2 c:a@b.example#9 ");
  EXPECT_TRUE(get(nodes.affiliations_of(bare("nowhere.example"), bare("a@b.example"))).empty());
  EXPECT_TRUE(get(nodes.subscriptions_of(NC::service(), bare("b.example"))).empty());
  const auto seen = get(nodes.list(NC::service(), {.viewer = bare("a@b.example")})).nodes;
  ASSERT_EQ(seen.size(), 3U);
  EXPECT_EQ(seen[0].affiliation, pubsub::Affiliation::none);
  EXPECT_TRUE(seen[0].is_subscribed);
  EXPECT_EQ(seen[1].affiliation, pubsub::Affiliation::outcast);
  EXPECT_EQ(seen[2].affiliation, pubsub::Affiliation::owner);
  EXPECT_FALSE(seen[2].is_subscribed) << "it is pending";
  EXPECT_FALSE(get(nodes.list(NC::service(), {})).nodes.at(0).is_subscribed);
}

TEST_P(StoreContract, NodesLeaveWithTheirService) {  // security U01
  auto& nodes = stores().pubsub;
  must(stores().accounts.create(account("juliet@capulet.example")));
  const auto fill = [&](const BareJid& service) {
    PubSubNodeImage made = NC::image("n", {"c"});
    made.record.service = service;
    made.affiliations = {NC::affiliation("a@b.example", pubsub::Affiliation::owner)};
    made.subscriptions = {NC::subscription("a@b.example", "1")};
    must(stores().pubsub.create(made, {}));
    get(stores().pubsub.publish(service, "n", {NC::item("a")}, {}, at_ms(0)));
  };
  const auto is_there = [&](const BareJid& service) {
    auto& all = stores().pubsub;
    const bool is_loaded = get(all.load(service, "n", at_ms(0))).has_value();
    const bool has_rest = get(all.usage(service)).bytes + get(all.usage(service)).nodes + get(all.count(service, "c")) +
                              get(all.affiliations_of(service, bare("a@b.example"))).size() +
                              get(all.subscriptions_of(service, bare("a@b.example"))).size() + get(all.items(service, "n", {})).count != 0;
    EXPECT_EQ(is_loaded, has_rest);
    return is_loaded;
  };
  for (const BareJid& service : {juliet_, romeo_, NC::service()}) {
    fill(service);
  }
  must(stores().accounts.remove(juliet_));
  EXPECT_FALSE(is_there(juliet_));
  EXPECT_TRUE(is_there(romeo_));
  fill(juliet_);  // a late write
  must(stores().accounts.create(account("juliet@capulet.example")));
  EXPECT_FALSE(is_there(juliet_));
  must(nodes.remove_service(NC::service()));
  must(nodes.remove_service(NC::service()));
  reopen();
  EXPECT_FALSE(is_there(NC::service()));
  EXPECT_TRUE(is_there(romeo_));
  fill(NC::service());
  EXPECT_TRUE(is_there(NC::service()));
}

TEST_P(StoreContract, TextsOfNodesAreOnlyText) {  // security B02, K02
  auto& nodes = stores().pubsub;
  for (const std::string& text : hostile_texts()) {
    const std::string node = "n" + text;
    PubSubNodeImage made = NC::image(node);
    made.record.name = made.record.config = text;
    made.record.collections = {node};
    made.subscriptions = {NC::subscription("a@b.example", text)};
    made.subscriptions[0].options = text;
    must(nodes.create(made, {}));
    get(nodes.publish(NC::service(), node, {NC::item(text, text)}, {}, at_ms(0)));
    const auto found = get(nodes.load(NC::service(), node, at_ms(0)));
    ASSERT_TRUE(found);
    EXPECT_EQ(found->record.name, text);
    EXPECT_EQ(found->record.config, text);
    EXPECT_EQ(found->record.collections, (std::vector<std::string>{node}));
    EXPECT_EQ(found->subscriptions.at(0).subid, text);
    EXPECT_EQ(found->subscriptions.at(0).options, text);
    EXPECT_EQ(found->last->id, text);
    EXPECT_EQ(found->last->payload, text);
    EXPECT_EQ(get(nodes.items(NC::service(), node, {.ids = {text}})).items.size(), 1U);
    EXPECT_EQ(get(nodes.list(NC::service(), {.after = text, .parent = node})).nodes.size(), node > text ? 1U : 0U);
    EXPECT_EQ(get(nodes.count(NC::service(), node)), 1U);
    EXPECT_EQ(get(nodes.retract(NC::service(), node, {text})).size(), 1U);
    must(nodes.remove(NC::service(), node));
    EXPECT_EQ(get(nodes.count(NC::service(), std::nullopt)), 0U);
  }
}

}  // namespace aldis::testing_support
