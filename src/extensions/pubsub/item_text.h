// ItemText: what an item's payload says to people: all its text, and the body that some payloads have (XEP-0060 1.30 sections 12.7 and 12.19). Read
// when first asked for.
#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace aldis::pubsub {

class ItemText {
 public:
  ItemText() = default;
  explicit ItemText(std::string_view payload) : payload_(payload) {}

  // The keyword stands somewhere in the text, in any case of ASCII letters; an empty one does.
  [[nodiscard]] bool holds(std::string_view keyword) const;
  // Of an Atom entry (RFC 4287) its summary, or else its title; empty: there is none.
  [[nodiscard]] std::string_view body() const;

 private:
  void read() const;
  std::string_view payload_;
  mutable bool is_read_ = false;
  mutable std::string lower_;
  mutable std::string body_;
};

}  // namespace aldis::pubsub
