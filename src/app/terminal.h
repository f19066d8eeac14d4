// What the command line reads and shows: passwords without echo, standard input within bounds, listings as tables.
#pragma once
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/secret_bytes.h"

namespace aldis::app {

// At a terminal: asked for twice, without echo. Otherwise the first line of standard input. invalid: they differ, or none.
[[nodiscard]] Result<SecretBytes> read_password(const std::string& prompt);
// A file's content, or standard input for "-"; at most `most` bytes (limit).
[[nodiscard]] Result<SecretBytes> read_secret_file(const std::string& path, std::size_t most);

// An array of objects as a table with a line of headings; control characters in values are shown as "?".
[[nodiscard]] std::string table(const nlohmann::json& rows, const std::vector<std::string>& columns);

// An object for a person: its "message", or a line for each member. Line feeds stay, other control characters become "?".
[[nodiscard]] std::string facts(const nlohmann::json& object);

}  // namespace aldis::app
