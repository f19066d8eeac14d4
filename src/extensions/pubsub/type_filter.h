// Which nodes of a list are wanted, by their pubsub#type: XEP-0462 (0.1.1) PubSub Type Filtering.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "xml/element.h"
#include "xmpp/stanza_error.h"

namespace aldis::pubsub {

class TypeFilter {
 public:
  // Of a query for disco#items. bad-request: types both included and excluded, or no such form.
  [[nodiscard]] static Result<TypeFilter, StanzaError> parse_child_of(const xml::Element& query);
  [[nodiscard]] bool passes(std::string_view type) const;

 private:
  std::optional<std::vector<std::string>> included_;
  std::optional<std::vector<std::string>> excluded_;
};

}  // namespace aldis::pubsub
