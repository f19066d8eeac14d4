// See fleet.h.
#include "fleet.h"

#include <cstdio>
#include <cstdlib>

namespace aldis::load {

void give_up(const std::string& why) {
  std::fprintf(stderr, "loadgen: %s\n", why.c_str());
  std::exit(1);
}

Fleet::Fleet(EventLoop& loop, const Options& options, int first, int count)
    : loop_(loop), options_(options), other_(options.for_other()) {
  clients_.reserve(static_cast<std::size_t>(count));
  for (int i = first; i < first + count; ++i) {
    const bool is_elsewhere = !options.other_domain.empty() && i % 2 == 1;
    clients_.push_back(std::make_unique<Client>(loop, is_elsewhere ? other_ : options_, *this, i));
  }
}

void Fleet::log_in(bool with_presence, int count) {
  with_presence_ = with_presence;
  wanted_ = count < 0 ? size() : std::min(size(), wanted_ + count);
  const bool all = loop_.run(
      [this] {
        while (connecting_ < wanted_ && connecting_ - ready_ < options_.concurrency) {
          connect_next();
        }
        return ready_ == wanted_;
      },
      Clock::now() + options_.limit);
  if (!all) {
    give_up("only " + std::to_string(ready_) + " of " + std::to_string(wanted_) + " clients were ready in time");
  }
}

void Fleet::connect_next() {
  Client& client = (*this)[connecting_];
  // Client 2k and 2k + 1 of the fleet are a pair.
  client.connect(opening_ ? opening_(client.account()) : "pair " + std::to_string(client.account() / 2) + "\n");
  ++connecting_;
}

void Fleet::ready(Client& client) {
  ++ready_;
  if (with_presence_ && options_.dialogue == Dialogue::xmpp) {
    client.send_stanza("<presence/>");
  }
}

void Fleet::received(Client& client, std::string_view stanza) {
  last_stanza_ = Clock::now();
  if (on_stanza_) {
    on_stanza_(client, stanza);
  }
}

void Fleet::acknowledged(Client& client, std::uint32_t /*count*/) {
  if (on_acknowledged_) {
    on_acknowledged_(client);
  }
}

void Fleet::ended(Client& client, const std::string& why) {
  if (!why.empty()) {
    give_up("client " + std::to_string(client.account()) + ": " + why);
  }
  ++gone_;
}

void Fleet::wait_for_quiet(std::chrono::milliseconds quiet, std::chrono::milliseconds limit) {
  last_stanza_ = Clock::now();
  loop_.run([&] { return Clock::now() - last_stanza_ >= quiet; }, Clock::now() + limit);
}

void Fleet::log_out() {
  for (const auto& client : clients_) {
    client->leave();
  }
  loop_.run([this] { return gone_ == connecting_; }, Clock::now() + std::chrono::seconds(10));
}

}  // namespace aldis::load
