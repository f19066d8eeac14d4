// A stored message as its owner may see it again.
#pragma once
#include "core/archive_ids.h"
#include "storage/archive_store.h"
#include "xmpp/stanza.h"

namespace aldis {

// As it was stored, without what claims to be this server's word (XEP-0359 section 6).
[[nodiscard]] StanzaPtr as_stored(const ArchivedMessage& message, const BareJid& owner);
// The same with the time it came (XEP-0203) and its place in the archive, if it has one (XEP-0359).
[[nodiscard]] StanzaPtr as_delivered_late(const ArchivedMessage& message, const BareJid& owner, const BareJid& server,
                                          const ArchiveIdForm& form);
// <stanza-id xmlns='urn:xmpp:sid:0' by='owner' id='...'/>
[[nodiscard]] std::string stanza_id(ArchiveId id, const BareJid& owner, const ArchiveIdForm& form);

}  // namespace aldis
