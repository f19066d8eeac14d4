// XEP-0198 (1.6.3), the client's side: the counters of one session, modulo 2^32, and what an `h` says about the stanzas
// sent. Which stanzas these were is their owner's business: it keeps them in order and drops as many as are
// acknowledged.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace aldis::load {

inline constexpr std::string_view kStreamManagement = "urn:xmpp:sm:3";

class StreamManagement {
 public:
  /// <enable/> was sent: what is sent from now on counts (XEP-0198 4).
  void enabling() { *this = StreamManagement(); }
  /// <enabled/> came: what comes from now on counts. id: empty when the session cannot be resumed.
  void enabled(std::string id);
  void sent() { ++out_; }
  void received() { ++in_; }
  /// How many more stanzas the server has handled now; nullopt when that is more than were sent.
  std::optional<std::uint32_t> acknowledged(std::uint32_t h);
  /// The session goes on: what is not acknowledged will be sent again, and counted again. As acknowledged().
  std::optional<std::uint32_t> resumed(std::uint32_t h);

  bool is_enabled() const { return is_enabled_; }
  bool can_resume() const { return !id_.empty(); }
  const std::string& id() const { return id_; }
  std::uint32_t handled() const { return in_; }
  std::uint32_t sent_count() const { return out_; }
  /// Stanzas sent and not acknowledged.
  std::uint32_t unacknowledged() const { return out_ - acknowledged_; }

 private:
  std::string id_;
  std::uint32_t in_ = 0, out_ = 0, acknowledged_ = 0;
  bool is_enabled_ = false;
};

/// The attribute `h` of <a/>, <resumed/> or <failed/>; nullopt when it is missing or not a number below 2^32.
std::optional<std::uint32_t> handled_count_of(std::string_view element);

}  // namespace aldis::load
