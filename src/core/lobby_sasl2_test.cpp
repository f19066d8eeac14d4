// A phone that comes back: SASL2 (XEP-0388), Bind 2 (XEP-0386), FAST (XEP-0484) and upgrades (XEP-0480) at the lobby's door, and
// those who should not get in that way. Numbers such as S01 are rows of docs/security-tests.md.
#include <gmock/gmock.h>

#include "tests/support/failing_scene.h"
#include "tests/support/sasl2_door.h"

namespace aldis::test {
namespace {

using namespace std::string_literals;
using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr std::string_view phone = "11111111-1111-4111-8111-111111111111";
constexpr std::string_view laptop = "22222222-2222-4222-8222-222222222222";
constexpr std::string_view wants_token = "<request-token xmlns='urn:xmpp:fast:0' mechanism='HT-SHA-256-EXPR'/>";
constexpr std::string_view bind_inline = "<bind xmlns='urn:xmpp:bind:0'><tag>Phone</tag></bind>";
constexpr std::string_view fast = "<fast xmlns='urn:xmpp:fast:0'/>";
constexpr std::string_view ping = "<iq type='get' id='p'><ping xmlns='urn:xmpp:ping'/></iq>";

std::string failed(std::string_view condition) {
  return "<failure xmlns='urn:xmpp:sasl:2'><" + std::string(condition) + " xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/></failure>";
}
// What a feature does with XEP-0386, in a namespace of its own: an inline request, and something every <bound/> says.
Task<std::string> probe_metadata(Account& account) {
  const auto activity = co_await account.home().world().stores.last_activity.load(account.jid());
  co_return activity ? std::string("<metadata xmlns='urn:example:probe'/>") : std::string();
}
void install_probe(Extension& self) {
  self.on_bind_inline({"enable", "urn:example:probe"}, [](Session& session, const xml::Element& element) {
    session.is_interested = true;
    return "<enabled xmlns='urn:example:probe' was='" + std::string(element.attribute("as").value_or("")) + "'/>";
  });
  self.on_bind_inline({"silent", "urn:example:probe"}, [](Session&, const xml::Element&) { return std::string(); });
  self.on_bound_metadata(probe_metadata);
}

SceneOptions with_probe(SceneOptions options = {}) {
  options.install = [](VirtualHost& host, World& world) {
    install_default_extensions(host, world);
    static const ExtensionEntry probe{"probe", install_probe};
    host.install(probe, world, {});
  };
  return options;
}

std::string token_for(Door& door, std::string_view client) {
  Phone first(door);
  const std::string said = first.sends(plain2("mercutio", "queen-mab", client, wants_token));
  first.sends(stream_end);
  return token_in(said);
}
std::string returns(Phone& with, std::string_view token, std::string_view client, std::string_view inside = bind_inline,
                    std::string_view use = fast) {
  return with.sends(authenticate("HT-SHA-256-EXPR", ht("mercutio", token, with.exporter()), client, std::string(inside).append(use)));
}

TEST(LobbySasl2, IsOfferedInsideTlsOnly) {  // XEP-0388 section 3
  Door door(with_probe());
  Phone phone_line(door);
  EXPECT_THAT(phone_line.features,
              AllOf(HasSubstr("<authentication xmlns='urn:xmpp:sasl:2'><mechanism>SCRAM-SHA-512-PLUS</mechanism>"),
                    HasSubstr("<feature var='urn:xmpp:sm:3'/><feature var='urn:xmpp:carbons:2'/><feature var='urn:xmpp:csi:0'/>"
                              "<feature var='urn:example:probe'/></inline></bind>"),
                    HasSubstr("<fast xmlns='urn:xmpp:fast:0'><mechanism>HT-SHA-256-EXPR</mechanism><mechanism>HT-SHA-256-ENDP"
                              "</mechanism></fast>"),
                    HasSubstr("<upgrade xmlns='urn:xmpp:sasl:upgrade:0'>UPGR-SCRAM-SHA-256</upgrade>"),
                    HasSubstr("<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>"), Not(HasSubstr("tls-0rtt"))));
  phone_line.sends(stream_end);
  Stranger bare(door.scene);
  EXPECT_THAT(bare.sends(opened()), Not(HasSubstr("urn:xmpp:sasl:2")));
  EXPECT_THAT(bare.sends(plain2("mercutio", "queen-mab", phone)), HasSubstr(stream_error("not-authorized")));
}

TEST(LobbySasl2, AReturningPhoneIsBackInOneRoundTrip) {
  for (const std::size_t cut : {std::string_view::npos, std::size_t{1}}) {
    Door door(with_probe());
    const std::string token = token_for(door, phone);
    ASSERT_NE(token, "");
    Phone back(door, "mercutio@capulet.example");
    const std::string said =
        back.sends(authenticate("HT-SHA-256-EXPR", ht("mercutio", token, back.exporter()), phone,
                                "<fast xmlns='urn:xmpp:fast:0' count='1'/><bind xmlns='urn:xmpp:bind:0'><tag>Phone</tag>"
                                "<enable xmlns='urn:xmpp:carbons:2'/><silent xmlns='urn:example:probe'/><enable xmlns='urn:example:probe' as='x'/>"
                                "<enable xmlns='urn:example:probe' as='again'/><unknown xmlns='urn:example:else'/></bind>"
                                "<unknown xmlns='urn:example:else'/>") +
                       std::string(ping),
                   cut);
    EXPECT_THAT(said, StartsWith("<success xmlns='urn:xmpp:sasl:2'><additional-data>"));
    EXPECT_THAT(identifier_in(said), StartsWith("mercutio@capulet.example/Phone/"));
    EXPECT_THAT(said, HasSubstr("<bound xmlns='urn:xmpp:bind:0'><metadata xmlns='urn:xmpp:mam:2'/><metadata xmlns='urn:example:probe'/><enabled "
                                "xmlns='urn:example:probe' was='x'/></bound></success><stream:features>"));
    EXPECT_THAT(said, Not(HasSubstr("<bind xmlns='urn:ietf"))) << "nothing is left to bind";
    EXPECT_THAT(said, HasSubstr("type='result' id='p'")) << "and what was sent behind is answered";
    EXPECT_EQ(token_in(said), "") << "the token is young";
    Account* account = door.scene.home().find_account(*Jid::parse("mercutio@capulet.example"));
    ASSERT_NE(account, nullptr);
    ASSERT_EQ(account->sessions().size(), 1U);
    EXPECT_TRUE(account->sessions().front()->is_interested) << "the inline request was done";
    EXPECT_TRUE(account->sessions().front()->wants_carbons) << "XEP-0386 3.2";
    door.romeo.sends("<message to='" + identifier_in(said) + "' type='chat' id='m'><body>back?</body></message>");
    EXPECT_THAT(back.hears(), HasSubstr("id='m'"));
    EXPECT_THAT(back.sends(stream_end), EndsWith(stream_end));
  }
}

TEST(LobbySasl2, WithoutBindTheOldBindingFollows) {
  Door door;
  Phone line(door);
  const std::string said = line.sends(plain2("mercutio", "queen-mab", ""));
  EXPECT_THAT(said, HasSubstr("<success xmlns='urn:xmpp:sasl:2'><authorization-identifier>mercutio@capulet.example"
                              "</authorization-identifier></success><stream:features><bind xmlns="));
  EXPECT_THAT(line.sends(bind_balcony), HasSubstr("<jid>mercutio@capulet.example/balcony</jid>"));
  EXPECT_THAT(line.sends(ping), HasSubstr("type='result'"));
  line.sends(stream_end);
}

TEST(LobbySasl2, AClientKeepsItsResourceAndReplacesItself) {  // XEP-0386 sections 3.2 and 3.2.1
  SceneOptions options;
  options.core.resource_conflict = ResourceConflict::refuse;  // not even then does a phone keep itself out
  Door door(options);
  Phone first(door);
  const std::string jid = identifier_in(first.sends(plain2("mercutio", "queen-mab", phone, bind_inline)));
  EXPECT_THAT(jid, StartsWith("mercutio@capulet.example/Phone/"));
  EXPECT_THAT(jid, Not(HasSubstr("11111111"))) << "the user-agent id is not exposed";
  Phone other(door);
  const std::string laptops = identifier_in(other.sends(plain2("mercutio", "queen-mab", laptop, bind_inline)));
  EXPECT_NE(laptops, jid);
  Phone again(door);
  EXPECT_EQ(identifier_in(again.sends(plain2("mercutio", "queen-mab", phone, bind_inline))), jid);
  EXPECT_THAT(first.hears(), HasSubstr(stream_error("conflict")));
  EXPECT_THAT(other.sends(ping), HasSubstr("type='result'")) << "another client of the same user";
  Phone upper(door);
  const std::string same = identifier_in(
      upper.sends(plain2("mercutio", "queen-mab", phone, "<bind xmlns='urn:xmpp:bind:0'/>")));
  EXPECT_EQ(same, "mercutio@capulet.example/" + jid.substr(jid.rfind('/') + 1)) << "without a tag";
  EXPECT_THAT(again.hears(), HasSubstr(stream_error("conflict"))) << "the same client under another tag";
  Phone one(door);
  Phone two(door);
  EXPECT_NE(identifier_in(one.sends(plain2("mercutio", "queen-mab", "", bind_inline))),
            identifier_in(two.sends(plain2("mercutio", "queen-mab", "", bind_inline))))
      << "clients without an id are nobody's successors";
  for (Phone* line : {&other, &upper, &one, &two}) {
    EXPECT_THAT(line->sends(ping), HasSubstr("type='result'"));
    line->sends(stream_end);
  }
}

TEST(LobbySasl2, TagsThatNoResourceCanHoldAreLeftOut) {
  Door door;
  for (const std::string& tag : {std::string(1100, 'x'), "\xE2\x80\x8E"s, ""s}) {
    Phone line(door);
    const std::string said = line.sends(
        plain2("mercutio", "queen-mab", phone, "<bind xmlns='urn:xmpp:bind:0'><tag>" + tag + "</tag></bind>"));
    EXPECT_THAT(said, HasSubstr("<bound xmlns='urn:xmpp:bind:0'>"));
    EXPECT_THAT(identifier_in(said), testing::MatchesRegex("mercutio@capulet.example/[0-9a-f]{16}")) << tag;
    line.sends(stream_end);
  }
  Phone line(door);
  const std::string said = line.sends(plain2("mercutio", "queen-mab", phone,
                                             "<bind xmlns='urn:xmpp:bind:0'><tag>&lt;a&amp;'&gt; /x</tag></bind>"));
  EXPECT_THAT(identifier_in(said), StartsWith("mercutio@capulet.example/&lt;a&amp;'&gt; /x/"));
  line.sends(stream_end);
}

TEST(LobbySasl2, ABindingThatIsRefusedIsExplainedByTheOldOne) {
  SceneOptions options;
  options.core.sessions_per_account = 1;
  Door door(options);
  Phone first(door);
  EXPECT_THAT(first.sends(plain2("mercutio", "queen-mab", phone, bind_inline)), HasSubstr("<bound "));
  Phone second(door);
  const std::string said = second.sends(plain2("mercutio", "queen-mab", laptop, bind_inline));
  EXPECT_THAT(said, AllOf(HasSubstr("<success "), Not(HasSubstr("<bound ")), HasSubstr("<bind xmlns='urn:ietf")));
  EXPECT_EQ(identifier_in(said), "mercutio@capulet.example");
  EXPECT_THAT(second.sends(bind_balcony), HasSubstr("<resource-constraint "));
  first.sends(stream_end);
  EXPECT_THAT(second.sends(bind_balcony), HasSubstr("<jid>mercutio@capulet.example/balcony</jid>"));
  second.sends(stream_end);
}

// What arrives while the metadata is read waits, and comes after the <success/>: not before, and not to nobody.
TEST(LobbySasl2, NothingIsDeliveredBetweenTheMetadataAndTheSuccess) {
  SceneOptions options = with_probe();
  options.answers = MemoryStores::Answers::later;
  Door door(options);
  const std::string token = token_for(door, phone);
  Phone first(door);
  const std::string jid = identifier_in(returns(first, token, phone));
  first.sends(stream_end);
  int delivered = 0;
  for (int turns = 0; turns < 30; ++turns) {
    Phone back(door);
    back.sends_without_running(authenticate("HT-SHA-256-EXPR", ht("mercutio", token, back.exporter()), phone,
                                            std::string(bind_inline).append(fast)));
    for (int i = 0; i < turns; ++i) {
      static_cast<void>(door.scene.shard().run_ready());
    }
    // To the address it will have: before it is bound there is nobody to tell, and a headline is not kept.
    door.romeo.sends("<message to='" + jid + "' type='headline' id='m'><body>news</body></message>");
    const std::string said = back.hears();
    EXPECT_THAT(said, HasSubstr("<bound "));
    EXPECT_EQ(identifier_in(said), jid);
    const std::size_t message = said.find("<message");
    if (message != std::string::npos) {
      EXPECT_GT(message, said.find("</stream:features>")) << said;
      ++delivered;
    }
    back.sends(stream_end);
  }
  EXPECT_GT(delivered, 0);
  EXPECT_LT(delivered, 30);
}

TEST(LobbySasl2, ThoseWhoShouldNotGetIn) {  // S01, S03, S05
  Door door;
  door.scene.has_account("tybalt@capulet.example", "prince-of-cats");
  const std::string token = token_for(door, phone);
  struct Row {
    std::string_view why;
    std::string from;
    std::string sent;   // X stands for the message of a token for this channel
    std::string_view condition;
  };
  const auto with = [&](Phone& line, const Row& row) {
    std::string sent = row.sent;
    const std::string mark = "TOKEN";
    if (const std::size_t at = sent.find(mark); at != std::string::npos) {
      sent.replace(at, mark.size(), base64_encode(ht("mercutio", token, line.exporter())));
    }
    return line.sends(sent);
  };
  const auto raw = [](std::string_view mechanism, std::string_view client, std::string_view inside) {
    return "<authenticate xmlns='urn:xmpp:sasl:2' mechanism='" + std::string(mechanism) + "'><initial-response>TOKEN</initial-response>" +
           agent(client) + std::string(inside) + "</authenticate>";
  };
  int source = 0;
  for (const Row& row : std::vector<Row>{
           {"S01: the stream is another's", "tybalt@capulet.example", plain2("mercutio", "queen-mab", phone, bind_inline), "invalid-authzid"},
           {"S01: the stream is another's", "tybalt@capulet.example", raw("HT-SHA-256-EXPR", phone, fast), "invalid-authzid"},
           {"S01: an authzid of another", "",
            authenticate("PLAIN", "tybalt@capulet.example\0mercutio\0queen-mab"s, phone, bind_inline), "invalid-authzid"},
           {"S03: not advertised", "", authenticate("ANONYMOUS", "", phone, bind_inline), "invalid-mechanism"},
           {"S03: in lower case", "", authenticate("plain", "\0mercutio\0queen-mab"s, phone), "invalid-mechanism"},
           {"S03: not configured", "", raw("HT-SHA-256-NONE", phone, fast), "invalid-mechanism"},
           {"S03: a token's mechanism without <fast/>", "", raw("HT-SHA-256-EXPR", phone, ""), "invalid-mechanism"},
           {"S03: a token's mechanism in the old profile", "",
            "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='HT-SHA-256-EXPR'>TOKEN</auth>", "invalid-mechanism"},
           {"XEP-0484 4.1: whose client?", "", raw("HT-SHA-256-EXPR", "", fast), "malformed-request"},
           {"another client's token", "", raw("HT-SHA-256-EXPR", laptop, fast), "not-authorized"},
           {"another mechanism's token", "", raw("HT-SHA-256-ENDP", phone, fast), "not-authorized"},
           {"S02", "", "<authenticate xmlns='urn:xmpp:sasl:2' mechanism='PLAIN'><initial-response>=</initial-response></authenticate>",
            "incorrect-encoding"},
           {"a count that is none", "", raw("HT-SHA-256-EXPR", phone, "<fast xmlns='urn:xmpp:fast:0' count='0'/>"), "malformed-request"},
       }) {
    Phone line(door, row.from, "198.51.100." + std::to_string(++source));
    const std::string said = with(line, row);
    EXPECT_THAT(said, AllOf(HasSubstr("<failure "), HasSubstr("<" + std::string(row.condition)))) << row.why;
    EXPECT_THAT(said, Not(HasSubstr("<bound "))) << row.why;
    line.sends(stream_end);
  }
  // Whether somebody exists makes no difference to what is said.
  const auto said_to = [&](std::string_view user, std::string_view client) {
    Phone line(door, "", "198.51.100." + std::to_string(++source));
    const std::string said =
        line.sends(authenticate("HT-SHA-256-EXPR", ht(user, "wrong", line.exporter()), client, std::string(fast)));
    line.sends(stream_end);
    return said;
  };
  EXPECT_EQ(said_to("mercutio", phone), failed("not-authorized"));
  EXPECT_EQ(said_to("mercutio", laptop), failed("not-authorized"));
  EXPECT_EQ(said_to("nobody", phone), failed("not-authorized"));
  door.expects_nothing_kept();
}

TEST(LobbySasl2, ATokensProofIsGoodForItsChannelAlone) {  // what was overheard or stolen on the way
  Door door;
  const std::string token = token_for(door, phone);
  Phone victim(door);
  const std::string request = authenticate("HT-SHA-256-EXPR", ht("mercutio", token, victim.exporter()), phone,
                                           std::string(bind_inline).append(fast));
  EXPECT_THAT(victim.sends(request), HasSubstr("<bound "));
  Phone thief(door, "", "198.51.100.7");
  EXPECT_EQ(thief.sends(request), failed("not-authorized"));
  EXPECT_THAT(victim.sends(ping), HasSubstr("type='result'")) << "the session is not disturbed";
  victim.sends(stream_end);
  thief.sends(stream_end);
}

TEST(LobbySasl2, ACountIsGoodOnce) {  // XEP-0484 3.4, T10
  Door door;
  const std::string token = token_for(door, phone);
  const auto tries = [&](std::string_view count) {
    Phone line(door);
    const std::string said =
        returns(line, token, phone, bind_inline, "<fast xmlns='urn:xmpp:fast:0' count='" + std::string(count) + "'/>");
    line.sends(stream_end);
    return said;
  };
  EXPECT_THAT(tries("7"), HasSubstr("<bound "));
  EXPECT_EQ(tries("7"), failed("not-authorized"));
  EXPECT_EQ(tries("6"), failed("not-authorized"));
  EXPECT_THAT(tries("8"), HasSubstr("<bound "));
}

TEST(LobbySasl2, ThreeTriesAndTheCountersHoldForItToo) {  // S07
  Door door;
  const std::string token = token_for(door, phone);
  Phone line(door);
  EXPECT_EQ(line.sends(plain2("mercutio", "wrong", phone)), failed("not-authorized"));
  EXPECT_EQ(line.sends(authenticate("HT-SHA-256-EXPR", ht("mercutio", "wrong", line.exporter()), phone, fast)), failed("not-authorized"));
  EXPECT_THAT(line.sends(plain("", "mercutio", "wrong")), AllOf(HasSubstr("<failure "), HasSubstr(stream_error("policy-violation"))));
  EXPECT_TRUE(line.is_ended());
  Phone more(door);
  EXPECT_EQ(returns(more, "wrong", phone), failed("not-authorized"));
  EXPECT_EQ(returns(more, "wrong", phone), failed("not-authorized"));
  Phone right(door);
  EXPECT_EQ(returns(right, token, phone), failed("not-authorized")) << "five failures: locked out, whatever is proved";
  EXPECT_EQ(right.sends(plain2("mercutio", "queen-mab", phone)), failed("not-authorized"));
  Phone elsewhere(door, "", "198.51.100.1");
  EXPECT_THAT(returns(elsewhere, token, phone), HasSubstr("<bound "));
  for (Phone* each : {&more, &right, &elsewhere}) {
    each->sends(stream_end);
  }
}

TEST(LobbySasl2, TokensEndWithWhatTheyRestOn) {  // S13
  const BareJid mercutio = *BareJid::parse("mercutio@capulet.example");
  const auto ended_by = [&](auto&& act) {
    Door door;
    const std::string token = token_for(door, phone);
    Phone online(door);
    EXPECT_THAT(returns(online, token, phone), HasSubstr("<bound "));
    act(door.scene);
    EXPECT_THAT(online.hears(), EndsWith(stream_end)) << "the session ends";
    Phone back(door);
    const std::string said = returns(back, token, phone);
    back.sends(stream_end);
    return said;
  };
  EXPECT_EQ(ended_by([&](Scene& scene) {
              EXPECT_TRUE(scene.wait(scene.administration().set_password(mercutio, SecretBytes(std::string_view("queen-mab-2")))));
            }),
            failed("not-authorized"));
  EXPECT_EQ(ended_by([&](Scene& scene) { EXPECT_TRUE(scene.wait(scene.administration().set_enabled(mercutio, false))); }),
            failed("not-authorized"));
  EXPECT_EQ(ended_by([&](Scene& scene) { EXPECT_TRUE(scene.wait(scene.administration().delete_account(mercutio))); }),
            failed("not-authorized"));
  EXPECT_EQ(ended_by([&](Scene& scene) {
              const auto forgotten = scene.wait(scene.administration().forget_clients(mercutio, std::string(phone)));
              ASSERT_TRUE(forgotten);
              EXPECT_EQ(forgotten->clients, 1U);
              EXPECT_EQ(forgotten->sessions, 1U);
            }),
            failed("not-authorized"));
}

// Whoever has authenticated and not bound yet is let in no more when what it authenticated with has ended.
TEST(LobbySasl2, ABindingThatComesAfterThePasswordChangedIsRefused) {  // S13
  const BareJid mercutio = *BareJid::parse("mercutio@capulet.example");
  const auto binds_after = [&](bool is_in_memory, auto&& act) {
    Door door;
    Phone other(door, "", "198.51.100.9");
    if (is_in_memory) {
      EXPECT_THAT(other.sends(plain2("mercutio", "queen-mab", laptop, bind_inline)), HasSubstr("<bound "));
    }
    Phone line(door);
    line.sends(plain2("mercutio", "queen-mab", phone));
    Stranger old(door.scene);
    old.sends(header);
    EXPECT_THAT(old.logs_in("mercutio", "queen-mab"), HasSubstr("<success"));
    old.sends(header);
    door.scene.advance(std::chrono::milliseconds(5));
    act(door.scene);
    other.hears();
    const std::string said = line.sends(bind_balcony);
    EXPECT_EQ(said.find("<jid>"), std::string::npos) << said;
    EXPECT_THAT(old.sends(bind_balcony), Not(HasSubstr("<jid>")));
    EXPECT_EQ(door.scene.home().session_count(), 2U) << "juliet and romeo";
    for (Stranger* each : {static_cast<Stranger*>(&line), static_cast<Stranger*>(&old), static_cast<Stranger*>(&other)}) {
      each->sends(stream_end);
    }
    return said;
  };
  for (const bool is_in_memory : {false, true}) {
    EXPECT_THAT(binds_after(is_in_memory,
                            [&](Scene& scene) {
                              EXPECT_TRUE(scene.wait(
                                  scene.administration().set_password(mercutio, SecretBytes(std::string_view("queen-mab-2")))));
                            }),
                HasSubstr("<not-authorized "));
    EXPECT_THAT(binds_after(is_in_memory,
                            [&](Scene& scene) { EXPECT_TRUE(scene.wait(scene.administration().set_enabled(mercutio, false))); }),
                HasSubstr("<not-authorized "));
  }
}

TEST(LobbySasl2, AnOperatorForgetsOneClientOrAll) {
  Door door;
  const BareJid mercutio = *BareJid::parse("mercutio@capulet.example");
  const std::string phones = token_for(door, phone);
  const std::string laptops = token_for(door, laptop);
  const auto listed = door.scene.wait(door.scene.administration().client_tokens(mercutio));
  ASSERT_TRUE(listed);
  ASSERT_EQ(listed->size(), 2U);
  EXPECT_EQ((*listed)[0].client, phone);
  EXPECT_EQ((*listed)[0].software, "Awesome");
  ASSERT_TRUE(door.scene.wait(door.scene.administration().forget_clients(mercutio, std::string(phone))));
  Phone lost(door);
  EXPECT_EQ(returns(lost, phones, phone), failed("not-authorized"));
  Phone kept(door);
  EXPECT_THAT(returns(kept, laptops, laptop), HasSubstr("<bound "));
  const auto all = door.scene.wait(door.scene.administration().forget_clients(mercutio, ""));
  ASSERT_TRUE(all);
  EXPECT_EQ(all->clients, 1U);
  EXPECT_EQ(all->sessions, 1U);
  EXPECT_THAT(kept.hears(), HasSubstr(stream_error("not-authorized")));
  const auto nobody = door.scene.wait(door.scene.administration().forget_clients(*BareJid::parse("nobody@capulet.example"), ""));
  ASSERT_FALSE(nobody);
  EXPECT_EQ(nobody.error().kind, ErrorKind::not_found);
  lost.sends(stream_end);
}

TEST(LobbySasl2, AClientLogsOut) {  // XEP-0484 3.6
  Door door;
  const std::string token = token_for(door, phone);
  Phone last(door);
  const std::string said = returns(last, token, phone, "", "<fast xmlns='urn:xmpp:fast:0' invalidate='true'/>");
  EXPECT_THAT(said, HasSubstr("<success "));
  last.sends(stream_end);
  Phone back(door);
  EXPECT_EQ(returns(back, token, phone), failed("not-authorized"));
  back.sends(stream_end);
}

TEST(LobbySasl2, AnUpgradePassesOverTheWire) {  // XEP-0480
  SceneOptions options;
  options.auth.key_hashes = {"SHA-1"};
  Door door(options);
  AuthConfig more = door.scene.auth_config();
  more.key_hashes = {"SHA-1", "SHA-256"};
  door.scene.authenticator().configure(more);
  Phone line(door);
  const std::string asked = line.sends(plain2("mercutio", "queen-mab", phone,
                                              std::string(bind_inline) + "<upgrade xmlns='urn:xmpp:sasl:upgrade:0'>UPGR-SCRAM-SHA-256</upgrade>"));
  EXPECT_EQ(asked, "<continue xmlns='urn:xmpp:sasl:2'><tasks><task>UPGR-SCRAM-SHA-256</task></tasks></continue>");
  EXPECT_EQ(door.scene.home().find_account(*Jid::parse("mercutio@capulet.example")), nullptr) << "not bound yet";
  const std::string task = line.sends("<next xmlns='urn:xmpp:sasl:2' task='UPGR-SCRAM-SHA-256'/>");
  const std::string salt = base64_decode(between(task, "iterations='4096'>", "<")).value_or("");
  ASSERT_FALSE(salt.empty()) << task;
  std::string salted(32, '\0');
  PKCS5_PBKDF2_HMAC("queen-mab", 9, reinterpret_cast<const unsigned char*>(salt.data()), static_cast<int>(salt.size()), 4096,
                    EVP_sha256(), 32, reinterpret_cast<unsigned char*>(salted.data()));
  EXPECT_THAT(line.sends("<task-data xmlns='urn:xmpp:sasl:2'><hash xmlns='urn:xmpp:scram-upgrade:0'>" + base64_encode(salted) +
                         "</hash></task-data>"),
              HasSubstr("<bound "));
  line.sends(stream_end);
  Stranger scram(door.scene);
  scram.sends(header);
  EXPECT_THAT(scram.logs_in("mercutio", "queen-mab"), HasSubstr("<success")) << "SCRAM-SHA-256";
  scram.sends(stream_end);
}

TEST(LobbySasl2, WhoStopsInTheMiddleIsSentAway) {  // E01: one deadline, whatever is asked for meanwhile
  SceneOptions options;
  options.auth.key_hashes = {"SHA-1"};
  Door door(options);
  AuthConfig more = door.scene.auth_config();
  more.key_hashes = {"SHA-1", "SHA-256"};
  door.scene.authenticator().configure(more);
  Phone line(door);
  line.sends(plain2("mercutio", "queen-mab", phone, "<upgrade xmlns='urn:xmpp:sasl:upgrade:0'>UPGR-SCRAM-SHA-256</upgrade>"));
  line.sends("<next xmlns='urn:xmpp:sasl:2' task='UPGR-SCRAM-SHA-256'/>");
  door.scene.advance(std::chrono::seconds(31));
  EXPECT_THAT(line.hears(), HasSubstr(stream_error("connection-timeout")));
  door.expects_nothing_kept();
}

// S09: whatever store call fails, a returning phone is in, or is told why not, and gets in the next time.
TEST(LobbySasl2, EveryStoreCallThatFailsIsAnswered) {
  const std::size_t failures = fail_each_call([](std::size_t nth) {
    StoresOfScene stores;
    Door door(stores.under({}));
    const std::string token = token_for(door, phone);
    std::optional<Phone> line;
    std::string said;
    const bool has_failed = stores.fail({.nth = nth}, [&] {
      line.emplace(door);
      said = returns(*line, token, phone, bind_inline, "<fast xmlns='urn:xmpp:fast:0' count='1'/>");
    });
    const bool is_told = said == failed("temporary-auth-failure") ||
                         (said.find("<success ") == 0 &&
                          (said.find("<bound ") == std::string::npos || said.find("<metadata ") == std::string::npos));
    EXPECT_TRUE(has_failed ? is_told : said.find("<bound ") != std::string::npos) << nth << " " << said;
    line->sends(stream_end);
    Phone again(door);
    EXPECT_THAT(returns(again, token, phone, bind_inline, "<fast xmlns='urn:xmpp:fast:0' count='2'/>"), HasSubstr("<bound ")) << nth;
    again.sends(stream_end);
    return has_failed;
  });
  EXPECT_GE(failures, 5U) << "the keys, tokens, use; the account, and what its archive holds";
}

}  // namespace
}  // namespace aldis::test
