// Components and their streams.
#include "federation/component_table.h"

#include "base/log.h"
#include "base/metrics.h"
#include "core/home.h"
#include "core/router.h"
#include "core/virtual_host.h"

namespace aldis::federation {
namespace {
metrics::Gauge connected{"aldis_components_connected", "Components that are connected."};
metrics::Counter given_back{"aldis_component_stanzas_given_back_total", "Stanzas for components that were given back to their senders."};
}  // namespace

ComponentTable::ComponentTable(World& world, Shard& shard, Abroad& elsewhere, Components components, ComponentTableOptions options)
    : world_(world),
      shard_(shard),
      elsewhere_(elsewhere),
      components_(std::move(components)),
      options_(options),
      admission_(world.random, options.admission) {}

ComponentTable::~ComponentTable() { connected.set(0); }

void ComponentTable::open(std::unique_ptr<net::Listener> listener, bool is_direct_tls) {
  listener->start(shard_, [this](const net::PeerAddress& peer) { return admission_.admit(peer, shard_.clock().now()); },
                  [this, is_direct_tls](std::unique_ptr<net::Transport> transport) { receive(std::move(transport), is_direct_tls); });
  listeners_.push_back(std::move(listener));
}

void ComponentTable::receive(std::unique_ptr<net::Transport> transport, bool is_direct_tls) {
  if (is_closed_) {
    return;
  }
  const ComponentStream::Id id = ++last_id_;
  auto stream = std::make_unique<ComponentStream>(*this, id, std::move(transport), is_direct_tls);
  ComponentStream& added = *stream;
  streams_.emplace(id, std::move(stream));
  added.start();
}

// ---- out

void ComponentTable::send(Home& here, Envelope envelope) {
  if (!world_.is_component(envelope.stanza->to()->domain())) {
    elsewhere_.send(here, std::move(envelope));
    return;
  }
  shard_.post([this, moved = std::move(envelope)]() mutable { deliver(std::move(moved)); });
}

void ComponentTable::deliver(Envelope envelope) {
  if (ComponentStream* stream = find_open(envelope.stanza->to()->domain())) {
    stream->send(std::move(envelope));
  } else {
    give_back(std::move(envelope));
  }
}

// RFC 6120 section 8.3.3.16: the service is known, and communication with it cannot be had now; of type wait, because it may
// come back. A service-unavailable would say that nobody serves this address.
void ComponentTable::give_back(Envelope envelope) {
  given_back.add();
  world_.router.give_back(std::move(envelope), StanzaError(StanzaCondition::remote_server_timeout, "The component is not connected."));
}

void ComponentTable::look_after_flush(ComponentStream::Id id) {
  if (flushing_.empty() || flushing_.back() != id) {
    flushing_.push_back(id);
  }
  shard_.run_next_turn(*this);
}

void ComponentTable::on_next_turn() {
  for (const ComponentStream::Id id : std::exchange(flushing_, {})) {
    if (ComponentStream* stream = find(id)) {
      stream->after_flush();
    }
  }
}

// ---- streams

const SecretBytes* ComponentTable::secret_of(std::string_view domain) const {
  const auto found = components_.find(domain);
  return found == components_.end() || !world_.is_component(domain) ? nullptr : &found->second.secret;
}

bool ComponentTable::replaces(std::string_view domain) const {
  const auto found = components_.find(domain);
  return found != components_.end() && found->second.replaces;
}

ComponentStream* ComponentTable::find(ComponentStream::Id id) const {
  const auto found = streams_.find(id);
  return found == streams_.end() ? nullptr : found->second.get();
}

ComponentStream* ComponentTable::find_open(std::string_view domain) const {
  const auto found = open_.find(domain);
  return found == open_.end() ? nullptr : find(found->second);
}

void ComponentTable::opened(ComponentStream& stream) {
  open_.insert_or_assign(stream.domain(), stream.id());
  connected.set(static_cast<std::int64_t>(open_.size()));
}

void ComponentTable::closing(ComponentStream& stream) {
  const auto found = open_.find(stream.domain());
  if (found != open_.end() && found->second == stream.id()) {
    open_.erase(found);
    connected.set(static_cast<std::int64_t>(open_.size()));
  }
}

void ComponentTable::forget(ComponentStream& stream) {
  closing(stream);
  const auto found = streams_.find(stream.id());
  std::unique_ptr<ComponentStream> gone = std::move(found->second);
  streams_.erase(found);
  shard_.post([owned = std::move(gone)] {});  // not under the feet of its own callback
}

// ---- what the operator changes

void ComponentTable::configure(Components components, ComponentTableOptions options) {
  options_ = options;
  admission_.configure(options.admission);
  const Components before = std::exchange(components_, std::move(components));
  std::vector<ComponentStream*> changed;
  for (const auto& [id, stream] : streams_) {
    const auto old = before.find(stream->domain());
    const auto fresh = components_.find(stream->domain());
    if (old != before.end() && (fresh == components_.end() || !equal_constant_time(old->second.secret.bytes(), fresh->second.secret.bytes()))) {
      changed.push_back(stream.get());
    }
  }
  for (ComponentStream* stream : changed) {
    log::info("audit-component-changed", {{"component", stream->domain()}, {"what", "secret"}});
    stream->end({.condition = StreamCondition::reset, .text = "The configuration of this server has changed."});
  }
}

void ComponentTable::rules_changed(const policy::PeerRules& after) {
  std::vector<ComponentStream*> changed;
  for (const auto& [id, stream] : streams_) {
    if (stream->is_open() && *stream->rule() != *after.of(stream->domain())) {
      changed.push_back(stream.get());
    }
  }
  for (ComponentStream* stream : changed) {
    log::info("audit-component-changed", {{"component", stream->domain()}, {"what", "rule"}});
    stream->end({.condition = StreamCondition::reset, .text = "The configuration of this server has changed."});
  }
}

void ComponentTable::close() {
  is_closed_ = true;
  for (const auto& listener : listeners_) {
    listener->stop();
  }
  std::vector<ComponentStream*> all;
  for (const auto& [id, stream] : streams_) {
    all.push_back(stream.get());
  }
  for (ComponentStream* stream : all) {
    stream->end({.condition = StreamCondition::system_shutdown});
  }
}

std::vector<ComponentTable::Info> ComponentTable::list() const {
  std::vector<Info> all;
  for (const auto& [domain, settings] : components_) {
    Info info{.domain = domain};
    if (const ComponentStream* stream = find_open(domain)) {
      info.is_connected = true;
      info.address = stream->connection().peer().str();
      if (const tls::TlsEngine* engine = stream->connection().tls()) {
        const tls::TlsInfo tls = engine->info();
        info.tls = tls.version + " " + tls.cipher;
      }
      info.since = stream->since();
      info.taken = stream->taken();
      info.sent = stream->sent();
      info.waiting = stream->waiting();
    }
    all.push_back(std::move(info));
  }
  return all;
}

}  // namespace aldis::federation
