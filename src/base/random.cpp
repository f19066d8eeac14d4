// The kernel's generator, buffered so that a short token does not cost a system call.
#include "base/random.h"

#include <pthread.h>
#include <sys/random.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>

#include "base/ensure.h"

namespace aldis {
namespace {

void fill_from_kernel(std::span<std::uint8_t> out) {
  while (!out.empty()) {
    const ssize_t got = ::getrandom(out.data(), out.size(), 0);
    if (got < 0) {
      ensure(errno == EINTR, "getrandom gives bytes");
      continue;
    }
    out = out.subspan(static_cast<std::size_t>(got));
  }
}

// Forks on the way from the first process to this one. The process id would tell as much, at a system call each time.
std::uint64_t forks() {
  static std::atomic<std::uint64_t> count{0};
  static const bool is_counting = ::pthread_atfork(nullptr, nullptr, [] { count.fetch_add(1, std::memory_order_relaxed); }) == 0;
  ensure(is_counting, "forks can be counted");
  return count.load(std::memory_order_relaxed);
}

struct Pool {
  std::array<std::uint8_t, 512> bytes;
  std::size_t used = bytes.size();
  std::uint64_t forks_before = 0;  // a forked child must not repeat its parent's bytes
};

}  // namespace

void SystemRandom::fill(std::span<std::uint8_t> out) {
  thread_local Pool pool;
  if (out.size() > pool.bytes.size() / 4) {
    fill_from_kernel(out);
    return;
  }
  if (pool.used + out.size() > pool.bytes.size() || pool.forks_before != forks()) {
    pool.forks_before = forks();
    fill_from_kernel(pool.bytes);
    pool.used = 0;
  }
  std::copy_n(pool.bytes.begin() + static_cast<std::ptrdiff_t>(pool.used), out.size(), out.begin());
  ::explicit_bzero(pool.bytes.data() + pool.used, out.size());  // a byte is given out once
  pool.used += out.size();
}

std::string random_token(Random& random, std::size_t bits) {
  static constexpr char alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";
  const std::size_t length = (bits + 4) / 5;
  std::string token(length, '\0');
  std::array<std::uint8_t, 64> bytes{};
  for (std::size_t done = 0; done < length;) {
    const std::size_t part = std::min(bytes.size(), length - done);
    random.fill(std::span(bytes).first(part));
    for (std::size_t i = 0; i < part; ++i) {
      token[done + i] = alphabet[bytes[i] & 31U];
    }
    done += part;
  }
  return token;
}

std::uint64_t random_u64(Random& random) {
  std::array<std::uint8_t, 8> bytes{};
  random.fill(bytes);
  std::uint64_t value = 0;
  std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

}  // namespace aldis
