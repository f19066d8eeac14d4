// The rules of urgency, and the queue.
#include "core/client_state.h"

#include <algorithm>

#include "xmpp/namespaces.h"

namespace aldis {
namespace {

Urgency urgency_of_presence(const Stanza& presence) {
  if (presence.type() != StanzaType::available && presence.type() != StanzaType::unavailable) {
    return Urgency::now;  // a subscription asks the user something; an error answers
  }
  const auto room = presence.child({"x", ns::muc_user});
  if (!room) {
    return Urgency::latest_only;
  }
  for (const xml::Element child : room->children()) {
    if (child.is({"status", ns::muc_user}) && child.attribute("code") == "110") {
      return Urgency::now;  // about the user: joined, renamed, kicked
    }
  }
  return Urgency::later;  // each tells of another event: none replaces the one before
}

// Content that nobody needs while not looking.
bool is_background(const xml::Element& child) {
  return child.ns() == ns::chat_states || child.ns() == ns::receipts || child.ns() == ns::chat_markers ||
         child.ns() == ns::pubsub_event || child.ns() == ns::hints || child.ns() == ns::stanza_ids ||
         child.ns() == ns::delay || child.local() == "thread";
}

Urgency urgency_of_message(const Stanza& message) {
  if (message.is_error()) {
    return Urgency::now;
  }
  const xml::Element element = message.element();
  if (message.child({"sent", ns::carbons})) {
    return Urgency::later;  // the user knows: another client of the user's sent it
  }
  if (const auto received = message.child({"received", ns::carbons})) {
    const auto forwarded = received->first_child();
    const auto inner = forwarded ? forwarded->first_child() : std::nullopt;
    if (inner && inner->local() == "message") {
      const auto children = inner->children();
      return !has_words(*inner) && std::all_of(children.begin(), children.end(), is_background) ? Urgency::later : Urgency::now;
    }
    return Urgency::now;
  }
  if (has_words(element)) {
    return Urgency::now;
  }
  const auto children = element.children();
  if (!std::all_of(children.begin(), children.end(), is_background)) {
    return Urgency::now;  // calls, invitations, and what we do not know
  }
  const bool is_typing = std::all_of(children.begin(), children.end(), [](const xml::Element& child) {
    return child.ns() == ns::chat_states || child.ns() == ns::hints || child.local() == "thread";
  });
  return is_typing ? Urgency::latest_only : Urgency::later;
}

}  // namespace

bool has_words(const xml::Element& message) {
  for (const xml::Element child : message.children()) {
    if (child.local() == "body" || child.local() == "encrypted" || child.local() == "subject") {
      return true;
    }
  }
  return false;
}

Urgency urgency_of(const Stanza& stanza) {
  switch (stanza.kind()) {
    case StanzaKind::presence: return urgency_of_presence(stanza);
    case StanzaKind::message: return urgency_of_message(stanza);
    case StanzaKind::iq: break;
  }
  return Urgency::now;
}

bool HeldBack::hold(const Envelope& envelope, const Limits& limits) {
  const Urgency urgency = urgency_of(*envelope.stanza);
  if (urgency == Urgency::now) {
    return false;
  }
  if (urgency == Urgency::latest_only) {
    drop_older(*envelope.stanza);
  }
  const std::size_t size = envelope.stanza->size();
  if (held_.size() >= limits.stanzas || bytes_ + size > limits.bytes) {
    return false;
  }
  held_.push_back({envelope, urgency == Urgency::latest_only});
  bytes_ += size;
  return true;
}

void HeldBack::drop_older(const Stanza& newer) {
  const auto older = std::find_if(held_.begin(), held_.end(), [&](const Held& held) {
    const Stanza& stanza = *held.envelope.stanza;
    return held.is_replaceable && stanza.kind() == newer.kind() && stanza.from() == newer.from();
  });
  if (older != held_.end()) {
    bytes_ -= older->envelope.stanza->size();
    held_.erase(older);
  }
}

std::vector<Envelope> HeldBack::take() {
  std::vector<Envelope> all;
  all.reserve(held_.size());
  for (Held& held : held_) {
    all.push_back(std::move(held.envelope));
  }
  std::vector<Held>().swap(held_);
  bytes_ = 0;
  return all;
}

}  // namespace aldis
