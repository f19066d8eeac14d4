// Matching of block lists.
#include "policy/block_list.h"

namespace aldis::policy {

bool BlockList::covers(const Jid& peer) const {
  if (jids_.contains(peer) || jids_.contains(peer.bare_str()) || jids_.contains(peer.domain())) {
    return true;
  }
  if (peer.is_full() && peer.has_local()) {  // a listed domain/resource covers that resource of every user there
    std::string domain_resource(peer.domain());
    domain_resource += '/';
    domain_resource += peer.resource();
    return jids_.contains(std::string_view(domain_resource));
  }
  return false;
}

}  // namespace aldis::policy
