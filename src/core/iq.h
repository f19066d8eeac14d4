// Iq, IqReply and IqTable: requests the server answers itself, for itself or for an account (RFC 6120 section 8.2.3,
// RFC 6121 section 8.5). Exactly one answer, always: a handler returns it, now or as a Task.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "core/envelope.h"
#include "runtime/task.h"
#include "xmpp/stanza.h"

namespace aldis {

class Account;
class Session;
class Home;
class VirtualHost;

enum class Recipient : std::uint8_t {
  server,         // to='domain'
  own_account,    // no to, or the sender's own bare address
  other_account,  // somebody else's bare address
};

class IqReply;

// What a failure of ours or of the world says to who asked: resource-constraint (wait) when full or unavailable, otherwise
// internal-server-error. Its cause is for the log.
[[nodiscard]] StanzaError answer_to(const Error& failure);

// A request, with what a handler needs to answer it. Copyable: it holds ids, and looks sessions and accounts up when asked.
class Iq {
 public:
  Iq(Envelope envelope, Recipient recipient, const VirtualHost& host, Home& home)
      : envelope_(std::move(envelope)), recipient_(recipient), host_(&host), home_(&home) {}

  [[nodiscard]] const Stanza& stanza() const { return *envelope_.stanza; }
  [[nodiscard]] const Envelope& envelope() const { return envelope_; }
  [[nodiscard]] xml::Element payload() const { return *envelope_.stanza->payload(); }
  [[nodiscard]] bool is_set() const { return stanza().type() == StanzaType::set; }
  [[nodiscard]] Recipient recipient() const { return recipient_; }
  [[nodiscard]] const VirtualHost& host() const { return *host_; }
  [[nodiscard]] Home& home() const { return *home_; }
  [[nodiscard]] const Jid& from() const { return *stanza().from(); }
  // The account addressed (own or other).
  [[nodiscard]] BareJid owner() const;
  // The account addressed, if it is in memory on this shard; null after it went away.
  [[nodiscard]] Account* account() const;
  // The sender's session, for requests to the own account or the server; null when it is gone or foreign.
  [[nodiscard]] Session* session() const;
  // Whether its sender's stream was encrypted: nobody on the way has read what it says, nor will read the answer.
  [[nodiscard]] bool is_confidential() const { return envelope_.sender == nullptr || envelope_.sender->is_confidential; }
  // Whether the sender may see the presence of the account addressed (its own, or a subscriber).
  [[nodiscard]] bool sender_sees_presence() const;

  [[nodiscard]] StanzaPtr result(std::string_view payload = {}) const { return make_result(stanza(), payload); }
  [[nodiscard]] StanzaPtr error(StanzaCondition condition, std::string text = {}) const {
    return make_error(stanza(), StanzaError(condition, std::move(text)));
  }
  [[nodiscard]] StanzaPtr error(const StanzaError& error) const { return make_error(stanza(), error); }
  // As answer_to says; the cause goes to the log.
  [[nodiscard]] StanzaPtr failure(const Error& error) const;

 private:
  Envelope envelope_;
  Recipient recipient_;
  const VirtualHost* host_;
  Home* home_;
};

// The answer: a stanza from Iq::result or Iq::error, now or later; or the handler's word that it has sent it itself.
class IqReply {
 public:
  [[nodiscard]] static IqReply sent_already() { return IqReply(); }
  IqReply(StanzaPtr answer) : state_(std::move(answer)) {}           // NOLINT: implicit on purpose
  IqReply(Task<StanzaPtr> answer) : state_(std::move(answer)) {}     // NOLINT
  using State = std::variant<std::monostate, StanzaPtr, Task<StanzaPtr>>;
  [[nodiscard]] State& state() { return state_; }

 private:
  IqReply() = default;
  State state_;
};

using IqHandler = std::function<IqReply(const Iq&)>;

class IqTable {
 public:
  // A second handler for the same request is a broken invariant.
  void add(StanzaType type, XmlName payload, Recipient recipient, IqHandler handler);
  // Null when nobody answers such a request.
  [[nodiscard]] const IqHandler* find(StanzaType type, XmlName payload, Recipient recipient) const;

 private:
  struct Key {
    StanzaType type;
    Recipient recipient;
    std::string ns;
    std::string local;
  };
  struct View {
    StanzaType type;
    Recipient recipient;
    std::string_view ns;
    std::string_view local;
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(const Key& key) const { return (*this)(View{key.type, key.recipient, key.ns, key.local}); }
    std::size_t operator()(const View& view) const;
  };
  struct Equal {
    using is_transparent = void;
    template <class A, class B>
    bool operator()(const A& a, const B& b) const {
      return a.type == b.type && a.recipient == b.recipient && a.local == b.local && a.ns == b.ns;
    }
  };
  std::unordered_map<Key, IqHandler, Hash, Equal> handlers_;
};

}  // namespace aldis
