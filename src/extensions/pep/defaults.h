// How nodes of accounts are when their owner makes them without saying more (XEP-0163 section 5), and those that certain specifications
// want otherwise: what is private stays so even if a client says nothing (XEP-0223), what strangers must find is open.
#pragma once
#include "extensions/pubsub/node_config.h"

namespace aldis::ext {

// `base` is as the domain's options have it.
[[nodiscard]] pubsub::NodeConfig personal_defaults(std::string_view node, pubsub::NodeConfig base);

}  // namespace aldis::ext
