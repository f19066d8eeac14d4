// XEP-0470 (0.2.0): attachments to items and their summaries, at a domain of nodes and at an account. Romeo's part is hamlet's friends'; yorick and
// whoever has no business there see nothing.
#include "extensions/pubsub/attachment_names.h"

#include "tests/support/failing_scene.h"
#include "tests/support/pubsub_scene.h"

namespace aldis::test {
namespace {

const BareJid service_jid = BareJid::parse(pubsub_service).value();
const std::string of_item = pubsub::attachments_name(service_jid, musings, "soliloquy");
const std::string summary = pubsub::summary_name(musings);

std::string attachments_xml(std::string_view content) { return "<attachments xmlns='urn:xmpp:pubsub-attachments:1'>" + std::string(content) + "</attachments>"; }
std::string reactions_xml(std::initializer_list<std::string_view> emojis) {
  std::string xml = "<reactions timestamp='2022-07-11T12:07:48Z'>";
  for (const std::string_view each : emojis) {
    xml.append("<reaction>").append(each).append("</reaction>");
  }
  return xml + "</reactions>";
}
constexpr std::string_view noticed = "<noticed timestamp='2022-07-11T12:07:24Z'/>";
std::string summary_xml(std::string_view content) { return "<summary xmlns='urn:xmpp:pubsub-attachments:summary:1'>" + std::string(content) + "</summary>"; }

TEST(AttachmentNames, AreThoseOfTheExample) {   // section 4.1
  const BareJid juliet = BareJid::parse("juliet@capulet.lit").value();
  const std::string name = "urn:xmpp:pubsub-attachments:1/xmpp:juliet@capulet.lit?;node=urn%3Axmpp%3Amicroblog%3A0;item=balcony-restoration-afd1";
  EXPECT_EQ(pubsub::attachments_name(juliet, "urn:xmpp:microblog:0", "balcony-restoration-afd1"), name);
  const auto target = pubsub::target_item(juliet, name);
  ASSERT_TRUE(target);
  EXPECT_EQ(target->node, "urn:xmpp:microblog:0");
  EXPECT_EQ(target->item, "balcony-restoration-afd1");
  EXPECT_EQ(pubsub::summary_name("urn:xmpp:microblog:0"), "urn:xmpp:pubsub-attachments:summary:1/urn:xmpp:microblog:0");
  EXPECT_EQ(pubsub::attached_to(juliet, pubsub::summary_name("n")), "n");
}

TEST(AttachmentNames, OfAnyTextAreFoundAgainAndOneFormCounts) {
  const BareJid juliet = BareJid::parse("juliet@capulet.lit").value();
  for (const std::string text : {"a;item=b", "a b/c?#&<>'\"%", "%3B", "\xC3\xA9\xF0\x9F\x8E\x89", ";node=", "+", "~"}) {
    const auto target = pubsub::target_item(juliet, pubsub::attachments_name(juliet, text, text + "x"));
    ASSERT_TRUE(target) << text;
    EXPECT_EQ(target->node, text);
    EXPECT_EQ(target->item, text + "x");
  }
  for (const std::string& query :
       {std::string("?;node=a:b;item=c"), std::string("?;node=a%3ab;item=c"), std::string("?;node=%61;item=c"), std::string("?;node=a;item="),
        std::string("?;node=;item=c"), std::string("?;node=a"), std::string("?node=a;item=c"), std::string("?;node=%FF;item=c"), std::string("?;node=%00;item=c"),
        std::string("?;node=%;item=c"), std::string("?;node=%C0%AF;item=c"), std::string("?;node=urn%3Axmpp%3Apubsub-attachments%3A1%2Fx;item=c")}) {
    EXPECT_FALSE(pubsub::target_item(juliet, "urn:xmpp:pubsub-attachments:1/xmpp:juliet@capulet.lit" + query)) << query;
  }
  EXPECT_FALSE(pubsub::target_item(BareJid::parse("romeo@montague.lit").value(), pubsub::attachments_name(juliet, "n", "i")));
  EXPECT_FALSE(pubsub::attached_to(juliet, pubsub::summary_name(pubsub::summary_name("n"))));
}

class Xep0470 : public Elsinore {
 protected:
  void creates_blog(Fields fields = {{"publish_model", "open"}}) {
    creates(hamlet, musings, fields);
    publishes(hamlet, musings, "soliloquy");
  }
  void attaches(Client& client, std::string_view content, const Where& where = Where::current()) {
    done(client, "set", publish_xml(of_item, bare(client), attachments_xml(content)), {}, pubsub_service, where);
  }
  // The summary of the item; "none": there is none.
  std::string summed(Client& client, const Where& where = Where::current()) {
    const std::string got = answer(client, "get", items_xml(summary, "<item id='soliloquy'/>"), pubsub_service, where);
    const std::size_t at = got.find("<summary");
    return at == std::string::npos ? "none" : got.substr(at, got.find("</summary>") + 10 - at);
  }
};

TEST_F(Xep0470, NodesAreMadeWithTheFirstAttachmentAndSummedUp) {   // sections 4.3, 4.6, 4.7.3 and 4.8.2
  creates_blog();
  EXPECT_EQ(summed(francisco), "none");
  attaches(francisco, noticed);
  EXPECT_EQ(summed(bernardo), summary_xml("<noticed count='1'/>"));
  attaches(bernardo, std::string(noticed) + reactions_xml({"\xF0\x9F\x8E\x89", "\xF0\x9F\x92\x83", "\xF0\x9F\x92\x83", " "}));
  attaches(horatio, reactions_xml({"\xF0\x9F\x92\x83"}));
  EXPECT_EQ(summed(polonius), summary_xml("<noticed count='2'/><reactions><reaction count='2'>\xF0\x9F\x92\x83</reaction><reaction>\xF0\x9F\x8E\x89</reaction></reactions>"));
  attaches(bernardo, noticed);   // one item for each: published again it is another
  EXPECT_EQ(summed(polonius), summary_xml("<noticed count='2'/><reactions><reaction>\xF0\x9F\x92\x83</reaction></reactions>"));
  EXPECT_EQ(items(polonius, of_item), (std::vector<std::string>{"francisco@denmark.lit", "horatio@denmark.lit", "bernardo@denmark.lit"}));
  none_sees();
}

TEST_F(Xep0470, AttachmentsThatAreTakenAwayAreNotCounted) {   // section 4.1; section 4.6: then there is no item
  creates_blog();
  attaches(francisco, noticed);
  attaches(bernardo, noticed);
  refused(francisco, "set", retract_xml(of_item, "bernardo@denmark.lit"), "auth forbidden");
  done(francisco, "set", retract_xml(of_item, "francisco@denmark.lit"));
  EXPECT_EQ(summed(polonius), summary_xml("<noticed count='1'/>"));
  done(hamlet, "set", retract_xml(of_item, "bernardo@denmark.lit"));   // whose node it is about
  EXPECT_EQ(summed(polonius), "none");
  attaches(francisco, noticed);
  done(hamlet, "set", owner_xml(on_node("purge", of_item)));
  EXPECT_EQ(summed(polonius), "none");
  attaches(francisco, noticed);
  done(hamlet, "set", owner_xml(on_node("delete", of_item)));
  EXPECT_EQ(summed(polonius), "none");
  refused(polonius, "get", items_xml(of_item), "cancel item-not-found");
}

TEST_F(Xep0470, SubscribersOfTheSummaryAreTold) {   // section 4.6
  creates_blog();
  attaches(francisco, noticed);
  done(horatio, "set", subscribe_xml(summary, bare(horatio)));
  hush({&horatio});
  attaches(bernardo, noticed);
  sees(horatio, item_event("soliloquy", summary_xml("<noticed count='2'/>"), summary));
  attaches(bernardo, "<noticed timestamp='2023-07-11T12:07:24Z'/>");   // nothing else to be told
  horatio.receives_nothing();
  done(francisco, "set", retract_xml(of_item, bare(francisco)));
  sees(horatio, item_event("soliloquy", summary_xml("<noticed count='1'/>"), summary));
  none_sees();
}

TEST_F(Xep0470, NobodyMakesTheNodesOrWritesSummaries) {   // sections 4.4 and 4.6
  creates_blog();
  attaches(francisco, noticed);
  for (Client* each : {&hamlet, &francisco}) {
    for (const std::string& name : {of_item, summary, pubsub::attachments_name(service_jid, musings, "other"), pubsub::summary_name("other"),
                                    std::string("urn:xmpp:pubsub-attachments:1/x"), std::string("urn:xmpp:pubsub-attachments:summary:1/")}) {
      refused(*each, "set", create_xml(name), "cancel not-allowed");
      refused(*each, "set", configure_xml(name, {{"access_model", "open"}}), "cancel not-allowed");
      refused(*each, "set", owner_xml("<affiliations node='" + name + "'><affiliation jid='yorick@denmark.lit' affiliation='owner'/></affiliations>"), "cancel not-allowed");
    }
    refused(*each, "set", publish_xml(summary, "soliloquy", summary_xml("<noticed count='9'/>")), "cancel not-allowed");
    refused(*each, "set", retract_xml(summary, "soliloquy"), "cancel not-allowed");
    refused(*each, "set", owner_xml(on_node("purge", summary)), "cancel not-allowed");
    refused(*each, "set", owner_xml(on_node("delete", summary)), "cancel not-allowed");
  }
  EXPECT_EQ(summed(polonius), summary_xml("<noticed count='1'/>"));
}

TEST_F(Xep0470, NobodyAttachesInTheNameOfAnother) {   // section 4.5; security B01
  creates_blog();
  attaches(francisco, noticed);
  for (const std::string id : {"bernardo@denmark.lit", "horatio@denmark.lit/mobile", "", "horatio", "HORATIO@denmark.lit"}) {
    refused(horatio, "set", publish_xml(of_item, id, attachments_xml(noticed)), "modify bad-request");
  }
  refused(hamlet, "set", publish_xml(of_item, "francisco@denmark.lit", attachments_xml("")), "modify bad-request");
  for (const std::string& payload : {entry_xml(), std::string("<attachments xmlns='urn:xmpp:pubsub-attachments:0'/>"), std::string("<noticed xmlns='urn:xmpp:pubsub-attachments:1'/>")}) {
    refused(horatio, "set", publish_xml(of_item, bare(horatio), payload), "modify bad-request");
  }
  std::string many;
  for (int i = 0; i < 51; ++i) {
    many += "<reaction>" + std::to_string(i) + "</reaction>";
  }
  refused(horatio, "set", publish_xml(of_item, bare(horatio), attachments_xml("<reactions>" + many + "</reactions>")), "modify not-acceptable");
  refused(horatio, "set", publish_xml(of_item, bare(horatio), attachments_xml(reactions_xml({std::string(65, 'x')}))), "modify not-acceptable");
  EXPECT_EQ(items(hamlet, of_item), std::vector<std::string>{"francisco@denmark.lit"});
  EXPECT_EQ(summed(hamlet), summary_xml("<noticed count='1'/>"));
}

TEST_F(Xep0470, OnlyToItemsThatAreThere) {   // section 4.1
  creates_blog();
  for (const std::string& name : {pubsub::attachments_name(service_jid, musings, "other"), pubsub::attachments_name(service_jid, "other", "soliloquy"),
                                  std::string("urn:xmpp:pubsub-attachments:1/"), std::string("urn:xmpp:pubsub-attachments:1/soliloquy")}) {
    refused(francisco, "set", publish_xml(name, bare(francisco), attachments_xml(noticed)), "cancel item-not-found");
    refused(francisco, "get", items_xml(name), "cancel item-not-found");
  }
  EXPECT_EQ(scene.wait(scene.stores().pubsub.count(service_jid, std::nullopt)).value(), 1U) << "nothing was made in vain";
}

TEST_F(Xep0470, OptionsOfThePublicationAreIgnored) {   // section 4.3
  creates_blog();
  done(francisco, "set", publish_xml(of_item, bare(francisco), attachments_xml(noticed), {{"access_model", "whitelist"}, {"publish_model", "publishers"}}));
  EXPECT_EQ(items(bernardo, of_item), std::vector<std::string>{"francisco@denmark.lit"});
}

TEST_F(Xep0470, RulesAreThoseOfTheTargetNodeAtAnyMoment) {   // section 4.3; security B01
  creates_blog();
  attaches(francisco, noticed);
  done(horatio, "set", subscribe_xml(summary, bare(horatio)));
  done(horatio, "set", subscribe_xml(of_item, bare(horatio)));
  hush({&horatio});
  configures(hamlet, musings, {{"access_model", "whitelist"}});
  affiliates(hamlet, "francisco@denmark.lit", "member");
  hush({&hamlet, &francisco, &horatio});
  attaches(francisco, std::string(noticed) + reactions_xml({"x"}));
  none_sees();   // not horatio either
  for (const std::string& name : {of_item, summary}) {
    refused(bernardo, "get", items_xml(name), "cancel not-allowed closed-node");
    refused(bernardo, "set", subscribe_xml(name, bare(bernardo)), "cancel not-allowed closed-node");
    refused(bernardo, "get", info_xml(name), "cancel item-not-found");
    done(francisco, "get", items_xml(name));
    EXPECT_TRUE(holds(done(francisco, "get", info_xml(name)), "<value>whitelist</value>"));
  }
  refused(bernardo, "set", publish_xml(of_item, bare(bernardo), attachments_xml(noticed)), "cancel not-allowed closed-node");
  configures(hamlet, musings, {{"access_model", "open"}, {"publish_model", "publishers"}});
  refused(bernardo, "set", publish_xml(of_item, bare(bernardo), attachments_xml(noticed)), "auth forbidden");
  affiliates(hamlet, "bernardo@denmark.lit", "outcast");
  hush({&bernardo, &hamlet});
  refused(bernardo, "get", items_xml(of_item), "auth forbidden");
  attaches(hamlet, noticed);
  sees(horatio, item_event("hamlet@denmark.lit", attachments_xml(noticed), of_item));   // he may again
  hush({&horatio});
}

TEST_F(Xep0470, TheyAreInNoListOfNodes) {
  creates_blog();
  attaches(francisco, noticed);
  const std::string list = done(hamlet, "get", nodes_xml());
  EXPECT_TRUE(holds(list, "princely_musings'"));
  EXPECT_FALSE(holds(list, "attachments"));
}

TEST_F(Xep0470, TheyGoWithTheirItemAndWithTheirNode) {
  creates_blog({{"publish_model", "open"}, {"max_items", "2"}});
  attaches(francisco, noticed);
  publishes(hamlet, musings, "b");
  done(francisco, "set", publish_xml(pubsub::attachments_name(service_jid, musings, "b"), bare(francisco), attachments_xml(noticed)));
  publishes(hamlet, musings, "c");   // the first has to go
  EXPECT_EQ(items(hamlet, summary), std::vector<std::string>{"b"});
  refused(hamlet, "get", items_xml(of_item), "cancel item-not-found");
  done(hamlet, "set", retract_xml(musings, "b"));
  EXPECT_EQ(items(hamlet, summary), std::vector<std::string>{});
  done(francisco, "set", publish_xml(pubsub::attachments_name(service_jid, musings, "c"), bare(francisco), attachments_xml(noticed)));
  EXPECT_EQ(scene.wait(scene.stores().pubsub.count(service_jid, std::nullopt)).value(), 3U);
  done(hamlet, "set", owner_xml(on_node("delete", musings)));
  EXPECT_EQ(scene.wait(scene.stores().pubsub.count(service_jid, std::nullopt)).value(), 0U) << "whoever makes it anew gets nothing of it";
  creates_blog();
  attaches(francisco, noticed);
  done(hamlet, "set", owner_xml(on_node("purge", musings)));
  EXPECT_EQ(scene.wait(scene.stores().pubsub.count(service_jid, std::nullopt)).value(), 1U);
}

TEST_F(Xep0470, ServiceSaysSo) {   // section 6
  EXPECT_TRUE(holds(done(hamlet, "get", info_xml()), "<feature var='urn:xmpp:pubsub-attachments:1'/>"));
}

// An attachment and its summary are stored together or not at all.
TEST(Xep0470Failures, SummaryAndAttachmentAreOneTransaction) {
  for (const bool takes_effect : {false, true}) {
    const std::size_t failures = fail_each_call([&](std::size_t n) {
      StoresOfScene stores;
      PubSubScene scene({}, stores.under({}));
      Client& hamlet = scene.login("hamlet@denmark.lit/elsinore");
      Client& francisco = scene.login("francisco@denmark.lit/barracks");
      hamlet.asks("set", pubsub_service, create_xml(musings, {{"publish_model", "open"}}));
      hamlet.asks("set", pubsub_service, publish_xml(musings, "soliloquy", entry_xml()));
      hamlet.asks("set", pubsub_service, publish_xml(of_item, "hamlet@denmark.lit", attachments_xml(noticed)));
      const bool has_failed = stores.fail({.nth = n, .takes_effect = takes_effect}, [&] {
        francisco.sends("<iq type='set' id='f' to='" + std::string(pubsub_service) + "'>" + publish_xml(of_item, "francisco@denmark.lit", attachments_xml(noticed)) + "</iq>");
      });
      const std::string answer = francisco.receives("id='f'");
      EXPECT_EQ(answer.find("type='error'") != std::string::npos, has_failed) << n << answer;
      const std::string all = hamlet.asks("get", pubsub_service, items_xml(of_item));
      const std::string sum = hamlet.asks("get", pubsub_service, items_xml(summary));
      const bool is_there = all.find("<item id='francisco@denmark.lit'") != std::string::npos;
      EXPECT_NE(sum.find(is_there ? "<noticed count='2'/>" : "<noticed count='1'/>"), std::string::npos) << n << all << sum;
      EXPECT_TRUE(is_there || has_failed);
      return has_failed;
    });
    EXPECT_GT(failures, 1U);
  }
}

// At an account (XEP-0163): example 1.
TEST(Xep0470Account, RomeoNoticesJulietsPost) {
  Scene scene({.domains = {"capulet.lit", "montague.lit"}});
  scene.are_contacts("juliet@capulet.lit", "romeo@montague.lit");
  Client& juliet = scene.login("juliet@capulet.lit/balcony");
  Client& romeo = scene.login("romeo@montague.lit/123");
  Client& tybalt = scene.login("tybalt@capulet.lit/street");
  const std::string blog = "urn:xmpp:microblog:0";
  const std::string name = "urn:xmpp:pubsub-attachments:1/xmpp:juliet@capulet.lit?;node=urn%3Axmpp%3Amicroblog%3A0;item=balcony-restoration-afd1";
  juliet.asks("set", "", publish_xml(blog, "balcony-restoration-afd1", entry_xml(), {{"publish_model", "open"}, {"max_items", "10"}}));
  romeo.asks("set", "juliet@capulet.lit", publish_xml(name, "romeo@montague.lit", attachments_xml(noticed)));
  const std::string sum = romeo.asks("get", "juliet@capulet.lit", items_xml(pubsub::summary_name(blog)));
  EXPECT_NE(sum.find(summary_xml("<noticed count='1'/>")), std::string::npos) << sum;
  // A stranger is told of it what he is told of what is not there; the access model is presence.
  tybalt.sends("<iq type='set' id='t' to='juliet@capulet.lit'>" + publish_xml(name, "tybalt@capulet.lit", attachments_xml(noticed)) + "</iq>");
  const std::string refused = tybalt.receives("id='t'");
  tybalt.sends("<iq type='set' id='t' to='juliet@capulet.lit'>" + publish_xml("nothing", "tybalt@capulet.lit", attachments_xml(noticed)) + "</iq>");
  EXPECT_EQ(tybalt.receives("id='t'").substr(refused.find("<error")), refused.substr(refused.find("<error")));
  EXPECT_NE(juliet.asks("get", "juliet@capulet.lit", info_xml()).find("urn:xmpp:pubsub-attachments:1'"), std::string::npos);
  // What others attach leaves the owner room for nodes of his own.
  tybalt.receives_nothing();
}

}  // namespace
}  // namespace aldis::test
