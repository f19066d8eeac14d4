// XEP-0402 (1.2.0) PEP Native Bookmarks and XEP-0048 (1.2): bookmarks in private XML storage (XEP-0049) are those of the account's node, one item
// for each room, read and written in either way (section 5.3, urn:xmpp:bookmarks:1#compat). A list that was stored before there were nodes
// becomes items when it is first read. What else a list has (URLs) stays in private XML storage. Not in one transaction: a list that is
// cut off by a failure is told to its sender, and what was published stays.
#include <algorithm>

#include "core/extension.h"
#include "core/home.h"
#include "core/virtual_host.h"
#include "extensions/extensions.h"
#include "extensions/pep/bookmark.h"
#include "extensions/private_xml.h"
#include "extensions/pubsub/nodes.h"
#include "xmpp/namespaces.h"

namespace aldis::ext {
namespace {

constexpr std::size_t most_bookmarks = 1000;

// Section 3.3; XEP-0223 section 5: nobody but the owner, whatever the node was like before.
Form private_node() {
  Form options(FormType::submit, "http://jabber.org/protocol/pubsub#publish-options");
  options.fields.emplace_back("pubsub#persist_items", FieldType::boolean, std::vector<std::string>{"true"});
  options.fields.emplace_back("pubsub#max_items", FieldType::text_single, std::vector<std::string>{"max"});
  options.fields.emplace_back("pubsub#send_last_published_item", FieldType::list_single, std::vector<std::string>{"never"});
  options.fields.emplace_back("pubsub#access_model", FieldType::list_single, std::vector<std::string>{"whitelist"});
  return options;
}

pubsub::NodeAddress node_of(const Iq& request) { return {.service = request.owner(), .node = std::string(ns::bookmarks)}; }

Task<Result<std::vector<Bookmark>, StanzaError>> load_items(const Iq request) {
  Result<std::vector<PubSubItem>, StanzaError> items = co_await pubsub::newest(request.home(), node_of(request), most_bookmarks);
  if (!items && items.error().condition != StanzaCondition::item_not_found) {
    co_return fail(std::move(items.error()));
  }
  std::vector<Bookmark> found;
  for (const PubSubItem& item : items ? *items : std::vector<PubSubItem>()) {
    if (auto bookmark = bookmark_of(item.id, item.payload)) {
      found.push_back(std::move(*bookmark));
    }
  }
  co_return found;
}

// The items become these: what is new or other is published, what is missing retracted, the rest untouched (section 5.3.2).
Task<Result<void, StanzaError>> replace_items(const Iq request, std::vector<Bookmark> rooms, const std::vector<Bookmark> before) {
  if (rooms.size() > most_bookmarks) {
    co_return fail(StanzaError(StanzaCondition::not_acceptable, "Too many bookmarks."));
  }
  for (const Bookmark& old : before) {
    const auto at = std::ranges::find(rooms, old.room, &Bookmark::room);
    if (at != rooms.end()) {
      at->extensions = old.extensions;   // section 3.4: unknown ones are preserved
      if (*at == old) {
        rooms.erase(at);
      }
      continue;
    }
    const Result<void, StanzaError> gone = co_await pubsub::retract(request.home(), node_of(request), request.from(), old.room.str(), true);
    if (!gone && gone.error().condition != StanzaCondition::item_not_found) {
      co_return fail(gone.error());
    }
  }
  for (const Bookmark& room : rooms) {
    const Result<std::string, StanzaError> published =
        co_await pubsub::publish(request.home(), node_of(request), request.from(), room.room.str(), room.payload(), private_node());
    if (!published) {
      co_return fail(published.error());
    }
  }
  co_return Result<void, StanzaError>();
}

Task<Result<std::string, StanzaError>> load(Iq request, std::string stored) {
  Result<std::vector<Bookmark>, StanzaError> rooms = co_await load_items(request);
  if (!rooms) {
    co_return fail(std::move(rooms.error()));
  }
  BookmarkList list;
  if (!stored.empty()) {
    Result<BookmarkList, StanzaError> kept = BookmarkList::parse(stored);
    if (!kept) {
      co_return stored;   // of before, and no list of rooms we could read
    }
    list = std::move(*kept);
  }
  if (!list.rooms.empty()) {   // stored before there were nodes
    std::vector<Bookmark> missing;
    for (const Bookmark& room : list.rooms) {
      if (std::ranges::find(*rooms, room.room, &Bookmark::room) == rooms->end()) {
        missing.push_back(room);
      }
    }
    const Result<void, StanzaError> moved = co_await replace_items(request, missing, {});
    if (!moved) {
      co_return fail(moved.error());
    }
    rooms->insert(rooms->end(), missing.begin(), missing.end());
    const BookmarkList rest{.rooms = {}, .others = list.others};
    std::vector<PrivateXmlStore::Item> kept;
    kept.push_back({std::string(ns::private_bookmarks), "storage", rest.storage()});
    const Result<void> noted = co_await request.home().world().stores.private_xml.store(request.owner(), std::move(kept), ~std::size_t{0});
    if (!noted) {
      co_return fail(answer_to(noted.error()));
    }
  }
  list.rooms = std::move(*rooms);
  co_return list.storage();
}

Task<Result<std::string, StanzaError>> store(Iq request, std::string element) {
  Result<BookmarkList, StanzaError> list = BookmarkList::parse(element);
  if (!list) {
    co_return fail(std::move(list.error()));
  }
  Result<std::vector<Bookmark>, StanzaError> before = co_await load_items(request);
  if (!before) {
    co_return fail(std::move(before.error()));
  }
  const Result<void, StanzaError> replaced = co_await replace_items(request, std::move(list->rooms), std::move(*before));
  if (!replaced) {
    co_return fail(replaced.error());
  }
  list->rooms.clear();
  co_return list->storage();
}

}  // namespace

void install_bookmarks(Extension& self) {
  if (!self.host().has_extension("account_pubsub")) {
    return;
  }
  self.advertise_account("urn:xmpp:bookmarks:1#compat");
  self.host().shared<ConvertedElements>().all.insert_or_assign({std::string(ns::private_bookmarks), "storage"}, ConvertedElement{load, store});
}

}  // namespace aldis::ext
