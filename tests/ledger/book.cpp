// See book.h.
#include "book.h"

#include "fleet.h"

namespace aldis::ledger {

Book::Book(const std::string& path) : file_(std::fopen(path.c_str(), "wxe")) {
  if (file_ == nullptr) {
    load::give_up("cannot create " + path);
  }
}

Book::~Book() {
  std::fclose(file_);
}

void Book::write(char kind, const MessageId& message, std::string_view text) {
  std::fprintf(file_, "%c %d %d %d%s%.*s\n", kind, message.sender, message.recipient, message.number,
               text.empty() ? "" : " ", static_cast<int>(text.size()), text.data());
}

void Book::write(char kind, int account, std::string_view text) {
  std::fprintf(file_, "%c %d%s%.*s\n", kind, account, text.empty() ? "" : " ", static_cast<int>(text.size()),
               text.data());
}

void Book::write_time() {
  const auto now = load::Clock::now().time_since_epoch();
  std::fprintf(file_, "T %jd\n", std::intmax_t{std::chrono::duration_cast<std::chrono::nanoseconds>(now).count()});
}

void Book::flush() {
  if (std::fflush(file_) != 0 || std::ferror(file_) != 0) {
    load::give_up("the ledger cannot be written: the count would be wrong");
  }
}

}  // namespace aldis::ledger
