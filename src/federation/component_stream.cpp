// From an accepted connection to a component, and its stanzas.
#include "federation/component_stream.h"

#include <algorithm>

#include "base/log.h"
#include "base/metrics.h"
#include "core/router.h"
#include "federation/component_table.h"

namespace aldis::federation {
namespace {
metrics::Counter opened_total{"aldis_component_streams_opened_total", "Streams of components that showed their secret."};
metrics::Counter refused_total{"aldis_component_streams_refused_total", "Streams of components, or of strangers at their door, that were ended by us."};
metrics::Counter received_stanzas{"aldis_component_stanzas_total", "Stanzas on components' streams.", {{"direction", "in"}}};
metrics::Counter sent_stanzas{"aldis_component_stanzas_total", "Stanzas on components' streams.", {{"direction", "out"}}};
metrics::Counter held_back{"aldis_component_rate_pauses_total", "Times a component was read more slowly because of its rate."};
}  // namespace

ComponentStream::ComponentStream(ComponentTable& table, Id id, std::unique_ptr<net::Transport> transport, bool is_direct_tls)
    : table_(table),
      id_(id),
      source_(transport->peer().source()),
      is_direct_tls_(is_direct_tls),
      negotiation_(table, table.world().random) {
  const std::uint32_t queue = table.options().write_queue;
  connection_ = std::make_unique<net::Connection>(std::move(transport),
                                                  net::ConnectionLimits{.write_queue_bytes = queue, .stop_reading_bytes = queue / 4});
  table_.admission().enter(source_);
}

ComponentStream::~ComponentStream() {
  stop_deadline();
  if (principal_ == nullptr) {
    table_.admission().leave(source_);
  }
}

void ComponentStream::start() {
  connection_->set_limits(xml::Limits::before_authentication());
  connection_->set_budget({.bytes = 8 * 1024, .frames = 8});
  connection_->attach(table_.shard(), *this);
  if (is_direct_tls_) {
    connection_->start_tls(table_.tls());
  }
  deadline_ = table_.shard().after(table_.options().negotiation_time, [this] {   // absolute (security E01)
    deadline_ = TimerId::none;
    if (connection_->is_encrypted() || !is_direct_tls_) {
      end({.condition = StreamCondition::connection_timeout});
    } else {
      connection_->abort();
    }
  });
}

void ComponentStream::stop_deadline() {
  if (deadline_ != TimerId::none) {
    table_.shard().cancel(std::exchange(deadline_, TimerId::none));
  }
}

// ---- the connection

bool ComponentStream::on_frame(net::Connection&, xml::Framer::Frame frame) {
  switch (frame.kind) {
    case xml::Framer::FrameKind::stream_open: {
      const auto header = xml::parse_stream_header(frame.bytes, xml::Limits::before_authentication());
      return do_step(header ? negotiation_.on_header(**header) : negotiation_.on_xml_error(header.error()));
    }
    case xml::Framer::FrameKind::stream_close: return do_step(negotiation_.on_stream_close());
    case xml::Framer::FrameKind::stanza: break;
  }
  return is_open() ? take_stanza(frame.bytes) : negotiate(frame.bytes);
}

bool ComponentStream::negotiate(std::string_view bytes) {
  auto element = xml::parse(std::string(bytes), negotiation_.scope(), xml::Limits::before_authentication());
  return do_step(element ? negotiation_.on_element((*element)->root()) : negotiation_.on_xml_error(element.error()));
}

void ComponentStream::on_framing_error(net::Connection&, xml::XmlError error) {
  static_cast<void>(do_step(negotiation_.on_xml_error(error)));
}

void ComponentStream::on_closed(net::Connection& connection, net::CloseReason reason, std::string_view detail) {
  log::info("component-stream-closed", {{"component", domain()},
                                        {"address", connection.peer().str()},
                                        {"reason", to_string(reason)},
                                        {"detail", detail},
                                        {"error", negotiation_.peer_error() ? to_string(negotiation_.peer_error()->condition) : std::string_view()}});
  after_flush();
  for (Sent& sent : std::exchange(under_way_, {})) {
    table_.give_back(std::move(sent.envelope));
  }
  table_.forget(*this);
}

void ComponentStream::end(const StreamError& error) {
  if (!negotiation_.is_closed()) {
    static_cast<void>(do_step(negotiation_.close(error)));
  }
}

// ---- what the negotiation demands

bool ComponentStream::do_step(stream::ComponentStep step) {
  connection_->send(step.bytes);
  return std::visit([this](auto&& demand) { return carry_out(demand); }, step.demand);
}

// Whoever shows the secret is a component; of two the operator's word decides.
bool ComponentStream::carry_out(stream::AdmitComponent&) {
  if (ComponentStream* other = table_.find_open(domain())) {
    if (!table_.replaces(domain())) {
      return do_step(negotiation_.close({.condition = StreamCondition::conflict, .text = "This component is connected already."}));
    }
    other->end({.condition = StreamCondition::conflict, .text = "Another connection takes this one's place."});
  }
  const bool may_go_on = do_step(negotiation_.admit());
  opened();
  return may_go_on;
}

bool ComponentStream::carry_out(stream::CloseConnection& demand) {
  if (demand.reason && *demand.reason != StreamCondition::system_shutdown) {
    refused_total.add();
    log::warning("audit-component-refused", {{"component", negotiation_.named()},
                                             {"address", connection_->peer().str()},
                                             {"reason", to_string(*demand.reason)}});
  }
  table_.closing(*this);
  connection_->close({});
  return false;
}

void ComponentStream::opened() {
  stop_deadline();
  table_.admission().leave(source_);
  opened_total.add();
  rule_ = table_.world().policy.peers()->of(domain());
  xml::Limits limits = table_.world().stanza_limits;
  limits.stanza_bytes = rule_->max_stanza;
  connection_->set_limits(limits);
  connection_->set_budget({});
  since_ = table_.shard().clock().wall();
  Principal component{.identity = BareJid::parse(domain()).value()};
  component.is_peer = true;
  component.is_component = true;
  component.is_confidential = connection_->tls() != nullptr && connection_->tls()->is_confidential();
  component.source_address = connection_->peer().ip_str();
  component.authenticated = since_;
  principal_ = std::make_shared<const Principal>(std::move(component));
  table_.opened(*this);
  log::info("audit-component-connected", {{"component", domain()}, {"address", connection_->peer().str()}, {"rule", rule_->name}});
}

// ---- its stanzas

bool ComponentStream::take_stanza(std::string_view bytes) {
  hold_to_rate(bytes.size());
  xml::Limits limits = table_.world().stanza_limits;
  limits.stanza_bytes = rule_->max_stanza;
  Result<StanzaPtr, Stanza::Refusal> parsed = Stanza::parse_from_server(std::string(bytes), negotiation_.scope(), limits);
  if (!parsed) {
    const bool is_stanza = parsed.error().offender != nullptr || parsed.error().stanza_error.has_value();
    return is_stanza ? answer_malformed(parsed.error()) : negotiate(bytes);
  }
  if (const std::optional<StreamError> error = negotiation_.check_stanza((*parsed)->from(), (*parsed)->to())) {
    end(*error);
    return false;
  }
  received_stanzas.add();
  ++taken_;
  if (const Result<void, StreamError> taken = table_.world().router.receive({.stanza = std::move(*parsed), .sender = principal_}); !taken) {
    end(taken.error());
    return false;
  }
  return pauses_ == 0;
}

// A stanza that cannot be read as one is answered, when it is the component's own; it does not end the stream.
bool ComponentStream::answer_malformed(const Stanza::Refusal& refusal) {
  const std::optional<Jid> from = refusal.offender != nullptr ? refusal.offender->from() : std::nullopt;
  if (!refusal.stanza_error || !from || from->domain() != domain()) {
    end(refusal.stream);
    return false;
  }
  if (const StanzaPtr answer = make_error(*refusal.offender, *refusal.stanza_error)) {
    answer->with_from(answer->from().value_or(BareJid::parse(table_.default_domain()).value()))->write(connection_->out());
  }
  return pauses_ == 0;
}

void ComponentStream::hold_to_rate(std::size_t bytes) {
  if (rule_->rate == 0 || allowance_.take(std::max(bytes, least_stanza_cost))) {
    return;
  }
  const auto wait = allowance_.settle({rule_->rate, rule_->rate_burst}, table_.shard().clock().now());
  if (wait.count() <= 0) {
    return;
  }
  held_back.add();
  ++pauses_;
  connection_->pause();
  table_.timers().after(wait, [&table = table_, id = id_] {
    ComponentStream* self = table.find(id);
    if (self != nullptr && --self->pauses_ == 0) {
      self->connection_->resume();
    }
  });
}

void ComponentStream::send(Envelope envelope) {
  sent_stanzas.add();
  ++sent_;
  envelope.stanza->write(connection_->out());
  under_way_.push_back({std::move(envelope), connection_->queued_total()});
  table_.look_after_flush(id_);
}

void ComponentStream::after_flush() {
  while (!under_way_.empty() && under_way_.front().mark <= connection_->sent_total()) {
    under_way_.pop_front();
  }
}

}  // namespace aldis::federation
