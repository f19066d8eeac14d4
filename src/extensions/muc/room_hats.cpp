// What a room's people are called, XEP-0317 (0.3.1): owners and admins keep the list of hats and say who wears them, by the ad-hoc
// commands of that XEP (XEP-0050, 1.3.0) at the room's own address. The list is for who may enter; who wears which, with real
// addresses, for who may see those. An execution is nothing that the room remembers: its id says what it is of, and is signed.
#include <array>

#include "base/encoding.h"
#include "base/log.h"
#include "extensions/muc/room.h"
#include "extensions/muc/status_codes.h"
#include "sasl/scram_keys.h"
#include "xmpp/namespaces.h"
#include "xmpp/number.h"

namespace aldis::muc {
namespace {

constexpr std::chrono::seconds longest_execution{3600};
constexpr std::string_view title_field = "hats#title";
constexpr std::string_view uri_field = "hats#uri";
constexpr std::string_view hue_field = "hats#hue";
constexpr std::string_view jid_field = "hats#jid";

struct Command {
  std::string_view node;
  HatCommand which;
  std::string_view name;
};
constexpr std::array commands{
    Command{"urn:xmpp:hats:commands:create", HatCommand::create, "Create or change a hat"},
    Command{"urn:xmpp:hats:commands:destroy", HatCommand::destroy, "Destroy a hat"},
    Command{"urn:xmpp:hats:commands:list", HatCommand::list, "List the hats"},
    Command{"urn:xmpp:hats:commands:assign", HatCommand::assign, "Give somebody a hat"},
    Command{"urn:xmpp:hats:commands:unassign", HatCommand::unassign, "Take somebody's hat"},
    Command{"urn:xmpp:hats:commands:list-assigned", HatCommand::list_assigned, "List who wears which"},
};

const Command* find(std::string_view node) {
  const auto found = std::ranges::find(commands, node, &Command::node);
  return found == commands.end() ? nullptr : &*found;
}

// XEP-0050 section 4: the general condition with the specific one.
StanzaError fault(std::string_view specific, std::string text = {}) {
  std::string application;
  xml::Writer(application, ns::stanza_errors).start(specific, ns::commands).end();
  return StanzaError(specific == "session-expired" ? StanzaCondition::not_allowed : StanzaCondition::bad_request, std::move(text))
      .with_application(std::move(application));
}

Form form_of(HatCommand which, const Hats& hats) {
  Form form(FormType::form, ns::hats_commands);
  const auto text = [&](std::string_view var, std::string label) { return Field(std::string(var), FieldType::text_single, {}, std::move(label)); };
  if (which == HatCommand::create) {
    form.title = "Creating a hat";
    form.instructions = {"A hat that has this URI already gets the new title and hue."};
    form.fields.push_back(text(title_field, "Title").required_too());
    form.fields.push_back(text(uri_field, "URI").required_too());
    form.fields.push_back(text(hue_field, "Hue, an angle from 0 to 360"));
    return form;
  }
  form.title = which == HatCommand::destroy ? "Destroying a hat" : which == HatCommand::assign ? "Giving somebody a hat" : "Taking somebody's hat";
  form.instructions = {which == HatCommand::destroy ? "Nobody wears it any more, either." : "Whose hat, and which."};
  if (which != HatCommand::destroy) {
    form.fields.push_back(Field(std::string(jid_field), FieldType::jid_single, {}, "Address").required_too());
  }
  std::vector<FieldOption> options;
  for (const Hat& hat : hats.all()) {
    options.push_back({hat.uri, hat.title});
  }
  form.fields.push_back(Field(std::string(uri_field), FieldType::list_single, {}, "Hat").with_options(std::move(options)).required_too());
  return form;
}

// The same for reading: a hat that is gone is said to be so, whether it came from a list or not.
Form readable(Form form) {
  for (Field& field : form.fields) {
    if (field.type == FieldType::list_single) {
      field.type = FieldType::text_single;
      field.options.clear();
    }
  }
  return form;
}

Field cell(std::string_view var, std::string value) { return Field(std::string(var), FieldType::text_single, {std::move(value)}); }

Form list_of(const Hats& hats) {
  Form list(FormType::result);
  list.title = "Hats";
  list.reported = {Field(std::string(title_field), FieldType::text_single), Field(std::string(uri_field), FieldType::text_single),
                   Field(std::string(hue_field), FieldType::text_single)};
  for (const Hat& hat : hats.all()) {
    list.items.push_back({cell(title_field, hat.title), cell(uri_field, hat.uri), cell(hue_field, hat.hue)});
  }
  return list;
}

Form wearers_of(const Hats& hats) {
  Form list(FormType::result);
  list.title = "Who wears which hat";
  list.reported = {Field(std::string(jid_field), FieldType::jid_single), Field(std::string(uri_field), FieldType::text_single),
                   Field(std::string(title_field), FieldType::text_single), Field(std::string(hue_field), FieldType::text_single)};
  for (const auto& [jid, uris] : hats.worn()) {
    for (const std::string& uri : uris) {
      const Hat* hat = hats.find(uri);
      list.items.push_back({cell(jid_field, jid.str()), cell(uri_field, uri), cell(title_field, hat->title), cell(hue_field, hat->hue)});
    }
  }
  return list;
}

StanzaPtr completed(const Stanza& request, std::string_view node, std::string_view session, std::string_view status, const Form* form) {
  std::string payload;
  xml::Writer writer(payload);
  writer.start("command", ns::commands).attribute("node", node).attribute("sessionid", session).attribute("status", status);
  if (status == "executing") {
    writer.start("actions").attribute("execute", "complete").start("complete").end().end();
  }
  if (form != nullptr) {
    form->write(writer);
  }
  writer.end();
  return make_result(request, payload);
}

}  // namespace

bool Room::may_execute(HatCommand which, const Jid& who) const {
  const RoomArchiveView view = archive_view(who);
  switch (which) {
    case HatCommand::list: return view.may_read;
    case HatCommand::list_assigned: return view.may_read && view.sees_real_jids;
    default: return affiliation_of(who) >= Affiliation::admin;
  }
}

std::string Room::execution_id(const Jid& who, std::string_view node, std::int64_t begun) const {
  const std::string what = "command\n" + std::to_string(begun) + "\n" + std::string(node) + "\n" + who.str();   // no address has line feeds
  const SecretBytes mac = sasl::hmac(sasl::ScramHash::sha_256, SecretBytes(std::string_view(record_.occupant_id_key)), what);
  return std::to_string(begun) + "-" + hex_encode(mac.bytes().first(16));
}

std::optional<StanzaError> Room::problem_of_execution(std::string_view id, const Jid& who, std::string_view node) const {
  const auto begun = parse_number<std::int64_t>(id.substr(0, id.find('-')));
  if (!begun || execution_id(who, node, *begun) != id) {
    return fault("bad-sessionid");
  }
  const std::int64_t now = std::chrono::duration_cast<std::chrono::seconds>(home_.world().clock.wall().time_since_epoch()).count();
  return now - *begun > longest_execution.count() ? std::optional(fault("session-expired")) : std::nullopt;
}

void Room::execute(const Envelope& envelope) {
  const Stanza& stanza = *envelope.stanza;
  const Jid& from = *stanza.from();
  const xml::Element payload = *stanza.payload();
  const std::string_view node = payload.attribute("node").value_or("");
  const Command* command = find(node);
  if (command == nullptr) {
    refuse(envelope, node.empty() ? StanzaCondition::bad_request : StanzaCondition::item_not_found);
    return;
  }
  if (!may_execute(command->which, from)) {
    refuse(envelope, StanzaCondition::forbidden);
    return;
  }
  const std::string_view action = payload.attribute("action").value_or("execute");
  if (action != "execute" && action != "complete" && action != "cancel" && action != "next" && action != "prev") {
    refuse(envelope, fault("malformed-action"));
    return;
  }
  const auto named = payload.attribute("sessionid");
  const std::int64_t now = std::chrono::duration_cast<std::chrono::seconds>(home_.world().clock.wall().time_since_epoch()).count();
  const std::string session = named ? std::string(*named) : execution_id(from, node, now);
  if (const auto problem = named ? problem_of_execution(*named, from, node) : std::nullopt) {
    refuse(envelope, *problem);
    return;
  }
  if (action == "next" || action == "prev" || (!named && action != "execute")) {  // there is one stage
    refuse(envelope, fault("bad-action"));
    return;
  }
  if (action == "cancel") {
    answer(envelope, completed(stanza, node, session, "canceled", nullptr));
    return;
  }
  if (command->which == HatCommand::list || command->which == HatCommand::list_assigned) {
    const Form list = command->which == HatCommand::list ? list_of(hats_) : wearers_of(hats_);
    answer(envelope, completed(stanza, node, session, "completed", &list));
    return;
  }
  const Form asked = form_of(command->which, hats_);
  const auto submitted = Form::parse_child_of(payload);
  if (!submitted || (named && !*submitted)) {
    refuse(envelope, fault("bad-payload", submitted ? "The form is missing." : submitted.error().text));
    return;
  }
  if (!*submitted) {
    answer(envelope, completed(stanza, node, session, "executing", &asked));
    return;
  }
  Result<Form, StanzaError> accepted = readable(asked).accept(**submitted);
  if (!accepted) {
    refuse(envelope, fault("bad-payload", accepted.error().text));
    return;
  }
  answer_later(envelope, change_hats(Pin(*this), envelope, command->which, std::move(*accepted), session));
}

Task<StanzaPtr> Room::change_hats(Pin self, Envelope envelope, HatCommand which, Form form, std::string session) {
  const Serial::Hold hold = co_await changes_.enter();
  const Stanza& stanza = *envelope.stanza;
  const auto refusal = [&](const StanzaError& error) { return make_error(stanza, error); };
  if (!exists() || !may_execute(which, *stanza.from())) {  // no longer
    co_return refusal(StanzaError(exists() ? StanzaCondition::forbidden : StanzaCondition::item_not_found));
  }
  const std::string uri(form.value(uri_field).value_or(""));
  const auto jid = form.jid(jid_field);
  if (!jid || (*jid && !(**jid).has_local())) {
    co_return refusal(StanzaError(StanzaCondition::jid_malformed, "Hats are for people."));
  }
  Hats next = hats_;
  Result<void, StanzaError> changed;
  switch (which) {
    case HatCommand::create:
      changed = next.put({uri, std::string(form.value(title_field).value_or("")), std::string(form.value(hue_field).value_or(""))});
      break;
    case HatCommand::assign: changed = next.assign((**jid).bare(), uri); break;
    case HatCommand::destroy:
    case HatCommand::unassign:
      if (which == HatCommand::destroy ? !next.destroy(uri) : !next.unassign((**jid).bare(), uri)) {
        changed = fail(StanzaError(StanzaCondition::item_not_found));
      }
      break;
    default: break;
  }
  if (!changed) {
    co_return refusal(changed.error());
  }
  RoomRecord record = changed_record();
  record.hats = next.to_text();
  if (state_ == State::open) {
    const Result<void> stored = co_await rooms().save(record, {});
    if (!stored) {
      log::warning("room-hats-not-stored", {{"room", jid_.str()}, {"cause", stored.error().what}});
      co_return refusal(StanzaError(StanzaCondition::resource_constraint));
    }
  }
  record_.hats = record.hats;
  const Hats before = std::exchange(hats_, std::move(next));
  const Command& command = *std::ranges::find(commands, which, &Command::which);
  log::info("audit-room-hat", {{"room", jid_.str()}, {"by", stanza.from()->str()}, {"did", command.node.substr(command.node.rfind(':') + 1)},
                               {"hat", uri}, {"of", *jid ? std::string((**jid).bare_str()) : std::string()}});
  answer(envelope, completed(stanza, command.node, session, "completed", nullptr));
  if (before.all() != hats_.all()) {
    note_configuration({status::configuration_changed});
  }
  for (const auto& [nickname, occupant] : occupants_) {
    const bool is_shown = before.wears(occupant->user, uri) || hats_.wears(occupant->user, uri);
    if (is_shown && (which == HatCommand::create || before.wears(occupant->user, uri) != hats_.wears(occupant->user, uri))) {
      occupant->forget_presence();
      announce(*occupant, {});
    }
  }
  co_return nullptr;
}

// XEP-0050 sections 2.2 and 2.3. False: this is no node of commands.
bool Room::discover_commands(const Envelope& envelope, bool is_info, std::string_view node) {
  const Command* command = find(node);
  if (command == nullptr && node != ns::commands) {
    return false;
  }
  const Jid& from = *envelope.stanza->from();
  if (command != nullptr && !may_execute(command->which, from)) {
    refuse(envelope, StanzaCondition::forbidden);
    return true;
  }
  std::string payload;
  xml::Writer writer(payload);
  writer.start("query", is_info ? ns::disco_info : ns::disco_items).attribute("node", node);
  if (is_info) {
    writer.start("identity").attribute("category", "automation").attribute("type", command == nullptr ? "command-list" : "command-node");
    writer.attribute("name", command == nullptr ? std::string_view("Commands") : command->name).end();
    for (const std::string_view var : {ns::commands, ns::forms}) {
      writer.start("feature").attribute("var", var).end();
    }
  } else if (command == nullptr) {
    for (const Command& each : commands) {
      if (may_execute(each.which, from)) {
        writer.start("item").attribute("jid", jid_.str()).attribute("node", each.node).attribute("name", each.name).end();
      }
    }
  }
  writer.end();
  answer(envelope, make_result(*envelope.stanza, payload));
  return true;
}

}  // namespace aldis::muc
