// See process_stats.h.
#include "process_stats.h"

#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

namespace aldis::load {
namespace {

struct StatLine {
  int parent = 0;
  double cpu_seconds = 0;
  std::int64_t rss_bytes = 0;
};

bool read_stat(int pid, StatLine& out) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string line;
  if (!std::getline(file, line)) {
    return false;
  }
  // Field 2 is the command in brackets and may hold spaces and brackets: count from the last one.
  const auto close = line.rfind(')');
  if (close == std::string::npos) {
    return false;
  }
  std::istringstream fields(line.substr(close + 1));
  std::vector<std::string> field(1);
  for (std::string word; fields >> word;) {
    field.push_back(word);
  }
  if (field.size() < 23) {
    return false;
  }
  const double ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  out.parent = std::atoi(field[2].c_str());                                                 // field 4, ppid
  out.cpu_seconds = (std::atof(field[12].c_str()) + std::atof(field[13].c_str())) / ticks;  // fields 14 and 15
  out.rss_bytes = std::atoll(field[22].c_str()) * sysconf(_SC_PAGESIZE);                    // field 24
  return true;
}

}  // namespace

ProcessStats read_process(int pid) {
  ProcessStats sum;
  if (pid == 0) {
    return sum;
  }
  std::map<int, StatLine> all;
  if (DIR* proc = opendir("/proc")) {
    while (const dirent* entry = readdir(proc)) {
      const int id = std::atoi(entry->d_name);
      StatLine line;
      if (id > 0 && read_stat(id, line)) {
        all[id] = line;
      }
    }
    closedir(proc);
  }
  for (const auto& [id, line] : all) {
    int ancestor = id;
    while (ancestor > 1 && ancestor != pid) {
      const auto found = all.find(ancestor);
      ancestor = found == all.end() ? 0 : found->second.parent;
    }
    if (ancestor == pid) {
      sum.cpu_seconds += line.cpu_seconds;
      sum.rss_bytes += line.rss_bytes;
    }
  }
  // The stat line's memory lags behind by up to 64 pages a thread; VmRSS is no better, smaps_rollup is exact.
  std::ifstream rollup("/proc/" + std::to_string(pid) + "/smaps_rollup");
  for (std::string line; std::getline(rollup, line);) {
    if (line.rfind("Rss:", 0) == 0) {
      StatLine own;
      read_stat(pid, own);
      sum.rss_bytes += std::atoll(line.c_str() + 4) * 1024 - own.rss_bytes;
    }
  }
  return sum;
}

double own_cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6;
}

void raise_descriptor_limit() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace aldis::load
