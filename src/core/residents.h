// Residents: those of one shard (core/resident.h), by their bare addresses: makes them, lets what arrives wait while they are
// read, and lets them go. A part of Home.
#pragma once
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/resident.h"
#include "base/clock.h"
#include "base/keyed_hash.h"

namespace aldis {

class Residents {
 public:
  explicit Residents(Home& home) : home_(home) {}
  Residents(const Residents&) = delete;
  Residents& operator=(const Residents&) = delete;

  // For an address of a domain that has a factory.
  void deliver(Envelope envelope, const VirtualHost& host);
  // The one at this address, made if it was not there; runs when it has been read. Does nothing when too many are being read,
  // but for calling `refused`.
  using Work = std::function<void(Resident&)>;
  void with(const BareJid& address, const VirtualHost& host, Work work, std::function<void()> refused);
  // Those at the domain's addresses that are in memory, each in its turn.
  void for_each_of(std::string_view domain, const Work& work);
  // Null: not in memory, or still being read.
  [[nodiscard]] Resident* find(std::string_view address) const;
  void on_gone(const std::string& address, SessionId session);
  void forget(const std::string& address);   // Resident::forget, if it is there
  // One that has come to rest by itself: leaves memory if there is no such thing.
  void look_at(const std::string& address);

  // Those where nobody has been for account_idle; all where nobody is.
  void sweep();
  void relieve_memory();
  void shut_down();
  [[nodiscard]] Task<void> suspend();
  // The sessions of these clients of this server, in their order; none: it is not there.
  [[nodiscard]] Task<std::vector<SessionId>> sessions_of(std::vector<FullJid> clients) const;
  [[nodiscard]] bool is_quiet() const;   // nothing is under way in any
  [[nodiscard]] bool empty() const { return places_.empty(); }
  [[nodiscard]] std::size_t size() const { return places_.size(); }
  [[nodiscard]] std::size_t memory() const;

 private:
  struct Place {
    std::unique_ptr<Resident> resident;
    std::deque<Work> inbox;   // while it is read, or at work
    bool is_loading = true;
    bool is_working = false;
    Monotonic idle_since{};   // as the last sweep saw it; zero: it was not idle
  };
  using Places = std::unordered_map<std::string, Place, KeyedStringHash, std::equal_to<>>;
  // Null: too many are being read.
  Place* place(std::string_view address, const VirtualHost& host);
  Task<void> load(std::string address);
  void work(const std::string& address, Place& place);

  Home& home_;
  Places places_;
  std::size_t loading_ = 0;
};

}  // namespace aldis
