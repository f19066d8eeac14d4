// Framer: cuts a stream's bytes into its header, complete first-level elements (stanzas), and its end, however the bytes
// arrive. Enforces strict UTF-8, XML characters, RFC 6120 section 11.1 restrictions, tag balance and Limits while
// reading, in time linear in the bytes whatever the cuts (security X08-X12). It does not resolve namespaces: parse() does.
// It never touches a socket. An idle Framer holds no buffer.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "xml/characters.h"
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

  // Limits are held compactly: at most 4 GiB for stanza_bytes, 65,535 for depth, attributes and name_bytes.
  explicit Framer(const Limits& limits = {}) { set_limits(limits); }
  Framer(Framer&&) noexcept = default;
  Framer& operator=(Framer&&) noexcept = default;
  ~Framer() = default;

  // Consumes bytes from the front of `input` up to the end of one frame and returns it; nothing when all input is
  // consumed and no frame is complete yet. After an error every further call returns the same error.
  // White space between stanzas (RFC 6120 section 4.6.1 keepalives) is consumed without a trace, and so is white space
  // before the header and after the stream's end; anything else after the end is not_well_formed.
  // A stanza with the header's own name (a second <stream:stream>) and an end tag of another name than the header's are
  // not_well_formed as soon as the name is read.
  [[nodiscard]] Result<std::optional<Frame>, XmlError> next(std::string_view& input);

  // A stream restart (after STARTTLS or SASL): expects a new header, forgets everything read before (security T01).
  void reset();
  void set_limits(const Limits& limits);
  [[nodiscard]] Limits limits() const;
  // Bytes held of an incomplete frame; for memory accounting.
  [[nodiscard]] std::size_t buffered() const { return held_ == nullptr || is_returned_ ? 0 : held_->size(); }

 private:
  enum class Lexeme : std::uint8_t;
  struct CompactLimits {
    std::uint32_t stanza_bytes;
    std::uint32_t elements;
    std::uint16_t depth;
    std::uint16_t attributes;
    std::uint16_t name_bytes;
  };

  // Reads up to the end of the frame or of the bytes; sets kind_ or error_ when either is found.
  const char* scan(const char* begin, const char* end);
  const char* skip_name(const char* p, const char* end);
  [[nodiscard]] const char* skip_attribute(const char* p, const char* end) const;
  [[nodiscard]] const char* skip_end_tag(const char* p, const char* end) const;
  // The last `count` bytes of the frame so far, which goes on from held_ to [begin, end).
  [[nodiscard]] std::string last_bytes(const char* begin, const char* end, std::size_t count) const;
  [[nodiscard]] bool ends_with_header_name(const char* begin, const char* end) const;
  void hold(std::string_view bytes);
  [[nodiscard]] Unexpected<XmlError> refuse(XmlError error);

  CompactLimits limits_{};
  std::unique_ptr<std::string> held_;         // the incomplete frame
  std::unique_ptr<std::string> header_name_;  // null for stream:stream
  std::uint32_t elements_ = 0;                // of the stanza being read
  std::uint16_t attributes_ = 0;              // of the element being read
  std::uint16_t name_length_ = 0;             // of the name being read
  std::uint16_t depth_ = 0;                   // 0 before the header, 1 between stanzas
  Lexeme lexeme_{};
  Utf8 utf8_ = Utf8::none;
  std::optional<XmlError> error_;
  std::optional<FrameKind> kind_;
  bool is_returned_ = false;  // held_ is a frame the caller may still look at
};

}  // namespace aldis::xml
