// From a domain to an open stream.
#include "federation/outbound_peer.h"

#include "base/log.h"
#include "base/metrics.h"
#include "federation/explain_inbound.h"
#include "xmpp/jid.h"

namespace aldis::federation {
namespace {
metrics::Counter opened_total{"aldis_peer_streams_opened_total", "Streams between servers that were authenticated.", {{"direction", "out"}}};
metrics::Counter failed_total{"aldis_peer_attempts_failed_total", "Attempts to open a stream to another server that came to nothing."};

std::vector<net::NextHop> hops_of(const policy::PeerRule& rule) {
  std::vector<net::NextHop> hops;
  for (const policy::NextHop& hop : rule.next_hops) {
    hops.push_back({hop.host, hop.port, hop.priority, hop.is_direct_tls});
  }
  return hops;
}
}  // namespace

OutboundPeer::OutboundPeer(PeerTable& table, Id id, stream::DomainPair pair, Errand errand)
    : PeerStream(table, id), pair_(std::move(pair)), errand_(errand) {}

OutboundPeer::~OutboundPeer() {
  if (deadline_ != TimerId::none) {
    table_.shard().cancel(deadline_);
  }
}

OutboundPeer* OutboundPeer::find(PeerTable& table, Id id) { return static_cast<OutboundPeer*>(table.find_stream(id)); }

void OutboundPeer::start() {
  const policy::PeerDecision decision =
      table_.world().policy.decide(policy::PeerQuestion{.action = policy::Action::connect_out, .peer = pair_.to});
  rule_ = decision.rule;
  if (rule_ != nullptr) {
    const policy::Reason reason = decision.decision.reason();
    note("rule", "\"" + rule_->name + "\" applies" + (decision.is_granted() ? ": it may be sent to" : ": " + std::string(to_string(reason)) + ". " + mend_of(reason, rule_, pair_.to, false)),
         decision.is_granted());
  }
  if (!decision.is_granted()) {
    failed("the rule \"" + (rule_ != nullptr ? rule_->name : std::string("none")) + "\" does not allow it", true);
    return;
  }
  deadline_ = table_.shard().after(table_.options().negotiation_time, [this] {
    deadline_ = TimerId::none;
    if (connector_ != nullptr) {
      connector_->cancel();
    } else if (connection_ != nullptr && negotiation_ != nullptr) {
      note("time", "the server did not answer in time", false);
      end({.condition = StreamCondition::connection_timeout});
    }
  });
  is_reaching_ = true;
  spawn(find_and_reach(table_, id_));
}

// ---- DNS and TCP

Task<void> OutboundPeer::find_and_reach(PeerTable& table, Id id) {
  OutboundPeer* self = find(table, id);
  const std::shared_ptr<net::LookupReport> report = self->report_;
  std::vector<net::ServerTarget> targets = table.lookup().next_hops(hops_of(*self->rule_), *report);
  std::optional<Error> refusal;
  if (self->rule_->asks_dns()) {
    const auto ascii = domain_to_ascii(self->pair_.to);
    Result<std::vector<net::ServerTarget>> found = fail(ErrorKind::not_found, "the domain has no ASCII form");
    if (ascii) {
      found = co_await table.lookup().find(*ascii, *report);
    }
    if (found) {
      targets.insert(targets.end(), found->begin(), found->end());
    } else {
      refusal = found.error();
    }
  }
  self = find(table, id);
  if (self == nullptr) {
    co_return;
  }
  if (self->rule_->tls == policy::PeerTls::direct) {
    std::erase_if(targets, [](const net::ServerTarget& target) { return !target.is_direct_tls; });
  }
  self->note(*report, 0);
  if (targets.empty() || self->is_over_) {
    self->is_reaching_ = false;
    const bool is_final = !refusal || refusal->kind == ErrorKind::not_found;
    self->failed(refusal ? refusal->what : "no server is known for it", is_final);
    co_return;
  }
  self->targets_ = std::move(targets);
  co_await reach(table, id, 0);
}

Task<void> OutboundPeer::reach(PeerTable& table, Id id, std::size_t first) {
  OutboundPeer* self = find(table, id);
  const std::shared_ptr<net::LookupReport> report = self->report_;
  const std::size_t said = report->lines.size();
  net::Connector connector(table.shard(), table.lookup());
  self->connector_ = &connector;
  std::vector<net::ServerTarget> targets = self->targets_;
  Result<net::Connected> connected = fail(ErrorKind::unavailable, "nobody is there");
  if (table.road()) {
    if (auto transport = table.road()(targets[first])) {
      connected = net::Connected{.transport = std::move(transport), .target = targets[first], .index = first};
    }
  } else {
    connected = co_await connector.connect(std::move(targets), *report, first);
  }
  self = find(table, id);
  if (self == nullptr) {
    co_return;
  }
  self->connector_ = nullptr;
  self->is_reaching_ = false;
  self->note(*report, said);
  if (self->is_over_) {
    self->failed("ended from this side", false);
    co_return;
  }
  if (!connected) {
    self->failed(connected.error().what, connected.error().kind == ErrorKind::not_found);
    co_return;
  }
  self->speak(std::move(*connected));
}

void OutboundPeer::speak(net::Connected connected) {
  target_ = connected.index;
  targets_[target_] = std::move(connected.target);
  const net::ServerTarget& target = targets_[target_];
  const auto host = table_.tls().hosts.find(pair_.from);
  connection_ = std::make_unique<net::Connection>(std::move(connected.transport), connection_limits());
  connection_->set_limits(xml::Limits::before_authentication());
  connection_->set_budget({.bytes = 64 * 1024, .frames = 64});
  connection_->attach(table_.shard(), *this);
  const TlsKind kind{.is_direct = target.is_direct_tls, .is_readable = false, .profile = rule_->tls_profile};
  if (host == table_.tls().hosts.end() || context_of(host->second.client, kind) == nullptr) {
    failed("there is no TLS for " + pair_.from, false);
    return;
  }
  stream::OutboundNegotiation::Options options;
  options.pair = pair_;
  options.role = errand_ == Errand::verify ? stream::OutboundNegotiation::Role::verify : stream::OutboundNegotiation::Role::deliver;
  options.is_direct_tls = target.is_direct_tls;
  options.has_certificate = host->second.has_certificate && rule_->allows_external();
  options.may_dialback = rule_->allows_dialback();
  // Both directions only where nothing but a certificate is believed: it has then proved the domain it answers for.
  options.wants_bidi = errand_ == Errand::deliver && rule_->authentication == policy::PeerAuthentication::external && rule_->direction == policy::PeerDirection::both;
  if (errand_ == Errand::deliver) {
    options.enable = stream::EnableRequest{.resume = true, .max = std::nullopt};
    if (Link* link = table_.find_link(pair_); link != nullptr && !link->resumable().previd.empty()) {
      const auto& received = link->resumable().received;
      if (received != nullptr) {   // the peer sends again what is not settled, and that is counted anew
        table_.settlements()->hand_over();
        received->handled.forget_unsettled();
        received->told = received->asked_at = received->handled.handled();
      }
      options.resume = stream::ResumeRequest{link->resumable().previd, received != nullptr ? received->handled.h() : 0};
    }
  }
  negotiation_ = std::make_unique<stream::OutboundNegotiation>(std::move(options), table_.keys());
  static_cast<void>(do_step(negotiation_->start()));
}

// ---- the connection

bool OutboundPeer::on_frame(net::Connection&, xml::Framer::Frame frame) {
  switch (frame.kind) {
    case xml::Framer::FrameKind::stream_open: {
      const auto header = xml::parse_stream_header(frame.bytes, xml::Limits::before_authentication());
      return do_step(header ? negotiation_->on_header(**header) : negotiation_->on_xml_error(header.error()));
    }
    case xml::Framer::FrameKind::stream_close: return do_step(negotiation_->on_stream_close());
    case xml::Framer::FrameKind::stanza: break;
  }
  return is_open_ || negotiation_->accepts_stanzas() ? take_frame(frame.bytes) : negotiate(frame.bytes);
}

// Stanzas come only by agreement (XEP-0288), and that only where the server has proved its name: one that was believed by nobody, as
// dialback lets it be, says nothing in its domain's name (security D04).
std::optional<StreamError> OutboundPeer::check(const Stanza& stanza) const {
  if (!negotiation_->accepts_stanzas()) {
    return StreamError{.condition = StreamCondition::not_authorized, .text = "stanzas were not agreed to go this way"};
  }
  return negotiation_->check_stanza(stanza.from(), stanza.to());
}

bool OutboundPeer::negotiate(std::string_view bytes) {
  auto element = xml::parse(std::string(bytes), negotiation_->scope(), xml::Limits::before_authentication());
  return do_step(element ? negotiation_->on_element((*element)->root()) : negotiation_->on_xml_error(element.error()));
}

void OutboundPeer::on_framing_error(net::Connection&, xml::XmlError error) {
  static_cast<void>(do_step(negotiation_->on_xml_error(error)));
}

void OutboundPeer::on_tls_established(net::Connection& connection) {
  const tls::TlsInfo info = connection.tls()->info();
  note("TLS", info.version + ", " + info.cipher, true);
  static_cast<void>(do_step(negotiation_->tls_established()));
}

void OutboundPeer::on_closed(net::Connection&, net::CloseReason reason, std::string_view detail) {
  if (is_open_) {
    log::info("peer-stream-closed", {{"host", pair_.from}, {"peer", pair_.to}, {"reason", to_string(reason)}, {"detail", detail}});
    if (Link* link = table_.find_link(pair_)) {
      link->lost(*this);
    }
    table_.forget(*this);
    return;
  }
  std::string why = std::string(to_string(reason)) + (detail.empty() ? "" : ": " + std::string(detail));
  if (negotiation_ != nullptr && negotiation_->failure()) {
    const stream::OutboundFailure& failure = *negotiation_->failure();
    why = std::string(to_string(failure.kind)) + (failure.stream ? ": " + std::string(to_string(*failure.stream)) : "") +
          (failure.detail.empty() ? "" : ": " + failure.detail);
  }
  if (!untrusted_.empty()) {
    why = untrusted_;
  }
  failed(targets_[target_].str() + ": " + why, false);
}

// ---- what the negotiation demands

bool OutboundPeer::do_step(stream::OutboundStep step) {
  connection_->send(step.bytes);
  const bool may_go_on = std::visit([this](auto&& demand) { return carry_out(demand); }, step.demand);
  look_how_far();
  return may_go_on;
}

bool OutboundPeer::carry_out(stream::StartTls&) {
  const HostTls& host = table_.tls().hosts.find(pair_.from)->second;
  TlsKind kind{.is_direct = targets_[target_].is_direct_tls, .is_readable = rule_->may_be_read(connection_->peer().ip), .profile = rule_->tls_profile};
  auto context = context_of(host.client, kind);
  if (context == nullptr) {  // this profile has no suites that do not encrypt
    kind.is_readable = false;
    context = context_of(host.client, kind);
  }
  connection_->start_tls_client(context, domain_to_ascii(pair_.to).value_or(pair_.to));
  return true;
}

bool OutboundPeer::carry_out(stream::RestartStream&) {
  connection_->restart_stream();
  return true;
}

bool OutboundPeer::carry_out(stream::JudgeCertificate& demand) {
  if (!connection_->tls()->is_confidential()) {  // it was offered where the rule allows it, and nowhere else
    log::warning("audit-peer-not-confidential", {{"peer", pair_.to},
                                                 {"address", connection_->peer().str()},
                                                 {"cipher", connection_->tls()->info().cipher},
                                                 {"rule", rule_->name},
                                                 {"allowed", true}});
  }
  auto shown = std::make_shared<const ShownCertificate>(ShownCertificate{demand.domain, connection_->tls()->presented_chain(), targets_[target_]});
  connection_->pause();   // until it has been judged
  spawn(judge(table_, id_, target_, std::move(shown)));
  return false;
}

Task<void> OutboundPeer::judge(PeerTable& table, Id id, std::size_t target, std::shared_ptr<const ShownCertificate> shown) {
  const PeerProof proof = co_await table.certificates().judge(find(table, id)->rule(), shown);
  OutboundPeer* self = find(table, id);
  if (self != nullptr && self->target_ == target && self->negotiation_ != nullptr && !self->negotiation_->is_closed()) {
    self->judged(proof, std::move(shown));
  }
}

void OutboundPeer::judged(const PeerProof& proof, std::shared_ptr<const ShownCertificate> shown) {
  note("certificate", proof.is_proved ? "proves " + shown->domain + " (" + proof.how + ")" : proof.why, proof.is_proved);
  const bool may_proceed = proof.is_proved || rule_->allows_dialback();
  if (!may_proceed) {
    untrusted_ = "its certificate was refused: " + proof.why;
    log::warning("audit-peer-untrusted", {{"host", pair_.from},
                                          {"peer", pair_.to},
                                          {"address", connection_->peer().str()},
                                          {"rule", rule_->name},
                                          {"cause", proof.why}});
  }
  if (proof.is_proved) {
    certificate_ = std::move(shown);
  }
  if (do_step(negotiation_->certificate_judged({.may_proceed = may_proceed, .refusal = may_proceed ? "" : "the certificate was not accepted"}))) {
    connection_->resume();
  }
}

bool OutboundPeer::carry_out(stream::KeyAnswered& demand) {
  table_.answered(demand.stream_id, demand.verdict);
  std::erase_if(questions_, [&](const stream::VerifyKey& question) { return question.stream_id == demand.stream_id; });
  if (errand_ == Errand::verify && questions_.empty()) {
    retire();
  }
  return true;
}

bool OutboundPeer::carry_out(stream::CloseConnection&) {
  is_ending_ = true;
  connection_->close({});
  return false;
}

void OutboundPeer::ask(const stream::VerifyKey& question) {
  questions_.push_back(question);
  if (can_ask()) {
    static_cast<void>(do_step(negotiation_->ask(question)));
  }
}

void OutboundPeer::look_how_far() {
  if (is_open_ || is_over_ || negotiation_ == nullptr) {
    return;
  }
  if (errand_ == Errand::deliver && negotiation_->accepts_stanzas()) {
    begin_listening();
  }
  if (errand_ != Errand::verify) {
    if (!negotiation_->is_open()) {
      return;
    }
    if (errand_ == Errand::deliver) {
      opened();
      return;
    }
    is_over_ = true;
    note("stream", std::string("open: ") + (proof() == stream::ServerProof::external ? "EXTERNAL" : "dialback") + " has convinced the other server", true);
    explained(true);
    retire();
    return;
  }
  if (!negotiation_->can_ask()) {
    return;
  }
  is_over_ = true;
  for (const stream::VerifyKey& question : questions_) {
    static_cast<void>(do_step(negotiation_->ask(question)));
  }
}

void OutboundPeer::begin_listening() {
  if (std::exchange(is_listening_, true)) {
    return;
  }
  open();
  Principal peer{.identity = BareJid::parse(pair_.to).value()};
  peer.mechanism = "EXTERNAL";   // both directions are agreed only where it has proved its name
  peer.is_peer = true;
  peer.is_confidential = connection_->tls() != nullptr && connection_->tls()->is_confidential();
  peer.source_address = connection_->peer().ip_str();
  peer.authenticated = table_.wall();
  principal_ = std::make_shared<const Principal>(std::move(peer));
}

void OutboundPeer::opened() {
  is_open_ = true;
  shown_ = certificate_;
  opened_total.add();
  table_.connected(id_);
  if (deadline_ != TimerId::none) {
    table_.shard().cancel(std::exchange(deadline_, TimerId::none));
  }
  begin_listening();
  const stream::OutboundManagement& management = negotiation_->management();
  log::info("audit-peer-stream-opened", {{"host", pair_.from},
                                         {"peer", pair_.to},
                                         {"address", connection_->peer().str()},
                                         {"proof", proof() == stream::ServerProof::external ? "EXTERNAL" : "dialback"},
                                         {"rule", rule_->name},
                                         {"bidi", is_bidi()},
                                         {"resumed", management.is_resumed}});
  Link& link = table_.link(pair_);
  if (!link.use(*this)) {
    end({.condition = StreamCondition::conflict, .text = "There is another stream for these domains."});
    return;
  }
  is_managed_ = management.is_enabled;
  if (management.is_resumed) {
    if (const auto& received = link.resumable().received) {
      begin_counting(received);
    }
    if (const auto error = link.resumed(management.h.value_or(0))) {
      end(*error);
      return;
    }
  } else {
    if (!link.resumable().previd.empty()) {
      if (management.h) {
        static_cast<void>(link.acknowledged(*management.h));
      }
      link.forget_former_stream();
    }
    if (is_managed_ && is_bidi()) {
      begin_counting(table_.new_count(pair_.reversed()));
    }
    if (is_managed_ && !management.id.empty()) {
      link.set_resumable({management.id, count_});
    }
  }
  link.begin();
}

// ---- the end

void OutboundPeer::failed(std::string why, bool is_final) {
  if (!is_final && !is_over_ && untrusted_.empty() && target_ + 1 < targets_.size() && connection_ != nullptr && !is_reaching_) {
    note("next", why + "; the next server is tried", false);
    auto gone = std::move(connection_);
    table_.shard().post([owned = std::move(gone)] {});
    negotiation_.reset();
    certificate_.reset();   // of another server
    is_listening_ = is_ending_ = false;
    is_reaching_ = true;
    spawn(reach(table_, id_, target_ + 1));
    return;
  }
  is_over_ = true;
  failed_total.add();
  note("result", why, false);
  switch (errand_) {
    case Errand::deliver:
      table_.connected(id_);
      if (Link* link = table_.find_link(pair_)) {
        link->failed({.text = std::move(why), .is_final = is_final, .when = table_.wall()});
      }
      break;
    case Errand::verify:
      table_.not_answered(pair_.reversed(), {.outcome = stream::KeyVerdict::Outcome::failed,
                                             .condition = is_final ? StanzaCondition::remote_server_not_found
                                                                   : StanzaCondition::remote_server_timeout});
      break;
    case Errand::explain: explained(false); break;
  }
  table_.forget(*this);
}

void OutboundPeer::end(const StreamError& error) {
  is_over_ = is_over_ || !is_open_;
  if (connection_ != nullptr && negotiation_ != nullptr && !negotiation_->is_closed()) {
    static_cast<void>(do_step(negotiation_->close(error)));
  } else if (connector_ != nullptr) {
    connector_->cancel();
  }
}

void OutboundPeer::retire() {
  if (connection_ != nullptr && negotiation_ != nullptr && !negotiation_->is_closed()) {
    static_cast<void>(do_step(negotiation_->close()));
  }
}

// ---- for the operator

void OutboundPeer::note(std::string topic, std::string text, bool is_good) {
  if (errand_ == Errand::explain) {
    lines_.push_back({std::move(topic), std::move(text), is_good});
  }
}

void OutboundPeer::note(const net::LookupReport& report, std::size_t from) {
  for (std::size_t i = from; i < report.lines.size(); ++i) {
    note(from == 0 ? "DNS" : "TCP", report.lines[i].text, report.lines[i].is_good);
  }
}

void OutboundPeer::explained(bool is_reachable) {
  if (const auto told = std::exchange(told_, nullptr)) {
    told({.lines = std::move(lines_), .is_reachable = is_reachable});
  }
}

}  // namespace aldis::federation
