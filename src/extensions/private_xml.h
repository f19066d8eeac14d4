// Elements of private XML storage (XEP-0049) that are kept in another place and another form, such as bookmarks (XEP-0402 section 5.3).
#pragma once
#include <functional>
#include <map>
#include <string>
#include <utility>

#include "core/iq.h"
#include "runtime/task.h"

namespace aldis::ext {

struct ConvertedElement {
  // The element as it stands; `stored` is what private XML storage itself has of it, or empty.
  std::function<Task<Result<std::string, StanzaError>>(Iq request, std::string stored)> load;
  // Keeps the element; what it returns is kept in private XML storage (what has no other place); empty: nothing, and what is there stays.
  std::function<Task<Result<std::string, StanzaError>>(Iq request, std::string element)> store;
};

// Of a domain, by namespace and local name; filled while extensions are installed.
struct ConvertedElements {
  std::map<std::pair<std::string, std::string>, ConvertedElement> all;
};

}  // namespace aldis::ext
