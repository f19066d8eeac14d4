// InboundNegotiation: the receiving server's side of a jabber:server stream, RFC 6120 sections 4 to 6 with EXTERNAL (XEP-0178
// 1.2), dialback (XEP-0220 1.1.1), XEP-0288 (1.0.1) and XEP-0198's offer, as a pure machine: events in, bytes and one demand
// out. It knows no socket, no clock and trusts nobody: what a certificate proves, and what a key is worth, its owner says.
// It also answers other servers who ask whether a dialback key is ours; that needs no memory.
// Not here: multiplexing (one pair a stream: docs/adr/0039), dialback before TLS, budgets and deadlines (the owner's), counts of
// XEP-0198 (stream_management.h).
//
//   owner:    Framer -> parse -> on_header / on_element       Step.bytes -> write; Step.demand -> do, then report
//
// After a Step whose demand is JudgeCertificate, EnableManagement, ResumeStream or StartTls the owner feeds nothing more until
// it has reported. After VerifyKey it reads on: two servers that verify each other would otherwise wait for each other.
// Once is_open(), stanzas are the owner's (is_server_stanza, check_stanza), and so are XEP-0198's <a/> and <r/> after it was
// enabled; all else still comes here.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/random.h"
#include "stream/server_negotiation.h"
#include "xml/error.h"

namespace aldis::stream {

// XEP-0198 section 3; then managed().
struct EnableManagement {
  EnableRequest request;
};
using InboundDemand = std::variant<KeepReading, StartTls, RestartStream, JudgeCertificate, VerifyKey, EnableManagement,
                                   ResumeStream, CloseConnection>;
struct InboundStep {
  std::string bytes;
  InboundDemand demand = KeepReading{};
};

// What the rule for one pair of domains allows, whatever will be proved.
struct InboundOffer {
  bool has_dialback = false;
  bool has_bidi = false;
  bool has_stream_management = false;
  std::size_t max_bytes = 0;            // XEP-0478; 0: not advertised
  std::size_t idle_seconds = 0;
  std::vector<std::string> features{};  // further features once authenticated, each one serialised element
};

// What came of JudgeCertificate.
struct InboundJudgement {
  bool is_proved = false;      // the certificate proves the peer's domain: EXTERNAL is offered
  bool may_dialback = false;   // the rule lets dialback stand in for what the certificate does or does not prove
  std::string refusal{};       // when neither: the text of the stream error, for the operator over there
};

// The owner's answers about the domains served here and their peers. Outlives the machine.
class InboundDomains {
 public:
  virtual ~InboundDomains() = default;
  // Served here and open to other servers. `domain` is prepared.
  [[nodiscard]] virtual bool is_served(std::string_view domain) const = 0;
  // Stands as `from` where the peer's `to` cannot (section 4.9.1.2).
  [[nodiscard]] virtual std::string_view default_domain() const = 0;
  // Asked at each header, of a pair whose `to` is served here and whose `from` is not. The error ends the stream.
  [[nodiscard]] virtual Result<InboundOffer, StreamError> offer(const DomainPair& pair) = 0;
};

class InboundNegotiation {
 public:
  struct Options {
    bool is_direct_tls = false;     // TLS stood before the first byte (XEP-0368)
    std::string lang = "en";
    std::uint32_t refusals = 10;    // refused dialback and management elements before policy-violation (security D05)
    std::uint32_t sasl_tries = 3;   // section 6.4.5: 2 to 5
  };

  InboundNegotiation(Options options, InboundDomains& domains, const DialbackKey& keys, Random& random);

  // ---- what was read
  [[nodiscard]] InboundStep on_header(const xml::Document& header);
  [[nodiscard]] InboundStep on_element(const xml::Element& element);
  [[nodiscard]] InboundStep on_stream_close();
  [[nodiscard]] InboundStep on_xml_error(xml::XmlError error);

  // ---- what the owner reports
  void tls_established();                                                     // after StartTls
  [[nodiscard]] InboundStep certificate_judged(const InboundJudgement& judgement);
  [[nodiscard]] InboundStep key_verified(const KeyVerdict& verdict);          // after VerifyKey, at any later time
  // After EnableManagement and ResumeStream: <enabled/>, <resumed/>, or <failed/> with is_managed false.
  [[nodiscard]] InboundStep managed(std::string_view answer, bool is_managed);
  // Ends the stream from our side at any time: a budget, a deadline, a changed rule, a shutdown.
  [[nodiscard]] InboundStep close(const StreamError& error);

  // ---- what is known
  // Stanzas of the pair may be received, and with is_bidi() sent in the other direction.
  [[nodiscard]] bool is_open() const { return proof_ != ServerProof::none && (state_ == State::open || state_ == State::managing); }
  [[nodiscard]] bool is_closed() const { return state_ == State::closed; }
  [[nodiscard]] bool is_bidi() const { return is_bidi_; }
  [[nodiscard]] bool is_managed() const { return is_managed_; }
  [[nodiscard]] ServerProof proof() const { return proof_; }
  // As the peer's header says it: from the peer, to a domain served here. Empty before the first good header.
  [[nodiscard]] const DomainPair& pair() const { return pair_; }
  [[nodiscard]] const std::string& stream_id() const { return stream_id_; }
  [[nodiscard]] const std::string& peer_lang() const { return peer_lang_; }
  [[nodiscard]] const xml::Scope& scope() const { return scope_; }
  // What the peer ended the stream with, if it said so.
  [[nodiscard]] const std::optional<StreamError>& peer_error() const { return peer_error_; }

  // Of a stanza received while is_open(): what its addresses break, or nothing. The owner ends the stream with it.
  [[nodiscard]] std::optional<StreamError> check_stanza(const std::optional<Jid>& from, const std::optional<Jid>& to) const {
    return check_addresses(from, to, pair_);
  }

 private:
  enum class State : std::uint8_t {
    header_plain, starttls, handshake, header_secured, judging, secured, challenged, verifying, header_authenticated, open,
    managing, closed,
  };
  enum class Event : std::uint8_t {
    starttls, auth, response, abort, bidi, result, verify, answer, management, stanza, stream_error, other,
  };
  using Handler = InboundStep (InboundNegotiation::*)(const xml::Element&);
  struct Transition {
    State state;
    Event event;
    Handler handler;
  };
  static const Transition transitions[];

  [[nodiscard]] static Event event_of(const xml::Element& element);
  [[nodiscard]] InboundStep refuse(Event event);
  [[nodiscard]] InboundStep accept_starttls(const xml::Element& element);
  [[nodiscard]] InboundStep refuse_starttls(const xml::Element& element);
  [[nodiscard]] InboundStep begin_external(const xml::Element& element);
  [[nodiscard]] InboundStep finish_external(const xml::Element& element);
  [[nodiscard]] InboundStep abort_external(const xml::Element& element);
  [[nodiscard]] InboundStep judge_authzid(std::string_view text);
  [[nodiscard]] InboundStep refuse_external(std::string_view condition);
  [[nodiscard]] InboundStep enable_bidi(const xml::Element& element);
  [[nodiscard]] InboundStep begin_dialback(const xml::Element& element);
  [[nodiscard]] InboundStep refuse_dialback(const xml::Element& element);
  [[nodiscard]] InboundStep answer_verify(const xml::Element& element);
  [[nodiscard]] InboundStep begin_management(const xml::Element& element);
  [[nodiscard]] InboundStep refuse_management(const xml::Element& element);
  [[nodiscard]] InboundStep refused_again(InboundStep step);
  [[nodiscard]] std::optional<StreamError> check_header(const ServerHeader& header, InboundOffer& offer) const;
  void write_header(std::string& out);
  void write_features(std::string& out) const;

  Options options_;
  InboundDomains& domains_;
  const DialbackKey& keys_;
  Random& random_;
  State state_;
  DomainPair pair_;
  std::string stream_id_;
  std::string peer_lang_;
  xml::Scope scope_;
  InboundOffer offer_;
  InboundJudgement judgement_;
  std::optional<StreamError> peer_error_;
  std::uint32_t refusals_ = 0;
  std::uint32_t sasl_failures_ = 0;
  ServerProof proof_ = ServerProof::none;
  bool header_sent_ = false;   // on the stream now open
  bool is_bidi_ = false;
  bool is_managed_ = false;
};

}  // namespace aldis::stream
