// References and line ends, decoded: XML 1.0 sections 2.7, 2.11, 3.3.3, 4.1 and 4.6.
#include "xml/reference.h"

#include <array>
#include <cstddef>

#include "xml/characters.h"

namespace aldis::xml {

namespace {

constexpr std::size_t cdata_start_length = std::string_view("<![CDATA[").size();
constexpr std::string_view cdata_end = "]]>";

struct Entity {
  std::string_view name;
  char value;
};
constexpr std::array<Entity, 5> entities = {{{"lt", '<'}, {"gt", '>'}, {"amp", '&'}, {"apos", '\''}, {"quot", '"'}}};

int digit_value(char c, int base) {
  const int value = c >= '0' && c <= '9'   ? c - '0'
                    : c >= 'a' && c <= 'f' ? c - 'a' + 10
                    : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                           : 99;
  return value < base ? value : -1;
}

Result<Reference, XmlError> read_character_reference(const char* p, const char* end) {
  const bool is_hexadecimal = p < end && *p == 'x';
  const int base = is_hexadecimal ? 16 : 10;
  p += is_hexadecimal ? 1 : 0;
  const char* const digits = p;
  std::uint32_t code = 0;
  for (int digit = 0; p < end && (digit = digit_value(*p, base)) >= 0; ++p) {
    if (code <= 0x10FFFF) {  // once too large it stays so, however many digits follow
      code = code * static_cast<std::uint32_t>(base) + static_cast<std::uint32_t>(digit);
    }
  }
  if (p == digits || p >= end || *p != ';' || !is_xml_char(code)) {
    return fail(XmlError::not_well_formed);
  }
  return Reference{code, p + 1};
}

// Appends with CR and CRLF as LF; `attribute` also makes TAB and LF spaces.
void append_lines(std::string& out, std::string_view raw, bool attribute) {
  if (!attribute && raw.find('\r') == std::string_view::npos) {
    out.append(raw);
    return;
  }
  const char line_end = attribute ? ' ' : '\n';
  for (std::size_t i = 0; i < raw.size(); ++i) {
    if (raw[i] == '\r') {
      out.push_back(line_end);
      if (i + 1 < raw.size() && raw[i + 1] == '\n') {
        ++i;
      }
    } else {
      out.push_back(attribute && is_space(raw[i]) ? ' ' : raw[i]);
    }
  }
}

// Appends up to the next & with references replaced; `raw` has no CDATA section.
void append_with_references(std::string& out, std::string_view raw, bool attribute) {
  while (!raw.empty()) {
    const std::size_t ampersand = raw.find('&');
    append_lines(out, raw.substr(0, ampersand), attribute);
    if (ampersand == std::string_view::npos) {
      return;
    }
    raw.remove_prefix(ampersand);
    const auto reference = read_reference(raw.data(), raw.data() + raw.size());
    ensure(reference.has_value(), "a reference in a checked document");
    append_utf8(out, reference->code);
    raw.remove_prefix(static_cast<std::size_t>(reference->end - raw.data()));
  }
}

}  // namespace

Result<Reference, XmlError> read_reference(const char* p, const char* end) {
  ++p;
  if (p < end && *p == '#') {
    return read_character_reference(p + 1, end);
  }
  const std::string_view rest(p, static_cast<std::size_t>(end - p));
  for (const Entity& entity : entities) {
    if (rest.starts_with(entity.name) && rest.size() > entity.name.size() && rest[entity.name.size()] == ';') {
      return Reference{static_cast<std::uint32_t>(entity.value), p + entity.name.size() + 1};
    }
  }
  const char* name_end = p;
  while (name_end < end && (!is_ascii(*name_end) || (char_class(*name_end) & char_name) != 0)) {
    ++name_end;
  }
  const bool is_other_entity = name_end > p && name_end < end && *name_end == ';';
  return fail(is_other_entity ? XmlError::restricted_xml : XmlError::not_well_formed);
}

void append_decoded_text(std::string& out, std::string_view raw) {
  for (;;) {
    // In checked text between two elements every < begins a CDATA section.
    const std::size_t start = raw.find('<');
    append_with_references(out, raw.substr(0, start), false);
    if (start == std::string_view::npos) {
      return;
    }
    raw.remove_prefix(start + cdata_start_length);
    const std::size_t finish = raw.find(cdata_end);
    append_lines(out, raw.substr(0, finish), false);
    raw.remove_prefix(finish + cdata_end.size());
  }
}

void append_decoded_attribute(std::string& out, std::string_view raw) { append_with_references(out, raw, true); }

}  // namespace aldis::xml
