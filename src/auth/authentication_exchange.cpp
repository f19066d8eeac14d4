// AuthenticationExchange: one stream's tries, from the text of a SASL element to a verdict.
#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "auth/authenticator.h"
#include "auth/stored_keys.h"
#include "base/encoding.h"
#include "base/ensure.h"
#include "base/log.h"
#include "base/metrics.h"
#include "sasl/scram_keys.h"

namespace aldis {
namespace {

metrics::Counter refusals{"aldis_authentications_total", "Ended SASL exchanges.", {{"outcome", "refused"}}};
metrics::Counter disturbances{"aldis_authentications_total", "Ended SASL exchanges.", {{"outcome", "temporary-failure"}}};

// The data an element's text stands for; nothing when it is not base64. RFC 6120 section 6.4.2: "=" is empty data; XEP-0388
// section 2.2 has an empty element for that.
std::optional<std::string> decode(std::string_view text, bool is_sasl2) {
  return text == "=" && !is_sasl2 ? std::optional<std::string>(std::in_place) : base64_decode(text);
}

constexpr std::string_view change_it_first =
    "Your password must be changed before you can do anything else here. Change it in your client's settings, then log in with the new one.";

ClientCertificate certificate_of(const CertificateJudgement& judged) {
  const tls::CertificateFields& fields = judged.fields;
  return {.subject = fields.subject,
          .issuer = fields.issuer,
          .serial = fields.serial,
          .fingerprint = fields.fingerprint_sha256,
          .xmpp_addresses = fields.names.xmpp_addr,
          .not_after = fields.not_after,
          .chain = judged.chain};
}

}  // namespace

AuthenticationExchange::AuthenticationExchange(Authenticator& authenticator, AuthenticationContext context)
    : authenticator_(authenticator),
      context_(std::move(context)),
      config_(authenticator.config_),
      attempts_left_(config_->tries_per_stream) {}

AuthenticationExchange::~AuthenticationExchange() = default;

Task<AuthReply> AuthenticationExchange::begin(std::string mechanism, std::optional<std::string> initial_response,
                                              std::optional<sasl::Sasl2Request> sasl2) {
  if (mechanism_ != nullptr || principal_ != nullptr) {
    co_return fail_with(sasl::Failure::malformed_request, "an exchange is under way");
  }
  sasl2_ = std::move(sasl2);
  if (attempts_left_ == 0) {
    co_return fail_with(sasl::Failure::not_authorized, "no tries left");
  }
  const auto& offered = sasl2_ && sasl2_->token ? context_.offered_tokens : context_.offered;
  if (std::ranges::find(offered, mechanism) == offered.end()) {
    co_return fail_with(sasl::Failure::invalid_mechanism, "not offered");
  }
  if (mechanism == "PLAIN" && !context_.is_confidential) {
    co_return fail_with(sasl::Failure::encryption_required, "a password in the clear");
  }
  if (const auto fault = find_fault()) {
    co_return fail_with(sasl::Failure::malformed_request, *fault);
  }
  const bool binds = mechanism.ends_with("-PLUS") || mechanism.starts_with("HT-");
  sasl::Context given{binds && context_.bindings ? context_.bindings() : sasl::ChannelBindings{}, context_.offered, context_.offered_bindings, &authenticator_.random_};
  mechanism_ = sasl::make_mechanism(mechanism, std::move(given));
  if (mechanism_ == nullptr) {
    co_return fail_with(sasl::Failure::invalid_mechanism, "not known");
  }
  if (mechanism == "GSSAPI" || mechanism.starts_with("GS2-")) {
    tickets_of_domain_ = authenticator_.tickets_of(context_.domain);
    if (tickets_of_domain_ == nullptr) {   // since the offer a reload has taken it back
      co_return fail_with(sasl::Failure::invalid_mechanism, "no tickets are taken");
    }
    context_of_ticket_ = tickets_of_domain_->begin();
  }
  std::optional<std::string> message;
  if (initial_response && (sasl2_ || !initial_response->empty())) {
    message = decode(*initial_response, sasl2_.has_value());
    if (!message) {
      co_return fail_with(sasl::Failure::incorrect_encoding, "not base64");
    }
  }
  AuthReply reply = co_await advance(std::move(message));
  co_return reply;
}

Task<AuthReply> AuthenticationExchange::respond(std::string response) {
  if (mechanism_ == nullptr) {
    co_return fail_with(sasl::Failure::malformed_request, "no exchange is under way");
  }
  std::optional<std::string> message = decode(response, sasl2_.has_value());
  if (!message) {
    co_return fail_with(sasl::Failure::incorrect_encoding, "not base64");
  }
  AuthReply reply = co_await advance(std::move(message));
  co_return reply;
}

AuthReply AuthenticationExchange::abort() { return fail_with(sasl::Failure::aborted, "the client gave up"); }

Task<AuthReply> AuthenticationExchange::advance(std::optional<std::string> message) {
  std::optional<LoginFailureCounters::Try> attempt;
  if (has_keys_) {
    attempt = co_await authenticator_.failures_.admit(claimed_, context_.source_address);
    if (!attempt) {
      co_return fail_with(sasl::Failure::not_authorized, "locked out");
    }
  }
  sasl::Outcome outcome = mechanism_->step(message);
  if (message) {
    ::explicit_bzero(message->data(), message->size());
  }
  if (std::holds_alternative<sasl::NeedContext>(outcome)) {
    is_guess_ = true;
    Result<sasl::Outcome> taken = co_await take_steps(std::move(outcome));
    if (!taken) {
      co_return fail_with(sasl::Failure::temporary_auth_failure, taken.error().what);
    }
    outcome = std::move(*taken);
  }
  if (auto* need = std::get_if<sasl::NeedKeys>(&outcome)) {
    Result<sasl::Keys> keys = co_await find_keys(std::move(need->username), std::move(need->hash));
    if (!keys) {
      co_return fail_with(sasl::Failure::temporary_auth_failure, keys.error().what);
    }
    has_keys_ = true;
    is_guess_ = true;
    outcome = mechanism_->supply_keys(std::move(*keys));
  } else if (auto* ask = std::get_if<sasl::NeedPasswordCheck>(&outcome)) {
    is_guess_ = true;
    claim(std::move(ask->username));
    attempt = co_await authenticator_.failures_.admit(claimed_, context_.source_address);
    if (!attempt) {
      co_return fail_with(sasl::Failure::not_authorized, "locked out");
    }
    const Result<bool> is_right = co_await check_password(std::move(ask->password));
    if (!is_right) {
      co_return fail_with(sasl::Failure::temporary_auth_failure, is_right.error().what);
    }
    outcome = mechanism_->supply_verdict(*is_right);
  } else if (auto* wanted = std::get_if<sasl::NeedTokens>(&outcome)) {
    is_guess_ = true;
    Result<std::vector<SecretBytes>> tokens = co_await find_tokens(std::move(wanted->username));
    if (!tokens) {
      co_return fail_with(sasl::Failure::temporary_auth_failure, tokens.error().what);
    }
    attempt = co_await authenticator_.failures_.admit(claimed_, context_.source_address);
    if (!attempt) {
      co_return fail_with(sasl::Failure::not_authorized, "locked out");
    }
    outcome = mechanism_->supply_tokens(std::move(*tokens));
    if (auto* proved = std::get_if<sasl::Success>(&outcome)) {
      Result<sasl::Outcome> settled = co_await settle_token(std::move(*proved));
      if (!settled) {
        co_return fail_with(sasl::Failure::temporary_auth_failure, settled.error().what);
      }
      outcome = std::move(*settled);
    }
  } else if (auto* asked = std::get_if<sasl::NeedIdentities>(&outcome)) {
    is_guess_ = true;
    Result<sasl::Outcome> identified = co_await identify(std::move(asked->authzid), attempt);
    if (!identified) {
      co_return fail_with(sasl::Failure::temporary_auth_failure, identified.error().what);
    }
    outcome = std::move(*identified);
  }

  const auto* failed = std::get_if<sasl::Failed>(&outcome);
  if (attempt && failed != nullptr && failed->condition == sasl::Failure::not_authorized) {
    co_await authenticator_.failures_.failed(std::move(*attempt), credentials_.has_value());
  } else if (attempt && std::holds_alternative<sasl::Success>(outcome)) {
    co_await authenticator_.failures_.succeeded(std::move(*attempt));
  }
  if (failed != nullptr) {
    co_return fail_with(failed->condition, failed->why);
  }
  if (authenticator_.clock_.now() > context_.deadline) {
    co_return fail_with(sasl::Failure::temporary_auth_failure, "the deadline has passed");
  }
  if (auto* challenge = std::get_if<sasl::Challenge>(&outcome)) {
    co_return AuthReply(AuthChallenge{std::move(challenge->data)});
  }
  auto* success = std::get_if<sasl::Success>(&outcome);
  ensure(success != nullptr, "what a mechanism asked for was answered");
  AuthReply reply = co_await conclude(std::move(*success));
  co_return reply;
}

// A text that is no address is nobody's name.
void AuthenticationExchange::claim(std::string username) {
  account_.reset();
  credentials_.reset();
  Result<BareJid, JidError> address = BareJid::of(username, context_.domain);
  claimed_ = std::move(username);
  if (address && address->has_local()) {
    claimed_ = address->str();
    account_ = std::move(*address);
  }
}

Result<void> AuthenticationExchange::know(Result<Credentials> found) {
  if (found) {
    credentials_ = std::move(*found);
  } else if (found.error().kind != ErrorKind::not_found) {
    return fail(std::move(found.error()));
  }
  return {};
}

Task<Result<void>> AuthenticationExchange::look_up() {
  if (!account_) {
    co_return Result<void>{};
  }
  Result<Credentials> found = co_await authenticator_.credentials_.find(*account_);
  co_return know(std::move(found));
}

Task<Result<sasl::Keys>> AuthenticationExchange::find_keys(std::string username, std::string hash) {
  claim(std::move(username));
  const Result<void> found = co_await look_up();
  if (!found) {
    co_return fail(found.error());
  }
  const ScramKeys* stored = credentials_ ? keys_for(*credentials_, hash) : nullptr;
  if (stored == nullptr) {
    co_return sasl::invent_keys(*sasl::parse_hash(hash), authenticator_.invention_secret_, claimed_, config_->key_iterations);
  }
  if (!are_sound(*stored)) {
    co_return fail(ErrorKind::corrupt, "stored keys cannot be right");
  }
  co_return sasl::Keys{stored->iterations, stored->salt, stored->stored_key, stored->server_key, false};
}

// That the client holds the certificate, or may show the ticket, is proved; what is left is whom it wants to be. A lockout holds for it
// as for passwords (security S07), under the name of the account that is meant.
Task<Result<sasl::Outcome>> AuthenticationExchange::identify(std::string authzid, std::optional<LoginFailureCounters::Try>& attempt) {
  std::vector<std::string> identities;
  if (context_of_ticket_ != nullptr) {
    const Result<std::vector<BareJid>> accounts = co_await accounts_of_ticket();
    if (!accounts) {
      co_return fail(accounts.error().kind, "whose the ticket is could not be asked: " + accounts.error().what);
    }
    for (const BareJid& account : *accounts) {
      identities.push_back(account.str());
    }
  } else if (context_.certificate != nullptr && context_.certificate->step == CertificateStep::directory) {
    co_return fail(ErrorKind::unavailable, "whose the certificate is could not be asked: " + context_.certificate->why);
  } else if (context_.certificate != nullptr && context_.certificate->domain == context_.domain) {
    for (const BareJid& account : context_.certificate->accounts()) {
      identities.push_back(account.str());
    }
  }
  std::optional<std::string> wanted;
  if (const auto address = BareJid::parse(authzid)) {
    wanted = address->str();
  }
  if (const auto own = BareJid::of(authzid, context_.domain); context_of_ticket_ != nullptr && own && authzid.find('@') == std::string::npos) {
    wanted = own->str();   // clients of Kerberos write the name alone
  }
  const bool is_own = wanted && std::ranges::find(identities, *wanted) != identities.end();
  claimed_ = is_own                 ? *wanted
             : !identities.empty()  ? identities.front()
             : context_of_ticket_   ? context_of_ticket_->principal()
                                    : std::string("a certificate");
  attempt = co_await authenticator_.failures_.admit(claimed_, context_.source_address);
  if (!attempt) {
    co_return sasl::Outcome(sasl::Failed{sasl::Failure::not_authorized, "locked out"});
  }
  sasl::Outcome outcome = mechanism_->supply_identities(std::move(identities), std::move(wanted));
  if (auto* failed = std::get_if<sasl::Failed>(&outcome); failed != nullptr && !nobodys_ticket_.empty()) {
    failed->why += ": " + nobodys_ticket_;
  }
  if (const auto* success = std::get_if<sasl::Success>(&outcome)) {
    account_ = BareJid::parse(success->username).value();
    const Result<void> found = co_await look_up();
    if (!found) {
      co_return fail(found.error());
    }
  }
  co_return outcome;
}

// The proof was right, or none was needed: whether its bearer may come in, and as whom.
Task<AuthReply> AuthenticationExchange::conclude(sasl::Success success) {
  const bool is_anonymous = mechanism_->name() == "ANONYMOUS";
  if (is_anonymous) {
    auto address = BareJid::of(random_token(authenticator_.random_), context_.domain);
    ensure(address.has_value(), "a random name is an address");
    account_ = std::move(*address);
  } else if (!account_ || !credentials_) {
    co_return fail_with(sasl::Failure::not_authorized, "no such account");
  } else if (!credentials_->is_enabled) {
    co_return fail_with(sasl::Failure::account_disabled, "the account is disabled");
  } else if (credentials_->is_expired) {
    co_return fail_with(sasl::Failure::credentials_expired, "the credentials have expired");
  } else if (must_change() && !may_change()) {
    co_return fail_with(sasl::Failure::credentials_expired, "the password must be changed");
  }
  if (!success.authzid.empty() && context_of_ticket_ == nullptr) {   // identify() has compared it
    // RFC 6120 section 6.3.8: a bare address. Nobody may act for another here (security S01).
    const auto wanted = BareJid::parse(success.authzid);
    if (!wanted || *wanted != *account_) {
      co_return fail_with(sasl::Failure::invalid_authzid, "another identity was asked for");
    }
  }
  if (sasl2_ && !sasl2_->from.empty() && sasl2_->from != account_->str()) {
    // XEP-0388 section 2.3. RFC 6120's profile compares with the header of the stream that follows.
    co_return fail_with(sasl::Failure::invalid_authzid, "the stream is from another identity");
  }
  auto principal = std::make_shared<Principal>(Principal{*account_});
  principal->mechanism = mechanism_->name();
  principal->channel_binding = std::move(success.channel_binding);
  principal->is_confidential = context_.is_confidential;
  principal->is_anonymous = is_anonymous;
  if (credentials_) {
    principal->groups = std::move(credentials_->groups);
    principal->credentials_changed = credentials_->changed;
    principal->must_change_password = !is_anonymous && must_change();
    principal->notice = principal->must_change_password ? std::string(change_it_first) : std::move(notice_);
  }
  principal->source_address = context_.source_address;
  if (context_of_ticket_ != nullptr) {
    principal->kerberos_principal = context_of_ticket_->principal();
  }
  if (mechanism_->name() == "EXTERNAL") {
    principal->certificate = certificate_of(*context_.certificate);
  }
  principal->authenticated = authenticator_.clock_.wall();
  if (sasl2_ && !sasl2_->agent.id.empty()) {
    principal->client = sasl2_->agent.id;
    principal->client_name = authenticator_.name_of_client(*account_, principal->client);
  }
  if (!success.data.empty()) {
    data_ = std::move(success.data);
  }
  principal_ = std::move(principal);
  mechanism_.reset();
  has_keys_ = false;
  plan_upgrades();
  AuthReply reply = co_await go_on();
  co_return reply;
}

void AuthenticationExchange::end_exchange() {
  mechanism_.reset();
  claimed_.clear();
  account_.reset();
  credentials_.reset();
  notice_.clear();
  has_keys_ = false;
  sasl2_.reset();
  tickets_of_domain_.reset();
  context_of_ticket_.reset();
  nobodys_ticket_.clear();
  tokens_.clear();
  proved_.reset();
  principal_.reset();
  data_.reset();
  upgrades_.clear();
  upgrade_.reset();
}

AuthReply AuthenticationExchange::fail_with(sasl::Failure condition, std::string_view why) {
  (condition == sasl::Failure::temporary_auth_failure ? disturbances : refusals).add();
  // A text that is no account's address may be a password typed in the wrong place: it is not logged (security O02).
  log::info("authentication-failed", {{"account", account_ ? std::string_view(account_->str()) : std::string_view()},
                                      {"mechanism", mechanism_    ? mechanism_->name()
                                                    : principal_ ? std::string_view(principal_->mechanism)
                                                                 : std::string_view()},
                                      {"principal", context_of_ticket_ ? std::string_view(context_of_ticket_->principal()) : std::string_view()},
                                      {"condition", sasl::to_string(condition)},
                                      {"reason", why},
                                      {"source", context_.source_address}});
  end_exchange();
  if (!std::exchange(is_guess_, false) && misunderstandings_left_ > 0) {
    --misunderstandings_left_;
  } else if (attempts_left_ > 0) {
    --attempts_left_;
  }
  return AuthFailure{condition, attempts_left_};
}

}  // namespace aldis
