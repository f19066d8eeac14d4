// Error: what went wrong outside our own code, as a value. The kind decides how an edge answers (a stanza error, an exit
// code); the text is for the log and for operators: it names the entity and the limit and never holds a secret.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace aldis {

enum class ErrorKind : std::uint8_t {
  invalid,        // the input breaks a rule of its format
  limit,          // the input is larger, deeper or more than a configured limit
  not_found,      // the thing asked for does not exist; never used for "could not look"
  already_exists, // a name is taken
  denied,         // known and refused
  unavailable,    // the world is wrong for now (database, peer, disk error): trying again may help
  full,           // no space left, or a queue is at its bound: trying again may help
  corrupt,        // stored data fails its checks
  timeout,        // a deadline passed
  cancelled,      // the owner is stopping
};

[[nodiscard]] std::string_view to_string(ErrorKind kind);

struct [[nodiscard]] Error {
  ErrorKind kind = ErrorKind::invalid;
  std::string what;
};

}  // namespace aldis
