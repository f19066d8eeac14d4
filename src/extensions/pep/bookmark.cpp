// One bookmark in its two forms: an item of XEP-0402, and an element of XEP-0048's list.
#include "extensions/pep/bookmark.h"

#include <algorithm>

#include "xml/writer.h"
#include "xmpp/form.h"
#include "xmpp/namespaces.h"

namespace aldis::ext {
namespace {

// What both forms have; the element's children are of its own namespace.
Bookmark read(const xml::Element& conference, BareJid room) {
  Bookmark bookmark{.room = std::move(room)};
  bookmark.name = conference.attribute("name").value_or("");
  bookmark.is_autojoin = parse_boolean(conference.attribute("autojoin").value_or("")).value_or(false);
  if (const auto nick = conference.child({"nick", conference.ns()})) {
    bookmark.nick = nick->text();
  }
  if (const auto password = conference.child({"password", conference.ns()})) {
    bookmark.password = password->text();
  }
  if (const auto extensions = conference.child({"extensions", ns::bookmarks}); extensions && conference.ns() == ns::bookmarks) {
    xml::Writer(bookmark.extensions, "").element(*extensions);
  }
  return bookmark;
}

void write_again(xml::Writer& writer, const std::string& element) {
  const auto document = xml::parse(element);
  ensure(document.has_value(), "what we wrote is well-formed");
  writer.element((*document)->root());
}

void write(xml::Writer& writer, const Bookmark& bookmark, std::string_view ns, bool is_in_list) {
  writer.start("conference", ns);
  if (is_in_list) {
    writer.attribute("jid", bookmark.room.str());
  }
  if (!bookmark.name.empty()) {
    writer.attribute("name", bookmark.name);
  }
  if (bookmark.is_autojoin) {
    writer.attribute("autojoin", "true");
  }
  if (bookmark.nick) {
    writer.element("nick", *bookmark.nick);
  }
  if (bookmark.password) {
    writer.element("password", *bookmark.password);
  }
  if (!is_in_list && !bookmark.extensions.empty()) {
    write_again(writer, bookmark.extensions);
  }
  writer.end();
}

}  // namespace

std::string Bookmark::payload() const {
  std::string xml;
  xml::Writer writer(xml);
  write(writer, *this, ns::bookmarks, false);
  return xml;
}

std::optional<Bookmark> bookmark_of(std::string_view id, const std::string& payload) {
  auto room = BareJid::parse(id);
  const auto document = xml::parse(payload);
  if (!room || !document || !(*document)->root().is({"conference", ns::bookmarks})) {
    return std::nullopt;
  }
  return read((*document)->root(), std::move(*room));
}

Result<BookmarkList, StanzaError> BookmarkList::parse(const std::string& storage) {
  const auto document = xml::parse(storage);
  ensure(document.has_value(), "what is stored has been parsed");
  BookmarkList list;
  for (const xml::Element child : (*document)->root().children()) {
    if (!child.is({"conference", ns::private_bookmarks})) {
      xml::Writer(list.others.emplace_back(), "").element(child);
      continue;
    }
    auto room = BareJid::parse(child.attribute("jid").value_or(""));
    if (!room) {
      return fail(StanzaError(StanzaCondition::bad_request, "A bookmark without a room's address."));
    }
    std::erase_if(list.rooms, [&](const Bookmark& other) { return other.room == *room; });
    list.rooms.push_back(read(child, std::move(*room)));
  }
  return list;
}

std::string BookmarkList::storage() const {
  std::string xml;
  xml::Writer writer(xml);
  writer.start("storage", ns::private_bookmarks);
  for (const Bookmark& room : rooms) {
    write(writer, room, ns::private_bookmarks, true);
  }
  for (const std::string& other : others) {
    write_again(writer, other);
  }
  writer.end();
  return xml;
}

}  // namespace aldis::ext
