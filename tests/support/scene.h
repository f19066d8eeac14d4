// Scene: the whole core on one thread (of as many shards as it is asked for) with a manual clock, stores in memory and connections
// without sockets. Clients speak XML and say what they must receive; whoever receives a stanza that nobody expected fails the test: the bystander is built
// in. Client::login binds directly at the account's home; Scene::connect gives a stranger at the lobby's door.
#pragma once
#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <source_location>
#include <string>
#include <vector>

#include "auth/authenticator.h"
#include "auth/certificate/store_directory.h"
#include "core/administration.h"
#include "core/home.h"
#include "core/lobby.h"
#include "core/virtual_host.h"
#include "storage/memory/memory_stores.h"
#include "tests/support/manual_clock.h"
#include "tests/support/memory_transport.h"
#include "tests/support/scene_abroad.h"

namespace aldis::test {

class Scene;

// A client's end of a stream after binding (or a stranger's before).
class Client {
 public:
  Client(Scene& scene, std::string name, std::unique_ptr<MemoryTransport> transport, bool is_stranger);
  Client(const Client&) = delete;
  ~Client();

  [[nodiscard]] const std::string& jid() const { return jid_; }
  void set_jid(std::string jid) { jid_ = std::move(jid); }

  // Sends bytes as they are and lets the server work.
  void sends(std::string_view xml);
  void sends_without_running(std::string_view xml);
  // The next stanza received: its serialised form as the server wrote it. Fails when there is none.
  [[nodiscard]] std::string next(const std::source_location& where = std::source_location::current());
  // The next stanza must hold each of the fragments (attributes are written with ', sections by the server).
  std::string receives(std::initializer_list<std::string_view> fragments,
                       const std::source_location& where = std::source_location::current());
  std::string receives(std::string_view fragment, const std::source_location& where = std::source_location::current()) {
    return receives({fragment}, where);
  }
  // Among everything waiting, in any order: takes out the first stanza that holds all fragments.
  std::string receives_among(std::initializer_list<std::string_view> fragments,
                             const std::source_location& where = std::source_location::current());
  void receives_error(std::string_view id, std::string_view condition,
                      const std::source_location& where = std::source_location::current());
  void receives_nothing(const std::source_location& where = std::source_location::current());
  // The stream ended with this stream error (empty: without one).
  void is_closed_with(std::string_view condition, const std::source_location& where = std::source_location::current());
  [[nodiscard]] bool is_closed() const;
  // Throws away what has been received.
  void ignores_the_rest();
  [[nodiscard]] std::size_t waiting();

  // sends an iq and returns the answer, which must be a result.
  std::string asks(std::string_view type, std::string_view to, std::string_view payload,
                   const std::source_location& where = std::source_location::current());
  void comes_online(int priority = 0);     // initial presence; its echo is consumed
  void wants_roster();                     // a roster get, answered
  void cuts_the_line();
  // Takes no more bytes off the line; then takes all that came and counts the stanzas in it.
  void stops_reading();
  [[nodiscard]] std::size_t reads_again();
  void reads_on();                         // what came is to be received like anything else
  [[nodiscard]] MemoryTransport& transport() { return *transport_; }

 private:
  friend class Scene;
  void collect();
  Scene& scene_;
  std::string name_;
  std::string jid_;
  std::unique_ptr<MemoryTransport> transport_;
  xml::Framer framer_;
  std::deque<std::string> received_;
  std::string stream_error_;
  bool has_stream_closed_ = false;
  bool checks_bystander_ = true;
  bool reads_ = true;
  int next_id_ = 0;
};

struct SceneOptions {
  std::vector<std::string> domains{"capulet.example", "montague.example"};
  std::vector<std::string> rooms{};              // domains of rooms, with the default extensions of such
  std::vector<std::string> pubsub{};             // domains of nodes, the same
  CoreConfig core{};
  LobbyConfig lobby{};
  AuthConfig auth{};
  MemoryStores::Answers answers = MemoryStores::Answers::at_once;
  std::function<Stores(Stores)> wrap_stores{};   // failing stores and the like
  // What the domains have installed; null: all of the default list.
  std::function<void(VirtualHost&, World&)> install{};
  std::function<void(VirtualHost&, World&)> install_rooms{};   // the same for the domains of rooms
  std::function<void(VirtualHost&, World&)> install_pubsub{};  // and of nodes
  net::ConnectionLimits connection{};
  std::size_t shards = 1;                        // the first has the lobby
  CertificatePolicies certificates{};            // of people, by domain
};

class Scene {
 public:
  explicit Scene(SceneOptions options = {});
  ~Scene();

  // Creates the account if it does not exist, and binds. The jid is a full address.
  Client& login(std::string_view jid);
  // The user (a bare address) comes back on a new connection and asks for its former stream (XEP-0198 section 5). What the
  // server says is the client's to read: <resumed/> or <failed/> first.
  Client& resumes(std::string_view bare, std::string_view previd, std::uint32_t h);
  // An account that exists and is not logged in.
  void has_account(std::string_view bare, std::string_view password = "secret-word");
  // Mutual subscription of two accounts (given bare or full), written to the stores before either logs in. One of a domain that
  // the scene does not serve has its roster elsewhere.
  void are_contacts(std::string_view a, std::string_view b, Subscription subscription = Subscription::both);
  // What is outside: from the first call on there are other servers, all of them welcome unless policy has rules already.
  SceneAbroad& abroad();
  // A stranger at the lobby's door, its bytes unread.
  Client& connect(Entrance entrance = {stream::TlsMode::none}, std::string_view address = "192.0.2.1");

  void run();                                         // until nothing is left to do now
  void advance(std::chrono::milliseconds by);         // moves time, timer by timer, and runs

  // Runs a coroutine to its end.
  template <class T>
  T wait(Task<T> task);

  [[nodiscard]] World& world() { return *world_; }
  [[nodiscard]] Home& home() { return *world_->homes.front(); }
  [[nodiscard]] Home& home_of(std::string_view bare) { return world_->home_of(bare); }
  [[nodiscard]] Lobby& lobby() { return *lobby_; }
  [[nodiscard]] Stores stores() { return world_->stores; }
  [[nodiscard]] ManualClock& clock() { return clock_; }
  [[nodiscard]] const AuthConfig& auth_config() const { return options_.auth; }
  [[nodiscard]] Authenticator& authenticator() { return *authenticator_; }
  [[nodiscard]] Administration& administration() { return *administration_; }
  [[nodiscard]] Shard& shard() { return *shards_.front(); }
  [[nodiscard]] CertificateJudge& certificate_judge() { return *certificate_judge_; }
  // Nobody minds what has not been read at the end of this scene.
  void leaves_the_rest_unread() { checks_bystander_ = false; }

 private:
  friend class Client;
  // A new client inside its stream, and the server's end of its line.
  std::pair<Client*, std::unique_ptr<net::Connection>> open_stream(std::string_view name, Shard& shard);
  SceneOptions options_;
  ManualClock clock_;
  SystemRandom random_;
  MemoryStores memory_;
  std::vector<std::unique_ptr<Shard>> shards_;
  std::unique_ptr<World> world_;
  std::unique_ptr<SceneAbroad> abroad_;
  InlineKeyDerivation derivation_;
  std::unique_ptr<CredentialSource> credentials_;
  std::unique_ptr<LoginFailureCounters> failures_;
  std::unique_ptr<ClientTokens> tokens_;
  std::unique_ptr<Authenticator> authenticator_;
  std::unique_ptr<Administration> administration_;
  std::unique_ptr<CertificateDirectory> certificate_directory_;
  std::unique_ptr<CertificateJudge> certificate_judge_;
  std::unique_ptr<Lobby> lobby_;
  std::vector<std::unique_ptr<Client>> clients_;
  bool checks_bystander_ = true;
};

// Installs all of app/extensions.cpp's list that is on by default, with its default options.
void install_default_extensions(VirtualHost& host, World& world);
void install_default_room_extensions(VirtualHost& host, World& world);
void install_default_pubsub_extensions(VirtualHost& host, World& world);

template <class T>
T Scene::wait(Task<T> task) {
  std::optional<T> value;
  shard().post([&] {
    spawn([](Task<T> todo, std::optional<T>& out) -> Task<void> {
      auto result = co_await std::move(todo);
      out.emplace(std::move(result));
    }(std::move(task), value));
  });
  run();
  for (int i = 0; i < 1000 && !value; ++i) {
    advance(std::chrono::milliseconds(100));
  }
  ensure(value.has_value(), "the awaited task ends");
  return std::move(*value);
}

}  // namespace aldis::test
