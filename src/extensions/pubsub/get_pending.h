// The command get-pending (XEP-0060 1.30 section 8.7) of a domain of nodes.
#pragma once

namespace aldis {
class Extension;
}

namespace aldis::pubsub {

void offer_get_pending(Extension& self);

}  // namespace aldis::pubsub
