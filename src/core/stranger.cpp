// A stranger's stream: what it is offered, what it says, what the negotiation demands, and how long all that may take.
#include "core/stranger.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "base/metrics.h"
#include "core/virtual_host.h"

namespace aldis {
namespace {
metrics::Gauge strangers_gauge{"aldis_strangers", "Connections that have not bound a resource."};
metrics::Counter timed_out{"aldis_strangers_timed_out_total", "Connections that did not authenticate or bind in time."};
}  // namespace

Lobby::Stranger::Stranger(Lobby& lobby, Id id, std::unique_ptr<net::Transport> transport, Entrance entrance)
    : lobby_(lobby),
      id_(id),
      entrance_(entrance),
      connection_(std::make_unique<net::Connection>(std::move(transport), lobby.connection_limits_)),
      source_(connection_->peer().source()),
      negotiation_(std::make_shared<stream::StreamNegotiation>(
          stream::StreamNegotiation::Options{.tls = entrance.tls, .lang = "en", .bind_attempts = 10}, *this, lobby.world_.random)) {
  strangers_gauge.add(1);
}

Lobby::Stranger::~Stranger() {
  strangers_gauge.add(-1);
  cancel_timer();
}

void Lobby::Stranger::start() {
  connection_->set_limits(xml_limits_);
  connection_->set_budget({.bytes = static_cast<std::uint32_t>(lobby_.config_.bytes_before_authentication.count),
                           .frames = lobby_.config_.elements_before_authentication});
  connection_->attach(lobby_.shard_, *this);
  begin_stage();
  if (entrance_.tls == stream::TlsMode::direct) {
    connection_->start_tls(contexts().direct);
    hurry(lobby_.config_.handshake_timeout);
  }
}

void Lobby::Stranger::shut_down() {
  if (connection_ != nullptr && connection_->is_attached()) {
    do_step(negotiation_->close({.condition = StreamCondition::system_shutdown}));
  }
}

void Lobby::Stranger::give_back(std::unique_ptr<net::Connection> connection, stream::Demand demand) {
  connection_ = std::move(connection);
  connection_->attach(lobby_.shard_, *this);
  set_timer(deadline_);
  do_step({.bytes = {}, .demand = std::move(demand)});
}

// ---- stream::Domains

std::optional<stream::Offer> Lobby::Stranger::offer(std::string_view domain) {
  const VirtualHost* host = lobby_.world_.find_host(domain);
  if (host == nullptr || !host->has_accounts) {  // nobody has an account there
    return std::nullopt;
  }
  stream::Offer offer;
  const sasl::BindingTypes bindings = binding_types();
  const CertificateUse use = certificate_use(domain);
  const bool is_shown = certificate_ != nullptr && certificate_->domain == domain;
  offer.mechanisms = lobby_.authenticator_.mechanisms(domain, is_confidential(), bindings, use, is_shown ? certificate_.get() : nullptr);
  const bool is_authenticated = negotiation_->identity().has_value();
  std::size_t bytes = static_cast<std::size_t>(lobby_.config_.bytes_before_authentication.count);
  if (use != CertificateUse::required) {
    offer.channel_bindings = lobby_.authenticator_.binding_types(domain, is_confidential(), bindings);
    const bool is_behind_tls = connection_->tls() != nullptr || entrance_.tls == stream::TlsMode::none;
    if (const auto tickets = lobby_.authenticator_.tickets_of(domain); tickets != nullptr && is_behind_tls) {
      offer.hostname = tickets->hostname();
      const std::size_t ticket = (tickets->token_bytes() + 2) / 3 * 4;   // base64
      bytes += ticket;
      if (!is_authenticated) {
        make_room_for_ticket(ticket);
      }
    }
  }
  if (connection_->tls() != nullptr) {  // XEP-0388 section 3: only after TLS
    stream::Sasl2Offer& sasl2 = offer.sasl2.emplace();
    sasl2.has_bind = true;
    sasl2.has_resumption = true;
    for (const VirtualHost::InlineFeature& feature : host->inline_features) {
      if (std::ranges::find(sasl2.bind_features, feature.name.ns) == sasl2.bind_features.end()) {
        sasl2.bind_features.emplace_back(feature.name.ns);
      }
    }
    if (use != CertificateUse::required) {
      sasl2.token_mechanisms = lobby_.authenticator_.token_mechanisms(is_confidential(), bindings);
      sasl2.upgrades = lobby_.authenticator_.upgrades(domain, is_confidential());
    }
  }
  offer.max_bytes = is_authenticated ? lobby_.world_.stanza_limits.stanza_bytes : bytes;
  offer.has_registration = host->registration != nullptr && is_confidential() && use != CertificateUse::required;  // a password in it
  offer.features = host->stream_features;
  offer.has_stream_management = true;
  offer.see_other_host = host->see_other_host;
  return offer;
}

// ---- net::Connection::Owner

bool Lobby::Stranger::on_frame(net::Connection&, xml::Framer::Frame frame) {
  switch (frame.kind) {
    case xml::Framer::FrameKind::stream_open: {
      auto header = xml::parse_stream_header(frame.bytes, xml_limits_);
      if (header && asks_for_judgement((*header)->root())) {
        return judge_certificate(std::move(*header));
      }
      return do_step(header ? negotiation_->on_header(**header) : negotiation_->on_xml_error(header.error()));
    }
    case xml::Framer::FrameKind::stream_close: return do_step(negotiation_->on_stream_close());
    case xml::Framer::FrameKind::stanza: break;
  }
  auto element = xml::parse(std::string(frame.bytes), negotiation_->scope(), xml_limits_);
  if (!element) {
    return do_step(negotiation_->on_xml_error(element.error()));
  }
  stream::Step step = negotiation_->on_element((*element)->root());
  if (std::holds_alternative<stream::AnswerRegistration>(step.demand)) {
    connection_->send(step.bytes);
    return register_account(std::string(frame.bytes));
  }
  return do_step(std::move(step));
}

void Lobby::Stranger::on_framing_error(net::Connection& connection, xml::XmlError error) {
  if (error == xml::XmlError::too_many || error == xml::XmlError::too_big) {
    log::info("stranger-over-budget", {{"peer", connection.peer().ip_str()}, {"limit", xml::to_string(error)}});
  }
  static_cast<void>(do_step(negotiation_->on_xml_error(error)));
}

void Lobby::Stranger::on_tls_established(net::Connection&) {
  if (entrance_.tls == stream::TlsMode::starttls) {  // On a port of direct TLS the negotiation begins behind it.
    negotiation_->tls_established();
  }
  set_timer(deadline_);
}

void Lobby::Stranger::on_closed(net::Connection& connection, net::CloseReason reason, std::string_view detail) {
  log::debug("stranger-closed", {{"peer", connection.peer().ip_str()}, {"reason", to_string(reason)}, {"detail", detail}});
  lobby_.forget(id_);
}

void Lobby::Stranger::make_room_for_ticket(std::size_t bytes) {
  if (std::exchange(has_room_for_ticket_, true)) {
    return;
  }
  xml_limits_.stanza_bytes += bytes;
  connection_->set_limits(xml_limits_);
  connection_->set_budget({.bytes = static_cast<std::uint32_t>(lobby_.config_.bytes_before_authentication.count + bytes),
                           .frames = lobby_.config_.elements_before_authentication});
}

// ---- what the negotiation demands

bool Lobby::Stranger::do_step(stream::Step step) {
  connection_->send(step.bytes);
  return std::visit([this](auto&& demand) { return carry_out(demand); }, step.demand);
}

bool Lobby::Stranger::carry_out(stream::StartTls&) {
  connection_->start_tls(contexts().starttls);
  hurry(lobby_.config_.handshake_timeout);
  return true;
}

bool Lobby::Stranger::carry_out(stream::RestartStream&) {
  connection_->restart_stream();
  return true;
}

bool Lobby::Stranger::carry_out(stream::CloseConnection& demand) {
  if (demand.reason) {
    log::info("stranger-refused", {{"peer", connection_->peer().ip_str()}, {"condition", to_string(*demand.reason)}});
  }
  connection_->close({});
  return false;
}

// ---- XEP-0077 for strangers

bool Lobby::Stranger::register_account(std::string bytes) {
  const VirtualHost* host = lobby_.world_.find_host(negotiation_->domain());
  Result<StanzaPtr, Stanza::Refusal> request = Stanza::parse(std::move(bytes), negotiation_->scope());
  if (!request || host == nullptr || host->registration == nullptr) {
    return do_step(negotiation_->close({.condition = StreamCondition::policy_violation}));
  }
  connection_->pause();
  spawn(answer_registration(lobby_, id_, host->registration(*request, source_)));
  return false;
}

Task<void> Lobby::Stranger::answer_registration(Lobby& lobby, Id id, Task<StanzaPtr> waiting) {
  const StanzaPtr answer = co_await std::move(waiting);
  if (Stranger* self = lobby.find(id); self != nullptr && self->connection_ != nullptr) {
    answer->write(self->connection_->out());
    self->connection_->resume();
  }
}

// ---- TLS

bool Lobby::Stranger::is_confidential() const {
  return connection_->tls() != nullptr && connection_->tls()->is_confidential();
}

sasl::BindingTypes Lobby::Stranger::binding_types() const {
  const tls::TlsEngine* engine = connection_->tls();
  return {engine != nullptr && engine->can_bind(tls::ChannelBinding::tls_exporter),
          engine != nullptr && engine->can_bind(tls::ChannelBinding::tls_server_end_point)};
}

sasl::ChannelBindings Lobby::Stranger::channel_bindings() const {
  sasl::ChannelBindings bindings;
  if (const tls::TlsEngine* engine = connection_ != nullptr ? connection_->tls() : nullptr) {
    const auto read = [&](tls::ChannelBinding type) -> std::string {
      const auto bytes = engine->channel_binding(type);
      return bytes ? std::string(bytes->begin(), bytes->end()) : std::string();
    };
    bindings.tls_exporter = read(tls::ChannelBinding::tls_exporter);
    bindings.tls_server_end_point = read(tls::ChannelBinding::tls_server_end_point);
  }
  return bindings;
}

// ---- the deadline

void Lobby::Stranger::begin_stage() {
  deadline_ = lobby_.shard_.clock().now() + lobby_.config_.authentication_timeout;
  set_timer(deadline_);
}

void Lobby::Stranger::hurry(std::chrono::seconds delay) {
  set_timer(std::min(deadline_, lobby_.shard_.clock().now() + Monotonic::duration(delay)));
}

void Lobby::Stranger::set_timer(Monotonic when) {
  cancel_timer();
  const auto delay = std::chrono::ceil<std::chrono::milliseconds>(when - lobby_.shard_.clock().now());
  timer_ = lobby_.shard_.after(std::max(delay, std::chrono::milliseconds(0)), [this] {
    timer_ = TimerId::none;
    timed_out.add();
    if (connection_ == nullptr) {
      return;
    }
    if (connection_->is_encrypted() || entrance_.tls != stream::TlsMode::direct) {
      static_cast<void>(do_step(negotiation_->close({.condition = StreamCondition::connection_timeout})));
    } else {
      connection_->abort();
    }
  });
}

void Lobby::Stranger::cancel_timer() {
  if (timer_ != TimerId::none) {
    lobby_.shard_.cancel(std::exchange(timer_, TimerId::none));
  }
}

}  // namespace aldis
