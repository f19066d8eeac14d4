// People with Kerberos tickets at the lobby's door (SASL GSSAPI and GS2-KRB5): what is offered, that a large ticket passes and nothing
// larger, and that a login with one is a login like others. Numbers such as S01 are rows of docs/security-tests.md. Real tickets are shown
// in tests/kerberos.
#include <gmock/gmock.h>

#include "tests/support/fake_tickets.h"
#include "tests/support/sasl2_door.h"

namespace aldis::test {
namespace {

using namespace std::string_literals;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

const std::string mercutios = "for mercutio@VERONA";
constexpr std::string_view bind_inline = "<bind xmlns='urn:xmpp:bind:0'><tag>Card</tag></bind>";
constexpr std::string_view phone = "11111111-1111-4111-8111-111111111111";
constexpr std::string_view success = "<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'></success>";

class TicketDoor : public Door {
 public:
  TicketDoor() { scene.authenticator().accept_tickets(fake_tickets("capulet.example"), &workers); }
  ~TicketDoor() { scene.authenticator().accept_tickets({}, nullptr); }

 private:
  WorkerPool workers{{.threads = 0, .queue = 8, .name = "tickets"}};
};

// GSSAPI to its end.
std::string shows(Stranger& stranger, const std::string& token, const std::string& authzid = "", std::size_t cut = std::string_view::npos) {
  std::string said = stranger.sends(auth("GSSAPI", base64_encode(token)), cut);
  for (const std::string& message : {""s, "w\x01\0\0\0"s + authzid}) {
    if (said.find("<challenge") == std::string::npos) {
      return said;
    }
    said = stranger.sends(response(message), cut);
  }
  return said;
}

TEST(LobbyTickets, AreOfferedWithTheHostsName) {  // XEP-0233
  TicketDoor door;
  Stranger mercutio(door.scene);
  const std::string features = mercutio.sends(header);
  EXPECT_THAT(features, HasSubstr("<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>GS2-KRB5</mechanism><mechanism>GSSAPI</mechanism>"
                                  "<mechanism>SCRAM-SHA-512</mechanism>"));
  EXPECT_THAT(features, HasSubstr("<hostname xmlns='urn:xmpp:domain-based-name:1'>host&lt;1&gt;.verona.example</hostname></mechanisms>"));
  Stranger secured(door.scene, stream::TlsMode::starttls);
  EXPECT_THAT(secured.sends(header), Not(HasSubstr("GSSAPI"))) << "nothing of it in the clear";
  secured.sends(starttls);
  ASSERT_TRUE(secured.secures());
  EXPECT_THAT(secured.sends(header), HasSubstr("<mechanism>GS2-KRB5-PLUS</mechanism><mechanism>GS2-KRB5</mechanism><mechanism>GSSAPI</mechanism>"));
  for (Stranger* each : {&mercutio, &secured}) {
    each->sends(stream_end);
  }
  Door without;
  Stranger other(without.scene);
  EXPECT_THAT(other.sends(header), Not(HasSubstr("domain-based-name")));
  other.sends(stream_end);
}

TEST(LobbyTickets, LogTheirOwnerIn) {
  for (const std::size_t cut : {std::string_view::npos, std::size_t{1}}) {
    TicketDoor door;
    Stranger mercutio(door.scene);
    mercutio.sends(header, cut);
    EXPECT_EQ(shows(mercutio, mercutios, "mercutio", cut), success);
    EXPECT_THAT(mercutio.sends(header, cut), HasSubstr("<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>"));
    EXPECT_THAT(mercutio.sends(bind_balcony, cut), HasSubstr("<jid>mercutio@capulet.example/balcony</jid>"));
    EXPECT_THAT(mercutio.sends(stream_end, cut), EndsWith(stream_end));
  }
}

TEST(LobbyTickets, WorkInTheProfileOfXep0388WithWhatComesAfter) {
  TicketDoor door;
  Phone mercutio(door);
  const std::string said = mercutio.sends(authenticate("GS2-KRB5-PLUS", "p=tls-exporter,," + mercutios, phone,
                                                       std::string(bind_inline) + "<request-token xmlns='urn:xmpp:fast:0' mechanism='HT-SHA-256-EXPR'/>"));
  ASSERT_THAT(said, HasSubstr("<challenge xmlns='urn:xmpp:sasl:2'>" + base64_encode("reply")));
  const std::string last = mercutio.sends("<response xmlns='urn:xmpp:sasl:2'/>");
  EXPECT_THAT(last, HasSubstr("<authorization-identifier>mercutio@capulet.example/Card"));
  EXPECT_THAT(last, HasSubstr("<token xmlns='urn:xmpp:fast:0'"));
  EXPECT_THAT(mercutio.sends("<iq type='get' id='p'><ping xmlns='urn:xmpp:ping'/></iq>"), HasSubstr("type='result'"));
  mercutio.sends(stream_end);
}

TEST(LobbyTickets, NobodyIsAnybodyElse) {  // security S01
  TicketDoor door;
  for (const auto& [token, authzid] : {std::pair(mercutios, "juliet@capulet.example"s), std::pair(mercutios, "juliet"s), std::pair("for nobody@VERONA"s, ""s),
                                       std::pair("for juliet@PADUA"s, "juliet"s), std::pair("a stolen ticket"s, "juliet"s)}) {
    Stranger mercutio(door.scene);
    mercutio.sends(header);
    const std::string said = shows(mercutio, token, authzid);
    EXPECT_THAT(said, HasSubstr("<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>")) << token;
    EXPECT_THAT(mercutio.logs_in("mercutio", "queen-mab"), HasSubstr("<success")) << "and may try otherwise";
    mercutio.sends(stream_end);
  }
  door.juliet.receives_nothing();
}

TEST(LobbyTickets, AreLargerThanOtherThingsStrangersSay) {  // E01
  TicketDoor door;
  Stranger mercutio(door.scene);
  EXPECT_THAT(mercutio.sends(header), HasSubstr("<max-bytes>24576</max-bytes>"));
  EXPECT_EQ(shows(mercutio, std::string(11'000, 'g') + mercutios), success);
  mercutio.sends(stream_end);
  Stranger greedy(door.scene);
  greedy.sends(header);
  EXPECT_THAT(greedy.sends(auth("GSSAPI", std::string(30'000, 'A'))), HasSubstr("policy-violation"));
  EXPECT_TRUE(greedy.is_ended());
  Stranger patient(door.scene);   // many small ones
  patient.sends(header);
  std::string said;
  for (int i = 0; i < 40 && !patient.is_ended(); ++i) {
    said = patient.sends(auth("GSSAPI", base64_encode("half"))) + patient.sends(response("half"));
  }
  EXPECT_TRUE(patient.is_ended());
  Door without;   // there is no room where nothing needs it
  Stranger other(without.scene);
  EXPECT_THAT(other.sends(header), HasSubstr("<max-bytes>8192</max-bytes>"));
  EXPECT_THAT(other.sends(auth("GSSAPI", std::string(9'000, 'A'))), HasSubstr("policy-violation"));
}

TEST(LobbyTickets, NeedNoInitialResponse) {
  TicketDoor door;
  Stranger mercutio(door.scene);
  mercutio.sends(header);
  EXPECT_THAT(mercutio.sends(auth("GSSAPI", "")), HasSubstr("<challenge xmlns='urn:ietf:params:xml:ns:xmpp-sasl'></challenge>"));
  EXPECT_THAT(mercutio.sends(response(mercutios + "|one-way")), HasSubstr(base64_encode("w\x01\0\0\0"s)));
  EXPECT_EQ(mercutio.sends(response("w\x01\0\0\0"s)), success);
  mercutio.sends(stream_end);
}

}  // namespace
}  // namespace aldis::test
