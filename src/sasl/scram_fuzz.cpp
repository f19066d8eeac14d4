// Fuzzes SCRAM's two messages, through the parsers and through the whole mechanism. A line of the input is a message; the
// first byte chooses the mechanism. No input may pass for a login: the keys belong to a password nobody has.
#include <cstdint>
#include <string_view>

#include "base/ensure.h"
#include "sasl/scram.h"

using namespace aldis;

namespace {

class FixedRandom final : public Random {
 public:
  void fill(std::span<std::uint8_t> out) override { std::fill(out.begin(), out.end(), std::uint8_t{7}); }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) {
    return 0;
  }
  static constexpr std::string_view names[] = {"SCRAM-SHA-1", "SCRAM-SHA-256-PLUS", "SCRAM-SHA-512", "SCRAM-SHA-1-PLUS"};
  std::string_view input(reinterpret_cast<const char*>(data), size);
  FixedRandom random;
  sasl::Context context;
  context.random = &random;
  context.bindings = {"exporter", "end-point"};
  if ((data[0] & 4U) != 0) {
    context.offered = {"SCRAM-SHA-1", "SCRAM-SHA-1-PLUS"};
  }
  context.offered_bindings = {"tls-exporter", "tls-server-end-point"};
  const auto mechanism = sasl::make_mechanism(names[data[0] & 3U], context);
  input.remove_prefix(1);
  (void)sasl::parse_client_first(input);
  (void)sasl::parse_client_final(input);

  const std::size_t end = input.find('\n');
  sasl::Outcome outcome = mechanism->step(input.substr(0, end));
  if (const auto* need = std::get_if<sasl::NeedKeys>(&outcome)) {
    ensure(!need->username.empty(), "a username is never empty");
    const SecretBytes secret(std::string_view("secret"));
    sasl::Keys keys = sasl::invent_keys(*sasl::parse_hash(need->hash), secret, need->username, 4096);
    keys.is_invented = false;
    outcome = mechanism->supply_keys(std::move(keys));
    const auto* challenge = std::get_if<sasl::Challenge>(&outcome);
    ensure(challenge != nullptr && challenge->data.starts_with("r="), "keys are answered with server-first");
    if (end != std::string_view::npos) {
      // "@" stands for the nonce, which a fuzzer would not guess.
      std::string final(input.substr(end + 1));
      if (const std::size_t at = final.find('@'); at != std::string::npos) {
        final.replace(at, 1, challenge->data.substr(2, challenge->data.find(',') - 2));
      }
      outcome = mechanism->step(final);
    }
  }
  ensure(!std::holds_alternative<sasl::Success>(outcome), "nobody logs in without the password");
  return 0;
}
