// Where the card of an account comes from: this server's store, or on domains of a directory (auth/people_profiles.h) what that says of the
// person, with what it has no place for from the store, if the operator wants that. The one place that decides, for vcard-temp (XEP-0054), vCard4
// (XEP-0292) and the hash of the photo (XEP-0153).
#pragma once
#include <optional>
#include <string>

#include "base/result.h"
#include "core/home.h"
#include "core/iq.h"
#include "extensions/vcard.h"
#include "runtime/task.h"

namespace aldis {
class PeopleProfiles;
}

namespace aldis::ext {

// Of these cards a directory is asked; null: they are the store's.
[[nodiscard]] PeopleProfiles* profiles_of(Home& home, std::string_view domain);

// As `reader` may see it; nothing: there is none for him. An error is never an empty card: the client could write that back.
[[nodiscard]] Task<Result<std::optional<std::string>>> load_card(Home& home, BareJid owner, Jid reader);
// Who has asked; somebody without a name of his own (anonymous) is as good as nobody.
[[nodiscard]] Jid reader_of(const Iq& request);

// What the owner has written. `with_photo`: the photo too; a card without one takes it away. On domains of a directory: denied where it changes
// what is not the owner's to change, limit where something is too large; both leave all as it was. Whoever calls holds Account::changes().
[[nodiscard]] Task<Result<void>> store_card(Home& home, BareJid owner, std::string card, bool with_photo);
// The photo alone, or none.
[[nodiscard]] Task<Result<void>> store_photo(Home& home, BareJid owner, std::optional<Photo> photo);

// What a failure of these says to who asked: not-allowed, not-acceptable, resource-constraint (to wait) and so on.
[[nodiscard]] StanzaError card_error(const Error& error);

}  // namespace aldis::ext
