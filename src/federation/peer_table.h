// PeerTable: all that is spoken with other servers: Links by pair of domains, streams that others opened, the questions of dialback,
// the queues of those who are away. It is what the Router knows as Abroad. Everything lives on one shard of its own, so that a
// slow or hostile server, its TLS and its DNS, never delay people at work here (docs/adr/0043).
#pragma once
#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/abroad.h"
#include "core/acceptance.h"
#include "core/admission.h"
#include "core/world.h"
#include "federation/link.h"
#include "federation/peer_certificates.h"
#include "federation/received_count.h"
#include "federation/refusals.h"
#include "net/connector.h"
#include "net/listener.h"
#include "net/server_lookup.h"
#include "runtime/own_timers.h"
#include "runtime/shard.h"
#include "stream/dialback.h"
#include "tls/context.h"

namespace aldis::federation {

class InboundPeer;
class OutboundPeer;

struct PeerTableOptions {
  QueueLimits queue{};
  std::chrono::seconds queue_time{3600};
  tls::RevocationMode revocation = tls::RevocationMode::off;   // of servers' certificates, where a rule does not say
  std::chrono::seconds certificate_check{20};      // how often open streams' certificates are judged again
  std::chrono::seconds idle_time{600};             // an unused stream of ours is closed
  std::chrono::seconds inbound_idle_time{1800};    // and a silent one of another server's; 0: never
  std::chrono::seconds negotiation_time{60};       // from the connection to the open stream
  std::chrono::seconds resumption_time{300};       // that a peer's stream may be resumed within (XEP-0198)
  std::chrono::milliseconds resumption_patience{5000};   // of what went back on it, until that goes another way
  std::chrono::milliseconds retry_first{1000};
  std::chrono::milliseconds retry_most{60'000};
  std::uint32_t write_queue = 4 * 1024 * 1024;
  std::uint32_t connecting = 100;                  // attempts at one time; others wait for their turn
  AdmissionLimits admission{};                     // of servers that have not proved who they are
};

// One kind of handshake, either side's.
struct TlsKind {
  bool is_direct = false;                                  // XEP-0368
  bool is_readable = false;                                // with the suites that do not encrypt, as the last choice; goes with `modern`
  std::optional<tls::TlsProfile> profile = std::nullopt;   // nothing: as [tls] says
  friend auto operator<=>(const TlsKind&, const TlsKind&) = default;
};
using TlsByKind = std::map<TlsKind, std::shared_ptr<const tls::TlsContext>>;

// Of one of our domains.
struct HostTls {
  TlsByKind client;              // shows the domain's certificate
  bool has_certificate = false;
};
struct PeerTlsContexts {
  TlsByKind server;              // asks for certificates
  std::shared_ptr<const tls::TlsContext> components;      // XEP-0114, where their listener has TLS
  std::map<std::string, HostTls, std::less<>> hosts;      // and components' domains that have certificates
};
// Null: it was not made.
[[nodiscard]] std::shared_ptr<const tls::TlsContext> context_of(const TlsByKind& all, const TlsKind& kind);

class PeerTable final : public Abroad, private NextTurn {
 public:
  // All that is passed outlives it, and the shard runs nothing of it any more when it goes.
  PeerTable(World& world, Shard& shard, net::Dns& dns, net::LookupOptions lookup, PeerTrust trust, SecretBytes dialback_secret,
            PeerTableOptions options);
  ~PeerTable();
  PeerTable(const PeerTable&) = delete;
  PeerTable& operator=(const PeerTable&) = delete;

  // ---- Abroad, on any shard's thread
  void send(Home& here, Envelope envelope) override;

  // ---- on the shard's thread
  void set_tls(PeerTlsContexts contexts) { tls_ = std::move(contexts); }
  void configure(PeerTableOptions options);
  // In place of TCP, for scenes; null: nobody is there.
  using Road = std::function<std::unique_ptr<net::Transport>(const net::ServerTarget& target)>;
  void set_road(Road road) { road_ = std::move(road); }
  [[nodiscard]] const Road& road() const { return road_; }
  // `door`: what is spoken there, but for is_readable, which peers' rules decide.
  void open(std::unique_ptr<net::Listener> listener, TlsKind door);
  void receive(std::unique_ptr<net::Transport> transport, TlsKind door);
  // Reads what the store has from before; then periodic work begins.
  [[nodiscard]] Task<void> start();
  // The rules have changed: streams whose rule is another now end.
  void rules_changed(const policy::PeerRules& before, const policy::PeerRules& after);
  // Nothing is taken or sent any more; what is in memory goes to the store. is_closed() when all is done.
  void close();
  [[nodiscard]] bool is_closed() const;

  // ---- for links and streams
  [[nodiscard]] World& world() const { return world_; }
  [[nodiscard]] Shard& shard() const { return shard_; }
  [[nodiscard]] OwnTimers& timers() { return timers_; }   // they end with the table
  [[nodiscard]] const PeerTableOptions& options() const { return options_; }
  [[nodiscard]] const PeerTlsContexts& tls() const { return tls_; }
  // Whether other servers may speak with that domain: it is served here, or a component's that has a certificate for it.
  [[nodiscard]] bool serves(std::string_view domain) const;
  [[nodiscard]] PeerCertificates& certificates() { return certificates_; }
  [[nodiscard]] Admission& admission() { return admission_; }
  [[nodiscard]] net::ServerLookup& lookup() { return lookup_; }
  [[nodiscard]] const stream::DialbackKey& keys() const { return keys_; }
  [[nodiscard]] Monotonic now() const { return shard_.clock().now(); }
  [[nodiscard]] WallTime wall() const { return shard_.clock().wall(); }
  [[nodiscard]] const std::shared_ptr<Settlements>& settlements() const { return settlements_; }

  // Calls the link's note_flushed() when this turn's bytes have been offered to the kernel.
  void look_after_flush(const stream::DomainPair& pair);
  [[nodiscard]] Link* find_link(const stream::DomainPair& pair) const;
  Link& link(const stream::DomainPair& pair);
  [[nodiscard]] PeerStream* find_stream(PeerStream::Id id) const;
  template <class F>
  void for_each_stream(F look) const {
    for (const auto& [id, stream] : streams_) {
      look(*stream);
    }
  }
  [[nodiscard]] PeerStream::Id next_id() { return ++last_id_; }
  void connect(const stream::DomainPair& pair);       // for a Link: use() or failed() follows
  void connected(PeerStream::Id id);                  // an attempt has ended
  void forget(PeerStream& stream);                    // it has closed
  // On this shard: as send(), of what the server itself says.
  void deliver(Envelope envelope);
  // A key that a peer showed us: asks the authoritative server; key_verified() of the stream `asker` follows.
  void verify(PeerStream::Id asker, stream::VerifyKey question);
  void answered(const std::string& stream_id, const stream::KeyVerdict& verdict);
  void not_answered(const stream::DomainPair& pair, const stream::KeyVerdict& verdict);   // no stream came of it

  // XEP-0198: a peer's counted stream.
  [[nodiscard]] std::shared_ptr<ReceivedCount> new_count(const stream::DomainPair& pair);
  void keep_count(std::shared_ptr<ReceivedCount> count);    // its connection is gone: until it is resumed or its time is over
  // Null: nothing of that peer's to resume.
  [[nodiscard]] std::shared_ptr<ReceivedCount> take_count(std::string_view previd, const stream::DomainPair& pair);
  [[nodiscard]] Task<void> give_back_stored(stream::DomainPair pair, std::uint64_t up_to, StanzaCondition condition);

  // ---- for operators
  struct LinkInfo {
    stream::DomainPair pair;
    std::string direction;      // "out", "in", "both"
    std::string state;
    std::string address;        // of the other server
    std::string tls;
    std::string proof;
    std::uint64_t stanzas = 0;  // that have passed
    std::uint64_t waiting = 0;
    std::string last_failure;
  };
  [[nodiscard]] std::vector<LinkInfo> list() const;
  struct Explanation {
    struct Line {
      std::string topic;        // "rule", "DNS", "TLS" ...
      std::string text;
      bool is_good = true;
      bool is_inbound = false;  // of the streams that the other server opens
    };
    std::vector<Line> lines;
    bool is_reachable = false;
  };
  // Tries, step by step and up to the authentication, what a link would do; and says what holds the other way. `host` is one of our
  // domains.
  [[nodiscard]] Task<Explanation> explain(std::string host, std::string peer);
  // Where other servers call.
  struct Door {
    net::PeerAddress address;
    TlsKind kind;
  };
  [[nodiscard]] const std::vector<Door>& doors() const { return doors_; }
  void note_refusal(const std::string& peer, Refusal refusal);
  [[nodiscard]] const Refusals& refusals() const { return refusals_; }

 private:
  friend class InboundPeer;
  friend class OutboundPeer;
  struct Question {
    stream::VerifyKey question;
    PeerStream::Id asker = 0;
    Monotonic until{};
  };

  void on_next_turn() override;
  void begin_attempt(const stream::DomainPair& pair);
  void give_back_text(const std::string& text, StanzaCondition condition);
  [[nodiscard]] static Task<void> expire(PeerTable& table);
  void tend();

  World& world_;
  Shard& shard_;
  OwnTimers timers_{shard_};
  net::ServerLookup lookup_;
  Road road_;
  PeerCertificates certificates_;
  stream::DialbackKey keys_;
  PeerTableOptions options_;
  PeerTlsContexts tls_;
  Admission admission_;
  std::shared_ptr<Settlements> settlements_;
  std::vector<std::unique_ptr<net::Listener>> listeners_;
  std::vector<Door> doors_;
  Refusals refusals_;
  std::map<std::pair<std::string, std::string>, std::unique_ptr<Link>> links_;
  std::unordered_map<PeerStream::Id, std::unique_ptr<PeerStream>> streams_;
  std::unordered_map<PeerStream::Id, std::shared_ptr<ReceivedCount>> counting_;                // by ReceivedCount::id
  std::unordered_map<std::string, std::shared_ptr<ReceivedCount>> resumable_;                  // by previd
  std::map<std::string, Question, std::less<>> questions_;                                     // by our stream's id
  std::deque<stream::DomainPair> waiting_attempts_;
  std::vector<stream::DomainPair> flushing_;
  std::uint32_t attempts_ = 0;
  PeerStream::Id last_id_ = 0;
  bool is_beginning_ = false;
  bool is_expiring_ = false;
  bool is_closed_ = false;
};

}  // namespace aldis::federation
