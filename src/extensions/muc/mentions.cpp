// A nickname in a text stands between what is not part of a word, whatever it is made of itself.
#include "extensions/muc/mentions.h"

#include <algorithm>

#include "xmpp/namespaces.h"
#include "xmpp/nickname.h"

namespace aldis::muc {
namespace {

bool is_of_a_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || (static_cast<unsigned char>(c) & 0x80U) != 0;
}

// Whether text may be cut before `at`.
bool is_boundary(std::string_view text, std::size_t at) {
  return at == 0 || at == text.size() || !is_of_a_word(text[at - 1]) || !is_of_a_word(text[at]);
}

// RFC 5122 section 2: the address of an XMPP URI, without query and fragment.
std::optional<Jid> address_in(std::string_view uri) {
  constexpr std::string_view scheme = "xmpp:";
  if (!uri.starts_with(scheme)) {
    return std::nullopt;
  }
  uri.remove_prefix(scheme.size());
  uri = uri.substr(0, uri.find_first_of("?#"));
  const auto digit = [](char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1; };
  std::string text;
  for (std::size_t i = 0; i < uri.size(); ++i) {
    if (uri[i] != '%') {
      text += uri[i];
    } else if (i + 2 < uri.size() && digit(uri[i + 1]) >= 0 && digit(uri[i + 2]) >= 0) {
      text += static_cast<char>(digit(uri[i + 1]) * 16 + digit(uri[i + 2]));
      i += 2;
    } else {
      return std::nullopt;
    }
  }
  auto jid = Jid::parse(text);
  return jid ? std::optional(std::move(*jid)) : std::nullopt;
}

}  // namespace

void Mentions::add(std::string_view nickname, BareJid user) {
  std::string key = fold_case(nickname);
  sizes_.insert(key.size());
  users_.insert_or_assign(std::move(key), std::move(user));
}

void Mentions::clear() {
  users_.clear();
  sizes_.clear();
}

std::vector<BareJid> Mentions::in(const Stanza& message, const BareJid& room) const {
  std::vector<BareJid> named;
  const auto name = [&](const BareJid& user) {
    if (named.size() < most && std::ranges::find(named, user) == named.end()) {
      named.push_back(user);
    }
  };
  for (const xml::Element child : message.element().children()) {
    const bool is_mention = child.is({"reference", ns::references}) && child.attribute("type") == "mention";
    const auto jid = is_mention ? address_in(child.attribute("uri").value_or("")) : std::nullopt;
    if (!jid) {
      continue;
    }
    if (jid->bare_str() != room.str()) {
      name(jid->bare());
    } else if (const auto found = jid->is_full() ? users_.find(fold_case(jid->resource())) : users_.end(); found != users_.end()) {
      name(found->second);
    }
  }
  const auto body = message.child({"body", ns::client});
  if (!body || users_.empty()) {
    return named;
  }
  const std::string text = fold_case(body->text().substr(0, longest_body));
  for (std::size_t at = 0; at < text.size() && named.size() < most; ++at) {
    if (text[at] == ' ' || !is_boundary(text, at)) {
      continue;
    }
    for (const std::size_t size : sizes_) {
      if (at + size > text.size()) {
        break;
      }
      if (is_boundary(text, at + size)) {
        if (const auto found = users_.find(std::string_view(text).substr(at, size)); found != users_.end()) {
          name(found->second);
        }
      }
    }
  }
  return named;
}

}  // namespace aldis::muc
