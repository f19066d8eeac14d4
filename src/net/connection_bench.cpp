// What one stanza costs a Connection, kernel excluded: read, decrypt, frame, append, encrypt, write; over memory.
#include <benchmark/benchmark.h>

#include "net/connection.h"
#include "tests/support/memory_transport.h"
#include "tests/support/tls_pair.h"

namespace aldis::net {
namespace {

constexpr std::string_view header =
    "<stream:stream to='capulet.example' version='1.0' xmlns='jabber:client' "
    "xmlns:stream='http://etherx.jabber.org/streams'>";
const std::string stanza = "<message to='romeo@montague.example/orchard' type='chat' id='a1b2c3'><body>" +
                           std::string(100, 'x') + "</body></message>";

struct Echo final : Connection::Owner {
  bool on_frame(Connection& c, xml::Framer::Frame frame) override {
    if (frame.kind == xml::Framer::FrameKind::stanza) {
      c.send(frame.bytes);
    }
    return true;
  }
  void on_framing_error(Connection&, xml::XmlError) override {}
  void on_tls_established(Connection&) override {}
  void on_closed(Connection&, CloseReason, std::string_view) override {}
};

void BM_echo_plain(benchmark::State& state) {
  test::ManualClock clock;
  Shard shard(clock, {.scene = true});
  Echo echo;
  auto [ours, theirs] = test::MemoryTransport::pair();
  Connection connection(std::move(ours));
  connection.attach(shard, echo);
  theirs->send(header);
  shard.run_ready();
  std::string burst;
  for (std::int64_t i = 0; i < state.range(0); ++i) {
    burst += stanza;
  }
  for (auto _ : state) {
    theirs->send(burst);
    shard.run_ready();
    benchmark::DoNotOptimize(theirs->receive());
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_echo_plain)->Arg(1)->Arg(32);

// The client's half of TLS is in the time too.
void BM_echo_tls(benchmark::State& state) {
  test::ManualClock clock;
  Shard shard(clock, {.scene = true});
  Echo echo;
  auto [ours, theirs] = test::MemoryTransport::pair();
  Connection connection(std::move(ours));
  connection.start_tls(test::server_context());
  connection.attach(shard, echo);
  tls::TlsEngine client = tls::TlsEngine::client(test::client_context(), "capulet.example");
  std::string out;
  std::string plain;
  ensure(client.start(out).has_value(), "started");
  while (!client.is_established() || !out.empty()) {
    theirs->send(std::exchange(out, {}));
    shard.run_ready();
    ensure(client.receive(test::TlsPair::octets(theirs->receive()), plain, out).has_value(), "handshake");
  }
  ensure(client.send(header, out).has_value(), "header");
  std::string burst;
  for (std::int64_t i = 0; i < state.range(0); ++i) {
    burst += stanza;
  }
  for (auto _ : state) {
    ensure(client.send(burst, out).has_value(), "send");
    theirs->send(out);
    out.clear();
    shard.run_ready();
    plain.clear();
    ensure(client.receive(test::TlsPair::octets(theirs->receive()), plain, out).has_value(), "receive");
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_echo_tls)->Arg(1)->Arg(32);

}  // namespace
}  // namespace aldis::net
