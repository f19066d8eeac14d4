// What admitting, stamping and writing a stanza costs; the 300-byte chat message is the scenario.
#include <benchmark/benchmark.h>

#include "xmpp/namespaces.h"
#include "xmpp/stanza.h"

namespace aldis {
namespace {

const xml::Scope scope{std::string(ns::client), {{"stream", std::string(ns::streams)}}};
constexpr std::string_view chat =
    "<message to='user2@localhost/res' type='chat' id='9b4c1f6a-7d0e-4c57-8a2b-1f0d6c3e5b7a'><body>"
    "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"
    "</body><active xmlns='http://jabber.org/protocol/chatstates'/><request xmlns='urn:xmpp:receipts'/></message>";

StanzaPtr admitted() { return (*Stanza::parse(std::string(chat), scope))->with_from(*Jid::parse("user1@localhost/res")); }

void xml_parse(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(xml::parse(std::string(chat), scope));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(chat.size()));
}
BENCHMARK(xml_parse);

void parse(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(Stanza::parse(std::string(chat), scope));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(chat.size()));
}
BENCHMARK(parse);

void stamp(benchmark::State& state) {
  const StanzaPtr stanza = *Stanza::parse(std::string(chat), scope);
  const Jid from = *Jid::parse("user1@localhost/res");
  for (auto _ : state) benchmark::DoNotOptimize(stanza->with_from(from));
}
BENCHMARK(stamp);

void write(benchmark::State& state) {
  const StanzaPtr stanza = admitted();
  std::string out;
  out.reserve(4096);
  for (auto _ : state) {
    out.clear();
    stanza->write(out);
    benchmark::DoNotOptimize(out.data());
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(stanza->size()));
}
BENCHMARK(write);

void write_to_another(benchmark::State& state) {
  const StanzaPtr stanza = admitted();
  const Jid to = *Jid::parse("user3@localhost/res");
  std::string out;
  out.reserve(4096);
  for (auto _ : state) {
    out.clear();
    stanza->write(out, &to);
    benchmark::DoNotOptimize(out.data());
  }
}
BENCHMARK(write_to_another);

void amend(benchmark::State& state) {
  const StanzaPtr stanza = admitted();
  for (auto _ : state) {
    benchmark::DoNotOptimize(stanza->amended([](const xml::Element& child) { return child.ns() == ns::stanza_ids; },
                                             "<stanza-id xmlns='urn:xmpp:sid:0' by='user2@localhost' id='0123456789abcdef'/>"));
  }
}
BENCHMARK(amend);

void answer(benchmark::State& state) {
  const StanzaPtr ping =
      *Stanza::parse("<iq type='get' id='p1' to='localhost' from='user1@localhost/res'><ping xmlns='urn:xmpp:ping'/></iq>", scope);
  for (auto _ : state) benchmark::DoNotOptimize(make_result(*ping));
}
BENCHMARK(answer);

}  // namespace
}  // namespace aldis
