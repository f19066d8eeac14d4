// Connection: Transport, TlsEngine, Framer and a bounded write queue. Step 1 of a message's way (Connection::receive)
// and the work of step 7 (Shard::flush): what a turn appended leaves in one TLS write and one system call. Owned by a
// Session or by the lobby; it can be detached and moved to another shard. It does not parse stanzas nor know what they
// mean.
//
// Life: constructed -> attach -> [pause/resume, start_tls, restart_stream] -> close or abort -> on_closed -> destroyed.
// Every callback may pause, detach, close, abort or destroy the connection.
#pragma once
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "net/transport.h"
#include "runtime/shard.h"
#include "tls/engine.h"
#include "xml/framer.h"

namespace aldis::net {

struct ConnectionLimits {
  std::uint32_t write_queue_bytes = 1024 * 1024;  // left after the kernel took what it would: more ends the connection
  std::uint32_t stop_reading_bytes =
      256 * 1024;                               // of unsent bytes: a peer that does not read is not read (security E04)
  std::uint32_t read_bytes_a_turn = 64 * 1024;  // then others get their turn
  std::uint32_t linger_ms = 3000;               // for the peer to end its side after ours is ended
};

// What may be received before the budget is lifted; one more byte or frame is on_framing_error with too_many.
struct ConnectionBudget {
  std::uint32_t bytes = std::numeric_limits<std::uint32_t>::max();   // decrypted
  std::uint32_t frames = std::numeric_limits<std::uint32_t>::max();  // stream headers and first-level elements
};

enum class CloseReason : std::uint8_t {
  peer_closed,       // the peer ended the TCP stream or TLS
  io_error,          // reset, timeout; detail is the system's text
  tls_error,         // handshake refused, bad record; detail is the engine's text
  write_queue_full,  // the peer does not read
  local,             // after close() or abort()
};
[[nodiscard]] std::string_view to_string(CloseReason reason);

class Connection final : private Watcher, private TurnEnd, private NextTurn {
 public:
  class Owner {
   public:
    // The frame's bytes are valid until this returns, and not after detach(), restart_stream() or start_tls().
    // False: deliver nothing more now; on a connection that is still attached and open it is pause(), unless resume() was
    // called meanwhile: an answer that was waited for may be there at once.
    virtual bool on_frame(Connection& connection, xml::Framer::Frame frame) = 0;
    // Nothing is read any more. The owner sends its stream error with close().
    virtual void on_framing_error(Connection& connection, xml::XmlError error) = 0;
    virtual void on_tls_established(Connection& connection) = 0;
    // The last call; the transport is closed. Never from within a call of the owner's.
    virtual void on_closed(Connection& connection, CloseReason reason, std::string_view detail) = 0;
    // All that was queued has been taken by the kernel, after a time when it was not.
    virtual void on_drained(Connection& connection) { static_cast<void>(connection); }

   protected:
    ~Owner() = default;
  };

  explicit Connection(std::unique_ptr<Transport> transport, ConnectionLimits limits = {});
  // Closes the transport at once when nobody closed it before; calls nobody.
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Starts reading and calling `owner`, on this shard's thread, from the next turn on.
  void attach(Shard& shard, Owner& owner);
  // Stops both. Unread bytes and the write queue are kept; afterwards the connection may be moved to another thread and
  // attached there.
  void detach();
  [[nodiscard]] bool is_attached() const { return shard_ != nullptr; }

  // Server side of a handshake, STARTTLS or direct. What was appended before leaves unencrypted, then the handshake
  // begins; received bytes that were not framed yet are dropped (security T01). At most once.
  void start_tls(std::shared_ptr<const tls::TlsContext> context);
  // Client side; `host` is sent as SNI.
  void start_tls_client(std::shared_ptr<const tls::TlsContext> context, const std::string& host);
  // Null without TLS or before it is established.
  [[nodiscard]] const tls::TlsEngine* tls() const { return tls_established_ ? tls_.get() : nullptr; }
  [[nodiscard]] bool is_encrypted() const { return tls_established_; }
  // The peer may come back with a ticket instead of a whole handshake: it goes with what is sent next. Once; later calls cost nothing.
  void give_ticket() {
    if (tls_established_ && !ticket_given_) {
      ticket_given_ = true;
      tls_->give_ticket();
    }
  }

  // The write queue; whole stanzas are appended to it. Flushed at the end of the turn. After close() what is appended
  // is dropped.
  [[nodiscard]] std::string& out();
  void send(std::string_view bytes) { out().append(bytes); }
  // Plain bytes queued so far, and of these how many are known to be with the kernel; never decreasing. A Session that
  // notes queued_total() after each stanza can tell at on_closed which were not sent.
  [[nodiscard]] std::uint64_t queued_total() const { return sent_total_ + unsent_bytes(); }
  [[nodiscard]] std::uint64_t sent_total() const { return sent_total_; }
  [[nodiscard]] std::size_t unsent_bytes() const { return out_.size() + wire_plain_; }
  // Bytes read off the line so far, modulo 2^32, keepalives and handshakes included: whether the peer was silent.
  [[nodiscard]] std::uint32_t received_total() const { return received_total_; }
  // The kernel has refused bytes and not yet said that it takes more.
  [[nodiscard]] bool is_blocked() const { return blocked_; }

  // No frame is delivered while paused; at most one read's worth of bytes is held meanwhile.
  void pause();
  void resume();  // from the next turn on
  [[nodiscard]] bool is_paused() const { return paused_; }

  // RFC 6120 4.3.3: the next frame is a stream header. Bytes already received stay.
  void restart_stream();
  void set_limits(const xml::Limits& limits) { framer_.set_limits(limits); }
  void set_limits(const ConnectionLimits& limits) { limits_ = limits; }
  // Counts from now on.
  void set_budget(const ConnectionBudget& budget) { budget_ = budget; }

  // Sends what is queued and `last_bytes`, ends TLS and our side of the stream, waits up to linger_ms for the peer's
  // end while dropping what it sends, then on_closed(local). No frame is delivered after it.
  void close(std::string_view last_bytes);
  // At once, with a TCP reset; then on_closed(local) in the next turn.
  void abort();
  // close() for an owner that goes away now: the shard keeps the connection until it is closed.
  static void close_and_release(std::unique_ptr<Connection> connection, std::string_view last_bytes);

  [[nodiscard]] PeerAddress peer() const { return transport_->peer(); }
  // Heap and object bytes this connection holds, an estimate, for accounting; without TLS, which counts itself.
  [[nodiscard]] std::size_t memory() const;

 private:
  class Lingering;
  // One receive(), on the stack: how a callback tells it that the connection is gone, or what was dropped.
  struct Reading {
    std::string_view rest;  // received, decrypted, not framed yet
    bool gone = false;      // destroyed, detached or closed: touch nothing
    bool resumed = false;   // resume() since the last frame was handed over
  };
  enum class State : std::uint8_t {
    open,
    closing,    // after close(): flushing
    lingering,  // our side is ended; waiting for the peer's end
    closed,
  };
  enum class Flushed : std::uint8_t { all, blocked, gone };

  void on_ready(bool readable, bool writable, bool hung_up) override;
  void on_next_turn() override;
  void on_turn_end() override;
  void receive();
  void read_some(Reading& reading);
  void discard_some();
  void take(Reading& reading, std::span<const std::uint8_t> bytes);
  void take_ciphertext(Reading& reading, std::span<const std::uint8_t> bytes);
  void deliver(Reading& reading);
  void framing_error(Reading& reading, xml::XmlError error);
  [[nodiscard]] bool may_read() const;
  [[nodiscard]] Flushed write(std::string& bytes, std::size_t& written);
  // From the queue into wire_.
  bool encrypt_some();
  [[nodiscard]] Flushed write_all();
  void end_our_side();
  void start_tls_with(tls::TlsEngine engine);
  void closed(CloseReason reason, std::string_view detail);
  void close_soon(CloseReason reason);
  void leave_shard();

  std::unique_ptr<Transport> transport_;
  std::unique_ptr<tls::TlsEngine> tls_;
  Shard* shard_ = nullptr;
  Owner* owner_ = nullptr;
  Reading* reading_ = nullptr;
  xml::Framer framer_;
  std::string out_;     // plain bytes of the owner
  std::string wire_;    // bytes for the socket, encrypted or sent before TLS
  std::string unread_;  // plain bytes received, kept while paused or detached
  std::uint64_t sent_total_ = 0;
  std::uint32_t received_total_ = 0;
  std::uint32_t wire_plain_ = 0;  // plain bytes that wire_ stands for
  ConnectionBudget budget_;
  ConnectionLimits limits_;
  TimerId linger_ = TimerId::none;
  State state_ = State::open;
  CloseReason close_reason_ = CloseReason::local;
  bool tls_established_ : 1 = false;
  bool paused_ : 1 = false;
  bool readable_ : 1 = false;     // a read may give something
  bool hung_up_ : 1 = false;      // a short read is not the end: read on until it is
  bool blocked_ : 1 = false;      // the kernel takes nothing; its word is awaited
  bool was_blocked_ : 1 = false;  // on_drained is owed
  bool peer_ended_ : 1 = false;
  bool framing_failed_ : 1 = false;
  bool ticket_given_ : 1 = false;
};

}  // namespace aldis::net
