// A room: what comes in and where it goes, what it knows of its users, loading and leaving memory.
#include "extensions/muc/room.h"
#include "extensions/muc/status_codes.h"

#include "base/encoding.h"
#include "base/log.h"
#include "core/virtual_host.h"
#include "sasl/scram_keys.h"
#include "xmpp/namespaces.h"
#include "xmpp/nickname.h"

namespace aldis::muc {
namespace {

// Sections 14.3.2 and 11.1: whoever these come from is not there any more. Service-unavailable too, which RFC 6121 section
// 8.5.3.2.1 has for a resource that is gone.
bool tells_of_absence(StanzaCondition condition) {
  switch (condition) {
    case StanzaCondition::gone:
    case StanzaCondition::item_not_found:
    case StanzaCondition::recipient_unavailable:
    case StanzaCondition::redirect:
    case StanzaCondition::remote_server_not_found:
    case StanzaCondition::remote_server_timeout:
    case StanzaCondition::service_unavailable: return true;
    default: return false;
  }
}

}  // namespace

Room::Room(Home& home, const VirtualHost& host, BareJid jid, const MucOptions& options, const DeclaredRooms& declarations)
    : home_(home), host_(host), options_(options), declarations_(declarations), jid_(std::move(jid)), record_{.room = jid_}, fan_out_(home) {}

Room::~Room() { ensure(pins_ == 0, "a room outlives what is under way in it"); }

RoomStore& Room::rooms() { return home_.world().stores.rooms; }

// ---- loading

Task<void> Room::load() {
  Result<std::optional<RoomImage>> image = co_await rooms().load(jid_);
  if (!image) {
    log::warning("room-not-read", {{"room", jid_.str()}, {"cause", image.error().what}});
    is_corrupt_ = image.error().kind == ErrorKind::corrupt;
    state_ = State::unreadable;
    co_return;
  }
  declared_ = declarations_.find(jid_.local());
  if (!*image) {
    if (declared_ != nullptr) {
      const Result<void> made = co_await make_declared();
      static_cast<void>(made);   // who comes is told, and the next finds out whether it works again
    }
    co_return;
  }
  record_ = std::move((*image)->record);
  activity_stored_ = record_.last_active;
  std::optional<RoomConfig> config = RoomConfig::from_text(record_.config);
  if (record_.config.empty()) {  // operators made it while the server was stopped
    config = RoomConfig::defaults(options_);
    config->is_persistent = record_.is_persistent;
  }
  std::optional<Hats> hats = Hats::from_text(record_.hats);
  if (!config || !hats) {  // not as if it were open to all
    log::error("room-unreadable", {{"room", jid_.str()}});
    is_corrupt_ = true;
    state_ = State::unreadable;
    co_return;
  }
  config_ = *config;
  hats_ = std::move(*hats);
  announced_version_ = record_.affiliations_version;
  for (RoomAffiliation& each : (*image)->affiliations) {
    if (each.affiliation == Affiliation::none) {
      removed_.emplace(each.jid, each.version);
      continue;
    }
    if (!each.nickname.empty()) {
      for (std::string& key : nickname_keys(each.nickname)) {
        nickname_keys_.emplace(std::move(key), std::string(each.jid.bare_str()));
      }
    }
    affiliations_.emplace(each.jid, std::move(each));
  }
  state_ = State::open;
  const RoomConfig as_stored = config_;
  const bool is_declared_anew = take_declaration();
  if (record_.config.empty() || is_declared_anew) {  // lists and searches know it now
    RoomRecord record = is_declared_anew ? changed_record() : current_record();
    const Result<void> saved = co_await rooms().save(record, {});
    if (saved) {
      record_.config = record.config;
      mark_ = Listing::from_text(record.details).declared;
    } else {
      log::warning("room-configuration-not-stored", {{"room", jid_.str()}, {"cause", saved.error().what}});
    }
  }
  const bool has_occupants = (*image)->has_occupants && co_await revive();
  if (!config_.is_persistent && !has_occupants) {  // the server ended while somebody was in it
    const Result<void> removed = co_await rooms().remove(jid_);
    if (!removed) {
      log::warning("room-not-removed", {{"room", jid_.str()}, {"cause", removed.error().what}});
    }
    become_absent();
    co_return;
  }
  if (const std::vector<int> codes = codes_of_change(as_stored, config_); has_occupants && !codes.empty()) {
    note_configuration(codes);
    fan_out_.send();
  }
  if (config_.keeps_archive && config_.history > 0) {
    Result<std::vector<StanzaPtr>> latest = co_await recent(home_, jid_, {}, std::min(config_.history, options_.history));
    if (latest) {
      history_.fill(std::move(*latest));
    } else {
      log::warning("room-history-not-read", {{"room", jid_.str()}, {"cause", latest.error().what}});
    }
  }
}

Resident::Rest Room::rest() const {
  if (pins_ > 0 || !fan_out_.is_empty() || !waiting_.empty()) {
    return Rest::busy;
  }
  if (!occupants_.empty()) {
    return Rest::occupied;
  }
  return state_ == State::open ? Rest::idle : Rest::absent;
}

std::size_t Room::memory() const {
  std::size_t bytes = sizeof(Room) + fan_out_.memory() + history_.memory() + affiliations_.size() * (sizeof(RoomAffiliation) + 160) +
                      removed_.size() * (sizeof(Jid) + 96) + hats_.memory();
  for (const auto& [nickname, occupant] : occupants_) {
    bytes += sizeof(Occupant) + 512;
    for (const OccupantClient& client : occupant->clients) {
      bytes += sizeof(OccupantClient) + 2 * client.presence->size();
    }
    bytes += (occupant->open != nullptr ? 2 * occupant->open->size() : 0) + (occupant->veiled != nullptr ? 2 * occupant->veiled->size() : 0);
  }
  return bytes;
}

void Room::become_absent() {
  state_ = State::absent;
  record_ = RoomRecord{.room = jid_};
  declared_ = nullptr;
  mark_ = {};
  config_ = {};
  hats_ = {};
  affiliations_.clear();
  removed_.clear();
  announced_version_ = 0;
  mentions_.clear();
  mentions_version_ = 0;
  nickname_keys_.clear();
  talks_.clear();
  invitations_.clear();
  registrations_.clear();
  history_.trim(0);
}

// ---- what comes in

void Room::deliver(Envelope envelope) {
  if (state_ == State::creating) {
    waiting_.push_back(std::move(envelope));
    return;
  }
  handle(envelope);
  fan_out_.send();
}

void Room::handle(const Envelope& envelope) {
  if (state_ == State::unreadable) {  // not "no such room": that could not be learnt
    refuse(envelope, StanzaCondition::resource_constraint);
    return;
  }
  switch (envelope.stanza->kind()) {
    case StanzaKind::presence: handle_presence(envelope); return;
    case StanzaKind::message: handle_message(envelope); return;
    case StanzaKind::iq: handle_iq(envelope); return;
  }
}

void Room::handle_presence(const Envelope& envelope) {
  const Stanza& stanza = *envelope.stanza;
  Occupant* occupant = occupant_of(*stanza.from());
  switch (stanza.type()) {
    case StanzaType::available: break;
    case StanzaType::unavailable:
      if (occupant != nullptr) {  // section 17.3: from anybody else silently ignored
        leave(envelope, *occupant);
      }
      return;
    case StanzaType::error:
      if (const auto error = StanzaError::read(stanza.element()); occupant != nullptr && error && tells_of_absence(error->condition)) {
        remove_client(*occupant, *stanza.from(), {.codes = {status::technical_problem}});
      }
      return;
    default: return;  // section 17.3: neither joining nor leaving
  }
  if (stanza.to()->is_bare()) {  // section 7.2.1
    refuse(envelope, StanzaCondition::jid_malformed);
    return;
  }
  if (const auto muc = stanza.child({"x", ns::muc})) {
    enter(envelope, *muc);
  } else if (occupant == nullptr) {
    note_confused(envelope);
  } else if (occupant->nickname() == stanza.to()->resource()) {
    change_presence(envelope, *occupant);
  } else {
    change_nickname(envelope, *occupant);
  }
}

void Room::handle_message(const Envelope& envelope) {
  const Stanza& stanza = *envelope.stanza;
  if (stanza.type() == StanzaType::error) {
    Occupant* occupant = occupant_of(*stanza.from());
    if (const auto error = StanzaError::read(stanza.element()); occupant != nullptr && error && tells_of_absence(error->condition)) {
      remove_client(*occupant, *stanza.from(), {.codes = {status::technical_problem}});
    }
    return;
  }
  if (!exists() || state_ == State::locked) {  // section 17.2
    if (occupant_of(*stanza.from()) == nullptr) {
      refuse(envelope, StanzaCondition::item_not_found);
      return;
    }
  }
  if (stanza.to()->is_full()) {
    send_private(envelope);
  } else if (stanza.type() == StanzaType::groupchat) {
    speak(envelope);
  } else if (const auto x = stanza.child({"x", ns::muc_user}); x && x->first_child()) {
    mediate(envelope, *x);
  } else if (const auto form = Form::parse_child_of(stanza.element()); form && *form) {
    take_form(envelope, **form);
  } else {
    refuse(envelope, StanzaCondition::bad_request);  // section 17.2: improperly typed
  }
}

void Room::handle_iq(const Envelope& envelope) {
  const Stanza& stanza = *envelope.stanza;
  if (stanza.to()->is_full()) {
    if (stanza.is_request()) {
      relay(envelope);
    } else {
      relay_answer(envelope);
    }
    return;
  }
  if (!stanza.is_request()) {
    return;  // the room asks nothing in its own name
  }
  const bool is_get = stanza.type() == StanzaType::get;
  const XmlName payload = stanza.payload()->name();
  const bool is_here = exists() && (state_ != State::locked || affiliation_of(*stanza.from()) == Affiliation::owner);   // section 7.2.10
  if (!is_here) {  // also where it would not say so of one that is hidden: it does not exist
    refuse(envelope, StanzaCondition::item_not_found);
  } else if (is_get && (payload == XmlName{"query", ns::disco_info} || payload == XmlName{"query", ns::disco_items})) {
    discover(envelope, payload.ns == ns::disco_info);
  } else if (is_get && payload == XmlName{"ping", ns::ping}) {
    answer(envelope, make_result(stanza));
  } else if (payload == XmlName{"query", ns::muc_admin}) {
    administrate(envelope);
  } else if (payload == XmlName{"query", ns::muc_owner}) {
    own(envelope);
  } else if (payload == XmlName{"query", ns::registration}) {
    if (is_get) {
      answer_registration_get(envelope);
    } else {
      answer_later(envelope, register_member(Pin(*this), envelope));
    }
  } else if (!is_get && payload == XmlName{"command", ns::commands}) {
    execute(envelope);
  } else if (payload == XmlName{"vCard", ns::vcard}) {
    handle_card(envelope);
  } else if (is_moderation_request(stanza) && state_ == State::open && config_.keeps_archive) {
    moderate_message(envelope);
  } else if (is_archive_request(stanza) && state_ == State::open && config_.keeps_archive) {
    answer_later(envelope, answer_archive_request(home_, jid_, envelope.stanza, archive_view(*stanza.from()), options_.archive_page, [this, envelope](StanzaPtr result) {
                   home_.router().route(home_, Envelope{.stanza = std::move(result), .trace = envelope.trace, .is_copy = true});
                   return true;
                 }));
  } else {
    refuse(envelope, StanzaCondition::service_unavailable);
  }
}

void Room::on_gone(SessionId session) {
  for (const auto& [jid, occupant] : by_client_) {
    if (const OccupantClient* client = occupant->client(jid); client != nullptr && client->recipient.session == session) {
      const Jid gone = jid;
      remove_client(*occupant, gone, {.codes = {status::technical_problem}});
      fan_out_.send();
      return;
    }
  }
}

// ---- what goes out to one

void Room::answer(const Envelope& request, StanzaPtr answer) {
  if (answer == nullptr) {
    return;
  }
  fan_out_.then([this, request, moved = std::move(answer)] { home_.reply(request, moved); });
}

void Room::answer_later(Envelope request, Task<StanzaPtr> task) {
  spawn([](Pin self, Envelope envelope, Task<StanzaPtr> waiting) -> Task<void> {
    StanzaPtr result = co_await std::move(waiting);
    self->answer(envelope, std::move(result));
    self->fan_out_.send();
  }(Pin(*this), std::move(request), std::move(task)));
}

void Room::refuse(const Envelope& envelope, const StanzaError& error) {
  const Stanza& stanza = *envelope.stanza;
  StanzaPtr answer = make_error(stanza, error);
  if (answer == nullptr || (stanza.is_presence() && stanza.type() == StanzaType::probe)) {
    return;
  }
  if (!stanza.is_presence()) {
    fan_out_.then([this, envelope, error] { home_.router().bounce(home_, envelope, error); });
    return;
  }
  // As the examples of section 7.2 have it: clients know by it which of their presences failed.
  answer = answer->amended(nullptr, "<x xmlns='http://jabber.org/protocol/muc'/>")->with_addresses(answer->from(), answer->to());
  fan_out_.then([this, envelope, moved = std::move(answer)] { home_.reply(envelope, moved); });
}

// ---- who is who

Occupant* Room::occupant_of(const Jid& client) const {
  const auto found = by_client_.find(client);
  return found == by_client_.end() ? nullptr : found->second;
}

Occupant* Room::occupant_called(std::string_view nickname) const {
  const auto found = occupants_.find(nickname);
  return found == occupants_.end() ? nullptr : found->second.get();
}

const RoomAffiliation* Room::affiliation_record(const BareJid& user) const {
  const auto found = affiliations_.find(user);
  return found == affiliations_.end() ? nullptr : &found->second;
}

Affiliation Room::affiliation_of(const Jid& user) const {
  const std::string_view bare = user.bare_str();
  const bool is_declared = declared_ != nullptr && declared_->of(bare).has_value();
  const bool is_domain_declared = declared_ != nullptr && declared_->of(user.domain()).has_value();
  // Section 9.2: else the domain itself, which also matches everybody at it; one that is declared, whatever is stored of who is there.
  const bool is_by_domain = !is_declared && (is_domain_declared || !affiliations_.contains(bare));
  const Affiliation listed = listed_affiliation(is_by_domain ? user.domain() : bare);
  return listed == Affiliation::outcast ? listed : std::max(listed, affiliation_by_groups(user));
}

Standing Room::standing_of(const Jid& client) const {
  const Occupant* occupant = occupant_of(client);
  return {affiliation_of(client), occupant != nullptr ? occupant->role : Role::none};
}

std::string Room::occupant_id_of(const BareJid& user) const {  // XEP-0421 section 4.1
  const SecretBytes mac = sasl::hmac(sasl::ScramHash::sha_256, SecretBytes(std::string_view(record_.occupant_id_key)), user.str());
  return hex_encode(mac.bytes().first(20));
}

bool Room::spends(const Jid& user, Affiliation affiliation, std::size_t bytes) {
  const Rate rate{options_.rate.count, options_.rate_burst.count};
  if (rate.bytes_a_second == 0 || affiliation >= Affiliation::admin) {
    return true;
  }
  Allowance& allowance = talks_[std::string(user.bare_str())].allowance;
  const std::size_t cost = std::max(bytes, least_stanza_cost);
  if (allowance.take(cost)) {
    return true;
  }
  if (allowance.settle(rate, home_.now()).count() <= 0) {
    return true;
  }
  return false;
}

}  // namespace aldis::muc
