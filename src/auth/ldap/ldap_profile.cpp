// From entries to fields of cards and back.
#include "auth/ldap/ldap_profile.h"

#include <algorithm>

#include "auth/ldap/ldap_filter.h"
#include "xml/characters.h"

namespace aldis::ldap {
namespace {

using Lines = std::map<ProfileField, std::vector<std::string>>;

// RFC 4519, RFC 4524, RFC 2798; MS-ADA.
Lines preset(Kind kind) {
  using F = ProfileField;
  Lines all{{F::full_name, {"displayName", "cn"}}, {F::family, {"sn"}},        {F::given, {"givenName"}},
            {F::email, {"mail"}},                  {F::telephone, {"telephoneNumber"}}, {F::mobile, {"mobile"}},
            {F::fax, {"facsimileTelephoneNumber"}}, {F::pager, {"pager"}},     {F::home_telephone, {"homePhone"}},
            {F::post_box, {"postOfficeBox"}},      {F::locality, {"l"}},       {F::region, {"st"}},
            {F::postal_code, {"postalCode"}},      {F::title, {"title"}}};
  const bool is_ad = kind == Kind::active_directory;
  all[F::street] = {is_ad ? "streetAddress" : "street"};
  all[F::organization] = {is_ad ? "company" : "o"};
  all[F::unit] = {is_ad ? "department" : "ou"};
  all[F::url] = {is_ad ? "wWWHomePage" : "labeledURI"};
  if (is_ad) {
    all[F::middle] = {"middleName"};
    all[F::country] = {"co"};
    all[F::photo] = {"thumbnailPhoto", "jpegPhoto"};
  } else {
    all[F::note] = {"description"};
    all[F::photo] = {"jpegPhoto"};
  }
  return all;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && xml::is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && xml::is_space(text.back())) text.remove_suffix(1);
  return text;
}

// What XML can hold, that is, and a person can read.
bool is_text(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    if (xml::is_ascii(text[i])) {
      const auto c = static_cast<unsigned char>(text[i++]);
      if (!xml::is_xml_char(c) || c == '\r' || c == 0x7f) {
        return false;
      }
      continue;
    }
    const xml::DecodedChar decoded = xml::decode_multibyte(text.data() + i, text.data() + text.size());
    if (decoded.length == 0) {
      return false;
    }
    i += decoded.length;
  }
  return !trimmed(text).empty() && text.size() <= longest_text;
}

Unexpected<Error> wrong(std::string_view option, const std::string& what) { return fail(ErrorKind::invalid, std::string(option) + ": " + what); }

Result<void> read_line(const std::string& line, Lines& lines) {
  const std::size_t equal = line.find('=');
  const auto field = parse_profile_field(trimmed(std::string_view(line).substr(0, equal)));
  if (equal == std::string::npos || !field) {
    return wrong("profile", "\"" + line + "\" is no \"field = attribute\", or its field is not known");
  }
  std::vector<std::string> attributes;
  std::string_view rest = std::string_view(line).substr(equal + 1);
  while (!trimmed(rest).empty()) {
    const std::size_t comma = rest.find(',');
    attributes.emplace_back(trimmed(rest.substr(0, comma)));
    rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
    if (!is_attribute(attributes.back())) {
      return wrong("profile", "\"" + attributes.back() + "\" is no attribute's name");
    }
  }
  if (attributes.empty()) {
    lines.erase(*field);
  } else {
    lines[*field] = std::move(attributes);
  }
  return {};
}

// A list of fields; each is done something with if the map has it, and must be known in any case.
template <class F>
Result<void> for_fields(std::string_view option, const std::vector<std::string>& names, ProfileRules& rules, bool must_be_mapped, F&& act) {
  for (const std::string& name : names) {
    const auto field = parse_profile_field(name);
    if (!field) {
      return wrong(option, "\"" + name + "\" is no field");
    }
    const auto rule = rules.fields.find(*field);
    if (rule != rules.fields.end()) {
      act(*field, rule->second);
    } else if (must_be_mapped) {
      return wrong(option, "no attribute is known for \"" + name + "\": give it one in profile");
    }
  }
  return {};
}

bool same(std::vector<std::string> a, std::vector<std::string> b) {   // values of an attribute have no order (RFC 4511 section 4.1.7)
  std::ranges::sort(a);
  std::ranges::sort(b);
  return a == b;
}

std::vector<std::string> without(const std::vector<std::string>& all, const std::vector<std::string>& some) {
  std::vector<std::string> rest;
  std::ranges::copy_if(all, std::back_inserter(rest), [&](const std::string& each) { return std::ranges::find(some, each) == some.end(); });
  return rest;
}

}  // namespace

Result<ProfileMap> ProfileMap::make(const DirectoryOptions& options) {
  ProfileMap map;
  ProfileRules& rules = map.rules_;
  rules.peers = options.profile_peers;
  rules.keeps_rest = options.profile_rest == Rest::store;
  rules.photo_bytes = options.profile_photo.size();
  rules.least_letters = options.search_letters;
  rules.most_results = options.search_results;
  rules.searches_a_minute = options.search_rate;
  Lines lines = preset(options.kind);
  for (const std::string& line : options.profile) {
    if (auto read = read_line(line, lines); !read) {
      return fail(read.error());
    }
  }
  for (const auto& [field, attributes] : lines) {
    rules.fields.emplace(field, ProfileRule());
  }
  auto done = for_fields("profile_writable", options.profile_writable, rules, true, [](ProfileField, ProfileRule& rule) { rule.is_writable = true; });
  if (done && options.kind == Kind::active_directory && !options.profile_writable.empty()) {
    done = wrong("profile_writable", "Active Directory does not let this server write as somebody else (RFC 4370)");
  }
  if (done) {
    done = for_fields("profile_for_peers", options.profile_for_peers, rules, true, [](ProfileField, ProfileRule& rule) { rule.seen_by = SeenBy::peers; });
  }
  if (done) {
    done = for_fields("profile_self", options.profile_self, rules, false, [](ProfileField, ProfileRule& rule) { rule.seen_by = SeenBy::self; });
  }
  if (done) {
    done = for_fields("search", options.search, rules, false, [](ProfileField field, ProfileRule& rule) {
      rule.is_searched = field != ProfileField::photo && rule.seen_by != SeenBy::self;   // what one may not see one may not guess at
    });
  }
  if (!done) {
    return fail(done.error());
  }
  map.map_ = std::move(lines);
  return map;
}

std::vector<std::string> ProfileMap::attributes() const {
  std::vector<std::string> all;
  for (const auto& [field, attributes] : map_) {
    for (const std::string& each : attributes) {
      if (std::ranges::find(all, each) == all.end()) {
        all.push_back(each);
      }
    }
  }
  return all;
}

const std::string* ProfileMap::shown_by(ProfileField field, const Entry& entry) const {
  const auto found = map_.find(field);
  if (found == map_.end()) {
    return nullptr;
  }
  const auto has_some = [&](const std::string& attribute) {
    const auto& values = entry.values(attribute);
    return field == ProfileField::photo ? !values.empty() && !values.front().empty() : std::ranges::any_of(values, is_text);
  };
  const auto attribute = std::ranges::find_if(found->second, has_some);
  return attribute == found->second.end() ? nullptr : &*attribute;
}

std::vector<std::string> ProfileMap::shown(ProfileField field, const Entry& entry) const {
  std::vector<std::string> all;
  const std::string* attribute = shown_by(field, entry);
  for (const std::string& value : attribute == nullptr ? std::vector<std::string>() : entry.values(*attribute)) {
    const bool is_good = field == ProfileField::photo ? value.size() <= rules_.photo_bytes && !value.empty() : is_text(value);
    if (is_good && all.size() < (is_repeated(field) ? most_values : 1)) {
      all.emplace_back(field == ProfileField::photo ? std::string_view(value) : trimmed(value));
    } else if (field == ProfileField::photo) {
      break;   // the first or none
    }
  }
  return all;
}

Profile ProfileMap::read(const Entry& entry) const {
  Profile profile;
  for (const auto& [field, attributes] : map_) {
    if (auto values = shown(field, entry); !values.empty()) {
      profile.values.emplace(field, std::move(values));
    } else if (const std::string* attribute = field == ProfileField::photo ? shown_by(field, entry) : nullptr) {
      profile.large_photo = entry.value(*attribute).size();
    }
  }
  return profile;
}

Result<ProfileMap::Changes> ProfileMap::changes(const Entry& entry, const ProfileValues& wanted, const std::vector<ProfileField>& left_alone) const {
  Changes out;
  for (const auto& [field, attributes] : map_) {
    if (std::ranges::find(left_alone, field) != left_alone.end()) {
      continue;
    }
    const std::string name(to_string(field));
    const std::vector<std::string> before = shown(field, entry);
    const std::string* attribute = shown_by(field, entry);
    const auto given = wanted.find(field);
    const std::vector<std::string> after = given == wanted.end() ? std::vector<std::string>() : given->second;
    if (same(before, after)) {   // a photo that is too large is neither shown nor taken away
      continue;
    }
    if (!rules_.find(field)->is_writable) {
      return fail(ErrorKind::denied, "The directory alone says what " + name + " is.");
    }
    const std::size_t longest = field == ProfileField::photo ? rules_.photo_bytes : longest_text;
    if (after.size() > (is_repeated(field) ? most_values : 1) || std::ranges::any_of(after, [&](const auto& each) { return each.size() > longest || each.empty(); })) {
      return fail(ErrorKind::limit, "Too large, or too many: " + name + ".");
    }
    const bool is_primary = attribute == nullptr || *attribute == attributes.front();
    if (after.empty() && !is_primary) {
      return fail(ErrorKind::denied, "The directory alone says what " + name + " is.");
    }
    out.fields.push_back(field);
    const std::vector<std::string>& there = entry.values(attributes.front());
    const std::vector<std::string> hidden = is_primary ? without(there, before) : there;
    if (hidden.empty() || field == ProfileField::photo) {   // some attributes cannot be changed value by value: they have no rule of equality
      out.changes.push_back({Change::Kind::replace, attributes.front(), after});
      continue;
    }
    if (auto gone = is_primary ? without(before, after) : std::vector<std::string>(); !gone.empty()) {
      out.changes.push_back({Change::Kind::remove, attributes.front(), std::move(gone)});
    }
    if (auto fresh = without(after, there); !fresh.empty()) {
      out.changes.push_back({Change::Kind::add, attributes.front(), std::move(fresh)});
    }
  }
  return out;
}

std::string ProfileMap::filter_of(const std::map<ProfileField, std::string>& wanted) const {
  std::string all = "(&";
  for (const auto& [field, beginning] : wanted) {
    const ProfileRule* rule = rules_.find(field);
    if (rule == nullptr || !rule->is_searched || beginning.empty()) {
      return {};
    }
    std::string any;
    const auto& attributes = map_.at(field);
    for (const std::string& attribute : attributes) {
      any += "(" + attribute + "=" + escape(beginning) + "*)";
    }
    all += attributes.size() == 1 ? any : "(|" + any + ")";
  }
  return wanted.empty() ? std::string() : all + ")";
}

}  // namespace aldis::ldap
