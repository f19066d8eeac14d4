// Dialback, XEP-0220 (1.1.1): its elements read and written, and its keys, XEP-0185 (1.0). A key is computed, never stored:
// whoever holds the secret can tell its own from others'. Not here: who may use dialback at all, and asking the authoritative
// server; inbound_negotiation.h and outbound_negotiation.h have the two sides of a stream.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/random.h"
#include "base/secret_bytes.h"
#include "xml/element.h"
#include "xmpp/stanza_error.h"

namespace aldis::stream {

// The one direction of a stream: stanzas go from addresses of `from` to addresses of `to`. Both are prepared domains.
struct DomainPair {
  std::string from;
  std::string to;
  [[nodiscard]] DomainPair reversed() const { return {to, from}; }
  friend bool operator==(const DomainPair&, const DomainPair&) = default;
};

// The keys of one installation. Immutable, safe from any thread.
class DialbackKey {
 public:
  static constexpr std::size_t secret_bits = 256;

  // `secret` is this installation's alone (security D02): at least 16 bytes from the CSPRNG, or what an operator gave several
  // machines of one network. `previous` is the secret it replaced: its keys are still recognised, and no longer made.
  explicit DialbackKey(SecretBytes secret, SecretBytes previous = {});
  [[nodiscard]] static SecretBytes make_secret(Random& random);

  // HMAC-SHA-256 in hexadecimal, over the target domain, the sender domain and the id of the receiving server's stream with
  // spaces between (XEP-0185 section 2): a domain holds none, so no two triples give one text.
  [[nodiscard]] std::string make(const DomainPair& pair, std::string_view stream_id) const;
  // In constant time; `key` may have white space around it.
  [[nodiscard]] bool check(const DomainPair& pair, std::string_view stream_id, std::string_view key) const;

 private:
  SecretBytes secret_;    // SHA-256 in hexadecimal, as XEP-0185 has it
  SecretBytes previous_;  // empty: none
};

// What is known of a key: the authoritative server's word, or why there is none.
struct KeyVerdict {
  enum class Outcome : std::uint8_t { valid, invalid, failed };
  Outcome outcome = Outcome::failed;
  StanzaCondition condition = StanzaCondition::remote_server_not_found;  // of failed (XEP-0220 section 2.5)
};

// <db:result/> or <db:verify/>.
struct DialbackElement {
  enum class Kind : std::uint8_t { result, verify };
  Kind kind = Kind::result;
  DomainPair pair;                    // as the element says it, prepared: the sender of this element is `from`
  std::string id;                     // of verify
  std::string key;                    // of a request
  std::optional<KeyVerdict> verdict;  // of an answer; nothing: a request
};

// The longest key and stream id that are looked at; ours have 64 and 26 characters.
inline constexpr std::size_t longest_dialback_key = 1024;
inline constexpr std::size_t longest_stream_id = 1024;

// Nothing: not of this namespace, another name, an address that is missing or no domain, a verify without id, a type that is
// none, a key or id over the limit. An answer of type error without a condition has undefined-condition.
[[nodiscard]] std::optional<DialbackElement> read_dialback(const xml::Element& element);

// Appends the element; it declares its prefix itself and can stand on any stream of jabber:server.
void write_dialback(std::string& out, const DialbackElement& element);

}  // namespace aldis::stream
