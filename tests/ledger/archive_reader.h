// Reads an account's archive (XEP-0313 1.1.3) from its oldest message to its newest, page by page (XEP-0059, `after`),
// into the book. A page counts when its end has come; one that an interruption cut short, or that was refused, is asked
// for again, after 20 refusals no more: then the book does not say that the archive was read.
#pragma once
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "book.h"
#include "client.h"

namespace aldis::ledger {

class ArchiveReader {
 public:
  ArchiveReader(Book& book, std::string user_prefix, int account);

  /// kind: of the book's lines (M or O).
  void begin(char kind, load::Client& client);
  /// After a new connection: asks for the page that is missing.
  void ask_again(load::Client& client);
  /// Asks again when a page has not come in 30 s, or was refused for now.
  void tick(load::Clock::time_point now, load::Client& client);
  /// Whether the stanza was for us.
  bool take(std::string_view stanza, load::Client& client);
  /// Nothing more will be read.
  bool is_over() const { return kind_ == 0 || is_complete_ || refusals_ >= kMostRefusals; }
  /// A page was asked for and has not come.
  bool waits() const { return !is_over(); }
  bool was_read() const { return kind_ == 0 || is_complete_; }

 private:
  void result(std::string_view message);
  void page_end(std::string_view iq, load::Client& client);

  static constexpr int kMostRefusals = 20;
  Book& book_;
  const std::string user_prefix_;
  const int account_;
  char kind_ = 0;  ///< 0: not asked to read
  bool is_complete_ = false;
  int refusals_ = 0;
  int page_ = 0;       ///< number of the page asked for; part of its query id
  std::string after_;  ///< id of the last message of the page before
  std::vector<std::pair<std::optional<MessageId>, std::string>>
      found_;  ///< on this page: message (nullopt: foreign), id
  load::Clock::time_point ask_at_{};
};

}  // namespace aldis::ledger
