// Data forms, XEP-0004 section 4: what somebody submitted, checked against the form that asked, and values by type.
#include <algorithm>

#include "xmpp/form.h"
#include "xmpp/number.h"

namespace aldis {
namespace {

Unexpected<StanzaError> not_acceptable(std::string_view var, std::string_view why) {
  return fail(StanzaError(StanzaCondition::not_acceptable, "the field " + std::string(var) + " " + std::string(why)));
}

bool takes_many_values(FieldType type) {
  return type == FieldType::hidden || type == FieldType::jid_multi || type == FieldType::list_multi || type == FieldType::text_multi;
}

bool is_list(FieldType type) { return type == FieldType::list_single || type == FieldType::list_multi; }

bool is_empty(const Field& field) {
  return std::ranges::all_of(field.values, [](const std::string& value) { return value.empty(); });
}

Result<void, StanzaError> prepare_addresses(const Field& asked, std::vector<std::string>& values) {
  std::vector<std::string> prepared;
  for (const std::string& value : values) {
    const Result<Jid, JidError> jid = Jid::parse(value);
    if (!jid) return not_acceptable(asked.var, "holds what is no address");
    // Section 3.3: duplicates are ignored.
    if (std::ranges::find(prepared, jid->str()) == prepared.end()) prepared.push_back(jid->str());
  }
  values = std::move(prepared);
  return {};
}

// The values as the type of the field asked for wants them.
Result<std::vector<std::string>, StanzaError> accept_values(const Field& asked, const Field& answer) {
  std::vector<std::string> values = answer.values;
  if (is_empty(answer) && asked.type != FieldType::text_multi) values.clear();
  if (values.size() > 1 && !takes_many_values(asked.type)) return not_acceptable(asked.var, "has more than one value");
  if (asked.type == FieldType::boolean) {
    for (std::string& value : values) {
      const std::optional<bool> truth = parse_boolean(value);
      if (!truth) return not_acceptable(asked.var, "is no boolean");
      value = *truth ? "1" : "0";
    }
  } else if (asked.type == FieldType::jid_single || asked.type == FieldType::jid_multi) {
    if (Result<void, StanzaError> prepared = prepare_addresses(asked, values); !prepared) return fail(std::move(prepared.error()));
  } else if (is_list(asked.type) && !(asked.validation && asked.validation->is_open())) {
    for (const std::string& value : values) {
      const bool is_offered = std::ranges::any_of(asked.options, [&](const FieldOption& option) { return option.value == value; });
      if (!is_offered) return not_acceptable(asked.var, "holds what was not offered");
    }
  }
  if (asked.validation) {
    if (const auto fault = asked.validation->fault(values, asked.type == FieldType::list_multi)) return not_acceptable(asked.var, *fault);
  }
  return values;
}

}  // namespace

std::optional<bool> parse_boolean(std::string_view text) {
  if (text == "1" || text == "true") return true;
  if (text == "0" || text == "false") return false;
  return std::nullopt;
}

Result<Form, StanzaError> Form::accept(const Form& submitted) const {
  if (submitted.type != FormType::submit) return fail(StanzaError(StanzaCondition::bad_request, "a form is answered by a submit"));
  // XEP-0068 section 3.1: the FORM_TYPE scopes the names of the fields. Some clients leave it out.
  if (!submitted.form_type().empty() && submitted.form_type() != form_type()) {
    return fail(StanzaError(StanzaCondition::bad_request, "the submitted FORM_TYPE is another"));
  }
  Form accepted(FormType::submit);
  for (const Field& asked : fields) {
    if (asked.type == FieldType::fixed) continue;
    const Field* const answer = submitted.field(asked.var);
    if (asked.required && (answer == nullptr || is_empty(*answer))) return not_acceptable(asked.var, "is required");
    if (answer == nullptr) continue;
    Result<std::vector<std::string>, StanzaError> values = accept_values(asked, *answer);
    if (!values) return fail(std::move(values.error()));
    accepted.fields.emplace_back(asked.var, asked.type, std::move(*values));
  }
  return accepted;
}

const Field* Form::field(std::string_view var) const {
  const auto found = std::ranges::find_if(fields, [&](const Field& field) { return field.var == var; });
  return found == fields.end() ? nullptr : &*found;
}

std::string_view Form::form_type() const {
  const Field* const found = field("FORM_TYPE");
  return found == nullptr || found->values.empty() ? std::string_view{} : std::string_view(found->values.front());
}

std::optional<std::string_view> Form::value(std::string_view var) const {
  const Field* const found = field(var);
  if (found == nullptr || found->values.empty()) return std::nullopt;
  return found->values.front();
}

Result<std::optional<bool>, StanzaError> Form::boolean(std::string_view var) const {
  const std::optional<std::string_view> text = value(var);
  if (!text || text->empty()) return std::optional<bool>{};
  const std::optional<bool> truth = parse_boolean(*text);
  if (!truth) return not_acceptable(var, "is no boolean");
  return truth;
}

Result<std::optional<std::int64_t>, StanzaError> Form::integer(std::string_view var, std::int64_t least, std::int64_t most) const {
  const std::optional<std::string_view> text = value(var);
  if (!text || text->empty()) return std::optional<std::int64_t>{};
  const std::optional<std::int64_t> number = parse_number<std::int64_t>(*text, least, most);
  if (!number) return not_acceptable(var, "is no number within " + std::to_string(least) + " to " + std::to_string(most));
  return number;
}

Result<std::optional<Jid>, StanzaError> Form::jid(std::string_view var) const {
  const std::optional<std::string_view> text = value(var);
  if (!text || text->empty()) return std::optional<Jid>{};
  Result<Jid, JidError> address = Jid::parse(*text);
  if (!address) return not_acceptable(var, "is no address");
  return std::optional<Jid>(std::move(*address));
}

std::string Form::text(std::string_view var) const {
  std::string joined;
  const Field* const found = field(var);
  if (found == nullptr) return joined;
  for (std::size_t i = 0; i < found->values.size(); ++i) {
    if (i != 0) joined.push_back('\n');
    joined += found->values[i];
  }
  return joined;
}

}  // namespace aldis
