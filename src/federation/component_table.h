// ComponentTable: the components of this server (XEP-0114): their secrets, their streams, and what is for their domains. It is what
// the Router knows as Abroad: what is for a component goes to its stream, all else on to the other servers (docs/adr/0045). Lives
// on the federation's shard, where neither a flood nor a slow component delays people at work here.
#pragma once
#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/abroad.h"
#include "core/admission.h"
#include "core/world.h"
#include "federation/component_stream.h"
#include "net/listener.h"
#include "runtime/own_timers.h"
#include "runtime/shard.h"
#include "tls/context.h"

namespace aldis::federation {

struct ComponentSettings {
  SecretBytes secret;
  bool replaces = false;   // a second connection takes the first one's place
};
using Components = std::map<std::string, ComponentSettings, std::less<>>;   // by domain, prepared

struct ComponentTableOptions {
  std::chrono::seconds negotiation_time{60};
  std::uint32_t write_queue = 4 * 1024 * 1024;   // of a component that does not read: more ends its stream
  AdmissionLimits admission{};
};

class ComponentTable final : public Abroad, public stream::ComponentSecrets, private NextTurn {
 public:
  // All that is passed outlives it. `elsewhere`: takes what is for no component.
  ComponentTable(World& world, Shard& shard, Abroad& elsewhere, Components components, ComponentTableOptions options);
  ~ComponentTable();
  ComponentTable(const ComponentTable&) = delete;
  ComponentTable& operator=(const ComponentTable&) = delete;

  // ---- Abroad, on any shard's thread
  void send(Home& here, Envelope envelope) override;

  // ---- on the shard's thread
  void set_tls(std::shared_ptr<const tls::TlsContext> context) { tls_ = std::move(context); }
  // Streams whose component is gone, or has another secret now, end.
  void configure(Components components, ComponentTableOptions options);
  void open(std::unique_ptr<net::Listener> listener, bool is_direct_tls);
  void receive(std::unique_ptr<net::Transport> transport, bool is_direct_tls);
  // The rules have changed: streams whose rule is another now end.
  void rules_changed(const policy::PeerRules& after);
  void close();
  [[nodiscard]] bool is_closed() const { return is_closed_ && streams_.empty(); }

  // ---- for streams
  [[nodiscard]] World& world() const { return world_; }
  [[nodiscard]] Shard& shard() const { return shard_; }
  [[nodiscard]] OwnTimers& timers() { return timers_; }   // they end with the table
  [[nodiscard]] const ComponentTableOptions& options() const { return options_; }
  [[nodiscard]] Admission& admission() { return admission_; }
  [[nodiscard]] const std::shared_ptr<const tls::TlsContext>& tls() const { return tls_; }
  [[nodiscard]] const SecretBytes* secret_of(std::string_view domain) const override;
  [[nodiscard]] std::string_view default_domain() const override { return world_.hosts.begin()->first; }
  [[nodiscard]] bool replaces(std::string_view domain) const;
  [[nodiscard]] ComponentStream* find(ComponentStream::Id id) const;
  [[nodiscard]] ComponentStream* find_open(std::string_view domain) const;
  void opened(ComponentStream& stream);
  void closing(ComponentStream& stream);   // takes nothing more
  void forget(ComponentStream& stream);    // it has closed
  void look_after_flush(ComponentStream::Id id);
  void give_back(Envelope envelope);       // it did not reach its component

  // ---- for operators
  struct Info {
    std::string domain;
    bool is_connected = false;
    std::string address;
    std::string tls;           // empty: none
    WallTime since{};
    std::uint64_t taken = 0;   // stanzas of its stream, from it
    std::uint64_t sent = 0;    // to it
    std::size_t waiting = 0;   // of these not yet with the kernel
  };
  [[nodiscard]] std::vector<Info> list() const;

 private:
  void deliver(Envelope envelope);
  void on_next_turn() override;

  World& world_;
  Shard& shard_;
  OwnTimers timers_{shard_};
  Abroad& elsewhere_;
  Components components_;
  ComponentTableOptions options_;
  Admission admission_;
  std::shared_ptr<const tls::TlsContext> tls_;
  std::vector<std::unique_ptr<net::Listener>> listeners_;
  std::map<ComponentStream::Id, std::unique_ptr<ComponentStream>> streams_;
  std::map<std::string, ComponentStream::Id, std::less<>> open_;   // by domain
  std::vector<ComponentStream::Id> flushing_;
  ComponentStream::Id last_id_ = 0;
  bool is_closed_ = false;
};

}  // namespace aldis::federation
