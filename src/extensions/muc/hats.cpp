// The list of a room's hats and of who wears them.
#include "extensions/muc/hats.h"

#include <algorithm>
#include <charconv>

#include "base/encoding.h"
#include "sasl/scram_keys.h"
#include "xml/parser.h"
#include "xmpp/namespaces.h"
#include "xmpp/nickname.h"

namespace aldis::muc {
namespace {

// RFC 3986 section 3: a scheme, and characters a URI has.
bool is_uri(std::string_view text) {
  const std::size_t colon = text.find(':');
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (colon == std::string_view::npos || colon + 1 == text.size() || text.size() > Hats::longest_uri || !is_letter(text[0])) {
    return false;
  }
  return std::ranges::all_of(text.substr(0, colon), [&](char c) { return is_letter(c) || is_digit(c) || c == '+' || c == '-' || c == '.'; }) &&
         std::ranges::all_of(text, [](char c) {
           return static_cast<unsigned char>(c) > 0x20 && static_cast<unsigned char>(c) < 0x7f && std::string_view("<>\"{}|\\^`").find(c) == std::string_view::npos;
         });
}

// XEP-0392 section 5.1: an angle.
bool is_hue(std::string_view text) {
  double degrees = -1;
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, degrees, std::chars_format::fixed);
  return text.size() <= 20 && error == std::errc{} && stopped == end && degrees >= 0 && degrees <= 360;
}

Unexpected<StanzaError> unacceptable(std::string text) { return fail(StanzaError(StanzaCondition::not_acceptable, std::move(text))); }

}  // namespace

const Hat* Hats::find(std::string_view uri) const {
  const auto found = std::ranges::find(hats_, uri, &Hat::uri);
  return found == hats_.end() ? nullptr : &*found;
}

bool Hats::wears(const BareJid& wearer, std::string_view uri) const {
  const auto found = worn_.find(wearer);
  return found != worn_.end() && std::ranges::find(found->second, uri) != found->second.end();
}

Result<void, StanzaError> Hats::put(Hat hat) {
  if (!is_uri(hat.uri)) {
    return unacceptable("The address of a hat is a URI of at most 500 bytes.");
  }
  if (hat.title.size() > longest_title || problem_of_nickname(hat.title, longest_title)) {  // it stands beside nicknames
    return unacceptable("The title of a hat can be seen and has at most 200 bytes.");
  }
  if (!hat.hue.empty() && !is_hue(hat.hue)) {
    return unacceptable("The hue of a hat is an angle from 0 to 360.");
  }
  const auto at = std::ranges::lower_bound(hats_, hat.uri, {}, &Hat::uri);
  if (at != hats_.end() && at->uri == hat.uri) {
    *at = std::move(hat);
    return {};
  }
  if (hats_.size() >= most_hats) {
    return fail(StanzaError(StanzaCondition::resource_constraint, "The room has as many hats as one may have."));
  }
  hats_.insert(at, std::move(hat));
  return {};
}

bool Hats::destroy(std::string_view uri) {
  if (std::erase_if(hats_, [&](const Hat& hat) { return hat.uri == uri; }) == 0) {
    return false;
  }
  for (auto wearer = worn_.begin(); wearer != worn_.end();) {
    std::erase_if(wearer->second, [&](const std::string& each) { return each == uri; });
    wearer = wearer->second.empty() ? worn_.erase(wearer) : std::next(wearer);
  }
  return true;
}

Result<void, StanzaError> Hats::assign(const BareJid& wearer, std::string_view uri) {
  if (find(uri) == nullptr) {
    return fail(StanzaError(StanzaCondition::item_not_found, "The room has no such hat."));
  }
  if (wears(wearer, uri)) {
    return {};
  }
  std::size_t count = 0;
  for (const auto& [jid, uris] : worn_) {
    count += uris.size();
  }
  const auto found = worn_.find(wearer);
  if (count >= most_worn || (found != worn_.end() && found->second.size() >= most_of_a_wearer)) {
    return fail(StanzaError(StanzaCondition::resource_constraint, "As many hats are worn as may be."));
  }
  worn_[wearer].emplace_back(uri);
  return {};
}

bool Hats::unassign(const BareJid& wearer, std::string_view uri) {
  const auto found = worn_.find(wearer);
  if (found == worn_.end() || std::erase_if(found->second, [&](const std::string& each) { return each == uri; }) == 0) {
    return false;
  }
  if (found->second.empty()) {
    worn_.erase(found);
  }
  return true;
}

void Hats::write(xml::Writer& writer, const BareJid& wearer) const {
  const auto found = worn_.find(wearer);
  if (found == worn_.end()) {
    return;
  }
  writer.start("hats", ns::hats);
  for (const std::string& uri : found->second) {
    if (const Hat* hat = find(uri)) {
      writer.start("hat").attribute("title", hat->title).attribute("uri", hat->uri);
      if (!hat->hue.empty()) {
        writer.attribute("hue", hat->hue);
      }
      writer.end();
    }
  }
  writer.end();
}

std::string Hats::hash() const {
  std::string all;
  for (const Hat& hat : hats_) {
    all.append(hat.uri).append("\n").append(hat.title).append("\n").append(hat.hue).append("\n");
  }
  return hex_encode(sasl::digest(sasl::ScramHash::sha_256, all).bytes().first(20));
}

std::size_t Hats::memory() const {
  std::size_t bytes = 0;
  for (const Hat& hat : hats_) {
    bytes += sizeof(Hat) + hat.uri.size() + hat.title.size();
  }
  for (const auto& [jid, uris] : worn_) {
    bytes += 160 + uris.size() * 96;
  }
  return bytes;
}

std::string Hats::to_text() const {
  if (hats_.empty()) {
    return {};
  }
  std::string out;
  xml::Writer writer(out);
  writer.start("hats", ns::hats);
  for (const Hat& hat : hats_) {
    writer.start("hat").attribute("title", hat.title).attribute("uri", hat.uri).attribute("hue", hat.hue).end();
  }
  for (const auto& [jid, uris] : worn_) {
    writer.start("wearer").attribute("jid", jid.str());
    for (const std::string& uri : uris) {
      writer.start("hat").attribute("uri", uri).end();
    }
    writer.end();
  }
  writer.end();
  return out;
}

std::optional<Hats> Hats::from_text(std::string_view text) {
  Hats hats;
  if (text.empty()) {
    return hats;
  }
  const auto document = xml::parse(std::string(text), {std::string(ns::client), {}});
  if (!document || !(*document)->root().is({"hats", ns::hats})) {
    return std::nullopt;
  }
  bool is_whole = true;
  for (const xml::Element each : (*document)->root().children()) {
    if (each.is({"hat", ns::hats})) {
      is_whole = hats.put({std::string(each.attribute("uri").value_or("")), std::string(each.attribute("title").value_or("")),
                           std::string(each.attribute("hue").value_or(""))}).has_value() && is_whole;
      continue;
    }
    const auto jid = BareJid::parse(each.attribute("jid").value_or(""));
    is_whole = is_whole && jid;
    for (const xml::Element worn : each.children()) {
      is_whole = is_whole && jid && hats.assign(*jid, worn.attribute("uri").value_or("")).has_value();
    }
  }
  return is_whole ? std::optional(std::move(hats)) : std::nullopt;
}

}  // namespace aldis::muc
