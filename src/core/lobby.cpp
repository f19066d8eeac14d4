// Accepting, budgets, and one Stranger for each connection.
#include "core/lobby.h"

#include <utility>

#include "core/stranger.h"

namespace aldis {

const TlsContexts& AllTlsContexts::of(const Entrance& entrance) const {
  const auto own = entrance.profile ? of_profiles.find(*entrance.profile) : of_profiles.end();
  return own != of_profiles.end() ? own->second->of_kind(entrance) : of_kind(entrance);
}

const TlsContexts& AllTlsContexts::of_kind(const Entrance& entrance) const {
  const bool asks = entrance.certificates != CertificateUse::off;
  const TlsContexts& wanted = entrance.allow_integrity_only ? (asks ? integrity_only_too_with_certificates : integrity_only_too)
                                                            : (asks ? usual_with_certificates : usual);
  const TlsContexts& without = entrance.allow_integrity_only ? integrity_only_too : usual;
  return wanted.direct != nullptr ? wanted : without;   // no domain uses certificates
}

Lobby::Lobby(World& world, Shard& shard, Authenticator& authenticator, std::string default_domain, LobbyConfig config)
    : world_(world),
      shard_(shard),
      authenticator_(authenticator),
      default_domain_(std::move(default_domain)),
      config_(config),
      admission_(world.random, admission_limits(config)),
      memory_(world, shard),
      certificate_watch_(world, shard) {
  memory_.set_limit(config_.memory_limit);
  certificate_watch_.set_interval(config_.certificate_check);
  certificate_watch_.start();
}

Lobby::~Lobby() = default;

void Lobby::open(std::unique_ptr<net::Listener> listener, Entrance entrance) {
  listener->start(shard_, [this](const net::PeerAddress& peer) { return admit(peer); },
                  [this, entrance](std::unique_ptr<net::Transport> transport) { receive(std::move(transport), entrance); });
  listeners_.push_back(std::move(listener));
}

bool Lobby::admit(const net::PeerAddress& peer) {
  if (memory_.refuses_strangers()) {  // strangers first: people at work keep what they have
    log_connection_refused(peer, "memory_limit");
    return false;
  }
  return admission_.admit(peer, shard_.clock().now());
}

void Lobby::receive(std::unique_ptr<net::Transport> transport, Entrance entrance) {
  if (is_closed_) {
    return;
  }
  const Id id = ++next_id_;
  auto stranger = std::make_unique<Stranger>(*this, id, std::move(transport), entrance);
  Stranger& added = *stranger;
  admission_.enter(added.source());
  strangers_.emplace(id, std::move(stranger));
  added.start();
}

Lobby::Stranger* Lobby::find(Id id) const {
  const auto found = strangers_.find(id);
  return found == strangers_.end() ? nullptr : found->second.get();
}

void Lobby::forget(Id id) {
  const auto found = strangers_.find(id);
  if (found == strangers_.end()) {
    return;
  }
  std::unique_ptr<Stranger> gone = std::move(found->second);
  strangers_.erase(found);
  admission_.leave(gone->source());
  shard_.post([owned = std::move(gone)] {});  // not under the feet of its own callback
}

void Lobby::close() {
  is_closed_ = true;
  for (const auto& listener : listeners_) {
    listener->stop();
  }
  std::vector<Id> ids;
  for (const auto& [id, stranger] : strangers_) {
    ids.push_back(id);
  }
  for (const Id id : ids) {
    if (Stranger* stranger = find(id)) {
      stranger->shut_down();
    }
  }
}

}  // namespace aldis
