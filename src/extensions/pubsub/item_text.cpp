// What an item's payload says to people.
#include "extensions/pubsub/item_text.h"

#include <algorithm>

#include "xml/element.h"
#include "xmpp/namespaces.h"

namespace aldis::pubsub {
namespace {

std::string lower(std::string_view text) {
  std::string small(text);
  std::ranges::transform(small, small.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return small;
}

void append_text(std::string& out, const xml::Element& element) {   // as deep as xml::Limits lets it be
  out.append(element.text()).push_back('\n');
  for (const xml::Element child : element.children()) {
    append_text(out, child);
  }
}

}  // namespace

void ItemText::read() const {
  if (std::exchange(is_read_, true) || payload_.empty()) {
    return;
  }
  const auto document = xml::parse(std::string(payload_));
  if (!document) {
    return;
  }
  const xml::Element root = (*document)->root();
  std::string all;
  append_text(all, root);
  lower_ = lower(all);
  if (root.is({"entry", ns::atom})) {
    for (const std::string_view name : {"summary", "title"}) {
      if (const auto child = root.child({name, ns::atom}); child && body_.empty()) {
        body_ = child->text();
      }
    }
  }
}

bool ItemText::holds(std::string_view keyword) const {
  if (keyword.empty()) {
    return true;
  }
  read();
  return lower_.find(lower(keyword)) != std::string::npos;
}

std::string_view ItemText::body() const {
  read();
  return body_;
}

}  // namespace aldis::pubsub
