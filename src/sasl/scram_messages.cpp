// Reading of client-first-message and client-final-message.
#include "sasl/scram_messages.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/encoding.h"

namespace aldis::sasl {
namespace {

using Why = std::string_view;
Unexpected<Why> refused(Why why) { return Unexpected<Why>{why}; }

constexpr std::size_t message_max = 8 * 1024;  // bytes; as much as a stranger may send at all

bool is_alpha(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// Attributes from the front of a message, one by one, each ended by a comma or the end.
class Attributes {
 public:
  explicit Attributes(std::string_view rest) : rest_(rest) {}

  [[nodiscard]] bool at_end() const { return is_over_; }
  [[nodiscard]] std::size_t consumed() const { return consumed_; }

  // The text up to the next comma.
  std::string_view take() {
    const std::size_t comma = rest_.find(',');
    const std::string_view field = rest_.substr(0, comma);
    is_over_ = comma == std::string_view::npos;
    rest_ = is_over_ ? std::string_view{} : rest_.substr(comma + 1);
    consumed_ += field.size() + (is_over_ ? 0 : 1);
    return field;
  }

  // The value of the attribute `name`, which must come now and not be empty.
  std::optional<std::string_view> take(char name) {
    if (is_over_) {
      return std::nullopt;
    }
    const std::string_view field = take();
    if (field.size() < 3 || field[0] != name || field[1] != '=') {
      return std::nullopt;
    }
    seen_.push_back(name);
    return field.substr(2);
  }

  // Optional extensions up to the end, or up to the attribute `last`, which is left standing.
  // attr-val = ALPHA "=" 1*value-char; none may come twice, none may be m.
  bool pass_extensions(char last = '\0') {
    while (!is_over_) {
      if (last != '\0' && rest_.starts_with(last)) {
        return true;
      }
      const std::string_view field = take();
      if (field.size() < 3 || !is_alpha(field[0]) || field[1] != '=' || field[0] == 'm' ||
          seen_.find(field[0]) != std::string::npos) {
        return false;
      }
      seen_.push_back(field[0]);
    }
    return last == '\0';
  }

 private:
  std::string_view rest_;
  std::size_t consumed_ = 0;
  bool is_over_ = false;
  std::string seen_;
};

// printable = %x21-2B / %x2D-7E
bool is_nonce(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= 0x21 && c <= 0x7e && c != ','; });
}

bool is_readable(std::string_view message) {
  return message.size() <= message_max && message.find('\0') == std::string_view::npos;
}

}  // namespace

Result<ClientFirst, Why> parse_client_first(std::string_view message) {
  if (!is_readable(message)) {
    return refused("message too long or with NUL");
  }
  ClientFirst first;
  auto header = parse_gs2_header(message);
  if (!header) {
    return refused(header.error());
  }
  if (header->is_nonstandard) {  // GS2's alone
    return refused("gs2-cbind-flag");
  }
  first.flag = header->flag;
  first.binding_type = std::move(header->binding_type);
  first.authzid = std::move(header->authzid);
  first.gs2_header = std::move(header->text);
  first.bare = message.substr(header->size);
  Attributes attributes(first.bare);
  if (first.bare.starts_with("m=")) {
    return refused("mandatory extension");
  }
  const auto username = attributes.take('n');
  auto decoded = username ? decode_saslname(*username) : std::nullopt;
  if (!decoded) {
    return refused("username");
  }
  first.username = std::move(*decoded);
  const auto nonce = attributes.take('r');
  if (!nonce || !is_nonce(*nonce)) {
    return refused("nonce");
  }
  first.nonce = *nonce;
  if (!attributes.pass_extensions()) {
    return refused("extensions");
  }
  return first;
}

Result<ClientFinal, Why> parse_client_final(std::string_view message) {
  if (!is_readable(message)) {
    return refused("message too long or with NUL");
  }
  ClientFinal final;
  Attributes attributes(message);
  const auto binding = attributes.take('c');
  auto binding_bytes = binding ? base64_decode(*binding) : std::nullopt;
  if (!binding_bytes) {
    return refused("channel-binding");
  }
  final.binding = std::move(*binding_bytes);
  const auto nonce = attributes.take('r');
  if (!nonce || !is_nonce(*nonce)) {
    return refused("nonce");
  }
  final.nonce = *nonce;
  if (attributes.at_end() || !attributes.pass_extensions('p')) {
    return refused("extensions or missing proof");
  }
  final.without_proof = message.substr(0, attributes.consumed() - 1);
  const auto proof = attributes.take('p');
  auto proof_bytes = proof ? base64_decode(*proof) : std::nullopt;
  if (!proof_bytes || !attributes.at_end()) {
    return refused("proof");
  }
  final.proof = std::move(*proof_bytes);
  return final;
}

}  // namespace aldis::sasl
