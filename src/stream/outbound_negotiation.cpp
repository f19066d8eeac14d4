// The initiating server's side of a stream between servers.
#include "stream/outbound_negotiation.h"

#include <utility>

#include "base/encoding.h"
#include "base/ensure.h"
#include "xml/writer.h"
#include "xmpp/namespaces.h"

namespace aldis::stream {
namespace {

constexpr std::string_view stream_end = "</stream:stream>";

StreamError error_of(StreamCondition condition, std::string text = {}) {
  return {.condition = condition, .text = std::move(text)};
}

void append_empty(std::string& out, std::string_view name, std::string_view uri) {
  out.append("<").append(name).append(" xmlns='").append(uri).append("'/>");
}

// RFC 6120 section 6.5: the name of the failure's condition, for the operator.
std::string sasl_condition(const xml::Element& failure) {
  for (const xml::Element child : failure.children()) {
    if (child.ns() == ns::sasl && child.local() != "text") {
      return std::string(child.local().substr(0, 64));
    }
  }
  return "no condition";
}

}  // namespace

std::string_view to_string(OutboundFailure::Kind kind) {
  using Kind = OutboundFailure::Kind;
  switch (kind) {
    case Kind::stream_error: return "the server ended the stream with an error";
    case Kind::peer_closed: return "the server closed the stream";
    case Kind::protocol: return "the server broke the protocol";
    case Kind::not_the_domain: return "the server answers for another domain";
    case Kind::no_tls: return "the server does not offer TLS";
    case Kind::untrusted: return "the server's certificate was refused";
    case Kind::no_authentication: return "the server offers no way to authenticate that we may use";
    case Kind::sasl: return "the server refused our certificate";
    case Kind::dialback: return "the server refused our dialback key";
    case Kind::local: return "closed here";
  }
  ensure(false, "every failure has a name");
  return {};
}

//   idle ──start──► header_plain ─header─► features_plain ─features─► proceed ─<proceed/>─► handshake
//      │ direct                                                                                │ tls_established
//      └────────────────────────► handshake ───────────────────────────────────────────────► judging
//                                                                                              │ certificate_judged
//      Role::verify: verify_only ◄─features─ features_secured ◄──────────header────── header_secured
//                                              │          │
//                          EXTERNAL, features  ▼          │ features, no EXTERNAL
//   header_authenticated ◄─<success/>─────── sasl         │
//      │ header                                │<failure/>│
//      ▼                                       └──────────┴──► dialback ─<db:result type='valid'/>──┐
//   features_authenticated ─features─► managing ◄───────────────────────────────────────────────────┤
//                                  │      │ <enabled/>, <resumed/>, <failed/>                       │
//                                  └──────┴─────────────────► open ◄────────────────────────────────┘
//
// `managing` is passed only where XEP-0198 is wanted and offered. Any state goes to closed. An event without a row ends the
// stream.
constexpr OutboundNegotiation::Transition OutboundNegotiation::transitions[] = {
    {State::features_plain, Event::features, &OutboundNegotiation::begin_tls},
    {State::proceed, Event::proceed, &OutboundNegotiation::accept_tls},
    {State::proceed, Event::tls_failure, &OutboundNegotiation::give_up_tls},
    {State::features_secured, Event::features, &OutboundNegotiation::choose_authentication},
    {State::sasl, Event::success, &OutboundNegotiation::sasl_succeeded},
    {State::sasl, Event::sasl_failure, &OutboundNegotiation::sasl_failed},
    {State::dialback, Event::result_answer, &OutboundNegotiation::dialback_answered},
    {State::features_authenticated, Event::features, &OutboundNegotiation::take_last_features},
    {State::managing, Event::management, &OutboundNegotiation::management_answered},
    {State::dialback, Event::verify_answer, &OutboundNegotiation::key_answered},
    {State::managing, Event::verify_answer, &OutboundNegotiation::key_answered},
    {State::verify_only, Event::verify_answer, &OutboundNegotiation::key_answered},
    {State::open, Event::verify_answer, &OutboundNegotiation::key_answered},
    {State::managing, Event::request, &OutboundNegotiation::answer_request},
    {State::open, Event::request, &OutboundNegotiation::answer_request},
};

OutboundNegotiation::OutboundNegotiation(Options options, const DialbackKey& keys)
    : options_(std::move(options)), keys_(keys) {}

// ---- headers

OutboundStep OutboundNegotiation::start() {
  ensure(state_ == State::idle, "a stream is started once");
  if (options_.is_direct_tls) {
    state_ = State::handshake;
    return OutboundStep{{}, StartTls{}};
  }
  OutboundStep step;
  write_header(step.bytes);
  state_ = State::header_plain;
  return step;
}

void OutboundNegotiation::write_header(std::string& out) {
  // XEP-0220 section 2.4.1: who may send its elements declares their namespace.
  write_server_header(out, {.from = options_.pair.from,
                            .to = options_.pair.to,
                            .id = {},
                            .lang = options_.lang,
                            .has_dialback = options_.may_dialback || options_.role == Role::verify});
  header_sent_ = true;
}

OutboundStep OutboundNegotiation::on_header(const xml::Document& document) {
  if (state_ != State::header_plain && state_ != State::header_secured && state_ != State::header_authenticated) {
    return refuse(Event::other);
  }
  const auto header = read_server_header(document);
  if (!header) {
    return fail_with({.kind = OutboundFailure::Kind::protocol, .stream = header.error().condition}, header.error());
  }
  // Section 4.9.1.2: before a host-unknown the header may be from another domain. What follows tells.
  is_other_domain_ = header->from != options_.pair.to || (header->to && *header->to != options_.pair.from);
  scope_ = header->scope;
  stream_id_ = header->id;
  peer_lang_ = header->lang;
  peer_has_dialback_ = header->has_dialback;
  features_ = {};
  state_ = state_ == State::header_plain     ? State::features_plain
           : state_ == State::header_secured ? State::features_secured
                                             : State::features_authenticated;
  return {};
}

// ---- elements

OutboundNegotiation::Event OutboundNegotiation::event_of(const xml::Element& element) {
  if (element.ns() == ns::streams) {
    return element.local() == "features" ? Event::features
           : element.local() == "error"  ? Event::stream_error
                                         : Event::other;
  }
  if (element.ns() == ns::tls) {
    return element.local() == "proceed" ? Event::proceed : element.local() == "failure" ? Event::tls_failure : Event::other;
  }
  if (element.ns() == ns::sasl) {
    return element.local() == "success" ? Event::success : element.local() == "failure" ? Event::sasl_failure : Event::other;
  }
  if (element.ns() == ns::dialback) {
    const bool is_result = element.local() == "result";
    if (!is_result && element.local() != "verify") {
      return Event::other;
    }
    return !element.attribute("type") ? Event::request : is_result ? Event::result_answer : Event::verify_answer;
  }
  if (read_management_answer(element)) {
    return Event::management;
  }
  return is_server_stanza(element) ? Event::stanza : Event::other;
}

OutboundStep OutboundNegotiation::on_element(const xml::Element& element) {
  const Event event = event_of(element);
  if (event == Event::stream_error && state_ != State::closed) {
    const StreamError said = read_stream_error(element);  // section 4.9.1.1: the stream is over, whatever its state
    return fail_with({.kind = OutboundFailure::Kind::stream_error, .stream = said.condition, .detail = said.text}, std::nullopt);
  }
  if (is_other_domain_) {
    // Section 4.7.1: nothing is agreed with another domain than was asked for (security C04).
    return fail_with({.kind = OutboundFailure::Kind::not_the_domain, .stream = StreamCondition::invalid_from},
                     error_of(StreamCondition::invalid_from));
  }
  for (const Transition& transition : transitions) {
    if (transition.state == state_ && transition.event == event) {
      return (this->*transition.handler)(element);
    }
  }
  return refuse(event);
}

OutboundStep OutboundNegotiation::refuse(Event event) {
  StreamError told = error_of(StreamCondition::policy_violation);
  if (event == Event::stanza) {
    told = error_of(StreamCondition::not_authorized, "stanzas were not agreed to go this way");
  } else if (event == Event::result_answer || event == Event::verify_answer) {
    told.text = "an answer to a dialback request that was not made here";  // security D01
  } else if (event == Event::other) {
    told = error_of(StreamCondition::unsupported_stanza_type);
  }
  const StreamCondition condition = told.condition;
  return fail_with({.kind = OutboundFailure::Kind::protocol, .stream = condition, .detail = told.text}, std::move(told));
}

OutboundNegotiation::Features OutboundNegotiation::read_features(const xml::Element& element) {
  Features read;
  if (const auto mechanisms = element.child({"mechanisms", ns::sasl})) {
    for (const xml::Element mechanism : mechanisms->children()) {
      read.has_external = read.has_external || (mechanism.is({"mechanism", ns::sasl}) && mechanism.text() == "EXTERNAL");
    }
  }
  read.has_dialback = element.child({"dialback", ns::dialback_feature}).has_value();
  read.has_bidi = element.child({"bidi", ns::bidi_feature}).has_value();
  read.has_management = element.child({"sm", ns::stream_management}).has_value();
  return read;
}

// ---- TLS

// Of these features only STARTTLS counts; whatever else they say was said in the clear (RFC 7590 section 3.1, security T02).
OutboundStep OutboundNegotiation::begin_tls(const xml::Element& element) {
  if (!element.child({"starttls", ns::tls})) {
    return fail_with({.kind = OutboundFailure::Kind::no_tls}, error_of(StreamCondition::policy_violation, "TLS is required"));
  }
  OutboundStep step;
  append_empty(step.bytes, "starttls", ns::tls);
  state_ = State::proceed;
  return step;
}

OutboundStep OutboundNegotiation::accept_tls(const xml::Element& /*element*/) {
  state_ = State::handshake;
  return OutboundStep{{}, StartTls{}};
}

OutboundStep OutboundNegotiation::give_up_tls(const xml::Element& /*element*/) {
  return fail_with({.kind = OutboundFailure::Kind::no_tls, .detail = "<failure/>"}, std::nullopt);  // section 5.4.2.2
}

OutboundStep OutboundNegotiation::tls_established() {
  if (state_ == State::closed) {
    return OutboundStep{{}, CloseConnection{}};
  }
  ensure(state_ == State::handshake, "TLS is established when it was asked for");
  // Security T01: nothing of what was read in the clear is left.
  header_sent_ = false;
  is_other_domain_ = false;
  peer_has_dialback_ = false;
  features_ = {};
  stream_id_.clear();
  scope_ = {};
  state_ = State::judging;
  return OutboundStep{{}, JudgeCertificate{.domain = options_.pair.to, .served = options_.pair.from}};
}

OutboundStep OutboundNegotiation::certificate_judged(const OutboundJudgement& judgement) {
  if (state_ == State::closed) {
    return OutboundStep{{}, CloseConnection{}};
  }
  ensure(state_ == State::judging, "a certificate's judgement is reported when one was asked for");
  if (!judgement.may_proceed) {
    return fail_with({.kind = OutboundFailure::Kind::untrusted, .stream = StreamCondition::not_authorized, .detail = judgement.refusal},
                     error_of(StreamCondition::not_authorized, judgement.refusal));
  }
  OutboundStep step;
  write_header(step.bytes);
  state_ = State::header_secured;
  return step;
}

// ---- authentication

OutboundStep OutboundNegotiation::choose_authentication(const xml::Element& element) {
  features_ = read_features(element);
  if (options_.role == Role::verify) {
    if (!features_.has_dialback && !peer_has_dialback_) {
      return fail_with({.kind = OutboundFailure::Kind::no_authentication, .detail = "dialback is not offered"}, std::nullopt);
    }
    state_ = State::verify_only;
    return {};
  }
  OutboundStep step;
  const bool can_external = features_.has_external && options_.has_certificate;
  if (features_.has_bidi && options_.wants_bidi) {
    append_empty(step.bytes, "bidi", ns::bidi);  // XEP-0288 section 2.2: before authentication, and there is no answer
    is_bidi_ = true;
  }
  if (!can_external) {
    return begin_dialback(std::move(step));
  }
  // XEP-0178 section 3, step 10: with the authorization identity, which older servers need.
  step.bytes.append("<auth xmlns='").append(ns::sasl).append("' mechanism='EXTERNAL'>");
  step.bytes.append(base64_encode(options_.pair.from)).append("</auth>");
  state_ = State::sasl;
  return step;
}

// XEP-0220 section 2.1.1; the way out where EXTERNAL is not possible.
OutboundStep OutboundNegotiation::begin_dialback(OutboundStep step) {
  const bool is_offered = features_.has_dialback || peer_has_dialback_;
  if (!options_.may_dialback || !is_offered || stream_id_.empty()) {
    const bool after_sasl = failure_.has_value();
    return fail_with(after_sasl ? *failure_
                                : OutboundFailure{.kind = OutboundFailure::Kind::no_authentication,
                                                  .detail = !options_.may_dialback ? "EXTERNAL is not offered" : "neither EXTERNAL nor dialback is offered"},
                     std::nullopt);
  }
  failure_.reset();
  write_dialback(step.bytes, {.kind = DialbackElement::Kind::result,
                              .pair = options_.pair,
                              .id = {},
                              .key = keys_.make(options_.pair, stream_id_),
                              .verdict = {}});
  state_ = State::dialback;
  return step;
}

OutboundStep OutboundNegotiation::sasl_succeeded(const xml::Element& /*element*/) {
  proof_ = ServerProof::external;
  header_sent_ = false;
  OutboundStep step;
  write_header(step.bytes);
  step.demand = RestartStream{};
  state_ = State::header_authenticated;
  return step;
}

OutboundStep OutboundNegotiation::sasl_failed(const xml::Element& element) {
  failure_ = OutboundFailure{.kind = OutboundFailure::Kind::sasl, .detail = sasl_condition(element)};
  return begin_dialback({});
}

OutboundStep OutboundNegotiation::dialback_answered(const xml::Element& element) {
  const auto answer = read_dialback(element);
  // Section 2.1.1: it must be the answer to what was asked on this stream (security D01).
  if (!answer || answer->pair != options_.pair.reversed()) {
    return refuse(Event::result_answer);
  }
  if (answer->verdict->outcome != KeyVerdict::Outcome::valid) {
    return fail_with({.kind = OutboundFailure::Kind::dialback,
                      .dialback = answer->verdict,
                      .detail = answer->verdict->outcome == KeyVerdict::Outcome::invalid ? std::string("invalid")
                                                                                         : std::string(to_string(answer->verdict->condition))},
                     std::nullopt);
  }
  proof_ = ServerProof::dialback;
  return ask_management({});
}

// ---- after authentication

OutboundStep OutboundNegotiation::take_last_features(const xml::Element& element) {
  features_ = read_features(element);
  return ask_management({});
}

OutboundStep OutboundNegotiation::ask_management(OutboundStep step) {
  state_ = State::open;
  if (!features_.has_management) {
    return step;
  }
  if (options_.resume) {
    asked_resume_ = true;
    previd_ = options_.resume->previd;
    step.bytes.append(resume(*std::exchange(options_.resume, std::nullopt)));
    state_ = State::managing;
  } else if (options_.enable) {
    step.bytes.append(enable(*std::exchange(options_.enable, std::nullopt)));
    state_ = State::managing;
  }
  return step;
}

OutboundStep OutboundNegotiation::management_answered(const xml::Element& element) {
  const auto answer = read_management_answer(element);
  const bool was_resume = std::exchange(asked_resume_, false);
  if (const auto* failed = std::get_if<ManagementFailed>(&*answer)) {
    management_.h = was_resume ? failed->h : std::nullopt;
    return ask_management({});  // XEP-0198 section 5: a new one may be enabled
  }
  if (const auto* enabled = std::get_if<Enabled>(&*answer); enabled != nullptr && !was_resume) {
    management_ = {.is_enabled = true, .id = enabled->id, .max_seconds = enabled->max, .is_resumed = false, .h = management_.h};
    state_ = State::open;
    return {};
  }
  if (const auto* resumed = std::get_if<Resumed>(&*answer); resumed != nullptr && was_resume && resumed->previd == previd_) {
    management_ = {.is_enabled = true, .id = resumed->previd, .max_seconds = 0, .is_resumed = true, .h = resumed->h};
    state_ = State::open;
    return {};
  }
  return refuse(Event::management);  // an answer to what was not asked, or without its number
}

// ---- dialback besides our own key

bool OutboundNegotiation::can_ask() const {
  const bool is_there = state_ == State::verify_only || state_ == State::dialback || state_ == State::managing || state_ == State::open;
  return is_there && (features_.has_dialback || peer_has_dialback_) && asked_.size() < options_.questions;
}

OutboundStep OutboundNegotiation::ask(const VerifyKey& question) {
  if (state_ == State::closed) {
    return OutboundStep{{}, CloseConnection{}};
  }
  ensure(can_ask() && question.pair == options_.pair.reversed(), "a question is asked where it can be, of the stream's pair");
  asked_.insert(question.stream_id);
  OutboundStep step;
  write_dialback(step.bytes, {.kind = DialbackElement::Kind::verify,
                              .pair = options_.pair,
                              .id = question.stream_id,
                              .key = question.key,
                              .verdict = {}});
  return step;
}

OutboundStep OutboundNegotiation::key_answered(const xml::Element& element) {
  const auto answer = read_dialback(element);
  // Section 2.1.2: from, to and id must be those of a question asked on this stream (security D01).
  if (!answer || answer->pair != options_.pair.reversed() || asked_.erase(answer->id) == 0) {
    return refuse(Event::verify_answer);
  }
  return OutboundStep{{}, KeyAnswered{.stream_id = answer->id, .verdict = *answer->verdict}};
}

// XEP-0288: a server that may send here may also ask about our keys, and may ask for a further pair, which we do not do.
OutboundStep OutboundNegotiation::answer_request(const xml::Element& element) {
  const auto request = read_dialback(element);
  if (!request || !is_bidi_) {
    return refuse(Event::request);
  }
  using Outcome = KeyVerdict::Outcome;
  KeyVerdict verdict{Outcome::failed, StanzaCondition::resource_constraint};
  if (!options_.may_dialback) {
    verdict.condition = StanzaCondition::not_authorized;
  } else if (request->kind == DialbackElement::Kind::verify && request->pair == options_.pair.reversed()) {
    verdict.outcome = keys_.check(options_.pair, request->id, request->key) ? Outcome::valid : Outcome::invalid;
  }
  OutboundStep step;
  write_dialback(step.bytes, {.kind = request->kind, .pair = request->pair.reversed(), .id = request->id, .key = {}, .verdict = verdict});
  if (verdict.outcome != Outcome::valid && ++refusals_ >= options_.refusals) {
    OutboundStep end = fail_with({.kind = OutboundFailure::Kind::protocol, .stream = StreamCondition::policy_violation},
                                 error_of(StreamCondition::policy_violation, "too many refused requests"));
    step.bytes.append(end.bytes);
    step.demand = std::move(end.demand);
  }
  return step;
}

// ---- the end

// Writes what the peer is told, if anything, and our end of the stream.
OutboundStep OutboundNegotiation::fail_with(OutboundFailure failure, std::optional<StreamError> told) {
  OutboundStep step;
  step.demand = CloseConnection{failure.stream};
  // Before the first header, and between <starttls/>'s answer and the end of the handshake, there is no stream to say it on.
  if (state_ != State::closed && state_ != State::idle && state_ != State::handshake) {
    if (told) {
      if (!header_sent_) {
        write_header(step.bytes);
      }
      told->write(step.bytes);
    }
    if (header_sent_) {
      step.bytes.append(stream_end);
    }
  }
  if (state_ != State::closed) {
    failure_ = std::move(failure);
  }
  state_ = State::closed;
  return step;
}

OutboundStep OutboundNegotiation::on_stream_close() {
  // After <failure/> or an error of its own the peer may close; what it said then is the reason.
  return fail_with({.kind = OutboundFailure::Kind::peer_closed}, std::nullopt);
}

OutboundStep OutboundNegotiation::on_xml_error(xml::XmlError error) {
  StreamError told = to_stream_error(error);
  return fail_with({.kind = OutboundFailure::Kind::protocol, .stream = told.condition, .detail = told.text}, std::move(told));
}

OutboundStep OutboundNegotiation::close(const StreamError& error) {
  return fail_with({.kind = OutboundFailure::Kind::local, .stream = error.condition, .detail = error.text}, error);
}

OutboundStep OutboundNegotiation::close() { return fail_with({.kind = OutboundFailure::Kind::local}, std::nullopt); }

}  // namespace aldis::stream
