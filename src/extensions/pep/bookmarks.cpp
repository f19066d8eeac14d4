// XEP-0402 (1.2.0) PEP Native Bookmarks with XEP-0048 (1.2) in both its places: an account's bookmarks are the items of its node
// urn:xmpp:bookmarks:1, one for each room; its node storage:bookmarks has them as one list (section 5.3, #compat-pep), and so does private XML
// storage (XEP-0049, #compat), which is a door to that node. A room or the list: whichever is published changes the other in one transaction,
// and both are told. What else a list has (URLs) stays in the list. A list from before, in either place, becomes items when its owner
// first asks for it. Only while both nodes are for their owner alone: nothing is copied to a node that others may read. Taking the list
// away takes no bookmark away: it is made anew from the items.
#include <algorithm>

#include "core/extension.h"
#include "core/home.h"
#include "core/virtual_host.h"
#include "extensions/extensions.h"
#include "extensions/pep/bookmark.h"
#include "extensions/private_xml.h"
#include "extensions/pubsub/errors.h"
#include "extensions/pubsub/linked_nodes.h"
#include "extensions/pubsub/nodes.h"
#include "xmpp/namespaces.h"

namespace aldis::ext {
namespace {

using pubsub::AccessModel;
using pubsub::Asker;
using pubsub::NodePtr;
using pubsub::Service;

constexpr std::string_view list_id = "current";
constexpr std::uint64_t longest_list = 256 * 1024;   // bytes

struct Kept {   // of one account
  std::vector<Bookmark> rooms{};
  std::optional<PubSubItem> item{};   // that the list is in
  BookmarkList list{};
};

BookmarkList list_of(const std::vector<Bookmark>& rooms, const BookmarkList& before) { return {.rooms = rooms, .others = before.others}; }

// Of an item of the list's node. Nothing: it is no list.
std::optional<BookmarkList> list_in(const std::string& payload) {
  const auto document = xml::parse(payload);
  if (!document || !(*document)->root().is({"storage", ns::private_bookmarks})) {
    return std::nullopt;
  }
  Result<BookmarkList, StanzaError> list = BookmarkList::parse(payload);
  return list ? std::optional(std::move(*list)) : std::nullopt;
}

// A list has no extensions, and its own order.
bool are_same(const std::vector<Bookmark>& list, std::vector<Bookmark> rooms) {
  for (Bookmark& room : rooms) {
    room.extensions.clear();
  }
  return std::ranges::is_permutation(list, rooms);
}

// Whether the list was published before nodes were linked: what the link writes is the account's own.
bool is_from_before(const Kept& kept) { return kept.item && kept.item->publisher.is_full(); }

bool is_list_as(const Kept& kept, const std::vector<Bookmark>& rooms) {
  return kept.item ? !is_from_before(kept) && are_same(kept.list.rooms, rooms) : rooms.empty();
}

// The rooms that only a list from before has.
std::vector<Bookmark> missing_in(const Kept& kept) {
  std::vector<Bookmark> missing;
  for (const Bookmark& room : is_from_before(kept) ? kept.list.rooms : std::vector<Bookmark>{}) {
    if (std::ranges::find(kept.rooms, room.room, &Bookmark::room) == kept.rooms.end()) {
      missing.push_back(room);
    }
  }
  return missing;
}

bool is_private(const pubsub::Node& node) {
  return node.exists() && !node.is_collection() && node.config().access_model == AccessModel::whitelist && node.config().persist_items;
}

class BookmarkNodes final : public pubsub::LinkedNodes {
 public:
  [[nodiscard]] bool includes(std::string_view node) const override { return node == ns::bookmarks || node == ns::private_bookmarks; }
  [[nodiscard]] std::optional<std::string> ruled_by(const BareJid&, std::string_view) const override { return std::nullopt; }
  [[nodiscard]] std::optional<StanzaError> forbids(std::string_view, std::string_view, bool) const override { return std::nullopt; }
  [[nodiscard]] std::vector<std::string> held_with(const BareJid&, std::string_view) const override {
    return {std::string(ns::bookmarks), std::string(ns::private_bookmarks)};
  }

  Task<std::optional<StanzaError>> prepare(Service& service, Asker asker, Service::Publication& publication) override {
    const NodePtr node = co_await service.find(publication.node);
    if (!asker.is_owner && service.refusal(*node, pubsub::Act::publish, asker)) {   // which he is told
      co_return std::nullopt;
    }
    const bool is_list = publication.node == ns::private_bookmarks;
    if (is_list) {
      publication.allowed_bytes = longest_list;
    }
    const NodePtr other = co_await service.find(std::string(is_list ? ns::bookmarks : ns::private_bookmarks));
    const Serial::Hold hold = co_await other->changes().enter();
    std::optional<StanzaError> error;
    if (!other->exists()) {
      error = co_await service.make_default(other);
    }
    co_return is_list ? error : std::nullopt;   // without room for a list there are items all the same
  }

  Task<Result<std::vector<Service::ItemsEdit>, StanzaError>> follow(Service& service, Service::ItemsEdit& edit) override {
    if (edit.node == ns::private_bookmarks) {
      return edit.published.empty() ? nothing() : follow_list(service, edit);
    }
    return follow_rooms(service, edit);
  }

  // Made of the items; where somebody published a list before this link was, its rooms become items too.
  Task<std::optional<StanzaError>> refresh(Service& service, std::string name) override {
    if (name != ns::private_bookmarks) {
      co_return std::nullopt;
    }
    const NodePtr lists = co_await service.find(std::string(ns::private_bookmarks));
    const NodePtr items = co_await service.find(std::string(ns::bookmarks));
    if (!lists->exists() && !items->exists()) {
      co_return std::nullopt;
    }
    const Service::Held held = co_await service.hold(lists);
    for (const NodePtr& each : held.nodes) {
      std::optional<StanzaError> error;
      if (!each->exists()) {
        error = co_await service.make_default(each);
      }
      if (error) {
        co_return error;
      }
      if (!is_private(*each)) {
        co_return std::nullopt;
      }
    }
    Result<Kept, StanzaError> kept = co_await read(service);
    if (!kept) {
      co_return kept.error();
    }
    std::vector<Service::ItemsEdit> edits;
    Service::ItemsEdit moved{.node = std::string(ns::bookmarks)};
    std::vector<Bookmark> rooms = kept->rooms;
    for (Bookmark& room : missing_in(*kept)) {
      moved.published.push_back(item_of(service, room.room.str(), room.payload()));
      rooms.push_back(std::move(room));
    }
    if (!moved.published.empty()) {
      edits.push_back(std::move(moved));
    }
    if (!is_list_as(*kept, rooms)) {
      edits.push_back({.node = std::string(ns::private_bookmarks), .published = {item_of(service, list_id, list_of(rooms, kept->list).storage())}});
    }
    std::optional<StanzaError> error;
    if (!edits.empty()) {
      error = co_await service.carry_out(std::move(edits), {.who = service.jid()});
    }
    co_return error;
  }

  Task<void> have_left(Service&, NodePtr, std::vector<std::string>) override { co_return; }
  Task<std::optional<StanzaError>> is_emptied(Service&, NodePtr) override { co_return std::nullopt; }

 private:
  using Edits = Result<std::vector<Service::ItemsEdit>, StanzaError>;

  static Task<Edits> nothing() { co_return std::vector<Service::ItemsEdit>{}; }

  static PubSubItem item_of(const Service& service, std::string_view id, std::string payload) {
    return {.id = std::string(id), .payload = std::move(payload), .publisher = service.jid(), .published = service.wall()};
  }

  static Task<Result<Kept, StanzaError>> read(Service& service) {
    const NodePtr items = co_await service.find(std::string(ns::bookmarks));
    const NodePtr lists = co_await service.find(std::string(ns::private_bookmarks));
    const Result<std::vector<PubSubItem>, StanzaError> rooms = co_await service.items_of(items);
    if (!rooms) {
      co_return fail(rooms.error());
    }
    const Result<std::vector<PubSubItem>, StanzaError> all = co_await service.items_of(lists);
    if (!all) {
      co_return fail(all.error());
    }
    Kept kept;
    for (const PubSubItem& item : *rooms) {
      if (auto bookmark = bookmark_of(item.id, item.payload)) {
        kept.rooms.push_back(std::move(*bookmark));
      }
    }
    if (!all->empty()) {
      kept.item = all->back();
      kept.list = list_in(kept.item->payload).value_or(BookmarkList{});
    }
    co_return kept;
  }

  // An item changes: so does the list.
  static Task<Edits> follow_rooms(Service& service, Service::ItemsEdit& edit) {
    std::vector<Service::ItemsEdit> edits;
    const NodePtr items = co_await service.find(std::string(ns::bookmarks));
    const NodePtr lists = co_await service.find(std::string(ns::private_bookmarks));
    if (!is_private(*items) || !is_private(*lists)) {
      co_return edits;
    }
    Result<Kept, StanzaError> kept = co_await read(service);
    if (!kept) {
      co_return fail(std::move(kept.error()));
    }
    const auto is_changed = [&](const Bookmark& room) {
      return std::ranges::find(edit.retracted, room.room.str()) != edit.retracted.end() ||
             std::ranges::find(edit.published, room.room.str(), &PubSubItem::id) != edit.published.end();
    };
    std::vector<Bookmark> rooms = kept->rooms;
    std::erase_if(rooms, [&](const Bookmark& room) { return edit.is_purge || is_changed(room); });
    Service::ItemsEdit moved{.node = std::string(ns::bookmarks)};
    for (Bookmark& room : missing_in(*kept)) {
      if (!edit.is_purge && !is_changed(room)) {
        moved.published.push_back(item_of(service, room.room.str(), room.payload()));
        rooms.push_back(std::move(room));
      }
    }
    if (!moved.published.empty()) {
      edits.push_back(std::move(moved));
    }
    for (const PubSubItem& item : edit.published) {
      if (auto bookmark = bookmark_of(item.id, item.payload)) {
        rooms.push_back(std::move(*bookmark));
      }
    }
    const std::uint64_t most = items_kept(items->config(), service.options());
    if (most != 0 && rooms.size() > most) {
      rooms.erase(rooms.begin(), rooms.end() - static_cast<std::ptrdiff_t>(most));
    }
    if (!is_list_as(*kept, rooms)) {
      edits.push_back({.node = std::string(ns::private_bookmarks), .published = {item_of(service, list_id, list_of(rooms, kept->list).storage())}});
    }
    co_return edits;
  }

  // The list is replaced: what is new or other is published, what is missing retracted, the rest untouched (section 5.3.2).
  static Task<Edits> follow_list(Service& service, Service::ItemsEdit& edit) {
    std::vector<Service::ItemsEdit> edits;
    PubSubItem& item = edit.published.front();
    const auto document = xml::parse(item.payload);
    if (!document || !(*document)->root().is({"storage", ns::private_bookmarks})) {
      co_return edits;   // it is nobody's list
    }
    Result<BookmarkList, StanzaError> list = BookmarkList::parse(item.payload);
    if (!list) {
      co_return fail(std::move(list.error()));
    }
    const NodePtr items = co_await service.find(std::string(ns::bookmarks));
    const NodePtr lists = co_await service.find(std::string(ns::private_bookmarks));
    if (!is_private(*lists)) {
      co_return edits;
    }
    if (!is_private(*items)) {   // XEP-0223 section 5
      co_return fail(pubsub::error_with(StanzaCondition::conflict, "precondition-not-met", "the node of the bookmarks is not the owner's alone"));
    }
    const std::uint64_t most = items_kept(items->config(), service.options());
    if (most != 0 && list->rooms.size() > most) {
      co_return fail(StanzaError(StanzaCondition::not_acceptable, "Too many bookmarks."));
    }
    const Result<Kept, StanzaError> kept = co_await read(service);
    if (!kept) {
      co_return fail(kept.error());
    }
    Service::ItemsEdit change{.node = std::string(ns::bookmarks)};
    for (const Bookmark& old : kept->rooms) {
      const auto at = std::ranges::find(list->rooms, old.room, &Bookmark::room);
      if (at == list->rooms.end()) {
        change.retracted.push_back(old.room.str());
        continue;
      }
      at->extensions = old.extensions;   // section 3.4: unknown ones are preserved
      if (*at == old) {
        list->rooms.erase(at);
      }
    }
    for (const Bookmark& room : list->rooms) {
      change.published.push_back(item_of(service, room.room.str(), room.payload()));
    }
    item.publisher = service.jid();
    if (!change.retracted.empty() || !change.published.empty()) {
      edits.push_back(std::move(change));
    }
    co_return edits;
  }
};

// ---- the door of private XML storage

// Section 3.3; XEP-0223 section 5: nobody but the owner, whatever the node was like before.
Form private_node() {
  Form options(FormType::submit, "http://jabber.org/protocol/pubsub#publish-options");
  options.fields.emplace_back("pubsub#persist_items", FieldType::boolean, std::vector<std::string>{"true"});
  options.fields.emplace_back("pubsub#access_model", FieldType::list_single, std::vector<std::string>{"whitelist"});
  return options;
}

pubsub::NodeAddress node_of(const Iq& request) { return {.service = request.owner(), .node = std::string(ns::private_bookmarks)}; }

Task<Result<void, StanzaError>> publish(const Iq request, std::string list) {
  const Result<std::string, StanzaError> id =
      co_await pubsub::publish(request.home(), node_of(request), request.from(), std::string(list_id), std::move(list), private_node());
  if (!id) {
    co_return fail(id.error());
  }
  co_return Result<void, StanzaError>();
}

Task<Result<BookmarkList, StanzaError>> newest(const Iq request) {
  const Result<std::vector<PubSubItem>, StanzaError> items = co_await pubsub::newest(request.home(), node_of(request), 1);
  if (!items && items.error().condition != StanzaCondition::item_not_found) {
    co_return fail(items.error());
  }
  std::optional<BookmarkList> list;
  if (items && !items->empty()) {
    list = list_in(items->back().payload);
  }
  co_return list.value_or(BookmarkList{});
}

// What private XML storage has from before there were nodes goes to the list; it is whole in one place or in the other.
Task<Result<BookmarkList, StanzaError>> move_in(const Iq request, std::string stored) {
  Result<BookmarkList, StanzaError> list = co_await newest(request);
  if (!list) {
    co_return fail(std::move(list.error()));
  }
  const Result<BookmarkList, StanzaError> before = stored.empty() ? Result<BookmarkList, StanzaError>(BookmarkList{}) : BookmarkList::parse(stored);
  if (!before || (before->rooms.empty() && before->others.empty())) {   // or no list of rooms that we could read: it stays
    co_return std::move(*list);
  }
  for (const Bookmark& room : before->rooms) {
    if (std::ranges::find(list->rooms, room.room, &Bookmark::room) == list->rooms.end()) {
      list->rooms.push_back(room);
    }
  }
  for (const std::string& other : before->others) {
    if (std::ranges::find(list->others, other) == list->others.end()) {
      list->others.push_back(other);
    }
  }
  const Result<void, StanzaError> moved = co_await publish(request, list->storage());
  if (!moved) {
    co_return fail(moved.error());
  }
  std::vector<PrivateXmlStore::Item> rest;
  rest.push_back({std::string(ns::private_bookmarks), "storage", BookmarkList{}.storage()});
  const Result<void> noted = co_await request.home().world().stores.private_xml.store(request.owner(), std::move(rest), ~std::size_t{0});
  if (!noted) {
    co_return fail(answer_to(noted.error()));
  }
  co_return std::move(*list);
}

bool is_readable(const std::string& stored) { return stored.empty() || BookmarkList::parse(stored).has_value(); }

Task<Result<std::string, StanzaError>> load(Iq request, std::string stored) {
  if (!is_readable(stored)) {   // of before, and no list of rooms we could read
    co_return stored;
  }
  const Result<BookmarkList, StanzaError> list = co_await move_in(request, std::move(stored));
  if (!list) {
    co_return fail(list.error());
  }
  co_return list->storage();
}

Task<Result<std::string, StanzaError>> store(Iq request, std::string element) {
  const Result<BookmarkList, StanzaError> list = BookmarkList::parse(element);
  if (!list) {
    co_return fail(list.error());
  }
  const Result<std::optional<std::string>> stored =
      co_await request.home().world().stores.private_xml.load(request.owner(), std::string(ns::private_bookmarks), "storage");
  if (!stored) {
    co_return fail(answer_to(stored.error()));
  }
  const Result<BookmarkList, StanzaError> before = co_await move_in(request, stored->value_or(""));
  if (!before) {
    co_return fail(before.error());
  }
  const Result<void, StanzaError> replaced = co_await publish(request, list->storage());
  if (!replaced) {
    co_return fail(replaced.error());
  }
  co_return is_readable(stored->value_or("")) ? std::string() : BookmarkList{}.storage();
}

}  // namespace

void install_bookmarks(Extension& self) {
  if (!self.host().has_extension("account_pubsub")) {
    return;
  }
  self.advertise_account("urn:xmpp:bookmarks:1#compat");
  self.advertise_account("urn:xmpp:bookmarks:1#compat-pep");
  pubsub::seam_of(self).links.push_back(std::make_shared<BookmarkNodes>());
  self.host().shared<ConvertedElements>().all.insert_or_assign({std::string(ns::private_bookmarks), "storage"}, ConvertedElement{load, store});
}

}  // namespace aldis::ext
