// Capabilities: what other entities' clients want to be told of: the NodeIDs of their NODE+notify features (XEP-0060 section 9.2), learnt
// from entity capabilities (XEP-0115 1.6.0): one client is asked for each hash, and what it says counts for everybody only if
// the hash proves it (section 5.4). What does not prove it counts for that client alone. While it is silent another that announces the same is
// asked, so that one that never answers keeps nobody waiting for long. Serial, of one home; bounded in memory, questions and time (security
// E06, E09).
//
// The interests are read from the text that was hashed, not from the answer: whatever answer hashes to the same value has the
// same text, so that none can put another set of interests behind a hash (the "trivial preimage" of section 8.3).
#pragma once
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/keyed_hash.h"
#include "base/unique_function.h"
#include "core/questions.h"
#include "runtime/own_timers.h"
#include "xml/element.h"
#include "xmpp/jid.h"

namespace aldis::ext {

// NodeIDs in order, each once. Shared by all who announce the same.
using Interests = std::shared_ptr<const std::vector<std::string>>;
[[nodiscard]] bool includes(const Interests& interests, std::string_view node);

// The <c/> of a presence.
struct Announced {
  std::string node;
  std::string ver;
  std::string hash;                                   // empty: the legacy format, or none
  [[nodiscard]] std::string key() const { return hash + " " + ver; }
};
// Nothing: the presence has none, or one that is too long or says nothing.
[[nodiscard]] std::optional<Announced> announced_by(const Stanza& presence);

class Capabilities {
 public:
  struct Limits {
    std::size_t bytes = 4 * 1024 * 1024;              // of what is remembered by hash
    std::size_t waiting = 20'000;                     // clients whose capabilities are being asked for
    std::size_t nodes = 256;                          // of one client
    std::size_t node_bytes = 16 * 1024;               // of all of them
    std::chrono::milliseconds patience{5000};         // with one that is silent, before another is asked the same
    std::size_t at_once = 3;                          // clients that are asked the same
  };
  Capabilities(Questions& questions, Executor& executor) : Capabilities(questions, executor, Limits()) {}
  Capabilities(Questions& questions, Executor& executor, Limits limits) : questions_(questions), limits_(limits), timers_(executor) {}

  // Null: it cannot be known what this client wants.
  using Learnt = UniqueFunction<void(Interests)>;
  // What the client wants: at once if that is known, or when somebody has been asked, in the name of the account that it is shown to.
  // `learnt` is called once, unless the server stops.
  void find(const BareJid& account, const FullJid& client, const Announced& announced, Learnt learnt);
  [[nodiscard]] std::size_t size() const { return known_.size(); }

 private:
  struct Asker {
    BareJid account;
    FullJid client;
    Announced announced;
    Learnt learnt;
    std::uint64_t question = 0;                       // that it has been asked; 0: none
  };
  struct Known {
    Interests interests;
    std::size_t bytes;
    std::list<std::string>::iterator place;           // in by_use_
  };
  void ask(const std::string& key);
  void ask_one_more(const std::string& key);
  void ask_another(const std::string& key, std::uint64_t silent);
  void answered(const std::string& key, std::uint64_t question, const Stanza* answer);
  void remember(const std::string& key, Interests interests);

  Questions& questions_;
  const Limits limits_;
  std::unordered_map<std::string, Known, KeyedStringHash, std::equal_to<>> known_;          // by key
  std::list<std::string> by_use_;                                                            // keys, the latest first
  std::size_t bytes_ = 0;
  // By key, or by client where nothing can be proved; at least one of each is being asked.
  std::unordered_map<std::string, std::list<Asker>, KeyedStringHash, std::equal_to<>> asked_;
  std::size_t waiting_ = 0;
  std::uint64_t last_question_ = 0;
  OwnTimers timers_;
};

}  // namespace aldis::ext
