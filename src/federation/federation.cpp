// Start and end of what speaks with other servers.
#include "federation/federation.h"

#include <pthread.h>

#include <algorithm>
#include <future>

#include "base/log.h"

namespace aldis::federation {

Federation::Federation(World& world, FederationConfig config, const Clock& clock)
    : world_(world),
      config_(std::move(config)),
      shard_(std::make_unique<Shard>(clock, ShardOptions{.index = 254, .name = "federation"})) {}

Federation::~Federation() { stop(); }

// Runs the work on the shard and waits for what it gives.
template <class F>
auto Federation::on_shard(F work) {
  using T = std::invoke_result_t<F&>;
  std::promise<T> done;
  std::future<T> told = done.get_future();
  shard_->post([&] {
    if constexpr (std::is_void_v<T>) {
      work();
      done.set_value();
    } else {
      done.set_value(work());
    }
  });
  return told.get();
}

Result<PeerTlsContexts> Federation::make_contexts(const DomainCertificates& domains) const {
  PeerTlsContexts contexts;
  std::vector<tls::TlsContext::Host> hosts;
  for (const auto& [domain, certificates] : domains) {
    HostTls host;
    host.has_certificate = !certificates.empty();
    for (const auto& [is_direct, is_readable] : {std::pair{false, false}, {true, false}, {false, true}, {true, true}}) {
      tls::ClientPolicy policy;
      policy.allow_integrity_only = is_readable;
      policy.verify = false;   // PeerTrust judges what was shown, with all that is known of the peer
      policy.certificates = certificates;
      policy.ask_for_staple = true;
      if (is_direct) {
        policy.alpn = {"xmpp-server"};
      }
      auto made = tls::TlsContext::client(policy);
      if (!made) {
        return fail(made.error());
      }
      (is_readable ? is_direct ? host.client_direct_readable : host.client_readable
                   : is_direct ? host.client_direct : host.client) = std::move(*made);
    }
    contexts.hosts.emplace(domain, std::move(host));
    if (!certificates.empty()) {
      hosts.push_back({.domain = domain, .certificates = certificates});
    }
  }
  const auto has = [&](auto is_wanted) { return std::ranges::any_of(config_.listeners, is_wanted); };
  if (has([](const FederationListener& listener) { return listener.is_for_components && listener.is_direct_tls; })) {
    auto made = hosts.empty() ? fail(ErrorKind::not_found, "no domain has a certificate, and the components' listener has TLS")
                              : tls::TlsContext::server({}, hosts);
    if (!made) {
      return fail(made.error());
    }
    contexts.components = std::move(*made);
  }
  if (!has([](const FederationListener& listener) { return !listener.is_for_components; })) {
    return contexts;
  }
  if (hosts.empty()) {
    return fail(ErrorKind::not_found, "no domain has a certificate, and a listener is for other servers");
  }
  for (const auto& [is_direct, is_readable] : {std::pair{false, false}, {true, false}, {false, true}, {true, true}}) {
    tls::TlsPolicy policy;
    policy.request_client_certificate = true;
    policy.allow_integrity_only = is_readable;
    if (is_direct) {
      policy.alpn = {"xmpp-server"};
    }
    auto made = tls::TlsContext::server(policy, hosts);
    if (!made) {
      return fail(made.error());
    }
    (is_readable ? is_direct ? contexts.server_direct_readable : contexts.server_readable
                 : is_direct ? contexts.server_direct : contexts.server) = std::move(*made);
  }
  return contexts;
}

Result<void> Federation::start() {
  auto contexts = make_contexts(config_.domains);
  if (!contexts) {
    return fail(contexts.error());
  }
  for (const FederationListener& listener : config_.listeners) {
    auto opened = net::Listener::open({.address = listener.address});
    if (!opened) {
      return fail(opened.error());
    }
    addresses_.push_back((*opened)->address());
    listeners_.push_back(std::move(*opened));
  }
  thread_ = std::thread([this] {
    ::pthread_setname_np(::pthread_self(), "federation");
    shard_->run();
  });
  const Result<void> made = on_shard([&]() -> Result<void> {
    auto resolver = net::Resolver::open(*shard_, config_.resolver);
    if (!resolver) {
      return fail(resolver.error());
    }
    resolver_ = std::move(*resolver);
    table_ = std::make_unique<PeerTable>(world_, *shard_, *resolver_, config_.lookup,
                                         PeerTrust(config_.anchors, config_.folder, tls::RevocationMode::off, nullptr),
                                         std::move(config_.dialback_secret), config_.table);
    components_ = std::make_unique<ComponentTable>(world_, *shard_, *table_, std::move(config_.components), config_.component_table);
    components_->set_tls(contexts->components);
    table_->set_tls(std::move(*contexts));
    return {};
  });
  if (!made) {
    stop();
    return made;
  }
  world_.abroad = components_.get();
  world_.policy.on_peers_changed([this](const policy::PeerRulesPtr& before, const policy::PeerRulesPtr& after) {
    if (before != nullptr && after != nullptr) {
      shard_->post([this, before, after] {
        table_->rules_changed(*before, *after);
        components_->rules_changed(*after);
      });
    }
  });
  return {};
}

void Federation::begin() {
  on_shard([&] {
    for (std::size_t i = 0; i < listeners_.size(); ++i) {
      if (config_.listeners[i].is_for_components) {
        components_->open(std::move(listeners_[i]), config_.listeners[i].is_direct_tls);
      } else {
        table_->open(std::move(listeners_[i]), config_.listeners[i].is_direct_tls);
      }
    }
    listeners_.clear();
    spawn(table_->start());
  });
}

Result<void> Federation::apply_certificates(const DomainCertificates& domains) {
  auto contexts = make_contexts(domains);
  if (!contexts) {
    return fail(contexts.error());
  }
  shard_->post([this, made = std::move(*contexts)]() mutable {
    components_->set_tls(made.components);
    table_->set_tls(std::move(made));
  });
  return {};
}

void Federation::apply(PeerTableOptions options) {
  shard_->post([this, options] { table_->configure(options); });
}

void Federation::apply(Components components, ComponentTableOptions options) {
  shard_->post([this, moved = std::move(components), options]() mutable { components_->configure(std::move(moved), options); });
}

bool Federation::close(Monotonic until) {
  if (!thread_.joinable()) {
    return true;
  }
  on_shard([this] {
    components_->close();
    table_->close();
  });
  while (!on_shard([this] { return components_->is_closed() && table_->is_closed(); })) {
    if (std::chrono::steady_clock::now() >= until) {
      log::warning("federation-close-incomplete");
      return false;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return true;
}

void Federation::stop() {
  if (!thread_.joinable()) {
    return;
  }
  world_.abroad = nullptr;
  on_shard([this] {
    components_.reset();
    table_.reset();
    resolver_.reset();
    listeners_.clear();
  });
  shard_->stop();
  thread_.join();
}

}  // namespace aldis::federation
