// Link: what is on its way from one domain served here to one domain elsewhere, in order, whatever happens to connections. It has
// at most one stream to send on: an OutboundPeer of its own, or an InboundPeer that agreed to both directions (XEP-0288).
//
//   idle -> connecting -> open -> idle (nothing to send for a while)
//              |  ^         |
//              v  |         v
//           waiting (the other server is away: stanzas go to the OutboundQueueStore, attempts are repeated)
//
// A stanza is done with, and its sender's Acceptance let go, when the peer has acknowledged it (XEP-0198), or on a stream without
// acknowledgements the kernel has taken it, or it is in the store, or it was given back. What a lost stream had not done is
// sent again on the next, once; what comes while it is being closed waits for the next. While the store holds some, they leave before
// those in memory. A lost stream that only the peer can resume (XEP-0198 on one that it opened) is given a moment to be resumed: then the
// peer says what it has, and nothing arrives twice. On the federation's shard.
#pragma once
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "core/envelope.h"
#include "federation/peer_stream.h"
#include "runtime/executor.h"
#include "runtime/task.h"
#include "storage/outbound_queue_store.h"
#include "stream/stream_management.h"

namespace aldis::federation {

class PeerTable;

// Why there is no stream to a domain.
struct LinkFailure {
  std::string text;            // for the operator
  bool is_final = false;       // trying again would not help now: senders are told at once
  WallTime when{};
};

class Link {
 public:
  enum class State : std::uint8_t { idle, connecting, open, waiting };

  // `pair`: from a domain served here, to the domain whose server is spoken to.
  Link(PeerTable& table, stream::DomainPair pair);
  ~Link();
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  void send(Envelope envelope);
  // What the store holds from before this process began.
  void remember_stored(const QueueTotals& totals);

  // ---- from streams
  // A stream is open that this link may send on; false: it has one.
  [[nodiscard]] bool use(PeerStream& stream);
  void failed(LinkFailure failure);          // no stream came of the attempt
  void lost(PeerStream& stream);             // the stream that is used has ended
  // The stream opened under use() goes on from where the former was: how far the peer had handled it.
  [[nodiscard]] std::optional<StreamError> resumed(std::uint32_t h);
  // XEP-0198: the peer has handled so many. The error ends the stream.
  [[nodiscard]] std::optional<StreamError> acknowledged(std::uint32_t h);
  // XEP-0198 is agreed on the stream that is used, after something may have been sent: what follows is counted.
  void managed();
  void note_flushed();
  void after_flush();   // the turn in which something was sent is over

  // ---- for InboundPeer: what the peer may resume
  // What is sent on the stream that is used is counted under this SM-ID of the peer's; empty: under none.
  void set_peers_previd(std::string previd) { peers_previd_ = std::move(previd); }
  // The stream it had is lost, and the peer may yet resume it.
  [[nodiscard]] bool awaits_resumption() const { return stream_ == nullptr && !peers_previd_.empty(); }
  [[nodiscard]] bool is_resumable_by_peer(std::string_view previd) const { return awaits_resumption() && peers_previd_ == previd; }
  [[nodiscard]] std::optional<StreamError> check_acknowledgement(std::uint32_t h) const;
  // It has: the stream goes on from where the former was, of which it has handled so many; these were checked. Then begin().
  void resumed_by_peer(PeerStream& stream, std::uint32_t h);
  // It will not: what was under way goes another way.
  void forget_peers_stream();

  // ---- for OutboundPeer: what may be resumed
  struct Resumable {
    std::string previd;
    std::shared_ptr<ReceivedCount> received;   // with XEP-0288: of what came the other way
  };
  void set_resumable(Resumable resumable) { resumable_ = std::move(resumable); }
  [[nodiscard]] const Resumable& resumable() const { return resumable_; }
  void forget_former_stream();               // it cannot be resumed: what it had under way is sent anew

  // After use(): sends what waits.
  void begin();
  // The peer was heard of: an attempt is worth while now.
  void peer_is_back();
  void expired(std::uint64_t stanzas);       // so many of those stored have been given back
  void close_if_unused();
  // To the store with all that is in memory; nothing is sent any more. is_put_away(): it is there. Before the process ends.
  void put_away();
  [[nodiscard]] bool is_put_away() const { return *appending_ == 0; }

  [[nodiscard]] const stream::DomainPair& pair() const { return pair_; }
  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] std::size_t in_memory() const { return queue_.size() + sent_.size(); }
  [[nodiscard]] std::uint64_t stored() const { return stored_; }
  [[nodiscard]] const std::optional<LinkFailure>& last_failure() const { return last_failure_; }
  [[nodiscard]] PeerStream* stream() const { return stream_; }
  [[nodiscard]] std::uint64_t sent() const { return total_sent_; }
  // Nothing to keep in mind.
  [[nodiscard]] bool is_forgettable() const;

 private:
  struct Item {
    Envelope envelope;
    std::uint64_t position = 0;    // in the order of the link
    std::uint64_t mark = 0;        // of the connection's bytes, behind it
    WallTime queued{};
    std::size_t bytes = 0;
    bool is_stored = false;
  };

  void adopt(PeerStream& stream);
  void await_peer();
  void find_another_stream();
  void connect();
  void transmit(Item item);
  void take_back_sent();
  void send_queue();
  [[nodiscard]] static Task<void> drain(PeerTable& table, stream::DomainPair pair, PeerStream::Id stream);
  void go_on();
  void transmit_stored(const QueuedStanza& stored);
  void store(Item item);
  [[nodiscard]] static Task<void> append(PeerTable& table, stream::DomainPair pair, Item item, std::shared_ptr<std::uint64_t> pending);
  void store_queue();
  void done(Item item);
  void forget_stored();
  void give_back(Envelope envelope, StanzaCondition condition);
  void give_back_all(StanzaCondition condition);
  void retry_later();
  void stop_timer();
  [[nodiscard]] bool is_full(std::size_t bytes) const;

  PeerTable& table_;
  const stream::DomainPair pair_;
  State state_ = State::idle;
  PeerStream* stream_ = nullptr;
  std::deque<Item> queue_;               // in memory, not sent
  std::deque<Item> sent_;                // on the stream, not done
  std::size_t queue_bytes_ = 0;
  std::uint64_t position_ = 0;           // of the last
  std::uint64_t stored_ = 0;             // in the store, not done
  std::uint64_t read_up_to_ = 0;         // of the store, by drain()
  std::uint64_t done_up_to_ = 0;         // stored ones that are done
  bool is_attempting_ = false;           // an OutboundPeer is on its way
  bool is_draining_ = false;
  std::uint64_t forgotten_up_to_ = 0;    // and have been removed
  bool is_asked_ = false;                // an acknowledgement is under way
  bool is_looking_ = false;              // note_flushed() will be called
  bool is_closing_ = false;
  stream::SentCount count_;
  std::size_t uncounted_ = 0;            // of sent_, those at its front that left before counting began
  Resumable resumable_;
  std::string peers_previd_;             // not empty: what is in sent_ is counted on a stream that the peer opened, and may resume
  std::uint32_t attempts_ = 0;
  TimerId retry_ = TimerId::none;
  std::optional<LinkFailure> last_failure_;
  std::uint64_t total_sent_ = 0;
  std::shared_ptr<Completion<bool>> pace_;   // drain() waits for the peer
  std::shared_ptr<std::uint64_t> appending_ = std::make_shared<std::uint64_t>(0);
};

[[nodiscard]] std::string_view to_string(Link::State state);

}  // namespace aldis::federation
