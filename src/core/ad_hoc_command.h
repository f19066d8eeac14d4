// AdHocCommand: something an entity may ask the domain to do, as extensions offer it (XEP-0050): who may, which forms are
// filled in one after the other, and what then happens. The protocol around it is extensions/commands.cpp.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "core/iq.h"
#include "runtime/task.h"
#include "xmpp/form.h"

namespace aldis {

// What a command that ran has to say.
struct CommandOutcome {
  struct Note {
    enum class Severity : std::uint8_t { info, warning, error } severity = Severity::info;
    std::string text{};
  };
  std::vector<Form> forms{};   // of type result
  std::string payload{};       // further elements, serialised, behind the forms
  std::vector<Note> notes{};   // a failure is told by at least one error (XEP-0050 section 3.6)
};

struct AdHocCommand {
  std::string node;            // unique within the domain
  std::string name;            // for people
  // Asked at every step, not only at the first. `requester` is the full address the server has stamped.
  std::function<bool(const VirtualHost& host, const Jid& requester)> may_execute;
  // Not over a stream that others on the way can read (security T08).
  bool needs_confidentiality = true;
  // The forms, each made when it is its turn from what was accepted before. Empty: the command asks for nothing.
  std::vector<std::function<Form(const std::vector<Form>& accepted)>> stages{};
  // Fills what stands now into the first form before it is shown, or says why there is nothing to ask; null: it is shown as it is.
  std::function<Task<Result<Form, StanzaError>>(Iq request, Form asked)> prefill{};
  // Runs with one accepted form for each stage, on the requester's shard. After an error the last form may be submitted
  // again, so it is returned only when nothing has been done.
  std::function<Task<Result<CommandOutcome, StanzaError>>(Iq request, std::vector<Form> accepted)> run;
};

}  // namespace aldis
