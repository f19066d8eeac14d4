// The form of a room, one line for each field, and what is read from it.
#include "extensions/muc/room_config.h"

#include <algorithm>
#include <array>
#include <functional>
#include <limits>

#include "xmpp/namespaces.h"
#include "xmpp/number.h"

namespace aldis::muc {
namespace {

struct BoolField {
  std::string_view var;
  bool RoomConfig::* member;
  std::string_view label;
};
constexpr std::array bools{
    BoolField{"muc#roomconfig_persistentroom", &RoomConfig::is_persistent, "The room stays when its last occupant leaves"},
    BoolField{"muc#roomconfig_publicroom", &RoomConfig::is_public, "The room is listed"},
    BoolField{"muc#roomconfig_membersonly", &RoomConfig::is_members_only, "Only members may enter"},
    BoolField{"muc#roomconfig_moderatedroom", &RoomConfig::is_moderated, "Only those with voice may speak"},
    BoolField{"muc#roomconfig_changesubject", &RoomConfig::occupants_change_subject, "Every participant may change the subject"},
    BoolField{"muc#roomconfig_allowinvites", &RoomConfig::members_invite, "In a members-only room members may invite, and whom they invite becomes a member"},
    BoolField{"muc#roomconfig_enablearchiving", &RoomConfig::keeps_archive, "Messages are archived for those who may enter"},
    BoolField{"muc#roomconfig_enablelogging", &RoomConfig::is_logged, "Occupants are warned that what is said is published"},
    BoolField{"{https://aldis.im/rooms}registration", &RoomConfig::takes_registrations, "People may register as members; in a members-only room after an owner or admin has agreed"},
    BoolField{"{https://aldis.im/rooms}voice_requests", &RoomConfig::takes_voice_requests, "Visitors may ask the moderators for voice"},
    BoolField{"{https://aldis.im/rooms}lock_nicknames", &RoomConfig::locks_nicknames, "Who has a reserved nickname uses it and no other"},
    BoolField{"{https://aldis.im/rooms}list_occupants", &RoomConfig::lists_occupants, "Anybody may list the occupants from outside"},
};

struct TextField {
  std::string_view var;
  std::string RoomConfig::* member;
  FieldType type;
  std::string_view label;
  std::size_t most;   // bytes
};
constexpr std::array texts{
    TextField{"muc#roomconfig_roomname", &RoomConfig::name, FieldType::text_single, "Name", 200},
    TextField{"muc#roomconfig_roomdesc", &RoomConfig::description, FieldType::text_single, "Description", 2000},
    TextField{"muc#roomconfig_lang", &RoomConfig::language, FieldType::text_single, "Language of the discussion, as en or de", 35},
    TextField{"muc#roomconfig_pubsub", &RoomConfig::pubsub, FieldType::text_single, "XMPP URI of a publish-subscribe node", 1000},
};

constexpr std::array<std::pair<std::string_view, RoomConfig::Who>, 4> private_message_words{{
    {"anyone", RoomConfig::Who::anyone},
    {"participants", RoomConfig::Who::participants},
    {"moderators", RoomConfig::Who::moderators},
    {"none", RoomConfig::Who::none},
}};
constexpr std::array shown_roles{Role::moderator, Role::participant, Role::visitor};

constexpr std::string_view password_protected = "muc#roomconfig_passwordprotectedroom";
constexpr std::string_view room_secret = "muc#roomconfig_roomsecret";
constexpr std::string_view whois = "muc#roomconfig_whois";
constexpr std::string_view allow_pm = "muc#roomconfig_allowpm";
constexpr std::string_view max_users = "muc#roomconfig_maxusers";
constexpr std::string_view max_history = "muc#maxhistoryfetch";
constexpr std::string_view presence_broadcast = "muc#roomconfig_presencebroadcast";
constexpr std::string_view get_member_list = "muc#roomconfig_getmemberlist";
constexpr std::string_view slow_mode = "muc#roomconfig_slow_mode_duration";
constexpr std::string_view room_admins = "muc#roomconfig_roomadmins";
constexpr std::string_view room_owners = "muc#roomconfig_roomowners";
constexpr std::string_view room_contacts = "muc#roominfo_contactjid";

std::string word_of(RoomConfig::Who who) {
  for (const auto& [word, value] : private_message_words) {
    if (value == who) {
      return std::string(word);
    }
  }
  return {};
}

std::vector<std::string> words_of(Roles roles) {
  std::vector<std::string> words;
  for (const Role role : shown_roles) {
    if (roles.contains(role)) {
      words.emplace_back(to_string(role));
    }
  }
  return words;
}

Roles roles_of(const std::vector<std::string>& words) {
  Roles roles;
  for (const std::string& word : words) {
    if (const auto role = parse_role(word); role && *role != Role::none) {
      roles = roles.with(*role);
    }
  }
  return roles;
}

std::vector<FieldOption> role_options() {
  return {{"moderator", "Moderators"}, {"participant", "Participants"}, {"visitor", "Visitors"}};
}

Field flag(std::string_view var, bool value, std::string_view label) {
  return Field(std::string(var), FieldType::boolean, {value ? "1" : "0"}, std::string(label));
}

Field text(std::string_view var, FieldType type, const std::string& value, std::string_view label) {
  return Field(std::string(var), type, value.empty() ? std::vector<std::string>{} : std::vector<std::string>{value}, std::string(label));
}

std::string joined(const std::vector<std::string>& all) {
  std::string out;
  for (const std::string& each : all) {
    out.append(out.empty() ? "" : "\n").append(each);
  }
  return out;
}

Unexpected<StanzaError> unacceptable(std::string_view field, std::string_view why) {
  return fail(StanzaError(StanzaCondition::not_acceptable, std::string(field) + " " + std::string(why)));
}

Result<std::vector<BareJid>, StanzaError> bare_jids(const Field& field) {
  std::vector<BareJid> all;
  for (const std::string& value : field.values) {
    const auto jid = Jid::parse(value);
    if (!jid || !jid->has_local()) {
      return unacceptable(field.var, "holds what is no address of a person");
    }
    all.push_back(jid->bare());
  }
  return all;
}

// All fields but the lists of people.
Form fields_of(const RoomConfig& config, FormType type) {
  Form form(type, ns::muc_roomconfig);
  for (const TextField& each : texts) {
    form.fields.push_back(text(each.var, each.type, config.*each.member, each.label));
  }
  for (const BoolField& each : bools) {
    form.fields.push_back(flag(each.var, config.*each.member, each.label));
  }
  form.fields.push_back(flag(password_protected, !config.password.empty(), "A password is required to enter"));
  form.fields.push_back(text(room_secret, FieldType::text_private, config.password, "The password"));
  form.fields.push_back(Field(std::string(whois), FieldType::list_single, {config.is_non_anonymous ? "anyone" : "moderators"},
                              "Who may see real addresses").with_options({{"moderators", "Moderators"}, {"anyone", "Anyone"}}));
  form.fields.push_back(Field(std::string(allow_pm), FieldType::list_single, {word_of(config.private_messages)}, "Who may send private messages")
                            .with_options({{"anyone", "Anyone"}, {"participants", "Anyone with voice"}, {"moderators", "Moderators"}, {"none", "Nobody"}}));
  const std::string most = config.max_users == 0 ? "none" : std::to_string(config.max_users);
  std::vector<FieldOption> sizes;
  for (const char* size : {"10", "50", "100", "500", "1000", "2000"}) {
    sizes.push_back({size, size});
  }
  sizes.push_back({"none", "As many as the service allows"});
  if (std::ranges::none_of(sizes, [&](const FieldOption& option) { return option.value == most; })) {
    sizes.insert(sizes.begin(), {most, most});
  }
  form.fields.push_back(Field(std::string(max_users), FieldType::list_single, {most}, "Most occupants").with_options(std::move(sizes)));
  form.fields.push_back(Field(std::string(max_history), FieldType::text_single, {std::to_string(config.history)}, "Messages shown to who enters"));
  form.fields.push_back(Field(std::string(presence_broadcast), FieldType::list_multi, words_of(config.broadcast), "Roles whose presence is shown")
                            .with_options(role_options()));
  form.fields.push_back(Field(std::string(get_member_list), FieldType::list_multi, words_of(config.member_list), "Roles that may read the list of members")
                            .with_options(role_options()));
  form.fields.push_back(Field(std::string(slow_mode), FieldType::text_single, {std::to_string(config.slow_mode.count())},
                              "Seconds between two messages of one user; 0: no limit"));
  form.fields.push_back(Field(std::string(room_contacts), FieldType::jid_multi, lines(config.contacts), "Addresses to turn to"));
  return form;
}

// The same for reading: a number of occupants need not be one of those we suggest.
Form readable(Form form) {
  for (Field& field : form.fields) {
    if (field.var == max_users) {
      field.type = FieldType::text_single;
      field.options.clear();
    }
  }
  return form;
}

template <class T>
std::optional<T> number(const Form& form, std::string_view var, T most) {
  const auto value = form.value(var);
  return value ? parse_number<T>(*value, 0, most) : std::nullopt;
}

// `form` has this form's fields with their types.
Result<RoomConfig, StanzaError> apply(RoomConfig config, const Form& form) {
  for (const TextField& each : texts) {
    if (form.field(each.var) != nullptr) {
      std::string value(form.value(each.var).value_or(""));
      if (value.size() > each.most) {
        return unacceptable(each.var, "is too long");
      }
      config.*each.member = std::move(value);
    }
  }
  for (const BoolField& each : bools) {
    const auto value = form.boolean(each.var);
    if (!value) {
      return fail(value.error());
    }
    config.*each.member = value->value_or(config.*each.member);
  }
  const auto is_protected = form.boolean(password_protected);
  if (!is_protected) {
    return fail(is_protected.error());
  }
  if (form.field(room_secret) != nullptr) {
    std::string secret(form.value(room_secret).value_or(""));
    if (secret.size() > 1000) {
      return unacceptable(room_secret, "is too long");
    }
    if (!(*is_protected && !**is_protected)) {
      config.password = std::move(secret);
    }
  }
  if (*is_protected && !**is_protected) {
    config.password.clear();
  } else if (is_protected->value_or(false) && config.password.empty()) {  // section 10.1.3
    return unacceptable(room_secret, "is empty, and a password is to be required");
  }
  if (const auto value = form.value(whois)) {
    config.is_non_anonymous = *value == "anyone";
  }
  if (const auto value = form.value(allow_pm)) {
    for (const auto& [word, who] : private_message_words) {
      config.private_messages = word == *value ? who : config.private_messages;
    }
  }
  if (const auto value = form.value(max_users)) {
    const auto most = *value == "none" || value->empty() ? std::optional<std::uint32_t>(0) : number<std::uint32_t>(form, max_users, 1'000'000);
    if (!most || (*most == 0 && *value != "none" && !value->empty())) {
      return unacceptable(max_users, "is no number of occupants");
    }
    config.max_users = *most;
  }
  if (form.field(max_history) != nullptr) {
    const auto most = number<std::uint32_t>(form, max_history, 1'000'000);
    if (!most) {
      return unacceptable(max_history, "is no number of messages");
    }
    config.history = *most;
  }
  if (const Field* field = form.field(presence_broadcast)) {
    config.broadcast = roles_of(field->values);
  }
  if (const Field* field = form.field(get_member_list)) {
    config.member_list = roles_of(field->values);
  }
  if (form.field(slow_mode) != nullptr) {
    const auto seconds = number<std::uint32_t>(form, slow_mode, 86'400);
    if (!seconds) {
      return unacceptable(slow_mode, "is no number of seconds up to a day");
    }
    config.slow_mode = std::chrono::seconds(*seconds);
  }
  if (const Field* field = form.field(room_contacts)) {
    if (field->values.size() > 10) {
      return unacceptable(room_contacts, "has more than ten addresses");
    }
    config.contacts = joined(field->values);
  }
  return config;
}

}  // namespace

std::vector<std::string> lines(const std::string& all) {
  std::vector<std::string> out;
  for (std::size_t at = 0; at < all.size();) {
    const std::size_t end = std::min(all.find('\n', at), all.size());
    out.push_back(all.substr(at, end - at));
    at = end + 1;
  }
  return out;
}

RoomConfig RoomConfig::defaults(const MucOptions& options) {
  RoomConfig config;
  config.is_persistent = options.default_persistent;
  config.is_public = options.default_public;
  config.is_members_only = options.default_members_only;
  config.is_moderated = options.default_moderated;
  config.is_non_anonymous = options.default_non_anonymous;
  config.keeps_archive = options.default_archive;
  config.history = std::min(options.default_history, options.history);
  return config;
}

std::string RoomConfig::to_text() const {
  std::string out;
  xml::Writer writer(out);
  fields_of(*this, FormType::submit).write(writer);
  return out;
}

std::optional<RoomConfig> RoomConfig::from_text(std::string_view text) {
  const auto document = xml::parse(std::string(text), {std::string(ns::client), {}});
  if (!document) {
    return std::nullopt;
  }
  const auto form = Form::parse((*document)->root());
  if (!form) {
    return std::nullopt;
  }
  const auto accepted = readable(fields_of(RoomConfig(), FormType::form)).accept(*form);
  const auto config = accepted ? apply(RoomConfig(), *accepted) : Result<RoomConfig, StanzaError>(fail(accepted.error()));
  return config ? std::optional(*config) : std::nullopt;
}

Form config_form(const RoomConfig& config, std::string_view room, bool is_new, std::vector<std::string> admins,
                 std::vector<std::string> owners, const std::vector<std::string_view>& fixed) {
  Form form = fields_of(config, FormType::form);
  form.title = "Configuration of " + std::string(room);
  form.instructions = {is_new ? "The room has been created. Nobody can enter before you have sent this form."
                              : "Fill in what is to change."};
  form.fields.push_back(Field(std::string(room_admins), FieldType::jid_multi, std::move(admins), "Admins, all of them"));
  form.fields.push_back(Field(std::string(room_owners), FieldType::jid_multi, std::move(owners), "Owners, all of them"));
  for (Field& field : form.fields) {
    if (std::ranges::find(fixed, field.var) != fixed.end()) {
      field.desc = "The server's configuration says this; it cannot be changed here.";
    }
  }
  if (!fixed.empty()) {
    form.instructions.push_back("The server's configuration has this room: what it says of it stays as it is.");
  }
  return form;
}

Result<SubmittedConfig, StanzaError> read_config(const RoomConfig& config, const MucOptions& options, const Form& submitted, bool needs_owner) {
  const auto accepted = readable(config_form(config, {}, false, {}, {})).accept(submitted);
  if (!accepted) {
    return fail(accepted.error());
  }
  auto changed = apply(config, *accepted);
  if (!changed) {
    return fail(changed.error());
  }
  if (changed->history > options.history) {
    return unacceptable(max_history, "is more than the service allows");
  }
  if (changed->max_users > options.occupants) {
    return unacceptable(max_users, "is more than the service allows");
  }
  SubmittedConfig read{.config = std::move(*changed)};
  for (const auto& [var, into] : {std::pair{room_admins, &read.admins}, std::pair{room_owners, &read.owners}}) {
    if (const Field* field = accepted->field(var)) {
      auto jids = bare_jids(*field);
      if (!jids) {
        return fail(jids.error());
      }
      *into = std::move(*jids);
    }
  }
  if (needs_owner && read.owners && read.owners->empty()) {  // section 10: at least one
    return unacceptable(room_owners, "is empty, and a room has an owner");
  }
  return read;
}

std::string Listing::to_text() const {
  const bool is_marked = declared != DeclarationMark{};
  const std::string mark = is_marked ? " " + (declared.digest.empty() ? "-" : declared.digest) + " " + std::to_string(declared.version) : std::string();
  return std::string(is_open ? "open" : "closed") + mark + "\n" + (is_non_anonymous ? "anyone" : "moderators") + "\n" + language + "\n" + description;
}

Listing Listing::from_text(const std::string& text) {
  const std::vector<std::string> all = lines(text);
  Listing listing;
  if (all.size() < 3) {  // of one that operators made and nobody has entered yet
    return listing;
  }
  listing.is_open = all[0] == "open" || all[0].starts_with("open ");
  const std::size_t first = all[0].find(' ');
  const std::size_t second = first == std::string::npos ? first : all[0].find(' ', first + 1);
  if (second != std::string::npos) {
    const std::string digest = all[0].substr(first + 1, second - first - 1);
    listing.declared.digest = digest == "-" ? std::string() : digest;
    listing.declared.version =
        parse_number<std::uint64_t>(std::string_view(all[0]).substr(second + 1), 0, std::numeric_limits<std::uint64_t>::max()).value_or(0);
  }
  listing.is_non_anonymous = all[1] == "anyone";
  listing.language = all[2];
  for (std::size_t i = 3; i < all.size(); ++i) {
    listing.description.append(i > 3 ? "\n" : "").append(all[i]);
  }
  return listing;
}

Listing listing_of(const RoomConfig& config) {
  Listing listing{.is_open = !config.is_members_only && config.password.empty(), .is_non_anonymous = config.is_non_anonymous,
                  .language = config.language, .description = config.description};
  std::ranges::replace(listing.language, '\n', ' ');
  return listing;
}

}  // namespace aldis::muc
