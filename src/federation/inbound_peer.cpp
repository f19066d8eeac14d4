// From an accepted connection to a proved peer.
#include "federation/inbound_peer.h"

#include "base/log.h"
#include "base/metrics.h"
#include "core/surely_stanza.h"
#include "core/virtual_host.h"
#include "federation/link.h"

namespace aldis::federation {
namespace {
metrics::Counter opened_total{"aldis_peer_streams_opened_total", "Streams between servers that were authenticated.", {{"direction", "in"}}};
metrics::Counter refused_total{"aldis_peer_streams_refused_total", "Streams of other servers that were ended by us before or after they proved themselves."};
constexpr std::size_t id_bits = 160;
constexpr std::chrono::seconds patience_for_the_end{30};   // of a peer whose stream was retired
}  // namespace

InboundPeer::InboundPeer(PeerTable& table, Id id, std::unique_ptr<net::Transport> transport, TlsKind door)
    : PeerStream(table, id),
      source_(transport->peer().source()),
      door_(door),
      negotiation_({.is_direct_tls = door.is_direct}, *this, table.keys(), table.world().random) {
  connection_ = std::make_unique<net::Connection>(std::move(transport), connection_limits());
  table_.admission().enter(source_);
}

InboundPeer::~InboundPeer() {
  if (deadline_ != TimerId::none) {
    table_.shard().cancel(deadline_);
  }
  if (!is_open_) {
    table_.admission().leave(source_);
  }
}

void InboundPeer::start() {
  connection_->set_limits(xml::Limits::before_authentication());
  connection_->set_budget({.bytes = 64 * 1024, .frames = 64});
  connection_->attach(table_.shard(), *this);
  if (door_.is_direct) {
    connection_->start_tls(context());
  }
  deadline_ = table_.shard().after(table_.options().negotiation_time, [this] {   // absolute (security E01)
    deadline_ = TimerId::none;
    if (connection_->is_encrypted() || !door_.is_direct) {
      end({.condition = StreamCondition::connection_timeout});
    } else {
      connection_->abort();
    }
  });
}

// Who it is, and so what its own rule says of TLS, is known later (JudgeCertificate).
std::shared_ptr<const tls::TlsContext> InboundPeer::context() const {
  const policy::PeerRulesPtr rules = table_.world().policy.peers();
  TlsKind kind = door_;
  kind.is_readable = rules != nullptr && rules->any_may_be_read(connection_->peer().ip);
  if (auto readable = context_of(table_.tls().server, kind)) {
    return readable;
  }
  kind.is_readable = false;   // this door's profile has no such suites
  return context_of(table_.tls().server, kind);
}

// ---- stream::InboundDomains

bool InboundPeer::is_served(std::string_view domain) const { return table_.serves(domain); }

std::string_view InboundPeer::default_domain() const { return table_.world().hosts.begin()->first; }

Result<stream::InboundOffer, StreamError> InboundPeer::offer(const stream::DomainPair& pair) {
  const policy::PeerDecision decision =
      table_.world().policy.decide(policy::PeerQuestion{.action = policy::Action::accept_in, .peer = pair.from});
  if (!decision.is_granted()) {
    rule_ = decision.rule;
    audit_refusal(to_string(decision.decision.reason()), pair);
    return fail(StreamError{.condition = StreamCondition::policy_violation});   // which rule, and that there is one, is ours
  }
  rule_ = decision.rule;
  if (rule_->tls == policy::PeerTls::direct && !door_.is_direct) {
    audit_refusal("its rule has tls = \"direct\", and it called for STARTTLS", pair);
    return fail(StreamError{.condition = StreamCondition::policy_violation});
  }
  stream::InboundOffer offer;
  offer.has_dialback = rule_->allows_dialback();
  offer.has_bidi = rule_->may_be_sent_to();
  offer.has_stream_management = true;
  offer.max_bytes = rule_->max_stanza;
  offer.idle_seconds = static_cast<std::size_t>(table_.options().inbound_idle_time.count());
  return offer;
}

std::optional<StreamError> InboundPeer::check(const Stanza& stanza) const {
  std::optional<StreamError> error = negotiation_.check_stanza(stanza.from(), stanza.to());
  if (!error) {
    return error;
  }
  // A trunk: others' stanzas, or for others. Whether this peer may, the rules say (Router::receive), whose word is final.
  const bool may_be_trunk = stanza.from() && stanza.to() && (!rule_->may_speak_for.empty() || !rule_->relay_to.empty());
  return may_be_trunk ? std::nullopt : std::move(error);
}

// ---- the connection

bool InboundPeer::on_frame(net::Connection&, xml::Framer::Frame frame) {
  switch (frame.kind) {
    case xml::Framer::FrameKind::stream_open: {
      const auto header = xml::parse_stream_header(frame.bytes, xml::Limits::before_authentication());
      return do_step(header ? negotiation_.on_header(**header) : negotiation_.on_xml_error(header.error()));
    }
    case xml::Framer::FrameKind::stream_close:
      if (count_ != nullptr) {   // XEP-0198 section 7: a stream that is closed is not resumed
        count_->previd.clear();
      }
      if (link_ != nullptr) {
        link_->set_peers_previd({});
      }
      return do_step(negotiation_.on_stream_close());
    case xml::Framer::FrameKind::stanza: break;
  }
  if (is_link_to_follow_ && is_surely_stanza(frame.bytes)) {
    lend_to_link();   // who begins so resumes nothing
  }
  return is_open_ ? take_frame(frame.bytes) : negotiate(frame.bytes);
}

bool InboundPeer::negotiate(std::string_view bytes) {
  auto element = xml::parse(std::string(bytes), negotiation_.scope(), xml::Limits::before_authentication());
  return do_step(element ? negotiation_.on_element((*element)->root()) : negotiation_.on_xml_error(element.error()));
}

void InboundPeer::on_framing_error(net::Connection& connection, xml::XmlError error) {
  if (error == xml::XmlError::too_many || error == xml::XmlError::too_big) {
    log::info("peer-over-budget", {{"address", connection.peer().str()}, {"peer", pair().from}, {"limit", xml::to_string(error)}});
  }
  static_cast<void>(do_step(negotiation_.on_xml_error(error)));
}

void InboundPeer::on_tls_established(net::Connection&) {
  if (!door_.is_direct) {
    negotiation_.tls_established();
  }
}

void InboundPeer::on_closed(net::Connection& connection, net::CloseReason reason, std::string_view detail) {
  log::info("peer-stream-closed", {{"host", pair().to},
                                   {"peer", pair().from},
                                   {"address", connection.peer().str()},
                                   {"reason", to_string(reason)},
                                   {"detail", detail}});
  if (count_ != nullptr) {
    table_.keep_count(std::exchange(count_, nullptr));
  }
  if (link_ != nullptr) {
    link_->lost(*this);
  }
  table_.forget(*this);
}

void InboundPeer::audit_refusal(std::string_view what, const stream::DomainPair& pair) {
  refused_total.add();
  const std::string rule = rule_ != nullptr ? rule_->name : std::string();
  log::warning("audit-peer-refused", {{"host", pair.to}, {"peer", pair.from}, {"address", connection_->peer().str()}, {"rule", rule}, {"reason", what}});
  if (!std::exchange(is_refusal_noted_, true)) {   // what follows of it says less
    table_.note_refusal(pair.from, {.host = pair.to, .address = connection_->peer().str(), .rule = rule, .why = std::string(what)});
  }
}

void InboundPeer::key_verified(const stream::KeyVerdict& verdict) {
  if (verdict.outcome != stream::KeyVerdict::Outcome::valid) {
    audit_refusal(verdict.outcome == stream::KeyVerdict::Outcome::invalid ? "dialback: the authoritative server did not make its key"
                                                                          : "dialback: the authoritative server could not be asked");
  }
  static_cast<void>(do_step(negotiation_.key_verified(verdict)));
}

void InboundPeer::refuse(const StreamError& error) {
  audit_refusal(to_string(error.condition));
  end(error);
}

// ---- what the negotiation demands

bool InboundPeer::do_step(stream::InboundStep step) {
  if (!is_finished_) {
    connection_->send(step.bytes);
  }
  const bool may_go_on = std::visit([this](auto&& demand) { return carry_out(demand); }, step.demand);
  if (!is_open_ && negotiation_.is_open()) {
    opened();
  }
  return may_go_on;
}

bool InboundPeer::carry_out(stream::StartTls&) {
  connection_->start_tls(context());
  return true;
}

bool InboundPeer::carry_out(stream::RestartStream&) {
  connection_->restart_stream();
  return true;
}

bool InboundPeer::carry_out(stream::JudgeCertificate& demand) {
  if (refuses_tls(demand.domain)) {
    return do_step(negotiation_.certificate_judged({.refusal = "TLS as it was agreed is not accepted for this domain."}));
  }
  auto shown = std::make_shared<const ShownCertificate>(ShownCertificate{demand.domain, connection_->tls()->presented_chain(), std::nullopt});
  spawn(judge(table_, id_, std::move(shown)));
  return false;   // nothing more is read until it has been judged, which it may have been already
}

// What was agreed before it was known whose rule counts.
bool InboundPeer::refuses_tls(const std::string& peer) {
  const tls::TlsInfo info = connection_->tls()->info();
  if (!info.is_confidential) {  // security T08
    const bool may_be_read = rule_->may_be_read(connection_->peer().ip);
    log::warning("audit-peer-not-confidential", {{"peer", peer},
                                                 {"address", connection_->peer().str()},
                                                 {"cipher", info.cipher},
                                                 {"rule", rule_->name},
                                                 {"allowed", may_be_read}});
    if (!may_be_read) {
      audit_refusal("not confidential");
    }
    return !may_be_read;
  }
  const std::string unfit = rule_->tls_profile ? tls::unfit_for(*rule_->tls_profile, info.cipher, info.group) : std::string();
  if (!unfit.empty()) {
    audit_refusal(unfit);
  }
  return !unfit.empty();
}

Task<void> InboundPeer::judge(PeerTable& table, Id id, std::shared_ptr<const ShownCertificate> shown) {
  const PeerProof proof = co_await table.certificates().judge(table.find_stream(id)->rule(), shown);
  auto* self = static_cast<InboundPeer*>(table.find_stream(id));
  if (self != nullptr && !self->negotiation_.is_closed()) {
    self->judged(proof, std::move(shown));
  }
}

void InboundPeer::judged(const PeerProof& proof, std::shared_ptr<const ShownCertificate> shown) {
  stream::InboundJudgement judgement;
  judgement.is_proved = proof.is_proved && rule_->allows_external();
  judgement.may_dialback = rule_->allows_dialback();
  if (judgement.is_proved) {
    certificate_ = std::move(shown);
  }
  if (!judgement.is_proved && !judgement.may_dialback) {
    judgement.refusal = "The certificate was not accepted.";
    audit_refusal(proof.why);
  }
  if (do_step(negotiation_.certificate_judged(judgement))) {
    connection_->resume();
  }
}

bool InboundPeer::carry_out(stream::VerifyKey& demand) {
  table_.verify(id_, demand);
  return true;
}

// XEP-0198 section 3.
bool InboundPeer::carry_out(stream::EnableManagement& demand) {
  std::shared_ptr<ReceivedCount> count = table_.new_count(pair());
  stream::Enabled enabled;
  count->is_both_ways = is_bidi();
  if (demand.request.resume && table_.options().resumption_time.count() > 0) {
    enabled.id = random_token(table_.world().random, id_bits);
    enabled.max = static_cast<std::uint32_t>(table_.options().resumption_time.count());
    count->previd = enabled.id;
  }
  begin_counting(std::move(count));
  const bool may_go_on = do_step(negotiation_.managed(stream::enabled(enabled), true));
  is_managed_ = is_bidi();  // section 4: what goes the other way is counted too, from here on
  if (is_link_to_follow_) {
    lend_to_link();   // all it sends is counted
  } else if (link_ != nullptr) {
    link_->managed();
  }
  if (link_ != nullptr) {
    link_->set_peers_previd(enabled.id);
  }
  return may_go_on;
}

bool InboundPeer::carry_out(stream::ResumeStream& demand) {
  std::shared_ptr<ReceivedCount> count = table_.take_count(demand.request.previd, pair());
  table_.settlements()->hand_over();
  Link* const link = count != nullptr && count->is_both_ways ? table_.find_link(pair().reversed()) : nullptr;
  const bool is_known = count != nullptr && (!count->is_both_ways || (is_bidi() && link != nullptr && link->is_resumable_by_peer(count->previd)));
  if (!is_known) {   // what went back on it may have gone another way meanwhile; what came on it is still known (section 5)
    const auto h = count != nullptr ? std::optional(count->handled.h()) : std::nullopt;
    return do_step(negotiation_.managed(stream::management_failed(StanzaCondition::item_not_found, h), false));
  }
  if (const auto error = link != nullptr ? link->check_acknowledgement(demand.request.h) : std::nullopt) {
    table_.keep_count(std::move(count));
    refuse(*error);
    return false;
  }
  count->handled.forget_unsettled();   // the peer sends it again
  count->told = count->asked_at = count->handled.handled();
  const std::string answer = stream::resumed(count->previd, count->handled.h());
  begin_counting(std::move(count));
  const bool may_go_on = do_step(negotiation_.managed(answer, true));
  if (link != nullptr) {
    is_link_to_follow_ = false;
    is_managed_ = true;
    link->resumed_by_peer(*this, demand.request.h);
    link->begin();
  }
  return may_go_on;
}

void InboundPeer::lend_to_link() {
  is_link_to_follow_ = false;
  Link& link = table_.link(pair().reversed());
  if (link.use(*this)) {
    link.begin();
  }
}

bool InboundPeer::carry_out(stream::CloseConnection& demand) {
  if (demand.reason) {
    is_refusal_noted_ = is_refusal_noted_ || is_open_;   // it was let in: it ends for another reason, or that has been noted
    audit_refusal(to_string(*demand.reason));
  }
  is_ending_ = true;
  connection_->close({});
  return false;
}

// RFC 6120 section 4.6.3: an idle peer's stream. What it had on its way meanwhile is still taken.
void InboundPeer::retire() {
  if (!is_open_ || is_finished_ || negotiation_.is_closed()) {
    return;
  }
  log::info("peer-stream-idle", {{"host", pair().to}, {"peer", pair().from}, {"address", connection_->peer().str()}});
  if (link_ != nullptr) {
    link_->set_peers_previd({});
  }
  let_go_of_link();
  connection_->send("</stream:stream>");
  is_finished_ = true;
  deadline_ = table_.shard().after(patience_for_the_end, [this] {
    deadline_ = TimerId::none;
    end({.condition = StreamCondition::connection_timeout});
  });
}

void InboundPeer::opened() {
  is_open_ = true;
  opened_total.add();
  if (proof() == stream::ServerProof::external) {
    shown_ = certificate_;
  }
  table_.admission().leave(source_);
  if (deadline_ != TimerId::none) {
    table_.shard().cancel(std::exchange(deadline_, TimerId::none));
  }
  open();
  Principal peer{.identity = BareJid::parse(pair().from).value()};
  peer.mechanism = proof() == stream::ServerProof::external ? "EXTERNAL" : "dialback";
  peer.is_peer = true;
  peer.is_confidential = connection_->tls() != nullptr && connection_->tls()->is_confidential();
  peer.source_address = connection_->peer().ip_str();
  peer.authenticated = table_.wall();
  principal_ = std::make_shared<const Principal>(std::move(peer));
  log::info("audit-peer-stream-opened", {{"host", pair().to},
                                         {"peer", pair().from},
                                         {"address", connection_->peer().str()},
                                         {"proof", principal_->mechanism},
                                         {"rule", rule_->name},
                                         {"bidi", is_bidi()}});
  const stream::DomainPair back = pair().reversed();
  if (is_bidi()) {
    is_link_to_follow_ = table_.link(back).awaits_resumption();
    if (!is_link_to_follow_) {
      lend_to_link();
    }
  } else if (Link* link = table_.find_link(back)) {
    link->peer_is_back();
  }
}

}  // namespace aldis::federation
