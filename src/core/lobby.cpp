// Accepting, budgets, and one Stranger per connection: it feeds the negotiation what is read and does what it demands.
#include "core/lobby.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "base/metrics.h"
#include "core/home.h"
#include "core/virtual_host.h"

namespace aldis {
namespace {
metrics::Gauge strangers_gauge{"aldis_strangers", "Connections that have not bound a resource."};
metrics::Counter integrity_only_logins{"aldis_integrity_only_logins_total", "Logins on streams whose TLS suite does not encrypt."};
metrics::Counter certificates_accepted{"aldis_client_certificates_total", "Certificates that clients have shown.", {{"outcome", "accepted"}}};
metrics::Counter certificates_refused{"aldis_client_certificates_total", "Certificates that clients have shown.", {{"outcome", "refused"}}};
metrics::Counter timed_out{"aldis_strangers_timed_out_total", "Connections that did not authenticate or bind in time."};
}  // namespace

class Lobby::Stranger final : public net::Connection::Owner, public stream::Domains {
 public:
  Stranger(Lobby& lobby, Id id, std::unique_ptr<net::Transport> transport, Entrance entrance)
      : lobby_(lobby),
        id_(id),
        entrance_(entrance),
        connection_(std::make_unique<net::Connection>(std::move(transport), lobby.connection_limits_)),
        source_(connection_->peer().source()),
        negotiation_(std::make_shared<stream::StreamNegotiation>(
            stream::StreamNegotiation::Options{.tls = entrance.tls, .lang = "en", .bind_attempts = 10}, *this, lobby.world_.random)) {
    strangers_gauge.add(1);
  }
  ~Stranger() override {
    strangers_gauge.add(-1);
    cancel_timer();
  }

  [[nodiscard]] const std::string& source() const { return source_; }

  void start() {
    connection_->set_limits(xml_limits_);
    connection_->set_budget({.bytes = static_cast<std::uint32_t>(lobby_.config_.bytes_before_authentication.count),
                             .frames = lobby_.config_.elements_before_authentication});
    connection_->attach(lobby_.shard_, *this);
    begin_stage();
    if (entrance_.tls == stream::TlsMode::direct) {
      connection_->start_tls(contexts().direct);
      hurry(lobby_.config_.handshake_timeout);
    }
  }

  void shut_down() {
    if (connection_ != nullptr && connection_->is_attached()) {
      do_step(negotiation_->close({.condition = StreamCondition::system_shutdown}));
    }
  }

  // Back from a home that refused to bind.
  void give_back(std::unique_ptr<net::Connection> connection, stream::Demand demand) {
    connection_ = std::move(connection);
    connection_->attach(lobby_.shard_, *this);
    set_timer(deadline_);
    do_step({.bytes = {}, .demand = std::move(demand)});
  }

  // ---- stream::Domains
  std::optional<stream::Offer> offer(std::string_view domain) override {
    const VirtualHost* host = lobby_.world_.find_host(domain);
    if (host == nullptr || !host->has_accounts) {  // nobody has an account there
      return std::nullopt;
    }
    stream::Offer offer;
    const sasl::BindingTypes bindings = binding_types();
    const CertificateUse use = certificate_use(domain);
    const bool is_shown = certificate_ != nullptr && certificate_->domain == domain;
    offer.mechanisms = lobby_.authenticator_.mechanisms(domain, is_confidential(), bindings, use, is_shown ? certificate_.get() : nullptr);
    const bool is_authenticated = negotiation_->identity().has_value();
    std::size_t bytes = static_cast<std::size_t>(lobby_.config_.bytes_before_authentication.count);
    if (use != CertificateUse::required) {
      offer.channel_bindings = lobby_.authenticator_.binding_types(domain, is_confidential(), bindings);
      const bool is_behind_tls = connection_->tls() != nullptr || entrance_.tls == stream::TlsMode::none;
      if (const auto tickets = lobby_.authenticator_.tickets_of(domain); tickets != nullptr && is_behind_tls) {
        offer.hostname = tickets->hostname();
        const std::size_t ticket = (tickets->token_bytes() + 2) / 3 * 4;   // base64
        bytes += ticket;
        if (!is_authenticated) {
          make_room_for_ticket(ticket);
        }
      }
    }
    if (connection_->tls() != nullptr) {  // XEP-0388 section 3: only after TLS
      stream::Sasl2Offer& sasl2 = offer.sasl2.emplace();
      sasl2.has_bind = true;
      sasl2.has_resumption = true;
      for (const VirtualHost::InlineFeature& feature : host->inline_features) {
        if (std::ranges::find(sasl2.bind_features, feature.name.ns) == sasl2.bind_features.end()) {
          sasl2.bind_features.emplace_back(feature.name.ns);
        }
      }
      if (use != CertificateUse::required) {
        sasl2.token_mechanisms = lobby_.authenticator_.token_mechanisms(is_confidential(), bindings);
        sasl2.upgrades = lobby_.authenticator_.upgrades(domain, is_confidential());
      }
    }
    offer.max_bytes = is_authenticated ? lobby_.world_.stanza_limits.stanza_bytes : bytes;
    offer.has_registration = host->registration != nullptr && is_confidential() && use != CertificateUse::required;  // a password in it
    offer.features = host->stream_features;
    offer.has_stream_management = true;
    offer.see_other_host = host->see_other_host;
    return offer;
  }
  std::string_view default_domain() const override { return lobby_.default_domain_; }

 private:
  // ---- net::Connection::Owner
  bool on_frame(net::Connection&, xml::Framer::Frame frame) override {
    switch (frame.kind) {
      case xml::Framer::FrameKind::stream_open: {
        auto header = xml::parse_stream_header(frame.bytes, xml_limits_);
        if (header && asks_for_judgement((*header)->root())) {
          return judge_certificate(std::move(*header));
        }
        return do_step(header ? negotiation_->on_header(**header) : negotiation_->on_xml_error(header.error()));
      }
      case xml::Framer::FrameKind::stream_close: return do_step(negotiation_->on_stream_close());
      case xml::Framer::FrameKind::stanza: break;
    }
    auto element = xml::parse(std::string(frame.bytes), negotiation_->scope(), xml_limits_);
    if (!element) {
      return do_step(negotiation_->on_xml_error(element.error()));
    }
    stream::Step step = negotiation_->on_element((*element)->root());
    if (std::holds_alternative<stream::AnswerRegistration>(step.demand)) {
      connection_->send(step.bytes);
      return register_account(std::string(frame.bytes));
    }
    return do_step(std::move(step));
  }

  void on_framing_error(net::Connection& connection, xml::XmlError error) override {
    if (error == xml::XmlError::too_many || error == xml::XmlError::too_big) {
      log::info("stranger-over-budget", {{"peer", connection.peer().ip_str()}, {"limit", xml::to_string(error)}});
    }
    static_cast<void>(do_step(negotiation_->on_xml_error(error)));
  }

  void on_tls_established(net::Connection&) override {
    if (entrance_.tls == stream::TlsMode::starttls) {  // On a port of direct TLS the negotiation begins behind it.
      negotiation_->tls_established();
    }
    set_timer(deadline_);
  }

  void on_closed(net::Connection& connection, net::CloseReason reason, std::string_view detail) override {
    log::debug("stranger-closed", {{"peer", connection.peer().ip_str()}, {"reason", to_string(reason)}, {"detail", detail}});
    lobby_.forget(id_);
  }

  // A ticket may be larger than all else a stranger has to say. Once: the budget counts from now on.
  void make_room_for_ticket(std::size_t bytes) {
    if (std::exchange(has_room_for_ticket_, true)) {
      return;
    }
    xml_limits_.stanza_bytes += bytes;
    connection_->set_limits(xml_limits_);
    connection_->set_budget({.bytes = static_cast<std::uint32_t>(lobby_.config_.bytes_before_authentication.count + bytes),
                             .frames = lobby_.config_.elements_before_authentication});
  }

  // ---- what the negotiation demands. False: deliver nothing more now.
  bool do_step(stream::Step step) {
    connection_->send(step.bytes);
    return std::visit([this](auto&& demand) { return carry_out(demand); }, step.demand);
  }
  bool carry_out(stream::KeepReading&) { return true; }
  bool carry_out(stream::StartTls&) {
    connection_->start_tls(contexts().starttls);
    hurry(lobby_.config_.handshake_timeout);
    return true;
  }
  bool carry_out(stream::RestartStream&) {
    connection_->restart_stream();
    return true;
  }
  // One exchange for all tries of the stream: it counts them.
  AuthenticationExchange& exchange() {
    if (exchange_ == nullptr) {
      const auto& sasl2 = negotiation_->offer().sasl2;
      exchange_ = std::make_shared<AuthenticationExchange>(
          lobby_.authenticator_,
          AuthenticationContext{.domain = negotiation_->domain(),
                                .source_address = connection_->peer().ip_str(),
                                .is_confidential = is_confidential(),
                                .bindings = [&lobby = lobby_, id = id_] {
                                  const Stranger* self = lobby.find(id);
                                  return self != nullptr ? self->channel_bindings() : sasl::ChannelBindings{};
                                },
                                .offered = negotiation_->offer().mechanisms,
                                .offered_bindings = negotiation_->offer().channel_bindings,
                                .offered_tokens = sasl2 ? sasl2->token_mechanisms : std::vector<std::string>{},
                                .offered_upgrades = sasl2 ? sasl2->upgrades : std::vector<std::string>{},
                                .certificate = certificate_,
                                .deadline = deadline_});
    }
    return *exchange_;
  }
  bool carry_out(stream::BeginAuthentication& demand) {
    return wait_for(exchange().begin(std::move(demand.mechanism), std::move(demand.initial_response), std::move(demand.sasl2)));
  }
  bool carry_out(stream::BeginTask& demand) { return wait_for(exchange().begin_task(std::move(demand.name))); }
  bool carry_out(stream::ContinueTask& demand) {
    return wait_for(exchange().continue_task(std::move(demand.salted_password)));
  }
  bool carry_out(stream::ContinueAuthentication& demand) {
    return wait_for(exchange().respond(std::move(demand.response)));
  }
  bool carry_out(stream::AbortAuthentication&) {
    return do_step(negotiation_->on_authentication(to_answer(exchange().abort())));
  }
  bool carry_out(stream::AnswerRegistration&) { return true; }
  bool carry_out(stream::CloseConnection& demand) {
    if (demand.reason) {
      log::info("stranger-refused", {{"peer", connection_->peer().ip_str()}, {"condition", to_string(*demand.reason)}});
    }
    connection_->close({});
    return false;
  }

  // ---- the certificate that was shown, judged once for the domain that is reached: what is offered depends on it
  [[nodiscard]] CertificateUse certificate_use(std::string_view domain) const {
    const CertificateUse wanted = lobby_.world_.certificates != nullptr ? lobby_.world_.certificates->use(domain) : CertificateUse::off;
    if (wanted == CertificateUse::optional && entrance_.certificates != CertificateUse::optional) {
      return entrance_.certificates;
    }
    return wanted;   // required stays so where none is asked for: nobody comes in there
  }
  [[nodiscard]] bool asks_for_judgement(const xml::Element& header) const {
    const auto to = Jid::parse(header.attribute("to").value_or(""));
    return to && certificate_ == nullptr && certificate_use(to->domain()) != CertificateUse::off && connection_->tls() != nullptr &&
           !connection_->tls()->presented_chain().certificates.empty();
  }
  bool judge_certificate(std::unique_ptr<const xml::Document> header) {
    connection_->pause();
    std::string domain(Jid::parse(*header->root().attribute("to"))->domain());
    spawn(judge(lobby_, id_, std::move(header),
                lobby_.world_.certificates->judge(connection_->tls()->presented_chain(), std::move(domain))));
    return false;
  }
  static Task<void> judge(Lobby& lobby, Id id, std::unique_ptr<const xml::Document> header, Task<CertificateJudgement> waiting) {
    auto judged = std::make_shared<const CertificateJudgement>(co_await std::move(waiting));
    Stranger* self = lobby.find(id);
    if (self == nullptr || self->connection_ == nullptr || !self->connection_->is_attached()) {
      co_return;
    }
    self->note_judgement(*judged);
    self->certificate_ = std::move(judged);
    if (self->do_step(self->negotiation_->on_header(*header))) {
      self->connection_->resume();
    }
  }
  // Which step refused it only the log says.
  void note_judgement(const CertificateJudgement& judged) const {
    (judged.is_somebodys() ? certificates_accepted : certificates_refused).add();
    if (!judged.is_somebodys()) {
      log::info("audit-client-certificate-refused", {{"domain", judged.domain},
                                                     {"step", to_string(judged.step)},
                                                     {"reason", judged.why},
                                                     {"subject", judged.fields.subject},
                                                     {"fingerprint", judged.fields.fingerprint_sha256},
                                                     {"source", connection_->peer().ip_str()}});
    }
  }

  bool wait_for(Task<AuthReply> reply) {
    connection_->pause();
    spawn(authenticate(lobby_, id_, exchange_, std::move(reply)));
    return false;
  }
  static Task<void> authenticate(Lobby& lobby, Id id, std::shared_ptr<AuthenticationExchange> keep, Task<AuthReply> waiting) {
    const AuthReply reply = co_await std::move(waiting);
    Stranger* self = lobby.find(id);
    if (self == nullptr || self->connection_ == nullptr || !self->connection_->is_attached()) {
      co_return;
    }
    if (const auto* success = std::get_if<AuthSuccess>(&reply)) {
      self->principal_ = success->principal;
      self->note_integrity_only();
      self->connection_->set_limits(lobby.world_.stanza_limits);
      self->connection_->set_budget({});
      self->begin_stage();
    }
    if (self->do_step(self->negotiation_->on_authentication(to_answer(reply)))) {
      self->connection_->resume();
    }
  }
  static stream::SaslAnswer to_answer(const AuthReply& reply) {
    if (const auto* challenge = std::get_if<AuthChallenge>(&reply)) {
      return stream::SaslChallenge{challenge->data};
    }
    if (const auto* success = std::get_if<AuthSuccess>(&reply)) {
      stream::SaslSuccess told{success->principal->identity, success->data};
      if (success->token) {
        told.token = stream::NewToken{std::string(success->token->token.view()), success->token->expires};
      }
      return told;
    }
    if (const auto* going_on = std::get_if<AuthContinue>(&reply)) {
      return stream::SaslContinue{going_on->task, going_on->data};
    }
    if (const auto* task = std::get_if<AuthTask>(&reply)) {
      return stream::SaslTask{task->salt, task->iterations};
    }
    const auto& failure = std::get<AuthFailure>(reply);
    return stream::SaslFailure{failure.condition, failure.attempts_left};
  }

  // ---- binding: the connection goes to its account's home, and comes back only if refused.
  bool carry_out(stream::BindResource& demand) {
    std::optional<std::string> resource;
    if (demand.resource) {
      Result<std::string, JidError> prepared = prepare_resource(*demand.resource);
      if (!prepared) {  // RFC 6120 section 7.7.2.1
        return do_step(negotiation_->bind_refused(StanzaError(StanzaCondition::bad_request)));
      }
      resource = std::move(*prepared);
    }
    auto next = std::make_shared<stream::Demand>();
    BindRequest request;
    request.resource = std::move(resource);
    request.answer = [&lobby = lobby_, id = id_, negotiation = negotiation_, next](Result<FullJid, StanzaError> outcome,
                                                                                 net::Connection& connection) {
      const bool is_bound = outcome.has_value();
      stream::Step step = is_bound ? negotiation->bound(*outcome) : negotiation->bind_refused(outcome.error());
      connection.send(step.bytes);
      *next = std::move(step.demand);
      if (is_bound) {
        lobby.shard_.post([&lobby, id] { lobby.forget(id); });
      }
    };
    hand_over(std::move(request), next, &Home::bind);
    return false;
  }

  // ---- resumption (XEP-0198 section 5): as binding.
  bool carry_out(stream::ResumeStream& demand) {
    auto next = std::make_shared<stream::Demand>();
    ResumptionRequest request;
    request.request = std::move(demand.request);
    request.answer = [&lobby = lobby_, id = id_, negotiation = negotiation_, next](Result<Resumed, ResumptionRefusal> outcome,
                                                                                 net::Connection& connection) {
      stream::Step step = outcome                         ? negotiation->resumed(outcome->xml)
                          : outcome.error().stream_error ? negotiation->close(*outcome.error().stream_error)
                                                         : negotiation->resume_refused(outcome.error().xml());
      connection.send(step.bytes);
      *next = std::move(step.demand);
      if (outcome) {
        lobby.shard_.post([&lobby, id] { lobby.forget(id); });
      }
    };
    hand_over(std::move(request), next, &Home::resume);
    return false;
  }

  // ---- both inside <authenticate/>: a resumption that is refused goes on to the binding, if there is one (XEP-0386 section
  // 3.2, XEP-0198 section 8.3).
  bool carry_out(stream::EstablishSession& demand) {
    if (demand.resume) {
      resume_inline(std::move(demand));
    } else {
      ensure(demand.bind.has_value(), "only what is offered is asked for");
      bind_inline(std::move(demand));
    }
    return false;
  }
  void resume_inline(stream::EstablishSession demand) {
    auto next = std::make_shared<stream::Demand>();
    ResumptionRequest request;
    request.request = std::move(*demand.resume);
    request.answer = [&lobby = lobby_, id = id_, negotiation = negotiation_, next, bind = std::move(demand.bind)](
                         Result<Resumed, ResumptionRefusal> outcome, net::Connection& connection) mutable {
      if (outcome) {
        connection.send(negotiation->established({outcome->jid, std::move(outcome->xml)}).bytes);
        lobby.shard_.post([&lobby, id] { lobby.forget(id); });
        return;
      }
      stream::Step step;
      if (outcome.error().stream_error) {
        step = negotiation->close(*outcome.error().stream_error);
      } else if (bind) {
        step.demand = stream::EstablishSession{.resume = {}, .bind = std::move(bind), .elements = outcome.error().xml()};
      } else {
        step = negotiation->established({.address = {}, .elements = outcome.error().xml()});
      }
      connection.send(step.bytes);
      *next = std::move(step.demand);
    };
    hand_over(std::move(request), next, &Home::resume);
  }
  // A binding that is refused is not told of in <success/>, which has no words for it: the client may bind by RFC 6120, and
  // learns why from its answer.
  void bind_inline(stream::EstablishSession demand) {
    auto next = std::make_shared<stream::Demand>();
    BindRequest request;
    request.answer = [negotiation = negotiation_, next, elements = demand.elements](Result<FullJid, StanzaError> outcome,
                                                                                   net::Connection& connection) {
      ensure(!outcome, "an inline binding has an answer of its own");
      stream::Step step = negotiation->established({.address = {}, .elements = elements});
      connection.send(step.bytes);
      *next = std::move(step.demand);
    };
    InlineBinding& wish = request.inline_bind.emplace();
    wish.tag = std::move(demand.bind->tag);
    wish.requests = std::move(demand.bind->requests);
    wish.answer = [&lobby = lobby_, id = id_, negotiation = negotiation_, elements = std::move(demand.elements)](
                      const FullJid& address, std::string bound, net::Connection& connection) {
      connection.send(negotiation->established({address, elements + bound}).bytes);
      lobby.shard_.post([&lobby, id] { lobby.forget(id); });
    };
    hand_over(std::move(request), next, &Home::bind);
  }

  // To the account's home. From its thread a refused connection returns here, and the negotiation goes on.
  template <class Request>
  void hand_over(Request request, const std::shared_ptr<stream::Demand>& next, void (Home::*take)(Request)) {
    cancel_timer();
    connection_->detach();
    connection_->resume();  // paused for the verdict, where it binds in the same step; whoever attaches it next reads on
    Shard& lobby_shard = lobby_.shard_;
    request.connection = std::move(connection_);
    request.principal = principal_;
    request.scope = negotiation_->scope();
    request.lang = negotiation_->peer_lang();
    request.give_back = [&lobby = lobby_, &lobby_shard, id = id_, next](std::unique_ptr<net::Connection> connection) {
      lobby_shard.post([&lobby, id, next, moved = std::move(connection)]() mutable {
        if (Stranger* self = lobby.find(id)) {
          self->give_back(std::move(moved), std::move(*next));
        }
      });
    };
    Home& home = lobby_.world_.home_of(principal_->identity.str());
    home.shard().post([&home, take, moved = std::move(request)]() mutable { (home.*take)(std::move(moved)); });
  }

  // ---- XEP-0077 for strangers
  bool register_account(std::string bytes) {
    const VirtualHost* host = lobby_.world_.find_host(negotiation_->domain());
    Result<StanzaPtr, Stanza::Refusal> request = Stanza::parse(std::move(bytes), negotiation_->scope());
    if (!request || host == nullptr || host->registration == nullptr) {
      return do_step(negotiation_->close({.condition = StreamCondition::policy_violation}));
    }
    connection_->pause();
    spawn(answer_registration(lobby_, id_, host->registration(*request, source_)));
    return false;
  }
  static Task<void> answer_registration(Lobby& lobby, Id id, Task<StanzaPtr> waiting) {
    const StanzaPtr answer = co_await std::move(waiting);
    if (Stranger* self = lobby.find(id); self != nullptr && self->connection_ != nullptr) {
      answer->write(self->connection_->out());
      self->connection_->resume();
    }
  }

  // ---- TLS
  [[nodiscard]] const TlsContexts& contexts() const { return lobby_.tls_.of(entrance_); }
  [[nodiscard]] bool is_confidential() const {
    return connection_->tls() != nullptr && connection_->tls()->is_confidential();
  }
  [[nodiscard]] sasl::BindingTypes binding_types() const {
    const tls::TlsEngine* engine = connection_->tls();
    return {engine != nullptr && engine->can_bind(tls::ChannelBinding::tls_exporter),
            engine != nullptr && engine->can_bind(tls::ChannelBinding::tls_server_end_point)};
  }
  // Who logged in where others can read every word (security T08). A stream without TLS is not that: it is the machine's own.
  void note_integrity_only() const {
    if (connection_->tls() == nullptr || is_confidential()) {
      return;
    }
    integrity_only_logins.add();
    log::warning("audit-login-not-confidential", {{"account", principal_->identity.str()},
                                                  {"mechanism", principal_->mechanism},
                                                  {"cipher", connection_->tls()->info().cipher},
                                                  {"source", principal_->source_address}});
  }
  [[nodiscard]] sasl::ChannelBindings channel_bindings() const {
    sasl::ChannelBindings bindings;
    if (const tls::TlsEngine* engine = connection_ != nullptr ? connection_->tls() : nullptr) {
      const auto read = [&](tls::ChannelBinding type) -> std::string {
        const auto bytes = engine->channel_binding(type);
        return bytes ? std::string(bytes->begin(), bytes->end()) : std::string();
      };
      bindings.tls_exporter = read(tls::ChannelBinding::tls_exporter);
      bindings.tls_server_end_point = read(tls::ChannelBinding::tls_server_end_point);
    }
    return bindings;
  }

  // ---- the deadline of each stage, authentication and binding: absolute, whatever is sent meanwhile (security E01)
  void begin_stage() {
    deadline_ = lobby_.shard_.clock().now() + lobby_.config_.authentication_timeout;
    set_timer(deadline_);
  }
  // A handshake has less time, and never more than is left.
  void hurry(std::chrono::seconds delay) { set_timer(std::min(deadline_, lobby_.shard_.clock().now() + Monotonic::duration(delay))); }
  void set_timer(Monotonic when) {
    cancel_timer();
    const auto delay = std::chrono::ceil<std::chrono::milliseconds>(when - lobby_.shard_.clock().now());
    timer_ = lobby_.shard_.after(std::max(delay, std::chrono::milliseconds(0)), [this] {
      timer_ = TimerId::none;
      timed_out.add();
      if (connection_ == nullptr) {
        return;
      }
      if (connection_->is_encrypted() || entrance_.tls != stream::TlsMode::direct) {
        static_cast<void>(do_step(negotiation_->close({.condition = StreamCondition::connection_timeout})));
      } else {
        connection_->abort();
      }
    });
  }
  void cancel_timer() {
    if (timer_ != TimerId::none) {
      lobby_.shard_.cancel(std::exchange(timer_, TimerId::none));
    }
  }

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

const TlsContexts& AllTlsContexts::of(const Entrance& entrance) const {
  const auto own = entrance.profile ? of_profiles.find(*entrance.profile) : of_profiles.end();
  return own != of_profiles.end() ? own->second->of_kind(entrance) : of_kind(entrance);
}

const TlsContexts& AllTlsContexts::of_kind(const Entrance& entrance) const {
  const bool asks = entrance.certificates != CertificateUse::off;
  const TlsContexts& wanted = entrance.allow_integrity_only ? (asks ? integrity_only_too_with_certificates : integrity_only_too)
                                                            : (asks ? usual_with_certificates : usual);
  const TlsContexts& without = entrance.allow_integrity_only ? integrity_only_too : usual;
  return wanted.direct != nullptr ? wanted : without;   // no domain uses certificates
}

Lobby::Lobby(World& world, Shard& shard, Authenticator& authenticator, std::string default_domain, LobbyConfig config)
    : world_(world),
      shard_(shard),
      authenticator_(authenticator),
      default_domain_(std::move(default_domain)),
      config_(config),
      admission_(world.random, admission_limits(config)),
      memory_(world, shard),
      certificate_watch_(world, shard) {
  memory_.set_limit(config_.memory_limit);
  certificate_watch_.set_interval(config_.certificate_check);
  certificate_watch_.start();
}

Lobby::~Lobby() = default;

void Lobby::open(std::unique_ptr<net::Listener> listener, Entrance entrance) {
  listener->start(shard_, [this](const net::PeerAddress& peer) { return admit(peer); },
                  [this, entrance](std::unique_ptr<net::Transport> transport) { receive(std::move(transport), entrance); });
  listeners_.push_back(std::move(listener));
}

bool Lobby::admit(const net::PeerAddress& peer) {
  if (memory_.refuses_strangers()) {  // strangers first: people at work keep what they have
    log_connection_refused(peer, "memory_limit");
    return false;
  }
  return admission_.admit(peer, shard_.clock().now());
}

void Lobby::receive(std::unique_ptr<net::Transport> transport, Entrance entrance) {
  if (is_closed_) {
    return;
  }
  const Id id = ++next_id_;
  auto stranger = std::make_unique<Stranger>(*this, id, std::move(transport), entrance);
  Stranger& added = *stranger;
  admission_.enter(added.source());
  strangers_.emplace(id, std::move(stranger));
  added.start();
}

Lobby::Stranger* Lobby::find(Id id) const {
  const auto found = strangers_.find(id);
  return found == strangers_.end() ? nullptr : found->second.get();
}

void Lobby::forget(Id id) {
  const auto found = strangers_.find(id);
  if (found == strangers_.end()) {
    return;
  }
  std::unique_ptr<Stranger> gone = std::move(found->second);
  strangers_.erase(found);
  admission_.leave(gone->source());
  shard_.post([owned = std::move(gone)] {});  // not under the feet of its own callback
}

void Lobby::close() {
  is_closed_ = true;
  for (const auto& listener : listeners_) {
    listener->stop();
  }
  std::vector<Id> ids;
  for (const auto& [id, stranger] : strangers_) {
    ids.push_back(id);
  }
  for (const Id id : ids) {
    if (Stranger* stranger = find(id)) {
      stranger->shut_down();
    }
  }
}

}  // namespace aldis
