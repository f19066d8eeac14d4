// The owner's part of a stream between servers, driven by bytes, for the tests of both sides.
#pragma once
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/encoding.h"
#include "stream/inbound_negotiation.h"
#include "stream/outbound_negotiation.h"
#include "xml/framer.h"
#include "xmpp/namespaces.h"

namespace aldis::stream::server_test {

inline const DomainPair ours{"home.example", "peer.example"};   // as an outbound stream has it
inline const DomainPair theirs = ours.reversed();               // as an inbound one

inline std::string opened(std::string_view attributes, std::string_view ns = "jabber:server") {
  return "<?xml version='1.0'?><stream:stream xmlns='" + std::string(ns) +
         "' xmlns:db='jabber:server:dialback' xmlns:stream='http://etherx.jabber.org/streams' " + std::string(attributes) + ">";
}
inline const std::string their_header = opened("from='peer.example' to='home.example' version='1.0'");
inline const std::string their_answer = opened("from='peer.example' to='home.example' id='s-id' version='1.0'");
inline const std::string starttls = "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>";
inline const std::string proceed = "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>";
inline const std::string external = "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='EXTERNAL'>=</auth>";
inline const std::string success = "<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>";
inline const std::string bidi = "<bidi xmlns='urn:xmpp:bidi'/>";
inline const std::string enable_sm = "<enable xmlns='urn:xmpp:sm:3' resume='true'/>";
inline const std::string message = "<message from='a@peer.example' to='b@home.example'><body>x</body></message>";

inline std::string features(std::string_view content) {
  return "<stream:features>" + std::string(content) + "</stream:features>";
}
inline const std::string tls_feature = "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>";
inline const std::string external_feature =
    "<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>EXTERNAL</mechanism></mechanisms>";
inline const std::string dialback_feature = "<dialback xmlns='urn:xmpp:features:dialback'><errors/></dialback>";
inline const std::string bidi_feature = "<bidi xmlns='urn:xmpp:features:bidi'/>";
inline const std::string sm_feature = "<sm xmlns='urn:xmpp:sm:3'/>";

inline std::string db_result(std::string_view from, std::string_view to, std::string_view rest = ">key</db:result>") {
  return "<db:result from='" + std::string(from) + "' to='" + std::string(to) + "'" + std::string(rest);
}
inline std::string db_verify(std::string_view from, std::string_view to, std::string_view id, std::string_view rest) {
  return "<db:verify from='" + std::string(from) + "' to='" + std::string(to) + "' id='" + std::string(id) + "'" + std::string(rest);
}
inline std::string stream_error(std::string_view condition) {
  return "<stream:error><" + std::string(condition) + " xmlns='urn:ietf:params:xml:ns:xmpp-streams'";
}

class Served final : public InboundDomains {
 public:
  bool is_served(std::string_view domain) const override {
    return domain == "home.example" || domain == "other.home.example" || domain == "münchen.example";
  }
  std::string_view default_domain() const override { return "home.example"; }
  Result<InboundOffer, StreamError> offer(const DomainPair& pair) override {
    asked.push_back(pair);
    if (pair.from == "refused.example") {
      return fail(StreamError{.condition = StreamCondition::policy_violation});
    }
    return offered;
  }
  InboundOffer offered{.has_dialback = true, .has_bidi = true, .has_stream_management = true};
  std::vector<DomainPair> asked;
};

// The same driver for both sides; Machine has on_header, on_element, on_stream_close, on_xml_error, scope.
template <class Machine, class Step, class Demand>
class Driven {
 public:
  // Everything the machine says to these bytes; stops where it demands something.
  std::string sends(std::string_view bytes) {
    std::string said;
    pending = bytes;
    demand = KeepReading{};
    while (!pending.empty() && std::holds_alternative<KeepReading>(demand)) {
      auto frame = framer.next(pending);
      if (!frame) {
        said += take(machine->on_xml_error(frame.error()));
        break;
      }
      if (!*frame) {
        break;
      }
      const std::string text((*frame)->bytes);
      switch ((*frame)->kind) {
        case xml::Framer::FrameKind::stream_open: {
          const auto document = xml::parse_stream_header(text);
          said += take(document ? machine->on_header(**document) : machine->on_xml_error(document.error()));
          break;
        }
        case xml::Framer::FrameKind::stanza: {
          const auto document = xml::parse(text, machine->scope());
          said += take(document ? machine->on_element((*document)->root()) : machine->on_xml_error(document.error()));
          break;
        }
        case xml::Framer::FrameKind::stream_close:
          said += take(machine->on_stream_close());
          break;
      }
    }
    return said;
  }
  // The same, cut at every byte: each piece is a read of its own.
  std::string sends_bytewise(std::string_view bytes) {
    std::string said;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      said += sends(bytes.substr(i, 1));
      if (!std::holds_alternative<KeepReading>(demand)) {
        break;
      }
    }
    return said;
  }
  std::string take(Step step) {
    demand = std::move(step.demand);
    return std::move(step.bytes);
  }
  template <class T>
  bool demands() const {
    return std::holds_alternative<T>(demand);
  }
  std::optional<StreamCondition> reason() const {
    const auto* closing = std::get_if<CloseConnection>(&demand);
    return closing != nullptr ? closing->reason : std::nullopt;
  }
  bool is_closing() const { return demands<CloseConnection>(); }

  SystemRandom random;
  DialbackKey keys{SecretBytes(std::string_view("a secret of this installation"))};
  xml::Framer framer{xml::Limits::before_authentication()};
  std::optional<Machine> machine;
  Demand demand = KeepReading{};
  std::string_view pending;
};

// A stranger that opens a stream to us.
class Caller final : public Driven<InboundNegotiation, InboundStep, InboundDemand> {
 public:
  explicit Caller(bool is_direct_tls = false) {
    options.is_direct_tls = is_direct_tls;
    machine.emplace(options, domains, keys, random);
  }
  void secures() {
    if (!options.is_direct_tls) {
      sends(their_header);
      ASSERT_EQ(sends(starttls), proceed);
      ASSERT_TRUE(demands<StartTls>());
      framer.reset();
      machine->tls_established();
    }
  }
  // Up to the features inside TLS.
  std::string judged(InboundJudgement judgement, const std::string& with_header = their_header) {
    secures();
    EXPECT_EQ(sends(with_header), "") << "the answer waits for the judgement";
    EXPECT_TRUE(demands<JudgeCertificate>());
    return take(machine->certificate_judged(judgement));
  }
  void authenticates() {
    judged({.is_proved = true, .may_dialback = true});
    ASSERT_EQ(sends(external), success);
    framer.reset();
    sends(their_header);
    ASSERT_TRUE(machine->is_open());
  }
  void verified() {
    judged({.is_proved = false, .may_dialback = true});
    sends(db_result("peer.example", "home.example"));
    ASSERT_TRUE(demands<VerifyKey>());
    take(machine->key_verified({KeyVerdict::Outcome::valid}));
    ASSERT_TRUE(machine->is_open());
  }

  InboundNegotiation::Options options;
  Served domains;
};

// A server that we open a stream to.
class Called final : public Driven<OutboundNegotiation, OutboundStep, OutboundDemand> {
 public:
  explicit Called(OutboundNegotiation::Options wanted = {}) : options(std::move(wanted)) {
    options.pair = ours;
    machine.emplace(options, keys);
  }
  // Up to the answer to our first header inside TLS.
  void secures() {
    first = take(machine->start());
    if (!options.is_direct_tls) {
      sends(their_answer);
      ASSERT_EQ(sends(features(tls_feature)), starttls);
      sends(proceed);
    }
    ASSERT_TRUE(demands<StartTls>());
    framer.reset();
    take(machine->tls_established());
    ASSERT_TRUE(demands<JudgeCertificate>());
    take(machine->certificate_judged({.may_proceed = true}));
    sends(their_answer);
  }
  void authenticates(std::string_view before = external_feature, std::string_view after = "") {
    secures();
    sends(features(before));
    sends(success);
    ASSERT_TRUE(demands<RestartStream>());
    framer.reset();
    sends(their_answer);
    last = sends(features(after));
  }

  OutboundNegotiation::Options options;
  std::string first;
  std::string last;
};

}  // namespace aldis::stream::server_test
