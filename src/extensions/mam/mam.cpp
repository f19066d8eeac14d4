// XEP-0313 (1.1.3) Message Archive Management of accounts, with its extended features, stanza ids (XEP-0359), full-text
// search (XEP-0431) and preferences (XEP-0441). Every message an account sends or receives is recorded once, under an
// id chosen where its deliveries are in order, before it is delivered; delivery does not wait for the disk. Not here:
// archives of rooms and nodes, and messages of type groupchat in users' archives.
#include "extensions/mam/mam.h"

#include "extensions/extensions.h"
#include "xmpp/namespaces.h"

namespace aldis::ext {
namespace {

constexpr auto options = std::tuple{
    Option{"archive", &MamConfig::archives,
           "What is archived for users who have not said otherwise: everything, what they exchange with contacts in "
           "their roster, or "
           "nothing."},
    Option{"page", &MamConfig::page, Range{10, 1000}, "Messages in one page of a query."},
    Option{"preference_entries", &MamConfig::preference_entries, Range{1, 10'000},
           "Addresses in one user's archiving preferences."},
    Option{"keep_for", &MamConfig::keep_for, Range{std::chrono::seconds(0), std::chrono::seconds(86400LL * 36500)},
           "Older messages are removed from the archives. 0: none are."},
    Option{"keep_bytes", &MamConfig::keep_bytes, Range{Bytes{0}, 1024 * GiB},
           "The oldest messages of an archive that holds more are removed. 0: none are."}};

}  // namespace

const OptionTable& mam_options() {
  return option_table<MamConfig>(options);
}

void install_mam(Extension& self) {
  self.advertise_account(ns::mam);
  self.advertise(ns::retraction);  // XEP-0424 section 2: retractions are archived; section 4's tombstones are not made
  self.advertise_account(ns::mam_extended);
  self.advertise_account(ns::mam_groupchat_field);
  self.advertise_account(ns::fulltext);
  install_recording(self);
  install_queries(self);
  install_archive_preferences(self);
  install_retention(self);
}

}  // namespace aldis::ext
