// XEP-0433 (0.1.0): whoever may list the public rooms may search them: by words in their address, name and description, in the order of
// their addresses, in pages (XEP-0059) whose places are addresses. A search looks through the domain's rooms until its page is full, so
// few are carried out at once. The order by number of occupants is refused: the store does not know it.
#include "extensions/muc/channel_search.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <limits>

#include "core/extension.h"
#include "core/home.h"
#include "core/virtual_host.h"
#include "extensions/muc/room_config.h"
#include "xmpp/form.h"
#include "xmpp/namespaces.h"
#include "xmpp/nickname.h"
#include "xmpp/result_set.h"

namespace aldis::muc {
namespace {

constexpr std::uint32_t most_in_a_page = 50;
constexpr std::size_t longest_terms = 256;          // bytes
constexpr std::size_t most_terms = 8;
constexpr std::size_t shortest_term = 2;            // bytes: any character of most scripts
constexpr int most_at_once = 4;                     // of a domain
constexpr std::string_view by_address = "{urn:xmpp:channel-search:0:order}address";
constexpr std::string_view type_of_ours = "xep-0045";

// The fields that choose where to look, in the order of RoomRecord::searchable's lines.
struct Place {
  std::string_view var;
  std::string_view label;
};
constexpr std::array places{Place{"sinaddress", "Search in address"}, Place{"sinname", "Search in name"}, Place{"sindescription", "Search in description"}};

Form search_form() {
  Form form(FormType::form, ns::channel_search_params);
  form.title = "Search for rooms";
  form.fields.push_back(Field("q", FieldType::text_single, {}, "Search for"));
  form.fields.push_back(Field("all", FieldType::boolean, {"0"}, "Return all rooms"));
  for (const Place& each : places) {
    form.fields.push_back(Field(std::string(each.var), FieldType::boolean, {"1"}, std::string(each.label)));
  }
  form.fields.push_back(Field("types", FieldType::list_multi, {std::string(type_of_ours)}, "Kinds of rooms")
                            .with_options({{std::string(type_of_ours), "Multi-User Chat"}, {"xep-0369", "MIX channels; there are none here"}}));
  form.fields.push_back(Field("key", FieldType::list_single, {std::string(by_address)}, "Order").with_options({{std::string(by_address), "Address"}}));
  return form;
}

StanzaError fault(StanzaCondition condition, ErrorType type, std::string_view specific, std::string text,
                  std::initializer_list<std::string_view> vars = {}) {
  std::string application;
  xml::Writer writer(application, ns::stanza_errors);
  writer.start(specific, ns::channel_search_error);
  if (specific == "rate-limit") {
    writer.attribute("retry-after", "2");
  }
  for (const std::string_view var : vars) {
    writer.element("var", var);
  }
  writer.end();
  return StanzaError(condition, std::move(text)).with_type(type).with_application(std::move(application));
}

struct Search {
  std::vector<std::string> words{};   // none: all
  std::uint8_t lines = 0;
  bool has_our_type = true;
};

Result<Search, StanzaError> read_search(const Form& submitted) {
  Form readable = search_form();
  for (Field& field : readable.fields) {  // other kinds and orders are understood, and answered
    field.type = field.var == "types" ? FieldType::text_multi : field.var == "key" ? FieldType::text_single : field.type;
    field.options.clear();
  }
  const Result<Form, StanzaError> form = readable.accept(submitted);
  if (!form) {
    return fail(form.error());
  }
  if (const auto key = form->value("key"); key && !key->empty() && *key != by_address) {  // section 4.2.2.2
    return fail(fault(StanzaCondition::feature_not_implemented, ErrorType::modify, "invalid-sort-key", "Rooms are sorted by address here."));
  }
  Search search;
  if (const Field* types = form->field("types"); types != nullptr && !types->values.empty()) {
    search.has_our_type = std::ranges::find(types->values, type_of_ours) != types->values.end();
  }
  for (std::size_t i = 0; i < places.size(); ++i) {
    const auto is_wanted = form->boolean(places[i].var);
    if (!is_wanted) {
      return fail(is_wanted.error());
    }
    search.lines |= static_cast<std::uint8_t>(is_wanted->value_or(true) ? 1U << i : 0U);
  }
  const auto all = form->boolean("all");
  if (!all) {
    return fail(all.error());
  }
  const std::string_view terms = form->value("q").value_or("");
  const bool wants_all = all->value_or(false);
  if (wants_all && !terms.empty()) {  // section 4.2.2.6
    return fail(fault(StanzaCondition::bad_request, ErrorType::modify, "conflicting-fields", "Return all rooms, or search for some.", {"all", "q"}));
  }
  if (!wants_all && form->field("q") == nullptr) {  // section 4.2.2.7
    return fail(fault(StanzaCondition::bad_request, ErrorType::cancel, "no-search-conditions", "There is nothing to search for."));
  }
  if (wants_all) {
    return search;
  }
  const std::string text = fold_case(terms.substr(0, longest_terms + 1));
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find_first_of(" \t\r\n", at), text.size());
    if (end - at >= shortest_term) {
      search.words.push_back(text.substr(at, end - at));
    }
    at = end + 1;
  }
  if (search.words.empty() || search.words.size() > most_terms || terms.size() > longest_terms || search.lines == 0) {  // section 4.2.2.3
    return fail(fault(StanzaCondition::bad_request, ErrorType::modify, "invalid-search-terms",
                      "A search has one to eight words of at least two letters, 256 bytes in all, and somewhere to look."));
  }
  return search;
}

std::optional<std::string> localpart(const std::optional<std::string>& address, const Iq& request) {
  if (!address || address->empty()) {
    return std::string();
  }
  const auto jid = Jid::parse(*address);
  return jid && jid->has_local() && jid->domain() == request.host().domain() ? std::optional(std::string(jid->local())) : std::nullopt;
}

void write_item(xml::Writer& writer, const RoomSummary& room, std::size_t occupants) {
  const Listing listing = Listing::from_text(room.details);
  writer.start("item").attribute("address", room.room.str());
  writer.element("name", room.name.empty() ? room.room.local() : std::string_view(room.name));
  if (!listing.description.empty()) {
    writer.element("description", listing.description);
  }
  if (!listing.language.empty()) {
    writer.element("language", listing.language);
  }
  writer.element("nusers", std::to_string(occupants)).element("service-type", type_of_ours);
  if (!room.details.empty()) {  // else it is not known
    writer.element("is-open", listing.is_open ? "true" : "false");
    writer.element("anonymity-mode", listing.is_non_anonymous ? "{urn:xmpp:channel-search:0:anonymity}none" : "muc_semianonymous");
  }
  writer.end();
}

Task<StanzaPtr> find(Iq request, Search search, ResultSetRequest page, std::shared_ptr<std::atomic<int>> under_way) {
  struct Turn {
    std::atomic<int>& taken;
    ~Turn() { --taken; }
  };
  const bool is_too_many = under_way->fetch_add(1) >= most_at_once;
  const Turn turn{*under_way};
  if (is_too_many) {  // section 4.2.2.4
    co_return request.error(fault(StanzaCondition::resource_constraint, ErrorType::wait, "rate-limit", "Too many search at once."));
  }
  const std::optional<std::string> after = localpart(page.after, request);
  const std::optional<std::string> before = localpart(page.before, request);
  if (!after || !before || page.index) {  // XEP-0059 sections 2.4 and 2.6
    co_return request.error(page.index ? StanzaCondition::feature_not_implemented : StanzaCondition::item_not_found);
  }
  RoomStore& rooms = request.home().world().stores.rooms;
  const std::string domain(request.host().domain());
  Result<RoomPage> found = RoomPage{};
  std::optional<std::uint32_t> total;   // of a search it is not known
  if (search.has_our_type && search.words.empty()) {
    const Result<std::uint64_t> count = co_await rooms.count(domain, true);
    if (!count) {
      co_return request.failure(count.error());
    }
    total = static_cast<std::uint32_t>(std::min<std::uint64_t>(*count, std::numeric_limits<std::uint32_t>::max()));
  }
  if (search.has_our_type && page.limit(most_in_a_page) > 0) {
    RoomPageRequest wanted{.after = *after, .before = *before, .is_last_page = page.before.has_value(), .only_public = true,
                           .words = search.words, .lines = search.lines, .limit = page.limit(most_in_a_page)};
    found = co_await rooms.list(domain, std::move(wanted));
  }
  if (!found) {
    co_return request.failure(found.error());
  }
  std::string payload;
  xml::Writer writer(payload);
  writer.start("result", ns::channel_search);
  for (const RoomSummary& room : found->rooms) {
    const std::size_t occupants = co_await request.host().room_administration->occupants(room.room);
    write_item(writer, room, occupants);
  }
  ResultSet set{.count = total};
  if (!found->rooms.empty()) {
    set.first = found->rooms.front().room.str();
    set.last = found->rooms.back().room.str();
  }
  set.write(writer);
  writer.end();
  co_return request.result(payload);
}

IqReply answer(const Iq& request, const std::shared_ptr<std::atomic<int>>& under_way) {
  const Result<std::optional<Form>, StanzaError> submitted = Form::parse_child_of(request.payload());
  if (!submitted) {
    return request.error(submitted.error());
  }
  if (!*submitted) {  // section 4.2.1
    std::string payload;
    xml::Writer writer(payload);
    writer.start("search", ns::channel_search);
    search_form().write(writer);
    writer.end();
    return request.result(payload);
  }
  Result<Search, StanzaError> search = read_search(**submitted);
  if (!search) {
    return request.error(search.error());
  }
  Result<ResultSetRequest, StanzaError> page = ResultSetRequest::parse_child_of(request.payload());
  if (!page) {
    return request.error(page.error());
  }
  return find(request, std::move(*search), std::move(*page), under_way);
}

}  // namespace

void offer_channel_search(Extension& self) {
  self.advertise(ns::channel_search);
  const auto under_way = std::make_shared<std::atomic<int>>(0);
  self.on_iq_get({"search", ns::channel_search}, {Recipient::server}, [under_way](const Iq& request) { return answer(request, under_way); });
}

}  // namespace aldis::muc
