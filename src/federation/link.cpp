// The queue of one pair of domains.
#include "federation/link.h"

#include <algorithm>

#include "base/log.h"
#include "base/metrics.h"
#include "core/router.h"
#include "core/world.h"
#include "federation/peer_table.h"
#include "xmpp/delay.h"

namespace aldis::federation {
namespace {

metrics::Counter waiting_total{"aldis_peer_stanzas_stored_total", "Stanzas stored because another server was away."};
metrics::Counter given_back{"aldis_peer_stanzas_given_back_total", "Stanzas for other servers that were given back to their senders."};

constexpr std::size_t page_stanzas = 100;
constexpr std::size_t page_bytes = 256 * 1024;
constexpr std::size_t window = 500;          // stored stanzas under way at a time
constexpr std::chrono::seconds no_again{10}; // after a final failure: not even tried

// What is worth waiting for: nobody misses who was online an hour ago, and whoever asked has been told meanwhile.
enum class Worth : std::uint8_t { kept, answered, dropped };
Worth worth_of(const Stanza& stanza) {
  if (stanza.is_request()) {
    return Worth::answered;
  }
  if (stanza.is_iq() || stanza.is_error()) {
    return Worth::dropped;
  }
  if (stanza.is_presence()) {
    const StanzaType type = stanza.type();
    const bool is_passing = type == StanzaType::available || type == StanzaType::unavailable || type == StanzaType::probe;
    return is_passing ? Worth::dropped : Worth::kept;
  }
  return Worth::kept;
}

QueuePair key_of(const stream::DomainPair& pair) { return {pair.from, pair.to}; }

}  // namespace

std::string_view to_string(Link::State state) {
  switch (state) {
    case Link::State::idle: return "idle";
    case Link::State::connecting: return "connecting";
    case Link::State::open: return "open";
    case Link::State::waiting: return "away";
  }
  return "";
}

Link::Link(PeerTable& table, stream::DomainPair pair) : table_(table), pair_(std::move(pair)) {}

Link::~Link() { stop_timer(); }

bool Link::is_forgettable() const {
  return state_ == State::idle && queue_.empty() && sent_.empty() && stored_ == 0 && *appending_ == 0 && peers_previd_.empty() &&
         (!last_failure_ || table_.wall() - last_failure_->when > std::chrono::hours(1));
}

bool Link::is_full(std::size_t bytes) const {
  const QueueLimits& limits = table_.options().queue;
  return queue_.size() >= limits.max_stanzas || queue_bytes_ + bytes > limits.max_bytes;
}

void Link::send(Envelope envelope) {
  if (state_ == State::idle && last_failure_ && last_failure_->is_final && table_.wall() - last_failure_->when < no_again) {
    give_back(std::move(envelope), StanzaCondition::remote_server_not_found);
    return;
  }
  Item item{.envelope = std::move(envelope), .position = ++position_, .queued = table_.wall()};
  item.bytes = item.envelope.stanza->size();
  if (state_ == State::open && queue_.empty() && !is_draining_ && !stream_->is_ending()) {
    transmit(std::move(item));
    return;
  }
  if (state_ == State::waiting || is_closing_) {
    store(std::move(item));
    return;
  }
  if (is_full(item.bytes)) {
    give_back(std::move(item.envelope), StanzaCondition::resource_constraint);
    return;
  }
  queue_bytes_ += item.bytes;
  queue_.push_back(std::move(item));
  if (state_ == State::idle) {
    connect();
  }
}

void Link::remember_stored(const QueueTotals& totals) {
  stored_ = totals.stanzas;
  position_ = std::max(position_, totals.last_position);
  retry_later();
}

// ---- streams

void Link::connect() {
  stop_timer();
  if (is_closing_) {
    return;
  }
  state_ = State::connecting;
  if (!std::exchange(is_attempting_, true)) {
    table_.connect(pair_);
  }
}

bool Link::use(PeerStream& stream) {
  is_attempting_ = is_attempting_ && stream.is_inbound();
  if (stream_ != nullptr) {
    return false;
  }
  if (stream.is_inbound()) {   // it begins anew, whatever was to be resumed
    forget_former_stream();
  } else {
    forget_peers_stream();
  }
  adopt(stream);
  return true;
}

void Link::adopt(PeerStream& stream) {
  stop_timer();
  stream_ = &stream;
  stream.link_ = this;
  state_ = State::open;
  is_asked_ = false;
  last_failure_.reset();
}

void Link::forget_former_stream() {
  resumable_ = {};
  peers_previd_.clear();
  take_back_sent();
}

void Link::forget_peers_stream() {
  if (!std::exchange(peers_previd_, {}).empty() && stream_ == nullptr) {
    take_back_sent();
  }
}

std::optional<StreamError> Link::check_acknowledgement(std::uint32_t h) const {
  return count_.newly_acknowledged(h) ? std::nullopt : std::optional(stream::handled_count_too_high(h, static_cast<std::uint32_t>(count_.sent())));
}

void Link::resumed_by_peer(PeerStream& stream, std::uint32_t h) {
  adopt(stream);
  const std::optional<StreamError> error = resumed(h);
  ensure(!error, "what the peer says that it has handled was checked");
}

std::optional<StreamError> Link::resumed(std::uint32_t h) {
  if (std::optional<StreamError> error = acknowledged(h)) {
    return error;
  }
  for (Item& item : sent_) {
    stream_->send(*item.envelope.stanza);
  }
  if (!sent_.empty() && !std::exchange(is_asked_, true)) {
    stream_->ask();
  }
  return std::nullopt;
}

void Link::failed(LinkFailure failure) {
  failure.when = table_.wall();
  log::info("peer-not-reached", {{"host", pair_.from}, {"peer", pair_.to}, {"cause", failure.text}, {"final", failure.is_final}});
  const bool is_final = failure.is_final;
  is_attempting_ = false;
  if (stream_ != nullptr) {  // the peer has come meanwhile
    return;
  }
  last_failure_ = std::move(failure);
  forget_former_stream();
  if (is_final) {
    state_ = State::idle;
    give_back_all(StanzaCondition::remote_server_not_found);
    return;
  }
  state_ = State::waiting;
  store_queue();
  retry_later();
}

void Link::lost(PeerStream& stream) {
  if (stream_ != &stream) {
    return;
  }
  note_flushed();
  stream_ = nullptr;
  is_draining_ = false;
  go_on();
  if (stream.is_inbound() && !peers_previd_.empty() && uncounted_ == 0 && !is_closing_) {
    await_peer();
    return;
  }
  peers_previd_.clear();
  find_another_stream();
}

// Only the peer can resume it, and only then is it known what it has of what it has not acknowledged.
void Link::await_peer() {
  if (sent_.empty()) {   // nothing that could arrive twice
    state_ = State::idle;
    if (!queue_.empty() || stored_ != 0) {
      find_another_stream();
    }
    return;
  }
  state_ = State::connecting;
  stop_timer();
  retry_ = table_.shard().after(table_.options().resumption_patience, [this] {
    retry_ = TimerId::none;
    peers_previd_.clear();
    find_another_stream();
  });
}

void Link::find_another_stream() {
  if (resumable_.previd.empty()) {
    take_back_sent();
  }
  state_ = State::idle;
  if (is_closing_ || (queue_.empty() && sent_.empty() && stored_ == 0)) {
    forget_former_stream();
    return;
  }
  if (attempts_ == 0) {
    ++attempts_;
    connect();
    return;
  }
  forget_former_stream();
  store_queue();
  retry_later();
}

// What the store has is read again; what it has not goes before what has not been sent.
void Link::take_back_sent() {
  for (; !sent_.empty(); sent_.pop_back()) {
    Item& item = sent_.back();
    if (!item.is_stored) {
      queue_bytes_ += item.bytes;
      queue_.push_front(std::move(item));
    }
  }
  read_up_to_ = done_up_to_;
  count_ = {};
  uncounted_ = 0;
}

void Link::retry_later() {
  stop_timer();
  if (is_closing_) {
    return;
  }
  if (queue_.empty() && stored_ == 0) {
    state_ = State::idle;
    return;
  }
  state_ = State::waiting;
  attempts_ = std::min(attempts_ + 1, 30U);
  const auto& options = table_.options();
  const auto full = std::min<std::chrono::milliseconds>(options.retry_first * (1LL << std::min(attempts_ - 1, 16U)), options.retry_most);
  const auto half = static_cast<std::uint64_t>(full.count() / 2);
  const std::chrono::milliseconds delay(half + random_u64(table_.world().random) % (half + 1));   // not all servers at once
  retry_ = table_.shard().after(delay, [this] {
    retry_ = TimerId::none;
    connect();
  });
}

void Link::stop_timer() {
  if (retry_ != TimerId::none) {
    table_.shard().cancel(std::exchange(retry_, TimerId::none));
  }
}

// ---- sending

void Link::begin() {
  if (stored_ > 0) {
    is_draining_ = true;
    spawn(drain(table_, pair_, stream_->id()));
  } else {
    send_queue();
  }
}

void Link::transmit(Item item) {
  if (item.envelope.acceptance && is_settled_when_handed_over(item.envelope)) {
    item.envelope.acceptance.reset();
  }
  stream_->send(*item.envelope.stanza);
  ++total_sent_;
  item.mark = stream_->queued_total();
  sent_.push_back(std::move(item));
  if (stream_->is_managed()) {
    count_.send();
    if (!std::exchange(is_asked_, true)) {
      stream_->ask();
    }
  } else if (!std::exchange(is_looking_, true)) {
    table_.look_after_flush(pair_);
  }
}

void Link::send_queue() {
  while (!queue_.empty() && state_ == State::open && !stream_->is_ending()) {
    Item item = std::move(queue_.front());
    queue_.pop_front();
    queue_bytes_ -= item.bytes;
    transmit(std::move(item));
  }
}

std::optional<StreamError> Link::acknowledged(std::uint32_t h) {
  if (std::optional<StreamError> error = check_acknowledgement(h)) {
    return error;
  }
  const std::optional<std::uint64_t> more = count_.acknowledge(h);
  for (; *more > 0 && uncounted_ > 0 && !sent_.empty(); --uncounted_) {  // they came before what is acknowledged
    done(std::move(sent_.front()));
    sent_.pop_front();
  }
  for (std::uint64_t i = 0; i < *more && !sent_.empty(); ++i) {
    done(std::move(sent_.front()));
    sent_.pop_front();
  }
  forget_stored();
  is_asked_ = false;
  if (stream_ != nullptr && !sent_.empty()) {
    is_asked_ = true;
    stream_->ask();
  }
  if (sent_.size() < window / 2) {
    go_on();
  }
  return std::nullopt;
}

// drain() has waited for this.
void Link::go_on() {
  if (const auto waiting = std::move(pace_)) {
    waiting->complete(true);
  }
}

void Link::managed() {
  uncounted_ = sent_.size();
  count_ = {};
  is_asked_ = false;
}

void Link::note_flushed() {
  if (stream_ == nullptr || (stream_->is_managed() && uncounted_ == 0)) {
    return;
  }
  while (!sent_.empty() && (!stream_->is_managed() || uncounted_ > 0) && sent_.front().mark <= stream_->sent_total()) {
    done(std::move(sent_.front()));
    sent_.pop_front();
    uncounted_ -= std::min<std::size_t>(uncounted_, 1);
  }
  forget_stored();
  if (sent_.size() < window / 2) {
    go_on();
  }
}

void Link::after_flush() {
  is_looking_ = false;
  note_flushed();
}

void Link::done(Item item) {
  attempts_ = 0;
  if (item.is_stored) {
    done_up_to_ = item.position;
    --stored_;
  }
}

void Link::forget_stored() {
  if (done_up_to_ == forgotten_up_to_) {
    return;
  }
  forgotten_up_to_ = done_up_to_;
  spawn([](PeerTable& table, QueuePair key, std::uint64_t position) -> Task<void> {
    const Result<void> removed = co_await table.world().stores.outbound_queue.remove_up_to(std::move(key), position);
    if (!removed) {  // it will be sent once more
      log::warning("peer-queue-not-removed", {{"cause", removed.error().what}});
    }
  }(table_, key_of(pair_), done_up_to_));
}

// What the store holds goes first, in pages, no faster than the peer takes it.
Task<void> Link::drain(PeerTable& table, stream::DomainPair pair, PeerStream::Id stream) {
  for (;;) {
    Link* self = table.find_link(pair);
    if (self == nullptr || self->stream_ == nullptr || self->stream_->id() != stream || self->stream_->is_ending()) {
      co_return;
    }
    const std::uint64_t after = self->read_up_to_;
    const Result<std::vector<QueuedStanza>> page =
        co_await table.world().stores.outbound_queue.load(key_of(pair), after, page_stanzas, page_bytes);
    self = table.find_link(pair);
    if (self == nullptr || self->stream_ == nullptr || self->stream_->id() != stream || self->stream_->is_ending()) {
      co_return;
    }
    if (!page) {
      log::warning("peer-queue-not-read", {{"host", pair.from}, {"peer", pair.to}, {"cause", page.error().what}});
      self->stream_->end({.condition = StreamCondition::internal_server_error});  // order is kept: nothing overtakes them
      co_return;
    }
    if (page->empty()) {
      self->is_draining_ = false;
      self->send_queue();
      co_return;
    }
    for (const QueuedStanza& stored : *page) {
      self->read_up_to_ = stored.position;
      self->transmit_stored(stored);
    }
    if (self->sent_.size() >= window) {
      const auto paced = std::make_shared<Completion<bool>>();
      self->pace_ = paced;
      const Completion<bool> waiting = *paced;
      static_cast<void>(co_await waiting);
    }
  }
}

void Link::transmit_stored(const QueuedStanza& stored) {
  Result<StanzaPtr, Stanza::Refusal> parsed = Stanza::parse(stored.stanza, xml::Scope{"jabber:client"});
  if (!parsed) {
    log::error("peer-queue-unreadable", {{"host", pair_.from}, {"peer", pair_.to}, {"position", stored.position}});
    done_up_to_ = stored.position;
    --stored_;
    return;
  }
  std::string delay;
  Delay{.stamp = stored.queued, .from = BareJid::parse(pair_.from).value(), .reason = {}}.write(delay);
  const auto keep_all = [](const xml::Element&) { return false; };
  transmit({.envelope = {.stanza = (*parsed)->amended(keep_all, delay)},
            .position = stored.position,
            .queued = stored.queued,
            .bytes = stored.stanza.size(),
            .is_stored = true});
}

// ---- the other server is away

void Link::store(Item item) {
  switch (worth_of(*item.envelope.stanza)) {
    case Worth::dropped: return;
    case Worth::answered: give_back(std::move(item.envelope), StanzaCondition::remote_server_timeout); return;
    case Worth::kept: break;
  }
  if (table_.options().queue_time.count() == 0) {
    give_back(std::move(item.envelope), StanzaCondition::remote_server_timeout);
    return;
  }
  waiting_total.add();
  ++stored_;
  spawn(append(table_, pair_, std::move(item), appending_));
}

Task<void> Link::append(PeerTable& table, stream::DomainPair pair, Item item, std::shared_ptr<std::uint64_t> appending) {
  ++*appending;
  QueuedStanza stanza{.position = item.position, .queued = item.queued, .stanza = item.envelope.stanza->to_xml()};
  const QueueLimits limits = table.options().queue;
  const Result<void> stored = co_await table.world().stores.outbound_queue.append(key_of(pair), std::move(stanza), limits);
  --*appending;
  if (stored) {
    co_return;
  }
  if (Link* self = table.find_link(pair)) {
    --self->stored_;
  }
  if (stored.error().kind != ErrorKind::full) {
    log::warning("peer-queue-not-written", {{"host", pair.from}, {"peer", pair.to}, {"cause", stored.error().what}});
  }
  given_back.add();
  table.world().router.give_back(std::move(item.envelope), StanzaError(StanzaCondition::resource_constraint));
}

void Link::store_queue() {
  queue_bytes_ = 0;
  for (Item& item : std::exchange(queue_, {})) {
    store(std::move(item));
  }
}

void Link::give_back(Envelope envelope, StanzaCondition condition) {
  given_back.add();
  table_.world().router.give_back(std::move(envelope), StanzaError(condition));
}

void Link::give_back_all(StanzaCondition condition) {
  queue_bytes_ = 0;
  for (Item& item : std::exchange(queue_, {})) {
    give_back(std::move(item.envelope), condition);
  }
  if (stored_ > 0) {
    stored_ = 0;
    spawn(table_.give_back_stored(pair_, position_, condition));
  }
}

void Link::expired(std::uint64_t stanzas) { stored_ -= std::min(stored_, stanzas); }

void Link::peer_is_back() {
  if (state_ == State::waiting) {
    attempts_ = 0;
    connect();
  }
}

void Link::close_if_unused() {
  if (state_ == State::open && stream_ != nullptr && queue_.empty() && sent_.empty() && stored_ == 0 &&
      table_.now() - stream_->used() > table_.options().idle_time) {
    stream_->retire();
  }
}

void Link::put_away() {
  is_closing_ = true;
  stop_timer();
  resumable_ = {};
  peers_previd_.clear();
  note_flushed();
  take_back_sent();
  store_queue();
  if (stream_ != nullptr) {
    stream_->end({.condition = StreamCondition::system_shutdown});
  }
}

}  // namespace aldis::federation
