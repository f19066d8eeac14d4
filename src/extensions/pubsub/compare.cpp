// The values of XEP-0395.
#include "extensions/pubsub/compare.h"

#include <algorithm>

#include "extensions/caps.h"
#include "extensions/pubsub/errors.h"
#include "xmpp/namespaces.h"

namespace aldis::pubsub {
namespace {
constexpr std::string_view field_name = "pubsub#prev_item_cap_value";
}  // namespace

std::string compare_value(const PubSubItem& item) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(item.published.time_since_epoch()).count();
  const std::optional<std::string> hash = ext::caps_hash("sha-256", std::to_string(ms) + "\n" + item.id + "\n" + item.payload);
  ensure(hash.has_value(), "SHA-256 is available");
  return *hash;
}

Result<std::optional<std::string>, StanzaError> take_expected_value(std::optional<Form>& options) {
  std::optional<std::string> expected;
  if (!options) {
    return expected;
  }
  const auto field = std::ranges::find(options->fields, field_name, &Field::var);
  if (field == options->fields.end()) {
    return expected;
  }
  if (field->values.size() > 1) {
    return fail(error_with(StanzaCondition::conflict, "precondition-not-met", "the field " + std::string(field_name) + " has no such value"));
  }
  expected = field->values.empty() ? std::string() : field->values.front();
  options->fields.erase(field);
  return expected;
}

StanzaError compare_and_publish_failed(const std::string& value) {
  std::string own;
  xml::Writer writer(own);
  writer.start("precondition-not-met", ns::pubsub_errors).end();
  writer.start("compare-and-publish-failed", ns::pubsub_cap).attribute("cap-id", value).end();
  return StanzaError(StanzaCondition::conflict).with_type(ErrorType::modify).with_application(std::move(own));
}

void write_compare_values(xml::Writer& writer, const std::vector<PubSubItem>& items) {
  if (items.empty()) {
    return;
  }
  writer.start("cap-v-map", ns::pubsub_cap);
  for (const PubSubItem& item : items) {
    writer.start("cap-v-map-entry").attribute("item-id", item.id).attribute("cap-value", compare_value(item)).end();
  }
  writer.end();
}

}  // namespace aldis::pubsub
