// What lives at addresses that are no accounts': loading, order, leaving memory.
#include "core/residents.h"

#include <algorithm>

#include "base/metrics.h"
#include "core/home.h"
#include "core/virtual_host.h"

namespace aldis {
namespace {
metrics::Counter loads_refused{"aldis_resident_loads_refused_total", "Stanzas refused because too many rooms were being read."};
}  // namespace

Residents::Place* Residents::place(std::string_view address, const VirtualHost& host) {
  if (const auto found = places_.find(address); found != places_.end()) {
    return &found->second;
  }
  if (loading_ >= home_.world().config()->loading_accounts) {  // security E06: invented names cost no memory without bound
    loads_refused.add();
    return nullptr;
  }
  const Result<BareJid, JidError> jid = BareJid::parse(address);
  const ResidentFactory& make = host.residents ? host.residents : host.beside_accounts;
  ensure(jid.has_value() && make, "what is routed to a resident is an address of a domain that has them");
  Place& made = places_[std::string(address)];
  made.resident = make(home_, host, *jid);
  ++loading_;
  home_.start_sweeping();
  home_.shard().post([this, key = std::string(address)] { spawn(load(key)); });   // behind what made it
  return &made;
}

void Residents::deliver(Envelope envelope, const VirtualHost& host) {
  const std::string address(envelope.stanza->to()->bare_str());
  Place* place = this->place(address, host);
  if (place == nullptr || place->inbox.size() >= home_.world().config()->inbox_stanzas) {
    home_.router().bounce(home_, envelope, StanzaError(StanzaCondition::resource_constraint));
    return;
  }
  place->inbox.push_back([moved = std::move(envelope)](Resident& resident) { resident.deliver(moved); });
  work(address, *place);
}

void Residents::with(const BareJid& address, const VirtualHost& host, Work work, std::function<void()> refused) {
  Place* place = this->place(address.str(), host);
  if (place == nullptr) {
    refused();
    return;
  }
  place->inbox.push_back(std::move(work));
  this->work(address.str(), *place);
}

void Residents::for_each_of(std::string_view domain, const Work& work) {
  std::vector<std::string> all;
  for (const auto& [address, place] : places_) {
    const std::size_t at = address.find('@');
    if (at != std::string::npos && std::string_view(address).substr(at + 1) == domain) {
      all.push_back(address);
    }
  }
  for (const std::string& address : all) {
    if (const auto found = places_.find(address); found != places_.end()) {
      found->second.inbox.push_back(work);
      this->work(address, found->second);
    }
  }
}

Resident* Residents::find(std::string_view address) const {
  const auto found = places_.find(address);
  return found == places_.end() || found->second.is_loading ? nullptr : found->second.resident.get();
}

void Residents::on_gone(const std::string& address, SessionId session) {
  const auto found = places_.find(address);
  if (found != places_.end()) {
    found->second.inbox.push_back([session](Resident& resident) { resident.on_gone(session); });
    work(address, found->second);
  }
}

void Residents::forget(const std::string& address) {
  const auto found = places_.find(address);
  if (found != places_.end()) {
    found->second.inbox.push_back([](Resident& resident) { resident.forget(); });
    work(address, found->second);
  }
}

Task<void> Residents::load(std::string address) {
  co_await places_.find(address)->second.resident->load();
  Place& place = places_.find(address)->second;   // one that is being read stays
  place.is_loading = false;
  --loading_;
  work(address, place);
}

void Residents::work(const std::string& address, Place& place) {
  if (place.is_loading || place.is_working) {
    return;
  }
  place.is_working = true;
  while (!place.inbox.empty()) {
    const Work next = std::move(place.inbox.front());
    place.inbox.pop_front();
    next(*place.resident);
  }
  place.is_working = false;
  if (place.resident->rest() == Resident::Rest::absent) {
    look_at(address);
  }
}

void Residents::look_at(const std::string& address) {
  home_.shard().post([this, address] {
    const auto found = places_.find(address);
    if (found != places_.end() && !found->second.is_loading && !found->second.is_working && found->second.inbox.empty() &&
        found->second.resident->rest() == Resident::Rest::absent) {
      places_.erase(found);
    }
  });
}

void Residents::sweep() {
  const Monotonic now = home_.now();
  const auto longest = home_.world().config()->account_idle;
  for (auto entry = places_.begin(); entry != places_.end();) {
    Place& place = entry->second;
    const Resident::Rest rest = place.is_loading || place.is_working ? Resident::Rest::busy : place.resident->rest();
    if (rest < Resident::Rest::idle) {
      place.idle_since = {};
    } else if (place.idle_since == Monotonic{}) {
      place.idle_since = now;
    }
    const bool goes = rest == Resident::Rest::absent || (rest == Resident::Rest::idle && now - place.idle_since >= longest);
    entry = goes ? places_.erase(entry) : std::next(entry);
  }
}

void Residents::relieve_memory() {
  std::erase_if(places_, [](const auto& entry) {
    const Place& place = entry.second;
    return !place.is_loading && !place.is_working && place.resident->rest() >= Resident::Rest::idle;
  });
}

void Residents::shut_down() {
  std::vector<std::string> all;
  for (const auto& [address, place] : places_) {
    all.push_back(address);
  }
  for (const std::string& address : all) {
    if (const auto found = places_.find(address); found != places_.end()) {
      found->second.inbox.push_back([](Resident& resident) { resident.shut_down(); });
      work(address, found->second);
    }
  }
}

Task<void> Residents::suspend() {
  constexpr std::size_t at_a_time = 100;
  std::vector<std::string> all;
  for (const auto& [address, place] : places_) {
    all.push_back(address);
  }
  for (std::size_t first = 0; first < all.size(); first += at_a_time) {
    std::vector<Completion<bool>> waiting;
    for (std::size_t i = first; i < std::min(all.size(), first + at_a_time); ++i) {
      if (Resident* resident = find(all[i])) {
        spawn([](Resident& there, Completion<bool> done) -> Task<void> {
          co_await there.suspend();
          done.complete(true);
        }(*resident, waiting.emplace_back()));
      }
    }
    for (const Completion<bool>& done : waiting) {
      static_cast<void>(co_await done);
    }
  }
}

Task<std::vector<SessionId>> Residents::sessions_of(std::vector<FullJid> clients) const {
  const World& world = home_.world();
  std::vector<std::vector<std::size_t>> by_home(world.homes.size());   // places in `clients`
  for (std::size_t i = 0; i < clients.size(); ++i) {
    by_home[world.home_of(clients[i].bare_str()).index()].push_back(i);
  }
  const auto all = std::make_shared<const std::vector<FullJid>>(std::move(clients));
  std::vector<SessionId> found(all->size(), SessionId::none);
  for (std::size_t index = 0; index < by_home.size(); ++index) {
    if (by_home[index].empty()) {
      continue;
    }
    const Completion<std::vector<SessionId>> done;
    Home& home = *world.homes[index];
    home.shard().post([&home, done, all, places = by_home[index]] {
      std::vector<SessionId> sessions;
      for (const std::size_t place : places) {
        const FullJid& client = (*all)[place];
        const Account* account = home.find_account(client.bare());
        const Session* session = account != nullptr ? account->find_session(client.resource()) : nullptr;
        sessions.push_back(session != nullptr && !session->is_ending() && !session->is_for_password() ? session->id() : SessionId::none);
      }
      done.complete(std::move(sessions));
    });
    const std::vector<SessionId> sessions = co_await done;
    for (std::size_t i = 0; i < sessions.size(); ++i) {
      found[by_home[index][i]] = sessions[i];
    }
  }
  co_return found;
}

bool Residents::is_quiet() const {
  return std::all_of(places_.begin(), places_.end(), [](const auto& entry) {
    const Place& place = entry.second;
    return !place.is_loading && !place.is_working && place.inbox.empty() && place.resident->rest() != Resident::Rest::busy;
  });
}

std::size_t Residents::memory() const {
  std::size_t bytes = places_.size() * (sizeof(Places::value_type) + 2 * sizeof(void*));
  for (const auto& [address, place] : places_) {
    bytes += address.capacity() + place.resident->memory();
  }
  return bytes;
}

}  // namespace aldis
