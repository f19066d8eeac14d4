// ClientTokens: the tokens that clients log in with in place of a password (XEP-0484, 0.2.0): made, checked, renewed, ended.
// A token is HMAC-SHA-256(token key, owner, client, mechanism, end, seed): the store keeps the seed, the installation's token
// key is a file of its own, and neither alone makes a token (ADR 0032). Whoever changes a row in the store changes the token.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "auth/auth_config.h"
#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "base/secret_bytes.h"
#include "runtime/task.h"
#include "sasl/mechanism.h"
#include "sasl/sasl2_request.h"
#include "storage/token_store.h"
#include "xmpp/jid.h"

namespace aldis {

inline constexpr std::size_t token_key_bytes = 32;

class ClientTokens {
 public:
  // Used from one executor; everything passed outlives it. Without a key (of token_key_bytes) there are no tokens.
  ClientTokens(AuthConfig config, TokenStore& store, SecretBytes key, Random& random, const Clock& clock);
  void configure(AuthConfig config) { config_ = std::move(config); }

  // Of the configured mechanisms those this connection can do; none where it is not confidential (section 6).
  [[nodiscard]] std::vector<std::string> mechanisms(bool is_confidential, sasl::BindingTypes bindings) const;

  // What the client could prove with this mechanism, also when it has expired; the new one first. At most two.
  struct Candidate {
    ClientToken stored;
    SecretBytes token;
  };
  [[nodiscard]] Task<Result<std::vector<Candidate>>> candidates(BareJid owner, std::string client, std::string mechanism);
  // As much work as candidates() makes, to compare with: nothing proves these.
  [[nodiscard]] std::vector<SecretBytes> inventions(std::size_t count);

  // The token was proved, and is to be the current one. denied: its count was seen before; not_found: it is gone.
  [[nodiscard]] Task<Result<void>> use(BareJid owner, ClientToken token, std::optional<std::uint64_t> count);
  [[nodiscard]] bool has_expired(const ClientToken& token) const { return clock_.wall() >= token.expires; }
  // Old enough that a login hands out the next (section 3.5).
  [[nodiscard]] bool is_due(const ClientToken& token) const { return clock_.wall() >= token.issued + config_.token_rotation; }

  struct Issued {
    SecretBytes token;      // the text the client gets
    WallTime expires{};
  };
  // denied when the credentials are no longer those of `credentials_changed`.
  [[nodiscard]] Task<Result<Issued>> issue(BareJid owner, sasl::UserAgent agent, std::string mechanism,
                                           WallTime credentials_changed);
  // All tokens of this client.
  [[nodiscard]] Task<Result<void>> forget(BareJid owner, std::string client);

 private:
  [[nodiscard]] SecretBytes token_of(const BareJid& owner, const ClientToken& stored) const;

  AuthConfig config_;
  TokenStore& store_;
  SecretBytes key_;
  Random& random_;
  const Clock& clock_;
};

}  // namespace aldis
