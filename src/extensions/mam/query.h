// Reading XEP-0313's queries: the form (section 3.1), the page (XEP-0059) and what else stands in <query/>.
#pragma once
#include "core/archive_ids.h"
#include "xml/element.h"
#include "xmpp/stanza_error.h"

namespace aldis::ext {

inline constexpr std::string_view fulltext_field = "{urn:xmpp:fulltext:0}fulltext";  // XEP-0431

struct MamQuery {
  ArchiveQuery archive;
  std::string queryid;
  bool has_queryid = false;
  bool is_flipped = false;  // section 3.3.4: the page is sent from its end
  bool is_of_all = true;    // nothing but bounds: every message between the page's ends is in it
};

// A <query xmlns='urn:xmpp:mam:2'/>, at most `most` messages a page. bad-request: what is malformed, out of bounds or
// given twice; jid-malformed: `with`; item-not-found: an id that is none of ours; feature-not-implemented: a field or a
// way to page we do not know (sections 3.1.5 and 3.3).
[[nodiscard]] Result<MamQuery, StanzaError> parse_mam_query(const xml::Element& query, const ArchiveIdForm& form,
                                                            std::uint32_t most);

// The form with all fields (section 3.1.5), as a <query/>.
[[nodiscard]] std::string_view mam_query_form();

}  // namespace aldis::ext
