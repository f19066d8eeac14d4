// XEP-0462: the types a list of nodes is asked for.
#include "extensions/pubsub/type_filter.h"

#include <algorithm>

#include "xmpp/form.h"
#include "xmpp/namespaces.h"

namespace aldis::pubsub {

Result<TypeFilter, StanzaError> TypeFilter::parse_child_of(const xml::Element& query) {
  TypeFilter filter;
  const auto element = query.child({"filter", ns::pubsub_filter});
  if (!element) {
    return filter;
  }
  const Result<std::optional<Form>, StanzaError> form = Form::parse_child_of(*element);
  if (!form) {
    return fail(form.error());
  }
  if (!*form || (**form).form_type() != ns::pubsub_filter || (**form).type != FormType::submit) {
    return fail(StanzaError(StanzaCondition::bad_request));
  }
  if (const Field* types = (**form).field("included-types")) {
    filter.included_ = types->values;
  }
  if (const Field* types = (**form).field("excluded-types")) {
    filter.excluded_ = types->values;
  }
  if (filter.included_ && filter.excluded_) {   // section 3.2
    return fail(StanzaError(StanzaCondition::bad_request, "Types are either included or excluded."));
  }
  return filter;
}

bool TypeFilter::passes(std::string_view type) const {
  const auto has = [&](const std::vector<std::string>& types) { return std::ranges::find(types, type) != types.end(); };
  return (!included_ || has(*included_)) && (!excluded_ || !has(*excluded_));
}

}  // namespace aldis::pubsub
