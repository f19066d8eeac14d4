// The server's side of a client's stream, from header to bound resource.
#include "stream/stream_negotiation.h"

#include <array>
#include <utility>

#include "base/encoding.h"
#include "base/ensure.h"
#include "stream/stream_header.h"
#include "xml/writer.h"
#include "xmpp/namespaces.h"

namespace aldis::stream {
namespace {

constexpr XmlName bind_name{"bind", ns::bind};
constexpr std::string_view stream_end = "</stream:stream>";

StreamError error_of(StreamCondition condition, std::string text = {}) {
  StreamError error;
  error.condition = condition;
  error.text = std::move(text);
  return error;
}

void append_empty(std::string& out, std::string_view name, std::string_view uri) {
  out.append("<").append(name).append(" xmlns='").append(uri).append("'/>");
}

}  // namespace

//   TLS     none, direct ─────────────────────────────┐
//   starttls                                           ▼
//      │  header            <starttls/>    handshake       header           <auth/>
//      └─► header_plain ─► starttls ─► handshake ─► header_secured ─► sasl ────────► verdict
//                                                                      ▲  <response/> │ │
//                                                                      │  <abort/>    │ │
//                                                                      └──────────────┘ │ success
//                                              challenge, failure with tries left       ▼
//              done ◄── binding ◄────────── bind ◄───────────────── header_authenticated
//                bound     │    bind request  ▲         header
//                          └──────────────────┘
//                               bind refused
//
// <resume/> goes the way of a bind request. What else XEP-0198 has is answered with <failed/> before a resource is bound.
// XEP-0388's profile, which has no header after its success:
//
//            sasl ──<authenticate/>──► verdict ──success──► establishing ──► done      (what was asked for inline is bound)
//             ▲                        ▲ │ │  └──────────────────┴─────────► bind      (nothing was, or it was refused)
//             └──── failure ───────────┼─┤ ├─ challenge ─► sasl2 ─── <response/>, <abort/> ────► verdict
//                                      │ │ └─ continue ──► task ──── <next/>, <abort/> ────────► verdict
//                                      └─┴─── task ──────► task_data ── <task-data/>, <abort/> ► verdict
//
// Any state goes to closed: by an error, by the peer's </stream:stream>, by close(). An event without a row is refused.
constexpr StreamNegotiation::Transition StreamNegotiation::transitions[] = {
    {State::starttls, Event::starttls, &StreamNegotiation::accept_starttls},
    {State::starttls, Event::auth, &StreamNegotiation::demand_encryption},
    {State::starttls, Event::authenticate, &StreamNegotiation::demand_encryption},
    {State::sasl, Event::auth, &StreamNegotiation::begin_authentication},
    {State::sasl, Event::response, &StreamNegotiation::continue_authentication},
    {State::sasl, Event::abort, &StreamNegotiation::abort_authentication},
    {State::sasl, Event::authenticate, &StreamNegotiation::begin_sasl2},
    {State::sasl2, Event::sasl2_response, &StreamNegotiation::continue_authentication},
    {State::sasl2, Event::sasl2_abort, &StreamNegotiation::abort_authentication},
    {State::task, Event::next, &StreamNegotiation::begin_task},
    {State::task, Event::sasl2_abort, &StreamNegotiation::abort_authentication},
    {State::task_data, Event::task_data, &StreamNegotiation::continue_task},
    {State::task_data, Event::sasl2_abort, &StreamNegotiation::abort_authentication},
    {State::sasl, Event::registration, &StreamNegotiation::hand_over_registration},
    {State::sasl, Event::starttls, &StreamNegotiation::refuse_starttls},
    {State::bind, Event::starttls, &StreamNegotiation::refuse_starttls},
    {State::bind, Event::bind, &StreamNegotiation::request_binding},
    {State::bind, Event::resume, &StreamNegotiation::request_resumption},
    {State::sasl, Event::resume, &StreamNegotiation::refuse_management},
    {State::sasl, Event::management, &StreamNegotiation::refuse_management},
    {State::bind, Event::management, &StreamNegotiation::refuse_management},
};

StreamNegotiation::StreamNegotiation(Options options, Domains& domains, Random& random)
    : options_(std::move(options)),
      domains_(domains),
      random_(random),
      state_(options_.tls == TlsMode::starttls ? State::header_plain : State::header_secured) {}

// ---- headers

Step StreamNegotiation::on_header(const xml::Document& header) {
  if (state_ != State::header_plain && state_ != State::header_secured && state_ != State::header_authenticated) {
    return refuse(Event::other);
  }
  auto read = read_stream_header(header, ns::client);
  if (!read) {
    return close(read.error());
  }
  std::optional<Offer> offer;
  if (const auto error = check_header(header, offer)) {
    return close(*error);
  }
  offer_ = std::move(*offer);
  scope_ = std::move(read->scope);
  peer_lang_ = std::move(read->lang);
  Step step;
  write_header(step.bytes, client_from_);
  write_features(step.bytes, state_);
  state_ = state_ == State::header_plain     ? State::starttls
           : state_ == State::header_secured ? State::sasl
                                             : State::bind;
  return step;
}

std::optional<StreamError> StreamNegotiation::check_header(const xml::Document& header, std::optional<Offer>& offer) {
  const xml::Element root = header.root();
  const auto to = root.attribute("to");
  if (!to) {
    return error_of(StreamCondition::improper_addressing, "the stream header needs a 'to' address");  // section 4.7.2
  }
  const auto wanted = Jid::parse(*to);
  if (!wanted || !wanted->is_domain()) {
    return error_of(StreamCondition::improper_addressing);
  }
  // Security X13: who was reached does not change with a restart.
  if (!domain_.empty() && wanted->domain() != domain_) {
    return error_of(StreamCondition::not_authorized, "a stream restart keeps its 'to' address");
  }
  offer = domains_.offer(wanted->domain());
  if (!offer) {
    return error_of(StreamCondition::host_unknown);  // section 4.9.3.6
  }
  domain_ = wanted->domain();
  if (const auto from = root.attribute("from")) {
    const auto client = Jid::parse(*from);
    // A user of another domain cannot authenticate here (XEP-0388 section 2.1).
    if (!client || client->domain() != domain_ || (!client_from_.empty() && client->bare_str() != client_from_) ||
        (identity_ && client->bare_str() != identity_->str())) {
      return error_of(StreamCondition::invalid_from);  // section 4.9.3.9
    }
    client_from_ = client->bare_str();
  }
  if (state_ == State::header_secured && !offer->see_other_host.empty()) {
    StreamError elsewhere = error_of(StreamCondition::see_other_host);
    elsewhere.see_other_host = offer->see_other_host;
    return elsewhere;
  }
  return std::nullopt;
}

void StreamNegotiation::write_header(std::string& out, std::string_view to) {
  stream_id_ = random_token(random_);
  out.append("<?xml version='1.0'?><stream:stream xmlns='").append(ns::client).append("' xmlns:stream='").append(ns::streams);
  out.append("' from='");
  xml::append_escaped_attribute(out, domain_.empty() ? domains_.default_domain() : std::string_view(domain_));
  if (!to.empty()) {
    out.append("' to='");
    xml::append_escaped_attribute(out, to);
  }
  out.append("' id='").append(stream_id_).append("' version='1.0' xml:lang='");
  xml::append_escaped_attribute(out, options_.lang);
  out.append("'>");
  header_sent_ = true;
}

// XEP-0478.
void StreamNegotiation::write_limits(std::string& out, bool with_idle) const {
  const bool has_idle = with_idle && offer_.idle_seconds != 0;
  if (offer_.max_bytes == 0 && !has_idle) {
    return;
  }
  out.append("<limits xmlns='").append(ns::stream_limits).append("'>");
  if (offer_.max_bytes != 0) {
    out.append("<max-bytes>").append(std::to_string(offer_.max_bytes)).append("</max-bytes>");
  }
  if (has_idle) {
    out.append("<idle-seconds>").append(std::to_string(offer_.idle_seconds)).append("</idle-seconds>");
  }
  out.append("</limits>");
}

// For the state that the header was received in; after XEP-0388's success for bind or done.
void StreamNegotiation::write_features(std::string& out, State state) const {
  out.append("<stream:features>");
  if (state == State::header_plain) {
    out.append("<starttls xmlns='").append(ns::tls).append("'><required/></starttls>");  // section 5.4.1
  } else if (state == State::header_secured) {
    if (!offer_.channel_bindings.empty()) {
      out.append("<sasl-channel-binding xmlns='").append(ns::channel_bindings).append("'>");
      for (const std::string& type : offer_.channel_bindings) {
        out.append("<channel-binding type='");
        xml::append_escaped_attribute(out, type);
        out.append("'/>");
      }
      out.append("</sasl-channel-binding>");
    }
    out.append("<mechanisms xmlns='").append(ns::sasl).append("'>");
    for (const std::string& mechanism : offer_.mechanisms) {
      out.append("<mechanism>");
      xml::append_escaped_text(out, mechanism);
      out.append("</mechanism>");
    }
    if (!offer_.hostname.empty()) {
      out.append("<hostname xmlns='").append(ns::domain_based_name).append("'>");
      xml::append_escaped_text(out, offer_.hostname);
      out.append("</hostname>");
    }
    out.append("</mechanisms>");
    if (offer_.sasl2 && !offer_.mechanisms.empty()) {
      append_authentication_feature(out, offer_.mechanisms, *offer_.sasl2);
    }
    if (offer_.has_registration) {
      append_empty(out, "register", ns::register_feature);
    }
    write_limits(out, false);
  } else {
    if (state != State::done) {
      append_empty(out, "bind", ns::bind);
      // RFC 3921's session: an old client asks for it, a newer one reads that it need not.
      out.append("<session xmlns='").append(ns::session).append("'><optional/></session>");
    }
    if (offer_.has_stream_management) {
      append_empty(out, "sm", ns::stream_management);
    }
    for (const std::string& feature : offer_.features) {
      out.append(feature);
    }
    write_limits(out, true);
  }
  out.append("</stream:features>");
}

// ---- elements

StreamNegotiation::Event StreamNegotiation::event_of(const xml::Element& element) const {
  if (element.ns() == ns::tls) {
    return element.local() == "starttls" ? Event::starttls : Event::other;
  }
  if (element.ns() == ns::sasl) {
    return element.local() == "auth"       ? Event::auth
           : element.local() == "response" ? Event::response
           : element.local() == "abort"    ? Event::abort
                                           : Event::other;
  }
  if (element.ns() == ns::stream_management && offer_.has_stream_management) {
    const auto management = read_management(element);
    return !management                                       ? Event::other
           : std::holds_alternative<ResumeRequest>(*management) ? Event::resume
                                                                : Event::management;
  }
  if (element.ns() == ns::sasl2) {
    return element.local() == "authenticate" ? Event::authenticate
           : element.local() == "response"   ? Event::sasl2_response
           : element.local() == "abort"      ? Event::sasl2_abort
           : element.local() == "next"       ? Event::next
           : element.local() == "task-data"  ? Event::task_data
                                             : Event::other;
  }
  if (element.ns() != ns::client ||
      (element.local() != "message" && element.local() != "presence" && element.local() != "iq")) {
    return Event::other;
  }
  const auto payload = element.first_child();
  if (element.local() != "iq" || !payload || element.child_count() != 1 || !element.attribute("id")) {
    return Event::stanza;
  }
  const auto type = element.attribute("type");
  if (type == "set" && payload->is(bind_name)) {
    return Event::bind;
  }
  const bool is_request = type == "get" || type == "set";
  return is_request && payload->is({"query", ns::registration}) && offer_.has_registration ? Event::registration
                                                                                           : Event::stanza;
}

Step StreamNegotiation::on_element(const xml::Element& element) {
  const Event event = event_of(element);
  for (const Transition& transition : transitions) {
    if (transition.state == state_ && transition.event == event) {
      return (this->*transition.handler)(element);
    }
  }
  return refuse(event);
}

Step StreamNegotiation::refuse(Event event) {
  if (state_ == State::sasl2 || state_ == State::task || state_ == State::task_data) {
    return close(error_of(StreamCondition::policy_violation));  // XEP-0388 section 2.4: at once
  }
  switch (event) {
    case Event::stanza:
    case Event::bind:
    case Event::registration:
      // Sections 4.9.3.12 and 7.1: no stanza is processed before authentication and binding.
      return close(error_of(StreamCondition::not_authorized));
    case Event::starttls:
    case Event::auth:
    case Event::response:
    case Event::abort:
    case Event::authenticate:
    case Event::sasl2_response:
    case Event::sasl2_abort:
    case Event::next:
    case Event::task_data:
      return close(error_of(StreamCondition::policy_violation));
    case Event::resume:
    case Event::management:
    case Event::other:
      break;
  }
  // Before TLS nothing but <starttls/> is legal (security T02); before authentication nothing but SASL.
  return close(error_of(state_ == State::starttls ? StreamCondition::policy_violation
                        : state_ == State::sasl   ? StreamCondition::not_authorized
                                                  : StreamCondition::unsupported_stanza_type));
}

Step StreamNegotiation::accept_starttls(const xml::Element& /*element*/) {
  Step step;
  append_empty(step.bytes, "proceed", ns::tls);
  step.demand = StartTls{};
  state_ = State::handshake;
  return step;
}

// Section 5.4.2.2: not offered on this stream.
Step StreamNegotiation::refuse_starttls(const xml::Element& /*element*/) {
  Step step;
  append_empty(step.bytes, "failure", ns::tls);
  step.bytes.append(stream_end);
  step.demand = CloseConnection{StreamCondition::policy_violation};
  state_ = State::closed;
  return step;
}

// Section 6.5.4. The client may already have sent a password in the clear: the stream does not go on.
Step StreamNegotiation::demand_encryption(const xml::Element& element) {
  Step step;
  if (element.ns() == ns::sasl2) {
    append_sasl2_failure(step.bytes, sasl::Failure::encryption_required);
  } else {
    step.bytes.append("<failure xmlns='").append(ns::sasl).append("'><encryption-required/></failure>");
  }
  Step end = close(error_of(StreamCondition::policy_violation));
  step.bytes.append(end.bytes);
  step.demand = end.demand;
  return step;
}

// ---- SASL

Step StreamNegotiation::begin_authentication(const xml::Element& element) {
  BeginAuthentication begin;
  begin.mechanism = element.attribute("mechanism").value_or("");
  if (std::string text = element.text(); !text.empty()) {
    begin.initial_response = std::move(text);
  }
  is_sasl2_ = false;
  state_ = State::verdict;
  return Step{{}, std::move(begin)};
}

Step StreamNegotiation::continue_authentication(const xml::Element& element) {
  state_ = State::verdict;
  return Step{{}, ContinueAuthentication{element.text()}};
}

Step StreamNegotiation::abort_authentication(const xml::Element& /*element*/) {
  state_ = State::verdict;
  return Step{{}, AbortAuthentication{}};
}

Step StreamNegotiation::on_authentication(const SaslAnswer& answer) {
  if (state_ == State::closed) {
    return Step{{}, CloseConnection{}};
  }
  ensure(state_ == State::verdict, "a verdict is reported when one was asked for");
  if (is_sasl2_) {
    return on_sasl2_answer(answer);
  }
  Step step;
  const auto element = [&step](std::string_view name, std::string_view content) {
    step.bytes.append("<").append(name).append(" xmlns='").append(ns::sasl).append("'>").append(content);
    step.bytes.append("</").append(name).append(">");
  };
  state_ = State::sasl;
  if (const auto* challenge = std::get_if<SaslChallenge>(&answer)) {
    element("challenge", base64_encode(challenge->data));
  } else if (const auto* success = std::get_if<SaslSuccess>(&answer)) {
    ensure(success->identity.domain() == domain_, "an identity is of the stream's domain");
    identity_ = success->identity;
    // Section 6.4.6: "=" says that there is additional data, and that it is empty.
    const bool is_empty = success->data && success->data->empty();
    element("success", is_empty ? "=" : success->data ? base64_encode(*success->data) : "");
    state_ = State::header_authenticated;
    header_sent_ = false;
    step.demand = RestartStream{};
  } else {
    ensure(std::holds_alternative<SaslFailure>(answer), "RFC 6120's profile has no tasks");
    const auto& failure = std::get<SaslFailure>(answer);
    element("failure", std::string("<").append(to_string(failure.condition)).append("/>"));
    if (failure.attempts_left == 0) {
      Step end = close(error_of(StreamCondition::policy_violation, "too many failed authentications"));
      step.bytes.append(end.bytes);
      step.demand = end.demand;
    }
  }
  return step;
}

Step StreamNegotiation::hand_over_registration(const xml::Element& /*element*/) { return Step{{}, AnswerRegistration{}}; }

// ---- binding

Step StreamNegotiation::request_binding(const xml::Element& element) {
  bind_id_ = element.attribute("id").value_or("");
  BindResource bind;
  const auto resource = element.first_child()->child({"resource", ns::bind});
  if (resource) {
    // An empty one asks for nothing: the server chooses (section 7.6).
    if (std::string text = resource->text(); !text.empty()) {
      bind.resource = std::move(text);
    }
  }
  state_ = State::binding;
  return Step{{}, std::move(bind)};
}

Step StreamNegotiation::bound(const FullJid& address) {
  if (state_ == State::closed) {
    return Step{{}, CloseConnection{}};
  }
  ensure(state_ == State::binding && identity_ && address.bare_str() == identity_->str(),
         "a binding is reported when one was asked for, of the identity that was authenticated");
  Step step;
  xml::Writer writer(step.bytes);
  writer.start("iq").attribute("type", "result").attribute("id", bind_id_);
  writer.start("bind", ns::bind).element("jid", address.str()).end().end();
  state_ = State::done;
  return step;
}

Step StreamNegotiation::bind_refused(const StanzaError& error) {
  if (state_ == State::closed) {
    return Step{{}, CloseConnection{}};
  }
  ensure(state_ == State::binding, "a binding is refused when one was asked for");
  Step step;
  xml::Writer writer(step.bytes);
  writer.start("iq").attribute("type", "error").attribute("id", bind_id_);
  error.write(writer);
  writer.end();
  return refused_again(std::move(step));
}

Step StreamNegotiation::refused_again(Step step) {
  state_ = State::bind;
  if (++binds_refused_ >= options_.bind_attempts) {
    Step end = close(error_of(StreamCondition::policy_violation, "too many refused bindings"));  // section 7.7.2.3
    step.bytes.append(end.bytes);
    step.demand = end.demand;
  }
  return step;
}

// ---- stream management (XEP-0198)

// Section 3: an enable before there is a resource, or an ack of nothing, fails and the stream goes on.
Step StreamNegotiation::refuse_management(const xml::Element& element) {
  const auto management = read_management(element);
  const bool is_malformed = management && std::holds_alternative<MalformedRequest>(*management);
  Step step{management_failed(is_malformed ? StanzaCondition::bad_request : StanzaCondition::unexpected_request), KeepReading{}};
  return state_ == State::bind ? refused_again(std::move(step)) : step;
}

Step StreamNegotiation::request_resumption(const xml::Element& element) {
  state_ = State::binding;
  const auto management = read_management(element);
  return Step{{}, ResumeStream{std::get<ResumeRequest>(*management)}};
}

Step StreamNegotiation::resumed(std::string_view answer) {
  if (state_ == State::closed) {
    return Step{{}, CloseConnection{}};
  }
  ensure(state_ == State::binding && identity_, "a resumption is reported when one was asked for");
  state_ = State::done;
  return Step{std::string(answer), KeepReading{}};
}

Step StreamNegotiation::resume_refused(std::string_view answer) {
  if (state_ == State::closed) {
    return Step{{}, CloseConnection{}};
  }
  ensure(state_ == State::binding, "a resumption is refused when one was asked for");
  return refused_again(Step{std::string(answer), KeepReading{}});
}

// ---- TLS and the end

void StreamNegotiation::tls_established() {
  if (state_ == State::closed) {
    return;
  }
  ensure(state_ == State::handshake, "TLS is established when it was asked for");
  state_ = State::header_secured;
  header_sent_ = false;
  offer_ = {};
}

Step StreamNegotiation::on_stream_close() {
  Step step;
  step.demand = CloseConnection{};
  if (state_ != State::closed && state_ != State::handshake) {
    if (!header_sent_) {
      write_header(step.bytes, {});
    }
    step.bytes.append(stream_end);
  }
  state_ = State::closed;
  return step;
}

Step StreamNegotiation::on_xml_error(xml::XmlError error) { return close(to_stream_error(error)); }

Step StreamNegotiation::close(const StreamError& error) {
  Step step;
  step.demand = CloseConnection{error.condition};
  // Between <proceed/> and the end of the handshake there is no stream to say it on.
  if (state_ != State::closed && state_ != State::handshake) {
    if (!header_sent_) {
      write_header(step.bytes, {});  // section 4.9.1.2
    }
    error.write(step.bytes);
    step.bytes.append(stream_end);
  }
  state_ = State::closed;
  return step;
}

}  // namespace aldis::stream
