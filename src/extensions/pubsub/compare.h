// XEP-0395 (0.2.0) Atomically Compare-And-Publish: a publication that names the value (CAP-V) of the item it takes for the node's last is carried
// out only while that is the last; an empty value: while there is none. The value is of id, time and payload of an item: two publications of
// the same payload have different ones, so that nobody takes a later state for the one he saw.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "storage/pubsub_store.h"
#include "xml/writer.h"
#include "xmpp/form.h"
#include "xmpp/stanza_error.h"

namespace aldis::pubsub {

[[nodiscard]] std::string compare_value(const PubSubItem& item);
// The field pubsub#prev_item_cap_value, taken out of publish-options; nothing: they have none. conflict with precondition-not-met: it has
// several values.
[[nodiscard]] Result<std::optional<std::string>, StanzaError> take_expected_value(std::optional<Form>& options);
// `value`: of the item that is the last; empty: there is none.
[[nodiscard]] StanzaError compare_and_publish_failed(const std::string& value);
// <cap-v-map/>: the last child of <items/>. Nothing for no items.
void write_compare_values(xml::Writer& writer, const std::vector<PubSubItem>& items);

}  // namespace aldis::pubsub
