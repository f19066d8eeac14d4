// PasswordRules: what a new password must be, by profile: "basic" (a length), "nist" (SP 800-63B-4 section 3.1.1.2: length, any character,
// nothing that everybody guesses first, no composition, no age) and "stig" (DISA's application security and development STIG: 15
// characters of four classes, none of the last five, a least and a greatest age, three failures in 15 minutes).
// Not here: lists of breached passwords themselves (an operator names a file), and how many characters a change must change, which wants the
// old password.
#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/auth_config.h"
#include "base/result.h"
#include "xmpp/jid.h"

namespace aldis {

// Passwords nobody may have, compared as wholes and without regard to case. Of each a hash of 64 bits is kept: lists are long.
class PasswordBlockList {
 public:
  // One a line; empty lines and those that begin with # say nothing. What everybody tries first is always in it.
  explicit PasswordBlockList(std::string_view lines = {});
  [[nodiscard]] bool contains(std::string_view password) const;
  [[nodiscard]] std::size_t size() const { return words_.size(); }

 private:
  std::vector<std::uint64_t> words_;   // sorted
};

struct PasswordRules {
  std::uint32_t min_characters = 8;        // Unicode code points
  bool blocks_guesses = false;             // the block list, repetitions and sequences, the account's and the domain's own names
  bool needs_four_classes = false;         // upper case, lower case, digit, anything else
  std::uint32_t history = 0;               // former passwords that must not come back
  std::chrono::seconds min_age{0};         // until its owner may change it again
  std::chrono::seconds max_age{0};         // after which it has expired; 0: never
};
// What the profile demands, and the options where they demand more.
[[nodiscard]] PasswordRules rules_of(const AuthConfig& config);
// The configuration with what the profile demands of failed logins.
[[nodiscard]] AuthConfig with_profile(AuthConfig config);

// Why this password (prepared, RFC 8265) may not be the account's, for its owner to read; nothing when it may. History and age are not
// looked at.
[[nodiscard]] std::optional<std::string> find_fault(const PasswordRules& rules, std::string_view password, const BareJid& account,
                                                    const PasswordBlockList& blocked);

}  // namespace aldis
