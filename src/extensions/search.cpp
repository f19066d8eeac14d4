// XEP-0055 (1.3) Jabber Search, of the people of a directory (auth/people_profiles.h), by how their fields begin. Who may see a field may search by
// it. What is typed is a word and never a pattern; a search needs a field, and letters in it; how many it finds, and how many
// somebody may make, is bounded by the operator. On domains without a directory nobody is searched: cards in the store have no index.
//
// Besides the four fields of the schema there is a form (section 3). There is no paging (section 2: no mechanism).
#include <algorithm>
#include <array>
#include <unordered_map>

#include "core/directory_accounts.h"
#include "core/extension.h"
#include "core/home.h"
#include "core/virtual_host.h"
#include "extensions/card_source.h"
#include "extensions/extensions.h"
#include "xmpp/form.h"
#include "xmpp/namespaces.h"

namespace aldis::ext {
namespace {

constexpr std::string_view search_ns = "jabber:iq:search";
constexpr std::size_t longest_word = 256;
constexpr std::size_t most_remembered = 10'000;   // people whose searches are counted, on one home

struct Column {
  ProfileField field;
  std::string var;
  std::string_view label;
};
constexpr std::array<std::string_view, 27> labels{"Full Name", "Family Name", "Given Name", "Middle Name", "Prefix", "Suffix", "Nickname", "Birthday", "Email Address", "Telephone",
                            "Mobile", "Fax", "Pager", "Home Telephone", "Post Office Box", "Street", "City", "Region", "Postal Code", "Country",
                            "Organization", "Unit", "Title", "Role", "Web Page", "Note", "Photo"};
static_assert(labels.size() == profile_fields.size());

// The schema has four names (section 7); others are not registered (XEP-0068 section 3.4).
std::string var_of(ProfileField field) {
  switch (field) {
    case ProfileField::given: return "first";
    case ProfileField::family: return "last";
    case ProfileField::nickname: return "nick";
    case ProfileField::email: return "email";
    default: return "x-" + std::string(to_string(field));
  }
}
bool is_of_schema(const Column& column) { return !column.var.starts_with("x-"); }

// By which he may search, that is, and which he is told; in the order of the schema first.
std::vector<Column> columns_of(const ProfileRules& rules, std::string_view domain, const Jid& reader) {
  std::vector<Column> all;
  for (const auto& [field, rule] : rules.fields) {
    const bool is_seen = rule.seen_by == SeenBy::peers || reader.domain() == domain;
    if (rule.is_searched && is_seen) {
      all.push_back({field, var_of(field), labels[static_cast<std::size_t>(field)]});
    }
  }
  std::ranges::stable_partition(all, is_of_schema);
  return all;
}

Form form_of(const std::vector<Column>& columns) {
  Form form(FormType::form, search_ns);
  form.title = "People";
  form.instructions.emplace_back("Fill in one or more fields with how they begin.");
  for (const Column& column : columns) {
    form.fields.emplace_back(column.var, FieldType::text_single, std::vector<std::string>(), std::string(column.label));
  }
  return form;
}

std::size_t letters_in(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) { return c != ' ' && (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

std::string_view trimmed(std::string_view text) {
  const auto is_space = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

// Searches of each person within this minute, on one home.
class SearchCounts {
 public:
  bool take(Home& home, const Jid& who, std::size_t most) {
    OfHome& counts = homes_[home.index()];
    if (home.now() >= counts.begun + std::chrono::minutes(1) || counts.of.size() >= most_remembered) {
      if (counts.of.size() >= most_remembered && home.now() < counts.begun + std::chrono::minutes(1)) {
        return false;   // so many people in one minute
      }
      counts = OfHome{.begun = home.now()};
    }
    return ++counts.of[std::string(who.bare_str())] <= most;
  }

 private:
  struct OfHome {
    Monotonic begun{};
    std::unordered_map<std::string, std::size_t, KeyedStringHash, std::equal_to<>> of{};
  };
  std::array<OfHome, 256> homes_;   // each its shard's
};

using Wanted = std::map<ProfileField, std::string>;

// What is wanted, and whether by a form.
Result<std::pair<Wanted, bool>, StanzaError> read_request(const Iq& request, const std::vector<Column>& columns, const ProfileRules& rules) {
  const auto form = Form::parse_child_of(request.payload());
  if (!form) {
    return fail(form.error());
  }
  std::optional<Form> answer;
  if (*form) {
    auto accepted = form_of(columns).accept(**form);
    if (!accepted) {
      return fail(accepted.error());
    }
    answer = std::move(*accepted);
  }
  Wanted wanted;
  std::size_t letters = 0;
  for (const Column& column : columns) {
    std::string text;
    if (answer) {
      text = answer->value(column.var).value_or("");
    } else if (const auto child = is_of_schema(column) ? request.payload().child({column.var, search_ns}) : std::nullopt) {
      text = child->text();
    }
    text = std::string(trimmed(text));
    if (text.size() > longest_word) {
      return fail(StanzaError(StanzaCondition::not_acceptable, "Too long: " + column.var + "."));
    }
    if (!text.empty()) {
      letters = std::max(letters, letters_in(text));
      wanted.emplace(column.field, std::move(text));
    }
  }
  if (wanted.empty() || letters < rules.least_letters) {
    return fail(StanzaError(StanzaCondition::not_acceptable, "At least one field, with " + std::to_string(rules.least_letters) + " letters or more."));
  }
  return std::pair(std::move(wanted), answer.has_value());
}

// What the reader is told of somebody, in the columns' order.
std::vector<std::string> row_of(const PeopleProfiles::Hit& hit, const std::vector<Column>& columns, const ProfileRules& rules, const Jid& reader) {
  std::vector<std::string> row;
  for (const Column& column : columns) {
    const auto found = hit.profile.values.find(column.field);
    const bool is_told = found != hit.profile.values.end() && rules.may_see(column.field, hit.account, reader);
    row.push_back(is_told ? found->second.front() : std::string());
  }
  return row;
}

std::string as_form(const PeopleProfiles::Hits& hits, const std::vector<Column>& columns, const ProfileRules& rules, const Jid& reader) {
  Form form(FormType::result, search_ns);
  form.title = hits.is_cut ? "The first " + std::to_string(hits.people.size()) + "; there are more" : "People";
  for (const Column& column : columns) {
    form.reported.emplace_back(column.var, FieldType::text_single, std::vector<std::string>(), std::string(column.label));
  }
  form.reported.emplace_back("jid", FieldType::jid_single, std::vector<std::string>(), "Jabber ID");
  for (const PeopleProfiles::Hit& hit : hits.people) {
    std::vector<Field>& item = form.items.emplace_back();
    const std::vector<std::string> row = row_of(hit, columns, rules, reader);
    for (std::size_t i = 0; i < columns.size(); ++i) {
      item.emplace_back(columns[i].var, FieldType::text_single, std::vector<std::string>{row[i]});
    }
    item.emplace_back("jid", FieldType::jid_single, std::vector<std::string>{hit.account.str()});
  }
  std::string payload;
  xml::Writer writer(payload);
  writer.start("query", search_ns);
  form.write(writer);
  writer.end();
  return payload;
}

std::string as_items(const PeopleProfiles::Hits& hits, const std::vector<Column>& columns, const ProfileRules& rules, const Jid& reader) {
  std::string payload;
  xml::Writer writer(payload);
  writer.start("query", search_ns);
  for (const PeopleProfiles::Hit& hit : hits.people) {
    writer.start("item").attribute("jid", hit.account.str());
    const std::vector<std::string> row = row_of(hit, columns, rules, reader);
    for (std::size_t i = 0; i < columns.size(); ++i) {
      if (is_of_schema(columns[i])) {
        writer.element(columns[i].var, row[i]);
      }
    }
    writer.end();
  }
  writer.end();
  return payload;
}

Task<StanzaPtr> search(Iq request, PeopleProfiles* profiles, std::vector<Column> columns, Wanted wanted, bool is_form) {
  const Result<PeopleProfiles::Hits> hits = co_await profiles->search(std::string(request.host().domain()), std::move(wanted));
  if (!hits) {
    co_return request.failure(hits.error());
  }
  const Jid reader = reader_of(request);
  co_return request.result(is_form ? as_form(*hits, columns, profiles->rules(), reader) : as_items(*hits, columns, profiles->rules(), reader));
}

std::string fields_of(const std::vector<Column>& columns) {
  std::string payload;
  xml::Writer writer(payload);
  writer.start("query", search_ns).element("instructions", "Fill in one or more fields with how they begin.");
  for (const Column& column : columns) {
    if (is_of_schema(column)) {
      writer.element(column.var, "");
    }
  }
  form_of(columns).write(writer);
  writer.end();
  return payload;
}

}  // namespace

void install_search(Extension& self) {
  const DirectoryAccounts* directories = self.world().directories;
  PeopleProfiles* profiles = directories == nullptr ? nullptr : directories->profiles_of(self.host().domain());
  if (profiles == nullptr || std::ranges::none_of(profiles->rules().fields, [](const auto& each) { return each.second.is_searched; })) {
    return;
  }
  constexpr XmlName query{"query", search_ns};
  self.advertise(search_ns);
  const auto counts = std::make_shared<SearchCounts>();
  const auto columns_for = [profiles](const Iq& request) {
    const Jid reader = reader_of(request);
    const bool is_open = profiles->rules().is_open_to(request.host().domain(), reader);
    return is_open ? columns_of(profiles->rules(), request.host().domain(), reader) : std::vector<Column>();
  };
  self.on_iq_get(query, {Recipient::server}, [columns_for](const Iq& request) -> IqReply {
    const std::vector<Column> columns = columns_for(request);
    return columns.empty() ? request.error(StanzaCondition::forbidden) : request.result(fields_of(columns));
  });
  self.on_iq_set(query, {Recipient::server}, [columns_for, profiles, counts](const Iq& request) -> IqReply {
    std::vector<Column> columns = columns_for(request);
    if (columns.empty()) {
      return request.error(StanzaCondition::forbidden);
    }
    auto wanted = read_request(request, columns, profiles->rules());
    if (!wanted) {
      return request.error(wanted.error());
    }
    if (!counts->take(request.home(), request.from(), profiles->rules().searches_a_minute)) {
      return request.error(StanzaError(StanzaCondition::policy_violation, "Too many searches in a minute.").with_type(ErrorType::wait));
    }
    return search(request, profiles, std::move(columns), std::move(wanted->first), wanted->second);
  });
}

}  // namespace aldis::ext
