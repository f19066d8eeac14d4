// What an operator says of the profiles of a directory's people, and of their certificates there ([[directory]], docs/directory.md).
#pragma once
#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

#include "base/options.h"

namespace aldis::ldap {

// What a card says and the directory has no attribute for.
enum class Rest : std::uint8_t { refuse, store };
constexpr auto option_names(Rest) { return std::array{OptionName{"refuse", Rest::refuse}, OptionName{"store", Rest::store}}; }

struct ProfileOptions {
  bool profiles = true;
  std::vector<std::string> profile;
  std::vector<std::string> profile_writable;
  std::vector<std::string> profile_self{"home-telephone"};
  std::vector<std::string> profile_peers;
  std::vector<std::string> profile_for_peers;
  Rest profile_rest = Rest::refuse;
  Bytes profile_photo = 32 * KiB;
  std::chrono::seconds profile_lifetime{60};
  std::chrono::seconds profile_keep{86'400};
  std::vector<std::string> search{"given", "family", "nickname", "email"};
  std::uint32_t search_letters = 2;
  std::uint32_t search_results = 50;
  std::uint32_t search_rate = 20;
  std::vector<std::string> certificate_attributes;
};

inline constexpr auto profile_options = std::tuple{
    Option{"profiles", &ProfileOptions::profiles,
           "Whether people's cards (XEP-0054, XEP-0292) are what the directory says of them. false: cards are kept here."},
    Option{"profile", &ProfileOptions::profile, Range{0, 64},
           "Lines \"field = attribute, attribute\" in place of those of kind: the first attribute that an entry has counts, the first of all is "
           "written. \"field =\": the directory does not have it. The fields are in directory.md."},
    Option{"profile_writable", &ProfileOptions::profile_writable, Range{0, 32},
           "Fields that people may change of themselves. The directory is asked to do it as they (RFC 4370), so its own rules hold too."},
    Option{"profile_self", &ProfileOptions::profile_self, Range{0, 32}, "Fields that their owner alone sees. Others are for people of the same domain."},
    Option{"profile_peers", &ProfileOptions::profile_peers, Range{0, 1000}, "Other domains whose people see the fields of profile_for_peers."},
    Option{"profile_for_peers", &ProfileOptions::profile_for_peers, Range{0, 32}, "Fields that people of profile_peers see too."},
    Option{"profile_rest", &ProfileOptions::profile_rest,
           "What a card says that is no field of the directory: \"refuse\": cards with it are refused. \"store\": it is kept here."},
    Option{"profile_photo", &ProfileOptions::profile_photo, Range{1 * KiB, 128 * KiB}, "Bytes of a photo; a larger one is left out of the card."},
    Option{"profile_lifetime", &ProfileOptions::profile_lifetime, Range{std::chrono::seconds(1), std::chrono::seconds(86'400)},
           "How long what was read of somebody is not asked again."},
    Option{"profile_keep", &ProfileOptions::profile_keep, Range{std::chrono::seconds(0), std::chrono::seconds(7 * 86'400)},
           "How long it is still shown while no server of the directory answers. 0s: then cards cannot be read."},
    Option{"search", &ProfileOptions::search, Range{0, 32}, "Fields that people are searched by (XEP-0055), by how they begin. Empty: nobody is searched."},
    Option{"search_letters", &ProfileOptions::search_letters, Range{1, 32}, "Letters that at least one field of a search must have."},
    Option{"search_results", &ProfileOptions::search_results, Range{1, 500}, "People found at most."},
    Option{"search_rate", &ProfileOptions::search_rate, Range{1, 10'000}, "Searches of one person in a minute."},
    Option{"certificate_attributes", &ProfileOptions::certificate_attributes, Range{0, 16},
           "Lines \"rule = attribute\": where entries say which certificate is whose: upn, mail, edipi, fascn, uuid, fingerprint and issuer-serial; see "
           "certificates.md. userCertificate and altSecurityIdentities are compared as they are meant. Empty: certificates are not looked up."},
};

}  // namespace aldis::ldap
