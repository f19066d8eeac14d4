// OperatorCommand: one thing an operator can do, described so that each door (command line, Unix socket; later ad-hoc
// commands and HTTP) can offer it, ask for its arguments and show what comes back. The list is operator_commands(); no door
// has commands of its own. A secret argument is read from a prompt or standard input, never from a command line, and never
// appears in a log.
#pragma once
#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "admin/admin_target.h"

namespace aldis::admin {

enum class ArgumentKind : std::uint8_t {
  account,    // a bare address
  address,    // a bare or full address
  domain,
  password,   // secret: asked for twice at a prompt, or the first line of standard input
  accounts,   // secret: lines "address<TAB>password", from a file or standard input
};

struct Argument {
  std::string name;
  ArgumentKind kind;
  std::string help;
  bool is_required = true;

  [[nodiscard]] bool is_secret() const { return kind == ArgumentKind::password || kind == ArgumentKind::accounts; }
};

struct CommandArguments {
  std::map<std::string, std::string, std::less<>> values;
  std::map<std::string, SecretBytes, std::less<>> secrets;
};

struct OperatorCommand {
  std::string name;                    // one or two words: "user add"
  std::string help;
  std::vector<Argument> arguments;     // in the order of the command line
  bool works_on_store = false;         // also when the server is stopped
  bool is_change = false;              // for the audit log
  std::vector<std::string> columns;    // of a listing: the result is an array of objects with these keys
  // The result: an array for a listing, else an object; "message" in it is for people.
  Task<Result<nlohmann::json>> (*run)(AdminTarget& target, CommandArguments arguments);
};

[[nodiscard]] std::span<const OperatorCommand> operator_commands();
[[nodiscard]] const OperatorCommand* find_command(std::string_view name);

// Checks the arguments against the description (invalid: a name is unknown, missing, or not what it should be), writes
// the audit record (`who` is the operator, as the door knows them), and runs the command.
[[nodiscard]] Task<Result<nlohmann::json>> run_command(AdminTarget& target, std::string name, CommandArguments arguments,
                                                       std::string who);

inline constexpr std::size_t max_import_lines = 10'000;   // in one command
inline constexpr std::size_t max_listing = 100'000;       // entries in one answer

}  // namespace aldis::admin
