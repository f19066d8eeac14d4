// Step 1 of a message's way: bytes from the transport, through TLS and the Framer, to the owner.
#include <cstring>

#include "base/ensure.h"
#include "base/metrics.h"
#include "net/connection.h"

namespace aldis::net {
namespace {
metrics::Counter frames_total("aldis_stanzas_total", "Stanzas that passed a step.", {{"step", "connection_receive"}});
}

void Connection::on_ready(bool readable, bool writable, bool hung_up) {
  readable_ = readable_ || readable || hung_up;
  hung_up_ = hung_up_ || hung_up;
  if (writable && blocked_) {
    blocked_ = false;
    shard_->flush_at_turn_end(*this);
  }
  if (readable_) {
    receive();
  }
}

void Connection::on_next_turn() {
  if (state_ == State::closed) {
    closed(close_reason_, close_reason_ == CloseReason::io_error ? "the kernel does not watch the descriptor" : "");
    return;
  }
  receive();
}

bool Connection::may_read() const {
  return state_ == State::open && !paused_ && !framing_failed_ && unsent_bytes() <= limits_.stop_reading_bytes;
}

void Connection::receive() {
  if (state_ == State::closing || state_ == State::lingering) {
    discard_some();
    return;
  }
  if (!may_read()) {
    return;
  }
  ensure(reading_ == nullptr, "a connection is received from once at a time");
  Reading reading;
  reading_ = &reading;
  read_some(reading);
  if (!reading.gone) {
    reading_ = nullptr;
  }
}

void Connection::read_some(Reading& reading) {
  if (!unread_.empty()) {
    const std::string held = std::exchange(unread_, {});
    reading.rest = held;
    deliver(reading);
    if (reading.gone) {
      return;
    }
  }
  std::size_t total = 0;
  while (may_read() && !peer_ended_ && readable_ && total < limits_.read_bytes_a_turn) {
    const std::span<std::uint8_t> scratch = shard_->scratch();
    const IoResult result = transport_->read(scratch);
    switch (result.status) {
      case IoStatus::ok:
        total += result.bytes;
        received_total_ += static_cast<std::uint32_t>(result.bytes);
        // Edge-triggered: after a short read the next byte is a new edge, unless the peer's end is behind it already.
        readable_ = result.bytes == scratch.size() || hung_up_;
        take(reading, scratch.first(result.bytes));
        if (reading.gone) {
          return;
        }
        break;
      case IoStatus::would_block:
        readable_ = false;
        break;
      case IoStatus::end:
        peer_ended_ = true;
        break;
      case IoStatus::failed:
        closed(CloseReason::io_error, std::strerror(result.error));
        return;
    }
  }
  if (peer_ended_ && state_ == State::open && !paused_ && !framing_failed_) {
    closed(CloseReason::peer_closed, {});
    return;
  }
  if (may_read() && readable_) {
    shard_->run_next_turn(*this);
  }
}

// After close(): the peer's last words are read so that the kernel does not answer them with a reset, and dropped.
void Connection::discard_some() {
  std::size_t total = 0;
  while (!peer_ended_ && total < limits_.read_bytes_a_turn) {
    const IoResult result = transport_->read(shard_->scratch());
    total += result.bytes;
    if (result.status == IoStatus::would_block) {
      return;
    }
    peer_ended_ = result.status == IoStatus::end || result.status == IoStatus::failed;
  }
  if (!peer_ended_) {
    shard_->run_next_turn(*this);
  } else if (state_ == State::lingering) {
    closed(CloseReason::local, {});
  }
}

void Connection::take(Reading& reading, std::span<const std::uint8_t> bytes) {
  if (tls_) {
    take_ciphertext(reading, bytes);
    return;
  }
  reading.rest = {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  deliver(reading);
}

void Connection::take_ciphertext(Reading& reading, std::span<const std::uint8_t> bytes) {
  Shard& shard = *shard_;
  std::string plain = shard.take_buffer();
  const auto progress = tls_->receive(bytes, plain, wire_);
  if (!wire_.empty() && !blocked_) {
    shard.flush_at_turn_end(*this);
  }
  if (!progress) {
    if (!blocked_ && !wire_.empty()) {
      static_cast<void>(transport_->write(wire_));  // the alert, if the kernel takes it
    }
    closed(CloseReason::tls_error, progress.error().text);
    return;
  }
  peer_ended_ = peer_ended_ || progress->peer_closed;
  reading.rest = plain;
  if (progress->established_now) {
    tls_established_ = true;
    if (!out_.empty()) {
      shard.flush_at_turn_end(*this);  // what waited for the end of the handshake
    }
    owner_->on_tls_established(*this);
  }
  if (!reading.gone) {
    deliver(reading);
  }
  shard.give_buffer(std::move(plain));
}

// Hands over frames until the bytes, the owner's patience or the budget end.
void Connection::deliver(Reading& reading) {
  while (!reading.rest.empty()) {
    if (state_ != State::open || framing_failed_) {
      reading.rest = {};
      return;
    }
    if (paused_) {
      unread_.assign(reading.rest);
      reading.rest = {};
      return;
    }
    if (budget_.bytes == 0) {
      framing_error(reading, xml::XmlError::too_many);
      return;
    }
    std::string_view allowed = reading.rest.substr(0, budget_.bytes);
    const std::size_t before = allowed.size();
    const auto frame = framer_.next(allowed);
    const std::size_t consumed = before - allowed.size();
    reading.rest.remove_prefix(consumed);
    if (budget_.bytes != std::numeric_limits<std::uint32_t>::max()) {
      budget_.bytes -= static_cast<std::uint32_t>(consumed);
    }
    if (!frame) {
      framing_error(reading, frame.error());
      return;
    }
    if (!frame->has_value()) {
      continue;
    }
    if (budget_.frames == 0) {
      framing_error(reading, xml::XmlError::too_many);
      return;
    }
    if (budget_.frames != std::numeric_limits<std::uint32_t>::max()) {
      --budget_.frames;
    }
    frames_total.add();
    reading.resumed = false;
    const bool more = owner_->on_frame(*this, **frame);
    if (reading.gone) {
      return;
    }
    paused_ = paused_ || (!more && !reading.resumed && state_ == State::open);
  }
}

void Connection::framing_error(Reading& reading, xml::XmlError error) {
  framing_failed_ = true;
  reading.rest = {};
  owner_->on_framing_error(*this, error);
}

}  // namespace aldis::net
