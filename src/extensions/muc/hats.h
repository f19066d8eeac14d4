// Hats, XEP-0317 (0.3.1): what a room calls some of its people beside their affiliations: which hats there are, who wears them, and
// their words. Pure; a room holds one and stores it with itself.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "xml/writer.h"
#include "xmpp/jid.h"
#include "xmpp/stanza_error.h"

namespace aldis::muc {

struct Hat {
  std::string uri;
  std::string title;
  std::string hue{};       // degrees, as they were written; empty: none

  friend bool operator==(const Hat&, const Hat&) = default;
};

// What is done to them, in the XEP's words.
enum class HatCommand : std::uint8_t { create, destroy, list, assign, unassign, list_assigned };

class Hats {
 public:
  static constexpr std::size_t most_hats = 100;
  static constexpr std::size_t most_worn = 2000;        // by all together
  static constexpr std::size_t most_of_a_wearer = 10;
  static constexpr std::size_t longest_title = 200;     // bytes, as are the next
  static constexpr std::size_t longest_uri = 500;

  // A new one, or another title and hue for one that is there. not-acceptable: no such thing can be a hat; resource-constraint: too many.
  [[nodiscard]] Result<void, StanzaError> put(Hat hat);
  // From the list and from everybody's head. False: there is none.
  [[nodiscard]] bool destroy(std::string_view uri);
  // item-not-found: there is no such hat. Wearing it already is success.
  [[nodiscard]] Result<void, StanzaError> assign(const BareJid& wearer, std::string_view uri);
  [[nodiscard]] bool unassign(const BareJid& wearer, std::string_view uri);   // false: he does not wear it

  [[nodiscard]] bool is_empty() const { return hats_.empty(); }
  [[nodiscard]] const std::vector<Hat>& all() const { return hats_; }         // in the order of their URIs
  [[nodiscard]] const Hat* find(std::string_view uri) const;
  [[nodiscard]] const std::map<BareJid, std::vector<std::string>>& worn() const { return worn_; }   // by whom, their URIs
  [[nodiscard]] bool wears(const BareJid& wearer, std::string_view uri) const;
  // <hats/> of a presence (section 3.1); nothing where there is none to show.
  void write(xml::Writer& writer, const BareJid& wearer) const;
  // Of the list, for service discovery (section 2): another whenever the list is.
  [[nodiscard]] std::string hash() const;
  [[nodiscard]] std::size_t memory() const;

  // Words of ours for the store (empty: no hats), and back; nothing where they cannot be read.
  [[nodiscard]] std::string to_text() const;
  [[nodiscard]] static std::optional<Hats> from_text(std::string_view text);

 private:
  std::vector<Hat> hats_;
  std::map<BareJid, std::vector<std::string>> worn_;
};

}  // namespace aldis::muc
