// Cards (vcard-temp, XEP-0054 1.3.0) as fields of a profile and back. A card says more than there are fields: what is left over is kept as
// elements. Which of several kinds a mail address is, and that a telephone is for video and the like, is not kept; nor are VERSION,
// PRODID and REV, which say nothing of the person.
#pragma once
#include <functional>
#include <string>

#include "auth/people_profiles.h"
#include "xml/element.h"

namespace aldis::ext {

struct ProfileCard {
  ProfileValues values{};
  std::string others{};   // whole elements of vcard-temp, one after another
};

// Of a <vCard/>. Texts are trimmed, and what is empty is not there.
[[nodiscard]] ProfileCard read_profile_card(const xml::Element& card);
// <vCard xmlns='vcard-temp'/>.
[[nodiscard]] std::string write_profile_card(const ProfileCard& card);

}  // namespace aldis::ext
