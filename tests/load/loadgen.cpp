// The load generator's entry: chooses the scenario.
#include <csignal>
#include <map>

#include "fleet.h"
#include "process_stats.h"
#include "scenarios.h"

int main(int argc, char** argv) {
  using namespace aldis::load;
  std::signal(SIGPIPE, SIG_IGN);
  raise_descriptor_limit();
  const Options options = parse_options(argc, argv);
  const std::map<std::string, int (*)(const Options&)> scenarios = {
      {"chat", run_chat},       {"idle", run_idle},         {"detached", run_detached},
      {"archive", run_archive}, {"login", run_login},       {"handshake", run_handshake},
      {"ping", run_ping},       {"presence", run_presence}, {"setup-roster", run_setup_roster},
      {"storm", run_storm},     {"rooms", run_rooms},       {"room-join", run_room_join},
      {"dead-domains", run_dead_domains}, {"pubsub-fanout", run_pubsub_fanout}, {"positions", run_positions},
  };
  const auto found = scenarios.find(options.scenario);
  if (found == scenarios.end()) {
    give_up("no scenario " + options.scenario);
  }
  return found->second(options);
}
