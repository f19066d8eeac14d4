// The in-memory world of scene tests.
#include "tests/support/scene.h"

#include "auth/local_credentials.h"
#include "xml/element.h"

namespace aldis::test {
namespace {

constexpr std::string_view client_header =
    "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>";

// What reached the server within its limits may leave it with a 'from' and a stanza-id more.
xml::Limits client_limits() {
  xml::Limits limits;
  limits.stanza_bytes += 8 * 1024;
  limits.elements += 1;
  limits.attributes += 4;
  return limits;
}

// Reads the header in the lobby's place and lets go of the connection.
class Opening final : public net::Connection::Owner {
 public:
  bool on_frame(net::Connection& connection, xml::Framer::Frame) override {
    connection.detach();
    return false;
  }
  void on_framing_error(net::Connection&, xml::XmlError) override {}
  void on_tls_established(net::Connection&) override {}
  void on_closed(net::Connection&, net::CloseReason, std::string_view) override {}
};

}  // namespace

// ---- Client

Client::Client(Scene& scene, std::string name, std::unique_ptr<MemoryTransport> transport, bool is_stranger)
    : scene_(scene), name_(std::move(name)), transport_(std::move(transport)), framer_(client_limits()) {
  if (!is_stranger) {  // the header is long past: the framer stands inside the stream
    std::string_view header = client_header;
    const auto opened = framer_.next(header);
    ensure(opened.has_value() && opened->has_value(), "the client's framer reads a header");
  }
}

Client::~Client() = default;

void Client::stops_reading() {
  reads_ = false;
  transport_->set_receive_capacity(16 * 1024);
}

std::size_t Client::reads_again() {
  reads_ = true;
  checks_bystander_ = false;
  collect();
  const std::size_t count = received_.size();
  received_.clear();
  return count;
}

void Client::reads_on() {
  reads_ = true;
  transport_->set_receive_capacity(1024 * 1024);
  scene_.run();
  collect();
}

void Client::collect() {
  if (!reads_) {
    return;
  }
  const std::string bytes = transport_->receive();
  std::string_view rest = bytes;
  while (!rest.empty()) {
    auto frame = framer_.next(rest);
    ASSERT_TRUE(frame.has_value()) << name_ << " received what is not XML: " << bytes;
    if (!*frame) {
      break;
    }
    const std::string text((*frame)->bytes);
    if ((*frame)->kind == xml::Framer::FrameKind::stream_close) {
      has_stream_closed_ = true;
    } else if (text.starts_with("<stream:error")) {
      stream_error_ = text;
    } else {
      // Security O4: everything the server emits is read again by a strict reader.
      if ((*frame)->kind == xml::Framer::FrameKind::stanza) {
        const xml::Scope scope{"jabber:client", {{"stream", "http://etherx.jabber.org/streams"}}};
        ASSERT_TRUE(xml::parse(text, scope, client_limits()).has_value()) << name_ << " received: " << text;
      }
      received_.push_back(text);
      if ((*frame)->kind == xml::Framer::FrameKind::stanza && text.find("<success") == 0) {
        framer_.reset();
      }
      if (text.find("<proceed") == 0) {
        framer_.reset();
      }
    }
  }
}

void Client::sends_without_running(std::string_view xml) { transport_->send(xml); }

void Client::sends(std::string_view xml) {
  transport_->send(xml);
  scene_.run();
  collect();
}

std::string Client::next(const std::source_location& where) {
  scene_.run();
  collect();
  if (received_.empty()) {
    ADD_FAILURE_AT(where.file_name(), static_cast<int>(where.line())) << name_ << " received nothing";
    return {};
  }
  std::string first = std::move(received_.front());
  received_.pop_front();
  return first;
}

std::string Client::receives(std::initializer_list<std::string_view> fragments, const std::source_location& where) {
  std::string stanza = next(where);
  for (const std::string_view fragment : fragments) {
    if (stanza.find(fragment) == std::string::npos) {
      ADD_FAILURE_AT(where.file_name(), static_cast<int>(where.line()))
          << name_ << " expected " << fragment << " and received " << stanza;
    }
  }
  return stanza;
}

std::string Client::receives_among(std::initializer_list<std::string_view> fragments, const std::source_location& where) {
  scene_.run();
  collect();
  for (auto it = received_.begin(); it != received_.end(); ++it) {
    bool holds_all = true;
    for (const std::string_view fragment : fragments) {
      holds_all = holds_all && it->find(fragment) != std::string::npos;
    }
    if (holds_all) {
      std::string stanza = std::move(*it);
      received_.erase(it);
      return stanza;
    }
  }
  std::string all;
  for (const std::string& stanza : received_) {
    all += "\n  " + stanza;
  }
  ADD_FAILURE_AT(where.file_name(), static_cast<int>(where.line()))
      << name_ << " expected " << *fragments.begin() << " ... among" << (all.empty() ? " nothing" : all);
  return {};
}

void Client::receives_error(std::string_view id, std::string_view condition, const std::source_location& where) {
  const std::string stanza = next(where);
  const bool is_right = stanza.find("type='error'") != std::string::npos &&
                        stanza.find("id='" + std::string(id) + "'") != std::string::npos &&
                        stanza.find("<" + std::string(condition) + " ") != std::string::npos;
  if (!is_right) {
    ADD_FAILURE_AT(where.file_name(), static_cast<int>(where.line()))
        << name_ << " expected error " << condition << " for " << id << " and received " << stanza;
  }
}

void Client::receives_nothing(const std::source_location& where) {
  scene_.run();
  collect();
  if (!received_.empty() || !stream_error_.empty()) {
    ADD_FAILURE_AT(where.file_name(), static_cast<int>(where.line()))
        << name_ << " expected nothing and received " << (received_.empty() ? stream_error_ : received_.front());
    received_.clear();
  }
}

void Client::is_closed_with(std::string_view condition, const std::source_location& where) {
  scene_.run();
  collect();
  const bool is_right = has_stream_closed_ && (condition.empty() ? stream_error_.empty()
                                                                 : stream_error_.find(condition) != std::string::npos);
  if (!is_right) {
    ADD_FAILURE_AT(where.file_name(), static_cast<int>(where.line()))
        << name_ << " expected the stream to end with " << condition << ", has " << stream_error_
        << (has_stream_closed_ ? " closed" : " open");
  }
  stream_error_.clear();
}

bool Client::is_closed() const { return has_stream_closed_ || transport_->peer_ended() || transport_->is_cut(); }

void Client::ignores_the_rest() {
  scene_.run();
  collect();
  received_.clear();
  stream_error_.clear();
}

std::size_t Client::waiting() {
  scene_.run();
  collect();
  return received_.size();
}

std::string Client::asks(std::string_view type, std::string_view to, std::string_view payload, const std::source_location& where) {
  const std::string id = "q" + std::to_string(++next_id_);
  std::string iq = "<iq type='" + std::string(type) + "' id='" + id + "'";
  if (!to.empty()) {
    iq += " to='" + std::string(to) + "'";
  }
  sends(iq + ">" + std::string(payload) + "</iq>");
  const std::string id_attribute = "id='" + id + "'";
  return receives_among({"type='result'", id_attribute}, where);
}

void Client::comes_online(int priority) {
  sends(priority == 0 ? "<presence/>" : "<presence><priority>" + std::to_string(priority) + "</priority></presence>");
  const std::string from = "from='" + jid_ + "'";
  static_cast<void>(receives_among({"<presence", from}));
}

void Client::wants_roster() { static_cast<void>(asks("get", "", "<query xmlns='jabber:iq:roster'/>")); }

void Client::cuts_the_line() {
  transport_->cut();
  checks_bystander_ = false;
  scene_.run();
}

// ---- Scene

Scene::Scene(SceneOptions options)
    : options_(std::move(options)),
      memory_(options_.answers) {
  const Stores stores = options_.wrap_stores ? options_.wrap_stores(memory_.stores()) : memory_.stores();
  world_ = std::make_unique<World>(clock_, random_, stores);
  world_->set_config(options_.core);
  for (std::size_t i = 0; i < options_.shards; ++i) {
    shards_.push_back(std::make_unique<Shard>(clock_, ShardOptions{.index = i, .scene = true, .name = "scene"}));
    world_->homes.push_back(std::make_unique<Home>(*world_, *shards_[i], static_cast<std::uint8_t>(i)));
  }
  credentials_ = std::make_unique<LocalCredentials>(stores.accounts);
  failures_ = std::make_unique<LoginFailureCounters>(options_.auth, stores.login_failures, clock_);
  tokens_ = std::make_unique<ClientTokens>(options_.auth, stores.tokens, SecretBytes(std::string_view("0123456789abcdef0123456789abcdef")),
                                           random_, clock_);
  authenticator_ = std::make_unique<Authenticator>(options_.auth, *credentials_, *failures_, derivation_, stores.settings,
                                                   *tokens_, random_, clock_);
  administration_ = std::make_unique<Administration>(*world_, derivation_, *failures_, shard(), [this] { return options_.auth; });
  world_->administration = administration_.get();
  certificate_directory_ = std::make_unique<StoreDirectory>(stores.certificates, stores.accounts);
  certificate_judge_ = std::make_unique<CertificateJudge>(*certificate_directory_, clock_);
  certificate_judge_->configure(options_.certificates);
  world_->certificates = certificate_judge_.get();
  for (const std::string& domain : options_.domains) {
    auto host = std::make_unique<VirtualHost>(*BareJid::parse(domain));
    if (options_.install) {
      options_.install(*host, *world_);
    } else {
      install_default_extensions(*host, *world_);
    }
    world_->hosts.emplace(domain, std::move(host));
  }
  for (const std::string& domain : options_.rooms) {
    auto host = std::make_unique<VirtualHost>(*BareJid::parse(domain));
    if (options_.install_rooms) {
      options_.install_rooms(*host, *world_);
    } else {
      install_default_room_extensions(*host, *world_);
    }
    world_->hosts.emplace(domain, std::move(host));
  }
  for (const std::string& domain : options_.pubsub) {
    auto host = std::make_unique<VirtualHost>(*BareJid::parse(domain));
    if (options_.install_pubsub) {
      options_.install_pubsub(*host, *world_);
    } else {
      install_default_pubsub_extensions(*host, *world_);
    }
    world_->hosts.emplace(domain, std::move(host));
  }
  lobby_ = std::make_unique<Lobby>(*world_, shard(), *authenticator_, options_.domains.front(), options_.lobby);
  lobby_->set_connection_limits(options_.connection);
  const Result<void> ready = wait(authenticator_->start());
  const Result<void> ids = wait(load_archive_ids(*world_));
  EXPECT_TRUE(ready.has_value() && ids.has_value());
  for (const auto& each : world_->homes) {
    each->shard().post([home = each.get()] { home->start_periodic_work(); });
  }
}

Scene::~Scene() {
  run();
  if (abroad_ != nullptr && checks_bystander_) {
    abroad_->receives_nothing();
  }
  for (const auto& client : clients_) {
    client->collect();
    if (checks_bystander_ && client->checks_bystander_ && !client->received_.empty()) {
      ADD_FAILURE() << client->name_ << " received what nobody expected: " << client->received_.front();
    }
  }
  shard().post([this] { lobby_->close(); });
  for (const auto& each : world_->homes) {
    each->shard().post([home = each.get()] { home->end_all({.condition = StreamCondition::system_shutdown}, "the scene ends"); });
  }
  run();
  for (const auto& client : clients_) {
    client->transport_->close(false);
  }
  const auto is_quiet = [&] { return std::ranges::all_of(world_->homes, [](const auto& each) { return each->is_quiet(); }); };
  for (int i = 0; i < 300 && !(is_quiet() && lobby_->size() == 0); ++i) {
    advance(std::chrono::milliseconds(100));
  }
  run();
}

void Scene::run() {
  for (bool any = true; any;) {
    any = false;
    for (const auto& each : shards_) {
      any = each->run_ready() || any;
    }
  }
}

void Scene::advance(std::chrono::milliseconds by) {
  run();
  const Monotonic until = clock_.now() + by;
  for (;;) {
    std::optional<Monotonic> next;
    for (const auto& each : shards_) {
      const std::optional<Monotonic> its = each->next_timer();
      next = !next || (its && *its < *next) ? its : next;
    }
    if (!next || *next > until) {
      break;
    }
    if (*next > clock_.now()) {
      clock_.advance(std::chrono::ceil<std::chrono::milliseconds>(*next - clock_.now()));
    }
    run();
  }
  if (until > clock_.now()) {
    clock_.advance(std::chrono::ceil<std::chrono::milliseconds>(until - clock_.now()));
  }
  run();
}

void Scene::has_account(std::string_view bare, std::string_view password) {
  const Result<BareJid, JidError> jid = BareJid::parse(bare);
  ASSERT_TRUE(jid.has_value());
  const Result<void> created = wait(administration_->create_account(*jid, SecretBytes(password)));
  EXPECT_TRUE(created.has_value() || created.error().kind == ErrorKind::already_exists) << created.error().what;
}

void Scene::are_contacts(std::string_view a, std::string_view b, Subscription subscription) {
  const BareJid first = Jid::parse(a)->bare();
  const BareJid second = Jid::parse(b)->bare();
  const auto is_here = [&](const BareJid& jid) { return world_->find_host(jid.domain()) != nullptr; };
  for (const BareJid& each : {first, second}) {
    if (is_here(each)) {
      has_account(each.str());
    }
  }
  const auto mirrored = [&] {
    switch (subscription) {
      case Subscription::to: return Subscription::from;
      case Subscription::from: return Subscription::to;
      default: return subscription;
    }
  }();
  const auto put = [&](const BareJid& owner, RosterItem item) {
    item.version = wait(stores().rosters.load(owner))->version + 1;
    EXPECT_TRUE(!is_here(owner) || wait(stores().rosters.put(owner, std::move(item))).has_value());
  };
  put(first, {.jid = second, .subscription = subscription});
  put(second, {.jid = first, .subscription = mirrored});
}

SceneAbroad& Scene::abroad() {
  if (abroad_ == nullptr) {
    abroad_ = std::make_unique<SceneAbroad>(*this);
    world_->abroad = abroad_.get();
    if (world_->policy.peers() == nullptr) {
      world_->policy.set_peers(*policy::PeerRules::make(policy::Profile::open, {}));
    }
  }
  return *abroad_;
}

Client& Scene::login(std::string_view jid) {
  const Result<FullJid, JidError> full = FullJid::parse(jid);
  ensure(full.has_value(), "a scene's client has a full address");
  AccountRecord record{.jid = full->bare(), .created = clock_.wall()};
  const Result<void> created = wait(stores().accounts.create(std::move(record)));
  EXPECT_TRUE(created.has_value() || created.error().kind == ErrorKind::already_exists);
  Home& home = world_->home_of(full->bare_str());
  auto [client, connection] = open_stream(full->str(), home.shard());
  auto principal = std::make_shared<Principal>(Principal{.identity = full->bare(), .mechanism = "SCENE", .is_confidential = true});
  BindRequest request;
  request.connection = std::move(connection);
  request.principal = principal;
  request.resource = std::string(full->resource());
  request.scope = xml::Scope{"jabber:client", {{"stream", "http://etherx.jabber.org/streams"}}};
  bool is_bound = false;
  request.answer = [&is_bound](Result<FullJid, StanzaError> outcome, net::Connection&) { is_bound = outcome.has_value(); };
  request.give_back = [](std::unique_ptr<net::Connection>) {};
  home.shard().post([&home, moved = std::move(request)]() mutable { home.bind(std::move(moved)); });
  run();
  EXPECT_TRUE(is_bound) << jid;
  return *client;
}

std::pair<Client*, std::unique_ptr<net::Connection>> Scene::open_stream(std::string_view name, Shard& shard) {
  auto [mine, servers] = MemoryTransport::pair();
  clients_.push_back(std::make_unique<Client>(*this, std::string(name), std::move(mine), false));
  Client* client = clients_.back().get();
  client->set_jid(std::string(name));
  auto connection = std::make_unique<net::Connection>(std::move(servers), options_.connection);
  Opening opening;
  connection->attach(shard, opening);
  client->transport_->send(client_header);
  run();
  ensure(!connection->is_attached(), "the header has been read");
  return {client, std::move(connection)};
}

Client& Scene::resumes(std::string_view bare, std::string_view previd, std::uint32_t h) {
  Home& home = world_->home_of(bare);
  auto [client, connection] = open_stream(bare, home.shard());
  ResumptionRequest request;
  request.connection = std::move(connection);
  request.principal = std::make_shared<Principal>(Principal{.identity = *BareJid::parse(bare), .mechanism = "SCENE", .is_confidential = true});
  request.request = {std::string(previd), h};
  request.scope = xml::Scope{"jabber:client", {{"stream", "http://etherx.jabber.org/streams"}}};
  request.answer = [client = client](Result<Resumed, ResumptionRefusal> outcome, net::Connection& answered) {
    if (outcome) {
      client->set_jid(outcome->jid.str());
      answered.send(outcome->xml);
      return;
    }
    answered.send(outcome.error().xml());
    if (outcome.error().stream_error) {
      std::string error;
      outcome.error().stream_error->write(error);
      answered.send(error + "</stream:stream>");
    }
  };
  request.give_back = [&home](std::unique_ptr<net::Connection> refused) {
    static Opening nobody;
    refused->attach(home.shard(), nobody);
    net::Connection::close_and_release(std::move(refused), {});
  };
  home.shard().post([&home, moved = std::move(request)]() mutable { home.resume(std::move(moved)); });
  run();
  return *client;
}

Client& Scene::connect(Entrance entrance, std::string_view address) {
  auto [mine, servers] = MemoryTransport::pair(1024 * 1024, *net::PeerAddress::parse(address, 40000),
                                               *net::PeerAddress::parse(address, 40000));
  clients_.push_back(std::make_unique<Client>(*this, "stranger", std::move(mine), true));
  if (lobby_->admit(servers->peer())) {
    lobby_->receive(std::move(servers), entrance);
  } else {
    servers->close(false);
  }
  run();
  return *clients_.back();
}

}  // namespace aldis::test
