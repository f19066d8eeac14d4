// Names of the nodes of XEP-0470 (0.2.0 sections 4.1 and 4.6): of the attachments of one item, "urn:xmpp:pubsub-attachments:1/" with the URI of
// the item (XEP-0060 section 12.21), and of the summaries of a node's items, "urn:xmpp:pubsub-attachments:summary:1/" with the name of the
// node. Of the URIs of an item one counts, so that its attachments are in one place: what RFC 5122 (section 2.2) lets stand as it is stands
// so, and the rest of the UTF-8 is percent-encoded with capitals.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "xmpp/jid.h"

namespace aldis::pubsub {

[[nodiscard]] bool is_attachment_name(std::string_view node);   // by how it begins, whatever follows
[[nodiscard]] bool is_summary_name(std::string_view node);

[[nodiscard]] std::string attachments_of_all_items(const BareJid& service, std::string_view node);   // what their names begin with
[[nodiscard]] std::string attachments_name(const BareJid& service, std::string_view node, std::string_view item);
[[nodiscard]] std::string summary_name(std::string_view node);

struct TargetItem {
  std::string node;
  std::string item;
};
// Of attachments' names; nothing: it is of another service, has not the form that counts, or is about attachments.
[[nodiscard]] std::optional<TargetItem> target_item(const BareJid& service, std::string_view node);
// The target node of attachments or of a summary.
[[nodiscard]] std::optional<std::string> attached_to(const BareJid& service, std::string_view node);

}  // namespace aldis::pubsub
