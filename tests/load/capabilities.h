// What a client says of itself (XEP-0115 1.6): <c/> with a verification string that is right, and the answer to whoever asks what
// is behind it. PEP sends a contact only what it wants so (XEP-0163 section 4.3.2).
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace aldis::load {

class Capabilities {
 public:
  /// `features` besides disco's and caps' own; "…+notify" wants a node.
  explicit Capabilities(std::vector<std::string> features);
  /// <presence/> with <c/>.
  const std::string& presence() const { return presence_; }
  /// The answer to a disco#info request, empty when the stanza is none.
  std::string answer(std::string_view stanza) const;

 private:
  std::string features_;  ///< elements
  std::string presence_;
};

}  // namespace aldis::load
