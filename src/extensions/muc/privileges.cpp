// The privilege tables as data.
#include "extensions/muc/privileges.h"

#include <array>

namespace aldis::muc {
namespace {

constexpr std::size_t affiliations = 5;   // outcast, none, member, admin, owner

// Section 5.2.3: from the row to the column, the least affiliation of who may do it; and what others are told where that is
// not "forbidden". Section 9.1: an admin who bans somebody above him is told not-allowed.
constexpr Affiliation admin = Affiliation::admin;
constexpr Affiliation owner = Affiliation::owner;
constexpr std::array<std::array<Affiliation, affiliations>, affiliations> least_for_affiliation{{
    //  outcast none   member admin  owner
    {admin, admin, admin, owner, owner},   // outcast
    {admin, admin, admin, owner, owner},   // none
    {admin, admin, admin, owner, owner},   // member
    {owner, owner, owner, owner, owner},   // admin
    {owner, owner, owner, owner, owner},   // owner
}};

// Section 5.1.3: from the row to the column, who may do it. Roles none (not in the room) have no row.
enum class By : unsigned char { moderator, admin };
constexpr std::array<std::array<By, 4>, 3> for_role{{
    //  none (kick)    visitor        participant    moderator
    {By::moderator, By::moderator, By::moderator, By::admin},   // visitor
    {By::moderator, By::moderator, By::moderator, By::admin},   // participant
    {By::admin, By::admin, By::admin, By::admin},               // moderator
}};

}  // namespace

Role default_role(Affiliation affiliation, bool is_moderated) {
  switch (affiliation) {
    case Affiliation::outcast: return Role::none;
    case Affiliation::none: return is_moderated ? Role::visitor : Role::participant;
    case Affiliation::member: return Role::participant;
    case Affiliation::admin:
    case Affiliation::owner: return Role::moderator;
  }
  return Role::none;
}

std::optional<StanzaCondition> refuses_role(Standing actor, Standing target, Role wanted, bool is_self) {
  const bool is_admin = actor.affiliation >= Affiliation::admin;
  const By by = for_role[static_cast<std::size_t>(target.role) - 1][static_cast<std::size_t>(wanted)];
  const bool takes_away = wanted < target.role;
  // Section 8: a moderator is in the room; section 9: an admin need not be.
  if (actor.role != Role::moderator && !(by == By::admin && is_admin && wanted != Role::none)) {
    return StanzaCondition::forbidden;
  }
  if (wanted == Role::none && is_self) {
    return StanzaCondition::conflict;
  }
  if (!is_admin && by == By::admin && (wanted == Role::participant || wanted == Role::moderator)) {
    return StanzaCondition::forbidden;   // chapter 9: of an admin's requests, whoever they are about
  }
  if (takes_away) {
    if (target.affiliation > actor.affiliation) {  // section 8.2, and the footnotes of 5.1.3
      return StanzaCondition::not_allowed;
    }
    if (wanted != Role::none && target.affiliation >= Affiliation::admin) {  // sections 8.4 and 9.7: by nobody
      return StanzaCondition::not_allowed;
    }
    if (wanted == Role::visitor && target.affiliation >= actor.affiliation && target.affiliation != Affiliation::none) {
      return StanzaCondition::not_allowed;  // section 8.4
    }
  }
  if (by == By::admin && !is_admin) {
    return wanted == Role::none ? StanzaCondition::not_allowed : StanzaCondition::forbidden;
  }
  return std::nullopt;
}

std::optional<StanzaCondition> refuses_affiliation(Affiliation actor, Affiliation before, Affiliation wanted, bool is_self) {
  if (actor < Affiliation::admin) {
    return StanzaCondition::forbidden;
  }
  if (is_self && wanted == Affiliation::outcast) {  // section 9.1
    return StanzaCondition::conflict;
  }
  const Affiliation least = least_for_affiliation[static_cast<std::size_t>(before)][static_cast<std::size_t>(wanted)];
  if (actor >= least) {
    return std::nullopt;
  }
  return wanted == Affiliation::outcast ? StanzaCondition::not_allowed : StanzaCondition::forbidden;
}

std::optional<StanzaCondition> refuses_list(Standing actor, Affiliation list, ListRules rules) {
  const bool is_admin = actor.affiliation >= Affiliation::admin;
  // Section 9.5; in a semi-anonymous room those who see real addresses anyway (section 5.2.1, third footnote).
  const bool reads_members = is_admin || (rules.is_non_anonymous ? actor.affiliation >= Affiliation::member || rules.member_list.contains(actor.role)
                                                                 : actor.role == Role::moderator && rules.member_list.contains(actor.role));
  bool may = false;
  switch (list) {
    case Affiliation::outcast: may = is_admin; break;
    case Affiliation::none: return StanzaCondition::bad_request;   // section 5.2: there is no such list
    case Affiliation::member: may = reads_members; break;
    // Sections 10.5 and 10.8: in non-anonymous rooms a service may. Whom to encrypt for is on these lists too (XEP-0463 section 1).
    case Affiliation::admin:
    case Affiliation::owner: may = rules.is_non_anonymous ? reads_members : actor.affiliation == Affiliation::owner; break;
  }
  return may ? std::nullopt : std::optional(StanzaCondition::forbidden);
}

std::optional<StanzaCondition> refuses_list(Standing actor, Role list) {
  switch (list) {
    case Role::none: return StanzaCondition::bad_request;
    case Role::visitor:
    case Role::participant:
      return actor.role == Role::moderator || actor.affiliation >= Affiliation::admin ? std::nullopt
                                                                                      : std::optional(StanzaCondition::forbidden);
    case Role::moderator: return actor.affiliation >= Affiliation::admin ? std::nullopt : std::optional(StanzaCondition::forbidden);
  }
  return StanzaCondition::bad_request;
}

}  // namespace aldis::muc
