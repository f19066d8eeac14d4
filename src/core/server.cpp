// Building, starting and stopping the whole.
#include "core/server.h"

#include <pthread.h>

#include <algorithm>
#include <future>

#include "auth/local_credentials.h"
#include "base/log.h"
#include "core/virtual_host.h"
#include "runtime/background.h"

namespace aldis {

Server::Server(ServerConfig config, Stores stores, const Clock& clock, Random& random)
    : config_(std::move(config)),
      world_(clock, random, stores),
      auth_config_(std::make_shared<const AuthConfig>(config_.live.auth)),
      workers_({.threads = 1, .queue = 4096, .name = "derivation"}),
      derivation_(std::make_unique<PooledKeyDerivation>(workers_, std::chrono::milliseconds(20'000))),
      lobby_shard_(std::make_unique<Shard>(clock, ShardOptions{.index = 255, .name = "lobby"})),
      own_certificates_(stores.certificates, stores.accounts),
      certificate_directory_(own_certificates_, config_.directories),
      certificate_judge_(certificate_directory_, clock),
      revocation_workers_({.threads = config_.revocation != nullptr ? 2U : 0U, .queue = 256, .name = "revocation"}),
      revocation_(config_.revocation, revocation_workers_, clock) {
  ensure(!config_.domains.empty(), "a server serves a domain");
  world_.set_config(config_.live.core);
  world_.policy.set_positions(config_.live.positions);
  world_.policy.set_peers(config_.live.peers);
  world_.policy.set_groups([this](const Jid& who, const GroupName& group) { return world_.is_in_group(who, group); });
  const CoreConfig& core = config_.live.core;
  world_.stanza_limits.stanza_bytes = core.stanza_bytes.size();
  world_.stanza_limits.depth = core.stanza_depth;
  world_.stanza_limits.elements = core.stanza_elements;
  world_.stanza_limits.attributes = core.stanza_attributes;
  const std::size_t count =
      config_.shards != 0 ? config_.shards : std::max<std::size_t>(1, std::thread::hardware_concurrency());
  ensure(count < 255, "shards are numbered in a byte");
  for (std::size_t i = 0; i < count; ++i) {
    shards_.push_back(std::make_unique<Shard>(clock, ShardOptions{.index = i, .name = "shard" + std::to_string(i)}));
    world_.homes.push_back(std::make_unique<Home>(world_, *shards_.back(), static_cast<std::uint8_t>(i)));
  }
  own_credentials_ = std::make_unique<LocalCredentials>(stores.accounts);
  credentials_ = std::make_unique<DirectoryAccounts>(world_, *own_credentials_, config_.directories);
  world_.directories = credentials_.get();
  for (const auto& [domain, directory] : credentials_->directories()) {
    directory_watches_.push_back(std::make_unique<DirectoryWatch>(world_, *lobby_shard_, *credentials_, domain));
    if (directory->groups_refresh()) {
      group_watches_.push_back(std::make_unique<GroupWatch>(world_, *lobby_shard_, *directory, domain));
    }
  }
  failures_ = std::make_unique<LoginFailureCounters>(config_.live.auth, stores.login_failures, clock);
  tokens_ = std::make_unique<ClientTokens>(config_.live.auth, stores.tokens, config_.token_key, random, clock);
  authenticator_ = std::make_unique<Authenticator>(config_.live.auth, *credentials_, *failures_, *derivation_, stores.settings,
                                                   *tokens_, random, clock);
  authenticator_->accept_tickets(config_.live.tickets, workers_for(config_.live.tickets));
  administration_ = std::make_unique<Administration>(world_, *derivation_, *failures_, *lobby_shard_,
                                                     [this] { return auth_config(); });
  world_.administration = administration_.get();
  certificate_judge_.configure(config_.live.certificates);
  if (config_.revocation != nullptr) {
    certificate_judge_.set_revocation(&revocation_);
  }
  world_.certificates = &certificate_judge_;
  for (const ServedDomain& domain : config_.domains) {
    auto host = std::make_unique<VirtualHost>(domain.name);
    host->set_administrators({domain.administrators.begin(), domain.administrators.end()}, domain.administrator_groups);
    host->see_other_host = domain.see_other_host;
    for (const InstalledExtension& extension : domain.extensions) {
      host->install(*extension.entry, world_, extension.config);
    }
    world_.hosts.emplace(std::string(domain.name.domain()), std::move(host));
  }
  for (const auto& [domain, directory] : credentials_->directories()) {
    if (const auto host = world_.hosts.find(domain); host != world_.hosts.end()) {
      host->second->expects_groups = directory->groups_refresh().has_value();
    }
  }
  // Who names no domain is taken for a user of the first that has any.
  const auto first = std::ranges::find_if(config_.domains, [&](const ServedDomain& domain) { return world_.find_host(domain.name.domain())->has_accounts; });
  const ServedDomain& usual = first != config_.domains.end() ? *first : config_.domains.front();
  lobby_ = std::make_unique<Lobby>(world_, *lobby_shard_, *authenticator_, std::string(usual.name.domain()),
                                   config_.live.lobby);
  lobby_->set_connection_limits(
      {.write_queue_bytes = static_cast<std::uint32_t>(core.write_queue.count),
       .stop_reading_bytes = static_cast<std::uint32_t>(core.write_queue.count / 4)});
}

Server::~Server() {
  ensure(!is_running_, "a server is stopped before it goes");
  for (const auto& [domain, directory] : credentials_->directories()) {
    directory->stop();
  }
  ticket_workers_.reset();
  // What the ends of sessions have posted refers to homes and the lobby, and homes refer to their shards' timers.
  for (const auto& shard : shards_) {
    static_cast<void>(shard->run_ready());
  }
  static_cast<void>(lobby_shard_->run_ready());
  lobby_.reset();
  world_.homes.clear();
}

WorkerPool* Server::workers_for(const TicketAcceptors& tickets) {
  if (ticket_workers_ == nullptr && !tickets.empty()) {
    ticket_workers_ = std::make_unique<WorkerPool>(WorkerPool::Options{.threads = 2, .queue = 1024, .name = "kerberos"});
  }
  return ticket_workers_.get();
}

bool Server::needs_tls() const {
  return std::any_of(config_.listeners.begin(), config_.listeners.end(),
                     [](const ListenerConfig& listener) { return listener.entrance.tls != stream::TlsMode::none; });
}

Result<AllTlsContexts> Server::make_contexts(const DomainCertificates& domains, const std::string& client_authorities,
                                             const tls::TlsChoice& choice) const {
  std::vector<Entrance> entrances;
  for (const ListenerConfig& listener : config_.listeners) {
    entrances.push_back(listener.entrance);
  }
  return make_listener_contexts(entrances, domains, client_authorities, choice);
}

// Runs a coroutine on a shard that has no thread yet, or whose thread is another, and waits for it here.
template <class F>
void Server::wait_on(Shard& shard, F work) {
  std::promise<void> done;
  std::future<void> finished = done.get_future();
  shard.post([&] {
    spawn([](F& todo, std::promise<void>& promise) -> Task<void> {
      co_await todo();
      promise.set_value();
    }(work, done));
  });
  finished.wait();
}

Result<void> Server::start() {
  AllTlsContexts contexts;
  if (needs_tls()) {
    DomainCertificates domains;
    for (const ServedDomain& domain : config_.domains) {
      domains.emplace_back(std::string(domain.name.domain()), domain.certificates);
    }
    auto made = make_contexts(domains, client_authorities(config_.live.certificates), config_.tls);
    if (!made) {
      return fail(made.error());
    }
    contexts = std::move(*made);
  }
  std::vector<std::unique_ptr<net::Listener>> listeners;
  for (const ListenerConfig& listener : config_.listeners) {
    auto opened = net::Listener::open({.address = listener.address});
    if (!opened) {
      return fail(opened.error());
    }
    addresses_.push_back((*opened)->address());
    if (listener.entrance.allow_integrity_only) {  // security T08: never by accident
      log::warning("audit-integrity-only-allowed", {{"address", listener.address.ip_str()},
                                                    {"port", (*opened)->address().port}});
    }
    listeners.push_back(std::move(*opened));
  }
  const auto run = [](Shard& shard) {
    ::pthread_setname_np(::pthread_self(), shard.name().substr(0, 15).c_str());
    shard.run();
  };
  for (const auto& shard : shards_) {
    threads_.emplace_back(run, std::ref(*shard));
  }
  threads_.emplace_back([run, this] {
    wake_behind_others();
    run(*lobby_shard_);
  });
  is_running_ = true;
  Result<void> ready;
  wait_on(*lobby_shard_, [&]() -> Task<void> {
    ready = co_await authenticator_->start();
    if (ready) {
      ready = co_await failures_->load();
    }
    if (ready) {
      ready = co_await load_archive_ids(world_);
    }
  });
  if (!ready) {
    static_cast<void>(stop(std::chrono::milliseconds(1000)));
    return ready;
  }
  wait_on(*lobby_shard_, [&] { return restore_sessions(); });
  wait_on(*lobby_shard_, [&] { return learn_groups(); });
  wait_on(*lobby_shard_, [&] { return revive_rooms(); });
  world_.homes.front()->shard().post([this] { world_.homes.front()->start_periodic_work(); });
  lobby_shard_->post([this, contexts, opened = std::move(listeners)]() mutable {
    lobby_->set_tls(std::move(contexts));
    for (std::size_t i = 0; i < opened.size(); ++i) {
      lobby_->open(std::move(opened[i]), config_.listeners[i].entrance);
    }
    for (const auto& watch : directory_watches_) {
      watch->start();
    }
  });
  return {};
}

// Before anybody can connect: who comes back finds the session there.
Task<void> Server::restore_sessions() {
  constexpr std::size_t at_a_time = 100;
  std::size_t restored = 0;
  for (;;) {
    Result<std::vector<SuspendedSession>> taken = co_await world_.stores.sessions.take(at_a_time);
    if (!taken) {
      log::warning("sessions-not-restored", {{"cause", taken.error().what}});
      break;
    }
    std::vector<Completion<bool>> waiting;
    for (SuspendedSession& session : *taken) {
      const Completion<bool>& done = waiting.emplace_back();
      Home& home = world_.home_of(session.owner.str());
      home.shard().post([&home, done, moved = std::move(session)]() mutable {
        spawn([](Home& there, SuspendedSession record, Completion<bool> told) -> Task<void> {
          const bool is_there = co_await there.restore(std::move(record));
          told.complete(is_there);
        }(home, std::move(moved), done));
      });
    }
    bool any = false;
    for (const Completion<bool>& done : waiting) {
      const bool is_there = co_await done;
      any = any || is_there;
      restored += is_there ? 1U : 0U;
    }
    if (!any) {  // none are left, or none can be had now
      break;
    }
  }
  if (restored != 0) {
    log::info("sessions-restored", {{"count", std::to_string(restored)}});
  }
}

// Before anybody can connect, if it takes no longer: who comes back to a roster of thousands by groups finds them there, and need not be told
// one by one.
Task<void> Server::learn_groups() {
  std::vector<Completion<bool>> waiting;
  for (const auto& watch : group_watches_) {
    spawn([](GroupWatch& one, Completion<bool> done) -> Task<void> {
      co_await one.start(std::chrono::seconds(5));
      done.complete(true);
    }(*watch, waiting.emplace_back()));
  }
  for (const Completion<bool>& done : waiting) {
    static_cast<void>(co_await done);
  }
}

// Those where somebody was who may be back: they tell of who is not, so that nobody is a ghost there. Others are read when they are
// asked for.
Task<void> Server::revive_rooms() {
  constexpr std::size_t at_a_time = 100;
  for (std::string after;;) {
    const Result<std::vector<BareJid>> rooms = co_await world_.stores.rooms.rooms_with_occupants(after, at_a_time);
    if (!rooms) {
      log::warning("rooms-not-revived", {{"cause", rooms.error().what}});
      co_return;
    }
    if (rooms->empty()) {
      co_return;
    }
    after = rooms->back().str();
    std::vector<Completion<bool>> waiting;
    for (const BareJid& room : *rooms) {
      const VirtualHost* host = world_.find_host(room.domain());
      if (host == nullptr || !host->residents) {
        continue;
      }
      Home& home = world_.home_of(room.str());
      home.shard().post([&home, host, room, done = waiting.emplace_back()] {
        home.residents().with(room, *host, [done](Resident&) { done.complete(true); }, [done] { done.complete(false); });
      });
    }
    for (const Completion<bool>& done : waiting) {
      static_cast<void>(co_await done);
    }
  }
}

void Server::apply(LiveConfig live) {
  world_.set_config(live.core);
  world_.policy.set_positions(live.positions);
  world_.policy.set_peers(live.peers);
  std::atomic_store(&auth_config_, std::make_shared<const AuthConfig>(live.auth));
  for (const auto& [domain, administrators] : live.administrators) {
    if (const auto host = world_.hosts.find(domain); host != world_.hosts.end()) {
      const auto groups = live.administrator_groups.find(domain);
      host->second->set_administrators({administrators.begin(), administrators.end()},
                                       groups != live.administrator_groups.end() ? groups->second : std::vector<GroupName>{});
    }
  }
  WorkerPool* const ticket_workers = workers_for(live.tickets);
  lobby_shard_->post([this, live = std::move(live), ticket_workers] {
    lobby_->configure(live.lobby);
    authenticator_->configure(live.auth);
    authenticator_->accept_tickets(live.tickets, ticket_workers);
    failures_->configure(live.auth);
    certificate_judge_.configure(live.certificates);
  });
}

Result<void> Server::apply_certificates(const DomainCertificates& domains, const std::string& authorities, const tls::TlsChoice& choice) {
  if (!needs_tls()) {
    return {};
  }
  auto contexts = make_contexts(domains, authorities, choice);
  if (!contexts) {
    return fail(contexts.error());
  }
  lobby_shard_->post([this, made = std::move(*contexts)]() mutable {
    lobby_->set_tls(std::move(made));
  });
  return {};
}

bool Server::wait_until_quiet(Monotonic until, bool (Home::*is_quiet)() const) {
  for (;;) {
    bool quiet = true;
    const auto ask = [&](Shard& shard, auto question) {
      std::promise<bool> told;
      std::future<bool> answer = told.get_future();
      shard.post([&] { told.set_value(question()); });
      quiet = answer.get() && quiet;
    };
    for (const auto& home : world_.homes) {
      ask(home->shard(), [&] { return (home.get()->*is_quiet)(); });
    }
    ask(*lobby_shard_, [&] { return lobby_->size() == 0 && std::ranges::all_of(directory_watches_, [](const auto& watch) { return watch->is_quiet(); }) &&
                            std::ranges::all_of(group_watches_, [](const auto& watch) { return watch->is_quiet(); }); });
    if (quiet || std::chrono::steady_clock::now() >= until) {
      return quiet;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

bool Server::on_every_home(Monotonic until, Task<void> (Home::*step)()) {
  std::vector<std::future<void>> finished;
  for (const auto& home : world_.homes) {
    auto done = std::make_shared<std::promise<void>>();
    finished.push_back(done->get_future());
    home->shard().post([here = home.get(), step, done] {
      spawn([](Home& there, Task<void> (Home::*todo)(), std::shared_ptr<std::promise<void>> told) -> Task<void> {
        co_await (there.*todo)();
        told->set_value();
      }(*here, step, done));
    });
  }
  return std::all_of(finished.begin(), finished.end(),
                     [&](auto& each) { return each.wait_until(until) == std::future_status::ready; });
}

bool Server::stop(std::chrono::milliseconds deadline) {
  if (!is_running_) {
    return true;
  }
  const Monotonic until = std::chrono::steady_clock::now() + deadline;
  const StreamError shutdown{.condition = StreamCondition::system_shutdown};
  lobby_shard_->post([this] {
    lobby_->close();
    credentials_->stop();
    for (const auto& watch : directory_watches_) {
      watch->stop();
    }
    for (const auto& watch : group_watches_) {
      watch->stop();
    }
  });
  // Rooms first, while everybody can still be told.
  const Monotonic soon = std::chrono::steady_clock::now() + std::min(deadline / 4, std::chrono::milliseconds(500));
  if (on_every_home(soon, &Home::shut_down_residents)) {
    static_cast<void>(wait_until_quiet(soon, &Home::has_quiet_residents));
  }
  for (const auto& home : world_.homes) {
    home->shard().post([&home, shutdown] {
      home->stop_periodic_work();
      home->suspend_all(shutdown, "the server is shutting down");
    });
  }
  // Half of the time for what is under way, the rest for writing sessions down.
  const Monotonic half = until - deadline / 2;
  static_cast<void>(wait_until_quiet(half, &Home::is_quiet_but_for_suspended));
  if (on_every_home(half, &Home::suspend_residents)) {
    static_cast<void>(wait_until_quiet(half, &Home::is_quiet_but_for_suspended));
  }
  if (before_saving_) {
    before_saving_(until);
  }
  const bool is_saved = on_every_home(until, &Home::save_suspended) && on_every_home(until, &Home::leave_suspended);
  const bool is_quiet = is_saved && wait_until_quiet(until, &Home::is_quiet);
  for (const auto& shard : shards_) {
    shard->stop();
  }
  lobby_shard_->stop();
  for (std::thread& thread : threads_) {
    thread.join();
  }
  threads_.clear();
  is_running_ = false;
  if (!is_quiet) {
    // What still waits on a store holds references; the process is about to end, so it is left alone.
    log::warning("stop-incomplete", {});
    for (auto& home : world_.homes) {
      static_cast<void>(home.release());
    }
  }
  return is_quiet;
}

}  // namespace aldis
