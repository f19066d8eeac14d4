// OutboundNegotiation: the initiating server's side of a jabber:server stream, RFC 6120 sections 4 to 6 with EXTERNAL (XEP-0178
// 1.2), dialback (XEP-0220 1.1.1), direct TLS (XEP-0368), XEP-0288 (1.0.1) and XEP-0198's enable and resume, as a pure machine:
// events in, bytes and one demand out. It knows no socket, no clock and trusts nobody: whether the server reached may be
// spoken to, its owner says, after TLS and before anything else is said inside it.
// The same stream carries questions to an authoritative server about dialback keys (ask); a stream of Role::verify is for
// nothing else, and never authenticates.
// Not here: finding and reaching the server (net/server_lookup.h, net/connector.h), following see-other-host, multiplexing.
//
//   owner:    start; Framer -> parse -> on_header / on_element    Step.bytes -> write; Step.demand -> do, then report
//
// After a Step whose demand is JudgeCertificate or StartTls the owner feeds nothing more until it has reported.
#pragma once
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>

#include "stream/server_negotiation.h"
#include "xml/error.h"

namespace aldis::stream {

// An authoritative server's answer to a question that was asked on this stream. Nothing to report.
struct KeyAnswered {
  std::string stream_id;   // as in ask()
  KeyVerdict verdict;
};
using OutboundDemand = std::variant<KeepReading, StartTls, RestartStream, JudgeCertificate, KeyAnswered, CloseConnection>;
struct OutboundStep {
  std::string bytes;
  OutboundDemand demand = KeepReading{};
};

// Why a stream came to nothing, or ended.
struct OutboundFailure {
  enum class Kind : std::uint8_t {
    stream_error,        // the peer's: `stream` says which
    peer_closed,         // </stream:stream> without an error
    protocol,            // the peer broke the protocol: `stream` is what we told it
    not_the_domain,      // its header is of another domain than was asked for
    no_tls,              // STARTTLS is not offered, or <failure/>
    untrusted,           // the owner refused its certificate
    no_authentication,   // it offers nothing that we may or can use
    sasl,                // it refused EXTERNAL: `detail` has the condition
    dialback,            // it refused our key: `dialback` says how
    local,               // close()
  };
  Kind kind = Kind::local;
  std::optional<StreamCondition> stream{};
  std::optional<KeyVerdict> dialback{};
  std::string detail{};   // for the operator; may hold the peer's text
};
[[nodiscard]] std::string_view to_string(OutboundFailure::Kind kind);

// What came of JudgeCertificate. `may_proceed` false: nothing is said to this server but that its certificate was refused.
struct OutboundJudgement {
  bool may_proceed = false;
  std::string refusal{};   // for the operator over there, and ours
};

// What was agreed about XEP-0198.
struct OutboundManagement {
  bool is_enabled = false;              // counting begins with this (XEP-0198 section 4)
  std::string id{};                     // to resume with; empty: it cannot be resumed
  std::uint32_t max_seconds = 0;        // 0: not said
  bool is_resumed = false;              // the former stream goes on
  std::optional<std::uint32_t> h{};     // what the peer had handled of it; also when it cannot be resumed any more
};

class OutboundNegotiation {
 public:
  enum class Role : std::uint8_t { deliver, verify };
  struct Options {
    DomainPair pair;                // from: served here; to: the domain asked for. Never a name from DNS (security C04)
    Role role = Role::deliver;
    bool is_direct_tls = false;
    bool has_certificate = false;   // EXTERNAL may be used: we present one that covers pair.from
    bool may_dialback = false;      // the peer's rule allows it
    bool wants_bidi = false;
    std::optional<EnableRequest> enable{};
    std::optional<ResumeRequest> resume{};   // before enable
    std::string lang = "en";
    std::uint32_t questions = 10;   // unanswered at one time (security D05)
    std::uint32_t refusals = 10;    // refused dialback elements of the peer before policy-violation
  };

  OutboundNegotiation(Options options, const DialbackKey& keys);

  // The first header, or with direct TLS the demand of the handshake.
  [[nodiscard]] OutboundStep start();

  // ---- what was read
  [[nodiscard]] OutboundStep on_header(const xml::Document& header);
  [[nodiscard]] OutboundStep on_element(const xml::Element& element);
  [[nodiscard]] OutboundStep on_stream_close();
  [[nodiscard]] OutboundStep on_xml_error(xml::XmlError error);

  // ---- what the owner reports and asks for
  [[nodiscard]] OutboundStep tls_established();                                 // after StartTls
  [[nodiscard]] OutboundStep certificate_judged(const OutboundJudgement& judgement);
  // Asks whether pair().to made `question.key` for our inbound stream `question.stream_id`; the answer is KeyAnswered. Only
  // while can_ask(), and of this stream's pair reversed.
  [[nodiscard]] OutboundStep ask(const VerifyKey& question);
  [[nodiscard]] bool can_ask() const;
  [[nodiscard]] OutboundStep close(const StreamError& error);
  // Ends a stream that is not needed any more.
  [[nodiscard]] OutboundStep close();

  // ---- what is known
  [[nodiscard]] bool is_open() const { return state_ == State::open; }       // stanzas of the pair may be sent
  // Stanzas of the pair reversed may be received: XEP-0288 was agreed and we are authenticated.
  [[nodiscard]] bool accepts_stanzas() const {
    return is_bidi_ && (state_ == State::open || state_ == State::managing);
  }
  [[nodiscard]] bool is_closed() const { return state_ == State::closed; }
  [[nodiscard]] bool is_bidi() const { return is_bidi_; }
  [[nodiscard]] ServerProof proof() const { return proof_; }                  // how we were believed
  [[nodiscard]] const OutboundManagement& management() const { return management_; }
  [[nodiscard]] const DomainPair& pair() const { return options_.pair; }
  [[nodiscard]] const std::string& stream_id() const { return stream_id_; }   // the peer's
  [[nodiscard]] const std::string& peer_lang() const { return peer_lang_; }
  [[nodiscard]] const xml::Scope& scope() const { return scope_; }
  [[nodiscard]] const std::optional<OutboundFailure>& failure() const { return failure_; }  // once is_closed()

  // Of a stanza received while accepts_stanzas(): what its addresses break, or nothing. The owner ends the stream with it.
  [[nodiscard]] std::optional<StreamError> check_stanza(const std::optional<Jid>& from, const std::optional<Jid>& to) const {
    return check_addresses(from, to, options_.pair.reversed());
  }

 private:
  enum class State : std::uint8_t {
    idle, header_plain, features_plain, proceed, handshake, judging, header_secured, features_secured, sasl, dialback,
    header_authenticated, features_authenticated, managing, verify_only, open, closed,
  };
  enum class Event : std::uint8_t {
    features, proceed, tls_failure, success, sasl_failure, request, result_answer, verify_answer, management, stream_error,
    stanza, other,
  };
  using Handler = OutboundStep (OutboundNegotiation::*)(const xml::Element&);
  struct Transition {
    State state;
    Event event;
    Handler handler;
  };
  static const Transition transitions[];
  // Of the last <stream:features/>; what stood before TLS or authentication is forgotten with it.
  struct Features {
    bool has_external = false;
    bool has_dialback = false;
    bool has_bidi = false;
    bool has_management = false;
  };

  [[nodiscard]] static Event event_of(const xml::Element& element);
  [[nodiscard]] static Features read_features(const xml::Element& element);
  [[nodiscard]] OutboundStep refuse(Event event);
  [[nodiscard]] OutboundStep begin_tls(const xml::Element& element);
  [[nodiscard]] OutboundStep accept_tls(const xml::Element& element);
  [[nodiscard]] OutboundStep give_up_tls(const xml::Element& element);
  [[nodiscard]] OutboundStep choose_authentication(const xml::Element& element);
  [[nodiscard]] OutboundStep begin_dialback(OutboundStep step);
  [[nodiscard]] OutboundStep sasl_succeeded(const xml::Element& element);
  [[nodiscard]] OutboundStep sasl_failed(const xml::Element& element);
  [[nodiscard]] OutboundStep dialback_answered(const xml::Element& element);
  [[nodiscard]] OutboundStep key_answered(const xml::Element& element);
  [[nodiscard]] OutboundStep answer_request(const xml::Element& element);
  [[nodiscard]] OutboundStep take_last_features(const xml::Element& element);
  [[nodiscard]] OutboundStep ask_management(OutboundStep step);
  [[nodiscard]] OutboundStep management_answered(const xml::Element& element);
  [[nodiscard]] OutboundStep fail_with(OutboundFailure failure, std::optional<StreamError> told);

  void write_header(std::string& out);

  Options options_;
  const DialbackKey& keys_;
  State state_ = State::idle;
  std::string stream_id_;
  std::string peer_lang_;
  xml::Scope scope_;
  Features features_;
  std::set<std::string, std::less<>> asked_;        // stream ids, unanswered
  std::optional<OutboundFailure> failure_;   // also, while dialback is tried, of EXTERNAL
  std::string previd_;                       // of <resume/>
  OutboundManagement management_;
  std::uint32_t refusals_ = 0;
  ServerProof proof_ = ServerProof::none;
  bool header_sent_ = false;          // on the stream now open
  bool is_other_domain_ = false;      // the header now open is not of the pair; an error may say why
  bool peer_has_dialback_ = false;    // its header declares the namespace
  bool asked_resume_ = false;         // the answer awaited in `managing` is to <resume/>
  bool is_bidi_ = false;
};

}  // namespace aldis::stream
