// The owner's part of a negotiation, driven by bytes, for the tests of stream/.
#pragma once
#include <gtest/gtest.h>

#include "base/encoding.h"
#include "stream/stream_negotiation.h"
#include "xml/framer.h"
#include "xmpp/namespaces.h"

namespace aldis::stream::negotiation_test {

inline constexpr std::string_view header =
    "<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' "
    "to='example.org' version='1.0'>";
inline const std::string starttls = "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>";
inline const std::string proceed = "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>";
inline const std::string auth = "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>AGEAYg==</auth>";
inline const std::string response = "<response xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>AAAA</response>";
inline const std::string abort_auth = "<abort xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>";
inline const std::string bind = "<iq type='set' id='b1'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>";
inline const std::string registration = "<iq type='get' id='r1'><query xmlns='jabber:iq:register'/></iq>";

inline std::string stream_error(std::string_view condition) {
  return "<stream:error><" + std::string(condition) + " xmlns='urn:ietf:params:xml:ns:xmpp-streams'";
}

class TwoDomains final : public Domains {
 public:
  std::optional<Offer> offer(std::string_view domain) override {
    if (domain != "example.org" && domain != "other.example") {
      return std::nullopt;
    }
    return offered;
  }
  std::string_view default_domain() const override { return "example.org"; }
  Offer offered;
};

// The owner's part, driven by bytes: frames, parses, feeds, and remembers the last step.
class Peer {
 public:
  explicit Peer(TlsMode mode = TlsMode::starttls) {
    options.tls = mode;
    domains.offered.mechanisms = {"SCRAM-SHA-1", "PLAIN"};
    domains.offered.features = {"<ver xmlns='urn:xmpp:features:rosterver'/>"};
    negotiation.emplace(options, domains, random);
  }

  // Everything the machine says to these bytes; stops where it demands something.
  std::string sends(std::string_view bytes) {
    std::string said;
    if (bytes.empty()) {
      return said;
    }
    pending = bytes;
    demand = KeepReading{};
    while (!pending.empty() && std::holds_alternative<KeepReading>(demand)) {
      auto frame = framer.next(pending);
      if (!frame) {
        take(negotiation->on_xml_error(frame.error()), said);
        break;
      }
      if (!*frame) {
        break;
      }
      const std::string text((*frame)->bytes);
      switch ((*frame)->kind) {
        case xml::Framer::FrameKind::stream_open: {
          const auto document = xml::parse_stream_header(text);
          take(document ? negotiation->on_header(**document) : negotiation->on_xml_error(document.error()), said);
          break;
        }
        case xml::Framer::FrameKind::stanza: {
          const auto document = xml::parse(text, negotiation->scope());
          take(document ? negotiation->on_element((*document)->root()) : negotiation->on_xml_error(document.error()), said);
          break;
        }
        case xml::Framer::FrameKind::stream_close:
          take(negotiation->on_stream_close(), said);
          break;
      }
    }
    return said;
  }
  std::string take(Step step) {
    std::string said;
    take(std::move(step), said);
    return said;
  }

  // The way to each stage.
  void secures() {
    sends(header);
    sends(starttls);
    ASSERT_TRUE(std::holds_alternative<StartTls>(demand));
    framer.reset();
    negotiation->tls_established();
  }
  void authenticates() {
    if (options.tls == TlsMode::starttls) {
      secures();
    }
    sends(header);
    sends(auth);
    ASSERT_TRUE(std::holds_alternative<BeginAuthentication>(demand));
    take(negotiation->on_authentication(SaslSuccess{BareJid::parse("alice@example.org").value(), std::nullopt}));
    framer.reset();
  }
  std::optional<StreamCondition> reason() const {
    const auto* closing = std::get_if<CloseConnection>(&demand);
    return closing != nullptr ? closing->reason : std::nullopt;
  }
  bool is_closing() const { return std::holds_alternative<CloseConnection>(demand); }

  StreamNegotiation::Options options;
  TwoDomains domains;
  SystemRandom random;
  xml::Framer framer{xml::Limits::before_authentication()};
  std::optional<StreamNegotiation> negotiation;
  Demand demand = KeepReading{};
  std::string_view pending;

 private:
  void take(Step step, std::string& said) {
    said += step.bytes;
    demand = std::move(step.demand);
  }
};

}  // namespace aldis::stream::negotiation_test
