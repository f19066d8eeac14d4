// Chain: the hooks a stanza passes on an account's way out or in, in four phases; within a phase in the order of the list
// in app/extensions.cpp. It runs as plain calls until a hook must wait and only then becomes a coroutine.
#pragma once
#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "core/envelope.h"
#include "core/verdict.h"

namespace aldis {

class Account;

// What a hook is given. Valid during the call; a hook that waits copies what it needs and looks the account up again.
struct HookCall {
  Envelope& envelope;  // of it only archive_id and message_id may be changed, by the archive; the stanza by Replace
  Account& account;  // the chain's: the sender's on the way out, the recipient's on the way in
  [[nodiscard]] const Stanza& stanza() const { return *envelope.stanza; }
};

// Shared by all shards: must not change anything it captures.
using Hook = std::function<Step(const HookCall&)>;

enum class StanzaKinds : std::uint8_t { message = 1, presence = 2, iq = 4, all = 7 };
[[nodiscard]] constexpr bool includes(StanzaKinds kinds, StanzaKind kind) {
  return (static_cast<unsigned>(kinds) & (1U << static_cast<unsigned>(kind))) != 0;
}

class Chain {
 public:
  // `extension` names the owner, for logs and metrics.
  void add(Phase phase, StanzaKinds kinds, std::string extension, Hook hook);
  [[nodiscard]] bool empty(StanzaKind kind) const { return hooks_[static_cast<std::size_t>(kind)].empty(); }

  // What came of the chain. The envelope has been amended.
  struct Outcome {
    enum class Kind : std::uint8_t { passed, rejected, consumed } kind = Kind::passed;
    StanzaError error{};  // of a rejection
  };
  using Result = std::variant<Outcome, Task<Outcome>>;

  // Runs all phases. `envelope` is amended in place when the result is an Outcome; a Task writes it before it ends, so
  // the envelope (and the account, or the caller's Gate) must live until then.
  [[nodiscard]] Result run(Envelope& envelope, Account& account) const;

 private:
  struct Entry {
    Phase phase;
    std::string extension;
    Hook hook;
  };
  using Entries = std::vector<Entry>;
  static Task<Outcome> run_waiting(const Entries& entries, std::size_t index, Task<Verdict> waiting, Envelope& envelope,
                                   Account& account);
  // Nothing: go on with the next hook.
  static std::optional<Outcome> apply(const Entry& entry, Verdict verdict, Envelope& envelope);

  std::array<Entries, 3> hooks_;  // by StanzaKind, sorted by phase
};

}  // namespace aldis
