// See client.h.
#include "client.h"

#include <sys/epoll.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace aldis::load {

Client::Client(EventLoop& loop, const Options& options, ClientOwner& owner, int account)
    : loop_(loop),
      options_(options),
      owner_(owner),
      account_(account),
      user_(options.user_prefix + std::to_string(account)) {}

void Client::connect(std::string opening) {
  opening_ = std::move(opening);
  out_.clear();
  scanner_ = StanzaScanner();
  if (options_.dialogue == Dialogue::relay) {
    scanner_.assume_open();
  }
  is_authenticated_ = was_ready_ = false;
  started_ = Clock::now();
  state_ = State::connecting;
  // About 28,000 ports to each source address.
  if (!socket_.connect(options_.host, options_.port, 1 + account_ / 20000)) {
    end(std::string("connect: ") + std::strerror(errno));
    return;
  }
  loop_.add(socket_.descriptor(), *this);
}

void Client::on_event(std::uint32_t events) {
  if (state_ == State::ended) {
    return;
  }
  if (state_ == State::connecting) {
    const int error = socket_.connect_error();
    if (error != 0) {
      end(std::string("connect: ") + std::strerror(error));
    } else if ((events & EPOLLOUT) != 0) {
      connected();
    }
    return;
  }
  if (state_ == State::tls) {
    shake_hands();
    return;
  }
  if ((events & EPOLLOUT) != 0 && !out_.empty()) {
    flush();
  }
  if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) {
    read_all();
  }
}

void Client::connected() {
  if (options_.transport == Transport::direct_tls) {
    socket_.start_tls(options_.domain, true);
    state_ = State::tls;
    shake_hands();
    return;
  }
  if (options_.dialogue == Dialogue::relay) {
    become_ready();
    return;
  }
  open_stream();
}

void Client::shake_hands() {
  switch (socket_.handshake().outcome) {
    case Io::Outcome::would_block:
      return;
    case Io::Outcome::closed:
      end("TLS handshake failed");
      return;
    case Io::Outcome::done:
      break;
  }
  if (options_.dialogue == Dialogue::relay) {
    become_ready();
  } else {
    open_stream();
  }
  if (state_ != State::ended) {
    read_all();
  }
}

void Client::open_stream() {
  scanner_.restart();
  state_ = State::features;
  send("<?xml version='1.0'?><stream:stream to='" + options_.domain +
       "' version='1.0' xml:lang='en' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>");
}

void Client::read_all() {
  static std::array<char, 65536> scratch;
  for (;;) {
    const Io io = socket_.read(scratch);
    if (io.outcome == Io::Outcome::would_block) {
      return;
    }
    if (io.outcome == Io::Outcome::closed) {
      end(state_ == State::leaving ? "" : "the server closed the connection");
      return;
    }
    const bool good = scanner_.feed({scratch.data(), io.bytes},
                                    [this](StanzaScanner::Piece kind, std::string_view text) { piece(kind, text); });
    if (!good) {
      end("not a stream");
    }
    if (state_ == State::ended || state_ == State::tls) {
      return;  // STARTTLS: the socket is the handshake's now
    }
    if (!socket_.is_tls() && io.bytes < scratch.size()) {
      return;  // a short read drained the socket: epoll(7)
    }
  }
}

void Client::piece(StanzaScanner::Piece kind, std::string_view text) {
  if (state_ == State::ended || kind == StanzaScanner::Piece::stream_open) {
    return;
  }
  if (kind == StanzaScanner::Piece::stream_close) {
    end(state_ == State::leaving ? "" : "the server closed the stream");
  } else if (text.starts_with("<stream:error")) {
    end("stream error: " + std::string(text));
  } else if (state_ == State::ready) {
    owner_.received(*this, text);
  } else if (state_ != State::leaving) {
    negotiate(text);
  }
}

void Client::negotiate(std::string_view stanza) {
  const auto name = name_of(stanza);
  if (state_ == State::features && name == "stream:features") {
    choose(stanza);
  } else if (state_ == State::proceed && name == "proceed") {
    socket_.start_tls(options_.domain, false);
    scanner_.restart();
    state_ = State::tls;
    shake_hands();
  } else if (state_ == State::challenge && name == "challenge") {
    const std::string answer = scram_->final(unbase64(text_of_first(stanza)));
    if (answer.empty()) {
      end("SCRAM: bad challenge");
      return;
    }
    state_ = State::success;
    send("<response xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>" + base64(answer) + "</response>");
  } else if (state_ == State::success && name == "success") {
    if (!scram_->verify(unbase64(text_of_first(stanza)))) {
      end("SCRAM: the server did not prove itself");
      return;
    }
    scram_.reset();
    is_authenticated_ = true;
    open_stream();
  } else if (state_ == State::bound && name == "iq" && attribute_of(stanza, "type") == "result") {
    jid_ = std::string(text_of(stanza, "jid"));
    become_ready();
  } else {
    end("unexpected in negotiation: " + std::string(stanza.substr(0, 300)));
  }
}

void Client::choose(std::string_view features) {
  if (options_.transport == Transport::starttls && !socket_.is_tls()) {
    state_ = State::proceed;
    send("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
  } else if (!is_authenticated_) {
    if (features.find(">" + options_.mechanism + "<") == std::string_view::npos) {
      end("the server does not offer " + options_.mechanism);
      return;
    }
    scram_ = std::make_unique<ScramClient>(options_.mechanism, user_, options_.password);
    state_ = State::challenge;
    send("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='" + options_.mechanism + "'>" +
         base64(scram_->first()) + "</auth>");
  } else {
    state_ = State::bound;
    send(
        "<iq type='set' id='bind'><bind "
        "xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>load</resource></bind></iq>");
  }
}

void Client::become_ready() {
  state_ = State::ready;
  was_ready_ = true;
  if (options_.dialogue == Dialogue::relay) {
    jid_ = bare_jid() + "/load";
    send(opening_);
  }
  owner_.ready(*this);
}

void Client::send(std::string_view bytes) {
  if (state_ == State::ended || bytes.empty()) {
    return;
  }
  out_.append(bytes);
  if (!is_flush_due_) {
    is_flush_due_ = true;
    loop_.flush_later(*this);
  }
}

void Client::flush() {
  is_flush_due_ = false;
  std::size_t written = 0;
  while (written < out_.size() && state_ != State::ended && state_ != State::tls) {
    const Io io = socket_.write(std::string_view(out_).substr(written));
    if (io.outcome == Io::Outcome::closed) {
      end(state_ == State::leaving ? "" : "write failed");
      return;
    }
    if (io.outcome == Io::Outcome::would_block) {
      break;
    }
    written += io.bytes;
  }
  if (state_ != State::ended) {
    out_.erase(0, written);
  }
}

void Client::leave() {
  if (state_ == State::ended) {
    return;
  }
  if (options_.dialogue == Dialogue::relay) {
    flush();
    socket_.close();
    end("");
    return;
  }
  send("</stream:stream>");
  state_ = State::leaving;
}

void Client::cut() {
  state_ = State::ended;
  out_.clear();
  socket_.cut();
}

void Client::end(const std::string& why) {
  if (state_ == State::ended) {
    return;
  }
  state_ = State::ended;
  out_.clear();
  socket_.close();
  owner_.ended(*this, why);
}

}  // namespace aldis::load
