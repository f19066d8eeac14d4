// Elements and fields.
#include "extensions/profile_card.h"

#include <algorithm>
#include <array>
#include <span>

#include "base/encoding.h"
#include "extensions/vcard.h"
#include "xml/writer.h"
#include "xmpp/namespaces.h"

namespace aldis::ext {
namespace {

using F = ProfileField;

struct Name {
  std::string_view element;
  F field;
};
constexpr std::array texts{Name{"FN", F::full_name}, Name{"NICKNAME", F::nickname}, Name{"BDAY", F::birthday}, Name{"TITLE", F::title},
                           Name{"ROLE", F::role},    Name{"URL", F::url},           Name{"DESC", F::note}};
constexpr std::array name_parts{Name{"FAMILY", F::family}, Name{"GIVEN", F::given}, Name{"MIDDLE", F::middle}, Name{"PREFIX", F::prefix},
                                Name{"SUFFIX", F::suffix}};
constexpr std::array address_parts{Name{"POBOX", F::post_box}, Name{"STREET", F::street},     Name{"LOCALITY", F::locality},
                                   Name{"REGION", F::region},  Name{"PCODE", F::postal_code}, Name{"CTRY", F::country}};
constexpr std::array organization_parts{Name{"ORGNAME", F::organization}, Name{"ORGUNIT", F::unit}};
struct Telephone {
  F field;
  std::array<std::string_view, 2> types;
};
constexpr std::array telephones{Telephone{F::telephone, {"WORK", "VOICE"}}, Telephone{F::mobile, {"CELL", "VOICE"}}, Telephone{F::fax, {"WORK", "FAX"}},
                                Telephone{F::pager, {"WORK", "PAGER"}}, Telephone{F::home_telephone, {"HOME", "VOICE"}}};

std::string trimmed(std::string text) {
  const auto is_space = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
  text.erase(text.begin(), std::ranges::find_if_not(text, is_space));
  while (!text.empty() && is_space(text.back())) text.pop_back();
  return text;
}

std::string text_of(const xml::Element& parent, std::string_view local) {
  const auto child = parent.child({local, ns::vcard});
  return child ? trimmed(child->text()) : std::string();
}

bool is_empty(const xml::Element& element) {
  if (element.has_text()) {
    return false;
  }
  for (const xml::Element child : element.children()) {
    // Of a telephone or an address the kind alone says nothing.
    if (!is_empty(child)) {
      return false;
    }
  }
  return true;
}

class Reader {
 public:
  void read(const xml::Element& element) {
    const std::string_view local = element.local();
    if (element.ns() != ns::vcard) {
      keep(element);
    } else if (local == "VERSION" || local == "PRODID" || local == "REV" || is_empty(element)) {
      return;
    } else if (const auto text = std::ranges::find(texts, local, &Name::element); text != texts.end()) {
      put_or_keep(text->field, trimmed(element.text()), element);
    } else if (local == "N") {
      read_parts(element, name_parts);
    } else if (local == "ORG") {
      read_parts(element, organization_parts);
    } else if (local == "ADR" && !element.child({"HOME", ns::vcard})) {
      read_parts(element, address_parts);
    } else if (local == "EMAIL") {
      put_or_keep(F::email, text_of(element, "USERID"), element);
    } else if (local == "TEL") {
      put_or_keep(telephone_of(element), text_of(element, "NUMBER"), element);
    } else if (local == "PHOTO") {
      read_photo(element);
    } else {
      keep(element);
    }
  }
  ProfileCard card{};

 private:
  void keep(const xml::Element& element) { xml::Writer(card.others, ns::vcard).element(element); }
  // False: there is one already, and a card has no more.
  bool put(F field, std::string text) {
    if (text.empty()) {
      return true;
    }
    auto& values = card.values[field];
    if (std::ranges::find(values, text) != values.end()) {
      return true;
    }
    if (!values.empty() && !is_repeated(field)) {
      return false;
    }
    values.push_back(std::move(text));
    return true;
  }
  void put_or_keep(F field, std::string text, const xml::Element& element) {
    if (!put(field, std::move(text))) {
      keep(element);
    }
  }
  // What has a field of its own, and the rest of the element by itself.
  void read_parts(const xml::Element& element, std::span<const Name> parts) {
    std::string rest;
    for (const xml::Element child : element.children()) {
      const auto part = std::ranges::find(parts, child.local(), &Name::element);
      const bool is_taken = part != parts.end() && child.ns() == ns::vcard && put(part->field, trimmed(child.text()));
      if (!is_taken && !is_empty(child)) {
        xml::Writer(rest, ns::vcard).element(child);
      }
    }
    if (!rest.empty()) {
      xml::Writer(card.others, ns::vcard).start(element.local(), ns::vcard).raw(rest).end();
    }
  }
  static F telephone_of(const xml::Element& element) {
    const auto has = [&](std::string_view type) { return element.child({type, ns::vcard}).has_value(); };
    return has("FAX") ? F::fax : has("PAGER") ? F::pager : has("CELL") ? F::mobile : has("HOME") ? F::home_telephone : F::telephone;
  }
  void read_photo(const xml::Element& element) {
    const auto value = element.child({"BINVAL", ns::vcard});
    std::optional<std::string> image = value ? decode_lines(value->text()) : std::nullopt;
    if (!image || image->empty() || !put(F::photo, std::move(*image))) {
      keep(element);
    }
  }
};

void write_parts(xml::Writer& writer, std::string_view name, std::span<const Name> parts, std::string_view type, const ProfileValues& values) {
  if (std::ranges::none_of(parts, [&](const Name& part) { return values.contains(part.field); })) {
    return;
  }
  writer.start(name);
  if (!type.empty()) {
    writer.start(type).end();
  }
  for (const Name& part : parts) {
    if (const auto found = values.find(part.field); found != values.end()) {
      for (const std::string& text : found->second) {
        writer.element(part.element, text);
      }
    }
  }
  writer.end();
}

}  // namespace

ProfileCard read_profile_card(const xml::Element& card) {
  Reader reader;
  for (const xml::Element child : card.children()) {
    reader.read(child);
  }
  return std::move(reader.card);
}

std::string write_profile_card(const ProfileCard& card) {
  std::string out;
  xml::Writer writer(out, "");
  writer.start("vCard", ns::vcard);
  const auto each = [&](F field, auto&& write) {
    if (const auto found = card.values.find(field); found != card.values.end()) {
      std::ranges::for_each(found->second, write);
    }
  };
  for (const Name& text : texts) {
    each(text.field, [&](const std::string& value) { writer.element(text.element, value); });
  }
  write_parts(writer, "N", name_parts, "", card.values);
  write_parts(writer, "ADR", address_parts, "WORK", card.values);
  write_parts(writer, "ORG", organization_parts, "", card.values);
  each(F::email, [&](const std::string& value) { writer.start("EMAIL").start("INTERNET").end().element("USERID", value).end(); });
  for (const Telephone& telephone : telephones) {
    each(telephone.field, [&](const std::string& value) {
      writer.start("TEL").start(telephone.types[0]).end().start(telephone.types[1]).end().element("NUMBER", value).end();
    });
  }
  each(F::photo, [&](const std::string& image) {
    writer.start("PHOTO").element("TYPE", image_type_of(image)).element("BINVAL", base64_encode(image)).end();
  });
  writer.raw(card.others).end();
  return out;
}

}  // namespace aldis::ext
