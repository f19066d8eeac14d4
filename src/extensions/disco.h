// What a domain says of itself to service discovery; shared by disco and entity capabilities.
#pragma once
#include "core/virtual_host.h"
#include "xml/writer.h"

namespace aldis::ext {

// Children of <query xmlns='http://jabber.org/protocol/disco#info'/> for the domain: identities, features, forms.
void write_server_info(xml::Writer& writer, const VirtualHost& host);

}  // namespace aldis::ext
