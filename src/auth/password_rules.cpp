// Judging a new password.
#include "auth/password_rules.h"

#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "base/keyed_hash.h"

namespace aldis {
namespace {

using namespace std::chrono_literals;

// What people choose when nothing stops them, and what guessing begins with. An operator's file has the long lists.
constexpr std::array usual_guesses{
    "password",   "passw0rd",   "p@ssword",    "p@ssw0rd",   "password1",   "password12", "password123", "password1234", "password!",  "letmein1",
    "letmein123", "welcome1",   "welcome123",  "changeme",   "changeme1",   "changeme123", "qwertyui",   "qwertyuiop",   "qwerty123",  "qwerty12",
    "1q2w3e4r",   "1q2w3e4r5t", "1qaz2wsx",    "1qaz2wsx3edc", "zaq12wsx",  "q1w2e3r4",   "asdfghjk",    "asdfghjkl",    "zxcvbnm1",   "iloveyou",
    "iloveyou1",  "sunshine",   "princess",    "football",   "baseball",    "superman",   "batman123",   "trustno1",     "starwars",   "whatever",
    "computer",   "internet",   "michelle",    "jennifer",   "dragon123",   "master123",  "monkey123",   "shadow123",    "admin123",   "administrator",
    "root1234",   "test1234",   "testtest",    "guest123",   "default1",    "secret123",  "abcd1234",    "abc12345",     "a1b2c3d4",   "aa123456",
    "access14",   "mustang1",   "corvette",    "liverpool",  "charlie1",    "jordan23",   "michael1",    "ashley123",    "hello123",   "helloworld",
    "passwordpassword", "password12345678", "1234567890123456", "123456789012345", "qwertyuiopasdfgh", "qwertyuiopasdfghjkl", "1qaz2wsx3edc4rfv",
    "correcthorsebatterystaple", "correct horse battery staple"};

// What a password was turned into is not left in memory.
template <class Container>
class Wiped {
 public:
  Wiped() = default;
  Wiped(const Wiped&) = delete;
  ~Wiped() { ::explicit_bzero(value.data(), value.capacity() * sizeof(value[0])); }
  Container value;
};
using Text = Wiped<std::string>;
using Characters = Wiped<std::vector<UChar32>>;

void read_characters(std::string_view text, Characters& out) {
  out.value.reserve(text.size());   // grows once: nothing is left behind
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(text.data());
  const auto size = static_cast<std::int32_t>(text.size());
  for (std::int32_t at = 0; at < size;) {
    UChar32 c = 0;
    U8_NEXT(bytes, at, size, c);
    out.value.push_back(c);
  }
}

// Without regard to case; what is not UTF-8 stays as it is.
void fold(std::string_view text, Text& out) {
  out.value.reserve(text.size() * 3);   // simple folding never needs more: at most three bytes for one, and four for four
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(text.data());
  const auto size = static_cast<std::int32_t>(text.size());
  for (std::int32_t at = 0; at < size;) {
    const std::int32_t before = at;
    UChar32 c = 0;
    U8_NEXT(bytes, at, size, c);
    if (c < 0) {
      out.value.append(text.substr(static_cast<std::size_t>(before), static_cast<std::size_t>(at - before)));
      continue;
    }
    std::array<std::uint8_t, U8_MAX_LENGTH> folded{};
    std::int32_t length = 0;
    U8_APPEND_UNSAFE(folded.data(), length, u_foldCase(c, U_FOLD_CASE_DEFAULT));
    out.value.append(reinterpret_cast<const char*>(folded.data()), static_cast<std::size_t>(length));
  }
}

std::string folded(std::string_view text) {
  Text out;
  fold(text, out);
  return out.value;
}

// A few characters again and again (aaaaaaaa, abcabcabc), or each the next of the one before (12345678, hgfedcba).
bool is_sequence(const std::vector<UChar32>& characters) {
  for (std::size_t period = 1; period * 3 <= characters.size(); ++period) {
    bool holds = true;
    for (std::size_t i = period; i < characters.size() && holds; ++i) {
      holds = characters[i] == characters[i - period];
    }
    if (holds) {
      return true;
    }
  }
  for (const int step : {1, -1}) {
    bool holds = characters.size() > 1;
    for (std::size_t i = 1; i < characters.size() && holds; ++i) {
      holds = characters[i] - characters[i - 1] == step;
    }
    if (holds) {
      return true;
    }
  }
  return false;
}

// The account's own names, with little else (SP 800-63B: words that the context gives).
bool is_own_name(std::string_view chosen, const BareJid& account) {
  constexpr std::size_t shortest_name = 4;
  constexpr std::size_t little = 4;
  Text rest;
  fold(chosen, rest);
  std::string& password = rest.value;
  std::vector<std::string> names{folded(account.local())};
  std::string_view domain = account.domain();
  for (std::size_t dot = domain.find('.'); !domain.empty(); dot = domain.find('.')) {
    names.push_back(folded(domain.substr(0, dot)));
    domain = dot == std::string_view::npos ? std::string_view() : domain.substr(dot + 1);
  }
  bool had_name = false;
  for (const std::string& name : names) {
    for (std::size_t at = name.size() < shortest_name ? std::string::npos : password.find(name); at != std::string::npos; at = password.find(name)) {
      password.erase(at, name.size());
      had_name = true;
    }
  }
  return had_name && password.size() < little;
}

bool has_four_classes(const std::vector<UChar32>& characters) {
  bool upper = false;
  bool small = false;
  bool digit = false;
  bool other = false;
  for (const UChar32 c : characters) {
    const bool is_upper = u_isupper(c) != 0;
    const bool is_small = u_islower(c) != 0;
    const bool is_digit = u_isdigit(c) != 0;
    upper = upper || is_upper;
    small = small || is_small;
    digit = digit || is_digit;
    other = other || u_isalnum(c) == 0;
  }
  return upper && small && digit && other;
}

}  // namespace

PasswordBlockList::PasswordBlockList(std::string_view lines) {
  const auto add = [this](std::string_view word) {
    Text text;
    fold(word, text);
    words_.push_back(KeyedHash::of_process()(text.value));
  };
  for (const char* guess : usual_guesses) {
    add(guess);
  }
  while (!lines.empty()) {
    const std::size_t end = std::min(lines.find('\n'), lines.size());
    std::string_view line = lines.substr(0, end);
    lines.remove_prefix(std::min(end + 1, lines.size()));
    if (line.ends_with('\r')) {
      line.remove_suffix(1);
    }
    if (line.empty() || line.starts_with('#')) {
      continue;
    }
    const bool is_ascii = std::ranges::all_of(line, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
    if (is_ascii) {
      add(line);
    } else if (const auto prepared = prepare_resource(line)) {   // spelled as passwords are compared (RFC 8265); what cannot be one need not be blocked
      add(*prepared);
    }
  }
  std::ranges::sort(words_);
}

bool PasswordBlockList::contains(std::string_view password) const {
  Text text;
  fold(password, text);
  return std::ranges::binary_search(words_, KeyedHash::of_process()(text.value));
}

PasswordRules rules_of(const AuthConfig& config) {
  PasswordRules rules{.min_characters = config.password_min_characters,
                      .blocks_guesses = config.password_profile != PasswordProfile::basic || !config.password_block_list.empty(),
                      .needs_four_classes = false,
                      .history = config.password_history,
                      .min_age = config.password_min_age,
                      .max_age = config.password_max_age};
  if (config.password_profile == PasswordProfile::nist) {
    rules.min_characters = std::max(rules.min_characters, 15U);   // the fourth revision, where the password is all there is
  } else if (config.password_profile == PasswordProfile::stig) {
    rules.min_characters = std::max(rules.min_characters, 15U);
    rules.needs_four_classes = true;
    rules.history = std::max(rules.history, 5U);
    rules.min_age = std::max<std::chrono::seconds>(rules.min_age, 24h);
    const std::chrono::seconds most = 60 * 24h;
    rules.max_age = rules.max_age.count() == 0 ? most : std::min(rules.max_age, most);
  }
  return rules;
}

AuthConfig with_profile(AuthConfig config) {
  if (config.password_profile == PasswordProfile::stig) {
    const auto at_most = [](std::uint32_t& limit, std::uint32_t most) { limit = limit == 0 ? most : std::min(limit, most); };
    at_most(config.failures_per_account, 3);
    at_most(config.failures_per_pair, 3);
    config.failure_window = std::max<std::chrono::seconds>(config.failure_window, 15min);
    config.lockout = std::max<std::chrono::seconds>(config.lockout, 15min);
  }
  return config;
}

std::optional<std::string> find_fault(const PasswordRules& rules, std::string_view password, const BareJid& account,
                                      const PasswordBlockList& blocked) {
  Characters read;
  read_characters(password, read);
  const std::vector<UChar32>& characters = read.value;
  if (characters.size() < rules.min_characters) {
    return "the password must have at least " + std::to_string(rules.min_characters) + " characters";
  }
  if (rules.needs_four_classes && !has_four_classes(characters)) {
    return "the password must have upper case and lower case letters, digits, and other characters";
  }
  if (!rules.blocks_guesses) {
    return std::nullopt;
  }
  if (blocked.contains(password)) {
    return "the password is one of those that are guessed first";
  }
  if (is_sequence(characters)) {
    return "the password is a few characters again and again, or a sequence";
  }
  if (is_own_name(password, account)) {
    return "the password is little more than the account's or the server's name";
  }
  return std::nullopt;
}

}  // namespace aldis
