// What an archive says to who asks it, whoever's it is: XEP-0313 (1.1.3) sections 3.2 and 4.
#pragma once
#include "core/archive_ids.h"
#include "extensions/mam/query.h"
#include "xmpp/stanza.h"

namespace aldis::ext {

// The message that carries one result, from the archive's address: `shown`, as who asks may see it, and when it came.
[[nodiscard]] StanzaPtr mam_result(const BareJid& archive, const Jid& to, const MamQuery& query, ArchiveId id,
                                   const Stanza& shown, const ArchiveIdForm& form);
// <fin/>, behind the results.
[[nodiscard]] std::string mam_fin(const ArchivePage& page, const ArchiveIdForm& form);
// <metadata/>
[[nodiscard]] std::string mam_metadata(const ArchiveSummary& summary, const ArchiveIdForm& form);

}  // namespace aldis::ext
