// Stranger: a connection in the lobby. It feeds the negotiation what is read and does what it demands, until it has logged in (stranger_login.cpp)
// and has a home (stranger_binding.cpp). For the lobby's own sources.
#pragma once
#include <memory>
#include <optional>
#include <string>

#include "core/home.h"
#include "core/lobby.h"

namespace aldis {

class Lobby::Stranger final : public net::Connection::Owner, public stream::Domains {
 public:
  Stranger(Lobby& lobby, Id id, std::unique_ptr<net::Transport> transport, Entrance entrance);
  ~Stranger() override;

  [[nodiscard]] const std::string& source() const { return source_; }

  void start();
  void shut_down();
  // Back from a home that refused to bind.
  void give_back(std::unique_ptr<net::Connection> connection, stream::Demand demand);

  // ---- stream::Domains
  std::optional<stream::Offer> offer(std::string_view domain) override;
  std::string_view default_domain() const override { return lobby_.default_domain_; }

 private:
  // ---- net::Connection::Owner
  bool on_frame(net::Connection&, xml::Framer::Frame frame) override;
  void on_framing_error(net::Connection& connection, xml::XmlError error) override;
  void on_tls_established(net::Connection&) override;
  void on_closed(net::Connection& connection, net::CloseReason reason, std::string_view detail) override;

  // A ticket may be larger than all else a stranger has to say. Once: the budget counts from now on.
  void make_room_for_ticket(std::size_t bytes);

  // ---- what the negotiation demands. False: deliver nothing more now.
  bool do_step(stream::Step step);
  bool carry_out(stream::KeepReading&) { return true; }
  bool carry_out(stream::StartTls&);
  bool carry_out(stream::RestartStream&);
  bool carry_out(stream::BeginAuthentication& demand);
  bool carry_out(stream::BeginTask& demand);
  bool carry_out(stream::ContinueTask& demand);
  bool carry_out(stream::ContinueAuthentication& demand);
  bool carry_out(stream::AbortAuthentication&);
  bool carry_out(stream::AnswerRegistration&) { return true; }
  bool carry_out(stream::CloseConnection& demand);
  bool carry_out(stream::BindResource& demand);
  bool carry_out(stream::ResumeStream& demand);
  bool carry_out(stream::EstablishSession& demand);

  // ---- stranger_login.cpp
  // One exchange for all tries of the stream: it counts them.
  AuthenticationExchange& exchange();
  bool wait_for(Task<AuthReply> reply);
  static Task<void> authenticate(Lobby& lobby, Id id, std::shared_ptr<AuthenticationExchange> keep, Task<AuthReply> waiting);
  static stream::SaslAnswer to_answer(const AuthReply& reply);
  // Who logged in where others can read every word (security T08). A stream without TLS is not that: it is the machine's own.
  void note_integrity_only() const;
  // The certificate that was shown, judged once for the domain that is reached: what is offered depends on it.
  [[nodiscard]] CertificateUse certificate_use(std::string_view domain) const;
  [[nodiscard]] bool asks_for_judgement(const xml::Element& header) const;
  bool judge_certificate(std::unique_ptr<const xml::Document> header);
  static Task<void> judge(Lobby& lobby, Id id, std::unique_ptr<const xml::Document> header, Task<CertificateJudgement> waiting);
  void note_judgement(const CertificateJudgement& judged) const;

  // ---- stranger_binding.cpp
  void resume_inline(stream::EstablishSession demand);
  // A binding that is refused is not told of in <success/>, which has no words for it: the client may bind by RFC 6120, and
  // learns why from its answer.
  void bind_inline(stream::EstablishSession demand);
  // To the account's home. From its thread a refused connection returns here, and the negotiation goes on.
  template <class Request>
  void hand_over(Request request, const std::shared_ptr<stream::Demand>& next, void (Home::*take)(Request));

  // ---- XEP-0077 for strangers
  bool register_account(std::string bytes);
  static Task<void> answer_registration(Lobby& lobby, Id id, Task<StanzaPtr> waiting);

  // ---- TLS
  [[nodiscard]] const TlsContexts& contexts() const { return lobby_.tls_.of(entrance_); }
  [[nodiscard]] bool is_confidential() const;
  [[nodiscard]] sasl::BindingTypes binding_types() const;
  [[nodiscard]] sasl::ChannelBindings channel_bindings() const;

  // ---- the deadline of each stage, authentication and binding: absolute, whatever is sent meanwhile (security E01)
  void begin_stage();
  // A handshake has less time, and never more than is left.
  void hurry(std::chrono::seconds delay);
  void set_timer(Monotonic when);
  void cancel_timer();

  Lobby& lobby_;
  Id id_;
  Entrance entrance_;
  std::unique_ptr<net::Connection> connection_;   // null while a home decides about binding
  std::string source_;
  std::shared_ptr<stream::StreamNegotiation> negotiation_;
  std::shared_ptr<AuthenticationExchange> exchange_;
  std::shared_ptr<const CertificateJudgement> certificate_;   // null: none was shown, or nobody has asked
  PrincipalPtr principal_;
  xml::Limits xml_limits_ = xml::Limits::before_authentication();
  bool has_room_for_ticket_ = false;
  Monotonic deadline_{};
  TimerId timer_ = TimerId::none;
};

}  // namespace aldis
