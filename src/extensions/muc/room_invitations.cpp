// Invitations by the room, XEP-0045 (1.35.5) sections 7.8.2 and 9.5: who may send them, what they do in a members-only room, and
// how one is declined. Direct ones (XEP-0249) pass by the room.
#include "base/log.h"
#include "extensions/muc/room.h"
#include "xmpp/namespaces.h"

namespace aldis::muc {
namespace {
constexpr std::size_t most_invitees = 20;        // of one message
constexpr std::size_t most_invitations = 1000;   // remembered, so that they can be declined
constexpr std::size_t longest_reason = 2000;

std::string reason_in(const xml::Element& element) {
  const auto reason = element.child({"reason", ns::muc_user});
  return reason ? reason->text().substr(0, longest_reason) : std::string();
}
}  // namespace

void Room::mediate(const Envelope& envelope, const xml::Element& x) {
  if (const auto element = x.child({"decline", ns::muc_user})) {
    decline(envelope, *element);
    return;
  }
  const Jid& from = *envelope.stanza->from();
  const Occupant* inviter = occupant_of(from);
  if (inviter == nullptr) {
    refuse(envelope, StanzaCondition::not_acceptable);
    return;
  }
  if (!may_invite(*inviter)) {
    refuse(envelope, StanzaCondition::forbidden);
    return;
  }
  struct Invitation {
    Jid invitee;
    std::string reason;
    std::string more;
  };
  std::vector<Invitation> invitations;
  for (const xml::Element child : x.children()) {
    if (!child.is({"invite", ns::muc_user})) {
      continue;
    }
    const auto to = child.attribute("to");
    const auto jid = to ? Jid::parse(*to) : Result<Jid, JidError>(fail(JidError::empty));
    if (!jid || !jid->has_local()) {
      refuse(envelope, StanzaCondition::jid_malformed);
      return;
    }
    if (affiliation_of(*jid) == Affiliation::outcast) {  // it would only be refused at the door
      refuse(envelope, StanzaError(StanzaCondition::not_allowed, "Who is banned cannot be invited."));
      return;
    }
    std::string more;
    if (const auto go_on = child.child({"continue", ns::muc_user})) {  // section 7.9
      xml::Writer writer(more, ns::muc_user);
      writer.start("continue", ns::muc_user);
      if (const auto thread = go_on->attribute("thread")) {
        writer.attribute("thread", *thread);
      }
      writer.end();
    }
    invitations.push_back({*jid, reason_in(child), std::move(more)});
  }
  if (invitations.empty() || invitations.size() > most_invitees) {
    refuse(envelope, StanzaCondition::bad_request);
    return;
  }
  if (!spends(from, inviter->affiliation, envelope.stanza->size() * invitations.size())) {
    refuse(envelope, StanzaError(StanzaCondition::policy_violation, "You say too much in this room.").with_type(ErrorType::wait));
    return;
  }
  const std::string id(envelope.stanza->id());
  for (const Invitation& each : invitations) {
    if (config_.is_members_only && affiliation_of(each.invitee) < Affiliation::member) {
      spawn(invite_as_member(Pin(*this), envelope, each.invitee.bare(), each.reason, each.more));
    } else {
      send_invitation(each.invitee, config_.is_non_anonymous ? Jid(from.bare()) : Jid(inviter->address), each.reason, each.more, id);
    }
  }
}

// In a members-only room an invitation makes a member; elsewhere everybody in the room may invite (section 5.1.1).
bool Room::may_invite(const Occupant& inviter) const {
  return inviter.affiliation >= Affiliation::admin || !config_.is_members_only ||
         (config_.members_invite && inviter.affiliation >= Affiliation::member);
}

// Section 9.5: the invitation adds to the list of members, and it is stored before it is sent.
Task<void> Room::invite_as_member(Pin self, Envelope envelope, BareJid invitee, std::string reason, std::string more) {
  const Serial::Hold hold = co_await changes_.enter();
  const Occupant* inviter = occupant_of(*envelope.stanza->from());
  const bool is_banned = affiliation_of(invitee) == Affiliation::outcast;
  if (inviter == nullptr || !may_invite(*inviter) || is_banned) {  // what was so when he asked, and is not any more
    refuse(envelope, is_banned ? StanzaCondition::not_allowed : inviter == nullptr ? StanzaCondition::not_acceptable : StanzaCondition::forbidden);
    fan_out_.send();
    co_return;
  }
  const Jid as = config_.is_non_anonymous ? Jid(inviter->user) : Jid(inviter->address);
  if (affiliation_of(invitee) < Affiliation::member) {
    if (affiliations_.size() >= options_.affiliations) {
      refuse(envelope, StanzaCondition::resource_constraint);
      fan_out_.send();
      co_return;
    }
    RoomRecord next = changed_record();
    const RoomAffiliation member{.jid = invitee, .affiliation = Affiliation::member, .version = ++next.affiliations_version};
    std::vector<RoomAffiliation> changed{member};
    Result<void> stored;
    if (state_ == State::open) {
      stored = co_await rooms().save(next, std::move(changed));
    }
    if (!stored) {
      refuse(envelope, StanzaCondition::resource_constraint);
      fan_out_.send();
      co_return;
    }
    record_.affiliations_version = next.affiliations_version;
    const std::uint64_t since = announced_version_;
    note_version(member);
    tell_affiliation(member, Affiliation::none, since);   // he is not here: nobody else is let in
    log::info("audit-room-affiliation", {{"room", jid_.str()}, {"by", envelope.stanza->from()->str()}, {"of", invitee.str()},
                                         {"before", "none"}, {"after", "member"}});
  }
  send_invitation(invitee, as, reason, more, envelope.stanza->id());
  fan_out_.send();
}

void Room::send_invitation(const Jid& invitee, const Jid& inviter, std::string_view reason, std::string_view more, std::string_view id) {
  if (invitations_.size() >= most_invitations) {
    invitations_.clear();   // the oldest have long been answered or forgotten
  }
  invitations_.insert_or_assign(std::string(invitee.bare_str()), inviter.str());
  std::string xml;
  xml::Writer writer(xml);
  writer.start("message").attribute("from", jid_.str()).attribute("to", invitee.str());
  if (!id.empty()) {
    writer.attribute("id", id);
  }
  writer.start("x", ns::muc_user).start("invite").attribute("from", inviter.str());
  if (!reason.empty()) {
    writer.element("reason", reason);
  }
  writer.raw(more).end();
  if (!config_.password.empty()) {
    writer.element("password", config_.password);
  }
  writer.end().end();
  fan_out_.then([this, invitation = Stanza::make(std::move(xml))] {
    home_.router().route(home_, Envelope{.stanza = invitation, .trace = home_.next_trace()});
  });
}

// From somebody the room has invited, and to who invited him: it is no way to write to others.
void Room::decline(const Envelope& envelope, const xml::Element& element) {
  const Jid& from = *envelope.stanza->from();
  const auto to = element.attribute("to");
  const auto jid = to ? Jid::parse(*to) : Result<Jid, JidError>(fail(JidError::empty));
  const auto invitation = invitations_.find(from.bare_str());
  const auto inviter = invitation != invitations_.end() ? Jid::parse(invitation->second) : Result<Jid, JidError>(fail(JidError::empty));
  const bool is_meant = jid && inviter && (*jid == *inviter || (jid->bare_str() == inviter->bare_str() && inviter->bare_str() != jid_.str()));
  if (!is_meant) {
    refuse(envelope, StanzaCondition::not_acceptable);
    return;
  }
  const Occupant* known = inviter->bare_str() == jid_.str() ? occupant_called(inviter->resource()) : nullptr;
  invitations_.erase(invitation);
  std::vector<Jid> recipients;
  if (known != nullptr) {
    recipients = known->client_jids();
  } else if (inviter->bare_str() != jid_.str()) {
    recipients.push_back(*inviter);
  }
  const std::string reason = reason_in(element);
  for (const Jid& recipient : recipients) {
    std::string xml;
    xml::Writer writer(xml);
    writer.start("message").attribute("from", jid_.str()).attribute("to", recipient.str());
    if (envelope.stanza->has_id()) {
      writer.attribute("id", envelope.stanza->id());
    }
    writer.start("x", ns::muc_user).start("decline").attribute("from", from.bare_str());
    if (!reason.empty()) {
      writer.element("reason", reason);
    }
    writer.end().end().end();
    fan_out_.then([this, envelope, note = Stanza::make(std::move(xml))] {
      home_.router().route(home_, Envelope{.stanza = note, .sender = envelope.sender, .trace = envelope.trace});
    });
  }
}

}  // namespace aldis::muc
