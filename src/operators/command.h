// OperatorCommand: one thing an operator can do, described so that each door (command line, Unix socket, ad-hoc commands; an
// HTTP API) can offer it, ask for its arguments and show what comes back. The list is operator_commands(); what changes
// anything is run from it by every door, with the same checks and the same audit record. A secret argument is read from a
// prompt, standard input or a text-private field, never from a command line, and never appears in a log.
#pragma once
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "operators/admin_target.h"
#include "operators/operator_result.h"

namespace aldis::admin {

enum class ArgumentKind : std::uint8_t {
  account,    // a bare address
  room,       // a room's address: bare, with a localpart
  address,    // a bare or full address
  domain,
  word,       // text of one line, not secret: a log shows it
  text,       // what XML can hold, max_text_bytes at most; a log shows its size
  password,   // secret: asked for twice at a prompt, or the first line of standard input
  certificate, // a PEM file: a certificate, and perhaps its issuers behind it; a command line names the file
  revocation_lists,  // CRLs in PEM form; a command line names files, PEM or DER
  ocsp_responses,    // the same of OCSP responses, as "OCSP RESPONSE"
  accounts,   // secret: lines "address<TAB>password", from a file or standard input
  jid,        // an address of any form
  time,       // 2026-11-25T12:00:00Z, or 2026-11-25 for its first moment (UTC)
  duration,   // 90d
  size,       // 1GiB
  page,       // what the answer before said is next: for doors, not for people
};

struct Argument {
  std::string name;
  ArgumentKind kind;
  std::string help;
  bool is_required = true;
  bool is_named = false;   // on a command line: --name VALUE

  [[nodiscard]] bool is_secret() const { return kind == ArgumentKind::password || kind == ArgumentKind::accounts; }
};

struct CommandArguments {
  std::map<std::string, std::string, std::less<>> values;
  std::map<std::string, SecretBytes, std::less<>> secrets;
  SessionId own_session = SessionId::none;   // the operator's, where there is one: a changed password does not end it
};

struct OperatorCommand {
  std::string name;                    // up to three words: "user add"
  std::string help;
  std::vector<Argument> arguments;     // in the order of the command line
  bool works_on_store = false;         // also when the server is stopped
  bool is_change = false;              // for the audit log
  bool is_owners = false;              // about the whole server: not for administrators of a domain
  bool shows_words = false;            // users' own: for the audit log, though it changes nothing
  bool is_document = false;            // the answer is a text to be written out as it is, page by page
  std::vector<std::string> columns{};  // of a listing: the answer is rows of these
  Task<Result<OperatorResult>> (*run)(AdminTarget& target, CommandArguments arguments) = nullptr;
};

[[nodiscard]] std::span<const OperatorCommand> operator_commands();
[[nodiscard]] const OperatorCommand* find_command(std::string_view name);

// Checks the arguments against the description (invalid: a name is unknown, missing, or not what it should be), writes
// the audit record (`who` is the operator, as the door knows them), and runs the command.
[[nodiscard]] Task<Result<OperatorResult>> run_command(AdminTarget& target, std::string name, CommandArguments arguments,
                                                       std::string who);

inline constexpr std::size_t max_import_lines = 10'000;   // in one command
inline constexpr std::size_t max_text_bytes = 64 * 1024;  // of an announcement or notice
inline constexpr std::size_t max_word_bytes = 4096;
inline constexpr std::size_t max_certificate_bytes = 256 * 1024;
inline constexpr std::size_t max_lists_bytes = 24 * 1024 * 1024;   // of CRLs, in PEM form
inline constexpr std::size_t max_listing = 100'000;       // entries in one answer

}  // namespace aldis::admin
