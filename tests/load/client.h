// One XMPP client: RFC 6120 negotiation (STARTTLS or direct TLS, SCRAM, binding), stream management if asked for
// (XEP-0198; a lost session is resumed by the next connect(), or replaced by a new one when the server refuses), then
// whatever the scenario says. With Dialogue::relay it says one line instead, and is ready at once. It believes its
// server: no roster, no state beyond.
//
//   connecting → [tls] → features ─starttls→ proceed → tls → features ─auth→ challenge → success → features ─bind→
//   result [→ enable → enabled] → ready            with a session to resume: features → resume → resumed → ready
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "event_loop.h"
#include "options.h"
#include "scram_client.h"
#include "stanza_scanner.h"
#include "stream_management.h"
#include "transport.h"

namespace aldis::load {

class Client;

/// Who is told what becomes of clients; calls come from within EventLoop::turn. A client may be written to in any of
/// them, but not connected again before the turn is over.
class ClientOwner {
 public:
  virtual ~ClientOwner() = default;
  virtual void ready(Client& client) = 0;
  virtual void received(Client& client, std::string_view stanza) = 0;
  /// The server has handled `count` more of the stanzas sent with send_stanza (XEP-0198), the oldest first. Before
  /// ready() the count is that of the session that ended.
  virtual void acknowledged(Client& client, std::uint32_t count);
  /// The connection is gone. why: empty after leave().
  virtual void ended(Client& client, const std::string& why) = 0;
};

class Client final : public EventHandler {
 public:
  Client(EventLoop& loop, const Options& options, ClientOwner& owner, int account);

  /// opening: with Dialogue::relay, the bytes said first.
  void connect(std::string opening = {});
  /// Queued; leaves at the end of the turn.
  void send(std::string_view bytes);
  /// One stanza, counted when stream management is on; Options::ack_every asks for an acknowledgement after so many.
  void send_stanza(std::string_view stanza);
  void request_ack();
  /// Says what we have handled, unasked.
  void acknowledge();
  /// Says </stream:stream> and waits for the server to close; with the relay, closes.
  void leave();
  /// RST, now; ended() is not called.
  void cut();
  /// The next connect() begins a new session.
  void forget_session() { session_.enabling(); }

  int account() const { return account_; }
  bool is_ready() const { return state_ == State::ready; }
  /// Whether the connection that ended had become ready.
  bool was_ready() const { return was_ready_; }
  bool is_ended() const { return state_ == State::ended; }
  /// Whether ready() found the session that was there before.
  bool was_resumed() const { return was_resumed_; }
  /// Whether the server said what it had handled of the session that ended (resumed, or failed with h).
  bool knows_handled() const { return knows_handled_; }
  const StreamManagement& session() const { return session_; }
  const std::string& jid() const { return jid_; }
  std::string bare_jid() const { return user_ + "@" + options_.domain; }
  Clock::time_point started() const { return started_; }
  /// When the server's latest bytes came.
  Clock::time_point last_heard() const { return last_heard_; }

  void on_event(std::uint32_t epoll_events) override;
  void flush() override;

 private:
  enum class State {
    ended,
    connecting,
    tls,
    features,
    proceed,
    challenge,
    success,
    bound,
    enabling,
    resuming,
    ready,
    leaving
  };
  void connected();
  void shake_hands();
  void open_stream();
  void read_all();
  void piece(StanzaScanner::Piece piece, std::string_view text);
  void negotiate(std::string_view stanza);
  void choose(std::string_view features);
  void bind();
  bool manage(std::string_view element);
  bool resumption(std::string_view answer);
  void become_ready();
  void end(const std::string& why);

  EventLoop& loop_;
  const Options& options_;
  ClientOwner& owner_;
  const int account_;
  std::string user_, jid_, opening_, out_;
  Socket socket_;
  StanzaScanner scanner_;
  std::unique_ptr<ScramClient> scram_;  ///< while authenticating only
  StreamManagement session_;
  Clock::time_point started_{}, last_heard_{};
  State state_ = State::ended;
  bool is_authenticated_ = false;
  bool was_ready_ = false;
  bool was_resumed_ = false;
  bool knows_handled_ = false;
  bool is_flush_due_ = false;
};

}  // namespace aldis::load
