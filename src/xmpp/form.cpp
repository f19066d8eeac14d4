// Data forms, XEP-0004: reading and writing. form_answer.cpp checks answers.
#include "xmpp/form.h"

#include <algorithm>
#include <array>
#include <unordered_set>

#include "base/keyed_hash.h"
#include "xmpp/namespaces.h"

namespace aldis {
namespace {

constexpr std::array<std::string_view, 4> form_types{"form", "submit", "cancel", "result"};
// In the order of FieldType.
constexpr std::array<std::string_view, 10> field_types{"boolean",     "fixed",      "hidden",       "jid-multi",   "jid-single",
                                                       "list-multi", "list-single", "text-multi", "text-private", "text-single"};

Unexpected<StanzaError> bad_request(std::string_view text) {
  return fail(StanzaError(StanzaCondition::bad_request, std::string(text)));
}

std::string attribute_of(const xml::Element& element, std::string_view name) {
  return std::string(element.attribute(name).value_or(std::string_view{}));
}

Result<FieldOption, StanzaError> parse_option(const xml::Element& element) {
  FieldOption option{{}, attribute_of(element, "label")};
  std::size_t values = 0;
  for (const xml::Element child : element.children()) {
    if (!child.is({"value", ns::forms})) continue;
    option.value = child.text();
    ++values;
  }
  if (values != 1) return bad_request("an option of a form has exactly one value");
  return option;
}

Result<Field, StanzaError> parse_field(const xml::Element& element) {
  Field field;
  field.var = attribute_of(element, "var");
  field.label = attribute_of(element, "label");
  const auto type = std::ranges::find(field_types, element.attribute("type").value_or("text-single"));
  if (type != field_types.end()) field.type = static_cast<FieldType>(type - field_types.begin());
  if (field.var.empty() && field.type != FieldType::fixed) return bad_request("a field of a form has no var");
  for (const xml::Element child : element.children()) {
    if (child.is({"validate", ns::form_validation}) && !field.validation) {
      Result<FieldValidation, StanzaError> validation = FieldValidation::parse(child);
      if (!validation) return fail(std::move(validation.error()));
      field.validation = std::move(*validation);
    }
    if (child.ns() != ns::forms) continue;
    if (child.local() == "value") {
      field.values.push_back(child.text());
    } else if (child.local() == "desc") {
      field.desc = child.text();
    } else if (child.local() == "required") {
      field.required = true;
    } else if (child.local() == "option") {
      Result<FieldOption, StanzaError> option = parse_option(child);
      if (!option) return fail(std::move(option.error()));
      field.options.push_back(std::move(*option));
    }
  }
  return field;
}

// The field children of a form, a reported or an item.
Result<std::vector<Field>, StanzaError> parse_fields(const xml::Element& parent) {
  std::vector<Field> fields;
  std::unordered_set<std::string, KeyedStringHash> vars;
  for (const xml::Element child : parent.children()) {
    if (!child.is({"field", ns::forms})) continue;
    Result<Field, StanzaError> field = parse_field(child);
    if (!field) return fail(std::move(field.error()));
    if (!field->var.empty() && !vars.insert(field->var).second) return bad_request("two fields of a form have the same var");
    fields.push_back(std::move(*field));
  }
  return fields;
}

void write_fields(xml::Writer& writer, const std::vector<Field>& fields, FormType type) {
  for (const Field& field : fields) field.write(writer, type);
}

}  // namespace

std::string_view to_string(FormType type) { return form_types[static_cast<std::size_t>(type)]; }
std::string_view to_string(FieldType type) { return field_types[static_cast<std::size_t>(type)]; }

Form::Form(FormType t, std::string_view form_type) : type(t) {
  if (!form_type.empty()) fields.emplace_back("FORM_TYPE", FieldType::hidden, std::vector<std::string>{std::string(form_type)});
}

Result<Form, StanzaError> Form::parse(const xml::Element& x) {
  const auto type = std::ranges::find(form_types, x.attribute("type").value_or(std::string_view{}));
  if (!x.is({"x", ns::forms}) || type == form_types.end()) return bad_request("unknown type of form");
  Form form;
  form.type = static_cast<FormType>(type - form_types.begin());
  if (form.type == FormType::cancel) return form;
  Result<std::vector<Field>, StanzaError> fields = parse_fields(x);
  if (!fields) return fail(std::move(fields.error()));
  form.fields = std::move(*fields);
  for (const xml::Element child : x.children()) {
    if (child.ns() != ns::forms) continue;
    if (child.local() == "title") {
      form.title = child.text();
    } else if (child.local() == "instructions") {
      form.instructions.push_back(child.text());
    } else if (child.local() == "reported" || child.local() == "item") {
      Result<std::vector<Field>, StanzaError> inner = parse_fields(child);
      if (!inner) return fail(std::move(inner.error()));
      if (child.local() == "item") {
        form.items.push_back(std::move(*inner));
      } else {
        form.reported = std::move(*inner);
      }
    }
  }
  return form;
}

Result<std::optional<Form>, StanzaError> Form::parse_child_of(const xml::Element& parent) {
  const std::optional<xml::Element> x = parent.child({"x", ns::forms});
  if (!x) return std::optional<Form>{};
  Result<Form, StanzaError> form = parse(*x);
  if (!form) return fail(std::move(form.error()));
  return std::optional<Form>(std::move(*form));
}

void Field::write(xml::Writer& writer, FormType form) const {
  writer.start("field");
  if (!var.empty()) writer.attribute("var", var);
  // Who submits leaves the type to the form that asked (section 3.2), except FORM_TYPE's (XEP-0068 section 3.1) and that of
  // a fixed field, which needs no var.
  if (form != FormType::submit || type == FieldType::hidden || type == FieldType::fixed) writer.attribute("type", to_string(type));
  if (!label.empty()) writer.attribute("label", label);
  if (!desc.empty()) writer.element("desc", desc);
  if (required) writer.start("required").end();
  if (validation && form != FormType::submit) validation->write(writer);
  for (const std::string& value : values) writer.element("value", value);
  for (const FieldOption& option : options) {
    writer.start("option");
    if (!option.label.empty()) writer.attribute("label", option.label);
    writer.element("value", option.value).end();
  }
  writer.end();
}

void Form::write(xml::Writer& writer) const {
  writer.start("x", ns::forms).attribute("type", to_string(type));
  if (!title.empty()) writer.element("title", title);
  for (const std::string& line : instructions) writer.element("instructions", line);
  write_fields(writer, fields, type);
  if (!reported.empty()) {
    writer.start("reported");
    write_fields(writer, reported, type);
    writer.end();
  }
  for (const std::vector<Field>& item : items) {
    writer.start("item");
    write_fields(writer, item, FormType::submit);  // their types are the columns'
    writer.end();
  }
  writer.end();
}

}  // namespace aldis
