// The file a database lives in: made private before SQLite sees it (security O03). It keeps nobody out who is root.
#pragma once
#include <filesystem>

#include "base/result.h"

namespace aldis::sql {

// Creates the folder (0700) and the file (0600) if missing, and makes their names durable. denied when others may write to
// the folder or read the file, or a link stands where the file or one of SQLite's beside it should be.
Result<void> prepare_database_file(const std::filesystem::path& path);

}  // namespace aldis::sql
