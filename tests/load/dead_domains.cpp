// dead-domains: pairs on two servers talk at a rate (open loop) while another user writes to many domains whose DNS is slow and then
// fails: one message to each at once, and five more to each in turn until the end. What it costs the pairs is the difference to
// chat at the same rate.
#include "conversation.h"
#include "report.h"
#include "scenarios.h"

namespace aldis::load {
namespace {

void write_to(Client& writer, const Options& options, int number) {
  writer.send_stanza("<message to='nobody@d" + std::to_string(number) + "." + options.dead_domain +
                     "' type='chat' id='dead'><body>Is anybody there?</body></message>");
}

}  // namespace

int run_dead_domains(const Options& options) {
  if (options.rate <= 0) {
    give_up("dead-domains needs --rate");
  }
  EventLoop loop;
  Conversation conversation(loop, options, 0, options.pairs);
  conversation.log_in();
  Fleet writers(loop, options, 2 * options.pairs, 1);  // an even number: of the first server
  std::uint64_t answers = 0;
  writers.on_stanza([&answers](Client&, std::string_view) { ++answers; });
  writers.log_in(false);
  conversation.start_open(options.rate);
  conversation.run(Clock::now() + options.warmup);
  conversation.latency().clear();
  const auto before = conversation.tally().received;
  CpuWindow cpu(options.server_pid, options.other_server_pid);
  cpu.begin();
  const Clock::time_point began = Clock::now();
  std::uint64_t written = 0;
  for (; written < static_cast<std::uint64_t>(options.dead); ++written) {
    write_to(writers[0], options, static_cast<int>(written));
  }
  const std::uint64_t most = 6 * written;
  conversation.run(began + options.duration, [&] {
    const double share = std::chrono::duration<double>(Clock::now() - began) / std::chrono::duration<double>(options.duration);
    for (; written < most && static_cast<double>(written) < static_cast<double>(most) * share; ++written) {
      write_to(writers[0], options, static_cast<int>(written % static_cast<std::uint64_t>(options.dead)));
    }
    return false;
  });
  cpu.end();
  const auto messages = static_cast<double>(conversation.tally().received - before);
  const Latency measured = conversation.latency();
  conversation.drain(std::min(options.limit, std::chrono::milliseconds(60000)));

  const Tally& tally = conversation.tally();
  Report report("dead-domains");
  report.number("pairs", options.pairs);
  report.number("rate", options.rate);
  report.number("dead", options.dead);
  report.number("written_to_the_dead", static_cast<double>(written));
  report.number("answered", static_cast<double>(answers));
  report.number("messages", messages);
  cpu.report(report, "message", messages);
  report.latency("delay", measured);
  report.number("lost", static_cast<double>(conversation.lost()));
  report.number("duplicated", static_cast<double>(tally.duplicated));
  report.number("reordered", static_cast<double>(tally.reordered));
  report.number("refused", static_cast<double>(tally.refused));
  report.print();
  return conversation.lost() + tally.duplicated + tally.reordered + tally.refused == 0 ? 0 : 1;
}

}  // namespace aldis::load
