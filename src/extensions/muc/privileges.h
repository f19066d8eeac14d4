// Who may do what in a room: the tables of XEP-0045 (1.35.5) sections 5.1.1, 5.1.3, 5.2.1 and 5.2.3, with the exceptions that
// sections 8 to 10 make. Pure; each question answers with the condition of the refusal, or nothing: it may be done.
//
// Where the text leaves a choice: a moderator without an affiliation may take voice from others without one (section 8.4
// forbids it "at or above the moderator's level"; having none is no level). Who kicks himself is told that it is a conflict
// (section 8.2 lets us).
#pragma once
#include <optional>

#include "extensions/muc/role.h"
#include "xmpp/affiliation.h"
#include "xmpp/stanza_error.h"

namespace aldis::muc {

// Section 5.1.2. Nobody with the affiliation outcast is in a room.
[[nodiscard]] Role default_role(Affiliation affiliation, bool is_moderated);

struct Standing {
  Affiliation affiliation = Affiliation::none;
  Role role = Role::none;   // none: not in the room
};

// Section 5.1.3. `is_self`: the actor's own occupant.
[[nodiscard]] std::optional<StanzaCondition> refuses_role(Standing actor, Standing target, Role wanted, bool is_self);
// Section 5.2.3. `is_self`: the actor's own address.
[[nodiscard]] std::optional<StanzaCondition> refuses_affiliation(Affiliation actor, Affiliation before, Affiliation wanted,
                                                                 bool is_self);

// What a room gives away of its lists.
struct ListRules {
  bool is_non_anonymous = false;
  Roles member_list;          // muc#roomconfig_getmemberlist
};
// The list of an affiliation (sections 9.2, 9.5, 10.5, 10.8; security M01).
[[nodiscard]] std::optional<StanzaCondition> refuses_list(Standing actor, Affiliation list, ListRules rules);
// The list of a role (sections 8.5 and 9.8).
[[nodiscard]] std::optional<StanzaCondition> refuses_list(Standing actor, Role list);

}  // namespace aldis::muc
