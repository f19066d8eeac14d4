// KeyDerivation: PBKDF2 (RFC 8018) where it delays nobody: a password check or change costs milliseconds by design, so it
// runs on a worker and the caller's executor goes on.
#pragma once
#include <chrono>
#include <cstdint>
#include <string>

#include "base/result.h"
#include "base/secret_bytes.h"
#include "runtime/task.h"
#include "runtime/worker_pool.h"
#include "storage/account_store.h"

namespace aldis {

class KeyDerivation {
 public:
  virtual ~KeyDerivation() = default;
  // The SCRAM keys of a prepared password (RFC 5802 section 3). `hash` as in ScramKeys; an unknown one is a broken
  // invariant. Resumes on the caller's executor. Errors as of WorkerPool::run: full, timeout, cancelled.
  virtual Task<Result<ScramKeys>> derive(std::string hash, SecretBytes password, std::string salt,
                                         std::uint32_t iterations) = 0;
};

class PooledKeyDerivation final : public KeyDerivation {
 public:
  explicit PooledKeyDerivation(WorkerPool& workers, std::chrono::milliseconds deadline = std::chrono::seconds(10))
      : workers_(workers), deadline_(deadline) {}
  Task<Result<ScramKeys>> derive(std::string hash, SecretBytes password, std::string salt,
                                 std::uint32_t iterations) override;

 private:
  WorkerPool& workers_;
  std::chrono::milliseconds deadline_;
};

// On the caller's own thread: for tools and tests, never in a serving process.
class InlineKeyDerivation final : public KeyDerivation {
 public:
  Task<Result<ScramKeys>> derive(std::string hash, SecretBytes password, std::string salt,
                                 std::uint32_t iterations) override;
};

}  // namespace aldis
