// Links and streams, found and let go; the questions of dialback; the clock of the queues.
#include "federation/peer_table.h"

#include <algorithm>

#include "base/log.h"
#include "base/metrics.h"
#include "core/home.h"
#include "core/router.h"
#include "core/virtual_host.h"
#include "federation/explain_inbound.h"
#include "federation/inbound_peer.h"
#include "federation/outbound_peer.h"

namespace aldis::federation {
namespace {
metrics::Gauge streams_gauge{"aldis_peer_streams", "Streams between servers, those being negotiated included."};
metrics::Gauge links_gauge{"aldis_peer_links", "Pairs of a domain here and one elsewhere that something is known of."};
constexpr std::chrono::seconds look_around{15};
constexpr std::chrono::seconds patience_for_keys{40};
constexpr std::size_t most_questions = 1000;
constexpr std::size_t most_questions_of_a_pair = 10;   // security D05
}  // namespace

PeerTable::PeerTable(World& world, Shard& shard, net::Dns& dns, net::LookupOptions lookup, PeerTrust trust, SecretBytes dialback_secret,
                     PeerTableOptions options)
    : world_(world),
      shard_(shard),
      lookup_(dns, world.random, lookup),
      certificates_(*this, std::move(trust)),
      keys_(std::move(dialback_secret)),
      options_(options),
      admission_(world.random, options.admission),
      settlements_(std::make_shared<Settlements>(
          shard,
          [this](SessionId id, std::uint64_t number) {
            if (const auto found = counting_.find(static_cast<PeerStream::Id>(id)); found != counting_.end()) {
              static_cast<void>(found->second->handled.settle(number));
            }
          },
          [this] {
            for (const auto& [id, stream] : streams_) {
              stream->tell_settled();
            }
          })) {}

PeerTable::~PeerTable() { settlements_->close(); }

void PeerTable::configure(PeerTableOptions options) {
  options_ = options;
  certificates_.trust().set_revocation(options.revocation);
}

std::shared_ptr<const tls::TlsContext> context_of(const TlsByKind& all, const TlsKind& kind) {
  const auto found = all.find(kind);
  return found == all.end() ? nullptr : found->second;
}

void PeerTable::open(std::unique_ptr<net::Listener> listener, TlsKind door) {
  listener->start(shard_, [this](const net::PeerAddress& peer) { return admission_.admit(peer, now()); },
                  [this, door](std::unique_ptr<net::Transport> transport) { receive(std::move(transport), door); });
  doors_.push_back({listener->address(), door});
  listeners_.push_back(std::move(listener));
}

void PeerTable::receive(std::unique_ptr<net::Transport> transport, TlsKind door) {
  if (is_closed_) {
    return;
  }
  const PeerStream::Id id = next_id();
  auto stream = std::make_unique<InboundPeer>(*this, id, std::move(transport), door);
  InboundPeer& added = *stream;
  streams_.emplace(id, std::move(stream));
  streams_gauge.add(1);
  added.start();
}

Task<void> PeerTable::start() {
  const Result<std::vector<QueueTotals>> waiting = co_await world_.stores.outbound_queue.totals();
  if (!waiting) {
    log::warning("peer-queues-not-read", {{"cause", waiting.error().what}});
  } else {
    for (const QueueTotals& totals : *waiting) {
      link({totals.pair.host, totals.pair.peer}).remember_stored(totals);
    }
  }
  timers_.after(look_around, [this] { tend(); });
  certificates_.watch();
}

// ---- out

void PeerTable::send(Home&, Envelope envelope) {
  shard_.post([this, moved = std::move(envelope)]() mutable { deliver(std::move(moved)); });
}

void PeerTable::deliver(Envelope envelope) {
  const policy::PeerDecision decision = world_.policy.decide(
      policy::PeerQuestion{.action = policy::Action::connect_out, .peer = envelope.stanza->to()->domain()});
  if (!decision.is_granted() || is_closed_) {
    world_.router.give_back(std::move(envelope), StanzaError(is_closed_ ? StanzaCondition::remote_server_timeout : policy::condition_abroad(decision.decision.reason())));
    return;
  }
  // A stanza that is only passing here leaves on a stream of the domain it came to.
  std::string from(envelope.stanza->from()->domain());
  if (!serves(from)) {
    if (world_.is_component(from)) {
      log::info("component-has-no-certificate", {{"component", from}, {"to", envelope.stanza->to()->domain()}});
      world_.router.give_back(std::move(envelope), StanzaError(StanzaCondition::not_allowed, "No certificate here names this component."));
      return;
    }
    from = world_.hosts.begin()->first;
  }
  const std::string to = decision.rule->via.empty() ? std::string(envelope.stanza->to()->domain()) : decision.rule->via;
  link({std::move(from), to}).send(std::move(envelope));
}

bool PeerTable::serves(std::string_view domain) const {
  if (world_.find_host(domain) != nullptr) {
    return true;
  }
  const auto found = tls_.hosts.find(domain);
  const policy::PeerRulesPtr rules = world_.policy.peers();
  return found != tls_.hosts.end() && found->second.has_certificate && rules != nullptr && rules->of(domain)->is_component &&
         rules->of(domain)->goes_abroad;
}

Link* PeerTable::find_link(const stream::DomainPair& pair) const {
  const auto found = links_.find({pair.from, pair.to});
  return found == links_.end() ? nullptr : found->second.get();
}

Link& PeerTable::link(const stream::DomainPair& pair) {
  std::unique_ptr<Link>& found = links_[{pair.from, pair.to}];
  if (found == nullptr) {
    found = std::make_unique<Link>(*this, pair);
    links_gauge.set(static_cast<std::int64_t>(links_.size()));
  }
  return *found;
}

PeerStream* PeerTable::find_stream(PeerStream::Id id) const {
  const auto found = streams_.find(id);
  return found == streams_.end() ? nullptr : found->second.get();
}

void PeerTable::look_after_flush(const stream::DomainPair& pair) {
  flushing_.push_back(pair);
  shard_.run_next_turn(*this);
}

void PeerTable::on_next_turn() {
  for (const stream::DomainPair& pair : std::exchange(flushing_, {})) {
    if (Link* link = find_link(pair)) {
      link->after_flush();
    }
  }
}

// So many at one time: who is dead waits in DNS and TCP without keeping the others from theirs.
void PeerTable::connect(const stream::DomainPair& pair) {
  if (attempts_ >= options_.connecting) {
    waiting_attempts_.push_back(pair);
    return;
  }
  begin_attempt(pair);
}

void PeerTable::begin_attempt(const stream::DomainPair& pair) {
  ++attempts_;
  const PeerStream::Id id = next_id();
  auto stream = std::make_unique<OutboundPeer>(*this, id, pair, OutboundPeer::Errand::deliver);
  OutboundPeer& added = *stream;
  streams_.emplace(id, std::move(stream));
  streams_gauge.add(1);
  added.start();
}

void PeerTable::connected(PeerStream::Id) {
  --attempts_;
  if (!waiting_attempts_.empty() && !std::exchange(is_beginning_, true)) {
    shard_.post([this] {
      is_beginning_ = false;
      while (!waiting_attempts_.empty() && attempts_ < options_.connecting) {
        const stream::DomainPair next = std::move(waiting_attempts_.front());
        waiting_attempts_.pop_front();
        begin_attempt(next);
      }
    });
  }
}

void PeerTable::forget(PeerStream& stream) {
  const auto found = streams_.find(stream.id());
  if (found == streams_.end()) {
    return;
  }
  std::unique_ptr<PeerStream> gone = std::move(found->second);
  streams_.erase(found);
  streams_gauge.add(-1);
  std::erase_if(questions_, [&](const auto& entry) { return entry.second.asker == stream.id(); });
  shard_.post([owned = std::move(gone)] {});  // not under the feet of its own callback
}

// ---- dialback: who asks, and whom (XEP-0220 section 2.3)

void PeerTable::verify(PeerStream::Id asker, stream::VerifyKey question) {
  const auto of_pair = std::ranges::count_if(questions_, [&](const auto& entry) { return entry.second.question.pair == question.pair; });
  if (questions_.size() >= most_questions || static_cast<std::size_t>(of_pair) >= most_questions_of_a_pair) {
    shard_.post([this, asker] {
      if (auto* stream = static_cast<InboundPeer*>(find_stream(asker))) {
        stream->key_verified({.outcome = stream::KeyVerdict::Outcome::failed, .condition = StanzaCondition::resource_constraint});
      }
    });
    return;
  }
  const stream::DomainPair way = question.pair.reversed();
  const bool is_under_way = of_pair > 0;
  questions_.insert_or_assign(question.stream_id, Question{question, asker, now() + patience_for_keys});
  for (const auto& [id, stream] : streams_) {
    if (stream->is_inbound() || stream->pair() != way) {
      continue;
    }
    auto& outbound = static_cast<OutboundPeer&>(*stream);
    if (outbound.can_ask() || (is_under_way && outbound.errand() == OutboundPeer::Errand::verify && !outbound.is_over())) {
      outbound.ask(question);
      return;
    }
  }
  const PeerStream::Id id = next_id();
  auto stream = std::make_unique<OutboundPeer>(*this, id, way, OutboundPeer::Errand::verify);
  OutboundPeer& added = *stream;
  streams_.emplace(id, std::move(stream));
  streams_gauge.add(1);
  added.ask(question);
  added.start();
}

void PeerTable::answered(const std::string& stream_id, const stream::KeyVerdict& verdict) {
  const auto found = questions_.find(stream_id);
  if (found == questions_.end()) {
    return;
  }
  const PeerStream::Id asker = found->second.asker;
  questions_.erase(found);
  if (auto* stream = static_cast<InboundPeer*>(find_stream(asker))) {
    stream->key_verified(verdict);
  }
}

void PeerTable::not_answered(const stream::DomainPair& pair, const stream::KeyVerdict& verdict) {
  std::vector<std::string> ids;
  for (const auto& [id, question] : questions_) {
    if (question.question.pair == pair) {
      ids.push_back(id);
    }
  }
  for (const std::string& id : ids) {
    answered(id, verdict);
  }
}

// ---- counts of peers' streams

std::shared_ptr<ReceivedCount> PeerTable::new_count(const stream::DomainPair& pair) {
  auto count = std::make_shared<ReceivedCount>();
  const PeerStream::Id id = next_id();
  count->id = static_cast<SessionId>(id);
  count->pair = pair;
  counting_.emplace(id, count);
  return count;
}

void PeerTable::keep_count(std::shared_ptr<ReceivedCount> count) {
  if (count->previd.empty()) {
    counting_.erase(static_cast<PeerStream::Id>(count->id));
    return;
  }
  count->until = now() + options_.resumption_time;
  resumable_.insert_or_assign(count->previd, std::move(count));
}

std::shared_ptr<ReceivedCount> PeerTable::take_count(std::string_view previd, const stream::DomainPair& pair) {
  // The former connection may not know yet that it is lost.
  for (const auto& [id, stream] : streams_) {
    if (stream->is_counted_as(previd) && stream->pair() == pair) {
      std::shared_ptr<ReceivedCount> count = stream->give_up_count();
      stream->let_go_of_link();
      stream->end({.condition = StreamCondition::conflict, .text = "The stream was resumed elsewhere."});
      return count;
    }
  }
  const auto found = resumable_.find(std::string(previd));
  if (found == resumable_.end() || found->second->pair != pair) {
    return nullptr;
  }
  std::shared_ptr<ReceivedCount> count = std::move(found->second);
  resumable_.erase(found);
  return count;
}

// ---- the clock

void PeerTable::tend() {
  std::vector<std::string> late;
  for (const auto& [id, question] : questions_) {
    if (question.until < now()) {
      late.push_back(id);
    }
  }
  for (const std::string& id : late) {
    answered(id, {.outcome = stream::KeyVerdict::Outcome::failed, .condition = StanzaCondition::remote_server_timeout});
  }
  for (auto it = resumable_.begin(); it != resumable_.end();) {
    if (it->second->until < now()) {
      if (Link* link = find_link(it->second->pair.reversed()); link != nullptr && link->is_resumable_by_peer(it->second->previd)) {
        link->forget_peers_stream();
      }
      it = resumable_.erase(it);
    } else {
      ++it;
    }
  }
  std::erase_if(counting_, [](const auto& entry) { return entry.second.use_count() == 1; });   // no stream has it, and none may
  for (auto& [key, link] : links_) {
    link->close_if_unused();
  }
  if (options_.inbound_idle_time.count() > 0) {
    for (const auto& [id, stream] : streams_) {
      if (stream->is_inbound() && stream->is_silent_for(options_.inbound_idle_time) && !stream->is_used_by_link()) {
        stream->retire();   // closes nothing at once
      }
    }
  }
  std::erase_if(links_, [](const auto& entry) { return entry.second->is_forgettable(); });
  links_gauge.set(static_cast<std::int64_t>(links_.size()));
  if (!std::exchange(is_expiring_, true)) {
    spawn(expire(*this));
  }
  timers_.after(look_around, [this] { tend(); });
}

// What has waited too long is told to its senders, then removed: a process that dies between tells them twice rather than never.
Task<void> PeerTable::expire(PeerTable& table) {
  constexpr std::size_t page = 200;
  const WallTime before = table.wall() - table.options_.queue_time;
  for (bool is_more = true; is_more;) {
    const Result<std::vector<OutboundQueueStore::Expired>> expired = co_await table.world_.stores.outbound_queue.expired(before, page);
    if (!expired) {
      log::warning("peer-queues-not-read", {{"cause", expired.error().what}});
      break;
    }
    is_more = expired->size() == page;
    std::map<QueuePair, std::vector<std::uint64_t>> removed;
    for (const OutboundQueueStore::Expired& entry : *expired) {
      const Link* link = table.find_link({entry.pair.host, entry.pair.peer});
      if (link != nullptr && link->state() == Link::State::open) {
        continue;  // on its way now
      }
      removed[entry.pair].push_back(entry.stanza.position);
      table.give_back_text(entry.stanza.stanza, StanzaCondition::remote_server_timeout);
    }
    is_more = is_more && !removed.empty();
    for (auto& [pair, positions] : removed) {
      if (Link* link = table.find_link({pair.host, pair.peer})) {
        link->expired(positions.size());
      }
      const Result<void> gone = co_await table.world_.stores.outbound_queue.remove(pair, std::move(positions));
      is_more = is_more && gone.has_value();
    }
  }
  table.is_expiring_ = false;
}

void PeerTable::give_back_text(const std::string& text, StanzaCondition condition) {
  if (Result<StanzaPtr, Stanza::Refusal> stanza = Stanza::parse(text, xml::Scope{"jabber:client"})) {
    world_.router.give_back({.stanza = std::move(*stanza)}, StanzaError(condition));
  }
}

Task<void> PeerTable::give_back_stored(stream::DomainPair pair, std::uint64_t up_to, StanzaCondition condition) {
  constexpr std::size_t page = 200;
  const QueuePair key{pair.from, pair.to};
  for (;;) {
    const Result<std::vector<QueuedStanza>> stored = co_await world_.stores.outbound_queue.load(key, 0, page, 1024 * 1024);
    if (!stored || stored->empty() || stored->front().position > up_to) {
      co_return;
    }
    std::uint64_t last = 0;
    for (const QueuedStanza& stanza : *stored) {
      if (stanza.position <= up_to) {
        give_back_text(stanza.stanza, condition);
        last = stanza.position;
      }
    }
    const Result<void> removed = co_await world_.stores.outbound_queue.remove_up_to(key, last);
    if (!removed) {
      co_return;
    }
  }
}

// ---- rules, and the end

void PeerTable::rules_changed(const policy::PeerRules& before, const policy::PeerRules& after) {
  certificates_.trust().forget();
  std::vector<PeerStream*> changed;
  for (const auto& [id, stream] : streams_) {
    const std::string& peer = stream->is_inbound() ? stream->pair().from : stream->pair().to;
    if (!peer.empty() && *before.of(peer) != *after.of(peer)) {
      changed.push_back(stream.get());
    }
  }
  for (PeerStream* stream : changed) {
    log::info("audit-peer-rule-changed", {{"peer", stream->is_inbound() ? stream->pair().from : stream->pair().to}});
    stream->end({.condition = StreamCondition::reset, .text = "The rules of this server have changed."});
  }
}

void PeerTable::close() {
  is_closed_ = true;
  for (const auto& listener : listeners_) {
    listener->stop();
  }
  for (auto& [key, link] : links_) {
    link->put_away();
  }
  std::vector<PeerStream*> all;
  for (const auto& [id, stream] : streams_) {
    all.push_back(stream.get());
  }
  for (PeerStream* stream : all) {
    stream->end({.condition = StreamCondition::system_shutdown});
  }
}

bool PeerTable::is_closed() const {
  return is_closed_ && streams_.empty() && std::ranges::all_of(links_, [](const auto& entry) { return entry.second->is_put_away(); });
}

// ---- for operators

void PeerTable::note_refusal(const std::string& peer, Refusal refusal) {
  if (peer.empty()) {
    return;
  }
  refusal.when = wall();
  const policy::PeerRulesPtr rules = world_.policy.peers();
  refusals_.note(peer, std::move(refusal), rules != nullptr && rules->of(peer)->is_explicit);
}

std::vector<PeerTable::LinkInfo> PeerTable::list() const {
  std::vector<LinkInfo> all;
  const auto fill = [](LinkInfo& info, const PeerStream& stream) {
    if (const net::Connection* connection = stream.connection()) {
      info.address = connection->peer().str();
      if (const tls::TlsEngine* engine = connection->tls()) {
        const tls::TlsInfo tls = engine->info();
        info.tls = tls.version + " " + tls.cipher;
      }
    }
    switch (stream.proof()) {
      case stream::ServerProof::external: info.proof = "EXTERNAL"; break;
      case stream::ServerProof::dialback: info.proof = "dialback"; break;
      case stream::ServerProof::none: break;
    }
  };
  for (const auto& [key, link] : links_) {
    LinkInfo info{.pair = link->pair(), .direction = "out", .state = std::string(to_string(link->state()))};
    if (const PeerStream* stream = link->stream()) {
      fill(info, *stream);
      info.direction = stream->is_inbound() || stream->taken() > 0 ? "both" : "out";
    }
    info.stanzas = link->sent();
    info.waiting = link->in_memory() + link->stored();
    info.last_failure = link->last_failure() ? link->last_failure()->text : "";
    all.push_back(std::move(info));
  }
  for (const auto& [id, stream] : streams_) {
    if (stream->is_inbound() && !stream->pair().from.empty()) {
      const auto& inbound = static_cast<const InboundPeer&>(*stream);
      LinkInfo info{.pair = stream->pair(), .direction = "in", .state = inbound.is_open() ? "open" : "connecting"};
      fill(info, *stream);
      info.stanzas = stream->taken();
      all.push_back(std::move(info));
    }
  }
  return all;
}

Task<PeerTable::Explanation> PeerTable::explain(std::string host, std::string peer) {
  const Completion<Explanation> done;
  const PeerStream::Id id = next_id();
  auto stream = std::make_unique<OutboundPeer>(*this, id, stream::DomainPair{host, peer}, OutboundPeer::Errand::explain);
  OutboundPeer& added = *stream;
  streams_.emplace(id, std::move(stream));
  streams_gauge.add(1);
  added.on_explained([done](Explanation explanation) { done.complete(std::move(explanation)); });
  added.start();
  Explanation explanation = co_await done;
  for (const LinkInfo& link : list()) {
    if (link.pair.to == peer && link.direction != "in") {
      explanation.lines.push_back({"now", link.pair.from + " to " + link.pair.to + ": " + link.state + (link.proof.empty() ? "" : ", " + link.proof) +
                                              (link.last_failure.empty() ? "" : "; last failure: " + link.last_failure),
                                   link.last_failure.empty()});
    }
  }
  std::vector<Explanation::Line> other_way = explain_inbound(*this, host, peer);
  std::ranges::move(other_way, std::back_inserter(explanation.lines));
  co_return explanation;
}

}  // namespace aldis::federation
