// Where records go before app/ has set a sink, and the level.
#include "base/log.h"

#include <cstdio>

namespace aldis::log {
namespace {
std::atomic<Sink*> current_sink{nullptr};
std::atomic<Level> current_level{Level::info};
}  // namespace

void set_sink(Sink* sink) { current_sink.store(sink, std::memory_order_release); }
void set_level(Level level) { current_level.store(level, std::memory_order_relaxed); }
Level level() { return current_level.load(std::memory_order_relaxed); }

void record(Level level, std::string_view event, std::initializer_list<Field> fields) {
  if (Sink* sink = current_sink.load(std::memory_order_acquire)) {
    sink->write(level, event, std::span(fields.begin(), fields.size()));
  } else if (level >= Level::error) {
    std::fprintf(stderr, "aldis: %.*s\n", static_cast<int>(event.size()), event.data());
  }
}

}  // namespace aldis::log
