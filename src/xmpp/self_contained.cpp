// Byte-level work on elements that are known to be well-formed.
#include "xmpp/self_contained.h"

#include "base/ensure.h"
#include "xml/writer.h"

namespace aldis {
namespace {

constexpr std::size_t longest_inherited = 1024;
constexpr std::string_view cdata_start = "<![CDATA[";
constexpr std::string_view cdata_end = "]]>";

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool ends_name(char c) { return is_space(c) || c == '=' || c == '>' || c == '/'; }

std::size_t skip_spaces(std::string_view text, std::size_t at) {
  while (at < text.size() && is_space(text[at])) ++at;
  return at;
}

bool declares(std::string_view element, std::string_view prefix) {
  StartTagReader tag(element);
  while (const std::optional<StartTagReader::Entry> entry = tag.next()) {
    if (entry->name.starts_with("xmlns:") && entry->name.substr(6) == prefix) return true;
  }
  return false;
}

// XML 1.0 section 2.11, for readers that would not do it alike.
void normalise_line_ends(std::string& text) {
  std::size_t kept = text.find('\r');
  if (kept == std::string::npos) return;
  for (std::size_t i = kept; i < text.size(); ++i) {
    if (text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n') continue;
    text[kept++] = text[i] == '\r' ? '\n' : text[i];
  }
  text.resize(kept);
}

void append_as_text(std::string& out, std::string_view cdata) {
  for (const char c : cdata) {
    switch (c) {
      case '&': out.append("&amp;"); break;
      case '<': out.append("&lt;"); break;
      case '>': out.append("&gt;"); break;
      default: out.push_back(c);
    }
  }
}

}  // namespace

StartTagReader::StartTagReader(std::string_view element) {
  ensure(element.starts_with('<'), "an element begins with its start tag");
  std::size_t end = 1;
  while (end < element.size() && !ends_name(element[end])) ++end;
  name_ = element.substr(1, end - 1);
  rest_ = element.substr(end);
}

std::optional<StartTagReader::Entry> StartTagReader::next() {
  const std::size_t start = skip_spaces(rest_, 0);
  if (start >= rest_.size() || rest_[start] == '>' || rest_[start] == '/') return std::nullopt;
  std::size_t at = start;
  while (at < rest_.size() && !ends_name(rest_[at])) ++at;
  const std::string_view name = rest_.substr(start, at - start);
  at = skip_spaces(rest_, at);
  ensure(at < rest_.size() && rest_[at] == '=', "an attribute of a well-formed start tag has a value");
  at = skip_spaces(rest_, at + 1);
  ensure(at < rest_.size() && (rest_[at] == '"' || rest_[at] == '\''), "an attribute's value is quoted");
  const std::size_t close = rest_.find(rest_[at], at + 1);
  ensure(close != std::string_view::npos, "an attribute's value ends");
  const Entry entry{name, rest_.substr(at + 1, close - at - 1), rest_.substr(0, close + 1)};
  rest_.remove_prefix(close + 1);
  return entry;
}

std::optional<std::string> self_contained(std::string_view element, const xml::Scope& scope) {
  std::string out;
  out.reserve(element.size() + 256);
  const std::size_t name_end = 1 + StartTagReader(element).name().size();
  out.append(element.substr(0, name_end));
  std::size_t inherited = 0;
  for (const auto& [prefix, uri] : scope.prefixes) {
    if (prefix.empty() || element.find(prefix + ":") == std::string_view::npos || declares(element, prefix)) continue;
    inherited += prefix.size() + uri.size();
    if (inherited > longest_inherited) return std::nullopt;
    out.append(" xmlns:").append(prefix).append("='");
    xml::append_escaped_attribute(out, uri);
    out.push_back('\'');
  }
  std::size_t at = name_end;
  // In well-formed bytes without comments, "<![CDATA[" can be nothing but the start of a section.
  for (std::size_t start = element.find(cdata_start, at); start != std::string_view::npos; start = element.find(cdata_start, at)) {
    const std::size_t end = element.find(cdata_end, start);
    ensure(end != std::string_view::npos, "a CDATA section ends");
    out.append(element.substr(at, start - at));
    append_as_text(out, element.substr(start + cdata_start.size(), end - start - cdata_start.size()));
    at = end + cdata_end.size();
  }
  out.append(element.substr(at));
  normalise_line_ends(out);
  return out;
}

}  // namespace aldis
