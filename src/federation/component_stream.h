// ComponentStream: the connection of a component (XEP-0114): it feeds the ComponentNegotiation what is read and does what it demands,
// within the budgets of strangers, until the secret was shown; then its stanzas are taken, and those for it are written. The protocol
// has no acknowledgements: a stanza is done with when the kernel has its bytes, and what it has not taken when the connection ends
// goes back to its sender. Lives on the federation's shard; named by its id.
#pragma once
#include <cstdint>
#include <deque>
#include <memory>
#include <string>

#include "core/envelope.h"
#include "core/rate.h"
#include "net/connection.h"
#include "policy/peer_rules.h"
#include "stream/component_negotiation.h"

namespace aldis::federation {

class ComponentTable;

class ComponentStream final : public net::Connection::Owner {
 public:
  using Id = std::uint64_t;
  ComponentStream(ComponentTable& table, Id id, std::unique_ptr<net::Transport> transport, bool is_direct_tls);
  ~ComponentStream();
  ComponentStream(const ComponentStream&) = delete;
  ComponentStream& operator=(const ComponentStream&) = delete;

  void start();
  [[nodiscard]] Id id() const { return id_; }
  [[nodiscard]] bool is_open() const { return negotiation_.is_open(); }
  // Empty before its header.
  [[nodiscard]] const std::string& domain() const { return negotiation_.domain(); }
  [[nodiscard]] const policy::PeerRulePtr& rule() const { return rule_; }
  [[nodiscard]] const net::Connection& connection() const { return *connection_; }
  [[nodiscard]] std::uint64_t taken() const { return taken_; }    // its stanzas
  [[nodiscard]] std::uint64_t sent() const { return sent_; }      // to it
  [[nodiscard]] std::size_t waiting() const { return under_way_.size(); }
  [[nodiscard]] WallTime since() const { return since_; }

  // Only while is_open().
  void send(Envelope envelope);
  void after_flush();   // the turn in which something was sent is over
  // At any time: a changed rule, another connection, a shutdown.
  void end(const StreamError& error);

 private:
  bool on_frame(net::Connection& connection, xml::Framer::Frame frame) override;
  void on_framing_error(net::Connection& connection, xml::XmlError error) override;
  void on_tls_established(net::Connection&) override {}
  void on_closed(net::Connection& connection, net::CloseReason reason, std::string_view detail) override;
  void on_drained(net::Connection&) override { after_flush(); }

  bool do_step(stream::ComponentStep step);
  bool carry_out(stream::KeepReading&) { return true; }
  bool carry_out(stream::AdmitComponent&);
  bool carry_out(stream::CloseConnection& demand);
  void opened();
  void stop_deadline();
  [[nodiscard]] bool negotiate(std::string_view bytes);
  [[nodiscard]] bool take_stanza(std::string_view bytes);
  [[nodiscard]] bool answer_malformed(const Stanza::Refusal& refusal);
  void hold_to_rate(std::size_t bytes);

  struct Sent {
    Envelope envelope;
    std::uint64_t mark = 0;   // of the connection's bytes, behind it
  };
  ComponentTable& table_;
  const Id id_;
  const std::string source_;
  const bool is_direct_tls_;
  stream::ComponentNegotiation negotiation_;
  std::unique_ptr<net::Connection> connection_;
  policy::PeerRulePtr rule_;
  PrincipalPtr principal_;        // once proved
  std::deque<Sent> under_way_;    // the kernel may not have them
  Allowance allowance_;
  int pauses_ = 0;
  std::uint64_t taken_ = 0;
  std::uint64_t sent_ = 0;
  WallTime since_{};
  TimerId deadline_ = TimerId::none;
};

}  // namespace aldis::federation
