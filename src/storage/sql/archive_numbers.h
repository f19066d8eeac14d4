// ArchiveNumbers: the numbers that archives and the addresses in them have, remembered by the writer's thread so that an append
// need not look them up. A number of an archive is right if a statement that names both it and its owner changes a row; the
// numbers of its addresses are as right as it is, for they change with it only.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/keyed_hash.h"
#include "xmpp/jid.h"

namespace aldis::sql {

class ArchiveNumbers {
 public:
  struct Known {
    std::int64_t archive = 0;
    std::unordered_map<std::string, std::int64_t, KeyedStringHash, std::equal_to<>> contacts{};
    std::int64_t last_number = 0;  // of its entries written since it is remembered
    // What is being written now (archive_appends.cpp).
    const BareJid* owner = nullptr;
    std::int64_t new_messages = 0;
    std::int64_t new_bytes = 0;
  };

  // Null: not remembered. Valid until the next call of make_room() or forget().
  [[nodiscard]] Known* find(std::string_view owner) {
    const auto found = known_.find(owner);
    return found == known_.end() ? nullptr : &found->second;
  }
  // Before a transaction's appends, which may add more than `most` then, and whose Knowns stay where they are.
  void make_room() {
    if (size_ >= most) forget();
  }
  Known& remember(std::string_view owner, std::int64_t archive) {
    ++size_;
    Known& known = known_[std::string(owner)];
    known.archive = archive;
    return known;
  }
  void remember_contact(Known& known, std::string_view address, std::int64_t number) {
    ++size_;
    known.contacts.emplace(address, number);
  }
  // What a transaction did has not happened.
  void forget() {
    known_.clear();
    size_ = 0;
  }

 private:
  static constexpr std::size_t most = 50'000;   // archives and addresses: some 7 MB
  std::unordered_map<std::string, Known, KeyedStringHash, std::equal_to<>> known_;
  std::size_t size_ = 0;
};

}  // namespace aldis::sql
