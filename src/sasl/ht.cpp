// The hashed token mechanisms.
#include "sasl/ht.h"

#include <array>
#include <utility>

#include "base/ensure.h"

namespace aldis::sasl {
namespace {

constexpr std::size_t authcid_max = 3071;  // bytes: a bare address at most; the draft's section 3.1 asks for 255

constexpr std::array hashes{
    std::pair{std::string_view("HT-SHA-256-"), ScramHash::sha_256},
    std::pair{std::string_view("HT-SHA-512-"), ScramHash::sha_512},
};
constexpr std::array channels{
    std::pair{std::string_view("EXPR"), HtChannel::expr},
    std::pair{std::string_view("ENDP"), HtChannel::endp},
    std::pair{std::string_view("NONE"), HtChannel::none},
};

}  // namespace

std::optional<HtName> parse_ht_name(std::string_view name) {
  for (const auto& [prefix, hash] : hashes) {
    for (const auto& [suffix, channel] : channels) {
      if (name.starts_with(prefix) && name.substr(prefix.size()) == suffix) {
        return HtName{hash, channel};
      }
    }
  }
  return std::nullopt;
}

Ht::Ht(ScramHash hash, HtChannel channel, Context context) : hash_(hash), channel_(channel), context_(std::move(context)) {
  name_.append("HT-").append(to_string(hash)).append("-");
  for (const auto& [suffix, known] : channels) {
    name_.append(known == channel ? suffix : "");
  }
}

std::string_view Ht::binding_data() const {
  switch (channel_) {
    case HtChannel::expr: return context_.bindings.tls_exporter;
    case HtChannel::endp: return context_.bindings.tls_server_end_point;
    case HtChannel::none: break;
  }
  return {};
}

Outcome Ht::step(std::optional<std::string_view> message) {
  const State state = std::exchange(state_, State::over);
  if (state != State::message) {
    return Failed{Failure::malformed_request, "message out of order"};
  }
  if (!message) {
    return Failed{Failure::malformed_request, "no initial response"};
  }
  if (channel_ != HtChannel::none && binding_data().empty()) {
    return Failed{Failure::not_authorized, "channel binding that this connection has not"};
  }
  const std::size_t end = message->find('\0');  // the hashed token may hold further ones
  if (end == std::string_view::npos || end == 0 || end > authcid_max) {
    return Failed{Failure::malformed_request, "no authcid"};
  }
  username_ = message->substr(0, end);
  proof_ = message->substr(end + 1);
  if (proof_.size() != digest_size(hash_)) {
    return Failed{Failure::malformed_request, "the hashed token has not the hash's length"};
  }
  state_ = State::tokens;
  return NeedTokens{username_};
}

Outcome Ht::supply_tokens(std::vector<SecretBytes> tokens) {
  ensure(state_ == State::tokens, "tokens are supplied only where they were asked for");
  state_ = State::over;
  const std::string_view data = binding_data();
  std::optional<std::size_t> proved;
  for (std::size_t i = 0; i < tokens.size(); ++i) {  // all are looked at, whichever is right
    const SecretBytes expected = hmac(hash_, tokens[i], std::string("Initiator").append(data));
    if (equal_constant_time(expected.view(), proof_) && !proved) {
      proved = i;
    }
  }
  if (!proved) {
    return Failed{Failure::not_authorized, "no such token"};
  }
  Success success;
  success.username = std::move(username_);
  success.data = hmac(hash_, tokens[*proved], std::string("Responder").append(data)).view();
  success.is_channel_bound = channel_ != HtChannel::none;
  success.channel_binding = channel_ == HtChannel::expr   ? "tls-exporter"
                            : channel_ == HtChannel::endp ? "tls-server-end-point"
                                                          : "";
  success.token = proved;
  return success;
}

}  // namespace aldis::sasl
