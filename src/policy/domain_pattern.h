// DomainPattern: "x.example", or "*.example": every domain below, not itself. How rules name domains.
#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace aldis::policy {

struct DomainPattern {
  std::string domain;     // as RFC 7622 prepares it, without "*."
  bool is_subtree = false;

  [[nodiscard]] static std::optional<DomainPattern> parse(std::string_view text);
  [[nodiscard]] bool covers(std::string_view other) const;
  [[nodiscard]] std::string str() const { return (is_subtree ? "*." : "") + domain; }
  friend bool operator==(const DomainPattern&, const DomainPattern&) = default;
};

}  // namespace aldis::policy
