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

namespace {

// The choice of one kind; nothing where it cannot be: only `modern` has suites that do not encrypt.
std::optional<tls::TlsChoice> choice_of(const TlsKind& kind, const tls::TlsChoice& server) {
  tls::TlsChoice choice = kind.profile ? tls::TlsChoice{.profile = *kind.profile} : server;
  return kind.is_readable && choice.profile != tls::TlsProfile::modern ? std::nullopt : std::optional(std::move(choice));
}

Result<std::shared_ptr<const tls::TlsContext>> make_client(const TlsKind& kind, const tls::TlsChoice& choice,
                                                           const std::vector<tls::Certificate>& certificates) {
  tls::ClientPolicy policy;
  policy.profile = choice.profile;
  policy.groups = groups_of(choice);
  policy.signature_algorithms = signature_algorithms_of(choice);
  policy.allow_integrity_only = kind.is_readable;
  policy.verify = false;   // PeerTrust judges what was shown, with all that is known of the peer
  policy.certificates = certificates;
  policy.ask_for_staple = true;
  if (kind.is_direct) {
    policy.alpn = {"xmpp-server"};
  }
  return tls::TlsContext::client(policy);
}

Result<std::shared_ptr<const tls::TlsContext>> make_server(const TlsKind& kind, const tls::TlsChoice& choice,
                                                           const std::vector<tls::TlsContext::Host>& hosts) {
  tls::TlsPolicy policy;
  policy.profile = choice.profile;
  policy.groups = choice.groups;
  policy.signature_algorithms = choice.signature_algorithms;
  policy.request_client_certificate = true;
  policy.allow_integrity_only = kind.is_readable;
  if (kind.is_direct) {
    policy.alpn = {"xmpp-server"};
  }
  return tls::TlsContext::server(policy, hosts);
}

// Every kind of these profiles, into `all`.
template <class Make>
Result<void> make_kinds(TlsByKind& all, const std::set<std::optional<tls::TlsProfile>>& profiles, const tls::TlsChoice& server, const Make& make) {
  for (const std::optional<tls::TlsProfile>& profile : profiles) {
    for (const auto& [is_direct, is_readable] : {std::pair{false, false}, {true, false}, {false, true}, {true, true}}) {
      const TlsKind kind{is_direct, is_readable, profile};
      const auto choice = choice_of(kind, server);
      if (!choice) {
        continue;
      }
      auto made = make(kind, *choice);
      if (!made) {
        return fail(made.error());
      }
      all.emplace(kind, std::move(*made));
    }
  }
  return {};
}

}  // namespace

Result<PeerTlsContexts> make_peer_contexts(const std::vector<FederationListener>& listeners, const FederationTls& tls) {
  PeerTlsContexts contexts;
  std::vector<tls::TlsContext::Host> hosts;
  std::set<std::optional<tls::TlsProfile>> of_calls{std::nullopt};
  of_calls.insert(tls.peer_profiles.begin(), tls.peer_profiles.end());
  for (const auto& [domain, certificates] : tls.domains) {
    HostTls host;
    host.has_certificate = !certificates.empty();
    const auto make = [&](const TlsKind& kind, const tls::TlsChoice& choice) { return make_client(kind, choice, certificates); };
    if (auto made = make_kinds(host.client, of_calls, tls.choice, make); !made) {
      return fail(made.error());
    }
    contexts.hosts.emplace(domain, std::move(host));
    if (!certificates.empty()) {
      hosts.push_back({.domain = domain, .certificates = certificates});
    }
  }
  const auto has = [&](auto is_wanted) { return std::ranges::any_of(listeners, is_wanted); };
  const auto of_components = std::ranges::find_if(listeners, [](const FederationListener& listener) { return listener.is_for_components && listener.is_direct_tls; });
  if (of_components != listeners.end()) {
    const tls::TlsChoice choice = tls::choice_for(of_components->profile, tls.choice);
    tls::TlsPolicy policy;
    policy.profile = choice.profile;
    policy.groups = choice.groups;
    policy.signature_algorithms = choice.signature_algorithms;
    auto made = hosts.empty() ? fail(ErrorKind::not_found, "no domain has a certificate, and the components' listener has TLS")
                              : tls::TlsContext::server(policy, hosts);
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
  std::set<std::optional<tls::TlsProfile>> of_listeners;
  for (const FederationListener& listener : listeners) {
    of_listeners.insert(to_profile(listener.profile));
  }
  const auto make = [&](const TlsKind& kind, const tls::TlsChoice& choice) { return make_server(kind, choice, hosts); };
  if (auto made = make_kinds(contexts.server, of_listeners, tls.choice, make); !made) {
    return fail(made.error());
  }
  return contexts;
}

Result<void> Federation::start() {
  auto contexts = make_peer_contexts(config_.listeners, config_.tls);
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
                                         PeerTrust(config_.anchors, config_.folder, config_.table.revocation, config_.revocation),
                                         std::move(config_.dialback_secret), config_.table);
    components_ = std::make_unique<ComponentTable>(world_, *shard_, *table_, std::move(config_.components), config_.component_table);
    components_->set_tls(contexts->components);
    table_->set_tls(std::move(*contexts));
    if (config_.revocation != nullptr) {
      revocation_workers_ = std::make_unique<WorkerPool>(WorkerPool::Options{.threads = 2, .queue = 256, .name = "peer-revocation"});
      revocation_ = std::make_unique<PooledRevocation>(
          config_.revocation, *revocation_workers_, shard_->clock(),
          net::RevocationFetchOptions{.allow_private = config_.lookup.filter.private_network, .crl_deadline = std::chrono::seconds(10)});
      revocation_->ask_again_after(config_.revocation_refresh);
      table_->certificates().set_revocation(revocation_.get());
    }
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
      const FederationListener& listener = config_.listeners[i];
      if (listener.is_for_components) {
        components_->open(std::move(listeners_[i]), listener.is_direct_tls);
      } else {
        table_->open(std::move(listeners_[i]), {.is_direct = listener.is_direct_tls, .profile = to_profile(listener.profile)});
      }
    }
    listeners_.clear();
    spawn(table_->start());
  });
}

Result<void> Federation::apply_certificates(const FederationTls& tls) {
  auto contexts = make_peer_contexts(config_.listeners, tls);
  if (!contexts) {
    return fail(contexts.error());
  }
  shard_->post([this, made = std::move(*contexts)]() mutable {
    components_->set_tls(made.components);
    table_->set_tls(std::move(made));
  });
  return {};
}

void Federation::apply(PeerTableOptions options, std::chrono::seconds revocation_refresh) {
  shard_->post([this, options, revocation_refresh] {
    table_->configure(options);
    if (revocation_ != nullptr) {
      revocation_->ask_again_after(revocation_refresh);
    }
  });
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
  // Nothing new is fetched; who waits for what is under way is answered while the shard still runs.
  on_shard([this] {
    if (table_ != nullptr) {
      table_->certificates().set_revocation(nullptr);
    }
  });
  revocation_workers_.reset();
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
