// Jid, BareJid, FullJid: XMPP addresses, RFC 7622. Prepared at parse (UsernameCaseMapped localpart, IDNA2008 domainpart,
// OpaqueString resourcepart; each part 1 to 1023 bytes), immutable, never invalid. Where RFC 6122 (stringprep) would have
// read the address differently, parse refuses (JidError::ambiguous) and the caller logs it.
#pragma once
#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/keyed_hash.h"
#include "base/result.h"

namespace aldis {

enum class JidError : std::uint8_t {
  empty,              // nothing, or an empty part beside its separator
  too_long,           // a part of more than 1023 bytes, before or after preparation
  bad_localpart,
  bad_domainpart,
  bad_resourcepart,
  ambiguous,          // RFC 6122 and RFC 7622 disagree about it
  not_bare,           // a BareJid was asked for and there is a resourcepart
  not_full,
};
[[nodiscard]] std::string_view to_string(JidError error);

class BareJid;
class FullJid;

// Any address: domain, local@domain, domain/resource or local@domain/resource.
class Jid {
 public:
  [[nodiscard]] static Result<Jid, JidError> parse(std::string_view text);

  [[nodiscard]] std::string_view local() const { return {text_.data(), local_size_}; }
  [[nodiscard]] std::string_view domain() const { return {text_.data() + domain_at(), domain_size_}; }
  [[nodiscard]] std::string_view resource() const;
  [[nodiscard]] const std::string& str() const { return text_; }
  [[nodiscard]] std::string_view bare_str() const { return {text_.data(), domain_at() + domain_size_}; }
  [[nodiscard]] bool has_local() const { return local_size_ != 0; }
  [[nodiscard]] bool is_bare() const { return text_.size() == domain_at() + domain_size_; }
  [[nodiscard]] bool is_full() const { return !is_bare(); }
  [[nodiscard]] bool is_domain() const { return !has_local() && is_bare(); }
  [[nodiscard]] BareJid bare() const;
  // This address's bare form with another resource; `resource` must already be prepared (from a FullJid or prepare_resource).
  [[nodiscard]] FullJid with_resource(std::string_view resource) const;

  friend bool operator==(const Jid& a, const Jid& b) { return a.text_ == b.text_; }
  friend std::strong_ordering operator<=>(const Jid& a, const Jid& b) { return a.text_ <=> b.text_; }

 protected:
  Jid(std::string text, std::size_t local, std::size_t domain)
      : text_(std::move(text)), local_size_(static_cast<std::uint16_t>(local)), domain_size_(static_cast<std::uint16_t>(domain)) {}

 private:
  [[nodiscard]] std::size_t domain_at() const { return local_size_ == 0 ? 0U : local_size_ + 1U; }
  std::string text_;
  std::uint16_t local_size_ = 0;
  std::uint16_t domain_size_ = 0;
};

// local@domain or domain.
class BareJid : public Jid {
 public:
  [[nodiscard]] static Result<BareJid, JidError> parse(std::string_view text);
  // From parts that may need preparing (an account name typed by an operator, a SASL username).
  [[nodiscard]] static Result<BareJid, JidError> of(std::string_view local, std::string_view domain);

 private:
  friend class Jid;
  using Jid::Jid;
  explicit BareJid(Jid jid) : Jid(std::move(jid)) {}
};

// An address with a resourcepart.
class FullJid : public Jid {
 public:
  [[nodiscard]] static Result<FullJid, JidError> parse(std::string_view text);

 private:
  friend class Jid;
  using Jid::Jid;
  explicit FullJid(Jid jid) : Jid(std::move(jid)) {}
};

// One part, prepared, or why not. RFC 7622 sections 3.2 to 3.4.
[[nodiscard]] Result<std::string, JidError> prepare_local(std::string_view text);
[[nodiscard]] Result<std::string, JidError> prepare_domain(std::string_view text);
[[nodiscard]] Result<std::string, JidError> prepare_resource(std::string_view text);

// A prepared domain as DNS, TLS and certificates have it: A-labels (RFC 5891 section 4.4). A domain of ASCII characters or an
// IP literal is itself; bad_domainpart for what is not prepared.
[[nodiscard]] Result<std::string, JidError> domain_to_ascii(std::string_view domain);

// XEP-0106 (1.1) escaping of a localpart, both directions. A space at either end has no escape (its section 4.2): it stays,
// and prepare_local refuses it.
[[nodiscard]] std::string escape_local(std::string_view text);
[[nodiscard]] std::string unescape_local(std::string_view local);

// Hash for tables: keyed, because peers choose addresses. Finds by string_view of the textual form.
struct JidHash {
  using is_transparent = void;
  std::size_t operator()(const Jid& jid) const { return KeyedStringHash{}(jid.str()); }
  std::size_t operator()(std::string_view text) const { return KeyedStringHash{}(text); }
};
struct JidEqual {
  using is_transparent = void;
  bool operator()(const Jid& a, const Jid& b) const { return a == b; }
  bool operator()(const Jid& a, std::string_view b) const { return a.str() == b; }
  bool operator()(std::string_view a, const Jid& b) const { return a == b.str(); }
};

}  // namespace aldis
