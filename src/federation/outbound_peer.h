// OutboundPeer: a stream this server opens to another: it finds and reaches the server, feeds the OutboundNegotiation what is read
// and does what it demands, until a Link can send on it. The same walk, without authenticating, asks an authoritative server about
// a dialback key, and shows an operator what would happen (`aldis peer explain`).
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "federation/peer_stream.h"
#include "federation/peer_table.h"
#include "stream/outbound_negotiation.h"

namespace aldis::federation {

class OutboundPeer final : public PeerStream {
 public:
  enum class Errand : std::uint8_t { deliver, verify, explain };
  OutboundPeer(PeerTable& table, Id id, stream::DomainPair pair, Errand errand);
  ~OutboundPeer() override;

  void start();
  [[nodiscard]] bool can_ask() const { return negotiation_ != nullptr && negotiation_->can_ask(); }
  void ask(const stream::VerifyKey& question);
  // With Errand::explain: called once, when it has come as far as it can.
  void on_explained(std::function<void(PeerTable::Explanation)> told) { told_ = std::move(told); }

  [[nodiscard]] const stream::DomainPair& pair() const override { return pair_; }
  [[nodiscard]] bool is_inbound() const override { return false; }
  [[nodiscard]] bool is_over() const { return is_over_; }
  [[nodiscard]] Errand errand() const { return errand_; }
  [[nodiscard]] stream::ServerProof proof() const override {
    return negotiation_ != nullptr ? negotiation_->proof() : stream::ServerProof::none;
  }
  [[nodiscard]] bool is_bidi() const override { return negotiation_ != nullptr && negotiation_->is_bidi(); }
  void end(const StreamError& error) override;
  void retire() override;

 private:
  using Line = PeerTable::Explanation::Line;
  void refuse(const StreamError& error) override { end(error); }
  std::optional<StreamError> check(const Stanza& stanza) const override;
  const xml::Scope& scope() const override { return negotiation_->scope(); }
  bool negotiate(std::string_view bytes) override;

  bool on_frame(net::Connection& connection, xml::Framer::Frame frame) override;
  void on_framing_error(net::Connection& connection, xml::XmlError error) override;
  void on_tls_established(net::Connection& connection) override;
  void on_closed(net::Connection& connection, net::CloseReason reason, std::string_view detail) override;

  [[nodiscard]] static OutboundPeer* find(PeerTable& table, Id id);
  [[nodiscard]] static Task<void> find_and_reach(PeerTable& table, Id id);
  [[nodiscard]] static Task<void> reach(PeerTable& table, Id id, std::size_t first);
  void speak(net::Connected connected);
  bool do_step(stream::OutboundStep step);
  bool carry_out(stream::KeepReading&) { return true; }
  bool carry_out(stream::StartTls&);
  bool carry_out(stream::RestartStream&);
  bool carry_out(stream::JudgeCertificate& demand);
  bool carry_out(stream::KeyAnswered& demand);
  bool carry_out(stream::CloseConnection&);
  [[nodiscard]] static Task<void> judge(PeerTable& table, Id id, std::size_t target, std::shared_ptr<const ShownCertificate> shown);
  void judged(const PeerProof& proof, std::shared_ptr<const ShownCertificate> shown);
  void look_how_far();
  void begin_listening();
  void opened();
  void failed(std::string why, bool is_final);
  void note(std::string topic, std::string text, bool is_good);
  void note(const net::LookupReport& report, std::size_t from);
  void explained(bool is_reachable);

  const stream::DomainPair pair_;
  const Errand errand_;
  std::unique_ptr<stream::OutboundNegotiation> negotiation_;
  std::shared_ptr<net::LookupReport> report_ = std::make_shared<net::LookupReport>();
  net::Connector* connector_ = nullptr;   // while it runs
  std::vector<net::ServerTarget> targets_;
  std::size_t target_ = 0;                // of these, the one that is connected
  std::string untrusted_;                 // why its certificate was refused
  std::shared_ptr<const ShownCertificate> certificate_;   // that proves its name
  TimerId deadline_ = TimerId::none;
  bool is_reaching_ = false;              // a coroutine is under way
  bool is_listening_ = false;             // stanzas of the peer are taken, with XEP-0288 while XEP-0198 is still being agreed
  bool is_open_ = false;
  bool is_over_ = false;
  std::vector<stream::VerifyKey> questions_;
  std::vector<Line> lines_;
  std::function<void(PeerTable::Explanation)> told_;
};

}  // namespace aldis::federation
