// What others do with cards of accounts (XEP-0054): photos in them, and hearing of new ones.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "xml/element.h"
#include "xmpp/jid.h"

namespace aldis {
class Home;
}

namespace aldis::ext {

// Of a domain; filled while extensions are installed. Whoever changes a stored card holds Account::changes().
struct Cards {
  std::size_t max_bytes = 0;
  // An owner has stored a card, from this address; on the account's shard. Where the card is a directory's (card_source.h) too.
  std::vector<std::function<void(Home& home, const BareJid& owner, const Jid& from, const std::string& card)>> stored;
};

struct Photo {
  std::string type;      // as the card says, or what the image's first bytes say
  std::string image;     // bytes
  [[nodiscard]] std::string hash() const;   // SHA-1, hexadecimal (XEP-0153 section 3, XEP-0084 section 4)
};
// The first that is in the card and can be read (section 3.3: not by reference).
[[nodiscard]] std::optional<Photo> photo_in(const std::string& card);
// The card with this photo in place of those it has, or without any.
[[nodiscard]] std::string with_photo(const std::string& card, const std::optional<Photo>& photo);
// What the first bytes of an image say.
[[nodiscard]] std::string image_type_of(std::string_view image);
// Base64 in lines (RFC 2426 section 3.1.4) or in one.
[[nodiscard]] std::optional<std::string> decode_lines(std::string text);

}  // namespace aldis::ext
