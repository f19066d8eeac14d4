// FanOutPlan: to whom a node's notifications go, worked out once for many of them. The plain get all of them as they are written; the others
// are looked at one by one each time.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "xmpp/jid.h"

namespace aldis::pubsub {

struct Lane {
  static constexpr std::size_t elsewhere = 256;   // other servers and components
  std::size_t home = elsewhere;
  std::vector<Jid> jids{};
};
using LanesPtr = std::shared_ptr<const std::vector<Lane>>;

struct FanOutPlan {
  LanesPtr plain;
  std::vector<std::string> others{};   // addresses
};
using FanOutPlanPtr = std::shared_ptr<const FanOutPlan>;

}  // namespace aldis::pubsub
