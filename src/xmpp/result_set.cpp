// Reading requests for pages and writing what goes with them, XEP-0059.
#include "xmpp/result_set.h"

#include <algorithm>

#include "xmpp/namespaces.h"
#include "xmpp/number.h"

namespace aldis {
namespace {

constexpr std::size_t longest_id = 1024;

Unexpected<StanzaError> bad_request(std::string_view text) {
  return fail(StanzaError(StanzaCondition::bad_request, std::string(text)));
}

}  // namespace

Result<ResultSetRequest, StanzaError> ResultSetRequest::parse(const xml::Element& set) {
  ResultSetRequest request;
  bool has_after = false;
  for (const xml::Element child : set.children()) {
    if (child.ns() != ns::rsm) continue;
    if (child.local() == "max" || child.local() == "index") {
      std::optional<std::uint32_t>& number = child.local() == "max" ? request.max : request.index;
      if (number) return bad_request("a result set's number stands twice");
      number = parse_number<std::uint32_t>(child.text());
      if (!number) return bad_request("a result set's number is out of bounds");
    } else if (child.local() == "before" || child.local() == "after") {
      const bool is_after = child.local() == "after";
      if (is_after ? has_after : request.before.has_value()) return bad_request("a result set's item stands twice");
      std::string id = child.text();
      if (id.size() > longest_id) return bad_request("a result set's item id is longer than 1024 bytes");
      if (!is_after) {
        request.before = std::move(id);
      } else if (has_after = true; !id.empty()) {
        request.after = std::move(id);
      }
    }
  }
  if (request.index && (request.before || has_after)) return bad_request("a page begins at an index or at an item, not both");
  return request;
}

Result<ResultSetRequest, StanzaError> ResultSetRequest::parse_child_of(const xml::Element& query) {
  const std::optional<xml::Element> set = query.child({"set", ns::rsm});
  if (!set) return ResultSetRequest{};
  return parse(*set);
}

void ResultSet::write(xml::Writer& writer) const {
  writer.start("set", ns::rsm);
  if (first) {
    writer.start("first");
    if (first_index) writer.attribute("index", std::to_string(*first_index));
    writer.text(*first).end();
  }
  if (last) writer.element("last", *last);
  if (count) writer.element("count", std::to_string(*count));
  writer.end();
}

Result<Page, StanzaError> page_of(std::size_t count, const ResultSetRequest& request, std::uint32_t most,
                                  const std::function<std::optional<std::size_t>(std::string_view)>& place_of) {
  std::size_t begin = request.index ? std::min<std::size_t>(*request.index, count) : 0;
  std::size_t end = count;
  if (request.after) {
    const std::optional<std::size_t> place = place_of(*request.after);
    if (!place) return fail(StanzaError(StanzaCondition::item_not_found));
    begin = *place + 1;
  }
  if (request.before && !request.before->empty()) {
    const std::optional<std::size_t> place = place_of(*request.before);
    if (!place) return fail(StanzaError(StanzaCondition::item_not_found));
    end = *place;
  }
  if (end < begin) end = begin;
  const std::size_t size = std::min<std::size_t>(end - begin, request.limit(most));
  // A page asked for by what follows it is the last of what stands before (section 2.3).
  return request.before ? Page{end - size, end} : Page{begin, begin + size};
}

}  // namespace aldis
