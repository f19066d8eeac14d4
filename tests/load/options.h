// The generator's command line: --name value pairs and --flags, read into one struct. An unknown name is refused.
#pragma once
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace aldis::load {

/// What is spoken before the scenario's own traffic.
enum class Transport { plain, starttls, direct_tls };
enum class Dialogue {
  xmpp,   ///< RFC 6120: stream, TLS, SASL, binding
  relay,  ///< one line "pair N\n", then the scenario's bytes go to the other end of pair N; "room N\n": to all who said so
};

struct Options {
  std::string scenario;
  std::string host = "127.0.0.1";
  std::uint16_t port = 5222;
  std::string domain = "localhost";
  Transport transport = Transport::starttls;
  Dialogue dialogue = Dialogue::xmpp;
  std::string user_prefix = "user";  ///< accounts are user0, user1 … of the domain
  std::string password = "load-test-password";
  std::string mechanism = "SCRAM-SHA-1";
  int server_pid = 0;  ///< 0: the server's CPU and memory are not read
  // chat between two servers: accounts of odd numbers are on the other one. No domain: there is none.
  std::string other_host = "127.0.0.1";
  std::uint16_t other_port = 5222;
  std::string other_domain;
  int other_server_pid = 0;
  /// The same options for an account of the other server.
  Options for_other() const;

  int pairs = 500;
  int window = 1;                  ///< messages (chat), requests (ping) in flight for each pair or connection
  int body = 100;                  ///< bytes of a message's body
  int sessions = 1000;             ///< idle, ping, presence, storm: clients; login, handshake: how many times
  int accounts = 500;              ///< login: accounts used in turn
  int warm = 200;                  ///< idle: sessions that are there before the first reading of memory
  int contacts = 20;               ///< presence: mutual contacts of each user
  int rooms = 10;                  ///< rooms, room-join: how many
  int occupants = 100;             ///< of each room
  int senders = 10;                ///< rooms: of the occupants of each, those who speak
  std::string room_domain = "rooms.localhost";
  std::string pubsub_domain = "pubsub.localhost";  ///< pubsub-fanout: the service; sessions: subscribers
  bool pair = false;               ///< rooms: a pair talks meanwhile
  int concurrency = 50;            ///< connections that log in at the same time
  int at_once = 2000;              ///< storm: the same when all come back
  int messages = 1000000;          ///< archive: how many fill it
  int requests = 300;              ///< archive: of each kind
  bool search = false;             ///< archive: full-text search too
  int dead = 500;                  ///< dead-domains: how many
  std::string dead_domain = "dead.example";  ///< dead-domains: they are d0, d1 … below it
  double rate = 0;                 ///< chat, rooms: messages a second over all pairs or rooms (open loop); 0: closed loop
  bool cycle = false;              ///< presence: unavailable and available again instead of another <show/>
  bool stream_management = false;  ///< XEP-0198, with resumption
  int ack_every = 0;               ///< stanzas after which an acknowledgement is asked for; 0: never
  bool presence = false;           ///< login: send initial presence before leaving
  std::chrono::milliseconds duration{5000};
  std::chrono::milliseconds warmup{1000};
  std::chrono::milliseconds settle{2000};   ///< idle: quiet time before memory is read
  std::chrono::milliseconds limit{120000};  ///< for any one step (everybody logged in, everything drained)
};

/// Exits with a message on standard error when the command line is wrong.
Options parse_options(int argc, char** argv);

}  // namespace aldis::load
