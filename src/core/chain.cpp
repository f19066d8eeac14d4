// Running a chain. Failure policy by phase: check and amend reject; record rejects with what it says (a wait error);
// copy is logged and delivery goes on.
#include "core/chain.h"

#include <algorithm>

#include "base/log.h"
#include "base/metrics.h"

namespace aldis {
namespace {
metrics::Counter rejections{"aldis_chain_rejections_total", "Stanzas a hook rejected."};
metrics::Counter copy_failures{"aldis_chain_copy_failures_total", "Copies (carbons, push) that could not be made."};
}  // namespace

void Chain::add(Phase phase, StanzaKinds kinds, std::string extension, Hook hook) {
  for (std::size_t kind = 0; kind < hooks_.size(); ++kind) {
    if (!includes(kinds, static_cast<StanzaKind>(kind))) {
      continue;
    }
    Entries& entries = hooks_[kind];
    const auto place = std::upper_bound(entries.begin(), entries.end(), phase,
                                        [](Phase wanted, const Entry& entry) { return wanted < entry.phase; });
    entries.insert(place, Entry{phase, extension, hook});
  }
}

std::optional<Chain::Outcome> Chain::apply(const Entry& entry, Verdict verdict, Envelope& envelope) {
  if (std::holds_alternative<Pass>(verdict)) {
    return std::nullopt;
  }
  if (auto* reject = std::get_if<Reject>(&verdict)) {
    if (entry.phase == Phase::copy) {
      copy_failures.add();
      log::warning("copy-failed", {{"extension", entry.extension}, {"condition", to_string(reject->error.condition)}});
      return std::nullopt;
    }
    rejections.add();
    return Outcome{Outcome::Kind::rejected, std::move(reject->error)};
  }
  if (auto* replace = std::get_if<Replace>(&verdict)) {
    ensure(entry.phase == Phase::amend, "only an amend hook replaces a stanza");
    envelope.stanza = std::move(replace->stanza);
    if (!replace->is_same_message) {
      envelope.message_id = 0;
    }
    return std::nullopt;
  }
  return Outcome{Outcome::Kind::consumed, {}};
}

Chain::Result Chain::run(Envelope& envelope, Account& account) const {
  const Entries& entries = hooks_[static_cast<std::size_t>(envelope.stanza->kind())];
  for (std::size_t i = 0; i < entries.size(); ++i) {
    Step step = entries[i].hook(HookCall{envelope, account});
    if (auto* waiting = std::get_if<Task<Verdict>>(&step)) {
      return run_waiting(entries, i, std::move(*waiting), envelope, account);
    }
    if (auto outcome = apply(entries[i], std::move(std::get<Verdict>(step)), envelope)) {
      return std::move(*outcome);
    }
  }
  return Outcome{};
}

Task<Chain::Outcome> Chain::run_waiting(const Entries& entries, std::size_t index, Task<Verdict> waiting,
                                        Envelope& envelope, Account& account) {
  Verdict verdict = co_await std::move(waiting);
  for (;;) {
    std::optional<Outcome> outcome = apply(entries[index], std::move(verdict), envelope);
    if (outcome) {
      co_return std::move(*outcome);
    }
    if (++index == entries.size()) {
      co_return Outcome{};
    }
    Step step = entries[index].hook(HookCall{envelope, account});
    if (auto* next = std::get_if<Task<Verdict>>(&step)) {
      verdict = co_await std::move(*next);
    } else {
      verdict = std::move(std::get<Verdict>(step));
    }
  }
}

}  // namespace aldis
