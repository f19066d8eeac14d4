// Framer: a machine over bytes. What stands between two bytes is a Lexeme, a depth and a place in a UTF-8 character,
// so a cut anywhere changes nothing and no byte is read twice.
//
//   fresh -> declaration -> before_header -> tag (depth 0, the header) -> between
//   between -> tag -> text <-> tag ... -> between     a stanza
//   between -> end_name -> closed                      </stream:stream>
//
// Names are only delimited here; parse() compares those of start and end tags and resolves prefixes. What this machine
// takes for the end of a tag, a value or a section is what XML takes for it, or parse() refuses the stanza.
#include "xml/framer.h"

#include <algorithm>
#include <limits>

#include "xml/declaration.h"

namespace aldis::xml {

enum class Framer::Lexeme : std::uint8_t {
  fresh,              // nothing read
  before_header,      // white space was read, or the declaration: no declaration may follow
  between,            // stanzas
  closed,             // after </stream:stream>
  open,               // after <
  question,           // after <? at the very start of the stream
  declaration,        // in the XML declaration
  declaration_end,    // after its ?
  after_declaration,  // as before_header, but the frame has begun
  start_name,
  in_tag,             // after white space in a start tag
  attribute_name,
  before_equals,
  before_value,
  value_apostrophe,
  value_quotation,
  after_value,
  empty_end,          // after / in a start tag
  end_open,           // after </
  end_name,
  end_space,
  text,
  bang,               // after <!
  cdata_open,         // in <![CDATA[; name_length_ counts
  cdata,
  cdata_bracket,      // after ]
  cdata_brackets,     // after ]]
};

namespace {

constexpr std::string_view usual_header_name = "stream:stream";

// May begin, or go on in, a name as far as the Framer looks: NCName and colon; what is beyond ASCII is parse()'s.
bool begins_name(char c) { return (char_class(c) & (char_name_start | char_colon)) != 0; }
bool continues_name(char c) { return (char_class(c) & (char_name | char_colon)) != 0; }

template <class To>
To clamped(std::size_t value) {
  return static_cast<To>(std::min<std::size_t>(value, std::numeric_limits<To>::max()));
}

}  // namespace

void Framer::set_limits(const Limits& limits) {
  limits_ = {.stanza_bytes = clamped<std::uint32_t>(limits.stanza_bytes),
             .elements = clamped<std::uint32_t>(limits.elements),
             .depth = clamped<std::uint16_t>(std::min<std::size_t>(limits.depth, 65'000)),
             .attributes = clamped<std::uint16_t>(std::min<std::size_t>(limits.attributes, 65'000)),
             .name_bytes = clamped<std::uint16_t>(std::min<std::size_t>(limits.name_bytes, 65'000))};
}

Limits Framer::limits() const {
  Limits limits;
  limits.stanza_bytes = limits_.stanza_bytes;
  limits.elements = limits_.elements;
  limits.depth = limits_.depth;
  limits.attributes = limits_.attributes;
  limits.name_bytes = limits_.name_bytes;
  return limits;
}

void Framer::reset() {
  const CompactLimits limits = limits_;
  *this = Framer();
  limits_ = limits;
}

Unexpected<XmlError> Framer::refuse(XmlError error) {
  error_ = error;
  held_.reset();
  return fail(error);
}

void Framer::hold(std::string_view bytes) {
  if (held_ == nullptr) {
    held_ = std::make_unique<std::string>();
  }
  const std::size_t needed = held_->size() + bytes.size();
  if (needed > held_->capacity()) {
    // Doubling keeps the copying linear; the limit keeps what a peer can make us hold to what it may send.
    held_->reserve(std::max(needed, std::min<std::size_t>(2 * held_->capacity(), limits_.stanza_bytes)));
  }
  held_->append(bytes);
}

std::string Framer::last_bytes(const char* begin, const char* end, std::size_t count) const {
  const auto here = static_cast<std::size_t>(end - begin);
  if (count <= here) {
    return {end - count, end};
  }
  ensure(held_ != nullptr && held_->size() >= count - here, "a name reaches back before its frame");
  return held_->substr(held_->size() - (count - here)).append(begin, end);
}

bool Framer::ends_with_header_name(const char* begin, const char* end) const {
  const std::string_view wanted = header_name_ == nullptr ? usual_header_name : std::string_view(*header_name_);
  return name_length_ == wanted.size() && last_bytes(begin, end, name_length_) == wanted;
}

// Behind the ASCII part of a name at `p`, or where the name would become too long.
const char* Framer::skip_name(const char* p, const char* end) {
  const std::size_t room = limits_.name_bytes - std::min(name_length_, limits_.name_bytes);
  const char* const stop = p + std::min(room, static_cast<std::size_t>(end - p));
  const char* const from = p;
  while (p < stop && continues_name(*p)) {
    ++p;
  }
  name_length_ = static_cast<std::uint16_t>(name_length_ + (p - from));
  return p;
}

// The ordinary attribute in one go: name='value' in ASCII, wholly here. Null for any other, which goes byte by byte: it is
// looked at twice at most, so time stays linear.
const char* Framer::skip_attribute(const char* p, const char* end) const {
  if (p == end || !begins_name(*p)) {
    return nullptr;
  }
  const char* const stop = p + std::min<std::size_t>(limits_.name_bytes, static_cast<std::size_t>(end - p));
  while (p < stop && continues_name(*p)) {
    ++p;
  }
  if (end - p < 3 || *p != '=') {
    return nullptr;
  }
  const char quote = p[1];
  if (quote == '\'') {
    p = skip_ordinary<'<', '\''>(p + 2, end);
  } else if (quote == '"') {
    p = skip_ordinary<'<', '"'>(p + 2, end);
  } else {
    return nullptr;
  }
  return p < end && *p == quote ? p + 1 : nullptr;
}

// The ordinary end tag in one go, from its slash; null as above.
const char* Framer::skip_end_tag(const char* p, const char* end) const {
  const char* const name = ++p;
  const char* const stop = p + std::min<std::size_t>(limits_.name_bytes, static_cast<std::size_t>(end - p));
  while (p < stop && continues_name(*p)) {
    ++p;
  }
  return p < end && p > name && *p == '>' && begins_name(*name) ? p + 1 : nullptr;
}

Result<std::optional<Framer::Frame>, XmlError> Framer::next(std::string_view& input) {
  if (error_) {
    return fail(*error_);
  }
  if (is_returned_) {
    held_.reset();
    is_returned_ = false;
  }
  if (lexeme_ <= Lexeme::closed) {
    std::size_t spaces = 0;
    while (spaces < input.size() && is_space(input[spaces])) {
      ++spaces;
    }
    input.remove_prefix(spaces);
    if (spaces > 0 && lexeme_ == Lexeme::fresh) {
      lexeme_ = Lexeme::before_header;
    }
  }
  if (input.empty()) {
    return std::optional<Frame>();
  }
  const std::size_t before = held_ == nullptr ? 0 : held_->size();
  const std::size_t room = limits_.stanza_bytes - std::min<std::size_t>(before, limits_.stanza_bytes);
  const std::string_view readable = input.substr(0, room);
  const char* const stop = scan(readable.data(), readable.data() + readable.size());
  if (error_) {
    return refuse(*error_);
  }
  const auto read = static_cast<std::size_t>(stop - readable.data());
  if (!kind_) {
    if (readable.size() < input.size()) {
      return refuse(XmlError::too_big);
    }
    hold(input);
    input = {};
    return std::optional<Frame>();
  }
  Frame frame{*kind_, input.substr(0, read)};
  if (held_ != nullptr) {
    hold(frame.bytes);
    frame.bytes = *held_;
    is_returned_ = true;
  }
  input.remove_prefix(read);
  kind_.reset();
  return std::optional<Frame>(frame);
}

const char* Framer::scan(const char* begin, const char* end) {
  const char* p = begin;
  // A local copy, which the compiler keeps in a register; put back on every way out.
  Lexeme lexeme = lexeme_;
  const struct PutBack {
    Lexeme& to;
    const Lexeme& from;
    ~PutBack() { to = from; }
  } put_back{lexeme_, lexeme};
  const auto fail_with = [&](XmlError error) {
    error_ = error;
    return p;
  };
  const auto complete = [&](FrameKind kind, Lexeme then) {
    kind_ = kind;
    lexeme = then;
    return p;
  };
  // A name grows by a byte; false when it is too long.
  const auto grow_name = [&] { return ++name_length_ <= limits_.name_bytes; };

  while (p < end) {
    if (utf8_ != Utf8::none) {
      utf8_ = utf8_next(utf8_, *p);
      if (utf8_ == Utf8::invalid) {
        return fail_with(XmlError::bad_encoding);
      }
      const bool in_name =
          lexeme == Lexeme::start_name || lexeme == Lexeme::attribute_name || lexeme == Lexeme::end_name;
      if (in_name && !grow_name()) {
        return fail_with(XmlError::too_many);
      }
      ++p;
      continue;
    }
    const char c = *p;
    switch (lexeme) {
      case Lexeme::fresh:
      case Lexeme::before_header:
      case Lexeme::between:
        if (c != '<') {
          return fail_with(misplaced(c));
        }
        // Only the very first byte of a stream may begin a declaration: name_length_ tells `open` so.
        name_length_ = lexeme == Lexeme::fresh ? 1 : 0;
        lexeme = Lexeme::open;
        ++p;
        break;
      case Lexeme::closed:
        return fail_with(misplaced(c));

      case Lexeme::open:
        if (c == '/' && depth_ > 0) {
          const char* const behind = depth_ > 1 ? skip_end_tag(p, end) : nullptr;
          if (behind != nullptr) {
            p = behind;
            if (--depth_ == 1) {
              return complete(FrameKind::stanza, Lexeme::between);
            }
            lexeme = Lexeme::text;
            break;
          }
          lexeme = Lexeme::end_open;
        } else if (c == '!') {
          if (depth_ < 2) {
            return fail_with(XmlError::restricted_xml);
          }
          lexeme = Lexeme::bang;
        } else if (c == '?') {
          if (depth_ > 0 || name_length_ == 0) {
            return fail_with(XmlError::restricted_xml);
          }
          name_length_ = 0;
          lexeme = Lexeme::question;
        } else if (begins_name(c) || (char_class(c) & char_multibyte) != 0) {
          if (depth_ > 0) {
            // The stanza's own element is the first of depth 1 and of the count.
            elements_ = depth_ == 1 ? 1 : elements_ + 1;
            if (depth_ > limits_.depth) {
              return fail_with(XmlError::too_deep);
            }
            if (elements_ > limits_.elements) {
              return fail_with(XmlError::too_many);
            }
          }
          attributes_ = 0;
          name_length_ = 0;
          lexeme = Lexeme::start_name;
          continue;  // start_name counts this byte
        } else {
          return fail_with(misplaced(c));
        }
        ++p;
        break;

      case Lexeme::question: {
        constexpr std::string_view target = "xml";
        if (name_length_ < target.size() ? c != target[name_length_] : !is_space(c)) {
          return fail_with(XmlError::restricted_xml);
        }
        lexeme = ++name_length_ > target.size() ? Lexeme::declaration : lexeme;
        ++p;
        break;
      }
      case Lexeme::declaration:
      case Lexeme::declaration_end:
        if (!is_ascii(c) || (c < 0x20 && !is_space(c))) {
          return fail_with(misplaced(c));
        }
        ++p;
        if (lexeme == Lexeme::declaration_end) {
          std::string whole = held_ == nullptr ? std::string() : *held_;
          error_ = check_declaration(whole.append(begin, p));
          if (error_) {
            return p;
          }
          lexeme = Lexeme::after_declaration;
        } else if (c == '?') {
          lexeme = Lexeme::declaration_end;
        }
        break;
      case Lexeme::after_declaration:
        if (c == '<') {
          name_length_ = 0;
          lexeme = Lexeme::open;
        } else if (!is_space(c)) {
          return fail_with(misplaced(c));
        }
        ++p;
        break;

      case Lexeme::start_name:
      case Lexeme::attribute_name:
      case Lexeme::end_name:
        p = skip_name(p, end);
        if (p == end) {
          return p;
        }
        if (name_length_ >= limits_.name_bytes && continues_name(*p)) {
          return fail_with(XmlError::too_many);
        }
        if ((char_class(*p) & char_multibyte) != 0) {
          if (!grow_name()) {
            return fail_with(XmlError::too_many);
          }
          utf8_ = utf8_lead(*p++);
          break;
        }
        if (lexeme == Lexeme::attribute_name) {
          lexeme = Lexeme::before_equals;
          break;
        }
        if (!is_space(*p) && *p != '>' && (*p != '/' || lexeme == Lexeme::end_name)) {
          return fail_with(misplaced(*p));
        }
        if (lexeme == Lexeme::end_name) {
          if (depth_ == 1 && !ends_with_header_name(begin, p)) {
            return fail_with(XmlError::not_well_formed);
          }
          lexeme = Lexeme::end_space;
          break;
        }
        if (depth_ == 1 && ends_with_header_name(begin, p)) {
          return fail_with(XmlError::not_well_formed);
        }
        if (depth_ == 0 && (name_length_ != usual_header_name.size() ||
                            last_bytes(begin, p, name_length_) != usual_header_name)) {
          header_name_ = std::make_unique<std::string>(last_bytes(begin, p, name_length_));
        }
        lexeme = Lexeme::after_value;
        break;

      case Lexeme::in_tag:
      case Lexeme::after_value:
        if (is_space(c)) {
          const char* const behind = attributes_ < limits_.attributes ? skip_attribute(p + 1, end) : nullptr;
          if (behind != nullptr) {
            ++attributes_;
            lexeme = Lexeme::after_value;
            p = behind;
            break;
          }
          lexeme = Lexeme::in_tag;
        } else if (c == '>') {
          ++p;
          if (depth_++ == 0) {
            return complete(FrameKind::stream_open, Lexeme::between);
          }
          lexeme = Lexeme::text;
          break;
        } else if (c == '/' && depth_ > 0) {
          lexeme = Lexeme::empty_end;
        } else if (lexeme == Lexeme::in_tag && (begins_name(c) || (char_class(c) & char_multibyte) != 0)) {
          if (++attributes_ > limits_.attributes) {
            return fail_with(XmlError::too_many);
          }
          name_length_ = 0;
          lexeme = Lexeme::attribute_name;
          break;
        } else {
          return fail_with(misplaced(c));
        }
        ++p;
        break;
      case Lexeme::before_equals:
        if (c == '=') {
          lexeme = Lexeme::before_value;
        } else if (!is_space(c)) {
          return fail_with(misplaced(c));
        }
        ++p;
        break;
      case Lexeme::before_value:
        if (c == '\'' || c == '"') {
          lexeme = c == '"' ? Lexeme::value_quotation : Lexeme::value_apostrophe;
        } else if (!is_space(c)) {
          return fail_with(misplaced(c));
        }
        ++p;
        break;

      case Lexeme::value_apostrophe:
      case Lexeme::value_quotation:
      case Lexeme::text: {
        p = lexeme == Lexeme::text               ? skip_ordinary<'<'>(p, end)
            : lexeme == Lexeme::value_apostrophe ? skip_ordinary<'<', '\''>(p, end)
                                                  : skip_ordinary<'<', '"'>(p, end);
        if (p == end) {
          return p;
        }
        if (!is_ascii(*p)) {
          p = skip_multibyte(p, end);
          if (p != end && !is_ascii(*p)) {  // broken, or cut off by the end
            utf8_ = utf8_lead(*p);
            if (utf8_ == Utf8::invalid) {
              return fail_with(XmlError::bad_encoding);
            }
            ++p;
          }
        } else if (is_space(*p)) {
          ++p;
        } else if (lexeme == Lexeme::text && *p == '<') {
          lexeme = Lexeme::open;
          ++p;
        } else if (*p == '\'' || *p == '"') {
          lexeme = Lexeme::after_value;
          ++p;
        } else {
          return fail_with(misplaced(*p));
        }
        break;
      }

      case Lexeme::empty_end:
        if (c != '>') {
          return fail_with(misplaced(c));
        }
        ++p;
        if (depth_ == 1) {
          return complete(FrameKind::stanza, Lexeme::between);
        }
        lexeme = Lexeme::text;
        break;

      case Lexeme::end_open:
        if (!begins_name(c) && (char_class(c) & char_multibyte) == 0) {
          return fail_with(misplaced(c));
        }
        name_length_ = 0;
        lexeme = Lexeme::end_name;
        break;
      case Lexeme::end_space:
        if (is_space(c)) {
          ++p;
          break;
        }
        if (c != '>') {
          return fail_with(misplaced(c));
        }
        ++p;
        if (--depth_ == 0) {
          return complete(FrameKind::stream_close, Lexeme::closed);
        }
        if (depth_ == 1) {
          return complete(FrameKind::stanza, Lexeme::between);
        }
        lexeme = Lexeme::text;
        break;

      case Lexeme::bang:
        if (c != '[') {
          return fail_with(XmlError::restricted_xml);
        }
        name_length_ = 0;
        lexeme = Lexeme::cdata_open;
        ++p;
        break;
      case Lexeme::cdata_open: {
        constexpr std::string_view keyword = "CDATA[";
        if (c != keyword[name_length_]) {
          return fail_with(misplaced(c));
        }
        lexeme = ++name_length_ == keyword.size() ? Lexeme::cdata : lexeme;
        ++p;
        break;
      }
      case Lexeme::cdata:
      case Lexeme::cdata_bracket:
      case Lexeme::cdata_brackets:
        if (lexeme == Lexeme::cdata) {
          p = skip_ordinary<']'>(p, end);
          if (p == end) {
            return p;
          }
        }
        if (*p == ']') {
          lexeme = lexeme == Lexeme::cdata ? Lexeme::cdata_bracket : Lexeme::cdata_brackets;
        } else if (*p == '>' && lexeme == Lexeme::cdata_brackets) {
          lexeme = Lexeme::text;
        } else if (!is_ascii(*p)) {
          lexeme = Lexeme::cdata;
          utf8_ = utf8_lead(*p);
          if (utf8_ == Utf8::invalid) {
            return fail_with(XmlError::bad_encoding);
          }
        } else if (*p < 0x20 && !is_space(*p)) {
          return fail_with(XmlError::bad_encoding);
        } else {
          lexeme = Lexeme::cdata;
        }
        ++p;
        break;
    }
  }
  return p;
}

}  // namespace aldis::xml
