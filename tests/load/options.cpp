// See options.h.
#include "options.h"

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <string>

namespace aldis::load {
namespace {

[[noreturn]] void refuse(const std::string& why) {
  std::fprintf(
      stderr,
      "loadgen: %s\n"
      "usage: loadgen archive|chat|dead-domains|detached|idle|login|ping|positions|presence|pubsub-fanout|rooms|room-join|setup-roster|storm|handshake [--option value]...\n"
      "  --host A --port N --domain D --transport plain|starttls|direct --relay --server-pid N\n"
      "  --other-host A --other-port N --other-domain D --other-server-pid N --dead N --dead-domain D\n"
      "  --user-prefix P --password P --mechanism SCRAM-SHA-1|SCRAM-SHA-256|PLAIN\n"
      "  --pairs N --window N --body BYTES --rate PER_SECOND --sessions N --accounts N --warm N --contacts N "
      "--concurrency N --at-once N\n"
      "  --rooms N --occupants N --senders N --room-domain D --pubsub-domain D --pair\n"
      "  --stream-management --ack-every N --messages N --requests N --search --cycle --presence --duration S --warmup "
      "S --settle S --limit S\n",
      why.c_str());
  std::exit(2);
}

double number(const std::string& name, const std::string& text) {
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  if (end == text.c_str() || *end != '\0' || value < 0 || value > 1e9) {
    refuse(name + ": not a number in range: " + text);
  }
  return value;
}

Transport transport_of(const std::string& text) {
  if (text == "plain") {
    return Transport::plain;
  }
  if (text == "starttls") {
    return Transport::starttls;
  }
  if (text == "direct") {
    return Transport::direct_tls;
  }
  refuse("--transport is plain, starttls or direct");
}

}  // namespace

Options Options::for_other() const {
  Options other = *this;
  other.host = other_host;
  other.port = other_port;
  other.domain = other_domain;
  return other;
}

Options parse_options(int argc, char** argv) {
  Options o;
  if (argc < 2) {
    refuse("no scenario given");
  }
  o.scenario = argv[1];
  using Text = const std::string&;
  std::map<std::string, std::function<void(Text)>> values;
  const auto text = [&](const char* name, std::string& into) { values[name] = [&into](Text v) { into = v; }; };
  const auto count = [&](const char* name, int& into) {
    values[name] = [&into, name](Text v) { into = static_cast<int>(number(name, v)); };
  };
  const auto seconds = [&](const char* name, std::chrono::milliseconds& into) {
    values[name] = [&into, name](Text v) {
      into = std::chrono::milliseconds(static_cast<std::int64_t>(number(name, v) * 1000));
    };
  };
  text("--host", o.host);
  text("--domain", o.domain);
  text("--other-host", o.other_host);
  text("--other-domain", o.other_domain);
  text("--dead-domain", o.dead_domain);
  text("--user-prefix", o.user_prefix);
  text("--password", o.password);
  text("--mechanism", o.mechanism);
  count("--server-pid", o.server_pid);
  count("--other-server-pid", o.other_server_pid);
  count("--dead", o.dead);
  count("--pairs", o.pairs);
  count("--window", o.window);
  count("--body", o.body);
  count("--sessions", o.sessions);
  count("--accounts", o.accounts);
  count("--warm", o.warm);
  count("--contacts", o.contacts);
  count("--rooms", o.rooms);
  count("--occupants", o.occupants);
  count("--senders", o.senders);
  text("--room-domain", o.room_domain);
  text("--pubsub-domain", o.pubsub_domain);
  count("--concurrency", o.concurrency);
  count("--at-once", o.at_once);
  count("--ack-every", o.ack_every);
  count("--messages", o.messages);
  count("--requests", o.requests);
  seconds("--duration", o.duration);
  seconds("--warmup", o.warmup);
  seconds("--settle", o.settle);
  seconds("--limit", o.limit);
  values["--port"] = [&](Text v) { o.port = static_cast<std::uint16_t>(number("--port", v)); };
  values["--other-port"] = [&](Text v) { o.other_port = static_cast<std::uint16_t>(number("--other-port", v)); };
  values["--rate"] = [&](Text v) { o.rate = number("--rate", v); };
  values["--transport"] = [&](Text v) { o.transport = transport_of(v); };
  const std::map<std::string, std::function<void()>> flags = {
      {"--relay", [&] { o.dialogue = Dialogue::relay; }},
      {"--stream-management", [&] { o.stream_management = true; }},
      {"--search", [&] { o.search = true; }},
      {"--cycle", [&] { o.cycle = true; }},
      {"--presence", [&] { o.presence = true; }},
      {"--pair", [&] { o.pair = true; }},
  };
  for (int i = 2; i < argc; ++i) {
    const std::string name = argv[i];
    if (const auto flag = flags.find(name); flag != flags.end()) {
      flag->second();
    } else if (const auto value = values.find(name); value == values.end()) {
      refuse("unknown option " + name);
    } else if (++i == argc) {
      refuse(name + " needs a value");
    } else {
      value->second(argv[i]);
    }
  }
  if (o.pairs < 1 || o.window < 1 || o.sessions < 1 || o.concurrency < 1 || o.body < 1 || o.accounts < 1 ||
      o.at_once < 1 || o.rooms < 1 || o.occupants < 2 || o.senders < 1 || o.senders > o.occupants) {
    refuse("counts begin at 1, those of occupants at 2; no more speak in a room than are in it");
  }
  if (o.dialogue == Dialogue::relay && o.transport == Transport::starttls) {
    refuse("the relay has no STARTTLS: use --transport plain or direct");
  }
  return o;
}

}  // namespace aldis::load
