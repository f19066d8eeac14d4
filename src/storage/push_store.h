// PushStore: the app servers that clients have asked the server to notify (XEP-0357).
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "runtime/task.h"
#include "xmpp/jid.h"

namespace aldis {

struct PushRegistration {
  Jid service;             // the app server's address
  std::string node;        // there; may be empty
  std::string options;     // the form of publish-options, serialised; empty: none
  std::string client;      // the user-agent id of the client that enabled it; empty: it had none
  std::string resource;    // that client was bound to
};

class PushStore {
 public:
  virtual ~PushStore() = default;
  // In the order of services and nodes.
  virtual Task<Result<std::vector<PushRegistration>>> load(BareJid owner) = 0;
  // Replaces one of the same service and node. full when the owner has `max` others.
  virtual Task<Result<void>> put(BareJid owner, PushRegistration registration, std::size_t max) = 0;
  // One node, or all of the service's when none is named; none there: success.
  virtual Task<Result<void>> remove(BareJid owner, Jid service, std::optional<std::string> node) = 0;
};

}  // namespace aldis
