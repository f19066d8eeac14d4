// See stream_management.h.
#include "stream_management.h"

#include <charconv>

#include "stanza_scanner.h"

namespace aldis::load {

void StreamManagement::enabled(std::string id) {
  id_ = std::move(id);
  is_enabled_ = true;
  in_ = 0;
}

std::optional<std::uint32_t> StreamManagement::acknowledged(std::uint32_t h) {
  const std::uint32_t more = h - acknowledged_;  // modulo 2^32: the counter wraps (XEP-0198 4)
  if (more > unacknowledged()) {
    return std::nullopt;
  }
  acknowledged_ = h;
  return more;
}

std::optional<std::uint32_t> StreamManagement::resumed(std::uint32_t h) {
  const auto more = acknowledged(h);
  out_ = acknowledged_;
  return more;
}

std::optional<std::uint32_t> handled_count_of(std::string_view element) {
  const auto text = attribute_of(element, "h");
  std::uint32_t h = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), h);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) {
    return std::nullopt;
  }
  return h;
}

}  // namespace aldis::load
