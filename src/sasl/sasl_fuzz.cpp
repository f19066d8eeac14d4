// Fuzzes every mechanism as a stream does: the first line names the mechanism, each further line is a message. Answers to
// what a mechanism asks are given; none may be asked out of turn.
#include <cstdint>
#include <string_view>

#include "base/ensure.h"
#include "sasl/mechanism.h"
#include "sasl/scram_keys.h"

using namespace aldis;

namespace {

class FixedRandom final : public Random {
 public:
  void fill(std::span<std::uint8_t> out) override { std::fill(out.begin(), out.end(), std::uint8_t{7}); }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto take_line = [&input] {
    const std::size_t end = input.find('\n');
    const std::string_view line = input.substr(0, end);
    input = end == std::string_view::npos ? std::string_view{} : input.substr(end + 1);
    return line;
  };
  FixedRandom random;
  sasl::Context context;
  context.random = &random;
  context.bindings.tls_exporter = "exporter";
  context.offered_bindings = {"tls-exporter"};
  const auto mechanism = sasl::make_mechanism(take_line(), context);
  if (mechanism == nullptr) {
    return 0;
  }
  bool is_over = false;
  for (int steps = 0; steps < 6; ++steps) {
    const std::string_view line = take_line();
    sasl::Outcome outcome = mechanism->step(line == "-" ? std::nullopt : std::optional(line));
    if (is_over) {
      ensure(std::holds_alternative<sasl::Failed>(outcome), "what is over stays over");
    }
    // A context that says what the client says: a token ends with its first byte "!".
    for (int calls = 0; const auto* need = std::get_if<sasl::NeedContext>(&outcome); ++calls) {
      ensure(calls < 3, "a message asks for three calls at most");
      const bool is_accepted = need->call == sasl::NeedContext::Call::accept;
      ensure(!need->data.empty() || need->call == sasl::NeedContext::Call::unwrap, "only a choice may be empty");
      ensure(!need->binding || need->binding->find(',') != std::string::npos, "a binding has a GS2 header");
      const bool is_last = need->data.ends_with('!');
      outcome = mechanism->supply_context({.refusal = need->data.ends_with('?') ? "refused" : "",
                                           .data = need->data.ends_with('/') ? std::string() : need->data,
                                           .is_established = is_accepted && is_last,
                                           .has_integrity = is_last,
                                           .has_mutual = is_last,
                                           .is_bound = is_last});
    }
    if (const auto* keys = std::get_if<sasl::NeedKeys>(&outcome)) {
      const SecretBytes secret(std::string_view("secret"));
      outcome = mechanism->supply_keys(sasl::invent_keys(*sasl::parse_hash(keys->hash), secret, keys->username, 1));
    } else if (const auto* password = std::get_if<sasl::NeedPasswordCheck>(&outcome)) {
      ensure(!password->username.empty() && !password->password.empty(), "PLAIN asks about something");
      outcome = mechanism->supply_verdict(size % 2 == 0);
    } else if (const auto* tokens = std::get_if<sasl::NeedTokens>(&outcome)) {
      ensure(!tokens->username.empty(), "a token is somebody's");
      outcome = mechanism->supply_tokens({SecretBytes(std::string_view("token"))});
    } else if (const auto* identities = std::get_if<sasl::NeedIdentities>(&outcome)) {
      outcome = mechanism->supply_identities({"juliet@capulet.example"}, identities->authzid);
      const auto* success = std::get_if<sasl::Success>(&outcome);
      ensure(success == nullptr || success->username == "juliet@capulet.example", "only what was supplied may be acted as");
    }
    is_over = is_over || std::holds_alternative<sasl::Failed>(outcome) || std::holds_alternative<sasl::Success>(outcome);
  }
  return 0;
}
