// A server that we call and that stops at some step, or never stops (docs/security-tests.md): each step ends at the configured time,
// nothing is lost or arrives twice, and what is said with mantua.example meanwhile goes its way. The nurse is the bystander.
#include "tests/support/foreign_server.h"

namespace aldis::federation {
namespace {

using namespace std::chrono_literals;
using test::ForeignLine;
using test::Identity;
using test::issue;
using test::MemoryTransport;
using test::root_authority;
using test::verona_header;
using test::verona_server;

constexpr std::string_view success = "<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>";
constexpr std::string_view starttls_feature = "<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:features>";
constexpr std::string_view proceed = "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>";
constexpr std::string_view bidi_features =
    "<stream:features><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>EXTERNAL</mechanism></mechanisms>"
    "<bidi xmlns='urn:xmpp:features:bidi'/></stream:features>";
constexpr std::string_view management_feature = "<stream:features><sm xmlns='urn:xmpp:sm:3'/></stream:features>";

const Identity& verona() {
  static const Identity made = issue(verona_server(), &root_authority());
  return made;
}
const Identity& mantua() {
  static const Identity made = issue({.common_name = "mantua.example", .names = "DNS:mantua.example", .key = "P-256/mantua server",
                                      .extensions = {{"extendedKeyUsage", "serverAuth,clientAuth"}}},
                                     &root_authority());
  return made;
}

// verona.example reached by STARTTLS, and mantua.example, with whom a stream is open.
struct Hanging : test::FederationScene {
  explicit Hanging(bool is_direct) : FederationScene({.negotiation_time = 30s}, at("192.0.2.9", is_direct)) {
    policy::PeerOptions partner = at("192.0.2.9", is_direct);
    partner.domain = "verona.example";
    partner.max_stanza = Bytes{16 * 1024};
    policy::PeerOptions other = at("192.0.2.10", true);
    other.domain = "mantua.example";
    scene.world().policy.set_peers(policy::PeerRules::make(policy::Profile::strict, {partner, other}).value());
    says_to_mantua("first");
    mantua_line = answers(&mantua());
    mantua_line->hears();
    mantua_line->says(verona_header("mantua.example", "capulet.example", "m1") + std::string(test::external_feature));
    mantua_line->says(success);
    EXPECT_NE(mantua_line->says(verona_header("mantua.example", "capulet.example", "m2") + "<stream:features/>").find("<body>first</body>"), std::string::npos);
  }
  static policy::PeerOptions at(std::string_view address, bool is_direct) {
    policy::PeerOptions rule;
    rule.next_hops = {std::string(address) + (is_direct ? ":5270 direct" : ":5269")};
    return rule;
  }
  void says_to_mantua(std::string_view text) {
    juliet.sends("<message type='chat' to='prince@mantua.example'><body>" + std::string(text) + "</body></message>");
  }
  void mantua_hears(std::string_view text) {
    says_to_mantua(text);
    EXPECT_NE(mantua_line->hears().find("<body>" + std::string(text) + "</body>"), std::string::npos);
  }
  // The raw end of the line on which verona.example is called; null: it was not.
  std::unique_ptr<MemoryTransport> called_at() {
    scene.run();
    if (called.empty()) {
      return nullptr;
    }
    auto line = std::move(called.front());
    called.erase(called.begin());
    return line;
  }
  std::unique_ptr<ForeignLine> mantua_line;
};

struct Stop {
  const char* name;
  bool is_direct;
  int raw;        // answers before TLS: header, features, <proceed/>
  bool has_tls;   // it does its handshake
  int secured;    // answers in TLS: header with features, <success/>, header with features
};
constexpr Stop stops[] = {
    {"after the connection", false, 0, false, 0},
    {"after its header", false, 1, false, 0},
    {"after its features", false, 2, false, 0},
    {"after <proceed/>, in the handshake", false, 3, false, 0},
    {"in the handshake of direct TLS", true, 0, false, 0},
    {"after the handshake", true, 0, true, 0},
    {"after the handshake of STARTTLS", false, 3, true, 0},
    {"after <auth/>", true, 0, true, 1},
    {"after <success/>", true, 0, true, 2},
    {"after <enable/>", true, 0, true, 3},
};

TEST(HangingServer, IsLeftInTimeAtEachStep) {
  for (const Stop& stop : stops) {
    SCOPED_TRACE(stop.name);
    Hanging s(stop.is_direct);
    s.juliet_says("patience");
    auto raw = s.called_at();
    ASSERT_NE(raw, nullptr);
    const std::string header = verona_header("verona.example", "capulet.example", "one");
    const std::string before_tls[] = {header, std::string(starttls_feature), std::string(proceed)};
    for (int i = 0; i < stop.raw; ++i) {
      raw->send(before_tls[i]);
      s.scene.run();
      if (i < 2) {   // what follows <proceed/> is the handshake's
        EXPECT_NE(raw->receive(), "");
      }
    }
    std::unique_ptr<ForeignLine> line;
    if (stop.has_tls) {
      line = std::make_unique<ForeignLine>(s.scene, std::move(raw), false, &verona(), std::vector<const Identity*>{});
      EXPECT_NE(line->hears().find("<stream:stream"), std::string::npos);
    }
    const std::string in_tls[] = {header + std::string(bidi_features), std::string(success),
                                  verona_header("verona.example", "capulet.example", "two") + std::string(management_feature)};
    const char* const heard[] = {"<auth", "<stream:stream", "<enable"};
    for (int i = 0; i < stop.secured; ++i) {
      EXPECT_NE(line->says(in_tls[i]).find(heard[i]), std::string::npos) << i;
    }
    s.scene.advance(20s);
    s.mantua_hears("meanwhile");
    EXPECT_TRUE(s.stored().empty());
    s.juliet_says("waits too");
    s.scene.advance(15s);   // thirty in all, and it lingers a moment
    if (line != nullptr) {
      EXPECT_NE(line->hears().find("<connection-timeout"), std::string::npos);
    } else {
      static_cast<void>(raw->receive());
    }
    EXPECT_TRUE(line != nullptr ? line->is_ended() : raw->peer_ended() || raw->is_cut());
    EXPECT_EQ(s.stored().size(), 2U) << "on disk, for the next attempt";
    EXPECT_NE(s.log.with({"peer-not-reached", "peer=verona.example"}), "");
    s.mantua_hears("and after");
    // It is called again, and well again.
    s.scene.advance(5s);
    std::unique_ptr<MemoryTransport> again = s.called_at();
    ASSERT_NE(again, nullptr);
    if (!stop.is_direct) {
      for (const std::string& answer : before_tls) {
        again->send(answer);
        s.scene.run();
        if (&answer != &before_tls[2]) {
          EXPECT_NE(again->receive(), "");
        }
      }
    }
    auto well = std::make_unique<ForeignLine>(s.scene, std::move(again), false, &verona(), std::vector<const Identity*>{});
    well->hears();
    well->says(header + std::string(test::external_feature));
    well->says(success);
    std::string said = well->says(verona_header("verona.example", "capulet.example", "two") + "<stream:features/>");
    EXPECT_EQ(said.find("<body>patience</body>"), said.rfind("<body>patience</body>"));
    EXPECT_LT(said.find("<body>patience</body>"), said.find("<body>waits too</body>"));
    EXPECT_NE(said.find("<body>waits too</body>"), std::string::npos);
    s.scene.advance(1s);
    EXPECT_TRUE(s.stored().empty());
    s.juliet.receives_nothing();
    s.nurse.receives_nothing();
  }
}

// It may send to us on the stream that we opened, and never ends.
TEST(EndlessServer, IsCutAtTheLimitAndWhatItHadNotTakenGoesAgain) {
  for (const bool is_in_header : {false, true}) {
    Hanging s(true);
    s.juliet_says("one");
    auto line = s.answers(&verona());
    line->hears();
    if (is_in_header) {
      std::string said;
      for (int i = 0; i < 100 && !line->is_ended(); ++i) {
        said += line->says(i == 0 ? "<stream:stream xmlns='jabber:server' from='" : std::string(1024, 'x'));
      }
      EXPECT_TRUE(line->is_ended());
    } else {
      line->says(verona_header("verona.example", "capulet.example", "one") + std::string(bidi_features));
      line->says(success);
      line->says(verona_header("verona.example", "capulet.example", "two") + std::string(management_feature));
      EXPECT_NE(line->says("<enabled xmlns='urn:xmpp:sm:3'/>").find("<body>one</body>"), std::string::npos);
      std::string said = line->says("<message from='prince@verona.example' to='juliet@capulet.example' type='chat'><body>");
      int sent = 0;
      for (; sent < 100 && said.find("</stream:stream>") == std::string::npos; ++sent) {
        said += line->says(std::string(1024, 'x'));
        s.mantua_hears("meanwhile");
      }
      EXPECT_LE(sent, 17) << "16 KiB";
      EXPECT_NE(said.find("<policy-violation"), std::string::npos) << said;
      line->says("</body></message>");
      EXPECT_TRUE(line->is_ended());
    }
    s.scene.advance(5s);
    const auto next = s.lets_us_in(&verona());
    const std::string said = next->says(verona_header("verona.example", "capulet.example", "two") + "<stream:features/>");
    EXPECT_NE(said.find("<body>one</body>"), std::string::npos) << said;
    EXPECT_EQ(said.find("<body>one</body>"), said.rfind("<body>one</body>"));
    s.juliet.receives_nothing();
    s.nurse.receives_nothing();
  }
}

}  // namespace
}  // namespace aldis::federation
