// Writer: canonical XML for a stream (RFC 6120 section 11): attribute values in apostrophes, default namespaces, empty
// elements closed at once; prefixes only for attributes that have a namespace.
#include "xml/writer.h"

#include <limits>

#include "base/ensure.h"
#include "xml/characters.h"
#include "xml/nodes.h"
#include "xml/reference.h"

namespace aldis::xml {

namespace {

constexpr std::size_t outer = std::numeric_limits<std::size_t>::max();

std::string_view escape_of(char c) {
  switch (c) {
    case '<': return "&lt;";
    case '>': return "&gt;";
    case '&': return "&amp;";
    case '\'': return "&apos;";
    case '"': return "&quot;";
    case '\r': return "&#13;";
    case '\t': return "&#9;";
    case '\n': return "&#10;";
    default: return {};
  }
}

template <bool is_attribute>
void append_escaped(std::string& out, std::string_view text) {
  const char* p = text.data();
  const char* const end = p + text.size();
  while (p < end) {
    const char* const run = p;
    for (;;) {
      p = is_attribute ? skip_ordinary<'<', '>', '&', '\'', '"'>(p, end) : skip_ordinary<'<', '>', '&'>(p, end);
      if (p < end && !is_ascii(*p)) {
        const DecodedChar decoded = decode_multibyte(p, end);
        ensure(decoded.length != 0, "only UTF-8 and XML's characters are written");
        p += decoded.length;
      } else if (!is_attribute && p < end && (*p == '\n' || *p == '\t')) {
        ++p;
      } else {
        break;
      }
    }
    out.append(run, p);
    if (p < end) {
      const std::string_view escape = escape_of(*p);
      ensure(!escape.empty(), "only characters that XML allows are written");
      out.append(escape);
      ++p;
    }
  }
}

}  // namespace

void append_escaped_text(std::string& out, std::string_view text) { append_escaped<false>(out, text); }
void append_escaped_attribute(std::string& out, std::string_view value) { append_escaped<true>(out, value); }

Writer::Writer(std::string& out, std::string_view default_ns) : out_(out), default_ns_(default_ns) {}

std::size_t Writer::depth() const { return open_.size(); }

bool Writer::is_default_ns(std::string_view ns) const {
  if (open_.empty() || open_.back().default_ns.length == outer) {
    return ns == default_ns_;
  }
  const Part& part = open_.back().default_ns;
  const std::string_view written(out_.data() + part.begin, part.length);
  if (ns.find_first_of("<>&'\"\r\n\t") == std::string_view::npos) {
    return ns == written;
  }
  std::string escaped;
  append_escaped_attribute(escaped, ns);
  return escaped == written;
}

void Writer::begin_tag(std::string_view local, Part default_ns) {
  end_start_tag();
  out_.push_back('<');
  open_.push({{out_.size(), local.size()}, default_ns});
  out_.append(local);
  in_start_tag_ = true;
}

Writer& Writer::start_as_parent(std::string_view local) {
  begin_tag(local, open_.empty() ? Part{0, outer} : open_.back().default_ns);
  return *this;
}

Writer& Writer::start_in(std::string_view local, std::string_view ns) {
  if (is_default_ns(ns)) {
    return start_as_parent(local);
  }
  begin_tag(local, {});
  out_.append(" xmlns='");
  Part& written = open_.back().default_ns;
  written.begin = out_.size();
  append_escaped_attribute(out_, ns);
  written.length = out_.size() - written.begin;
  out_.push_back('\'');
  return *this;
}

Writer& Writer::start(std::string_view local, std::string_view ns) {
  return ns.empty() ? start_as_parent(local) : start_in(local, ns);
}

Writer& Writer::attribute(std::string_view name, std::string_view value) {
  ensure(in_start_tag_, "an attribute is written right after start()");
  out_.push_back(' ');
  out_.append(name);
  out_.append("='");
  append_escaped_attribute(out_, value);
  out_.push_back('\'');
  return *this;
}

Writer& Writer::text(std::string_view text) {
  if (!text.empty()) {
    ensure(!open_.empty(), "text is written inside an element");
    end_start_tag();
    append_escaped_text(out_, text);
  }
  return *this;
}

Writer& Writer::raw(std::string_view xml) {
  if (!xml.empty()) {
    end_start_tag();
    out_.append(xml);
  }
  return *this;
}

void Writer::end_start_tag() {
  if (in_start_tag_) {
    out_.push_back('>');
    in_start_tag_ = false;
  }
}

Writer& Writer::end() {
  ensure(!open_.empty(), "end() without start()");
  if (in_start_tag_) {
    out_.append("/>");
    in_start_tag_ = false;
  } else {
    const Part name = open_.back().name;
    out_.append("</");
    out_.append(out_, name.begin, name.length);
    out_.push_back('>');
  }
  open_.pop();
  return *this;
}

Writer& Writer::element(std::string_view local, std::string_view text, std::string_view ns) {
  return start(local, ns).text(text).end();
}

void Writer::write_attributes(const Element& element) {
  std::size_t prefixes = 0;
  for (std::size_t i = 0; i < element.attribute_count(); ++i) {
    const Attribute attribute = element.attribute_at(i);
    std::string name(attribute.name.local);
    if (attribute.name.ns == xml_uri) {
      name.insert(0, "xml:");
    } else if (!attribute.name.ns.empty()) {
      const std::string prefix = "ns" + std::to_string(++prefixes);
      this->attribute("xmlns:" + prefix, attribute.name.ns);
      name.insert(0, prefix + ":");
    }
    this->attribute(name, attribute.value);
  }
}

Writer& Writer::element(const Element& element) {
  // An element of the xml namespace (nobody's vocabulary) is the one that no default namespace can name.
  const Document& document = *element.document_;
  const std::uint32_t last = document.node(element.node_).subtree_end;
  InlineStack<std::uint32_t, 16> path;
  std::string decoded;
  const auto write_gap = [&](std::uint32_t from, std::uint32_t to) {
    decoded.clear();
    append_decoded_text(decoded, document.bytes().substr(from, to - from));
    text(decoded);
  };
  std::uint32_t at = 0;  // where in the document's bytes the writing stands
  for (std::uint32_t index = element.node_; index < last; ++index) {
    const Document::Node& node = document.node(index);
    while (!path.empty() && document.node(path.back()).subtree_end <= index) {
      const Document::Node& finished = document.node(path.back());
      write_gap(at, finished.inner_end);
      end();
      at = finished.end;
      path.pop();
    }
    if (!path.empty()) {
      write_gap(at, node.begin);
    }
    const Element here(&document, index);
    const XmlName name = here.name();
    if (name.ns == xml_uri) {
      start_as_parent("xml:" + std::string(name.local));
    } else {
      start_in(name.local, name.ns);
    }
    write_attributes(here);
    path.push(index);
    at = node.inner_begin;
  }
  while (!path.empty()) {
    const Document::Node& finished = document.node(path.back());
    write_gap(at, finished.inner_end);
    end();
    at = finished.end;
    path.pop();
  }
  return *this;
}

}  // namespace aldis::xml
