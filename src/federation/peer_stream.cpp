// Stanzas of an open stream between servers.
#include "federation/peer_stream.h"

#include <algorithm>

#include "base/log.h"
#include "base/metrics.h"
#include "core/router.h"
#include "core/surely_stanza.h"
#include "core/world.h"
#include "federation/link.h"
#include "federation/peer_table.h"

namespace aldis::federation {
namespace {
metrics::Counter received_stanzas{"aldis_peer_stanzas_total", "Stanzas on streams between servers.", {{"direction", "in"}}};
metrics::Counter sent_stanzas{"aldis_peer_stanzas_total", "Stanzas on streams between servers.", {{"direction", "out"}}};
metrics::Counter held_back{"aldis_peer_rate_pauses_total", "Times a peer was read more slowly because of its rate."};
}  // namespace

PeerStream::PeerStream(PeerTable& table, Id id) : table_(table), id_(id), opened_(table.now()), used_(opened_), heard_(opened_) {}

PeerStream::~PeerStream() = default;

net::ConnectionLimits PeerStream::connection_limits() const {
  const std::uint32_t queue = table_.options().write_queue;
  return {.write_queue_bytes = queue, .stop_reading_bytes = queue / 4};
}

void PeerStream::open() {
  xml::Limits limits = table_.world().stanza_limits;
  limits.stanza_bytes = rule_->max_stanza;
  connection_->set_limits(limits);
  connection_->set_budget({});
  used_ = table_.now();
}

// ---- in

bool PeerStream::take_frame(std::string_view bytes) {
  hold_to_rate(bytes.size());
  if (!is_surely_stanza(bytes) && take_management(bytes)) {
    return pauses_ == 0 && !connection_->is_paused();
  }
  xml::Limits limits = table_.world().stanza_limits;
  limits.stanza_bytes = rule_->max_stanza;
  Result<StanzaPtr, Stanza::Refusal> parsed = Stanza::parse_from_server(std::string(bytes), scope(), limits);
  if (!parsed) {
    Stanza::Refusal& refusal = parsed.error();
    if (refusal.offender == nullptr && !refusal.stanza_error) {
      return negotiate(bytes);  // no stanza: what it is the negotiation knows, or ends the stream
    }
    return answer_malformed(refusal);
  }
  if (const std::optional<StreamError> error = check(**parsed)) {
    refuse(*error);
    return false;
  }
  received_stanzas.add();
  ++taken_;
  used_ = table_.now();
  Envelope envelope{.stanza = std::move(*parsed), .sender = principal_};
  if (count_ != nullptr) {
    envelope.acceptance = Acceptance::make(table_.settlements(), count_->id, count_->handled.receive());
  }
  if (const Result<void, StreamError> taken = table_.world().router.receive(std::move(envelope)); !taken) {
    refuse(taken.error());
    return false;
  }
  return pauses_ == 0;
}

// One user's stanza that cannot be read as one is answered; it does not end everybody's stream.
bool PeerStream::answer_malformed(const Stanza::Refusal& refusal) {
  const auto& from = refusal.offender != nullptr ? refusal.offender->from() : std::nullopt;
  if (!refusal.stanza_error || !from || !principal_ || from->domain() != principal_->identity.domain()) {
    refuse(refusal.stream);
    return false;
  }
  if (count_ != nullptr) {  // its sender has counted it
    static_cast<void>(count_->handled.settle(count_->handled.receive()));
  }
  if (StanzaPtr answer = make_error(*refusal.offender, *refusal.stanza_error)) {
    const std::string_view host = is_inbound() ? pair().to : pair().from;
    table_.deliver({.stanza = answer->with_from(answer->from().value_or(BareJid::parse(host).value()))});
  }
  return pauses_ == 0;
}

// True: it was one of XEP-0198's that an open stream has.
bool PeerStream::take_management(std::string_view bytes) {
  const auto document = xml::parse(std::string(bytes), scope(), xml::Limits::before_authentication());
  if (!document) {
    return false;
  }
  const auto element = stream::read_management((*document)->root());
  if (!element) {
    return false;
  }
  if (const auto* ack = std::get_if<stream::Ack>(&*element); ack != nullptr && is_managed_ && link_ != nullptr) {
    if (const std::optional<StreamError> error = link_->acknowledged(ack->h)) {
      refuse(*error);
    }
    return true;
  }
  if (std::holds_alternative<stream::AckRequest>(*element) && count_ != nullptr) {
    if (is_finished_) {
      return true;   // what was not acknowledged is asked about by who resumes
    }
    count_->asked_at = count_->told;
    table_.settlements()->hand_over();
    count_->asked_at = count_->handled.received();
    count_->told = count_->handled.handled();
    stream::write_ack(connection_->out(), count_->handled.h());
    return true;
  }
  return false;
}

void PeerStream::tell_settled() {
  if (count_ != nullptr && connection_ != nullptr && !is_finished_ && count_->told < count_->asked_at && count_->told < count_->handled.handled()) {
    count_->told = count_->handled.handled();
    stream::write_ack(connection_->out(), count_->handled.h());
  }
}

void PeerStream::hold_to_rate(std::size_t bytes) {
  if (rule_->rate == 0 || allowance_.take(std::max(bytes, least_stanza_cost))) {
    return;
  }
  const auto wait = allowance_.settle({rule_->rate, rule_->rate_burst}, table_.now());
  if (wait.count() <= 0) {
    return;
  }
  held_back.add();
  ++pauses_;
  connection_->pause();
  table_.timers().after(wait, [&table = table_, id = id_] {
    PeerStream* self = table.find_stream(id);
    if (self != nullptr && --self->pauses_ == 0 && self->connection_ != nullptr) {
      self->connection_->resume();
    }
  });
}

// ---- out

void PeerStream::send(const Stanza& stanza) {
  sent_stanzas.add();
  used_ = table_.now();
  stanza.write(connection_->out());
}

bool PeerStream::is_used_by_link() const { return link_ != nullptr && (link_->in_memory() != 0 || link_->stored() != 0); }

void PeerStream::let_go_of_link() {
  if (link_ != nullptr) {
    std::exchange(link_, nullptr)->lost(*this);
  }
}

bool PeerStream::is_silent_for(std::chrono::seconds time) {
  if (connection_ != nullptr && connection_->received_total() != heard_bytes_) {
    heard_bytes_ = connection_->received_total();
    heard_ = table_.now();
  }
  return table_.now() - std::max(heard_, used_) >= time;
}

void PeerStream::on_drained(net::Connection&) {
  if (link_ != nullptr) {
    link_->note_flushed();
  }
}

}  // namespace aldis::federation
