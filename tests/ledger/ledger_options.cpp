// See ledger_options.h.
#include "ledger_options.h"

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>

namespace aldis::ledger {
namespace {

[[noreturn]] void refuse(const std::string& why) {
  std::fprintf(stderr,
               "ledger: %s\n"
               "usage: ledger --book FILE --port N [--transport direct|starttls|plain] [--domain D] [--senders N] "
               "[--receivers N]\n"
               "  [--window N] [--body BYTES] [--messages N] [--rate PER_SECOND] [--cuts PER_SECOND] [--ack-every N] "
               "[--seed N]\n"
               "  [--quiet SECONDS] [--limit SECONDS] [--own] [--verbose]\n",
               why.c_str());
  std::exit(2);
}

}  // namespace

LedgerOptions parse_ledger_options(int argc, char** argv) {
  LedgerOptions o;
  o.load.stream_management = true;
  o.load.ack_every = 5;
  o.load.transport = load::Transport::direct_tls;
  using Text = const std::string&;
  const auto number = [](Text text) {
    char* end = nullptr;
    const double value = std::strtod(text.c_str(), &end);
    if (end == text.c_str() || *end != '\0' || value < 0 || value > 1e15) {
      refuse("not a number in range: " + text);
    }
    return value;
  };
  const auto count = [&number](int& into) { return [&into, &number](Text v) { into = static_cast<int>(number(v)); }; };
  const std::map<std::string, load::Transport> transports = {{"plain", load::Transport::plain},
                                                             {"starttls", load::Transport::starttls},
                                                             {"direct", load::Transport::direct_tls}};
  const std::map<std::string, std::function<void(Text)>> values = {
      {"--book", [&](Text v) { o.book = v; }},
      {"--domain", [&](Text v) { o.load.domain = v; }},
      {"--port", [&](Text v) { o.load.port = static_cast<std::uint16_t>(number(v)); }},
      {"--transport",
       [&](Text v) {
         const auto found = transports.find(v);
         if (found == transports.end()) {
           refuse("--transport is plain, starttls or direct");
         }
         o.load.transport = found->second;
       }},
      {"--senders", count(o.senders)},
      {"--receivers", count(o.receivers)},
      {"--window", count(o.window)},
      {"--body", count(o.load.body)},
      {"--ack-every", count(o.load.ack_every)},
      {"--messages", [&](Text v) { o.messages = static_cast<std::uint64_t>(number(v)); }},
      {"--seed", [&](Text v) { o.seed = static_cast<std::uint64_t>(number(v)); }},
      {"--rate", [&](Text v) { o.rate = number(v); }},
      {"--cuts", [&](Text v) { o.cuts = number(v); }},
      {"--quiet", [&](Text v) { o.quiet = number(v); }},
      {"--limit", [&](Text v) { o.limit = number(v); }},
  };
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    if (name == "--own" || name == "--verbose") {
      (name == "--own" ? o.own : o.verbose) = true;
      continue;
    }
    const auto found = values.find(name);
    if (found == values.end() || ++i == argc) {
      refuse(found == values.end() ? "unknown option " + name : name + " needs a value");
    }
    found->second(argv[i]);
  }
  if (o.book.empty() || o.senders < 1 || o.receivers < 1 || o.window < 1 || o.load.ack_every < 1) {
    refuse("--book is needed, and counts begin at 1");
  }
  return o;
}

}  // namespace aldis::ledger
