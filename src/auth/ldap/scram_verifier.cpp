// authPasswordValue = w scheme s authInfo s authValue w, where w are spaces and s a $ among them (RFC 3112 section 2.1).
#include "auth/ldap/scram_verifier.h"

#include <charconv>

#include "base/encoding.h"
#include "sasl/scram_keys.h"

namespace aldis::ldap {
namespace {

constexpr std::size_t max_salt_bytes = 256;
constexpr std::string_view prefix = "SCRAM-";

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

// What stands before the separator, and the rest behind it in `text`; nothing where there is none.
std::optional<std::string_view> take(std::string_view& text, char separator) {
  const std::size_t end = text.find(separator);
  if (end == std::string_view::npos) {
    return std::nullopt;
  }
  const std::string_view part = trimmed(text.substr(0, end));
  text = text.substr(end + 1);
  return part;
}

}  // namespace

std::optional<ScramKeys> parse_verifier(std::string_view value) {
  const auto scheme = take(value, '$');
  const auto count = scheme ? take(value, ':') : std::nullopt;
  const auto salt_text = count ? take(value, '$') : std::nullopt;
  const auto stored_text = salt_text ? take(value, ':') : std::nullopt;
  if (!stored_text || !scheme->starts_with(prefix)) {
    return std::nullopt;
  }
  const auto hash = sasl::parse_hash(scheme->substr(prefix.size()));
  std::uint32_t iterations = 0;
  const char* const end = count->data() + count->size();
  const auto read = std::from_chars(count->data(), end, iterations);
  if (!hash || read.ec != std::errc() || read.ptr != end || iterations == 0 || iterations > max_verifier_iterations) {
    return std::nullopt;
  }
  const auto salt = base64_decode(*salt_text);
  const auto stored_key = base64_decode(*stored_text);
  const auto server_key = base64_decode(trimmed(value));
  const std::size_t size = sasl::digest_size(*hash);
  if (!salt || salt->empty() || salt->size() > max_salt_bytes || !stored_key || stored_key->size() != size || !server_key ||
      server_key->size() != size) {
    return std::nullopt;
  }
  return ScramKeys{std::string(sasl::to_string(*hash)), iterations, *salt, SecretBytes(std::string_view(*stored_key)),
                   SecretBytes(std::string_view(*server_key))};
}

std::string write_verifier(const ScramKeys& keys) {
  return std::string(prefix) + keys.hash + "$" + std::to_string(keys.iterations) + ":" + base64_encode(keys.salt) + "$" +
         base64_encode(keys.stored_key.view()) + ":" + base64_encode(keys.server_key.view());
}

}  // namespace aldis::ldap
