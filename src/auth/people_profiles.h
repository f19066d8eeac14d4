// PeopleProfiles: what a directory says of its people besides whether they may log in: names, telephones, a photo. It owns what it says:
// a field is changed there, as the person whose it is, or not at all. Its adapters (auth/ldap) answer on the executor that asks, any
// number at a time, and never make it wait for the network.
#pragma once
#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/options.h"
#include "base/result.h"
#include "runtime/task.h"
#include "xmpp/jid.h"

namespace aldis {

// What a card can say of a person (XEP-0054), as operators name it.
enum class ProfileField : std::uint8_t {
  full_name, family, given, middle, prefix, suffix, nickname, birthday, email, telephone, mobile, fax, pager, home_telephone,
  post_box, street, locality, region, postal_code, country, organization, unit, title, role, url, note, photo,
};
inline constexpr std::array profile_fields{
    OptionName{"fn", ProfileField::full_name},          OptionName{"family", ProfileField::family},
    OptionName{"given", ProfileField::given},           OptionName{"middle", ProfileField::middle},
    OptionName{"prefix", ProfileField::prefix},         OptionName{"suffix", ProfileField::suffix},
    OptionName{"nickname", ProfileField::nickname},     OptionName{"birthday", ProfileField::birthday},
    OptionName{"email", ProfileField::email},           OptionName{"telephone", ProfileField::telephone},
    OptionName{"mobile", ProfileField::mobile},         OptionName{"fax", ProfileField::fax},
    OptionName{"pager", ProfileField::pager},           OptionName{"home-telephone", ProfileField::home_telephone},
    OptionName{"post-box", ProfileField::post_box},     OptionName{"street", ProfileField::street},
    OptionName{"locality", ProfileField::locality},     OptionName{"region", ProfileField::region},
    OptionName{"postal-code", ProfileField::postal_code}, OptionName{"country", ProfileField::country},
    OptionName{"organization", ProfileField::organization}, OptionName{"unit", ProfileField::unit},
    OptionName{"title", ProfileField::title},           OptionName{"role", ProfileField::role},
    OptionName{"url", ProfileField::url},               OptionName{"note", ProfileField::note},
    OptionName{"photo", ProfileField::photo},
};
[[nodiscard]] constexpr std::string_view to_string(ProfileField field) { return profile_fields[static_cast<std::size_t>(field)].name; }
[[nodiscard]] std::optional<ProfileField> parse_profile_field(std::string_view name);
// Of these a card has any number; of the others one.
[[nodiscard]] bool is_repeated(ProfileField field);

// Who sees a field of somebody: its owner alone, people of the same domain too, or those of the domains named as peers besides.
enum class SeenBy : std::uint8_t { self, domain, peers };

struct ProfileRule {
  bool is_writable = false;
  SeenBy seen_by = SeenBy::domain;
  bool is_searched = false;
};

// What holds for everybody of the directory, while it serves.
struct ProfileRules {
  std::map<ProfileField, ProfileRule> fields;       // those that it owns; what is not here it does not know
  std::vector<std::string> peers;                   // domains
  bool keeps_rest = false;                          // what it does not know stays here; false: it is refused
  std::size_t photo_bytes = 0;                      // of a photo at most
  std::size_t least_letters = 0;                    // that one field of a search must begin with
  std::size_t most_results = 0;
  std::size_t searches_a_minute = 0;                // of one person

  [[nodiscard]] const ProfileRule* find(ProfileField field) const;   // null: not the directory's
  // Whether `reader` may know the field of `owner`.
  [[nodiscard]] bool may_see(ProfileField field, const BareJid& owner, const Jid& reader) const;
  // Whether there is anything that somebody of this domain may know of people of `domain`.
  [[nodiscard]] bool is_open_to(std::string_view domain, const Jid& reader) const;
};

// Values that are valid XML text (but for the photo's, bytes), none empty, in the directory's order.
using ProfileValues = std::map<ProfileField, std::vector<std::string>>;

struct Profile {
  ProfileValues values{};
  std::optional<std::size_t> large_photo{};   // there is one of so many bytes, and it is left out
  bool is_remembered = false;                 // the directory is away; this is what it said last
};
using ProfilePtr = std::shared_ptr<const Profile>;

class PeopleProfiles {
 public:
  virtual ~PeopleProfiles() = default;
  [[nodiscard]] virtual const ProfileRules& rules() const = 0;   // any thread
  // not_found: nobody, or more than one entry, has this account. unavailable, timeout, full, cancelled: the directory did not say.
  virtual Task<Result<ProfilePtr>> read(BareJid account) = 0;
  // What differs between `wanted` and the entry is changed in it, in one step and as the person. A field that is not in `wanted` is
  // taken away, but for those left alone and for a photo that was too large to be shown. denied: a change that is not the person's to make, by our rules or by
  // the directory's; limit: too large; both leave the entry as it was. Others: the directory did not say, and may have changed it. The
  // number of fields changed.
  virtual Task<Result<std::size_t>> write(BareJid account, ProfileValues wanted, std::vector<ProfileField> left_alone) = 0;

  struct Hit {
    BareJid account;
    Profile profile;
  };
  struct Hits {
    std::vector<Hit> people{};
    bool is_cut = false;   // there are more
  };
  // People of the domain all of whose fields begin so (as the directory compares them), who may log in.
  virtual Task<Result<Hits>> search(std::string domain, std::map<ProfileField, std::string> wanted) = 0;
};

}  // namespace aldis
