// Where a broken invariant ends: one line to standard error, then abort (a core dump is the operator's choice).
#include "base/ensure.h"

#include <cstdio>
#include <cstdlib>

namespace aldis {

void ensure_failed(std::string_view claim, const std::source_location& where) {
  std::fprintf(stderr, "aldis: broken invariant: %.*s at %s:%u in %s\n", static_cast<int>(claim.size()), claim.data(),
               where.file_name(), where.line(), where.function_name());
  std::abort();
}

}  // namespace aldis
