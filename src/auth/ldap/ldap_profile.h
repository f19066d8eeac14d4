// ProfileMap: which attribute says which field of a person's card, and what an entry has to become when its owner wants it otherwise.
// Nothing here asks a directory.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "auth/ldap/ldap_schema.h"
#include "auth/people_profiles.h"

namespace aldis::ldap {

// A part of one modification (RFC 4511 section 4.6). `replace` without values takes the attribute away.
struct Change {
  enum class Kind : std::uint8_t { add, remove, replace };
  Kind kind = Kind::replace;
  std::string attribute;
  std::vector<std::string> values;
};

inline constexpr std::size_t longest_text = 4096;      // bytes of a value of a field that is no photo
inline constexpr std::size_t most_values = 16;         // of a field

class ProfileMap {
 public:
  // invalid names the option first: "profile: ...". Empty where profiles are off.
  [[nodiscard]] static Result<ProfileMap> make(const DirectoryOptions& options);

  [[nodiscard]] const ProfileRules& rules() const { return rules_; }
  [[nodiscard]] const std::map<ProfileField, std::vector<std::string>>& attributes_by_field() const { return map_; }
  [[nodiscard]] std::vector<std::string> attributes() const;
  // Values that cannot stand in a card (no text, longer than longest_text, more than most_values) are not in it.
  [[nodiscard]] Profile read(const Entry& entry) const;
  // What of the entry must change so that it reads as `wanted`; fields in `left_alone` are not looked at, nor a photo that is too large to
  // be shown while nobody wants another. Values of an attribute that are not shown stay. denied: a field that may not be
  // changed; limit: a value too large, or too many.
  struct Changes {
    std::vector<Change> changes{};
    std::vector<ProfileField> fields{};
  };
  [[nodiscard]] Result<Changes> changes(const Entry& entry, const ProfileValues& wanted, const std::vector<ProfileField>& left_alone) const;
  // Entries that begin so in all of these fields; empty: a field is not one that is searched.
  [[nodiscard]] std::string filter_of(const std::map<ProfileField, std::string>& wanted) const;

 private:
  // The attribute that shows the field in this entry; null: none does.
  [[nodiscard]] const std::string* shown_by(ProfileField field, const Entry& entry) const;
  [[nodiscard]] std::vector<std::string> shown(ProfileField field, const Entry& entry) const;

  std::map<ProfileField, std::vector<std::string>> map_;   // attributes, the first is written
  ProfileRules rules_;
};

}  // namespace aldis::ldap
