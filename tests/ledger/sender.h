// A sender: numbers its messages for each recipient, keeps what the server has not acknowledged, in order, and after
// every interruption sends just that again, with the same ids. A message is accepted when an <a/> covers it (XEP-0198),
// and then stands in the book.
#pragma once
#include <deque>
#include <optional>
#include <vector>

#include "member.h"

namespace aldis::ledger {

class Sender final : public Member {
 public:
  /// Recipients are the accounts first … first + count - 1. window: messages not acknowledged at most.
  Sender(const Company& company, int account, int first, int count, int window);

  /// Sends one new message if the window lets it.
  bool send_new();
  /// Asks for an acknowledgement if one is missing.
  void ask();
  std::size_t unacknowledged() const { return messages_pending_; }

  void acknowledged(load::Client& client, std::uint32_t count) override;

 private:
  void began(bool is_new) override;
  bool waits() const override { return messages_pending_ > 0; }
  void got(std::string_view message) override;
  void send(const MessageId& message);
  void send_presence();

  const int first_;
  const std::size_t window_;
  std::vector<int> numbers_;  ///< of the latest message for each recipient
  /// What was sent and not acknowledged, in order; nullopt: a presence.
  std::deque<std::optional<MessageId>> pending_;
  std::size_t messages_pending_ = 0;
  Clock::time_point quiet_until_{};  ///< after a refusal
};

}  // namespace aldis::ledger
