// Whether an owner wants what is exchanged with an address in the archive (XEP-0441 section 2).
#pragma once
#include "core/roster.h"
#include "extensions/mam/mam.h"
#include "storage/archive_store.h"

namespace aldis::ext {

// An entry with a resource goes before one without; never before always; then the owner's default, then the domain's.
[[nodiscard]] bool wants_archived(const ArchivePreferences& preferences, const Jid& other, const Roster& roster,
                                  ArchiveDefault domain);

}  // namespace aldis::ext
