// A person's card from vcard-temp (XEP-0054) to vCard4 (XEP-0292) and back.
#include "extensions/pep/card4.h"

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "xml/writer.h"
#include "xmpp/namespaces.h"

namespace aldis::ext {
namespace {

constexpr std::string_view card4_ns = ns::vcard4;

struct Names {
  std::string_view temp;
  std::string_view four;
};
constexpr std::array texts{Names{"FN", "fn"},     Names{"NICKNAME", "nickname"}, Names{"TITLE", "title"},
                           Names{"ROLE", "role"}, Names{"DESC", "note"},          Names{"TZ", "tz"}};
constexpr std::array name_parts{Names{"FAMILY", "surname"}, Names{"GIVEN", "given"}, Names{"MIDDLE", "additional"}, Names{"PREFIX", "prefix"},
                                Names{"SUFFIX", "suffix"}};
constexpr std::array address_parts{Names{"POBOX", "pobox"},       Names{"EXTADD", "ext"},    Names{"STREET", "street"}, Names{"LOCALITY", "locality"},
                                   Names{"REGION", "region"},     Names{"PCODE", "code"},    Names{"CTRY", "country"}};
constexpr std::array types{Names{"HOME", "home"}, Names{"WORK", "work"}, Names{"VOICE", "voice"}, Names{"FAX", "fax"},
                           Names{"CELL", "cell"}, Names{"VIDEO", "video"}, Names{"PAGER", "pager"}};
constexpr std::array<std::string_view, 9> others_of_temp{"N", "ADR", "TEL", "EMAIL", "JABBERID", "ORG", "URL", "BDAY", "GEO"};
constexpr std::array<std::string_view, 9> others_of_four{"n", "adr", "tel", "email", "impp", "org", "url", "bday", "geo"};

bool is_converted(const xml::Element& element, bool is_four) {
  const auto named = [&](const Names& names) { return element.local() == (is_four ? names.four : names.temp); };
  return element.ns() == (is_four ? card4_ns : ns::vcard) &&
         (std::ranges::any_of(texts, named) || std::ranges::count(is_four ? others_of_four : others_of_temp, element.local()) != 0);
}

std::string value(const xml::Element& parent, std::string_view local) {
  const auto child = parent.child({local, parent.ns()});
  return child ? child->text() : std::string();
}

std::unique_ptr<const xml::Document> read(const std::string& card, bool is_four) {
  auto document = xml::parse(card.empty() ? std::string(is_four ? "<vcard xmlns='urn:ietf:params:xml:ns:vcard-4.0'/>" : "<vCard xmlns='vcard-temp'/>") : card);
  ensure(document.has_value(), "what is stored has been parsed");
  return std::move(*document);
}

void keep_others(xml::Writer& writer, const xml::Element& before, bool is_four) {
  for (const xml::Element child : before.children()) {
    if (!is_converted(child, is_four)) {
      writer.element(child);
    }
  }
}

// ---- from vcard-temp

void write_types(xml::Writer& writer, const xml::Element& element) {
  std::vector<std::string_view> found;
  for (const Names& type : types) {
    if (element.child({type.temp, ns::vcard})) {
      found.push_back(type.four);
    }
  }
  if (found.empty()) {
    return;
  }
  writer.start("parameters").start("type");
  for (const std::string_view type : found) {
    writer.element("text", type);
  }
  writer.end().end();
}

void write_parts(xml::Writer& writer, const xml::Element& element, std::span<const Names> parts, bool to_four) {
  for (const Names& part : parts) {
    if (const std::string text = value(element, to_four ? part.temp : part.four); !text.empty()) {
      writer.element(to_four ? part.four : part.temp, text);
    }
  }
}

void write_value(xml::Writer& writer, std::string_view name, std::string_view kind, std::string_view text) {
  if (!text.empty()) {
    writer.start(name).element(kind, text).end();
  }
}

bool is_date(std::string_view text) {
  return text.size() == 10 && text[4] == '-' && text[7] == '-' &&
         std::ranges::all_of(text, [](char c) { return c == '-' || (c >= '0' && c <= '9'); });
}

void write_as_four(xml::Writer& writer, const xml::Element& element) {
  const std::string_view name = element.local();
  const auto text = std::ranges::find(texts, name, &Names::temp);
  if (text != texts.end()) {
    write_value(writer, text->four, "text", element.text());
  } else if (name == "N") {
    writer.start("n");
    write_parts(writer, element, name_parts, true);
    writer.end();
  } else if (name == "ADR") {
    writer.start("adr");
    write_types(writer, element);
    write_parts(writer, element, address_parts, true);
    writer.end();
  } else if (name == "TEL" || name == "EMAIL") {
    if (const std::string number = value(element, name == "TEL" ? "NUMBER" : "USERID"); !number.empty()) {
      writer.start(name == "TEL" ? "tel" : "email");
      write_types(writer, element);
      writer.element("text", number).end();
    }
  } else if (name == "ORG") {
    writer.start("org");
    for (const xml::Element part : element.children()) {
      writer.element("text", part.text());
    }
    writer.end();
  } else if (name == "JABBERID") {
    write_value(writer, "impp", "uri", element.text().empty() ? std::string() : "xmpp:" + element.text());
  } else if (name == "URL") {
    write_value(writer, "url", "uri", element.text());
  } else if (name == "BDAY") {
    write_value(writer, "bday", is_date(element.text()) ? "date" : "text", element.text());
  } else if (name == "GEO" && !value(element, "LAT").empty() && !value(element, "LON").empty()) {
    write_value(writer, "geo", "uri", "geo:" + value(element, "LAT") + "," + value(element, "LON"));
  }
}

// ---- from vCard4

void write_types_of_four(xml::Writer& writer, const xml::Element& element) {
  const auto parameters = element.child({"parameters", card4_ns});
  const auto all = parameters ? parameters->child({"type", card4_ns}) : std::nullopt;
  if (!all) {
    return;
  }
  for (const xml::Element each : all->children()) {
    const auto known = std::ranges::find(types, each.text(), &Names::four);
    if (known != types.end()) {
      writer.start(known->temp).end();
    }
  }
}

// Its first value of whatever kind, without the scheme.
std::string content(const xml::Element& element, std::string_view scheme = {}) {
  for (const xml::Element child : element.children()) {
    if (child.local() != "parameters") {
      std::string text = child.text();
      return text.starts_with(scheme) ? text.substr(scheme.size()) : text;
    }
  }
  return {};
}

void write_as_temp(xml::Writer& writer, const xml::Element& element) {
  const std::string_view name = element.local();
  const auto text = std::ranges::find(texts, name, &Names::four);
  const auto write = [&](std::string_view to, const std::string& what) {
    if (!what.empty()) {
      writer.element(to, what);
    }
  };
  if (text != texts.end()) {
    write(text->temp, content(element));
  } else if (name == "n") {
    writer.start("N");
    write_parts(writer, element, name_parts, false);
    writer.end();
  } else if (name == "adr") {
    writer.start("ADR");
    write_types_of_four(writer, element);
    write_parts(writer, element, address_parts, false);
    writer.end();
  } else if (name == "tel" || name == "email") {
    if (const std::string number = content(element, "tel:"); !number.empty()) {
      writer.start(name == "tel" ? "TEL" : "EMAIL");
      write_types_of_four(writer, element);
      writer.element(name == "tel" ? "NUMBER" : "USERID", number).end();
    }
  } else if (name == "org") {
    writer.start("ORG");
    bool is_first = true;
    for (const xml::Element part : element.children()) {
      if (part.local() == "text") {
        writer.element(is_first ? "ORGNAME" : "ORGUNIT", part.text());
        is_first = false;
      }
    }
    writer.end();
  } else if (name == "impp") {
    if (element.child({"uri", card4_ns}) && content(element).starts_with("xmpp:")) {
      write("JABBERID", content(element, "xmpp:"));
    }
  } else if (name == "url") {
    write("URL", content(element));
  } else if (name == "bday") {
    write("BDAY", content(element));
  } else if (name == "geo") {
    const std::string place = content(element, "geo:");
    if (const std::size_t comma = place.find(','); comma != std::string::npos) {
      writer.start("GEO").element("LAT", place.substr(0, comma)).element("LON", place.substr(comma + 1, place.find_first_of(",;", comma + 1) - comma - 1)).end();
    }
  }
}

}  // namespace

std::string card4_of(const std::string& card, const std::string& before) {
  const auto from = read(card, false);
  const auto old = read(before, true);
  std::string out;
  xml::Writer writer(out, "");
  writer.start("vcard", card4_ns);
  for (const xml::Element child : from->root().children()) {
    if (is_converted(child, false)) {
      write_as_four(writer, child);
    }
  }
  keep_others(writer, old->root(), true);
  writer.end();
  return out;
}

std::string not_converted(const std::string& card4) {
  const auto from = read(card4, true);
  std::string all;
  for (const xml::Element child : from->root().children()) {
    if (!is_converted(child, true)) {
      all.append(all.empty() ? "" : ", ").append(child.local());
    }
  }
  return all;
}

std::string card_of(const std::string& card4, const std::string& before) {
  const auto from = read(card4, true);
  const auto old = read(before, false);
  std::string out;
  xml::Writer writer(out, "");
  writer.start("vCard", ns::vcard);
  for (const xml::Element child : from->root().children()) {
    if (is_converted(child, true)) {
      write_as_temp(writer, child);
    }
  }
  keep_others(writer, old->root(), false);
  writer.end();
  return out;
}

}  // namespace aldis::ext
