// RoomAdministration: what operators do to rooms that may be in use. Who houses rooms at a domain's addresses gives it to the
// domain (Extension::administer_rooms). Callable from any executor; each call resumes there.
#pragma once
#include <cstdint>
#include <string>

#include "base/result.h"
#include "runtime/task.h"
#include "xmpp/affiliation.h"
#include "xmpp/jid.h"

namespace aldis {

class RoomAdministration {
 public:
  virtual ~RoomAdministration() = default;
  // A persistent room with the domain's defaults. already_exists
  virtual Task<Result<void>> create(BareJid room, BareJid owner) = 0;
  // Its occupants are told why (XEP-0045 section 10.9). not_found
  virtual Task<Result<void>> destroy(BareJid room, std::string reason) = 0;
  // As an owner would set it; occupants see it, and who must leave leaves. `jid`: bare, for outcast also a domain. not_found;
  // denied: the room would be without an owner (section 10.5).
  virtual Task<Result<void>> set_affiliation(BareJid room, Jid jid, Affiliation affiliation, std::string reason) = 0;
  // How many there are; 0 for a room that nobody uses, whether it exists or not.
  virtual Task<std::size_t> occupants(BareJid room) = 0;
};

}  // namespace aldis
