// PeerStream: the connection of a stream between servers and, once it is open, its stanzas: what comes in is parsed, checked against
// the stream's pair, counted (XEP-0198) and handed to the Router; what a Link sends is written and counted. The way to an open
// stream is the business of InboundPeer and OutboundPeer. Lives on the federation's shard; named by its id.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "auth/principal.h"
#include "core/rate.h"
#include "federation/peer_certificates.h"
#include "federation/received_count.h"
#include "net/connection.h"
#include "policy/peer_rules.h"
#include "stream/server_negotiation.h"
#include "stream/stream_management.h"

namespace aldis::federation {

class Link;
class PeerTable;

class PeerStream : public net::Connection::Owner {
 public:
  using Id = std::uint64_t;
  virtual ~PeerStream();
  PeerStream(const PeerStream&) = delete;
  PeerStream& operator=(const PeerStream&) = delete;

  [[nodiscard]] Id id() const { return id_; }
  // The one direction its headers name: from the side that opened it.
  [[nodiscard]] virtual const stream::DomainPair& pair() const = 0;
  [[nodiscard]] virtual bool is_inbound() const = 0;
  [[nodiscard]] virtual stream::ServerProof proof() const = 0;
  // Stanzas go both ways on it (XEP-0288).
  [[nodiscard]] virtual bool is_bidi() const = 0;
  [[nodiscard]] const policy::PeerRulePtr& rule() const { return rule_; }
  // Null before it is connected.
  [[nodiscard]] const net::Connection* connection() const { return connection_.get(); }
  [[nodiscard]] Monotonic opened() const { return opened_; }
  [[nodiscard]] Monotonic used() const { return used_; }   // a stanza last passed
  [[nodiscard]] std::uint64_t taken() const { return taken_; }   // stanzas of the peer's

  // The certificate it rests on, to be judged again; null: it is not open, or rests on none.
  [[nodiscard]] const std::shared_ptr<const ShownCertificate>& shown() const { return shown_; }
  [[nodiscard]] bool is_being_judged() const { return is_being_judged_; }
  void set_being_judged(bool is_so) { is_being_judged_ = is_so; }

  // Ends it at any time: a changed rule, a shutdown. What the Link has under way on it goes back to the Link.
  virtual void end(const StreamError& error) = 0;
  // It is not needed any more: our side ends, and what the peer still sends is taken until it ends its own (RFC 6120 section 4.4).
  virtual void retire() = 0;
  // Nothing has come from the peer for so long, not even white space, and nothing was sent to it.
  [[nodiscard]] bool is_silent_for(std::chrono::seconds time);
  // The Link that sends on it is told that it is lost.
  void let_go_of_link();
  // A Link has something on it that is not done.
  [[nodiscard]] bool is_used_by_link() const;
  // XEP-0198: it is the stream of this SM-ID; its count goes to whom it is resumed by.
  [[nodiscard]] bool is_counted_as(std::string_view previd) const { return count_ != nullptr && !previd.empty() && count_->previd == previd; }
  [[nodiscard]] std::shared_ptr<ReceivedCount> give_up_count() { return std::exchange(count_, nullptr); }

  // ---- for the Link that sends on it
  void send(const Stanza& stanza);
  // Asks for an acknowledgement; only on a stream that is managed.
  void ask() { connection_->send(stream::ack_request); }
  [[nodiscard]] bool is_managed() const { return is_managed_; }
  // It is being closed: what is sent on it from now on would be dropped.
  [[nodiscard]] bool is_ending() const { return is_ending_; }
  // Plain bytes handed to the connection, and those the kernel has.
  [[nodiscard]] std::uint64_t queued_total() const { return connection_->queued_total(); }
  [[nodiscard]] std::uint64_t sent_total() const { return connection_->sent_total(); }

  // What was settled may be told to the peer.
  void tell_settled();

 protected:
  PeerStream(PeerTable& table, Id id);

  // A frame of an open stream that may carry stanzas to us. False: nothing more now (the stream ends, or is not read for a while).
  [[nodiscard]] bool take_frame(std::string_view bytes);
  // The peer breaks the protocol, or must not send this: ends the stream.
  virtual void refuse(const StreamError& error) = 0;
  [[nodiscard]] virtual std::optional<StreamError> check(const Stanza& stanza) const = 0;
  [[nodiscard]] virtual const xml::Scope& scope() const = 0;
  // What the negotiation still wants to see of an open stream. False: nothing more now.
  [[nodiscard]] virtual bool negotiate(std::string_view bytes) = 0;

  void on_drained(net::Connection& connection) override;
  void begin_counting(std::shared_ptr<ReceivedCount> count) { count_ = std::move(count); }
  void open();   // the limits of an open stream, and the identity of who sends
  [[nodiscard]] net::ConnectionLimits connection_limits() const;

  PeerTable& table_;
  const Id id_;
  std::unique_ptr<net::Connection> connection_;
  policy::PeerRulePtr rule_;
  PrincipalPtr principal_;                 // the peer, once proved
  std::shared_ptr<const ShownCertificate> shown_;
  std::shared_ptr<ReceivedCount> count_;   // null: the peer does not count
  Link* link_ = nullptr;                   // that sends on it
  bool is_managed_ = false;                // what we send is counted
  bool is_ending_ = false;
  bool is_finished_ = false;               // we have ended our side: nothing more is said

 private:
  [[nodiscard]] bool take_management(std::string_view bytes);
  [[nodiscard]] bool answer_malformed(const Stanza::Refusal& refusal);
  void hold_to_rate(std::size_t bytes);

  Allowance allowance_;
  Monotonic opened_{};
  Monotonic used_{};
  std::uint64_t taken_ = 0;
  Monotonic heard_{};          // when heard_bytes_ was last seen to have grown
  std::uint32_t heard_bytes_ = 0;
  int pauses_ = 0;
  bool is_being_judged_ = false;

  friend class Link;
};

}  // namespace aldis::federation
