// Keys and elements of dialback.
#include "stream/dialback.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>

#include "base/encoding.h"
#include "base/ensure.h"
#include "xml/writer.h"
#include "xmpp/jid.h"
#include "xmpp/namespaces.h"

namespace aldis::stream {
namespace {

constexpr std::size_t sha256_bytes = 32;

const unsigned char* data_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

// XEP-0185 section 2: the secret is hashed first, and the hash's hexadecimal text is the key of the HMAC.
SecretBytes hashed(const SecretBytes& secret) {
  if (secret.empty()) {
    return {};
  }
  SecretBytes digest(sha256_bytes);
  ensure(EVP_Digest(secret.bytes().data(), secret.size(), digest.bytes().data(), nullptr, EVP_sha256(), nullptr) == 1,
         "SHA-256 is available");
  SecretBytes text(std::size_t{2} * sha256_bytes);
  for (std::size_t i = 0; i < digest.size(); ++i) {
    const auto digit = [](unsigned value) { return static_cast<std::uint8_t>("0123456789abcdef"[value]); };
    text.bytes()[2 * i] = digit(digest.bytes()[i] >> 4U);
    text.bytes()[2 * i + 1] = digit(digest.bytes()[i] & 15U);
  }
  return text;
}

std::string key_with(const SecretBytes& secret, const DomainPair& pair, std::string_view stream_id) {
  std::string text;
  text.append(pair.to).append(" ").append(pair.from).append(" ").append(stream_id);
  std::array<std::uint8_t, sha256_bytes> mac{};
  unsigned length = 0;
  ensure(HMAC(EVP_sha256(), secret.bytes().data(), static_cast<int>(secret.size()), data_of(text), text.size(), mac.data(),
              &length) != nullptr && length == sha256_bytes,
         "HMAC is available");
  return hex_encode(mac);
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view space = " \t\r\n";
  const std::size_t first = text.find_first_not_of(space);
  return first == std::string_view::npos ? std::string_view() : text.substr(first, text.find_last_not_of(space) + 1 - first);
}

std::optional<std::string> domain_of(const xml::Element& element, std::string_view name) {
  const auto text = element.attribute(name);
  const auto jid = Jid::parse(text.value_or(""));
  return jid && jid->is_domain() ? std::optional<std::string>(jid->domain()) : std::nullopt;
}

std::optional<KeyVerdict> verdict_of(const xml::Element& element, std::string_view type) {
  using Outcome = KeyVerdict::Outcome;
  if (type == "valid" || type == "invalid") {
    return KeyVerdict{.outcome = type == "valid" ? Outcome::valid : Outcome::invalid};
  }
  if (type != "error") {
    return std::nullopt;
  }
  const auto error = StanzaError::read(element, ns::server);
  return KeyVerdict{.outcome = Outcome::failed,
                    .condition = error ? error->condition : StanzaCondition::undefined_condition};
}

}  // namespace

DialbackKey::DialbackKey(SecretBytes secret, SecretBytes previous)
    : secret_(hashed(secret)), previous_(hashed(previous)) {
  ensure(secret.size() >= 16, "a dialback secret has at least 16 bytes");
}

SecretBytes DialbackKey::make_secret(Random& random) {
  SecretBytes secret(secret_bits / 8);
  random.fill(secret.bytes());
  return secret;
}

std::string DialbackKey::make(const DomainPair& pair, std::string_view stream_id) const {
  return key_with(secret_, pair, stream_id);
}

bool DialbackKey::check(const DomainPair& pair, std::string_view stream_id, std::string_view key) const {
  const std::string_view shown = trimmed(key);
  return equal_constant_time(shown, key_with(secret_, pair, stream_id)) ||
         (!previous_.empty() && equal_constant_time(shown, key_with(previous_, pair, stream_id)));
}

std::optional<DialbackElement> read_dialback(const xml::Element& element) {
  const bool is_verify = element.is({"verify", ns::dialback});
  if (!is_verify && !element.is({"result", ns::dialback})) {
    return std::nullopt;
  }
  DialbackElement read;
  read.kind = is_verify ? DialbackElement::Kind::verify : DialbackElement::Kind::result;
  auto from = domain_of(element, "from");
  auto to = domain_of(element, "to");
  const std::string_view id = element.attribute("id").value_or("");
  if (!from || !to || id.size() > longest_stream_id || (is_verify && id.empty())) {
    return std::nullopt;
  }
  read.pair = {std::move(*from), std::move(*to)};
  read.id = is_verify ? id : std::string_view();
  if (const auto type = element.attribute("type")) {
    read.verdict = verdict_of(element, *type);
    return read.verdict ? std::optional(std::move(read)) : std::nullopt;
  }
  const std::string text = element.text();
  read.key = trimmed(text);
  return read.key.empty() || read.key.size() > longest_dialback_key ? std::nullopt : std::optional(std::move(read));
}

void write_dialback(std::string& out, const DialbackElement& element) {
  const bool is_verify = element.kind == DialbackElement::Kind::verify;
  const std::string_view name = is_verify ? "db:verify" : "db:result";
  const auto attribute = [&out](std::string_view key, std::string_view value) {
    out.append(" ").append(key).append("='");
    xml::append_escaped_attribute(out, value);
    out.append("'");
  };
  out.append("<").append(name).append(" xmlns:db='").append(ns::dialback).append("'");
  attribute("from", element.pair.from);
  attribute("to", element.pair.to);
  if (is_verify) {
    attribute("id", element.id);
  }
  if (!element.verdict) {
    out.append(">");
    xml::append_escaped_text(out, element.key);
  } else if (element.verdict->outcome != KeyVerdict::Outcome::failed) {
    attribute("type", element.verdict->outcome == KeyVerdict::Outcome::valid ? "valid" : "invalid");
    out.append(">");
  } else {
    attribute("type", "error");
    out.append(">");
    xml::Writer writer(out, ns::server);
    StanzaError(element.verdict->condition).write(writer);
  }
  out.append("</").append(name).append(">");
}

}  // namespace aldis::stream
