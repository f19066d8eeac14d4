// How a stranger proves who it is: SASL, and the certificate it has shown.
#include "base/log.h"
#include "base/metrics.h"
#include "core/stranger.h"

namespace aldis {
namespace {
metrics::Counter integrity_only_logins{"aldis_integrity_only_logins_total", "Logins on streams whose TLS suite does not encrypt."};
metrics::Counter certificates_accepted{"aldis_client_certificates_total", "Certificates that clients have shown.", {{"outcome", "accepted"}}};
metrics::Counter certificates_refused{"aldis_client_certificates_total", "Certificates that clients have shown.", {{"outcome", "refused"}}};
}  // namespace

AuthenticationExchange& Lobby::Stranger::exchange() {
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

bool Lobby::Stranger::carry_out(stream::BeginAuthentication& demand) {
  return wait_for(exchange().begin(std::move(demand.mechanism), std::move(demand.initial_response), std::move(demand.sasl2)));
}

bool Lobby::Stranger::carry_out(stream::BeginTask& demand) { return wait_for(exchange().begin_task(std::move(demand.name))); }

bool Lobby::Stranger::carry_out(stream::ContinueTask& demand) {
  return wait_for(exchange().continue_task(std::move(demand.salted_password)));
}

bool Lobby::Stranger::carry_out(stream::ContinueAuthentication& demand) {
  return wait_for(exchange().respond(std::move(demand.response)));
}

bool Lobby::Stranger::carry_out(stream::AbortAuthentication&) {
  return do_step(negotiation_->on_authentication(to_answer(exchange().abort())));
}

// ---- the certificate

CertificateUse Lobby::Stranger::certificate_use(std::string_view domain) const {
  const CertificateUse wanted = lobby_.world_.certificates != nullptr ? lobby_.world_.certificates->use(domain) : CertificateUse::off;
  if (wanted == CertificateUse::optional && entrance_.certificates != CertificateUse::optional) {
    return entrance_.certificates;
  }
  return wanted;   // required stays so where none is asked for: nobody comes in there
}

bool Lobby::Stranger::asks_for_judgement(const xml::Element& header) const {
  const auto to = Jid::parse(header.attribute("to").value_or(""));
  return to && certificate_ == nullptr && certificate_use(to->domain()) != CertificateUse::off && connection_->tls() != nullptr &&
         !connection_->tls()->presented_chain().certificates.empty();
}

bool Lobby::Stranger::judge_certificate(std::unique_ptr<const xml::Document> header) {
  connection_->pause();
  std::string domain(Jid::parse(*header->root().attribute("to"))->domain());
  spawn(judge(lobby_, id_, std::move(header),
              lobby_.world_.certificates->judge(connection_->tls()->presented_chain(), std::move(domain))));
  return false;
}

Task<void> Lobby::Stranger::judge(Lobby& lobby, Id id, std::unique_ptr<const xml::Document> header, Task<CertificateJudgement> waiting) {
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
void Lobby::Stranger::note_judgement(const CertificateJudgement& judged) const {
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

bool Lobby::Stranger::wait_for(Task<AuthReply> reply) {
  connection_->pause();
  spawn(authenticate(lobby_, id_, exchange_, std::move(reply)));
  return false;
}

Task<void> Lobby::Stranger::authenticate(Lobby& lobby, Id id, std::shared_ptr<AuthenticationExchange> keep, Task<AuthReply> waiting) {
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

stream::SaslAnswer Lobby::Stranger::to_answer(const AuthReply& reply) {
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

void Lobby::Stranger::note_integrity_only() const {
  if (connection_->tls() == nullptr || is_confidential()) {
    return;
  }
  integrity_only_logins.add();
  log::warning("audit-login-not-confidential", {{"account", principal_->identity.str()},
                                                {"mechanism", principal_->mechanism},
                                                {"cipher", connection_->tls()->info().cipher},
                                                {"source", principal_->source_address}});
}

}  // namespace aldis
