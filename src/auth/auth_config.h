// AuthConfig: what an operator may choose about logging in, with safe defaults.
#pragma once
#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "base/options.h"
#include "base/result.h"

namespace aldis {

class PasswordBlockList;

// What a new password must be (password_rules.h).
enum class PasswordProfile : std::uint8_t { basic, nist, stig };
constexpr auto option_names(PasswordProfile) {
  return std::array{OptionName{"basic", PasswordProfile::basic}, OptionName{"nist", PasswordProfile::nist}, OptionName{"stig", PasswordProfile::stig}};
}

// What becomes of who proves a password that must be changed.
enum class OldPasswords : std::uint8_t { change, refuse };
constexpr auto option_names(OldPasswords) { return std::array{OptionName{"change", OldPasswords::change}, OptionName{"refuse", OldPasswords::refuse}}; }

struct AuthConfig {
  std::vector<std::string> mechanisms{"SCRAM-SHA-512-PLUS", "SCRAM-SHA-256-PLUS", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-512",
                                      "SCRAM-SHA-256",      "SCRAM-SHA-1",        "PLAIN"};
  std::vector<std::string> key_hashes{"SHA-1", "SHA-256", "SHA-512"};
  std::uint32_t key_iterations = 10'000;
  PasswordProfile password_profile = PasswordProfile::basic;
  std::uint32_t password_min_characters = 8;
  std::string password_block_list;
  std::uint32_t password_history = 0;
  std::chrono::seconds password_min_age{0};
  std::chrono::seconds password_max_age{0};
  OldPasswords old_passwords = OldPasswords::change;
  std::uint32_t tries_per_stream = 3;

  std::vector<std::string> token_mechanisms{"HT-SHA-256-EXPR", "HT-SHA-256-ENDP"};
  std::chrono::seconds token_lifetime{21 * 86'400};
  std::chrono::seconds token_rotation{86'400};
  std::uint32_t token_clients = 20;

  // Failures from which on every further try is refused, right or wrong, with the same answer; 0: no limit.
  std::uint32_t failures_per_pair = 5;
  std::uint32_t failures_per_source = 50;
  std::uint32_t failures_per_account = 100;
  std::chrono::seconds failure_window{15 * 60};
  std::chrono::seconds lockout{15 * 60};
  std::uint32_t failure_entries_max = 50'000;

  std::shared_ptr<const PasswordBlockList> blocked_passwords{};   // what password_block_list names, read by app/; null: the usual guesses
};

inline constexpr auto auth_options = std::tuple{
    Option{"mechanisms", &AuthConfig::mechanisms, Range{1, 16},
           "SASL mechanisms by their registered names, in the order they are advertised. A stream is offered those its "
           "TLS allows: -PLUS needs channel binding, PLAIN encryption. ANONYMOUS is known and off unless named here.",
           Reload::live},
    Option{"key_hashes", &AuthConfig::key_hashes, Range{1, 3},
           "Hashes (SHA-1, SHA-256, SHA-512) whose SCRAM keys are made when a password is set. A mechanism works only for "
           "accounts that have its keys.",
           Reload::live},
    Option{"key_iterations", &AuthConfig::key_iterations, Range{10'000, 10'000'000},
           "PBKDF2 iterations of new keys. Clients pay them at each login; the server pays them for PLAIN only. Keys with fewer are made anew when "
           "the password passes: with PLAIN, or with clients that upgrade keys (XEP-0480).",
           Reload::live},
    Option{"password_profile", &AuthConfig::password_profile,
           "What a new password must be, by whichever way it is set. \"basic\": password_min_characters. \"nist\" (SP 800-63B-4): 15 characters, none "
           "of the block list, no repetition or sequence, not the account's own name. \"stig\": the same, of four classes, none of the last 5, "
           "changed at most once a day and at least every 60 days, and a lockout after 3 failures in 15 minutes. See passwords.md.",
           Reload::live},
    Option{"password_min_characters", &AuthConfig::password_min_characters, Range{1, 128},
           "Characters a new password must have at least; the profile may demand more.", Reload::live},
    Option{"password_block_list", &AuthConfig::password_block_list, Range{0, 4000},
           "A file of passwords nobody may have, one a line, besides the few that everybody tries first.", Reload::live},
    Option{"password_history", &AuthConfig::password_history, Range{0, 24},
           "How many of an account's former passwords must not come back; the profile may demand more.", Reload::live},
    Option{"password_min_age", &AuthConfig::password_min_age, Range{std::chrono::seconds(0), std::chrono::seconds(366 * 86'400)},
           "How old a password must be before its owner may change it again. An operator always may.", Reload::live},
    Option{"password_max_age", &AuthConfig::password_max_age, Range{std::chrono::seconds(0), std::chrono::seconds(3660LL * 86'400)},
           "How old a password may be; then it must be changed (old_passwords). 0s: for ever.", Reload::live},
    Option{"old_passwords", &AuthConfig::old_passwords,
           "Whoever proves a password that is too old, or that an operator wants changed: \"change\": may log in, and do nothing but change it "
           "(XEP-0077). \"refuse\": is refused (credentials-expired) until an operator sets another.",
           Reload::live},
    Option{"tries_per_stream", &AuthConfig::tries_per_stream, Range{2, 5},
           "Failed authentications after which a stream is closed (RFC 6120 section 6.4.5).", Reload::live},
    Option{"token_mechanisms", &AuthConfig::token_mechanisms, Range{0, 6},
           "Mechanisms that tokens are given for, so that clients log in again in one round trip (XEP-0484): HT-SHA-256-EXPR, "
           "-ENDP and -NONE, the same with SHA-512. Empty: no tokens. -NONE is not bound to the TLS channel: only for clients "
           "that cannot do better, such as those in a browser.",
           Reload::live},
    Option{"token_lifetime", &AuthConfig::token_lifetime, Range{std::chrono::seconds(3600), std::chrono::seconds(366 * 86'400)},
           "How long a token is good for. A client that stays away for longer needs its password again.", Reload::live},
    Option{"token_rotation", &AuthConfig::token_rotation, Range{std::chrono::seconds(0), std::chrono::seconds(366 * 86'400)},
           "Age from which a login with a token hands out the next one; the old one ends when the new one is used.", Reload::live},
    Option{"token_clients", &AuthConfig::token_clients, Range{1, 1000},
           "Clients of one account that hold tokens at a time; those not seen for longest lose theirs first.", Reload::live},
    Option{"failures_per_pair", &AuthConfig::failures_per_pair, Range{0, 1'000'000},
           "Failures of one account from one source address within failure_window that lock this pair out. 0: no limit.",
           Reload::live},
    Option{"failures_per_source", &AuthConfig::failures_per_source, Range{0, 1'000'000},
           "Failures from one source (an IPv4 address, an IPv6 /64) that lock it out. 0: no limit.", Reload::live},
    Option{"failures_per_account", &AuthConfig::failures_per_account, Range{0, 1'000'000},
           "Failures of one account, wherever they come from, that lock it out. 0: no limit.", Reload::live},
    Option{"failure_window", &AuthConfig::failure_window, Range{std::chrono::seconds(1), std::chrono::seconds(7 * 86'400)},
           "How long failures are added up, from the first.", Reload::live},
    Option{"lockout", &AuthConfig::lockout, Range{std::chrono::seconds(1), std::chrono::seconds(7 * 86'400)},
           "How long a lockout lasts, from the last failure.", Reload::live},
    Option{"failure_entries_max", &AuthConfig::failure_entries_max, Range{1000, 10'000'000},
           "Counters of each kind that are kept; those untouched for longest go first.", Reload::live},
};

// What ranges cannot say: invalid names the option and the unknown or repeated value.
[[nodiscard]] Result<void> validate(const AuthConfig& config);

}  // namespace aldis
