// Questions: requests (iq) this server makes in the name of an account of its home, and the answers to them. Who answers is compared
// with who was asked (RFC 6120 section 8.1.2.1, security P06); ids cannot be guessed. Serial, of one home.
#pragma once
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"
#include "base/keyed_hash.h"
#include "base/unique_function.h"
#include "runtime/shard.h"
#include "xmpp/stanza.h"

namespace aldis {

class Home;

class Questions {
 public:
  static constexpr std::size_t most = 1000;              // that wait for their answers at once
  static constexpr std::chrono::seconds patience{30};

  explicit Questions(Home& home) : home_(home) {}
  ~Questions();
  Questions(const Questions&) = delete;
  Questions& operator=(const Questions&) = delete;

  // A result or an error; null: none came in time.
  using Answered = UniqueFunction<void(const Stanza* answer)>;
  // Asks `to` with an iq get around `payload`, from the account's bare address. False: too many wait, and `answered` is never called.
  [[nodiscard]] bool get(const BareJid& asker, const Jid& to, std::string_view payload, Answered answered);
  // An answer that reached the account: if it is one to a question of ours, it is taken. Others are nobody's.
  void take(const Stanza& answer);

 private:
  struct Waiting {
    BareJid asker;
    Jid to;
    Answered answered;
  };
  void arm();
  void give_up_old();

  Home& home_;
  std::unordered_map<std::string, Waiting, KeyedStringHash, std::equal_to<>> waiting_;   // by id
  std::deque<std::pair<Monotonic, std::string>> deadlines_;                               // in order; the answered ones too
  TimerId timer_ = TimerId::none;
};

}  // namespace aldis
