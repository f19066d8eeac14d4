// Judging a new password.
#include "auth/password_rules.h"

#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include <algorithm>
#include <array>
#include <vector>

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
    "correcthorsebatterystaple", "correct horse battery staple"};

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return out;
}

std::vector<UChar32> code_points(std::string_view text) {
  std::vector<UChar32> all;
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(text.data());
  const auto size = static_cast<std::int32_t>(text.size());
  for (std::int32_t at = 0; at < size;) {
    UChar32 c = 0;
    U8_NEXT(bytes, at, size, c);
    all.push_back(c);
  }
  return all;
}

// One character again and again, or each the next of the one before: aaaaaaaa, 12345678, hgfedcba.
bool is_sequence(const std::vector<UChar32>& characters) {
  for (const int step : {0, 1, -1}) {
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
bool is_own_name(std::string password, const BareJid& account) {
  constexpr std::size_t shortest_name = 4;
  constexpr std::size_t little = 4;
  std::vector<std::string> names{lower(account.local())};
  std::string_view domain = account.domain();
  for (std::size_t dot = domain.find('.'); !domain.empty(); dot = domain.find('.')) {
    names.push_back(lower(domain.substr(0, dot)));
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
    other = other || !(is_upper || is_small || is_digit);
  }
  return upper && small && digit && other;
}

}  // namespace

PasswordBlockList::PasswordBlockList(std::string_view lines) {
  for (const char* guess : usual_guesses) {
    words_.emplace(guess);
  }
  while (!lines.empty()) {
    const std::size_t end = std::min(lines.find('\n'), lines.size());
    std::string_view line = lines.substr(0, end);
    lines.remove_prefix(std::min(end + 1, lines.size()));
    if (line.ends_with('\r')) {
      line.remove_suffix(1);
    }
    if (!line.empty() && !line.starts_with('#')) {
      words_.insert(lower(line));
    }
  }
}

bool PasswordBlockList::contains(std::string_view password) const { return words_.contains(lower(password)); }

PasswordRules rules_of(const AuthConfig& config) {
  PasswordRules rules{.min_characters = config.password_min_characters,
                      .blocks_guesses = config.password_profile != PasswordProfile::basic || !config.password_block_list.empty(),
                      .needs_four_classes = false,
                      .history = config.password_history,
                      .min_age = config.password_min_age,
                      .max_age = config.password_max_age};
  if (config.password_profile == PasswordProfile::nist) {
    rules.min_characters = std::max(rules.min_characters, 8U);
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
  const std::vector<UChar32> characters = code_points(password);
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
    return "the password is one character again and again, or a sequence";
  }
  if (is_own_name(lower(password), account)) {
    return "the password is little more than the account's or the server's name";
  }
  return std::nullopt;
}

}  // namespace aldis
