// XEP-0059 (1.0) result set management: the page a requester asks for, and the page it got. Counts and indexes are bounded
// to 32 bits; item ids to 1024 bytes.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "xml/element.h"
#include "xml/writer.h"
#include "xmpp/stanza_error.h"

namespace aldis {

struct ResultSetRequest {
  std::optional<std::uint32_t> max{};     // at most so many items; 0 asks for the count only (section 2.7)
  std::optional<std::string> before{};    // items that stand before this one; empty: the last page (section 2.5)
  std::optional<std::string> after{};     // items behind this one; an empty one on the wire is read as absent
  std::optional<std::uint32_t> index{};   // the page that begins at this place (section 2.6)

  // A <set xmlns='http://jabber.org/protocol/rsm'/>. Bad-request: a number out of bounds, an element twice, an id that is
  // too long, index together with before or after. Elements it does not know are ignored.
  [[nodiscard]] static Result<ResultSetRequest, StanzaError> parse(const xml::Element& set);
  // The child of a query, or the default request when there is none.
  [[nodiscard]] static Result<ResultSetRequest, StanzaError> parse_child_of(const xml::Element& query);

  // How many items to return where the server allows `most` a page.
  [[nodiscard]] std::uint32_t limit(std::uint32_t most) const { return max && *max < most ? *max : most; }
};

// What goes with the page.
struct ResultSet {
  std::optional<std::string> first{};          // id of the page's first item; none for an empty page
  std::optional<std::uint32_t> first_index{};  // its place in the whole set, if known
  std::optional<std::string> last{};
  std::optional<std::uint32_t> count{};        // items in the whole set, if known

  void write(xml::Writer& writer) const;
};

// The items of a page as places [begin, end) in a set that is held in memory.
struct Page {
  std::size_t begin;
  std::size_t end;
};
// The page of `count` items in order that is asked for, at most `most`; `place_of` finds an item by its id. An unknown id
// is item-not-found (section 2.4), an index behind the end an empty page (section 2.6).
[[nodiscard]] Result<Page, StanzaError> page_of(std::size_t count, const ResultSetRequest& request, std::uint32_t most,
                                                const std::function<std::optional<std::size_t>(std::string_view)>& place_of);

}  // namespace aldis
