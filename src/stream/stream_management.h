// Stream management, XEP-0198 (1.6.3): its elements read and written, and the count of what we send. No I/O and no queue:
// core/managed_stream.h keeps what is unacknowledged. Numbers on the wire are modulo 2^32 (section 4). Streams between servers
// use the same elements (section 1), and there we are also the side that asks. Not here: <location/> other than as configured.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "xml/element.h"
#include "xmpp/stanza_error.h"
#include "xmpp/stream_error.h"

namespace aldis::stream {

struct EnableRequest {
  bool resume = false;
  std::optional<std::uint32_t> max;   // seconds the client would like to be able to resume within
};
struct ResumeRequest {
  std::string previd;
  std::uint32_t h = 0;
};
struct Ack {
  std::uint32_t h = 0;
};
struct AckRequest {};
// An element of the namespace that lacks what it must have.
struct MalformedRequest {};   // enable, resume: answered with <failed/>
struct MalformedAck {};       // a: the stream cannot go on without its number
using ManagementElement =
    std::variant<EnableRequest, ResumeRequest, Ack, AckRequest, MalformedRequest, MalformedAck>;

// Nothing: not of this namespace, or nothing a client sends.
[[nodiscard]] std::optional<ManagementElement> read_management(const xml::Element& element);

// An SM-ID is ours and short; what is longer is nobody's.
inline constexpr std::size_t longest_previd = 128;

// ---- what the server says, each one whole element
inline constexpr std::string_view ack_request = "<r xmlns='urn:xmpp:sm:3'/>";
void write_ack(std::string& out, std::uint32_t h);
struct Enabled {
  std::string id;            // empty: cannot be resumed
  std::uint32_t max = 0;     // seconds; with an id
  std::string location;      // "host:port" to come back to; empty: none
};
[[nodiscard]] std::string enabled(const Enabled& enabled);
[[nodiscard]] std::string resumed(std::string_view previd, std::uint32_t h);
// `h` where the session is known though it cannot be resumed any more (section 5).
[[nodiscard]] std::string management_failed(StanzaCondition condition, std::optional<std::uint32_t> h = std::nullopt);
// Section 6: the peer acknowledges what it was not sent.
[[nodiscard]] StreamError handled_count_too_high(std::uint32_t h, std::uint32_t sent);

// ---- what the server says, read by one that opened a stream to it
struct Resumed {
  std::string previd;
  std::uint32_t h = 0;
};
struct ManagementFailed {
  std::optional<std::uint32_t> h;   // as in management_failed()
};
struct MalformedAnswer {};          // one of these without what it must have
using ManagementAnswer = std::variant<Enabled, Resumed, ManagementFailed, MalformedAnswer>;
// Nothing: not of this namespace, or none of these. An <enabled/> that cannot be resumed has an empty id.
[[nodiscard]] std::optional<ManagementAnswer> read_management_answer(const xml::Element& element);
// ---- what such a server asks for
[[nodiscard]] std::string enable(const EnableRequest& request);
[[nodiscard]] std::string resume(const ResumeRequest& request);

// SentCount: how many stanzas we have sent and how many of these the peer has acknowledged.
class SentCount {
 public:
  SentCount() = default;
  SentCount(std::uint64_t sent, std::uint64_t acknowledged) : sent_(sent), acknowledged_(acknowledged) {}

  void send() { ++sent_; }
  // How many more are acknowledged by this h; nothing when it is higher than what was sent.
  [[nodiscard]] std::optional<std::uint64_t> acknowledge(std::uint32_t h) {
    const std::optional<std::uint64_t> more = newly_acknowledged(h);
    acknowledged_ += more.value_or(0);
    return more;
  }
  [[nodiscard]] std::optional<std::uint64_t> newly_acknowledged(std::uint32_t h) const {
    const std::uint32_t more = h - static_cast<std::uint32_t>(acknowledged_);  // around 2^32; one that goes back is too high
    return more <= sent_ - acknowledged_ ? std::optional<std::uint64_t>(more) : std::nullopt;
  }
  [[nodiscard]] std::uint64_t sent() const { return sent_; }
  [[nodiscard]] std::uint64_t acknowledged() const { return acknowledged_; }

 private:
  std::uint64_t sent_ = 0;
  std::uint64_t acknowledged_ = 0;
};

}  // namespace aldis::stream
