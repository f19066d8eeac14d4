// A message as a mail in an mbox file (RFC 4155, "default" form), for people and for the tools of archivists: ASCII only, the body
// as quoted-printable UTF-8 (RFC 2045 section 6.7), so that no line of it can be taken for the beginning of the next mail.
//
//   From and To      the bare addresses; one that is no mail address is the name of an empty group (RFC 6854, RFC 2047)
//   Date, Message-ID when it was archived; its archive id at the owner's domain
//   Subject          <subject/>, if it has one
//   X-XMPP-From, -To, -Type, -Id    as they stood in the stanza
//   X-XMPP-Real-From                whose nickname it was, of a message to a room; From has the nickname and the room
//
// A message without a body (a receipt, a reaction) is there as its XML, of type application/xml.
#pragma once
#include <string>

#include "operators/admin_target.h"

namespace aldis::admin {

void append_mail(std::string& out, const ArchivePart::Message& message, const BareJid& owner);

}  // namespace aldis::admin
