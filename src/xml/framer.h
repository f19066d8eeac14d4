// Framer: cuts a stream's bytes into its header, complete first-level elements (stanzas), and its end, however the bytes
// arrive. Enforces strict UTF-8, XML characters, RFC 6120 section 11.1 restrictions, tag balance and Limits while
// reading, in time linear in the bytes whatever the cuts (security X08-X12). It does not resolve namespaces: parse() does.
// It never touches a socket. An idle Framer holds no buffer.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "xml/error.h"
#include "xml/limits.h"

namespace aldis::xml {

class Framer {
 public:
  enum class FrameKind : std::uint8_t {
    stream_open,   // the header's start tag, with the XML declaration before it if there was one
    stanza,        // one complete first-level element
    stream_close,  // </stream:stream>
  };
  struct Frame {
    FrameKind kind;
    // Exactly the bytes of the frame. Points into the caller's input, or into the Framer when the frame came in
    // pieces; valid until the next call of next() or reset(), and no longer than the input.
    std::string_view bytes;
  };

  explicit Framer(Limits limits = {});
  Framer(Framer&&) noexcept;
  Framer& operator=(Framer&&) noexcept;
  ~Framer();

  // Consumes bytes from the front of `input` up to the end of one frame and returns it; nothing when all input is
  // consumed and no frame is complete yet. After an error every further call returns the same error.
  // White space between stanzas (RFC 6120 section 4.6.1 keepalives) is consumed without a trace.
  [[nodiscard]] Result<std::optional<Frame>, XmlError> next(std::string_view& input);

  // A stream restart (after STARTTLS or SASL): expects a new header, forgets everything read before (security T01).
  void reset();
  void set_limits(const Limits& limits);
  [[nodiscard]] const Limits& limits() const { return limits_; }
  // Bytes held of an incomplete frame; for memory accounting.
  [[nodiscard]] std::size_t buffered() const;

 private:
  struct State;
  Limits limits_;
  // The implementation's members go here; keep sizeof(Framer) small: every connection has one.
};

}  // namespace aldis::xml
