// Statements that more than one part of the archive uses.
#pragma once
#include "storage/sql/tables.h"

namespace aldis::sql {

// The owner's archive, made if it has none.
ArchiveRow require_archive(Transaction& transaction, const BareJid& owner);
// Its number; 0 when the owner has none.
[[nodiscard]] std::int64_t archive_of(Transaction& transaction, const BareJid& owner);
// The archive is nobody's from here on; ArchiveStore::trim removes what is in it, without a stall.
void leave_archive(Transaction& transaction, const BareJid& owner);
// The number of an address in the archive; 0 when it is not there (and not made).
[[nodiscard]] std::int64_t contact_number(Transaction& transaction, std::int64_t archive, std::string_view address);
// The number of an address in the owner's archive, which gets one if it has none.
std::int64_t require_contact(Transaction& transaction, const BareJid& owner, ArchiveNumbers& numbers, ArchiveNumbers::Known& known,
                             std::string_view address);
// So many more refer to the message, which is written if it is not there (`may_be_there`: look first). About the bytes it
// has.
std::size_t use_message(Transaction& transaction, const ArchiveEntry& entry, std::int64_t uses, bool may_be_there);
// One fewer; the text of the message, which goes with its last use.
std::string release_message(Transaction& transaction, std::int64_t message);
// What the index of words has of a stored message.
[[nodiscard]] std::string text_of(std::string stanza);

}  // namespace aldis::sql
