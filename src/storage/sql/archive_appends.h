// ArchiveAppends: the messages that a transaction puts into archives (ArchiveStore::append), gathered and written together: a row
// for each message, whoever has it, with all its uses; one change of each archive's totals; an entry for each owner; and what the
// index of words is to have. Used by the writer's thread.
#pragma once
#include "storage/sql/archive_numbers.h"
#include "storage/sql/archive_words.h"
#include "storage/archive_store.h"

namespace aldis::sql {

class ArchiveAppends {
 public:
  // Both live until write() or forget().
  void add(const BareJid& owner, const ArchiveEntry& entry) { gathered_.push_back({.owner = &owner, .entry = &entry}); }
  [[nodiscard]] bool empty() const { return gathered_.empty(); }
  // Words are only gathered in turn.
  void write(Transaction& transaction, ArchiveWords& words);
  void forget() { gathered_.clear(); }
  // What is known of the tables may not be true: a transaction begins, or what one did has not happened.
  void at_begin() { next_number_ = 0; }
  void at_undone() {
    next_number_ = 0;
    numbers_.forget();
  }

 private:
  struct Append {
    const BareJid* owner;
    const ArchiveEntry* entry;
    ArchiveNumbers::Known* archive = nullptr;
    Append* first = nullptr;   // of the same message; itself
    Append* second = nullptr;  // the one that shares its row in the index of words
    std::int64_t bytes = 0;
    std::int64_t contact = 0;
    std::int64_t number = 0;
  };
  void write_messages(Transaction& transaction);
  void write_archives(Transaction& transaction);
  void write_contacts(Transaction& transaction);
  void choose_numbers(Transaction& transaction);
  void write_entries(Transaction& transaction, ArchiveWords& words);
  std::int64_t peer_of(Transaction& transaction, Append& append);

  std::vector<Append> gathered_;
  std::vector<Append*> by_message_;               // empty but in write_messages()
  std::vector<ArchiveNumbers::Known*> archives_;  // those of gathered_, while they are written
  ArchiveNumbers numbers_;
  std::int64_t next_number_ = 0;  // of an entry; 0: look
};

}  // namespace aldis::sql
