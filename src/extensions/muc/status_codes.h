// The status codes of XEP-0045 (1.35.5, section 16.6.2) that a room sends.
#pragma once

namespace aldis::muc::status {

inline constexpr int shows_full_jids = 100;       // in the presence of who enters a non-anonymous room
inline constexpr int affiliation_changed = 101;   // to somebody who is not in the room
inline constexpr int configuration_changed = 104;
inline constexpr int self = 110;
inline constexpr int logging_enabled = 170;
inline constexpr int logging_disabled = 171;
inline constexpr int now_non_anonymous = 172;
inline constexpr int now_semi_anonymous = 173;
inline constexpr int room_created = 201;
inline constexpr int nickname_assigned = 210;
inline constexpr int banned = 301;
inline constexpr int new_nickname = 303;
inline constexpr int kicked = 307;
inline constexpr int removed_by_affiliation = 321;
inline constexpr int removed_by_members_only = 322;
inline constexpr int shutting_down = 332;
inline constexpr int technical_problem = 333;

}  // namespace aldis::muc::status
