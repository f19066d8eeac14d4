// Stored messages on their way back to a client.
#include "core/archived.h"

#include "core/forged.h"
#include "xmpp/delay.h"
#include "xmpp/namespaces.h"

namespace aldis {
namespace {

StanzaPtr restored(const ArchivedMessage& message, const BareJid& owner, std::string_view append) {
  StanzaPtr stanza = Stanza::make(message.stanza);
  bool is_clean = append.empty();
  for (const xml::Element child : stanza->element().children()) {
    is_clean = is_clean && !is_forged(child, owner);
  }
  return is_clean ? stanza
                  : stanza->amended([&](const xml::Element& child) { return is_forged(child, owner); }, append);
}

}  // namespace

std::string stanza_id(ArchiveId id, const BareJid& owner, const ArchiveIdForm& form) {
  std::string xml;
  xml::Writer(xml)
      .start("stanza-id", ns::stanza_ids)
      .attribute("by", owner.str())
      .attribute("id", form.write(id))
      .end();
  return xml;
}

StanzaPtr as_stored(const ArchivedMessage& message, const BareJid& owner) {
  return restored(message, owner, {});
}

StanzaPtr as_delivered_late(const ArchivedMessage& message, const BareJid& owner, const BareJid& server,
                            const ArchiveIdForm& form) {
  std::string append;
  Delay{.stamp = archive_time(message.id), .from = Jid(server), .reason = "Offline Storage"}.write(append);
  if (message.is_archived) {
    append += stanza_id(message.id, owner, form);
  }
  return restored(message, owner, append)->with_positions_since(archive_time(message.id));
}

}  // namespace aldis
