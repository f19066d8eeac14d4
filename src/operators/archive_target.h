// What every AdminTarget does alike with an account's archive: it is all in the stores, whether the server runs or not.
#pragma once
#include "operators/archive_info.h"
#include "storage/stores.h"

namespace aldis::admin {

// The account must exist: not_found.
[[nodiscard]] Task<Result<ArchiveInfo>> archive_info_of(Stores stores, BareJid jid);
[[nodiscard]] Task<Result<void>> set_limits_of_archive(Stores stores, BareJid jid, std::optional<ArchiveRetention> own);
[[nodiscard]] Task<Result<ArchivePart>> read_part_of_archive(Stores stores, BareJid jid, ArchiveQuery query);

// ---- of whoever's archive
[[nodiscard]] ArchiveInfo info_of(const ArchiveSummary& summary);
[[nodiscard]] Task<Result<ArchivePart>> read_part(Stores stores, BareJid owner, ArchiveQuery query);

}  // namespace aldis::admin
