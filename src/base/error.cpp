// Names of the error kinds, as logs and metrics show them.
#include "base/error.h"

namespace aldis {

std::string_view to_string(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::invalid: return "invalid";
    case ErrorKind::limit: return "limit";
    case ErrorKind::not_found: return "not-found";
    case ErrorKind::already_exists: return "already-exists";
    case ErrorKind::denied: return "denied";
    case ErrorKind::unavailable: return "unavailable";
    case ErrorKind::full: return "full";
    case ErrorKind::corrupt: return "corrupt";
    case ErrorKind::timeout: return "timeout";
    case ErrorKind::cancelled: return "cancelled";
  }
  return "unknown";
}

}  // namespace aldis
