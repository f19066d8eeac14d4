// Every row of the table of rules for other servers (docs/federation.md): how it is written, what is no rule, whom it is for, and
// what it answers.
#include "policy/peer_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "policy/policy.h"

namespace aldis::policy {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

PeerOptions table(std::string domain, const std::function<void(PeerOptions&)>& change = {}) {
  PeerOptions options;
  options.domain = std::move(domain);
  if (change) change(options);
  return options;
}

PeerRulesPtr rules(const std::vector<PeerOptions>& tables, Profile profile = Profile::strict) {
  auto made = PeerRules::make(profile, tables, {"capulet.example"});
  EXPECT_TRUE(made.has_value()) << (made ? "" : made.error().front().option + " " + made.error().front().text);
  return made ? *made : nullptr;
}

PeerRule rule(const std::function<void(PeerOptions&)>& change) {
  auto read = PeerRules::read(table("verona.example", change));
  EXPECT_TRUE(read.has_value()) << (read ? "" : read.error().option + " " + read.error().text);
  return read ? read->second : PeerRule{};
}

std::string problem(const std::function<void(PeerOptions&)>& change) {
  const auto read = PeerRules::read(table("verona.example", change));
  return read ? "none" : read.error().option + " " + read.error().text;
}

StanzaPtr stanza(std::string_view xml) { return Stanza::make(std::string(xml)); }

// ---- whom it is for

TEST(PeerRules, TheMostSpecificRuleCountsAlone) {
  const PeerRulesPtr all = rules({table("default", [](PeerOptions& o) { o.max_stanza = 20 * KiB; }), table("*.example"),
                                  table("*.mil.example", [](PeerOptions& o) { o.action = PeerAction::reject; }),
                                  table("Gate.Mil.example", [](PeerOptions& o) { o.name = "the gate"; })});
  for (const auto& [domain, name] : std::initializer_list<std::pair<std::string_view, std::string_view>>{
           {"gate.mil.example", "the gate"}, {"x.gate.mil.example", "*.mil.example"}, {"x.mil.example", "*.mil.example"},
           {"a.b.mil.example", "*.mil.example"}, {"mil.example", "*.example"}, {"xmil.example", "*.example"}, {"example", "default"},
           {"example.org", "default"}, {"evilexample", "default"}, {"", "default"}}) {
    EXPECT_EQ(all->of(domain)->name, name) << domain;
  }
  EXPECT_EQ(all->of("x.example")->max_stanza, (512 * KiB).count) << "nothing is inherited";
}

TEST(PeerRules, WithoutADefaultTheProfileDecides) {
  EXPECT_FALSE(rules({})->of("verona.example")->is_allowed);
  const PeerRulePtr open = rules({}, Profile::open)->of("verona.example");
  EXPECT_TRUE(open->is_allowed);
  EXPECT_FALSE(open->allows_dialback()) << "a certificate all the same";
  EXPECT_FALSE(rules({table("default", [](PeerOptions& o) { o.action = PeerAction::reject; })}, Profile::open)->of("x.example")->is_allowed);
  EXPECT_TRUE(rules({table("verona.example")})->of("verona.example")->is_allowed) << "who is named is welcome";
}

TEST(PeerRules, TablesThatContradictEachOtherAreToldTogether) {
  const auto made = PeerRules::make(
      Profile::strict,
      {table("verona.example"), table("VERONA.example"), table("default"), table("default"), table("capulet.example"),
       table("mantua.example", [](PeerOptions& o) { o.may_speak_for = {"*.example"}; }), table("*.verona.example"), table("*.verona.example"),
       table("x.org", [](PeerOptions& o) { o.via = "y.org"; }), table("z.org", [](PeerOptions& o) { o.via = "x.org"; }), table("")},
      {"capulet.example"});
  ASSERT_FALSE(made.has_value());
  std::vector<std::string> texts;
  for (const PeerProblem& each : made.error()) texts.push_back(std::to_string(each.table) + " " + each.option + " " + each.text);
  EXPECT_THAT(texts, ElementsAre("1 domain \"verona.example\" has a rule already", "3 domain \"default\" has a rule already",
                                 "4 domain \"capulet.example\" is served here, and no peer",
                                 HasSubstr("5 may_speak_for \"*.example\" has a domain that is served here"),
                                 "7 domain \"*.verona.example\" has a rule already", HasSubstr("8 via \"y.org\" needs a [[peer]]"),
                                 HasSubstr("9 via \"x.org\" needs a [[peer]]"), HasSubstr("10 domain is missing")));
}

// ---- how it is written

TEST(PeerRules, WhatIsNoRule) {
  using O = PeerOptions;
  for (const std::string_view bad : {"*", "*.", "a b", "x.*.example", "**.example", ".", "user@verona.example", "verona.example/r"}) {
    EXPECT_FALSE(PeerRules::read(table(std::string(bad))).has_value()) << bad;
  }
  for (const std::string_view bad : {"gate", "gate:0", "gate:99999", ":5269", "gate:52x", "2001:db8::1:5269", "[2001:db8::1]", "[gate]:5269",
                                     "gate:5269 priority=", "gate:5269 priority=-1", "gate:5269 directly", "", "a b:1"}) {
    EXPECT_THAT(problem([&](O& o) { o.next_hops = {std::string(bad)}; }), HasSubstr("next_hops")) << bad;
  }
  EXPECT_THAT(problem([](O& o) { o.next_hops = {"gate:5269"}; o.tls = PeerTls::direct; }), HasSubstr("next_hops \"gate:5269\" is not \"direct\""));
  EXPECT_THAT(problem([](O& o) { o.next_hops = {"gate:5269"}; o.via = "x.example"; }), HasSubstr("via and next_hops exclude"));
  EXPECT_THAT(problem([](O& o) { o.via = "a b"; }), HasSubstr("via"));
  EXPECT_THAT(problem([](O& o) { o.dns = PeerDns::never; }), HasSubstr("dns = \"never\" leaves no way"));
  for (const std::string_view bad : {"", "00", "zz", "abcdefabcdefabcdefabcdefabcdefabcdefabcdefabcdefabcdefabcdefab"}) {
    EXPECT_THAT(problem([&](O& o) { o.pinned_keys = {std::string(bad)}; }), HasSubstr("pinned_keys")) << bad;
  }
  EXPECT_THAT(problem([](O& o) { o.may_speak_for = {"*"}; }), HasSubstr("may_speak_for \"*\""));
  EXPECT_THAT(problem([](O& o) { o.relay_to = {"a b"}; }), HasSubstr("relay_to \"a b\""));
  EXPECT_THAT(problem([](O& o) { o.accept_stanzas = {"messages"}; }), HasSubstr("accept_stanzas \"messages\" is not"));
  EXPECT_THAT(problem([](O& o) { o.send_stanzas = {"Iq"}; }), HasSubstr("send_stanzas"));
  EXPECT_THAT(problem([](O& o) { o.allow_integrity_only = true; }), HasSubstr("need each other"));
  EXPECT_THAT(problem([](O& o) { o.integrity_only_networks = {"192.0.2.0/24"}; }), HasSubstr("need each other"));
  for (const std::string_view bad : {"", "192.0.2.1/24", "192.0.2.0/33", "192.0.2.0/", "192.0.2.0/x", "2001:db8::/129", "gate", "192.0.2.0/-1"}) {
    EXPECT_THAT(problem([&](O& o) { o.allow_integrity_only = true; o.integrity_only_networks = {std::string(bad)}; }),
                HasSubstr("integrity_only_networks")) << bad;
  }
  const auto everybody = PeerRules::read(table("default", [](O& o) { o.may_speak_for = {"x.example"}; }));
  EXPECT_FALSE(everybody.has_value());
}

TEST(PeerRules, NextHopsAreTriedByPriority) {
  const PeerRule read = rule([](PeerOptions& o) {
    o.next_hops = {"last.example:5269 priority=20", "[2001:db8::1]:5270 direct", "192.0.2.7:5269  priority=10 direct", "first.example:5269"};
  });
  EXPECT_THAT(read.next_hops, ElementsAre(NextHop{"2001:db8::1", 5270, 0, true}, NextHop{"first.example", 5269, 0, false},
                                          NextHop{"192.0.2.7", 5269, 10, true}, NextHop{"last.example", 5269, 20, false}));
  EXPECT_FALSE(read.asks_dns());
  EXPECT_TRUE(rule([](PeerOptions& o) { o.next_hops = {"a:1"}; o.dns = PeerDns::always; }).asks_dns());
  EXPECT_TRUE(rule([](PeerOptions&) {}).asks_dns());
  EXPECT_FALSE(rule([](PeerOptions& o) { o.dns = PeerDns::never; o.direction = PeerDirection::in; }).asks_dns());
}

TEST(PeerRules, KeysAreWrittenAsToolsPrintThem) {
  const std::string plain = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1eFF";
  std::string colons;
  for (std::size_t i = 0; i < plain.size(); i += 2) colons += (i == 0 ? "" : ":") + plain.substr(i, 2);
  const PeerRule read = rule([&](PeerOptions& o) { o.pinned_keys = {plain, colons}; });
  ASSERT_EQ(read.pinned_keys.size(), 2U);
  EXPECT_EQ(read.pinned_keys[0], read.pinned_keys[1]);
  EXPECT_EQ(read.pinned_keys[0][30], 0x1e);
  EXPECT_EQ(read.pinned_keys[0][31], 0xff);
}

TEST(PeerRules, AuthenticationIsWhatItSaysAndNoMore) {
  const auto with = [](PeerAuthentication how) { return rule([how](PeerOptions& o) { o.authentication = how; }); };
  EXPECT_TRUE(with(PeerAuthentication::external).allows_external());
  EXPECT_FALSE(with(PeerAuthentication::external).allows_dialback());
  EXPECT_TRUE(with(PeerAuthentication::external_or_dialback).allows_external());
  EXPECT_TRUE(with(PeerAuthentication::external_or_dialback).allows_dialback());
  EXPECT_FALSE(with(PeerAuthentication::dialback).allows_external());
  EXPECT_TRUE(with(PeerAuthentication::dialback).allows_dialback());
}

TEST(PeerRules, LinksThatDoNotEncryptStayInTheirNetworks) {
  const auto ip = [](std::string_view text) { return Network::parse(text)->address; };
  const PeerRule read = rule([](PeerOptions& o) {
    o.allow_integrity_only = true;
    o.integrity_only_networks = {"192.0.2.0/25", "2001:db8::/32", "198.51.100.7"};
  });
  for (const std::string_view in : {"192.0.2.0", "192.0.2.127", "2001:db8:ffff::1", "198.51.100.7"}) EXPECT_TRUE(read.may_be_read(ip(in))) << in;
  for (const std::string_view out : {"192.0.2.128", "192.0.3.1", "2001:db9::1", "198.51.100.6", "::1", "127.0.0.1"}) {
    EXPECT_FALSE(read.may_be_read(ip(out))) << out;
  }
  EXPECT_FALSE(rule([](PeerOptions&) {}).may_be_read(ip("192.0.2.1")));
  EXPECT_TRUE(Network::parse("0.0.0.0/0")->contains(ip("203.0.113.9")));
  EXPECT_FALSE(Network::parse("0.0.0.0/0")->contains(ip("2001:db8::1")));
  EXPECT_TRUE(Network::parse("::/0")->contains(ip("2001:db8::1")));
}

// ---- what it answers

struct Asked {
  std::function<void(PeerOptions&)> rule;
  Action action;
  std::string_view xml;   // empty: of a link
  Reason reason;
};

TEST(PeerRules, EveryRowOfTheTableAnswers) {
  using O = PeerOptions;
  constexpr auto message = "<message from='a@verona.example' to='b@verona.example'><body>x</body><x xmlns='urn:example:x'/></message>";
  constexpr auto presence = "<presence from='a@verona.example' to='b@verona.example'/>";
  constexpr auto probe = "<presence type='probe' from='a@verona.example' to='b@verona.example'/>";
  constexpr auto gone = "<presence type='unavailable' from='a@verona.example' to='b@verona.example'/>";
  constexpr auto subscribe = "<presence type='subscribe' from='a@verona.example' to='b@verona.example'/>";
  constexpr auto iq = "<iq type='get' id='i' from='a@verona.example' to='b@verona.example'><ping xmlns='urn:xmpp:ping'/></iq>";
  constexpr auto error = "<message type='error' from='a@verona.example' to='b@verona.example'><error type='cancel'><gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>";
  constexpr Reason granted = Reason::no_rule_against;
  const auto plain = [](O&) {};
  const auto rejects = [](O& o) { o.action = PeerAction::reject; };
  const auto only_in = [](O& o) { o.direction = PeerDirection::in; };
  const auto only_out = [](O& o) { o.direction = PeerDirection::out; };
  const auto no_iq_in = [](O& o) { o.accept_stanzas = {"message", "presence"}; };
  const auto no_messages_out = [](O& o) { o.send_stanzas = {"iq"}; };
  const auto nothing = [](O& o) { o.accept_stanzas = o.send_stanzas = {}; };
  const auto pings_in = [](O& o) { o.accept_namespaces = {"urn:xmpp:ping", "urn:example:a"}; };
  const auto pings_out = [](O& o) { o.send_namespaces = {"urn:xmpp:ping"}; };
  const auto stripped = [](O& o) { o.presence = PeerPresence::stripped; };
  const Asked rows[] = {
      {plain, Action::connect_out, "", granted},
      {plain, Action::accept_in, "", granted},
      {plain, Action::send_abroad, message, granted},
      {plain, Action::receive_from_abroad, message, granted},
      {rejects, Action::connect_out, "", Reason::peer_rejected},
      {rejects, Action::accept_in, "", Reason::peer_rejected},
      {rejects, Action::send_abroad, message, Reason::peer_rejected},
      {rejects, Action::receive_from_abroad, message, Reason::peer_rejected},
      {only_in, Action::connect_out, "", Reason::peer_direction},
      {only_in, Action::accept_in, "", granted},
      {only_in, Action::send_abroad, message, Reason::peer_direction},
      {only_in, Action::receive_from_abroad, message, granted},
      {only_out, Action::connect_out, "", granted},
      {only_out, Action::accept_in, "", Reason::peer_direction},
      {only_out, Action::send_abroad, message, granted},
      {only_out, Action::receive_from_abroad, message, Reason::peer_direction},
      {no_iq_in, Action::receive_from_abroad, iq, Reason::stanza_kind},
      {no_iq_in, Action::receive_from_abroad, message, granted},
      {no_iq_in, Action::send_abroad, iq, granted},
      {no_messages_out, Action::send_abroad, message, Reason::stanza_kind},
      {no_messages_out, Action::send_abroad, presence, Reason::stanza_kind},
      {no_messages_out, Action::send_abroad, iq, granted},
      {no_messages_out, Action::receive_from_abroad, message, granted},
      {nothing, Action::send_abroad, iq, Reason::stanza_kind},
      {nothing, Action::receive_from_abroad, presence, Reason::stanza_kind},
      {pings_in, Action::receive_from_abroad, iq, granted},
      {pings_in, Action::receive_from_abroad, message, Reason::payload},
      {pings_in, Action::receive_from_abroad, presence, granted},
      {pings_in, Action::receive_from_abroad, error, granted},
      {pings_in, Action::send_abroad, message, granted},
      {pings_out, Action::send_abroad, message, Reason::payload},
      {pings_out, Action::send_abroad, iq, granted},
      {pings_out, Action::receive_from_abroad, message, granted},
      {stripped, Action::send_abroad, presence, Reason::presence_stripped},
      {stripped, Action::send_abroad, probe, Reason::presence_stripped},
      {stripped, Action::send_abroad, gone, Reason::presence_stripped},
      {stripped, Action::receive_from_abroad, presence, Reason::presence_stripped},
      {stripped, Action::receive_from_abroad, probe, Reason::presence_stripped},
      {stripped, Action::send_abroad, subscribe, granted},
      {stripped, Action::receive_from_abroad, message, granted},
  };
  for (const Asked& row : rows) {
    Policy policy;
    policy.set_peers(rules({table("verona.example", row.rule)}));
    const StanzaPtr about = row.xml.empty() ? nullptr : stanza(row.xml);
    const PeerDecision decision = policy.decide(PeerQuestion{.action = row.action, .peer = "verona.example", .stanza = about.get()});
    EXPECT_EQ(decision.decision.reason(), row.reason) << to_string(decision.decision.reason()) << " " << row.xml << " row " << (&row - rows);
    EXPECT_EQ(decision.rule->name, "verona.example");
  }
}

TEST(PeerRules, APeerSpeaksForItselfAndItsTrunk) {  // security D04
  Policy policy;
  policy.set_peers(rules({table("gate.example", [](PeerOptions& o) { o.may_speak_for = {"*.mil.example", "navy.example"}; }),
                          table("pirate.mil.example", [](PeerOptions& o) { o.action = PeerAction::reject; })}));
  const auto reason = [&](std::string_view from) {
    const StanzaPtr sent = stanza("<message from='" + std::string(from) + "' to='juliet@capulet.example'/>");
    return policy.decide(PeerQuestion{.action = Action::receive_from_abroad, .peer = "gate.example", .stanza = sent.get()}).decision.reason();
  };
  for (const std::string_view from : {"gate.example", "a@gate.example/r", "a@x.mil.example", "navy.example"}) {
    EXPECT_EQ(reason(from), Reason::no_rule_against) << from;
  }
  for (const std::string_view from : {"a@mil.example", "a@xmil.example", "a@army.example", "a@sub.gate.example", "a@x.navy.example", "a@pirate.mil.example"}) {
    EXPECT_EQ(reason(from), Reason::not_its_domain) << from;
  }
}

TEST(PeerRules, WhatComesFromAbroadGoesOnOnlyWhereARuleSaysSo) {
  Policy policy;
  policy.set_peers(rules({table("gate.example", [](PeerOptions& o) { o.relay_to = {"*.mil.example", "verona.example", "gate.example"}; }),
                          table("verona.example"), table("*.mil.example", [](PeerOptions& o) { o.via = "gate.example"; })}));
  const auto reason = [&](std::string_view peer, std::string_view to) {
    const StanzaPtr sent = stanza("<message from='a@" + std::string(peer) + "' to='" + std::string(to) + "'/>");
    return policy.decide(PeerQuestion{.action = Action::pass_on, .peer = peer, .stanza = sent.get()}).decision.reason();
  };
  EXPECT_EQ(reason("gate.example", "b@verona.example"), Reason::no_rule_against);
  EXPECT_EQ(reason("gate.example", "b@mantua.example"), Reason::no_trunk);
  EXPECT_EQ(reason("gate.example", "b@x.mil.example"), Reason::no_trunk) << "it goes by the gate itself";
  EXPECT_EQ(reason("gate.example", "b@gate.example"), Reason::no_trunk);
  EXPECT_EQ(reason("verona.example", "b@gate.example"), Reason::no_trunk);
}

TEST(PeerRules, NobodyAnonymousSendsAbroad) {  // XEP-0175 section 2.1
  Policy policy;
  policy.set_peers(rules({table("verona.example")}));
  const StanzaPtr sent = stanza("<message from='a@capulet.example' to='b@verona.example'/>");
  const Principal nobody{.identity = *BareJid::parse("a@capulet.example"), .is_anonymous = true};
  const PeerQuestion question{.action = Action::send_abroad, .peer = "verona.example", .stanza = sent.get(), .sender = &nobody};
  EXPECT_EQ(policy.decide(question).decision.reason(), Reason::anonymous_sender);
}

// ---- components (XEP-0114)

ComponentOptions component(std::string domain, const std::function<void(ComponentOptions&)>& change = {}) {
  ComponentOptions options;
  options.domain = std::move(domain);
  options.secret_file = "secret";
  if (change) change(options);
  return options;
}

TEST(PeerRules, AComponentIsNoPeer) {
  const auto made = PeerRules::make(Profile::open, {table("*.capulet.example"), table("verona.example")}, {"capulet.example"},
                                    {component("Plays.capulet.example", [](ComponentOptions& o) { o.name = "The plays"; })});
  ASSERT_TRUE(made.has_value());
  const PeerRule& plays = *(*made)->of("plays.capulet.example");
  EXPECT_TRUE(plays.is_component && plays.is_allowed && plays.is_explicit);
  EXPECT_EQ(plays.name, "component Plays.capulet.example");
  EXPECT_FALSE((*made)->of("x.plays.capulet.example")->is_component) << "its domain, exactly";
  ASSERT_EQ((*made)->components().size(), 1U);
  EXPECT_EQ((*made)->components()[0].name, "The plays");
  EXPECT_THAT((*made)->components()[0].listed_by, ElementsAre("capulet.example"));
  Policy policy;
  policy.set_peers(*made);
  for (const Action action : {Action::connect_out, Action::accept_in}) {
    EXPECT_EQ(policy.decide(PeerQuestion{.action = action, .peer = "plays.capulet.example"}).decision.reason(), Reason::peer_rejected);
  }
}

TEST(PeerRules, WhatIsNoComponent) {
  const auto made = PeerRules::make(
      Profile::strict,
      {table("masks.example"), table("gate.example", [](PeerOptions& o) { o.may_speak_for = {"*.capulet.example"}; }),
       table("x.example", [](PeerOptions& o) { o.via = "plays.capulet.example"; })},
      {"capulet.example"},
      {component("plays.capulet.example"), component("plays.capulet.example"), component("capulet.example"), component("masks.example"),
       component(""), component("*.example"), component("default"), component("a@b.example"), component("b.example", [](ComponentOptions& o) { o.secret_file = ""; }),
       component("c.example", [](ComponentOptions& o) { o.listed_by = {"montague.example"}; }),
       component("d.example", [](ComponentOptions& o) { o.certificates = {"a.pem"}; }),
       component("e.example", [](ComponentOptions& o) { o.accept_stanzas = {"messages"}; })});
  ASSERT_FALSE(made.has_value());
  std::vector<std::string> texts;
  for (const PeerProblem& each : made.error()) texts.push_back((each.is_component ? "c" : "p") + std::to_string(each.table) + " " + each.option + " " + each.text);
  EXPECT_THAT(texts, ElementsAre(HasSubstr("p1 may_speak_for \"*.capulet.example\" has the domain of a [[component]]"),
                                 HasSubstr("p2 via \"plays.capulet.example\" needs a [[peer]]"),
                                 "c1 domain \"plays.capulet.example\" has a [[peer]] or [[component]] already",
                                 "c2 domain \"capulet.example\" is served here, and no component",
                                 "c3 domain \"masks.example\" has a [[peer]] or [[component]] already", "c4 domain is missing: the component's",
                                 "c5 domain \"*.example\" is no domain", "c6 domain \"default\" is no domain", "c7 domain \"a@b.example\" is no domain",
                                 HasSubstr("c8 secret_file is missing"), "c9 listed_by \"montague.example\" is not served here",
                                 HasSubstr("c10 keys needs one entry"), HasSubstr("c11 accept_stanzas \"messages\" is not")));
}

TEST(PeerRules, WhoMaySpeakWithAComponent) {
  const Principal plays{.identity = *BareJid::parse("plays.capulet.example"), .is_peer = true, .is_component = true};
  const Principal verona{.identity = *BareJid::parse("verona.example"), .is_peer = true};
  const Principal nobody{.identity = *BareJid::parse("n@capulet.example"), .is_anonymous = true};
  const StanzaPtr out = stanza("<message from='a@plays.capulet.example' to='b@verona.example'/>");
  const StanzaPtr in = stanza("<message from='b@verona.example' to='a@plays.capulet.example'/>");
  for (const bool abroad : {true, false}) {
    Policy policy;
    policy.set_peers(PeerRules::make(Profile::open, {}, {"capulet.example"},
                                     {component("plays.capulet.example", [&](ComponentOptions& o) { o.abroad = abroad; }), component("masks.capulet.example")}).value());
    const auto ask = [&](Action action, std::string_view peer, const StanzaPtr& what, const Principal* sender) {
      return policy.decide(PeerQuestion{.action = action, .peer = peer, .stanza = what.get(), .sender = sender}).decision.reason();
    };
    const Reason expected = abroad ? Reason::no_rule_against : Reason::stays_at_home;
    EXPECT_EQ(ask(Action::send_abroad, "verona.example", out, &plays), expected);
    EXPECT_EQ(ask(Action::send_abroad, "plays.capulet.example", in, &verona), expected);
    EXPECT_EQ(ask(Action::send_abroad, "masks.capulet.example", out, &plays), Reason::no_rule_against);
    EXPECT_EQ(ask(Action::send_abroad, "plays.capulet.example", in, &nobody), Reason::no_rule_against) << "it is not abroad";
    EXPECT_EQ(ask(Action::receive_from_abroad, "plays.capulet.example", out, &plays), Reason::no_rule_against);
    EXPECT_EQ(ask(Action::receive_from_abroad, "plays.capulet.example", out, &verona), Reason::peer_rejected) << "no server is a component";
    EXPECT_EQ(ask(Action::receive_from_abroad, "verona.example", in, &plays), Reason::peer_rejected) << "it is a component no longer";
    EXPECT_EQ(ask(Action::receive_from_abroad, "plays.capulet.example", in, &plays), Reason::not_its_domain);
  }
}

TEST(PeerRules, WithoutRulesNothingPasses) {
  const Policy policy;
  for (const Action action : {Action::connect_out, Action::accept_in}) {
    const PeerDecision decision = policy.decide(PeerQuestion{.action = action, .peer = "verona.example"});
    EXPECT_FALSE(decision.is_granted());
    EXPECT_EQ(decision.rule, nullptr);
  }
}

TEST(PeerRules, StrangersLearnNoMoreThanTheyMust) {
  EXPECT_EQ(condition_abroad(Reason::peer_rejected), StanzaCondition::remote_server_not_found);
  EXPECT_EQ(condition_abroad(Reason::peer_direction), StanzaCondition::remote_server_not_found);
  for (const Reason reason : {Reason::stanza_kind, Reason::payload, Reason::presence_stripped, Reason::anonymous_sender}) {
    EXPECT_EQ(condition_abroad(reason), StanzaCondition::not_allowed);
  }
}

TEST(PeerRules, AChangeTellsWhoseRuleIsAnother) {
  Policy policy;
  std::vector<std::string> changed;
  policy.on_peers_changed([&](const PeerRulesPtr& before, const PeerRulesPtr& after) {
    for (const std::string_view domain : {"verona.example", "mantua.example", "x.org"}) {
      if (before == nullptr || *before->of(domain) != *after->of(domain)) changed.emplace_back(domain);
    }
  });
  policy.set_peers(rules({table("verona.example"), table("mantua.example")}));
  EXPECT_EQ(std::exchange(changed, {}).size(), 3U);
  policy.set_peers(rules({table("mantua.example"), table("verona.example")}));
  EXPECT_THAT(changed, ElementsAre());
  policy.set_peers(rules({table("mantua.example", [](PeerOptions& o) { o.direction = PeerDirection::in; }), table("verona.example")}));
  EXPECT_THAT(std::exchange(changed, {}), ElementsAre("mantua.example"));
  policy.set_peers(rules({table("mantua.example", [](PeerOptions& o) { o.direction = PeerDirection::in; }), table("verona.example")}, Profile::open));
  EXPECT_THAT(std::exchange(changed, {}), ElementsAre("x.org"));
}

}  // namespace
}  // namespace aldis::policy
