// Photos in cards (XEP-0054, XEP-0153 1.1.1).
#include "base/encoding.h"
#include "extensions/vcard.h"
#include "sasl/scram_keys.h"
#include "xml/writer.h"
#include "xmpp/namespaces.h"

namespace aldis::ext {
namespace {

constexpr std::string_view empty_card = "<vCard xmlns='vcard-temp'/>";

}  // namespace

std::string image_type_of(std::string_view image) {
  if (image.starts_with("\xff\xd8\xff")) {
    return "image/jpeg";
  }
  if (image.starts_with("GIF8")) {
    return "image/gif";
  }
  return image.starts_with("RIFF") ? "image/webp" : "image/png";
}

std::optional<std::string> decode_lines(std::string text) {
  std::erase_if(text, [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; });
  return base64_decode(text);
}

std::string Photo::hash() const { return hex_encode(sasl::digest(sasl::ScramHash::sha_1, image).bytes()); }

std::optional<Photo> photo_in(const std::string& card) {
  const auto document = xml::parse(card);
  if (!document) {
    return std::nullopt;
  }
  for (const xml::Element child : (*document)->root().children()) {
    const auto value = child.is({"PHOTO", ns::vcard}) ? child.child({"BINVAL", ns::vcard}) : std::nullopt;
    std::optional<std::string> image = value ? decode_lines(value->text()) : std::nullopt;
    if (image && !image->empty()) {
      const auto type = child.child({"TYPE", ns::vcard});
      std::string named = type ? type->text() : std::string();
      return Photo{.type = named.empty() ? image_type_of(*image) : std::move(named), .image = std::move(*image)};
    }
  }
  return std::nullopt;
}

std::string with_photo(const std::string& card, const std::optional<Photo>& photo) {
  const auto document = xml::parse(card.empty() ? std::string(empty_card) : card);
  ensure(document.has_value(), "what is stored has been parsed");
  std::string out;
  xml::Writer writer(out, "");
  const xml::Element root = (*document)->root();
  writer.start(root.local(), root.ns());
  for (std::size_t i = 0; i < root.attribute_count(); ++i) {
    if (const xml::Attribute attribute = root.attribute_at(i); attribute.name.ns.empty()) {
      writer.attribute(attribute.name.local, attribute.value);
    }
  }
  for (const xml::Element child : root.children()) {
    if (!child.is({"PHOTO", ns::vcard})) {
      writer.element(child);
    }
  }
  if (photo) {
    writer.start("PHOTO", ns::vcard).element("TYPE", photo->type).element("BINVAL", base64_encode(photo->image)).end();
  }
  writer.end();
  return out;
}

}  // namespace aldis::ext
