// The ledger itself: a file that is only ever appended to, one line for each event, in the order in which this process
// saw them. audit.py reads it. The process that writes it is never killed, so lines may wait in memory for a while.
//
//   S s r n        sender s wrote message n for recipient r to its connection: a try
//   V s r n        the server said that it has not handled the latest try (a resumption's h)
//   A s r n        the server acknowledged the message (XEP-0198)
//   E s r n c      the server returned the message to its sender, with the condition c
//   D s r n i      recipient r received it; i: the archive id it bore (XEP-0359), or -
//   M s r n i      recipient r found it in its archive, under the id i; lines are in the archive's order
//   O s r n i      the same in the archive of sender s
//   T ns         before some A: nanoseconds of CLOCK_MONOTONIC, read after the acknowledgement was
//   C a            the archive of account a was read to its end
//   F a text       account a was given something that nobody sent to it
#pragma once
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

#include "message.h"

namespace aldis::ledger {

class Book {
 public:
  /// Creates the file; prints and exits when it cannot.
  explicit Book(const std::string& path);
  ~Book();
  Book(const Book&) = delete;
  Book& operator=(const Book&) = delete;

  void write(char kind, const MessageId& message, std::string_view text = {});
  void write(char kind, int account, std::string_view text = {});
  void write_time();
  /// To the file; prints and exits when it is full.
  void flush();

 private:
  std::FILE* file_;
};

}  // namespace aldis::ledger
