// Extended Channel Search, XEP-0433 (0.1.0), of the rooms of one domain.
#pragma once

namespace aldis {
class Extension;
}

namespace aldis::muc {

void offer_channel_search(Extension& self);

}  // namespace aldis::muc
