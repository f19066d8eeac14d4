// The receiving server's side of a stream between servers.
#include "stream/inbound_negotiation.h"

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

DialbackElement answer_to(const DialbackElement& request, KeyVerdict verdict) {
  return {.kind = request.kind, .pair = request.pair.reversed(), .id = request.id, .key = {}, .verdict = verdict};
}

}  // namespace

//   direct ─────────────────────────────────────────────┐
//   starttls                                             ▼
//      │  header           <starttls/>    handshake        header            certificate_judged
//      └─► header_plain ─► starttls ─► handshake ─► header_secured ─► judging ──────────► secured
//                                                                                          │ │ ▲
//                        ┌───────────────────────── <db:result/> ──────────────────────────┘ │ │
//                        ▼                     failed                                         │ │ failure,
//                     verifying ──────────────────────────────────────────────────────────────┼►│ tries left
//                        │ valid              <auth/> without a response                      │ │
//                        │           challenged ◄─────────────────────────────────────────────┤ │
//                        │                │ <response/>                  <auth/>              │ │
//                        │                └──────────────► success ◄──────────────────────────┘ │
//                        ▼      header                        ▼                                 │
//                       open ◄───────────── header_authenticated          ◄──── (X13: the same pair)
//                       │  ▲ managed
//  <enable/>, <resume/> ▼  │
//                     managing
//
// Any state goes to closed: by an error, by the peer's </stream:stream>, by close(). An event without a row is refused.
constexpr InboundNegotiation::Transition InboundNegotiation::transitions[] = {
    {State::starttls, Event::starttls, &InboundNegotiation::accept_starttls},
    {State::secured, Event::starttls, &InboundNegotiation::refuse_starttls},
    {State::open, Event::starttls, &InboundNegotiation::refuse_starttls},
    {State::secured, Event::auth, &InboundNegotiation::begin_external},
    {State::challenged, Event::response, &InboundNegotiation::finish_external},
    {State::challenged, Event::abort, &InboundNegotiation::abort_external},
    {State::secured, Event::bidi, &InboundNegotiation::enable_bidi},
    {State::verifying, Event::bidi, &InboundNegotiation::enable_bidi},
    {State::secured, Event::result, &InboundNegotiation::begin_dialback},
    {State::verifying, Event::result, &InboundNegotiation::refuse_dialback},
    {State::open, Event::result, &InboundNegotiation::refuse_dialback},
    {State::secured, Event::verify, &InboundNegotiation::answer_verify},
    {State::verifying, Event::verify, &InboundNegotiation::answer_verify},
    {State::open, Event::verify, &InboundNegotiation::answer_verify},
    {State::open, Event::management, &InboundNegotiation::begin_management},
    {State::secured, Event::management, &InboundNegotiation::refuse_management},
    {State::verifying, Event::management, &InboundNegotiation::refuse_management},
};

InboundNegotiation::InboundNegotiation(Options options, InboundDomains& domains, const DialbackKey& keys, Random& random)
    : options_(std::move(options)),
      domains_(domains),
      keys_(keys),
      random_(random),
      state_(options_.is_direct_tls ? State::header_secured : State::header_plain) {}

// ---- headers

InboundStep InboundNegotiation::on_header(const xml::Document& document) {
  if (state_ != State::header_plain && state_ != State::header_secured && state_ != State::header_authenticated) {
    return refuse(Event::other);
  }
  const auto header = read_server_header(document);
  if (!header) {
    return close(header.error());
  }
  InboundOffer offer;
  if (const auto error = check_header(*header, offer)) {
    if (pair_.to.empty() && header->to && domains_.is_served(*header->to)) {
      pair_.to = *header->to;  // section 4.9.1.2: our header is from whom it was for
    }
    return close(*error);
  }
  pair_ = {*header->from, *header->to};
  offer_ = std::move(offer);
  scope_ = header->scope;
  peer_lang_ = header->lang;
  if (state_ == State::header_secured) {
    state_ = State::judging;  // the answer waits for what may be offered
    return InboundStep{{}, JudgeCertificate{.domain = pair_.from, .served = pair_.to}};
  }
  InboundStep step;
  write_header(step.bytes);
  write_features(step.bytes);
  state_ = state_ == State::header_plain ? State::starttls : State::open;
  return step;
}

std::optional<StreamError> InboundNegotiation::check_header(const ServerHeader& header, InboundOffer& offer) const {
  // Section 4.7.1 and 4.7.2: both are there on a stream between servers, from the first header on.
  if (!header.to || !header.from) {
    return error_of(StreamCondition::improper_addressing, "the stream header needs 'from' and 'to' addresses");
  }
  // Security X13: who talks to whom does not change with a restart.
  if (!pair_.to.empty() && *header.to != pair_.to) {
    return error_of(StreamCondition::not_authorized, "a stream restart keeps its 'to' address");
  }
  if (!pair_.from.empty() && *header.from != pair_.from) {
    return error_of(StreamCondition::invalid_from, "a stream restart keeps its 'from' address");
  }
  if (!domains_.is_served(*header.to)) {
    return error_of(StreamCondition::host_unknown);  // section 4.9.3.6
  }
  if (domains_.is_served(*header.from)) {
    return error_of(StreamCondition::invalid_from);  // security D04: nobody out there is one of us
  }
  auto offered = domains_.offer({*header.from, *header.to});
  if (!offered) {
    return offered.error();
  }
  offer = std::move(*offered);
  return std::nullopt;
}

void InboundNegotiation::write_header(std::string& out) {
  stream_id_ = random_token(random_);
  write_server_header(out, {.from = pair_.to.empty() ? domains_.default_domain() : std::string_view(pair_.to),
                            .to = pair_.from,
                            .id = stream_id_,
                            .lang = options_.lang,
                            .has_dialback = offer_.has_dialback});
  header_sent_ = true;
}

// For the state that the header was received in.
void InboundNegotiation::write_features(std::string& out) const {
  out.append("<stream:features>");
  if (state_ == State::header_plain) {
    out.append("<starttls xmlns='").append(ns::tls).append("'><required/></starttls>");  // section 5.4.1, security T02
  } else {
    const bool is_authenticated = state_ == State::header_authenticated;
    const bool is_dialback = !is_authenticated && judgement_.may_dialback;
    if (!is_authenticated && judgement_.is_proved) {
      out.append("<mechanisms xmlns='").append(ns::sasl).append("'><mechanism>EXTERNAL</mechanism></mechanisms>");
    }
    if (is_dialback) {
      // XEP-0220 section 2.4.2: we send and understand its errors.
      out.append("<dialback xmlns='").append(ns::dialback_feature).append("'><errors/></dialback>");
    }
    if (!is_authenticated && offer_.has_bidi) {
      append_empty(out, "bidi", ns::bidi_feature);
    }
    // After dialback there are no further features, so what holds then is said now.
    if (offer_.has_stream_management && (is_authenticated || is_dialback)) {
      append_empty(out, "sm", ns::stream_management);
    }
    if (is_authenticated || is_dialback) {
      for (const std::string& feature : offer_.features) {
        out.append(feature);
      }
    }
    if (offer_.max_bytes != 0 || offer_.idle_seconds != 0) {
      out.append("<limits xmlns='").append(ns::stream_limits).append("'>");
      if (offer_.max_bytes != 0) {
        out.append("<max-bytes>").append(std::to_string(offer_.max_bytes)).append("</max-bytes>");
      }
      if (offer_.idle_seconds != 0) {
        out.append("<idle-seconds>").append(std::to_string(offer_.idle_seconds)).append("</idle-seconds>");
      }
      out.append("</limits>");
    }
  }
  out.append("</stream:features>");
}

InboundStep InboundNegotiation::certificate_judged(const InboundJudgement& judgement) {
  if (state_ == State::closed) {
    return InboundStep{{}, CloseConnection{}};
  }
  ensure(state_ == State::judging, "a certificate's judgement is reported when one was asked for");
  judgement_ = judgement;
  judgement_.may_dialback = judgement.may_dialback && offer_.has_dialback;  // off means off (security D03)
  if (!judgement_.is_proved && !judgement_.may_dialback) {
    return close(error_of(StreamCondition::not_authorized, judgement.refusal));
  }
  offer_.has_dialback = judgement_.may_dialback;
  state_ = State::header_secured;
  InboundStep step;
  write_header(step.bytes);
  write_features(step.bytes);
  state_ = State::secured;
  return step;
}

// ---- elements

InboundNegotiation::Event InboundNegotiation::event_of(const xml::Element& element) {
  if (element.ns() == ns::dialback) {
    if (element.local() != "result" && element.local() != "verify") {
      return Event::other;
    }
    return element.attribute("type") ? Event::answer : element.local() == "result" ? Event::result : Event::verify;
  }
  if (element.ns() == ns::sasl) {
    return element.local() == "auth"       ? Event::auth
           : element.local() == "response" ? Event::response
           : element.local() == "abort"    ? Event::abort
                                           : Event::other;
  }
  if (element.ns() == ns::stream_management) {
    return read_management(element) ? Event::management : Event::other;
  }
  return element.is({"starttls", ns::tls})     ? Event::starttls
         : element.is({"bidi", ns::bidi})      ? Event::bidi
         : element.is({"error", ns::streams})  ? Event::stream_error
         : is_server_stanza(element)           ? Event::stanza
                                               : Event::other;
}

InboundStep InboundNegotiation::on_element(const xml::Element& element) {
  const Event event = event_of(element);
  if (event == Event::stream_error && state_ != State::closed) {
    peer_error_ = read_stream_error(element);  // section 4.9.1.1: the stream is over, whatever its state
    return on_stream_close();
  }
  for (const Transition& transition : transitions) {
    if (transition.state == state_ && transition.event == event) {
      return (this->*transition.handler)(element);
    }
  }
  return refuse(event);
}

InboundStep InboundNegotiation::refuse(Event event) {
  if (state_ == State::starttls) {
    return close(error_of(StreamCondition::policy_violation, "TLS is required"));  // security T02: nothing else is legal
  }
  switch (event) {
    case Event::stanza:
      return close(error_of(StreamCondition::not_authorized));  // section 4.9.3.12
    case Event::answer:
      // Security D01: on a stream that was opened to us we ask nothing, with XEP-0288 (section 4) as without.
      return close(error_of(StreamCondition::policy_violation, "an answer to a dialback request that was not made here"));
    case Event::starttls:
    case Event::auth:
    case Event::response:
    case Event::abort:
    case Event::bidi:
    case Event::result:
    case Event::verify:
    case Event::management:
    case Event::stream_error:
      return close(error_of(StreamCondition::policy_violation));
    case Event::other:
      break;
  }
  return close(error_of(state_ == State::open ? StreamCondition::unsupported_stanza_type : StreamCondition::not_authorized));
}

// What is refused and does not end the stream may not be repeated for ever (security D05).
InboundStep InboundNegotiation::refused_again(InboundStep step) {
  if (++refusals_ >= options_.refusals) {
    InboundStep end = close(error_of(StreamCondition::policy_violation, "too many refused requests"));
    step.bytes.append(end.bytes);
    step.demand = std::move(end.demand);
  }
  return step;
}

InboundStep InboundNegotiation::accept_starttls(const xml::Element& /*element*/) {
  InboundStep step;
  append_empty(step.bytes, "proceed", ns::tls);
  step.demand = StartTls{};
  state_ = State::handshake;
  return step;
}

// Section 5.4.2.2: not offered on this stream.
InboundStep InboundNegotiation::refuse_starttls(const xml::Element& /*element*/) {
  InboundStep step;
  append_empty(step.bytes, "failure", ns::tls);
  step.bytes.append(stream_end);
  step.demand = CloseConnection{StreamCondition::policy_violation};
  state_ = State::closed;
  return step;
}

// ---- EXTERNAL (XEP-0178 section 3)

InboundStep InboundNegotiation::begin_external(const xml::Element& element) {
  // Only what this stream offered (security S03): EXTERNAL, and that only for a certificate that proves the peer's domain.
  if (!judgement_.is_proved || element.attribute("mechanism") != "EXTERNAL") {
    return refuse_external("invalid-mechanism");
  }
  const std::string text = element.text();
  if (text.empty()) {
    state_ = State::challenged;  // RFC 4422 appendix A: without an initial response it is asked for
    InboundStep step;
    append_empty(step.bytes, "challenge", ns::sasl);
    return step;
  }
  return judge_authzid(text == "=" ? std::string_view() : text);
}

InboundStep InboundNegotiation::finish_external(const xml::Element& element) {
  const std::string text = element.text();
  return judge_authzid(text == "=" ? std::string_view() : text);
}

InboundStep InboundNegotiation::abort_external(const xml::Element& /*element*/) { return refuse_external("aborted"); }

// XEP-0178 section 3, steps 10 and 11: none, or the domain that the header is from (security S01).
InboundStep InboundNegotiation::judge_authzid(std::string_view text) {
  const auto authzid = base64_decode(text);
  if (!authzid) {
    return refuse_external("incorrect-encoding");
  }
  if (!authzid->empty()) {
    const auto identity = Jid::parse(*authzid);
    if (!identity || !identity->is_domain() || identity->domain() != pair_.from) {
      return refuse_external("invalid-authzid");
    }
  }
  proof_ = ServerProof::external;
  state_ = State::header_authenticated;
  header_sent_ = false;
  InboundStep step;
  append_empty(step.bytes, "success", ns::sasl);
  step.demand = RestartStream{};
  return step;
}

InboundStep InboundNegotiation::refuse_external(std::string_view condition) {
  state_ = State::secured;
  InboundStep step;
  step.bytes.append("<failure xmlns='").append(ns::sasl).append("'><").append(condition).append("/></failure>");
  if (++sasl_failures_ >= options_.sasl_tries) {
    InboundStep end = close(error_of(StreamCondition::policy_violation, "too many failed authentications"));
    step.bytes.append(end.bytes);
    step.demand = std::move(end.demand);
  }
  return step;
}

InboundStep InboundNegotiation::enable_bidi(const xml::Element& /*element*/) {
  if (!offer_.has_bidi) {
    return close(error_of(StreamCondition::policy_violation));
  }
  is_bidi_ = true;  // XEP-0288 section 2.2: there is no answer
  return {};
}

// ---- dialback (XEP-0220)

InboundStep InboundNegotiation::begin_dialback(const xml::Element& element) {
  auto request = read_dialback(element);
  if (!request) {
    return close(error_of(StreamCondition::bad_format));
  }
  if (!judgement_.may_dialback || request->pair != pair_) {
    return refuse_dialback(element);
  }
  state_ = State::verifying;
  return InboundStep{{}, VerifyKey{.pair = pair_, .stream_id = stream_id_, .key = std::move(request->key)}};
}

// One pair a stream: a further one is told to come on a stream of its own, with the condition that XEP-0220 section 2.5 has for
// it. Where dialback is off, not-authorized says that other proof is needed.
InboundStep InboundNegotiation::refuse_dialback(const xml::Element& element) {
  const auto request = read_dialback(element);
  if (!request) {
    return close(error_of(StreamCondition::bad_format));
  }
  if (state_ == State::verifying && request->pair == pair_) {
    return refuse(Event::result);  // a second key while the first is being verified
  }
  const StanzaCondition condition = !domains_.is_served(request->pair.to) ? StanzaCondition::item_not_found
                                    : !judgement_.may_dialback            ? StanzaCondition::not_authorized
                                                                          : StanzaCondition::resource_constraint;
  InboundStep step;
  write_dialback(step.bytes, answer_to(*request, {KeyVerdict::Outcome::failed, condition}));
  return refused_again(std::move(step));
}

InboundStep InboundNegotiation::key_verified(const KeyVerdict& verdict) {
  if (state_ == State::closed) {
    return InboundStep{{}, CloseConnection{}};
  }
  ensure(state_ == State::verifying, "a key's verdict is reported when one was asked for");
  InboundStep step;
  write_dialback(step.bytes, {.kind = DialbackElement::Kind::result, .pair = pair_.reversed(), .id = {}, .key = {}, .verdict = verdict});
  switch (verdict.outcome) {
    case KeyVerdict::Outcome::valid:
      proof_ = ServerProof::dialback;
      state_ = State::open;
      return step;
    case KeyVerdict::Outcome::invalid:
      // Section 2.2.1: no other pair is valid on this stream, so it must be closed.
      step.bytes.append(stream_end);
      step.demand = CloseConnection{StreamCondition::not_authorized};
      state_ = State::closed;
      return step;
    case KeyVerdict::Outcome::failed:
      break;
  }
  state_ = State::secured;  // section 2.5: such an error does not end the stream
  return refused_again(std::move(step));
}

// Section 2.2.2: we are the authoritative server of the domain that the question is to. It is answered from the key alone.
InboundStep InboundNegotiation::answer_verify(const xml::Element& element) {
  const auto question = read_dialback(element);
  if (!question) {
    return close(error_of(StreamCondition::bad_format));
  }
  using Outcome = KeyVerdict::Outcome;
  InboundStep step;
  if (!offer_.has_dialback || question->pair != pair_) {
    const StanzaCondition condition = !domains_.is_served(question->pair.to) ? StanzaCondition::item_not_found
                                      : !offer_.has_dialback                 ? StanzaCondition::not_authorized
                                                                             : StanzaCondition::resource_constraint;
    write_dialback(step.bytes, answer_to(*question, {Outcome::failed, condition}));
    return refused_again(std::move(step));
  }
  // The key was made for the asking server as target and our domain as sender.
  const bool is_ours = keys_.check(question->pair.reversed(), question->id, question->key);
  write_dialback(step.bytes, answer_to(*question, {is_ours ? Outcome::valid : Outcome::invalid}));
  return is_ours ? step : refused_again(std::move(step));
}

// ---- stream management (XEP-0198)

InboundStep InboundNegotiation::begin_management(const xml::Element& element) {
  const auto request = read_management(element);
  const auto* enable = request ? std::get_if<EnableRequest>(&*request) : nullptr;
  const auto* resume = request ? std::get_if<ResumeRequest>(&*request) : nullptr;
  if (!offer_.has_stream_management || is_managed_ || (enable == nullptr && resume == nullptr)) {
    return refuse_management(element);
  }
  state_ = State::managing;
  return enable != nullptr ? InboundStep{{}, EnableManagement{*enable}} : InboundStep{{}, ResumeStream{*resume}};
}

// Section 3: before authentication, twice, or an ack of nothing: it fails, and the stream goes on.
InboundStep InboundNegotiation::refuse_management(const xml::Element& element) {
  const auto request = read_management(element);
  const bool is_malformed = request && std::holds_alternative<MalformedRequest>(*request);
  return refused_again(
      {management_failed(is_malformed ? StanzaCondition::bad_request : StanzaCondition::unexpected_request), KeepReading{}});
}

InboundStep InboundNegotiation::managed(std::string_view answer, bool is_managed) {
  if (state_ == State::closed) {
    return InboundStep{{}, CloseConnection{}};
  }
  ensure(state_ == State::managing, "an answer about management is reported when one was asked for");
  state_ = State::open;
  is_managed_ = is_managed;
  InboundStep step{std::string(answer), KeepReading{}};
  return is_managed ? step : refused_again(std::move(step));
}

// ---- TLS and the end

void InboundNegotiation::tls_established() {
  if (state_ == State::closed) {
    return;
  }
  ensure(state_ == State::handshake, "TLS is established when it was asked for");
  state_ = State::header_secured;
  header_sent_ = false;
  offer_ = {};
}

InboundStep InboundNegotiation::on_stream_close() {
  InboundStep step;
  step.demand = CloseConnection{};
  if (state_ != State::closed && state_ != State::handshake) {
    if (!header_sent_) {
      write_header(step.bytes);
    }
    step.bytes.append(stream_end);
  }
  state_ = State::closed;
  return step;
}

InboundStep InboundNegotiation::on_xml_error(xml::XmlError error) { return close(to_stream_error(error)); }

InboundStep InboundNegotiation::close(const StreamError& error) {
  InboundStep step;
  step.demand = CloseConnection{error.condition};
  // Between <proceed/> and the end of the handshake there is no stream to say it on.
  if (state_ != State::closed && state_ != State::handshake) {
    if (!header_sent_) {
      write_header(step.bytes);  // section 4.9.1.2
    }
    error.write(step.bytes);
    step.bytes.append(stream_end);
  }
  state_ = State::closed;
  return step;
}

}  // namespace aldis::stream
