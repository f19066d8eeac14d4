// How what was gathered is written: messages, totals, addresses, entries, in this order, each sort at once.
#include "storage/sql/archive_appends.h"

#include <algorithm>

#include "storage/sql/archive_rows.h"

namespace aldis::sql {

void ArchiveAppends::write(Transaction& transaction, ArchiveWords& words) {
  if (gathered_.empty()) {
    return;
  }
  numbers_.make_room();
  write_messages(transaction);
  write_archives(transaction);
  write_contacts(transaction);
  choose_numbers(transaction);
  write_entries(transaction, words);
  gathered_.clear();
}

// The sender's and the recipient's entry are mostly here together, and name one message.
void ArchiveAppends::write_messages(Transaction& transaction) {
  by_message_.reserve(gathered_.size());
  for (Append& append : gathered_) {
    by_message_.push_back(&append);
  }
  std::ranges::sort(by_message_, {}, [](const Append* append) { return std::pair(append->entry->message, append); });
  for (auto begin = by_message_.begin(); begin != by_message_.end();) {
    const ArchiveEntry& entry = *(*begin)->entry;
    bool is_new = false;
    auto end = begin;
    for (; end != by_message_.end() && (*end)->entry->message == entry.message; ++end) {
      (*end)->first = *begin;
      is_new = is_new || (*end)->entry->id == entry.message;
    }
    const std::int64_t bytes = as_integer(use_message(transaction, entry, end - begin, !is_new));
    for (; begin != end; ++begin) {
      (*begin)->bytes = bytes;
    }
  }
  by_message_.clear();
}

// A number that is remembered is right if the statement that names it and its owner changes a row.
void ArchiveAppends::write_archives(Transaction& transaction) {
  for (Append& append : gathered_) {
    append.archive = numbers_.find(append.owner->str());
    if (append.archive == nullptr) {
      append.archive = &numbers_.remember(append.owner->str(), require_archive(transaction, *append.owner).archive);
    }
    if (append.archive->new_messages == 0) {
      append.archive->owner = append.owner;
      archives_.push_back(append.archive);
    }
    append.archive->new_messages += 1;
    append.archive->new_bytes += append.bytes;
  }
  for (ArchiveNumbers::Known* known : archives_) {
    const auto count = [&] {
      return transaction.change(
                 "UPDATE archives SET messages = messages + $3, bytes = bytes + $4 WHERE owner = $1 AND archive = $2",
                 {known->owner->str(), known->archive, known->new_messages, known->new_bytes}) == 1;
    };
    if (!count()) {
      known->archive = require_archive(transaction, *known->owner).archive;
      known->contacts.clear();
      static_cast<void>(count());
    }
    known->new_messages = 0;
    known->new_bytes = 0;
  }
  archives_.clear();
}

void ArchiveAppends::write_contacts(Transaction& transaction) {
  for (Append& append : gathered_) {
    append.contact = require_contact(transaction, *append.owner, numbers_, *append.archive, append.entry->contact.bare_str());
  }
}

// The number of the address that a full one is compared with; that of an alias is negative.
std::int64_t ArchiveAppends::peer_of(Transaction& transaction, Append& append) {
  const ArchiveEntry& entry = *append.entry;
  if (entry.alias) {
    return -require_contact(transaction, *append.owner, numbers_, *append.archive, entry.alias->str());
  }
  return entry.contact.is_bare() ? append.contact
                                 : require_contact(transaction, *append.owner, numbers_, *append.archive, entry.contact.str());
}

// In the order of writing, in pairs: the second of a pair is for the entry that another archive has of the same message, unless it
// would come before one that its owner has already.
void ArchiveAppends::choose_numbers(Transaction& transaction) {
  if (next_number_ == 0) {
    next_number_ = first_paired_number;
    transaction.each("SELECT number FROM archive_entries ORDER BY number DESC LIMIT 1", {}, [&](const Row& row) {
      next_number_ = std::max(next_number_, (row.integer(0) | 1) + 1);
    });
  }
  for (Append& append : gathered_) {
    Append& first = *append.first;
    if (&first != &append && first.second == nullptr && first.archive != append.archive &&
        append.archive->last_number < first.number) {
      first.second = &append;
      append.number = first.number + 1;
    } else {
      append.number = next_number_;
      next_number_ += 2;
    }
    append.archive->last_number = append.number;
  }
}

void ArchiveAppends::write_entries(Transaction& transaction, ArchiveWords& words) {
  for (Append& append : gathered_) {
    const std::int64_t peer = peer_of(transaction, append);
    const std::size_t written = transaction.change(
        "INSERT INTO archive_entries (number, archive, id, contact, peer, message, bytes) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        {append.number, append.archive->archive, as_integer(append.entry->id), append.contact, peer,
         as_integer(append.entry->message), append.bytes});
    if (written == 1 && words_row(append.number) == append.number) {
      ArchiveWords::Row row{.number = append.number, .text = searchable_text(*append.entry->stanza)};
      row.places[0] = {append.archive->archive, append.contact};
      if (append.second != nullptr) {
        row.places[1] = {append.second->archive->archive, append.second->contact};
      }
      words.add(std::move(row));
    }
  }
}

}  // namespace aldis::sql
