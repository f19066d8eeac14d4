// The names of subscription states, as RFC 6121 section 2.1.2.5 spells them.
#include "storage/roster_store.h"

namespace aldis {

std::string_view to_string(Subscription subscription) {
  switch (subscription) {
    case Subscription::none: return "none";
    case Subscription::to: return "to";
    case Subscription::from: return "from";
    case Subscription::both: return "both";
  }
  return "none";
}

}  // namespace aldis
