// The list of extensions: a feature is one file in src/extensions and one line here.
#include "app/extensions.h"

#include "auth/auth_config.h"
#include "core/core_config.h"
#include "core/lobby.h"
#include "extensions/extensions.h"

namespace aldis::app {

std::span<const ExtensionEntry> extensions() {
  static const std::vector<ExtensionEntry> list{
      {"session", ext::install_session},
      {"roster", ext::install_roster, {{237, "1.3", "roster versioning, now RFC 6121 section 2.6"}}},
      {"disco", ext::install_disco, {{30, "2.5.0"}, {128, "1.0.1"}}, nullptr, true, ServedBy::all},
      {"ping", ext::install_ping, {{199, "2.0.1"}}, nullptr, true, ServedBy::all},
      {"stable_ids", ext::install_stable_ids, {{359, "0.7.0", "forged ids are taken out; mam assigns them"}}},
      {"mam",
       ext::install_mam,
       {{297, "1.0"},
        {313, "1.1.3"},
        {334, "1.0.0", "as hints for the archive and for offline messages"},
        {424, "0.4.2", "in archives of accounts a retraction stands beside what it retracts; in rooms a tombstone in its place"},
        {431, "0.2.0"},
        {441, "0.2.0", "without advanced configuration"}},
       &ext::mam_options()},
      {"offline", ext::install_offline, {{160, "1.0.1"}, {203, "2.0"}}, &ext::offline_options()},
      {"carbons", ext::install_carbons, {{280, "1.0.1"}}},
      {"client_state", ext::install_client_state, {{352, "1.0.0"}}},
      {"push", ext::install_push, {{357, "0.4.1", "the user's server's part"}}, &ext::push_options()},
      {"blocking", ext::install_blocking, {{191, "1.3"}}, &ext::blocking_options()},
      {"private_xml", ext::install_private_xml, {{49, "1.2"}}, &ext::private_xml_options()},
      {"vcard", ext::install_vcard, {{54, "1.3.0"}}, &ext::vcard_options()},
      {"search", ext::install_search, {{55, "1.3", "people of a directory; see directory.md"}}},
      {"last_activity", ext::install_last_activity, {{12, "2.0"}}},
      {"version", ext::install_version, {{92, "1.1"}}, &ext::version_options(), true, ServedBy::all},
      {"time", ext::install_time, {{202, "2.0"}}, nullptr, true, ServedBy::all},
      {"registration", ext::install_registration, {{77, "2.4"}}, &ext::registration_options()},
      {"contact_addresses", ext::install_contact_addresses, {{157, "1.1.1"}}, &ext::contact_addresses_options(), true, ServedBy::all},
      {"muc",
       ext::install_muc,
       {{45, "1.35.5", "see rooms.md"},
        {249, "1.2", "passes by; rooms send mediated invitations"},
        {317, "0.3.1"},
        {372, "0.5.0", "members who are away and are mentioned in a room are told by push"},
        {410, "1.1.0"},
        {421, "1.0.1"},
        {425, "0.3.0"},
        {433, "0.1.0", "the rooms of the domain, by address"},
        {463, "0.2.0", "a version older than the asker's affiliation is answered with the lists of now, not with an error"},
        {486, "0.1.0"},
        {500, "0.1.1"}},
       &ext::muc_options(),
       true,
       ServedBy::rooms},
      {"pubsub",
       ext::install_pubsub,
       {{60, "1.30", "see pubsub.md"}, {131, "1.2", "SubID and Collection in notifications"}, {248, "0.5.0", "see pubsub.md"},
        {312, "0.3", "up to 50 items of a node"}, {395, "0.2.0"}, {462, "0.1.1"}},
       &ext::pubsub_options(),
       true,
       ServedBy::pubsub},
      {"account_pubsub", ext::install_account_pubsub, {{60, "1.30", "see pubsub.md"}}, &ext::account_pubsub_options()},
      {"forms", ext::install_forms,
       {{346, "0.2", "see forms.md"}, {122, "1.0.2", "submitted forms are checked"}, {141, "1.0", "a layout fits its form"}},
       nullptr, true, ServedBy::pubsub},
      {"attachments", ext::install_attachments, {{470, "0.2.0"}}, nullptr, true, ServedBy::all},
      {"service_administration", ext::install_service_administration,
       {{133, "1.3.1", "no black or white lists; the list of administrators, restart and shutdown are the operator's"}}},
      {"pep", ext::install_pep, {{163, "1.2.2"}, {222, "1.0"}, {223, "1.1.1"}}},
      {"bookmarks", ext::install_bookmarks, {{402, "1.2.0"}, {48, "1.2", "in private XML storage and as a node, both kept in step with XEP-0402"}}},
      {"displayed", ext::install_displayed, {{490, "1.0.1", "with server assist"}}},
      {"avatars", ext::install_avatars, {{398, "1.0.0"}, {153, "1.1.1", "the hash in presence"}, {84, "1.1.4"}}},
      {"cards", ext::install_cards, {{292, "0.12.0", "kept in step with vcard-temp, but for photos"}}},
      // Behind all that offer commands.
      {"commands", ext::install_commands, {{50, "1.3.0"}}, &ext::commands_options(), true, ServedBy::all},
      {"caps", ext::install_caps, {{115, "1.6.0"}}},  // last: it sums up what the others advertise
  };
  return list;
}

std::span<const XepReference> core_xeps() {
  static const std::vector<XepReference> list{
      {59, "1.0", "result sets in the core's own answers"},
      {80, "1.10.0", "operators' rules for what recipients see of positions; see positions.md"},
      {82, "1.1.1", "timestamps"},
      {106, "1.1.1", "escaped localparts"},
      {114, "1.6", "accept only"},
      {178, "1.2", "for people: EXTERNAL is offered to whose certificate has an account"},
      {198, "1.6.3", "acknowledges what is durable; resumption also across a graceful restart"},
      {220, "1.1.1", "between servers, where a rule allows it; one pair of domains a stream"},
      {233, "1.0.0", "for domains that take Kerberos tickets"},
      {288, "1.0.1"},
      {368, "1.1.0", "direct TLS with ALPN"},
      {386, "1.1.0", "messages that wait are handed over as ever, not cleared"},
      {388, "1.0.4"},
      {440, "1.0.0", "channel binding types are advertised"},
      {474, "0.5.0", "SCRAM downgrade protection"},
      {478, "0.2.0", "stream limits are advertised"},
      {480, "0.2.0", "SCRAM-SHA-256 and SCRAM-SHA-512"},
      {484, "0.2.0", "no early data; HT-SHA-256 and HT-SHA-512"},
  };
  return list;
}

ConfigSchema config_schema() {
  ConfigSchema schema = own_schema();
  schema.sections.push_back({"limits", &option_table<CoreConfig>(core_options), "What accounts and sessions may use.", false});
  schema.sections.push_back(
      {"lobby", &option_table<LobbyConfig>(lobby_options), "What connections may use before they have logged in.", false});
  schema.sections.push_back({"auth", &option_table<AuthConfig>(auth_options), "Logging in, and setting passwords.", false,
                             [](const OptionObject& object) { return validate(object.as<AuthConfig>()); }});
  for (const ExtensionEntry& entry : extensions()) {
    std::string help;
    for (const XepReference& xep : entry.xeps) {
      const std::string number = std::to_string(xep.number);
      help.append(help.empty() ? "XEP-" : ", XEP-").append(4 - std::min<std::size_t>(number.size(), 4), '0').append(number);
    }
    schema.extensions.push_back({std::string(entry.name), std::move(help), entry.options, entry.is_default, entry.on});
  }
  return schema;
}

}  // namespace aldis::app
