// Streams whose TLS protects integrity alone, through a listener that allows it (security T08): nothing that is worth stealing
// passes through them, and whoever looks can tell them from others. What TLS itself does is in tls/integrity_only_test.cpp.
#include <gmock/gmock.h>

#include "base/log.h"
#include "base/metrics.h"
#include "core/session.h"
#include "core/virtual_host.h"
#include "tests/support/sasl2_door.h"
#include "tls/openssl.h"

namespace aldis::test {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr std::string_view phone = "11111111-1111-4111-8111-111111111111";
constexpr std::string_view wants_token = "<request-token xmlns='urn:xmpp:fast:0' mechanism='HT-SHA-256-EXPR'/>";
constexpr std::string_view list_accounts =
    "<iq type='set' id='c' to='capulet.example'><command xmlns='http://jabber.org/protocol/commands' "
    "node='http://jabber.org/protocol/admin#get-registered-users-num'/></iq>";
constexpr std::string_view list_commands =
    "<iq type='get' id='l' to='capulet.example'><query xmlns='http://jabber.org/protocol/disco#items' "
    "node='http://jabber.org/protocol/commands'/></iq>";
constexpr std::string_view change_password =
    "<iq type='set' id='w' to='capulet.example'><query xmlns='jabber:iq:register'><username>mercutio</username>"
    "<password>a plague on both</password></query></iq>";
constexpr std::string_view registers =
    "<iq type='set' id='r'><query xmlns='jabber:iq:register'><username>tybalt</username><password>king of cats</password></query></iq>";

std::string failed(std::string_view condition) {
  return "<failure xmlns='urn:xmpp:sasl:2'><" + std::string(condition) + " xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/></failure>";
}

class Records final : public log::Sink {
 public:
  Records() { log::set_sink(this); }
  ~Records() override { log::set_sink(nullptr); }
  void write(log::Level, std::string_view event, std::span<const log::Field> fields) override {
    std::string line(event);
    for (const log::Field& field : fields) {
      if (const auto* text = std::get_if<std::string_view>(&field.value)) {
        line.append(" ").append(field.key).append("=").append(*text);
      }
    }
    lines.push_back(line);
  }
  std::vector<std::string> lines;
};

std::int64_t gauge(std::string_view name) {
  std::int64_t value = 0;
  metrics::for_each([&](const metrics::Metric& metric) {
    if (metric.name() == name) {
      value += static_cast<const metrics::Gauge&>(metric).value();
    }
  });
  return value;
}

Task<StanzaPtr> nobody_registers(StanzaPtr, std::string) {
  ADD_FAILURE() << "a password has been taken";
  co_return nullptr;
}

// The domain lets strangers register, and Mercutio administers it.
SceneOptions with_everything() {
  SceneOptions options;
  options.install = [](VirtualHost& host, World& world) {
    install_default_extensions(host, world);
    host.registration = nobody_registers;
    host.set_administrators({*BareJid::parse("mercutio@" + std::string(host.domain()))});
  };
  return options;
}

struct WeakDoor : Door {
  WeakDoor() : Door(with_everything()) {
    const auto make = [](std::vector<std::string> alpn, bool allow_integrity_only) {
      return server_context({.alpn = std::move(alpn), .allow_integrity_only = allow_integrity_only});
    };
    scene.lobby().set_tls({.usual = {make({}, false), make({"xmpp-client"}, false)},
                           .integrity_only_too = {make({}, true), make({"xmpp-client"}, true)}});
  }
  Session* session() {
    Account* account = scene.home().find_account(*Jid::parse("mercutio@capulet.example"));
    return account == nullptr || account->sessions().empty() ? nullptr : account->sessions().front().get();
  }
};

tls::ClientPolicy null_suites_only() {
  return {.alpn = {"xmpp-client"},
          .trust_pem = {},
          .verify = false,
          .old_cipher_list = "ECDHE-ECDSA-NULL-SHA:ECDHE-RSA-NULL-SHA:@SECLEVEL=0",
          .min_version = TLS1_2_VERSION,
          .max_version = TLS1_2_VERSION};
}
tls::ClientPolicy usual() { return {.alpn = {"xmpp-client"}, .trust_pem = {}, .verify = false}; }

constexpr Entrance allowing{stream::TlsMode::direct, true};

// A line through the listener that allows both, its header sent.
struct Line : Stranger {
  Line(WeakDoor& door, const tls::ClientPolicy& policy) : Stranger(door.scene, allowing) {
    EXPECT_TRUE(secures(policy));
    features = sends(opened());
  }
  // In the profile of XEP-0388, with channel binding.
  std::string logs_in2(std::string_view inside = {}) {
    ScramClient scram("SHA-256", "mercutio", "queen-mab");
    scram.gs2_header = "p=tls-exporter,,";
    scram.binding_data = exporter();
    const std::string challenge = sends(authenticate("SCRAM-SHA-256-PLUS", scram.first(), phone, inside));
    const auto first = challenged(challenge);
    if (!first) return challenge;
    return sends("<response xmlns='urn:xmpp:sasl:2'>" + base64_encode(scram.final(*first)) + "</response>");
  }
  std::string features;
};

TEST(IntegrityOnlyStream, IsRefusedWhereTheListenerDoesNotAllowIt) {
  WeakDoor door;
  Stranger direct(door.scene, stream::TlsMode::direct);
  EXPECT_FALSE(direct.secures(null_suites_only()));
  Stranger upgraded(door.scene, stream::TlsMode::starttls);
  upgraded.sends(header);
  upgraded.sends(starttls);
  tls::ClientPolicy policy = null_suites_only();
  policy.alpn.clear();
  EXPECT_FALSE(upgraded.secures(policy));
  door.expects_nothing_kept();
}

TEST(IntegrityOnlyStream, IsOfferedNothingThatPassesASecret) {
  WeakDoor door;
  Line weak(door, null_suites_only());
  EXPECT_EQ(weak.tls_info().cipher, "ECDHE-ECDSA-NULL-SHA");
  EXPECT_THAT(weak.features, AllOf(HasSubstr("<authentication xmlns='urn:xmpp:sasl:2'>"), HasSubstr("<mechanism>SCRAM-SHA-256-PLUS</mechanism>"),
                                   HasSubstr("<channel-binding type='tls-exporter'/>")));
  EXPECT_THAT(weak.features, AllOf(Not(HasSubstr("PLAIN")), Not(HasSubstr("register")), Not(HasSubstr("urn:xmpp:fast:0")),
                                   Not(HasSubstr("urn:xmpp:sasl:upgrade:0"))));
  weak.sends(stream_end);
  // At the same port, with a suite that encrypts, everything is there.
  Line strong(door, usual());
  EXPECT_TRUE(strong.tls_info().is_confidential);
  EXPECT_THAT(strong.features, AllOf(HasSubstr("<mechanism>PLAIN</mechanism>"), HasSubstr("register"), HasSubstr("urn:xmpp:fast:0"),
                                     HasSubstr("urn:xmpp:sasl:upgrade:0")));
  strong.sends(stream_end);
}

TEST(IntegrityOnlyStream, TakesNoSecretThatWasNotAskedFor) {
  WeakDoor door;
  std::string token;
  {
    Line strong(door, usual());
    token = token_in(strong.sends(plain2("mercutio", "queen-mab", phone, wants_token)));
    ASSERT_NE(token, "");
    strong.sends(stream_end);
  }
  Line weak(door, null_suites_only());
  EXPECT_THAT(weak.sends(plain("", "mercutio", "queen-mab")), HasSubstr("<invalid-mechanism/>"));
  EXPECT_EQ(weak.sends(plain2("mercutio", "queen-mab", phone)), failed("invalid-mechanism"));
  EXPECT_EQ(weak.sends(authenticate("HT-SHA-256-EXPR", ht("mercutio", token, weak.exporter()), phone, "<fast xmlns='urn:xmpp:fast:0'/>")),
            failed("invalid-mechanism"));
  const std::string said = weak.logs_in2(std::string(wants_token) + "<upgrade xmlns='urn:xmpp:sasl:upgrade:0'>UPGR-SCRAM-SHA-512</upgrade>");
  EXPECT_THAT(said, AllOf(HasSubstr("<success"), Not(HasSubstr("token")), Not(HasSubstr("<continue"))));
  weak.sends(stream_end);
  Line again(door, null_suites_only());
  EXPECT_THAT(again.sends(registers), AllOf(HasSubstr(stream_error("not-authorized")), EndsWith(stream_end)));
  // What was refused there is as good as ever elsewhere.
  Line back(door, usual());
  EXPECT_THAT(back.sends(authenticate("HT-SHA-256-EXPR", ht("mercutio", token, back.exporter()), phone, "<fast xmlns='urn:xmpp:fast:0'/>")),
              HasSubstr("<success"));
  back.sends(stream_end);
}

TEST(IntegrityOnlyStream, CarriesMessagesAndIsSeenByWhoLooks) {
  Records records;
  WeakDoor door;
  const std::int64_t before = gauge("aldis_sessions_not_confidential");
  Line weak(door, null_suites_only());
  const std::string said = weak.logs_in2("<bind xmlns='urn:xmpp:bind:0'><tag>Weak</tag></bind>");
  ASSERT_THAT(said, HasSubstr("<bound xmlns='urn:xmpp:bind:0'>"));
  ASSERT_NE(door.session(), nullptr);
  EXPECT_FALSE(door.session()->principal()->is_confidential);
  EXPECT_EQ(door.session()->principal()->channel_binding, "tls-exporter");
  EXPECT_FALSE(door.session()->tls_info()->is_confidential);
  EXPECT_EQ(gauge("aldis_sessions_not_confidential"), before + 1);
  EXPECT_THAT(records.lines, Contains("audit-login-not-confidential account=mercutio@capulet.example mechanism=SCRAM-SHA-256-PLUS "
                                      "cipher=ECDHE-ECDSA-NULL-SHA source=192.0.2.1"));
  weak.sends("<message to='juliet@capulet.example/balcony' type='chat' id='m'><body>ask for me tomorrow</body></message>");
  door.juliet.receives({"id='m'", "ask for me tomorrow"});
  door.juliet.sends("<message to='" + identifier_in(said) + "' type='chat' id='a'><body>grave man</body></message>");
  EXPECT_THAT(weak.hears(), HasSubstr("grave man"));
  weak.sends(stream_end);
  EXPECT_EQ(gauge("aldis_sessions_not_confidential"), before);
}

TEST(IntegrityOnlyStream, IsRecordedOnlyWhereItIsOne) {
  Records records;
  WeakDoor door;
  Line strong(door, usual());
  EXPECT_THAT(strong.logs_in2(), HasSubstr("<success"));
  strong.sends(stream_end);
  Line stranger(door, null_suites_only());
  EXPECT_THAT(stranger.sends(auth("SCRAM-SHA-256", base64_encode("n,,n=nobody,r=abcdefgh"))), HasSubstr("<challenge"));
  stranger.sends(stream_end);
  EXPECT_THAT(records.lines, Not(Contains(HasSubstr("audit-login-not-confidential"))));
}

TEST(IntegrityOnlyStream, ChangesNoPassword) {
  WeakDoor door;
  for (const bool is_strong : {false, true}) {
    Line line(door, is_strong ? usual() : null_suites_only());
    ASSERT_THAT(line.logs_in2("<bind xmlns='urn:xmpp:bind:0'/>"), HasSubstr("<bound"));
    const std::string said = line.sends(change_password);
    if (is_strong) {
      EXPECT_THAT(said, HasSubstr("type='result' id='w'"));
    } else {  // XEP-0077 section 3.3; the next turn logs in with the old one
      EXPECT_THAT(said, AllOf(HasSubstr("type='error' id='w'"), HasSubstr("<not-authorized"), HasSubstr("is not encrypted")));
    }
    line.sends(stream_end);
  }
}

TEST(IntegrityOnlyStream, RunsNoCommands) {
  Records records;
  WeakDoor door;
  for (const bool is_strong : {true, false}) {
    Line line(door, is_strong ? usual() : null_suites_only());
    ASSERT_THAT(line.logs_in2("<bind xmlns='urn:xmpp:bind:0'/>"), HasSubstr("<bound"));
    const std::string ran = line.sends(list_accounts);
    const std::string list = line.sends(list_commands);
    if (is_strong) {
      EXPECT_THAT(ran, HasSubstr("status='completed'"));
      EXPECT_THAT(list, HasSubstr("admin#add-user"));
      EXPECT_THAT(records.lines, Not(Contains(HasSubstr("command-refused"))));
    } else {
      EXPECT_THAT(ran, AllOf(HasSubstr("type='error' id='c'"), HasSubstr("<policy-violation"), HasSubstr("is not encrypted")));
      EXPECT_THAT(list, AllOf(HasSubstr("type='result' id='l'"), Not(HasSubstr("<item"))));
      EXPECT_THAT(records.lines, Contains(AllOf(HasSubstr("command-refused requester=mercutio@capulet.example/"),
                                                EndsWith("condition=policy-violation"))));
    }
    line.sends(stream_end);
  }
}

// Without TLS, on loopback, the line may end in somebody's proxy: what cannot be known is refused.
TEST(IntegrityOnlyStream, IsNoWorseThanNone) {
  Records records;
  WeakDoor door;
  Stranger bare(door.scene);
  EXPECT_THAT(bare.sends(header), AllOf(Not(HasSubstr("PLAIN")), Not(HasSubstr("register"))));
  ASSERT_THAT(bare.logs_in("mercutio", "queen-mab"), HasSubstr("<success"));
  bare.sends(header);
  ASSERT_THAT(bare.sends(bind_balcony), HasSubstr("<jid>"));
  EXPECT_THAT(bare.sends(change_password), HasSubstr("<not-authorized"));
  EXPECT_THAT(bare.sends(list_accounts), HasSubstr("<policy-violation"));
  EXPECT_THAT(records.lines, Not(Contains(HasSubstr("audit-login-not-confidential"))));
  bare.sends(stream_end);
}

// XEP-0198 section 5: a resumed stream is what its new connection is, not what the old one was.
TEST(IntegrityOnlyStream, IsJudgedAnewWhenResumed) {
  WeakDoor door;
  const std::int64_t before = gauge("aldis_sessions_not_confidential");
  Line first(door, usual());
  const std::string said = first.logs_in2("<bind xmlns='urn:xmpp:bind:0'><enable xmlns='urn:xmpp:sm:3' resume='true'/></bind>");
  const std::string id = between(said, "<enabled xmlns='urn:xmpp:sm:3' id='", "'");
  ASSERT_NE(id, "") << said;
  const auto resume = [&](std::string_view h) { return "<resume xmlns='urn:xmpp:sm:3' previd='" + id + "' h='" + std::string(h) + "'/>"; };
  EXPECT_THAT(first.sends(list_accounts), HasSubstr("status='completed'"));
  Line weak(door, null_suites_only());
  ASSERT_THAT(weak.logs_in2(resume("1")), HasSubstr("<resumed"));
  EXPECT_THAT(first.hears(), HasSubstr(stream_error("conflict")));
  EXPECT_EQ(gauge("aldis_sessions_not_confidential"), before + 1);
  EXPECT_THAT(weak.sends(list_accounts), HasSubstr("<policy-violation"));
  Line strong(door, usual());
  ASSERT_THAT(strong.logs_in2(resume("2")), HasSubstr("<resumed"));
  EXPECT_THAT(weak.hears(), HasSubstr(stream_error("conflict")));
  EXPECT_EQ(gauge("aldis_sessions_not_confidential"), before);
  EXPECT_THAT(strong.sends(list_accounts), HasSubstr("status='completed'"));
  strong.sends(stream_end);
}

}  // namespace
}  // namespace aldis::test
