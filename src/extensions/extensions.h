// The install function of every extension, and the table of its options where it has some. What each does stands at the head
// of its file; app/extensions.cpp lists them.
#pragma once
#include "core/extension.h"

namespace aldis::ext {

void install_account_pubsub(Extension& self);
void install_attachments(Extension& self);
void install_avatars(Extension& self);
void install_blocking(Extension& self);
void install_bookmarks(Extension& self);
void install_caps(Extension& self);
void install_cards(Extension& self);
void install_carbons(Extension& self);
void install_client_state(Extension& self);
void install_commands(Extension& self);
void install_contact_addresses(Extension& self);
void install_disco(Extension& self);
void install_displayed(Extension& self);
void install_forms(Extension& self);
void install_last_activity(Extension& self);
void install_mam(Extension& self);
void install_muc(Extension& self);
void install_offline(Extension& self);
void install_pep(Extension& self);
void install_ping(Extension& self);
void install_private_xml(Extension& self);
void install_pubsub(Extension& self);
void install_push(Extension& self);
void install_registration(Extension& self);
void install_roster(Extension& self);
void install_search(Extension& self);
void install_service_administration(Extension& self);
void install_session(Extension& self);
void install_stable_ids(Extension& self);
void install_time(Extension& self);
void install_vcard(Extension& self);
void install_version(Extension& self);

[[nodiscard]] const OptionTable& account_pubsub_options();
[[nodiscard]] const OptionTable& blocking_options();
[[nodiscard]] const OptionTable& commands_options();
[[nodiscard]] const OptionTable& contact_addresses_options();
[[nodiscard]] const OptionTable& mam_options();
[[nodiscard]] const OptionTable& muc_options();
[[nodiscard]] const OptionTable& room_options();   // of [[room]]
[[nodiscard]] const OptionTable& offline_options();
[[nodiscard]] const OptionTable& private_xml_options();
[[nodiscard]] const OptionTable& pubsub_options();
[[nodiscard]] const OptionTable& push_options();
[[nodiscard]] const OptionTable& registration_options();
[[nodiscard]] const OptionTable& vcard_options();
[[nodiscard]] const OptionTable& version_options();

}  // namespace aldis::ext
