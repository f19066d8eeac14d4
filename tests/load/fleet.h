// Many clients: logs them in with bounded concurrency and holds them. Losing one unexpectedly ends the program with a
// message: a figure from half a fleet would be a lie. (login and storm, where connections come and go, own theirs
// themselves.)
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "client.h"

namespace aldis::load {

class Fleet final : public ClientOwner {
 public:
  using OnStanza = std::function<void(Client&, std::string_view)>;
  /// Clients are the accounts first … first + count - 1; client i is at index i. With Options::other_domain those of odd numbers are
  /// on the other server.
  Fleet(EventLoop& loop, const Options& options, int first, int count);

  /// With Dialogue::relay: what each client says first; "pair N" unless it is set.
  void open_with(std::function<std::string(int account)> opening) { opening_ = std::move(opening); }
  /// Connects the next `count` clients (all: -1), each with initial presence if asked, and waits until they are ready.
  void log_in(bool with_presence, int count = -1);
  void on_stanza(OnStanza handler) { on_stanza_ = std::move(handler); }
  using OnAcknowledged = std::function<void(Client&)>;
  void on_acknowledged(OnAcknowledged handler) { on_acknowledged_ = std::move(handler); }
  Client& operator[](int index) { return *clients_[static_cast<std::size_t>(index)]; }
  int size() const { return static_cast<int>(clients_.size()); }
  /// Turns until nothing was received for `quiet`, at most for `limit`.
  void wait_for_quiet(std::chrono::milliseconds quiet, std::chrono::milliseconds limit);
  /// </stream:stream> from everybody; waits until all are gone.
  void log_out();

  void ready(Client& client) override;
  void received(Client& client, std::string_view stanza) override;
  void acknowledged(Client& client, std::uint32_t count) override;
  void ended(Client& client, const std::string& why) override;

 private:
  void connect_next();
  EventLoop& loop_;
  const Options& options_;
  const Options other_;
  OnStanza on_stanza_;
  OnAcknowledged on_acknowledged_;
  std::function<std::string(int account)> opening_;
  std::vector<std::unique_ptr<Client>> clients_;
  int wanted_ = 0, connecting_ = 0, ready_ = 0, gone_ = 0;
  bool with_presence_ = false;
  Clock::time_point last_stanza_{};
};

/// Prints and exits with status 1.
[[noreturn]] void give_up(const std::string& why);

}  // namespace aldis::load
