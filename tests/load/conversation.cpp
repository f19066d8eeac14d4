// See conversation.h.
#include "conversation.h"

#include <unistd.h>

#include <charconv>
#include <cstdio>

namespace aldis::load {
namespace {
constexpr std::size_t kDigits = 10;
}

Conversation::Conversation(EventLoop& loop, const Options& options, int first, int pairs)
    : loop_(loop),
      options_(options),
      fleet_(loop, options, first, 2 * pairs),
      first_(first),
      sides_(static_cast<std::size_t>(2 * pairs)) {
  fleet_.on_stanza([this](Client& client, std::string_view stanza) { receive(client, stanza); });
  fleet_.on_acknowledged([this](Client& client) { acknowledged(client); });
}

void Conversation::log_in() {
  if (options_.stream_management) {
    tag_ += std::to_string(getpid()) + "-" + std::to_string(Clock::now().time_since_epoch().count()) + "-";
  }
  fleet_.log_in(true);
  fleet_.wait_for_quiet(std::chrono::milliseconds(300), std::chrono::seconds(20));
  const auto size = static_cast<std::size_t>(options_.body);
  const std::string filler(size > kDigits ? size - kDigits : 0, 'x');
  for (int i = 0; i < fleet_.size(); ++i) {
    Side& side = sides_[static_cast<std::size_t>(i)];
    side.head = "<message to='" + fleet_[i ^ 1].jid() + "' type='chat' id='" + tag_;
    side.tail = filler + "</body></message>";
  }
}

void Conversation::send(int from, Clock::time_point due) {
  Side& side = sides_[static_cast<std::size_t>(from)];
  char digits[kDigits + 1];
  std::snprintf(digits, sizeof digits, "%010llu", static_cast<unsigned long long>(side.next_out % 10'000'000'000ULL));
  std::string text;
  text.reserve(side.head.size() + side.tail.size() + 2 * kDigits + 8);
  text.append(side.head).append(digits, kDigits).append("'><body>").append(digits, kDigits).append(side.tail);
  ++side.next_out;
  ++tally_.sent;
  sides_[static_cast<std::size_t>(from ^ 1)].due.push_back(due);
  fleet_[from].send_stanza(text);
  const auto sent = fleet_[from].session().sent_count();
  if (options_.stream_management && options_.ack_every > 0 &&
      sent % static_cast<std::uint32_t>(options_.ack_every) == 0) {
    side.requests.push_back({sent, Clock::now()});
  }
}

void Conversation::receive(Client& client, std::string_view stanza) {
  if (name_of(stanza) != "message" || !attribute_of(stanza, "id").starts_with(tag_)) {
    return;
  }
  if (attribute_of(stanza, "type") == "error") {
    ++tally_.refused;
    return;
  }
  const auto body = text_of(stanza, "body");
  std::uint64_t number = 0;
  const auto parsed = std::from_chars(body.data(), body.data() + std::min(body.size(), kDigits), number);
  if (parsed.ec != std::errc() || body.size() != std::max(static_cast<std::size_t>(options_.body), kDigits)) {
    give_up("a message that nobody sent: " + std::string(stanza.substr(0, 300)));
  }
  const int at = client.account() - first_;
  const auto sender = attribute_of(stanza, "from");  // none over the relay
  if (!sender.empty() && sender != fleet_[at ^ 1].jid()) {
    give_up("a message from somebody else: " + std::string(stanza.substr(0, 300)));
  }
  Side& side = sides_[static_cast<std::size_t>(at)];
  if (number < side.next_in) {
    if (side.missing.erase(number) == 1) {
      ++tally_.reordered;
      ++tally_.received;
    } else {
      ++tally_.duplicated;
    }
    return;
  }
  if (number - side.next_in >= side.due.size()) {
    give_up("a message from the future: " + std::string(stanza.substr(0, 300)));
  }
  for (; side.next_in < number; ++side.next_in) {
    side.missing.insert(side.next_in);
    side.due.pop_front();
  }
  const auto now = Clock::now();
  latency_.add(now - side.due.front());
  side.due.pop_front();
  ++side.next_in;
  ++tally_.received;
  if (answers_) {
    send(at, now);
  }
}

void Conversation::acknowledged(Client& client) {
  auto& requests = sides_[static_cast<std::size_t>(client.account() - first_)].requests;
  const auto handled = client.session().sent_count() - client.session().unacknowledged();
  for (; !requests.empty() && requests.front().sent <= handled; requests.pop_front()) {
    ack_latency_.add(Clock::now() - requests.front().when);
  }
}

void Conversation::start_closed() {
  answers_ = true;
  for (int i = 0; i < fleet_.size(); i += 2) {
    for (int k = 0; k < options_.window; ++k) {
      send(i, Clock::now());
    }
  }
}

void Conversation::start_open(double rate) {
  rate_ = rate;
  sent_at_rate_ = 0;
  began_ = Clock::now();
}

void Conversation::run(Clock::time_point deadline, const std::function<bool()>& done) {
  for (auto now = Clock::now(); now < deadline && !(done && done()); now = Clock::now()) {
    auto wake = std::min(deadline, now + std::chrono::milliseconds(10));
    while (rate_ > 0) {
      const auto due = began_ + std::chrono::duration_cast<Clock::duration>(
                                    std::chrono::duration<double>(static_cast<double>(sent_at_rate_) / rate_));
      if (due > now) {
        wake = std::min(wake, due);
        break;
      }
      send(2 * static_cast<int>(sent_at_rate_ % (sides_.size() / 2)), due);
      ++sent_at_rate_;
    }
    loop_.turn(wake);
  }
}

void Conversation::drain(std::chrono::milliseconds limit) {
  answers_ = false;
  rate_ = 0;
  loop_.run([this] { return tally_.received == tally_.sent; }, Clock::now() + limit);
}

}  // namespace aldis::load
