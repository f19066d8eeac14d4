// See client.h.
#include "client.h"

#include <sys/epoll.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace aldis::load {

void ClientOwner::acknowledged(Client& /*client*/, std::uint32_t /*count*/) {}

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
  is_authenticated_ = was_ready_ = was_resumed_ = knows_handled_ = false;
  started_ = last_heard_ = Clock::now();
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
    last_heard_ = Clock::now();
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
    if (!session_.is_enabled() || !manage(text)) {
      session_.received();
      owner_.received(*this, text);
    }
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
    if (scram_ && !scram_->verify(unbase64(text_of_first(stanza)))) {
      end("SCRAM: the server did not prove itself");
      return;
    }
    scram_.reset();
    is_authenticated_ = true;
    open_stream();
  } else if (state_ == State::bound && name == "iq" && attribute_of(stanza, "type") == "result") {
    jid_ = std::string(text_of(stanza, "jid"));
    if (options_.stream_management) {
      state_ = State::enabling;
      send("<enable xmlns='urn:xmpp:sm:3' resume='true'/>");
      session_.enabling();
    } else {
      become_ready();
    }
  } else if (state_ == State::enabling && name == "enabled") {
    session_.enabled(std::string(attribute_of(stanza, "id")));
    become_ready();
  } else if (state_ == State::enabling && (name == "message" || name == "presence" || name == "iq")) {
    owner_.received(*this, stanza);  // bound, so it may come; before <enabled/>, so it does not count (XEP-0198 4)
  } else if (state_ == State::resuming && resumption(stanza)) {
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
    std::string first;
    if (options_.mechanism == "PLAIN") {
      first = std::string(1, '\0') + user_ + std::string(1, '\0') + options_.password;
      state_ = State::success;
    } else {
      scram_ = std::make_unique<ScramClient>(options_.mechanism, user_, options_.password);
      first = scram_->first();
      state_ = State::challenge;
    }
    send("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='" + options_.mechanism + "'>" + base64(first) + "</auth>");
  } else if (options_.stream_management && session_.can_resume()) {
    state_ = State::resuming;
    send("<resume xmlns='urn:xmpp:sm:3' h='" + std::to_string(session_.handled()) + "' previd='" + session_.id() +
         "'/>");
  } else {
    bind();
  }
}

void Client::bind() {
  state_ = State::bound;
  send("<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>load</resource></bind></iq>");
}

/// The answer to <resume/>: the session goes on, or a new one begins; what was handled of the old one may be said in
/// both.
bool Client::resumption(std::string_view answer) {
  const auto name = name_of(answer);
  if (name != "resumed" && name != "failed") {
    return false;
  }
  const auto h = handled_count_of(answer);
  if (h) {
    const auto more = name == "resumed" ? session_.resumed(*h) : session_.acknowledged(*h);
    if (!more) {
      end("an acknowledgement of stanzas that were not sent: " + std::string(answer.substr(0, 300)));
      return true;
    }
    knows_handled_ = true;
    owner_.acknowledged(*this, *more);
  }
  if (name == "failed") {
    session_.enabling();
    bind();
  } else if (h) {
    was_resumed_ = true;
    become_ready();
  } else {
    end("resumed without h");
  }
  return true;
}

/// XEP-0198 elements of a session; false: a stanza.
bool Client::manage(std::string_view element) {
  const auto name = name_of(element);
  if (name == "r") {
    acknowledge();
    return true;
  }
  if (name != "a") {
    return false;
  }
  const auto h = handled_count_of(element);
  const auto more = h ? session_.acknowledged(*h) : std::nullopt;
  if (!more) {
    end("a bad acknowledgement: " + std::string(element.substr(0, 300)));
  } else if (*more > 0) {
    owner_.acknowledged(*this, *more);
  }
  return true;
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

void Client::send_stanza(std::string_view stanza) {
  send(stanza);
  if (session_.is_enabled() && state_ == State::ready) {
    session_.sent();
    if (options_.ack_every > 0 && session_.sent_count() % static_cast<std::uint32_t>(options_.ack_every) == 0) {
      request_ack();
    }
  }
}

void Client::request_ack() {
  send("<r xmlns='urn:xmpp:sm:3'/>");
}

void Client::acknowledge() {
  send("<a xmlns='urn:xmpp:sm:3' h='" + std::to_string(session_.handled()) + "'/>");
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
  session_.enabling();
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
