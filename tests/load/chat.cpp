// chat: pairs of clients exchange numbered messages. Closed loop: each pair keeps --window messages in flight, so the
// server is saturated and its CPU per message is exact. Open loop (--rate): delays under a load that does not wait for
// the server. With Options::other_domain the two of a pair are on two servers.
#include "conversation.h"
#include "report.h"
#include "scenarios.h"

namespace aldis::load {

int run_chat(const Options& options) {
  EventLoop loop;
  Conversation conversation(loop, options, 0, options.pairs);
  conversation.log_in();
  if (options.rate > 0) {
    conversation.start_open(options.rate);
  } else {
    conversation.start_closed();
  }
  conversation.run(Clock::now() + options.warmup);
  conversation.latency().clear();
  conversation.ack_latency().clear();
  CpuWindow cpu(options.server_pid, options.other_server_pid);
  const auto before = conversation.tally().received;
  cpu.begin();
  conversation.run(Clock::now() + options.duration);
  cpu.end();
  const auto messages = static_cast<double>(conversation.tally().received - before);
  const Latency measured = conversation.latency();
  const Latency acks = conversation.ack_latency();
  conversation.drain(std::min(options.limit, std::chrono::milliseconds(60000)));

  const Tally& tally = conversation.tally();
  Report report("chat");
  report.number("pairs", options.pairs);
  report.number("window", options.window);
  report.number("rate", options.rate);
  report.number("messages", messages);
  report.number("messages_per_second", messages / cpu.seconds());
  cpu.report(report, "message", messages);
  report.latency("delay", measured);
  if (options.stream_management) {
    report.latency("ack", acks);
  }
  report.number("lost", static_cast<double>(conversation.lost()));
  report.number("duplicated", static_cast<double>(tally.duplicated));
  report.number("reordered", static_cast<double>(tally.reordered));
  report.number("refused", static_cast<double>(tally.refused));
  report.print();
  return conversation.lost() + tally.duplicated + tally.reordered + tally.refused == 0 ? 0 : 1;
}

}  // namespace aldis::load
