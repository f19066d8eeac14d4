// See sender.h.
#include "sender.h"

#include "stanza_scanner.h"

namespace aldis::ledger {
namespace {

/// The name of the defined condition of an error stanza (RFC 6120 8.3.3).
std::string_view condition_of(std::string_view stanza) {
  const auto error = stanza.find("<error");
  const auto begin = error == std::string_view::npos ? error : stanza.find('<', error + 1);
  const auto end = begin == std::string_view::npos ? begin : stanza.find_first_of(" />", begin + 1);
  return end == std::string_view::npos ? "unknown" : stanza.substr(begin + 1, end - begin - 1);
}

}  // namespace

Sender::Sender(const Company& company, int account, int first, int count, int window)
    : Member(company, account),
      first_(first),
      window_(static_cast<std::size_t>(window)),
      numbers_(static_cast<std::size_t>(count)) {}

bool Sender::send_new() {
  if (!client_.is_ready() || messages_pending_ >= window_ || Clock::now() < quiet_until_) {
    return false;
  }
  const auto which = std::uniform_int_distribution<std::size_t>(0, numbers_.size() - 1)(company_.random);
  const MessageId message{account(), first_ + static_cast<int>(which), ++numbers_[which]};
  pending_.emplace_back(message);
  ++messages_pending_;
  ++company_.counters.sent;
  send(message);
  return true;
}

void Sender::send(const MessageId& message) {
  company_.book.write('S', message);
  client_.send_stanza(write_message(message, bare_jid(message.recipient), company_.options.body));
}

void Sender::send_presence() {
  client_.send_stanza("<presence/>");
}

void Sender::ask() {
  if (client_.is_ready() && messages_pending_ > 0) {
    client_.request_ack();
  }
}

void Sender::acknowledged(load::Client& /*client*/, std::uint32_t count) {
  company_.book.write_time();
  for (; count > 0 && !pending_.empty(); --count) {
    if (pending_.front()) {
      company_.book.write('A', *pending_.front());
      ++company_.counters.acknowledged;
      --messages_pending_;
    }
    pending_.pop_front();
  }
}

void Sender::began(bool is_new) {
  if (client_.knows_handled()) {
    for (const auto& message : pending_) {
      if (message) {
        company_.book.write('V', *message);
      }
    }
  }
  if (is_new) {
    std::erase(pending_, std::nullopt);
    pending_.push_front(std::nullopt);
  }
  for (const auto& message : pending_) {
    message ? send(*message) : send_presence();
  }
  ask();
}

void Sender::got(std::string_view message) {
  const auto id = parse_message_id(load::attribute_of(message, "id"));
  if (load::attribute_of(message, "type") != "error" || !id || id->sender != account()) {
    company_.book.write('F', account(), message.substr(0, 200));
    return;
  }
  company_.book.write('E', *id, condition_of(message));
  ++company_.counters.refused;
  quiet_until_ = Clock::now() + std::chrono::milliseconds(500);
}

}  // namespace aldis::ledger
