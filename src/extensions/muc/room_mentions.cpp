// Members who are away and are mentioned: their accounts are told that a message waits for them, in the room's archive, and so are their
// phones where they have enabled push (XEP-0357). Of the message nothing is delivered: what they are told of is what they may read there.
// For accounts of this server; what another one does for its users is its own affair.
#include "core/virtual_host.h"
#include "extensions/muc/room.h"

namespace aldis::muc {

void Room::note_mentions(const StanzaPtr& said, const BareJid& author, TraceId trace) {
  if (!options_.push_mentions || !exists()) {
    return;
  }
  if (mentions_version_ != announced_version_) {
    mentions_version_ = announced_version_;
    mentions_.clear();
    for (const auto& [jid, each] : affiliations_) {
      if (!each.nickname.empty() && each.affiliation >= Affiliation::member) {
        mentions_.add(each.nickname, jid.bare());
      }
    }
  }
  for (const BareJid& user : mentions_.in(*said, jid_)) {
    const RoomAffiliation* record = affiliation_record(user);
    const VirtualHost* host = home_.world().find_host(user.domain());
    const bool is_away_member = record != nullptr && record->affiliation >= Affiliation::member && user != author &&
                                std::ranges::none_of(occupants_, [&](const auto& entry) { return entry.second->user == user; });
    if (is_away_member && host != nullptr && !host->residents && archive_view(user).may_read) {
      // Policy is asked when it is there (Account::deliver): whom he blocks does not wake him.
      home_.router().route(home_, Envelope{.stanza = said->with_to(user), .trace = trace, .is_elsewhere = true});
    }
  }
}

}  // namespace aldis::muc
