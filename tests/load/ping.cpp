// ping: XEP-0199 requests from --sessions clients to the server itself, --window of them under way on each connection.
// Every request has exactly one answer (RFC 6120 8.2.3): a second one, or one to nothing asked, counts as an error.
#include <charconv>
#include <vector>

#include "fleet.h"
#include "latency.h"
#include "report.h"
#include "scenarios.h"

namespace aldis::load {

int run_ping(const Options& options) {
  EventLoop loop;
  Fleet fleet(loop, options, 0, options.sessions);
  fleet.log_in(true);
  fleet.wait_for_quiet(std::chrono::milliseconds(300), std::chrono::seconds(20));

  const std::string tail = "' to='" + options.domain + "'><ping xmlns='urn:xmpp:ping'/></iq>";
  const auto window = static_cast<std::size_t>(options.window);
  struct Slot {
    std::uint64_t number = 0;
    Clock::time_point sent{};
    bool is_open = false;
  };
  // The answer to request n comes before request n + window is asked: a slot for each number modulo the window.
  std::vector<std::vector<Slot>> slots(static_cast<std::size_t>(options.sessions), std::vector<Slot>(window));
  std::uint64_t asked = 0, answered = 0, errors = 0, next_number = 0;
  bool is_asking = true;
  Latency latency;
  const auto ask = [&](Client& client, std::size_t slot) {
    Slot& open = slots[static_cast<std::size_t>(client.account())][slot];
    open = {next_number++, Clock::now(), true};
    ++asked;
    client.send("<iq type='get' id='" + std::to_string(slot) + "-" + std::to_string(open.number) + tail);
  };
  fleet.on_stanza([&](Client& client, std::string_view stanza) {
    if (name_of(stanza) != "iq") {
      return;
    }
    const auto id = attribute_of(stanza, "id");
    std::size_t slot = window;
    std::uint64_t number = 0;
    const auto parsed = std::from_chars(id.data(), id.data() + id.size(), slot);
    std::from_chars(parsed.ptr + (parsed.ptr < id.data() + id.size() ? 1 : 0), id.data() + id.size(), number);
    auto& own = slots[static_cast<std::size_t>(client.account())];
    if (slot >= window || !own[slot].is_open || own[slot].number != number ||
        attribute_of(stanza, "type") != "result") {
      ++errors;
      return;
    }
    own[slot].is_open = false;
    latency.add(Clock::now() - own[slot].sent);
    ++answered;
    if (is_asking) {
      ask(client, slot);
    }
  });
  for (int i = 0; i < fleet.size(); ++i) {
    for (std::size_t slot = 0; slot < window; ++slot) {
      ask(fleet[i], slot);
    }
  }
  loop.run_for(options.warmup);
  latency.clear();
  CpuWindow cpu(options.server_pid);
  const auto before = answered;
  cpu.begin();
  loop.run_for(options.duration);
  cpu.end();
  const auto pings = static_cast<double>(answered - before);
  const Latency measured = latency;
  is_asking = false;
  loop.run([&] { return answered == asked; }, Clock::now() + std::chrono::seconds(20));

  Report report("ping");
  report.number("sessions", options.sessions);
  report.number("window", options.window);
  report.number("pings", pings);
  report.number("pings_per_second", pings / cpu.seconds());
  cpu.report(report, "ping", pings);
  report.latency("delay", measured);
  report.number("lost", static_cast<double>(asked - answered));
  report.number("errors", static_cast<double>(errors));
  report.print();
  return asked == answered && errors == 0 ? 0 : 1;
}

}  // namespace aldis::load
