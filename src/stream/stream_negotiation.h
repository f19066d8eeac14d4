// StreamNegotiation: the server's side of a client's stream from its first header to its bound resource, RFC 6120 sections 4
// to 7, as a pure machine: events in, bytes and one demand out. It knows no socket, no clock and no password. The demands
// name what only its owner can do (a TLS handshake, a SASL step, a binding); the owner does it and reports back.
// Two profiles of SASL are offered side by side, RFC 6120's and XEP-0388's, and a stream uses one: stream_negotiation.cpp has
// the table of both, stream_negotiation_sasl2.cpp the second's handlers, sasl2.h its elements. XEP-0388 section 2.4 forbids
// white space during its exchange; the framer drops it, and so it is let pass.
// Not here: budgets of bytes, elements and time before authentication (the owner counts).
//
//   owner:    Framer -> parse -> on_header / on_element       Step.bytes -> write; Step.demand -> do, then report
//
// After a Step whose demand is not KeepReading the owner feeds nothing more until it has reported (or reset its framer).
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/random.h"
#include "sasl/mechanism.h"
#include "stream/demands.h"
#include "stream/sasl2.h"
#include "stream/stream_management.h"
#include "xml/element.h"
#include "xml/error.h"
#include "xmpp/jid.h"
#include "xmpp/stanza_error.h"
#include "xmpp/stream_error.h"

namespace aldis::stream {

// What the owner must do after writing Step::bytes; what other negotiations demand too is in demands.h.
// Begin the mechanism (whatever its name: the exchange refuses what offer() does not hold), then on_authentication(). The
// text is the element's, not yet decoded: nothing when the element is empty, "=" for an empty response (section 6.4.2).
// In XEP-0388's profile `sasl2` is what else was asked for, and an empty text is an empty response.
struct BeginAuthentication {
  std::string mechanism;
  std::optional<std::string> initial_response;
  std::optional<sasl::Sasl2Request> sasl2{};
};
// The text of a <response/>, not yet decoded, perhaps out of order: the exchange judges it; then on_authentication().
struct ContinueAuthentication {
  std::string response;
};
// XEP-0480: the task the client begins, and its SaltedPassword, not yet decoded; then on_authentication().
struct BeginTask {
  std::string name;
};
struct ContinueTask {
  std::string salted_password;
};
// The client gave up (<abort/>, section 6.4.4): tell the exchange, then on_authentication() with its failure.
struct AbortAuthentication {};
// Bind the resource the client asks for (not yet prepared), or one of the server's choice; then bound() or bind_refused().
struct BindResource {
  std::optional<std::string> resource;
};
// XEP-0388: authenticated, and what was asked for inline comes before the <success/>: resume, else bind (XEP-0386 section
// 3.2: a resumption that succeeds ends it). Then established().
struct EstablishSession {
  std::optional<ResumeRequest> resume;
  std::optional<InlineBind> bind;
  std::string elements;   // what has been answered already, for <success/>
};
// A jabber:iq:register request on a stream that offers registration (XEP-0077 section 3.1): the owner writes the answer
// itself and goes on reading. The element is the one just fed.
struct AnswerRegistration {};
using Demand = std::variant<KeepReading, StartTls, RestartStream, BeginAuthentication, ContinueAuthentication,
                            AbortAuthentication, BeginTask, ContinueTask, EstablishSession, BindResource, ResumeStream,
                            AnswerRegistration, CloseConnection>;

struct Step {
  std::string bytes;
  Demand demand = KeepReading{};
};

// The verdict on one SASL message. Data is raw; the machine encodes it.
struct SaslChallenge {
  std::string data;
};
struct SaslContinue {               // XEP-0388 only
  std::string task;
  std::optional<std::string> data;
};
struct SaslTask {                   // XEP-0480 section 3
  std::string salt;
  std::uint32_t iterations = 0;
};
struct SaslSuccess {
  BareJid identity;
  std::optional<std::string> data;  // additional data with success; nothing when the mechanism has none
  std::optional<NewToken> token{};  // XEP-0388 only
};
struct SaslFailure {
  sasl::Failure condition = sasl::Failure::not_authorized;
  std::uint32_t attempts_left = 0;  // 0: the stream ends with policy-violation (section 6.4.5)
};
using SaslAnswer = std::variant<SaslChallenge, SaslContinue, SaslTask, SaslSuccess, SaslFailure>;

// What came of EstablishSession. Without an address nothing is bound, and binding by RFC 6120 is offered.
struct Established {
  std::optional<FullJid> address;
  std::string elements;             // <bound/>, <resumed/>, <failed/>: children of <success/>
};

// What one served domain offers on this very connection. Asked for at each stream header.
struct Offer {
  std::vector<std::string> mechanisms;        // in order of preference; what TLS does not allow yet is left out by the owner
  std::vector<std::string> channel_bindings;  // XEP-0440; empty: not advertised
  std::string hostname;                       // XEP-0233, for tickets; empty: not advertised
  std::size_t max_bytes = 0;                  // XEP-0478, of this stage; 0: not advertised
  std::size_t idle_seconds = 0;               // XEP-0478, after authentication; 0: not advertised
  bool has_stream_management = false;         // XEP-0198, after authentication
  std::optional<Sasl2Offer> sasl2{};          // XEP-0388; nothing: not offered
  bool has_registration = false;              // XEP-0077, before authentication and inside TLS only
  std::vector<std::string> features;          // further features after authentication, each one serialised element
  std::string see_other_host;                 // not empty: send the client there (section 4.9.3.19)
};

// The owner's answers to what the machine must know about the domains served here. Outlives the machine.
class Domains {
 public:
  virtual ~Domains() = default;
  // Nothing when the prepared domain is not served to clients.
  [[nodiscard]] virtual std::optional<Offer> offer(std::string_view domain) = 0;
  // Stands as `from` where the client's `to` cannot (section 4.9.1.2).
  [[nodiscard]] virtual std::string_view default_domain() const = 0;
};

enum class TlsMode : std::uint8_t {
  starttls,  // nothing but <starttls/> is legal before TLS (section 5.3.1, security T02)
  direct,    // TLS stood before the first byte (XEP-0368)
  none,      // a loopback listener that was told to do without
};

class StreamNegotiation {
 public:
  struct Options {
    TlsMode tls = TlsMode::starttls;
    std::string lang = "en";            // xml:lang of what we write (section 4.7.4)
    std::uint32_t bind_attempts = 10;   // refused bindings before policy-violation (section 7.7.2.3: 5 to 10)
  };

  StreamNegotiation(Options options, Domains& domains, Random& random);

  // ---- what was read
  // A header as xml::parse_stream_header gave it. Only where the framer reports a stream_open.
  [[nodiscard]] Step on_header(const xml::Document& header);
  [[nodiscard]] Step on_element(const xml::Element& element);
  // The peer's </stream:stream>: closed in return (section 4.4).
  [[nodiscard]] Step on_stream_close();
  // The framer or parser refused; before our header was sent it is sent first (section 4.9.1.2).
  [[nodiscard]] Step on_xml_error(xml::XmlError error);

  // ---- what the owner reports
  void tls_established();                                    // after StartTls
  // After Begin-, Continue-, AbortAuthentication, BeginTask and ContinueTask.
  [[nodiscard]] Step on_authentication(const SaslAnswer& answer);
  [[nodiscard]] Step established(const Established& outcome);  // after EstablishSession; with an address the end, is_done()
  [[nodiscard]] Step bound(const FullJid& address);          // after BindResource: the end, is_done()
  [[nodiscard]] Step bind_refused(const StanzaError& error);
  [[nodiscard]] Step resumed(std::string_view answer);       // after ResumeStream: the end, is_done()
  // `answer` is a <failed/>; a resource may be bound now (XEP-0198 section 5). Counts as a refused binding.
  [[nodiscard]] Step resume_refused(std::string_view answer);
  // Ends the stream from our side at any time: a budget, a deadline, a shutdown.
  [[nodiscard]] Step close(const StreamError& error);

  // ---- what is known
  [[nodiscard]] bool is_done() const { return state_ == State::done; }      // the owner's session reads from now on
  [[nodiscard]] bool is_closed() const { return state_ == State::closed; }
  [[nodiscard]] const std::string& domain() const { return domain_; }       // empty before the first good header
  [[nodiscard]] const std::optional<BareJid>& identity() const { return identity_; }  // after SASL
  [[nodiscard]] const std::string& stream_id() const { return stream_id_; }
  // xml:lang of the client's last header, for stanzas that have none (section 4.7.4); empty when it gave none.
  [[nodiscard]] const std::string& peer_lang() const { return peer_lang_; }
  // The namespaces of the client's last header, for parsing its stanzas.
  [[nodiscard]] const xml::Scope& scope() const { return scope_; }
  // What was last advertised: the AuthenticationExchange accepts just these (security S03, XEP-0474).
  [[nodiscard]] const Offer& offer() const { return offer_; }

 private:
  enum class State : std::uint8_t {
    header_plain, starttls, handshake, header_secured, sasl, sasl2, task, task_data, verdict, establishing,
    header_authenticated, bind, binding, done, closed,
  };
  enum class Event : std::uint8_t {
    starttls, auth, response, abort, authenticate, sasl2_response, sasl2_abort, next, task_data, bind, resume,
    management, registration, stanza, other,
  };
  using Handler = Step (StreamNegotiation::*)(const xml::Element&);
  struct Transition {
    State state;
    Event event;
    Handler handler;
  };
  static const Transition transitions[];

  [[nodiscard]] Event event_of(const xml::Element& element) const;
  [[nodiscard]] Step accept_starttls(const xml::Element& element);
  [[nodiscard]] Step refuse_starttls(const xml::Element& element);
  [[nodiscard]] Step demand_encryption(const xml::Element& element);
  [[nodiscard]] Step begin_authentication(const xml::Element& element);
  [[nodiscard]] Step continue_authentication(const xml::Element& element);
  [[nodiscard]] Step abort_authentication(const xml::Element& element);
  [[nodiscard]] Step begin_sasl2(const xml::Element& element);
  [[nodiscard]] Step begin_task(const xml::Element& element);
  [[nodiscard]] Step continue_task(const xml::Element& element);
  [[nodiscard]] Step on_sasl2_answer(const SaslAnswer& answer);
  [[nodiscard]] Step succeed_sasl2(const SaslSuccess& success);
  [[nodiscard]] Step request_binding(const xml::Element& element);
  [[nodiscard]] Step request_resumption(const xml::Element& element);
  [[nodiscard]] Step refuse_management(const xml::Element& element);
  [[nodiscard]] Step refused_again(Step step);
  [[nodiscard]] Step hand_over_registration(const xml::Element& element);
  [[nodiscard]] Step refuse(Event event);

  [[nodiscard]] std::optional<StreamError> check_header(const xml::Document& header, std::optional<Offer>& offer);
  void write_header(std::string& out, std::string_view to);
  void write_features(std::string& out, State state) const;
  void write_limits(std::string& out, bool with_idle) const;

  Options options_;
  Domains& domains_;
  Random& random_;
  State state_;
  bool header_sent_ = false;          // on the stream now open
  std::uint32_t binds_refused_ = 0;
  std::string domain_;
  std::string client_from_;           // bare form of the header's from, if it ever had one
  std::string stream_id_;
  std::string peer_lang_;
  std::string bind_id_;
  xml::Scope scope_;
  Offer offer_;
  std::optional<BareJid> identity_;
  bool is_sasl2_ = false;                       // the profile of the exchange under way
  std::optional<SaslSuccess> sasl2_success_;    // until its <success/> is written
  EstablishSession inline_;                     // what <authenticate/> asked for besides
};

}  // namespace aldis::stream
