// Session: one bound resource (RFC 6120 section 7). Owned by its Account, lives on its shard, holds the Connection. Step 2
// (admit) and step 6 (send) of a message's way. With stream management (XEP-0198) it may outlive its connection: detached,
// it waits for its client to resume it (session_management.cpp).
#pragma once
#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "auth/principal.h"
#include "core/client_state.h"
#include "core/envelope.h"
#include "core/ids.h"
#include "core/rate.h"
#include "net/connection.h"
#include "policy/block_list.h"
#include "storage/session_store.h"
#include "stream/stream_management.h"
#include "xmpp/stanza.h"

namespace aldis {

class Account;
class Home;
struct ManagedStream;
struct ResumptionRequest;

class Session final : public net::Connection::Owner {
 public:
  Session(Account& account, SessionId id, FullJid jid, PrincipalPtr principal, std::unique_ptr<net::Connection> connection,
          xml::Scope scope, std::string lang);
  ~Session();

  [[nodiscard]] SessionId id() const { return id_; }
  [[nodiscard]] const FullJid& jid() const { return jid_; }
  [[nodiscard]] Account& account() const { return account_; }
  [[nodiscard]] const PrincipalPtr& principal() const { return principal_; }
  [[nodiscard]] std::string peer_address() const;
  [[nodiscard]] std::optional<tls::TlsInfo> tls_info() const;   // nothing: no TLS
  [[nodiscard]] bool is_ending() const { return is_ending_; }
  // Its owner may change the password and do nothing else: to others it is not there (ADR 0060).
  [[nodiscard]] bool is_for_password() const { return principal_->must_change_password; }

  // Starts reading. The bind result has been queued before.
  void start();
  // For the answer to an inline binding, before start().
  [[nodiscard]] net::Connection& connection() { return *connection_; }

  // ---- presence, kept by the account's presence rules
  [[nodiscard]] bool is_available() const { return presence_ != nullptr; }
  [[nodiscard]] int priority() const { return priority_; }
  [[nodiscard]] const StanzaPtr& presence() const { return presence_; }   // the last available one; null when unavailable
  void set_presence(StanzaPtr presence, int priority);
  // Has asked for the roster (RFC 6121 section 2.2): gets pushes, and subscription requests once available.
  bool is_interested = false;
  // Has asked for the block list (XEP-0191 section 3.2): gets its pushes.
  bool wants_block_pushes = false;
  // Has enabled carbons (XEP-0280 section 4).
  bool wants_carbons = false;
  // The account's round when it began to take messages to the bare address: it has got those of later ones.
  std::uint32_t joined = 0;
  // Holds live stanzas back while kept ones are being read, so that they come first.
  void hold_back();
  void release_held();

  // What its client says of itself (XEP-0352): while inactive it is sent less, and nothing is lost or overtaken.
  void set_inactive(bool is_inactive);

  // Addresses this session sent presence to directly (RFC 6121 section 4.6).
  [[nodiscard]] bool has_directed(const Jid& to) const;   // exactly, or any resource of a bare address asked for
  [[nodiscard]] bool has_directed_to_bare(std::string_view bare) const;
  // False when the configured number is reached.
  [[nodiscard]] bool add_directed(const Jid& to);
  void remove_directed(const Jid& to);
  [[nodiscard]] std::vector<Jid> take_directed();
  // Those the block list names.
  [[nodiscard]] std::vector<Jid> take_directed(const policy::BlockList& blocked);

  // ---- step 6. What cannot be written (the queue is at its bound) ends the session; what was not delivered is returned to
  // the account. A request is remembered until the client answers it.
  void send(const Granted& granted);
  // The same, ahead of what is held back.
  void send_now(const Granted& granted);
  // What it shares with other sessions (core/resident.h), at the pace its client reads.
  void send_shared(const Granted& granted);
  // What waits of it, as far as the client keeps up now.
  void send_backlog();
  // Bytes that wait for the client to read them.
  [[nodiscard]] std::size_t unsent_bytes() const;
  // Whether its client keeps up: no more than `ahead` bytes wait for it, and half of what may be unacknowledged is free.
  [[nodiscard]] bool keeps_up(std::size_t ahead) const;
  // The server's own words to this client, such as answers and pushes.
  void send_own(const StanzaPtr& own);
  // An answer this client gives to a request we delivered; false: no such request, or answered already.
  [[nodiscard]] bool take_pending(const Jid& to, std::string_view id);
  // A request of this client goes to another server: its answer, and the error when there is none in time, come from there and
  // from nobody else (RFC 6120 section 8.1.2.1, security P06). False: too many wait for their answers.
  [[nodiscard]] bool note_asked(const Stanza& request);
  // Its answer is here; false: nothing of the kind was asked, or it has been answered.
  [[nodiscard]] bool take_asked(const Jid& from, std::string_view id);

  // The stanza this session counts as its `number`-th is settled (core/acceptance.h).
  void settled(std::uint64_t number);

  // ---- stream management (XEP-0198)
  // Starts counting; the <enabled/> or <failed/> to send now, before any further stanza. The same on a stream that binds
  // its resource inline (XEP-0386).
  [[nodiscard]] std::string enable_management(const stream::EnableRequest& request);
  [[nodiscard]] bool is_managed() const { return managed_ != nullptr; }
  // Its connection is lost, and it waits for another.
  [[nodiscard]] bool is_detached() const { return connection_ == nullptr && !is_ending_; }
  // Whether it may outlive its connection.
  [[nodiscard]] bool can_detach() const;
  // When a detached session stops waiting.
  [[nodiscard]] Monotonic detached_until() const;
  // Of the stream, for resumption; empty when it cannot be resumed.
  [[nodiscard]] const std::string& management_id() const;
  // Whether every stanza received is settled.
  [[nodiscard]] bool is_settled() const;
  // How many stanzas the client may acknowledge at most; `h` of a resume request beyond it is a stream error.
  [[nodiscard]] std::optional<StreamError> check_acknowledgement(std::uint32_t h) const;
  // Goes on with another connection, which takes over from the one there may be.
  void resume_on(ResumptionRequest request);
  // What settled stanzas the client is still to be told of, it is told.
  void tell_settled();
  // How many of the client's stanzas have been handled, modulo 2^32.
  [[nodiscard]] std::uint32_t handled() const;

  // ---- a graceful restart (suspension.cpp)
  // Closes the stream and keeps the session, which sends and receives nothing any more. False: it cannot be resumed.
  [[nodiscard]] bool suspend(const StreamError& error);
  [[nodiscard]] SuspendedSession suspended() const;
  // What is stored elsewhere now.
  void forget_unacknowledged();
  void restore(const SuspendedSession& record);

  // Ends the stream with an error (or none: a plain close) and the session with it.
  void end(const StreamError* error, std::string_view reason);
  // Stops and resumes reading from the client, counted: each pause needs its resume.
  void pause();
  void resume();
  void pause_for(std::chrono::milliseconds wait);
  // Counts bytes the client made the server work on, and reads it more slowly when they are too many (security E05).
  // What it may not do is refused, and true.
  [[nodiscard]] bool refuse_but_password(const Stanza& stanza);
  void hold_to_rate(std::size_t bytes);
  // Has used up half of what it may send at once, or does not read.
  [[nodiscard]] bool is_flooding();
  // Ends a session whose queues take the memory others need: what it has not taken goes to offline storage or back to its
  // senders, as when its write queue is full. Ended when this returns, or in the next turn.
  void give_up_queue();

  // Lets go of messages the kernel has taken: they are settled, and of kept ones the observers hear.
  void note_flushed();
  // The same, and of their memory; for the home's sweep.
  void forget_flushed();
  // Memory held beyond sizeof, for accounting.
  [[nodiscard]] std::size_t memory() const;

 private:
  // net::Connection::Owner
  bool on_frame(net::Connection& connection, xml::Framer::Frame frame) override;
  void on_framing_error(net::Connection& connection, xml::XmlError error) override;
  void on_tls_established(net::Connection&) override {}
  void on_closed(net::Connection& connection, net::CloseReason reason, std::string_view detail) override;
  void on_drained(net::Connection& connection) override;

  // Step 2.
  void admit(StanzaPtr stanza);
  [[nodiscard]] xml::Limits connection_limits() const;
  void note_confidentiality();            // the connection or the principal has changed
  void finish(std::string_view reason);   // leaves the account; nothing touches this afterwards
  void expire_pending();
  struct AskedRequest;
  void expire_asked();
  void answer_asked();   // all of them: what comes later has nobody to go to
  void send_timeout(const AskedRequest& asked);
  void remember_unflushed(const Envelope& envelope);
  // The client-state filter. True: the client gets it later.
  [[nodiscard]] bool waits_for_activity(const Envelope& envelope);
  void send_waiting();
  void write(const Envelope& envelope);
  // The same with this session as its to, where it is shared.
  [[nodiscard]] Envelope addressed(const Envelope& envelope) const;
  // session_management.cpp. False: nothing a client may send.
  bool take_nonza(std::string_view bytes);
  void carry_out(const stream::ManagementElement& element);
  void acknowledged(std::uint32_t h);
  void send_managed(Envelope envelope);
  void ask_for_ack();
  void queue_unflushed();
  void detach(std::string_view reason);
  void write_last_ack(std::string& out);
  void start_managing(std::chrono::seconds max, std::string id);
  void wait_for_client(std::chrono::milliseconds time);
  void stop_waiting();
  [[nodiscard]] std::vector<Envelope> take_unacknowledged();

  struct PendingRequest {
    Jid from;
    std::string id;
    Monotonic deadline;
    StanzaPtr request;
  };
  struct AskedRequest {   // not the stanza: hundreds may wait for minutes
    Jid to;
    std::string id;
    Monotonic deadline;
  };
  // What few sessions have: allocated when first needed.
  struct Rare {
    std::unordered_set<Jid, JidHash, JidEqual> directed;
    std::vector<PendingRequest> pending;
    std::deque<Envelope> held;
    std::deque<Envelope> backlog;      // of what is shared with others, and of what came behind it from the same
    bool is_catching_up = false;       // it is being sent
    HeldBack waiting;   // until the client is active
    TimerId pending_timer = TimerId::none;
    std::vector<AskedRequest> asked;   // in the order of their deadlines
    TimerId asked_timer = TimerId::none;
  };
  Rare& rare();
  void add_to_backlog(const Envelope& envelope);
  [[nodiscard]] bool waits_behind_backlog(const Envelope& envelope);

  Account& account_;
  std::unique_ptr<net::Connection> connection_;
  FullJid jid_;
  PrincipalPtr principal_;
  StanzaPtr presence_;
  std::unique_ptr<Rare> rare_;
  std::unique_ptr<ManagedStream> managed_;   // stream management; null without
  struct Unflushed {
    Envelope envelope;
    std::uint64_t end;   // in the connection's queued_total()
  };
  std::vector<Unflushed> unflushed_;   // messages the kernel may not have taken yet
  std::shared_ptr<const xml::Scope> scope_;
  std::string lang_;
  SessionId id_;
  Allowance allowance_;
  std::uint16_t pauses_ = 0;
  std::int8_t priority_ = 0;
  bool is_ending_ = false;
  bool holds_back_ = false;
  bool is_inactive_ = false;
  bool is_readable_ = false;   // counted among those that others may read on the way
};

}  // namespace aldis
