// What services advertise (XEP-0060 1.30 section 10), and work that goes over all of them.
#pragma once
#include <string>
#include <vector>

#include "extensions/pubsub/options.h"

namespace aldis {
class Extension;
}

namespace aldis::pubsub {

[[nodiscard]] std::vector<std::string> features_of_domain(const PubSubOptions& options);
// Of accounts, but for what notifies contacts by their presence (XEP-0163).
[[nodiscard]] std::vector<std::string> features_of_account();

// Items whose time has come leave the store, and subscriptions whose lease is over, a few at a time.
void remove_expired(Extension& self);

}  // namespace aldis::pubsub
