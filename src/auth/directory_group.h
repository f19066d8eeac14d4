// DirectoryGroup: a group as a directory of people has it, members of groups inside it included. What it is good for is the reader's to say.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "xmpp/jid.h"

namespace aldis {

struct GroupMember {
  BareJid account;
  std::string name{};           // what people call it, for rosters; empty: the directory does not say
  friend bool operator==(const GroupMember&, const GroupMember&) = default;
};

struct DirectoryGroup {
  std::string name;             // as rules call it; of two groups with one name there is neither
  std::string display;          // as rosters show it
  bool is_on_rosters = false;   // its members have each other on their rosters
  std::vector<GroupMember> members{};
};

// A group as rules name it: "ops" of the rule's own domain, "ops@example.org" of that one.
struct GroupName {
  std::string group;
  std::string domain;           // prepared; empty: the rule's own
  friend bool operator==(const GroupName&, const GroupName&) = default;
};
// What stands behind the last @ is the domain. Nothing: one of the two cannot be.
[[nodiscard]] inline std::optional<GroupName> parse_group_name(std::string_view text) {
  const std::size_t at = text.rfind('@');
  if (text.empty() || at == std::string_view::npos) {
    return text.empty() ? std::nullopt : std::optional(GroupName{std::string(text), {}});
  }
  auto domain = prepare_domain(text.substr(at + 1));
  return at == 0 || !domain ? std::nullopt : std::optional(GroupName{std::string(text.substr(0, at)), std::move(*domain)});
}

}  // namespace aldis
