// Bookmark: a room a user wants to find again, as XEP-0402 (1.2.0) keeps one in each item, and as a list has them (XEP-0048 1.2).
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "xml/element.h"
#include "xmpp/jid.h"
#include "xmpp/stanza_error.h"

namespace aldis::ext {

struct Bookmark {
  BareJid room;
  std::string name{};
  bool is_autojoin = false;
  std::optional<std::string> nick{};
  std::optional<std::string> password{};
  std::string extensions{};             // the element of XEP-0402, which stands alone, or empty

  friend bool operator==(const Bookmark&, const Bookmark&) = default;
  // <conference xmlns='urn:xmpp:bookmarks:1'/>
  [[nodiscard]] std::string payload() const;
};

// Of an item; nothing: it is none.
[[nodiscard]] std::optional<Bookmark> bookmark_of(std::string_view id, const std::string& payload);

// <storage xmlns='storage:bookmarks'/>: the rooms, and what else is in it.
struct BookmarkList {
  std::vector<Bookmark> rooms{};        // without extensions; each room once
  std::vector<std::string> others{};    // elements that stand alone, such as <url/>
  // bad-request: a room without an address.
  [[nodiscard]] static Result<BookmarkList, StanzaError> parse(const std::string& storage);
  [[nodiscard]] std::string storage() const;
};

}  // namespace aldis::ext
