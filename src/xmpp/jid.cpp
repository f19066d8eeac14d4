// Addresses: splitting, the ASCII tables nearly every address is settled by, and PRECIS for the rest (RFC 7622, 8265).
#include "xmpp/jid.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/ensure.h"
#include "xmpp/jid_parts.h"
#include "xmpp/precis.h"
#include "xmpp/stringprep.h"

namespace aldis {
namespace {

constexpr std::size_t longest_part = 1023;  // RFC 7622 sections 3.2 to 3.4
constexpr std::size_t longest_label = 63;
constexpr std::string_view excluded_from_local = "\"&'/:<>@";  // RFC 7622 section 3.3.1

// What an ASCII byte may be part of as it is; other bytes have no bit.
enum : std::uint8_t { in_local = 1, in_domain = 2, in_resource = 4, is_upper = 8 };

constexpr std::array<std::uint8_t, 256> ascii_table() {
  std::array<std::uint8_t, 256> table{};
  for (unsigned c = 0x20; c <= 0x7E; ++c) {
    const char letter = static_cast<char>(c);
    const bool upper = letter >= 'A' && letter <= 'Z';
    const bool ldh = (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9') || letter == '-' || letter == '.';
    unsigned bits = in_resource;
    if (c != 0x20 && excluded_from_local.find(letter) == std::string_view::npos) bits |= in_local;
    if (ldh || upper) bits |= in_domain;
    if (upper) bits |= is_upper;
    table[c] = static_cast<std::uint8_t>(bits);
  }
  return table;
}
constexpr std::array<std::uint8_t, 256> ascii = ascii_table();

std::uint8_t bits_of(char c) { return ascii[static_cast<unsigned char>(c)]; }

// How the tables settle a part: it is prepared as it stands, it needs its capitals lowered, or they cannot say.
enum class Settled : std::uint8_t { as_is, lower, no };

Settled settle(std::string_view part, std::uint8_t wanted) {
  std::uint8_t all = wanted;
  std::uint8_t any = 0;
  for (const char c : part) {
    all &= bits_of(c);
    any |= bits_of(c);
  }
  if (all == 0) return Settled::no;
  return (any & is_upper) != 0 && wanted != in_resource ? Settled::lower : Settled::as_is;
}

// LDH labels of 1 to 63 bytes, no hyphen at an end, nothing in the form of an A-label.
Settled settle_domain(std::string_view domain) {
  std::uint8_t any = 0;
  std::size_t start = 0;
  for (std::size_t i = 0; i < domain.size(); ++i) {
    const char c = domain[i];
    const std::uint8_t bits = bits_of(c);
    if ((bits & in_domain) == 0) return Settled::no;
    any |= bits;
    if (c == '.') {
      if (i == start || i - start > longest_label || domain[i - 1] == '-') return Settled::no;
      start = i + 1;
    } else if (c == '-' && (i == start || (i == start + 3 && domain[i - 1] == '-'))) {
      return Settled::no;
    }
  }
  if (start == domain.size() || domain.size() - start > longest_label || domain.back() == '-') return Settled::no;
  return (any & is_upper) != 0 ? Settled::lower : Settled::as_is;
}

void append_lower(std::string& out, std::string_view text) {
  for (const char c : text) out.push_back((bits_of(c) & is_upper) != 0 ? static_cast<char>(c | 0x20) : c);
}

std::string lowered(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  append_lower(out, text);
  return out;
}

// RFC 7622 section 3.2: a final dot is removed before anything else is done.
std::string_view without_final_dot(std::string_view domain) {
  if (domain.ends_with('.')) domain.remove_suffix(1);
  return domain;
}

std::optional<JidError> length_error(std::string_view part) {
  if (part.empty()) return JidError::empty;
  if (part.size() > longest_part) return JidError::too_long;
  return std::nullopt;
}

Result<std::string, JidError> checked_length(Result<std::string, JidError> prepared) {
  if (prepared) {
    if (const std::optional<JidError> error = length_error(*prepared)) return fail(*error);
  }
  return prepared;
}

Result<std::string, JidError> prepare_unusual_local(std::string_view text) {
  const std::optional<std::u32string> decoded = precis::from_utf8(text);
  const std::optional<std::u32string> prepared = decoded ? precis::username_case_mapped(*decoded) : std::nullopt;
  if (!prepared) return fail(JidError::bad_localpart);
  for (const char32_t c : *prepared) {
    if (c < 0x80 && excluded_from_local.find(static_cast<char>(c)) != std::string_view::npos) return fail(JidError::bad_localpart);
  }
  if (stringprep::reads_differently(stringprep::Profile::nodeprep, *decoded, *prepared)) return fail(JidError::ambiguous);
  return checked_length(precis::to_utf8(*prepared));
}

Result<std::string, JidError> prepare_unusual_resource(std::string_view text) {
  const std::optional<std::u32string> decoded = precis::from_utf8(text);
  const std::optional<std::u32string> prepared = decoded ? precis::opaque_string(*decoded) : std::nullopt;
  if (!prepared) return fail(JidError::bad_resourcepart);
  if (stringprep::reads_differently(stringprep::Profile::resourceprep, *decoded, *prepared)) return fail(JidError::ambiguous);
  return checked_length(precis::to_utf8(*prepared));
}

}  // namespace

std::string_view to_string(JidError error) {
  switch (error) {
    case JidError::empty: return "an address or one of its parts is empty";
    case JidError::too_long: return "a part of an address is longer than 1023 bytes";
    case JidError::bad_localpart: return "the localpart holds what RFC 7622 does not allow";
    case JidError::bad_domainpart: return "the domainpart is no host name or IP literal";
    case JidError::bad_resourcepart: return "the resourcepart holds what RFC 7622 does not allow";
    case JidError::ambiguous: return "RFC 6122 and RFC 7622 read the address differently";
    case JidError::not_bare: return "the address has a resourcepart";
    case JidError::not_full: return "the address has no resourcepart";
  }
  return "unknown";
}

Result<std::string, JidError> prepare_local(std::string_view text) {
  if (const std::optional<JidError> error = length_error(text)) return fail(*error);
  switch (settle(text, in_local)) {
    case Settled::as_is: return std::string(text);
    case Settled::lower: return lowered(text);
    case Settled::no: break;
  }
  return prepare_unusual_local(text);
}

Result<std::string, JidError> domain_to_ascii(std::string_view domain) {
  const bool is_ascii = std::all_of(domain.begin(), domain.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  return is_ascii ? Result<std::string, JidError>(std::string(domain)) : jid_parts::unusual_domain_to_ascii(domain);
}

Result<std::string, JidError> prepare_domain(std::string_view text) {
  text = without_final_dot(text);
  if (const std::optional<JidError> error = length_error(text)) return fail(*error);
  switch (settle_domain(text)) {
    case Settled::as_is: return std::string(text);
    case Settled::lower: return lowered(text);
    case Settled::no: break;
  }
  return checked_length(jid_parts::prepare_unusual_domain(text));
}

Result<std::string, JidError> prepare_resource(std::string_view text) {
  if (const std::optional<JidError> error = length_error(text)) return fail(*error);
  if (settle(text, in_resource) == Settled::as_is) return std::string(text);
  return prepare_unusual_resource(text);
}

Result<Jid, JidError> Jid::parse(std::string_view text) {
  // RFC 7622 section 3.1: the first slash begins the resourcepart; before it, the first @ ends the localpart.
  const std::size_t slash = text.find('/');
  const std::string_view bare = text.substr(0, slash);
  const std::size_t at = bare.find('@');
  const bool has_local = at != std::string_view::npos;
  const bool has_resource = slash != std::string_view::npos;
  const std::string_view local = has_local ? bare.substr(0, at) : std::string_view{};
  const std::string_view domain = has_local ? bare.substr(at + 1) : bare;
  const std::string_view resource = has_resource ? text.substr(slash + 1) : std::string_view{};

  if (local.size() <= longest_part && domain.size() <= longest_part && resource.size() <= longest_part &&
      has_local != local.empty() && has_resource != resource.empty()) [[likely]] {
    const Settled local_settled = settle(local, in_local);
    const Settled domain_settled = settle_domain(domain);
    if (local_settled == Settled::as_is && domain_settled == Settled::as_is && settle(resource, in_resource) == Settled::as_is) {
      return Jid(std::string(text), local.size(), domain.size());
    }
  }

  std::string prepared;
  prepared.reserve(std::min(text.size(), 3 * longest_part + 2));
  std::size_t local_size = 0;
  if (has_local) {
    const Result<std::string, JidError> part = prepare_local(local);
    if (!part) return fail(part.error());
    prepared.append(*part).push_back('@');
    local_size = part->size();
  }
  const Result<std::string, JidError> domain_part = prepare_domain(domain);
  if (!domain_part) return fail(domain_part.error());
  prepared.append(*domain_part);
  if (has_resource) {
    const Result<std::string, JidError> part = prepare_resource(resource);
    if (!part) return fail(part.error());
    prepared.append("/").append(*part);
  }
  return Jid(std::move(prepared), local_size, domain_part->size());
}

std::string_view Jid::resource() const {
  return is_bare() ? std::string_view{} : std::string_view(text_).substr(domain_at() + domain_size_ + 1U);
}

BareJid Jid::bare() const { return BareJid(Jid(std::string(bare_str()), local_size_, domain_size_)); }

FullJid Jid::with_resource(std::string_view resource) const {
  ensure(!resource.empty() && resource.size() <= longest_part, "a prepared resourcepart has 1 to 1023 bytes");
  const std::string_view front = bare_str();
  std::string text;
  text.reserve(front.size() + 1 + resource.size());
  text.append(front).append("/").append(resource);
  return FullJid(Jid(std::move(text), local_size_, domain_size_));
}

Result<BareJid, JidError> BareJid::parse(std::string_view text) {
  Result<Jid, JidError> jid = Jid::parse(text);
  if (!jid) return fail(jid.error());
  if (!jid->is_bare()) return fail(JidError::not_bare);
  return BareJid(std::move(*jid));
}

Result<BareJid, JidError> BareJid::of(std::string_view local, std::string_view domain) {
  const Result<std::string, JidError> local_part = prepare_local(local);
  if (!local_part) return fail(local_part.error());
  const Result<std::string, JidError> domain_part = prepare_domain(domain);
  if (!domain_part) return fail(domain_part.error());
  return BareJid(*local_part + "@" + *domain_part, local_part->size(), domain_part->size());
}

Result<FullJid, JidError> FullJid::parse(std::string_view text) {
  Result<Jid, JidError> jid = Jid::parse(text);
  if (!jid) return fail(jid.error());
  if (jid->is_bare()) return fail(JidError::not_full);
  return FullJid(std::move(*jid));
}

}  // namespace aldis
