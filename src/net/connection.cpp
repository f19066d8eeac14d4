// Life and death of a Connection, and its write side. The read side is receive.cpp.
#include "net/connection.h"

#include "base/metrics.h"

#include <cstring>

#include "base/ensure.h"

namespace aldis::net {
namespace {
metrics::Counter flushes{"aldis_stanzas_total", "Stanzas that passed a step; of shard_flush, connections flushed.", {{"step", "shard_flush"}}};
}  // namespace

namespace {
constexpr std::size_t encrypted_at_once = 64 * 1024;  // the rest stays plain, where its owner can still count it
}

std::string_view to_string(CloseReason reason) {
  switch (reason) {
    case CloseReason::peer_closed:
      return "peer-closed";
    case CloseReason::io_error:
      return "io-error";
    case CloseReason::tls_error:
      return "tls-error";
    case CloseReason::write_queue_full:
      return "write-queue-full";
    case CloseReason::local:
      return "local";
  }
  return "local";
}

// Owns a connection that only has to end well.
class Connection::Lingering final : public Adopted, private Owner {
 public:
  Lingering(Shard& shard, std::unique_ptr<Connection> connection) : shard_(shard), connection_(std::move(connection)) {
    connection_->owner_ = this;
  }

 private:
  bool on_frame(Connection&, xml::Framer::Frame) override { return false; }
  void on_framing_error(Connection&, xml::XmlError) override {}
  void on_tls_established(Connection&) override {}
  void on_closed(Connection&, CloseReason, std::string_view) override { shard_.release(*this); }
  Shard& shard_;
  std::unique_ptr<Connection> connection_;
};

Connection::Connection(std::unique_ptr<Transport> transport, ConnectionLimits limits)
    : transport_(std::move(transport)), limits_(limits) {}

Connection::~Connection() {
  if (reading_ != nullptr) {
    std::exchange(reading_, nullptr)->gone = true;
  }
  leave_shard();
}

void Connection::attach(Shard& shard, Owner& owner) {
  ensure(shard_ == nullptr, "a connection is attached to one shard");
  shard_ = &shard;
  owner_ = &owner;
  readable_ = false;
  hung_up_ = false;
  blocked_ = false;
  if (state_ != State::open) {
    shard.run_next_turn(*this);
    return;
  }
  if (!transport_->attach(shard, *this)) {
    close_soon(CloseReason::io_error);  // no watch to be had
    return;
  }
  if (!unread_.empty() || peer_ended_) {
    shard.run_next_turn(*this);
  }
  if (!out_.empty() || !wire_.empty()) {
    shard.flush_at_turn_end(*this);
  }
}

void Connection::detach() {
  ensure(state_ == State::open || state_ == State::closed, "a connection that closes stays on its shard");
  leave_shard();
}

// Nothing of this object is known to the shard, the transport's watch or a receive() on the stack afterwards.
void Connection::leave_shard() {
  if (reading_ != nullptr) {
    unread_.append(reading_->rest);
    std::exchange(reading_, nullptr)->gone = true;
  }
  if (shard_ != nullptr) {
    transport_->detach();
    shard_->cancel(std::exchange(linger_, TimerId::none));
    TurnEnd::unlink();
    NextTurn::unlink();
    shard_ = nullptr;
    owner_ = nullptr;
  }
}

void Connection::start_tls(std::shared_ptr<const tls::TlsContext> context) {
  start_tls_with(tls::TlsEngine::server(std::move(context)));
}

void Connection::start_tls_client(std::shared_ptr<const tls::TlsContext> context, const std::string& host) {
  start_tls_with(tls::TlsEngine::client(std::move(context), host));
  const auto started = tls_->start(wire_);
  ensure(started.has_value(), "a ClientHello can be made");
}

void Connection::start_tls_with(tls::TlsEngine engine) {
  ensure(!tls_, "TLS is started once");
  wire_.append(out_);
  wire_plain_ += static_cast<std::uint32_t>(out_.size());
  out_.clear();
  // Security T01: what came in the clear behind <starttls/> is nobody's.
  framer_.reset();
  unread_ = std::string();
  if (reading_ != nullptr) {
    reading_->rest = {};
  }
  tls_ = std::make_unique<tls::TlsEngine>(std::move(engine));
  if (shard_ != nullptr) {
    shard_->flush_at_turn_end(*this);
  }
}

std::string& Connection::out() {
  if (state_ != State::open) {
    thread_local std::string dropped;
    dropped.clear();
    return dropped;
  }
  if (shard_ != nullptr) {
    if (out_.empty() && out_.capacity() < 64) {
      out_ = shard_->take_buffer();
    }
    shard_->flush_at_turn_end(*this);
  }
  return out_;
}

void Connection::on_turn_end() {
  if (state_ == State::closed) {
    return;
  }
  flushes.add();
  switch (blocked_ ? Flushed::blocked : write_all()) {
    case Flushed::gone:
      return;
    case Flushed::blocked:
      was_blocked_ = true;
      if (out_.size() + wire_.size() > limits_.write_queue_bytes) {
        closed(CloseReason::write_queue_full, "the peer does not read");
      }
      return;
    case Flushed::all:
      break;
  }
  if (state_ == State::closing) {
    end_our_side();
    return;
  }
  if (was_blocked_) {
    was_blocked_ = false;
    shard_->run_next_turn(*this);  // reading may have stopped meanwhile
    owner_->on_drained(*this);
  }
}

// Writes the queue as far as the kernel takes it, encrypting on the way; what waits encrypted (a ticket) goes with it.
Connection::Flushed Connection::write_all() {
  while (true) {
    if (tls_established_ && wire_plain_ == 0 && !out_.empty() && !encrypt_some()) {
      closed(CloseReason::tls_error, "TLS refuses to send");
      return Flushed::gone;
    }
    std::size_t written = 0;
    Flushed result = write(wire_, written);
    if (result != Flushed::all) {
      return result;
    }
    sent_total_ += std::exchange(wire_plain_, 0);
    if (out_.empty() || (tls_ && !tls_established_)) {
      break;  // nothing in the clear once a handshake has begun
    }
    if (!tls_) {
      result = write(out_, written);
      if (result == Flushed::gone) {
        return result;  // the owner may have destroyed this
      }
      sent_total_ += written;
      if (result != Flushed::all) {
        return result;
      }
    }
  }
  if (out_.empty()) {
    shard_->give_buffer(std::exchange(out_, {}));
  }
  shard_->give_buffer(std::exchange(wire_, {}));
  return Flushed::all;
}

bool Connection::encrypt_some() {
  const std::size_t some = std::min(out_.size(), encrypted_at_once);
  if (wire_.capacity() < 64) {
    wire_ = shard_->take_buffer();
  }
  if (!tls_->send(std::string_view(out_).substr(0, some), wire_)) {
    return false;
  }
  wire_plain_ = static_cast<std::uint32_t>(some);
  out_.erase(0, some);
  if (state_ == State::closing && out_.empty()) {
    tls_->close_notify(wire_);  // with the last words
  }
  return true;
}

// `bytes` keeps what the kernel does not take. After Flushed::gone nothing of this object may be touched.
Connection::Flushed Connection::write(std::string& bytes, std::size_t& written) {
  written = 0;
  while (written < bytes.size()) {
    const IoResult result = transport_->write(std::string_view(bytes).substr(written));
    if (result.status == IoStatus::ok) {
      written += result.bytes;
      continue;
    }
    bytes.erase(0, written);
    if (result.status == IoStatus::would_block) {
      blocked_ = true;
      return Flushed::blocked;
    }
    sent_total_ += &bytes == &out_ ? written : 0;
    closed(CloseReason::io_error, std::strerror(result.error));
    return Flushed::gone;
  }
  bytes.clear();
  return Flushed::all;
}

void Connection::pause() {
  paused_ = true;
}

void Connection::resume() {
  paused_ = false;
  if (reading_ != nullptr) {
    reading_->resumed = true;
  }
  if (shard_ != nullptr) {
    shard_->run_next_turn(*this);
  }
}

void Connection::restart_stream() {
  framer_.reset();
}

void Connection::close(std::string_view last_bytes) {
  if (state_ != State::open) {
    return;
  }
  ensure(shard_ != nullptr, "a connection is closed where it is attached");
  if (!tls_ || tls_established_) {
    out_.append(last_bytes);
  } else {
    out_.clear();  // the handshake is not over: nothing can be said any more
  }
  state_ = State::closing;
  unread_ = std::string();
  if (reading_ != nullptr) {
    reading_->rest = {};
  }
  linger_ = shard_->after(std::chrono::milliseconds(limits_.linger_ms), [this] {
    linger_ = TimerId::none;
    closed(CloseReason::local, "the peer did not end its side in time");
  });
  shard_->flush_at_turn_end(*this);
}

// All is written: TLS ends, then the stream.
void Connection::end_our_side() {
  if (tls_) {
    std::string last;
    tls_->close_notify(last);
    if (!last.empty()) {
      static_cast<void>(transport_->write(last));  // the peer's loss if its window is full at this very moment
    }
  }
  transport_->shutdown_write();
  state_ = State::lingering;
  if (peer_ended_) {
    closed(CloseReason::local, {});
    return;
  }
  shard_->run_next_turn(*this);
}

void Connection::abort() {
  if (state_ != State::closed) {
    close_soon(CloseReason::local);
  }
}

void Connection::close_and_release(std::unique_ptr<Connection> connection, std::string_view last_bytes) {
  Shard* const shard = connection->shard_;
  if (shard == nullptr || connection->state_ == State::closed) {
    return;
  }
  connection->close(last_bytes);
  shard->adopt(std::make_unique<Lingering>(*shard, std::move(connection)));
}

// Ends everything now and tells the owner in the next turn.
void Connection::close_soon(CloseReason reason) {
  state_ = State::closed;
  close_reason_ = reason;
  if (reading_ != nullptr) {
    reading_->gone = true;
    reading_ = nullptr;
  }
  transport_->close(true);
  if (shard_ != nullptr) {
    shard_->cancel(std::exchange(linger_, TimerId::none));
    shard_->run_next_turn(*this);
  }
}

// Ends everything and tells the owner, who may destroy this object: callers return at once.
void Connection::closed(CloseReason reason, std::string_view detail) {
  state_ = State::closed;
  if (reading_ != nullptr) {
    reading_->gone = true;
    reading_ = nullptr;
  }
  transport_->close(reason == CloseReason::write_queue_full);
  shard_->cancel(std::exchange(linger_, TimerId::none));
  TurnEnd::unlink();
  NextTurn::unlink();
  owner_->on_closed(*this, reason, detail);
}

std::size_t Connection::memory() const {
  const auto heap = [](const std::string& s) { return s.capacity() > 15 ? s.capacity() + 1 : 0; };
  return sizeof *this + sizeof(TcpTransport) + heap(out_) + heap(wire_) + heap(unread_) + framer_.buffered();
}

}  // namespace aldis::net
