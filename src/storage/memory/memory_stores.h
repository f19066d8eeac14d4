// MemoryStores: every store, kept in memory, for tests and for scenes; it passes the same contract tests as the SQL
// backend. Nothing is durable, and nothing is bounded except by the limits that calls carry.
#pragma once
#include <memory>

#include "storage/stores.h"

namespace aldis {

class MemoryStores {
 public:
  enum class Answers : std::uint8_t {
    at_once,  // a call never suspends
    later,    // a call suspends, takes effect and resumes through a post to the caller's executor, so that order bugs show
  };
  explicit MemoryStores(Answers answers = Answers::at_once);
  ~MemoryStores();
  MemoryStores(const MemoryStores&) = delete;
  MemoryStores& operator=(const MemoryStores&) = delete;

  // Usable from any thread while the MemoryStores lives; so must every Task they gave out.
  [[nodiscard]] Stores stores();

 private:
  struct World;
  std::unique_ptr<World> world_;
};

}  // namespace aldis
