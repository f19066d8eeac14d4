// What new nodes of an account are like, by the specification their NodeID belongs to.
#include "extensions/pep/defaults.h"

#include <algorithm>
#include <array>

#include "xmpp/namespaces.h"

namespace aldis::ext {
namespace {

using pubsub::AccessModel;
using pubsub::SendLast;

// Whose name begins so, where it ends with ':'.
struct Special {
  std::string_view node;
  AccessModel access;
  bool has_many_items;
  SendLast send_last;
};
constexpr std::array specials{
    // XEP-0402 section 3.3: only for the owner, and as many as there are rooms.
    Special{ns::bookmarks, AccessModel::whitelist, true, SendLast::never},
    Special{ns::private_bookmarks, AccessModel::whitelist, false, SendLast::on_sub_and_presence},   // XEP-0048 section 3
    Special{ns::displayed, AccessModel::whitelist, true, SendLast::never},                          // XEP-0490 section 4.2
    Special{"urn:xmpp:contacts", AccessModel::whitelist, true, SendLast::never},                    // XEP-0292 section 5.2
    Special{"urn:xmpp:vcard4", AccessModel::open, false, SendLast::on_sub_and_presence},            // its section 4.1: XEP-0222
    // XEP-0384 section 5.3: whoever wants to write must find the keys.
    Special{"urn:xmpp:omemo:2:devices", AccessModel::open, false, SendLast::on_sub_and_presence},
    Special{"urn:xmpp:omemo:2:bundles", AccessModel::open, true, SendLast::never},
    Special{"eu.siacs.conversations.axolotl.devicelist", AccessModel::open, false, SendLast::on_sub_and_presence},
    Special{"eu.siacs.conversations.axolotl.bundles:", AccessModel::open, false, SendLast::never},
    // XEP-0373 sections 4 and 5.
    Special{"urn:xmpp:openpgp:0:public-keys", AccessModel::open, false, SendLast::on_sub_and_presence},
    Special{"urn:xmpp:openpgp:0:public-keys:", AccessModel::open, false, SendLast::never},
    Special{"urn:xmpp:openpgp:0:secret-key", AccessModel::whitelist, false, SendLast::never},
};

}  // namespace

pubsub::NodeConfig personal_defaults(std::string_view node, pubsub::NodeConfig base) {
  base.access_model = AccessModel::presence;
  base.send_last = SendLast::on_sub_and_presence;
  base.max_items = 1;
  for (const Special& special : specials) {
    if (node == special.node || (special.node.ends_with(':') && node.starts_with(special.node))) {
      base.access_model = special.access;
      base.send_last = special.send_last;
      base.max_items = special.has_many_items ? pubsub::as_many_as_allowed : 1;
    }
  }
  return base;
}

}  // namespace aldis::ext
