// The control socket's messages: one JSON object a line, in UTF-8.
//   {"command": "user add", "arguments": {"account": "juliet@localhost"}, "secrets": {"password": "..."}}
//   {"ok": true, "result": ...}   or   {"ok": false, "error": "not_found", "text": "there is no account ..."}
#pragma once
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "operators/command.h"

namespace aldis::admin {

inline constexpr std::size_t max_request_bytes = 32 * 1024 * 1024;   // an import of max_import_lines fits, and one of max_lists_bytes
inline constexpr std::size_t max_answer_bytes = 64 * 1024 * 1024;    // a listing of max_listing entries fits

struct CommandRequest {
  std::string command;
  CommandArguments arguments;
};

// Without the line's end. invalid: not such an object, or a text is not UTF-8.
[[nodiscard]] Result<std::string> write_request(const CommandRequest& request);
[[nodiscard]] Result<CommandRequest> parse_request(std::string_view line);
// A listing as an array of objects; a part of a document as {"document": "...", "next": "..."}, the last without "next"; else
// an object of the fields with "message" and, where there are any, "refused".
[[nodiscard]] nlohmann::json as_json(const OperatorResult& result);
[[nodiscard]] std::string write_answer(const Result<OperatorResult>& answer);
// The server's error comes back with its kind; an answer that is none is corrupt.
[[nodiscard]] Result<nlohmann::json> parse_answer(std::string_view line);

}  // namespace aldis::admin
