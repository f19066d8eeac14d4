// What a hook of a chain says: a Verdict now, or a Task of one when it must wait (for a store). docs/adr/0002 has the
// phases; the phase, not the hook, decides what a failure means.
#pragma once
#include <utility>
#include <variant>

#include "runtime/task.h"
#include "xmpp/stanza.h"

namespace aldis {

struct Pass {};
struct Reject { StanzaError error; };    // check: back to the sender; elsewhere as the phase says
// amend only. `is_same_message`: what was added is this server's own word, and the message that was stored for its sender
// stands for it; else it is another message.
struct Replace { StanzaPtr stanza; bool is_same_message = false; };
struct Consume {};                       // handled here: goes no further, and that is no error

using Verdict = std::variant<Pass, Reject, Replace, Consume>;
using Step = std::variant<Verdict, Task<Verdict>>;

enum class Phase : std::uint8_t { check, amend, record, copy };

}  // namespace aldis
