// SCRAM, the server's side.
#include "sasl/scram.h"

#include <algorithm>
#include <utility>

#include "base/encoding.h"
#include "base/ensure.h"

namespace aldis::sasl {
namespace {

constexpr std::size_t nonce_bits = 160;

std::string join_sorted(std::vector<std::string> names, char delimiter) {
  std::ranges::sort(names);  // i;octet
  std::string joined;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i != 0) {
      joined += delimiter;
    }
    joined += names[i];
  }
  return joined;
}

}  // namespace

Scram::Scram(ScramHash hash, bool is_plus, Context context)
    : hash_(hash), is_plus_(is_plus), context_(std::move(context)), name_("SCRAM-") {
  ensure(context_.random != nullptr, "SCRAM needs a source of nonces");
  name_.append(to_string(hash)).append(is_plus ? "-PLUS" : "");
}

Outcome Scram::step(std::optional<std::string_view> message) {
  if (!message && state_ == State::client_first && !has_asked_) {
    has_asked_ = true;
    return Challenge{};
  }
  const State state = std::exchange(state_, State::over);
  if (message && state == State::client_first) {
    return read_first(*message);
  }
  if (message && state == State::client_final) {
    return read_final(*message);
  }
  return Failed{Failure::malformed_request, "message out of order"};
}

Outcome Scram::read_first(std::string_view message) {
  auto first = parse_client_first(message);
  if (!first) {
    return Failed{Failure::malformed_request, "client-first-message: " + std::string(first.error())};
  }
  if (const std::string_view conflict = binding_conflict(*first); !conflict.empty()) {
    return Failed{Failure::not_authorized, std::string(conflict)};
  }
  first_ = std::move(*first);
  state_ = State::keys;
  return NeedKeys{first_.username, std::string(to_string(hash_))};
}

std::string_view Scram::binding_conflict(const ClientFirst& first) const {
  switch (first.flag) {
    case BindingFlag::unsupported:
      return is_plus_ ? "a -PLUS mechanism without channel binding" : "";
    case BindingFlag::not_offered:
      // RFC 5802 section 6: somebody may have stripped the -PLUS mechanisms from what we offered.
      if (is_plus_ || std::ranges::any_of(context_.offered, [](const std::string& m) { return m.starts_with("SCRAM-") && m.ends_with("-PLUS"); })) {
        return "the client believes that channel binding was not offered";
      }
      return "";
    case BindingFlag::used:
      if (!is_plus_) {
        return "channel binding with a mechanism that has none";
      }
      if (std::ranges::find(context_.offered_bindings, first.binding_type) == context_.offered_bindings.end() ||
          context_.bindings.of(first.binding_type).empty()) {
        return "channel binding type that was not offered";
      }
      return "";
  }
  ensure(false, "a flag is one of three");
  return {};
}

Outcome Scram::supply_keys(Keys keys) {
  ensure(state_ == State::keys, "keys are supplied only where they were asked for");
  ensure(keys.iterations > 0 && !keys.salt.empty() && keys.stored_key.size() == digest_size(hash_) &&
             keys.server_key.size() == digest_size(hash_),
         "keys are of the mechanism's hash");
  keys_ = std::move(keys);
  nonce_ = first_.nonce + random_token(*context_.random, nonce_bits);
  server_first_ = "r=" + nonce_ + ",s=" + base64_encode(keys_.salt) + ",i=" + std::to_string(keys_.iterations);
  if (!context_.offered.empty()) {
    server_first_ += ",h=" + downgrade_hash();
  }
  state_ = State::client_final;
  return Challenge{server_first_};
}

// XEP-0474 section 6.1: what we advertised, under the password's protection.
std::string Scram::downgrade_hash() const {
  std::string advertised = join_sorted(context_.offered, '\x1e');
  if (!context_.offered_bindings.empty()) {
    advertised += '\x1f';
    advertised += join_sorted(context_.offered_bindings, '\x1e');
  }
  return base64_encode(digest(hash_, advertised).view());
}

Outcome Scram::read_final(std::string_view message) {
  const auto final = parse_client_final(message);
  if (!final) {
    return Failed{Failure::malformed_request, "client-final-message: " + std::string(final.error())};
  }
  const std::string binding = first_.gs2_header + std::string(context_.bindings.of(first_.binding_type));
  if (!equal_constant_time(final->binding, binding)) {
    return Failed{Failure::not_authorized, "channel binding does not match"};
  }
  if (!equal_constant_time(final->nonce, nonce_)) {
    return Failed{Failure::not_authorized, "nonce does not match"};
  }
  const std::string auth_message = first_.bare + "," + server_first_ + "," + final->without_proof;
  // The proof is looked at in any case, so that an invented account costs what a real one does.
  const bool is_right = is_right_proof(final->proof, auth_message);
  if (!is_right || keys_.is_invented) {
    return Failed{Failure::not_authorized, keys_.is_invented ? "unknown account" : "wrong password"};
  }
  Success success;
  success.username = std::move(first_.username);
  success.authzid = std::move(first_.authzid);
  success.data = "v=" + base64_encode(hmac(hash_, keys_.server_key, auth_message).view());
  success.is_channel_bound = is_plus_;
  success.channel_binding = std::move(first_.binding_type);
  return success;
}

// ClientKey := ClientProof XOR HMAC(StoredKey, AuthMessage); right when H(ClientKey) is StoredKey (RFC 5802 section 3).
bool Scram::is_right_proof(std::string_view proof, std::string_view auth_message) const {
  if (proof.size() != digest_size(hash_)) {
    return false;
  }
  SecretBytes client_key = hmac(hash_, keys_.stored_key, auth_message);
  for (std::size_t i = 0; i < proof.size(); ++i) {
    client_key.bytes()[i] ^= static_cast<std::uint8_t>(proof[i]);
  }
  return equal_constant_time(digest(hash_, client_key.view()).bytes(), keys_.stored_key.bytes());
}

}  // namespace aldis::sasl
