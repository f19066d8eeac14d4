// A receiver: writes every message it is given into the book, the moment it comes; the client acknowledges what the
// server asks about (XEP-0198).
#pragma once
#include "member.h"

namespace aldis::ledger {

class Receiver final : public Member {
 public:
  using Member::Member;

 private:
  void began(bool is_new) override;
  bool waits() const override { return false; }
  void got(std::string_view message) override;
};

}  // namespace aldis::ledger
