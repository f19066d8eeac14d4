// InboundPeer: a stream another server opens to this one: it feeds the InboundNegotiation what is read and does what it demands, within
// the budgets of strangers, until the peer has proved which domain it is. Then its stanzas are taken, and with XEP-0288 a Link
// sends on it too.
#pragma once
#include <memory>
#include <string>

#include "federation/peer_stream.h"
#include "federation/peer_table.h"
#include "stream/inbound_negotiation.h"

namespace aldis::federation {

class InboundPeer final : public PeerStream, private stream::InboundDomains {
 public:
  InboundPeer(PeerTable& table, Id id, std::unique_ptr<net::Transport> transport, TlsKind door);
  ~InboundPeer() override;

  void start();
  // What came of the question about its key.
  void key_verified(const stream::KeyVerdict& verdict);
  [[nodiscard]] const std::string& stream_id() const { return negotiation_.stream_id(); }

  [[nodiscard]] const stream::DomainPair& pair() const override { return negotiation_.pair(); }
  [[nodiscard]] bool is_inbound() const override { return true; }
  [[nodiscard]] stream::ServerProof proof() const override { return negotiation_.proof(); }
  [[nodiscard]] bool is_open() const { return is_open_; }
  [[nodiscard]] bool is_bidi() const override { return negotiation_.is_bidi(); }
  void end(const StreamError& error) override {
    if (!negotiation_.is_closed()) {
      static_cast<void>(do_step(negotiation_.close(error)));
    }
  }
  void retire() override;

 private:
  // ---- stream::InboundDomains
  bool is_served(std::string_view domain) const override;
  std::string_view default_domain() const override;
  Result<stream::InboundOffer, StreamError> offer(const stream::DomainPair& pair) override;

  void refuse(const StreamError& error) override;
  std::optional<StreamError> check(const Stanza& stanza) const override;
  const xml::Scope& scope() const override { return negotiation_.scope(); }
  bool negotiate(std::string_view bytes) override;

  bool on_frame(net::Connection& connection, xml::Framer::Frame frame) override;
  void on_framing_error(net::Connection& connection, xml::XmlError error) override;
  void on_tls_established(net::Connection& connection) override;
  void on_closed(net::Connection& connection, net::CloseReason reason, std::string_view detail) override;

  bool do_step(stream::InboundStep step);
  bool carry_out(stream::KeepReading&) { return true; }
  bool carry_out(stream::StartTls&);
  bool carry_out(stream::RestartStream&);
  bool carry_out(stream::JudgeCertificate& demand);
  bool carry_out(stream::VerifyKey& demand);
  bool carry_out(stream::EnableManagement& demand);
  bool carry_out(stream::ResumeStream& demand);
  bool carry_out(stream::CloseConnection& demand);
  [[nodiscard]] std::shared_ptr<const tls::TlsContext> context() const;
  [[nodiscard]] bool refuses_tls(const std::string& peer);
  [[nodiscard]] static Task<void> judge(PeerTable& table, Id id, std::shared_ptr<const ShownCertificate> shown);
  void judged(const PeerProof& proof, std::shared_ptr<const ShownCertificate> shown);
  void opened();
  void lend_to_link();
  void audit_refusal(std::string_view what) { audit_refusal(what, pair()); }
  void audit_refusal(std::string_view what, const stream::DomainPair& pair);
  void set_deadline();

  const std::string source_;
  const TlsKind door_;
  stream::InboundNegotiation negotiation_;
  std::shared_ptr<const ShownCertificate> certificate_;   // that proves its name
  TimerId deadline_ = TimerId::none;
  bool is_open_ = false;
  bool is_link_to_follow_ = false;   // it sends here once it is known that the peer does not resume its former stream
  bool is_refusal_noted_ = false;
};

}  // namespace aldis::federation
