// Random: the only source of randomness. Everything that grants something (stream ids, IQ ids of the server, nonces,
// salts, tokens) takes at least 128 bits from it. Safe from any thread.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace aldis {

class Random {
 public:
  virtual ~Random() = default;
  virtual void fill(std::span<std::uint8_t> out) = 0;
};

// getrandom(2) through a per-thread buffer; stops the process if the kernel refuses.
class SystemRandom final : public Random {
 public:
  void fill(std::span<std::uint8_t> out) override;
};

// Characters of [a-z2-7] (RFC 4648 base32, lower case, unpadded) that carry at least `bits` random bits.
[[nodiscard]] std::string random_token(Random& random, std::size_t bits = 128);
[[nodiscard]] std::uint64_t random_u64(Random& random);

}  // namespace aldis
