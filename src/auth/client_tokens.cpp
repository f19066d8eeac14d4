// Clients' tokens.
#include "auth/client_tokens.h"

#include <utility>

#include "base/encoding.h"
#include "base/ensure.h"
#include "sasl/ht.h"
#include "sasl/scram_keys.h"

namespace aldis {
namespace {

constexpr std::size_t seed_bytes = 16;
// A login is written down only when something hangs on it, or this long after the last that was.
constexpr std::chrono::hours note_use_after{1};

SecretBytes as_text(const SecretBytes& bytes) {
  std::string text = base64_encode(bytes.bytes());
  SecretBytes secret{std::string_view(text)};
  ::explicit_bzero(text.data(), text.size());
  return secret;
}

}  // namespace

ClientTokens::ClientTokens(AuthConfig config, TokenStore& store, SecretBytes key, Random& random, const Clock& clock)
    : config_(std::move(config)), store_(store), key_(std::move(key)), random_(random), clock_(clock) {
  ensure(key_.empty() || key_.size() == token_key_bytes, "a token key has its length");
}

std::vector<std::string> ClientTokens::mechanisms(bool is_confidential, sasl::BindingTypes bindings) const {
  std::vector<std::string> possible;
  for (const std::string& name : config_.token_mechanisms) {
    const auto ht = sasl::parse_ht_name(name);
    const bool can_bind = ht && (ht->channel == sasl::HtChannel::none ||
                                 (ht->channel == sasl::HtChannel::expr ? bindings.tls_exporter : bindings.tls_server_end_point));
    if (is_confidential && can_bind && !key_.empty()) {
      possible.push_back(name);
    }
  }
  return possible;
}

SecretBytes ClientTokens::token_of(const BareJid& owner, const ClientToken& stored) const {
  std::string message("aldis token 1");
  for (const std::string_view part : {std::string_view(owner.str()), std::string_view(stored.client), std::string_view(stored.mechanism)}) {
    message.append(1, '\0').append(part);  // none of these holds a NUL
  }
  message.append(1, '\0').append(std::to_string(stored.expires.time_since_epoch().count())).append(1, '\0').append(stored.seed);
  return as_text(sasl::hmac(sasl::ScramHash::sha_256, key_, message));
}

Task<Result<std::vector<ClientTokens::Candidate>>> ClientTokens::candidates(BareJid owner, std::string client,
                                                                            std::string mechanism) {
  Result<std::vector<ClientToken>> stored = co_await store_.load(owner, std::move(client));
  if (!stored) {
    co_return fail(std::move(stored.error()));
  }
  std::vector<Candidate> found;
  for (ClientToken& token : *stored) {
    if (token.mechanism == mechanism) {  // section 3.4: with no other
      SecretBytes secret = token_of(owner, token);
      found.push_back({std::move(token), std::move(secret)});
    }
  }
  co_return found;
}

std::vector<SecretBytes> ClientTokens::inventions(std::size_t count) {
  std::vector<SecretBytes> made_up;
  for (std::size_t i = 0; i < count; ++i) {
    SecretBytes bytes(token_key_bytes);
    random_.fill(bytes.bytes());
    made_up.push_back(as_text(sasl::hmac(sasl::ScramHash::sha_256, bytes, "nobody's")));
  }
  return made_up;
}

Task<Result<void>> ClientTokens::use(BareJid owner, ClientToken token, std::optional<std::uint64_t> count) {
  const WallTime now = clock_.wall();
  if (token.is_current && !count && now < token.used + note_use_after) {
    co_return Result<void>{};
  }
  Result<void> used = co_await store_.use(std::move(owner), std::move(token.client), std::move(token.seed), count, now);
  co_return used;
}

Task<Result<ClientTokens::Issued>> ClientTokens::issue(BareJid owner, sasl::UserAgent agent, std::string mechanism,
                                                       WallTime credentials_changed) {
  ClientToken token;
  token.client = std::move(agent.id);
  token.mechanism = std::move(mechanism);
  token.seed = sasl::random_salt(random_, seed_bytes);
  token.issued = clock_.wall();
  token.expires = token.issued + config_.token_lifetime;
  token.software = std::move(agent.software);
  token.device = std::move(agent.device);
  Issued issued{token_of(owner, token), token.expires};
  const Result<void> stored = co_await store_.issue(std::move(owner), std::move(token), credentials_changed, config_.token_clients);
  if (!stored) {
    co_return fail(stored.error());
  }
  co_return issued;
}

Task<Result<void>> ClientTokens::forget(BareJid owner, std::string client) {
  ensure(!client.empty(), "a client has a name");
  const auto forgotten = co_await store_.forget(std::move(owner), std::move(client));
  if (!forgotten) {
    co_return fail(forgotten.error());
  }
  co_return Result<void>{};
}

}  // namespace aldis
