// Kerberos, the messages of the server's side.
#include "sasl/gssapi.h"

#include <algorithm>
#include <utility>

#include "base/ensure.h"

namespace aldis::sasl {
namespace {

using namespace std::string_view_literals;

constexpr std::size_t tokens_max = 4;                // of one exchange; Kerberos takes one, at most two
constexpr std::size_t authzid_max = 3071;            // bytes of a bare address at most (RFC 7622 section 3.1)
constexpr char no_layer = 1;                         // RFC 4752 section 3.3
constexpr std::string_view layers = "\x01\0\0\0"sv;  // no layer, and so no size
constexpr std::string_view krb5_oid = "\x06\x09\x2a\x86\x48\x86\xf7\x12\x01\x02\x02"sv;  // 1.2.840.113554.1.2.2, DER

Failed out_of_order() {
  return {Failure::malformed_request, "message out of order"};
}

}  // namespace

Result<std::string, std::string_view> parse_layer_choice(std::string_view message) {
  using Refused = Unexpected<std::string_view>;
  if (message.size() < layers.size()) {
    return Refused{"the choice of a security layer is too short"};
  }
  if (message[0] != no_layer) {
    return Refused{"a security layer that was not offered"};
  }
  if (message.substr(1, 3) != layers.substr(1)) {  // section 3.2: must be verified
    return Refused{"a buffer size without a security layer"};
  }
  message.remove_prefix(layers.size());
  if (message.find('\0') != std::string_view::npos) {
    return Refused{"NUL in the authorization identity"};
  }
  if (message.size() > authzid_max) {
    return Refused{"the authorization identity is too long"};
  }
  return std::string(message);
}

std::string with_token_header(std::string_view inner) {
  std::string out("\x60");
  const std::size_t length = krb5_oid.size() + inner.size();
  if (length < 0x80) {
    out += static_cast<char>(length);
  } else {
    std::string bytes;
    for (std::size_t rest = length; rest != 0; rest >>= 8) {
      bytes.insert(bytes.begin(), static_cast<char>(rest & 0xff));
    }
    out += static_cast<char>(0x80 | bytes.size());
    out += bytes;
  }
  return out.append(krb5_oid).append(inner);
}

// ---- the tokens of both

Outcome TokenExchange::step(std::optional<std::string_view> message) {
  if (!message && state_ == State::first && !has_asked_) {
    has_asked_ = true;
    return Challenge{};
  }
  const State state = std::exchange(state_, State::over);
  if (!message) {
    return out_of_order();
  }
  switch (state) {
    case State::first:
      return read_first(*message);
    case State::token:
      return accept(std::string(*message));
    case State::established:  // RFC 4752 section 3.2: a reply with no data; in GS2 likewise
      return message->empty() ? end() : Failed{Failure::malformed_request, "a token after the last"};
    case State::last:
      return last_step(*message);
    default:
      return out_of_order();
  }
}

Outcome TokenExchange::accept(std::string token) {
  if (token.empty()) {
    return Failed{Failure::malformed_request, "an empty token"};
  }
  state_ = State::accepting;
  return NeedContext{NeedContext::Call::accept, std::move(token), binding_};
}

Outcome TokenExchange::supply_context(ContextAnswer answer) {
  ensure(state_ == State::accepting || state_ == State::last, "a context answers only where it was asked for");
  const State state = std::exchange(state_, State::over);
  if (!answer.refusal.empty()) {
    return Failed{Failure::not_authorized, std::move(answer.refusal)};
  }
  if (state == State::last) {
    return last_answer(std::move(answer));
  }
  if (answer.is_established) {
    if (const std::string_view why = weakness(answer); !why.empty()) {
      return Failed{Failure::not_authorized, std::string(why)};
    }
    if (answer.data.empty()) {  // nothing to send, and so no reply to wait for
      return end();
    }
    state_ = State::established;
    return Challenge{std::move(answer.data)};
  }
  if (answer.data.empty() || ++tokens_ >= tokens_max) {
    return Failed{Failure::not_authorized, "a security context that does not come to an end"};
  }
  state_ = State::token;
  return Challenge{std::move(answer.data)};
}

Outcome TokenExchange::go_on(Outcome outcome) {
  state_ = State::last;
  return outcome;
}

Outcome TokenExchange::last_step(std::string_view) {
  return out_of_order();
}

Outcome TokenExchange::last_answer(ContextAnswer) {
  ensure(false, "a context answers only where it was asked for");
  return out_of_order();
}

Outcome TokenExchange::ask_identities(std::string authzid) {
  authzid_ = std::move(authzid);
  state_ = State::identities;
  return NeedIdentities{authzid_};
}

Outcome TokenExchange::supply_identities(std::vector<std::string> identities, std::optional<std::string> wanted) {
  ensure(state_ == State::identities, "identities are supplied only where they were asked for");
  state_ = State::over;
  return choose_identity(std::move(identities), std::move(wanted), std::move(authzid_), "the ticket");
}

// ---- GSSAPI

Outcome Gssapi::read_first(std::string_view message) {
  return accept(std::string(message));
}

// Without integrity the wrapped choice would prove nothing. Without mutual authentication, which this mechanism leaves
// to the client, what is wrapped proves us.
std::string_view Gssapi::weakness(const ContextAnswer& answer) const {
  return answer.has_integrity ? "" : "a security context without integrity";
}

Outcome Gssapi::end() {
  layer_ = Layer::wrapping;
  return go_on(NeedContext{NeedContext::Call::wrap, std::string(layers), std::nullopt});
}

Outcome Gssapi::last_step(std::string_view message) {
  if (layer_ != Layer::choice) {
    return out_of_order();
  }
  layer_ = Layer::unwrapping;
  return go_on(NeedContext{NeedContext::Call::unwrap, std::string(message), std::nullopt});
}

Outcome Gssapi::last_answer(ContextAnswer answer) {
  ensure(layer_ != Layer::choice, "a context answers only where it was asked for");
  if (layer_ == Layer::wrapping) {
    layer_ = Layer::choice;
    return go_on(Challenge{std::move(answer.data)});
  }
  auto authzid = parse_layer_choice(answer.data);
  if (!authzid) {
    return Failed{Failure::malformed_request, std::string(authzid.error())};
  }
  return ask_identities(std::move(*authzid));
}

// ---- GS2-KRB5

Gs2Krb5::Gs2Krb5(bool is_plus, Context context) : is_plus_(is_plus), context_(std::move(context)) {}

Outcome Gs2Krb5::read_first(std::string_view message) {
  auto header = parse_gs2_header(message);
  if (!header) {
    return Failed{Failure::malformed_request, std::string(header.error())};
  }
  header_ = std::move(*header);
  if (const std::string_view conflict = binding_conflict(); !conflict.empty()) {
    return Failed{Failure::not_authorized, std::string(conflict)};
  }
  // RFC 5801 section 5.1: the header is protected by being bound to, also without a channel.
  binding_ = header_.text;
  if (header_.flag == BindingFlag::used) {
    *binding_ += context_.bindings.of(header_.binding_type);
  }
  const std::string_view token = message.substr(header_.size);
  return accept(header_.is_nonstandard || token.empty() ? std::string(token) : with_token_header(token));
}

std::string_view Gs2Krb5::binding_conflict() const {
  switch (header_.flag) {
    case BindingFlag::unsupported:
      return is_plus_ ? "a -PLUS mechanism without channel binding" : "";
    case BindingFlag::not_offered:
      // Section 5: somebody may have stripped the -PLUS mechanism from what we offered.
      if (is_plus_ || std::ranges::find(context_.offered, "GS2-KRB5-PLUS") != context_.offered.end()) {
        return "the client believes that channel binding was not offered";
      }
      return "";
    case BindingFlag::used:
      if (!is_plus_) {
        return "channel binding with a mechanism that has none";
      }
      if (std::ranges::find(context_.offered_bindings, header_.binding_type) == context_.offered_bindings.end() ||
          context_.bindings.of(header_.binding_type).empty()) {
        return "channel binding type that was not offered";
      }
      return "";
  }
  ensure(false, "a flag is one of three");
  return {};
}

std::string_view Gs2Krb5::weakness(const ContextAnswer& answer) const {
  // A client that has bound to nothing may be one that was talking to somebody else: libraries let it pass and say so.
  if (!answer.is_bound) {
    return "the client has not bound to the GS2 header";
  }
  return answer.has_mutual ? "" : "a security context without mutual authentication";  // section 8
}

Outcome Gs2Krb5::end() {
  return ask_identities(std::move(header_.authzid));
}

Outcome Gs2Krb5::supply_identities(std::vector<std::string> identities, std::optional<std::string> wanted) {
  Outcome outcome = TokenExchange::supply_identities(std::move(identities), std::move(wanted));
  if (auto* success = std::get_if<Success>(&outcome)) {
    success->is_channel_bound = is_plus_;
    success->channel_binding = std::move(header_.binding_type);
  }
  return outcome;
}

}  // namespace aldis::sasl
