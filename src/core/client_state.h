// What an inactive client can do without (XEP-0352, 1.0.0): which stanzas wait until the client is active again or something
// comes that cannot wait, and the queue in which they do. Pure: no session, no clock. Order is kept: whatever goes to the
// client goes behind all that was held before it (section 5.1).
#pragma once
#include <cstdint>
#include <vector>

#include "core/envelope.h"

namespace aldis {

enum class Urgency : std::uint8_t {
  now,          // and everything held goes before it
  later,
  latest_only,  // later; a newer one of the same kind from the same address replaces it
};
// By what the stanza is to people: words, calls, invitations, answers and errors are urgent, and so is what we do not know.
// Presence, typing, receipts, events of nodes and copies of what the user wrote elsewhere are not.
[[nodiscard]] Urgency urgency_of(const Stanza& stanza);

// Whether a message (or the one that a carbon copy holds) has words for people: a body, encrypted content, a subject.
[[nodiscard]] bool has_words(const xml::Element& message);

class HeldBack {
 public:
  struct Limits {
    std::size_t stanzas = 500;
    std::size_t bytes = 128 * 1024;
  };

  // Keeps the stanza when it can wait. False: it goes now, after all that take() gives, because it is urgent or a limit is
  // reached.
  [[nodiscard]] bool hold(const Envelope& envelope, const Limits& limits);
  // All that is held, oldest first; nothing is held afterwards.
  [[nodiscard]] std::vector<Envelope> take();
  [[nodiscard]] bool empty() const { return held_.empty(); }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

 private:
  struct Held {
    Envelope envelope;
    bool is_replaceable;
  };
  void drop_older(const Stanza& newer);

  std::vector<Held> held_;
  std::size_t bytes_ = 0;
};

}  // namespace aldis
