// XEP-0004 (2.13.2) data forms: reading what somebody submits, checking it against the form that asked, writing forms and
// results; what they say about values (XEP-0122, form_validation.h) is read, written and kept to. Layout (XEP-0141, form_layout.h) and media
// (XEP-0221) are neither read nor written here.
#pragma once
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "xml/element.h"
#include "xml/writer.h"
#include "xmpp/form_validation.h"
#include "xmpp/jid.h"
#include "xmpp/stanza_error.h"

namespace aldis {

enum class FormType : std::uint8_t { form, submit, cancel, result };
enum class FieldType : std::uint8_t {
  boolean, fixed, hidden, jid_multi, jid_single, list_multi, list_single, text_multi, text_private, text_single,
};
[[nodiscard]] std::string_view to_string(FormType type);
[[nodiscard]] std::string_view to_string(FieldType type);

struct FieldOption {
  std::string value;
  std::string label{};
};

struct Field {
  std::string var{};  // may be empty for fixed fields only
  FieldType type = FieldType::text_single;
  std::vector<std::string> values{};
  std::string label{};
  std::string desc{};
  bool required = false;
  std::vector<FieldOption> options{};  // of lists
  std::optional<FieldValidation> validation{};

  Field() = default;
  Field(std::string name, FieldType t, std::vector<std::string> v = {}, std::string l = {})
      : var(std::move(name)), type(t), values(std::move(v)), label(std::move(l)) {}

  [[nodiscard]] Field required_too() && { required = true; return std::move(*this); }
  [[nodiscard]] Field with_options(std::vector<FieldOption> o) && { options = std::move(o); return std::move(*this); }

  void write(xml::Writer& writer, FormType form) const;
};

class Form {
 public:
  FormType type = FormType::form;
  std::string title{};
  std::vector<std::string> instructions{};
  std::vector<Field> fields{};
  std::vector<Field> reported{};            // of a result: the columns
  std::vector<std::vector<Field>> items{};  // and the rows

  Form() = default;
  // `form_type` becomes the hidden field FORM_TYPE (XEP-0068); empty: none.
  explicit Form(FormType t, std::string_view form_type = {});

  // An <x xmlns='jabber:x:data'/>. Bad-request: an unknown type of form, a field without var that is not fixed, two fields
  // of one var, an option without exactly one value. Unknown types of fields are text-single (section 3.3).
  [[nodiscard]] static Result<Form, StanzaError> parse(const xml::Element& x);
  // The data form among the element's children; nothing when there is none.
  [[nodiscard]] static Result<std::optional<Form>, StanzaError> parse_child_of(const xml::Element& parent);

  void write(xml::Writer& writer) const;

  // The answer to this form as this form understands it: the submitted fields that it has, with its types. Bad-request if
  // `submitted` is no submit or its FORM_TYPE is another; not-acceptable (section 4), naming the field, for a required field
  // that is missing or empty, more values than the type allows, a boolean, address or option that is none, a value that its
  // validation does not allow. Fields this form
  // does not have are ignored (section 3.1). Addresses come out prepared, booleans as 0 or 1.
  [[nodiscard]] Result<Form, StanzaError> accept(const Form& submitted) const;

  [[nodiscard]] const Field* field(std::string_view var) const;  // null when absent
  [[nodiscard]] std::string_view form_type() const;              // FORM_TYPE's value, or empty
  // The first value; nothing when the field is absent or has none.
  [[nodiscard]] std::optional<std::string_view> value(std::string_view var) const;
  // The same, typed; nothing when absent or empty, not-acceptable when it is no such thing.
  [[nodiscard]] Result<std::optional<bool>, StanzaError> boolean(std::string_view var) const;
  [[nodiscard]] Result<std::optional<std::int64_t>, StanzaError> integer(std::string_view var, std::int64_t least,
                                                                         std::int64_t most) const;
  [[nodiscard]] Result<std::optional<Jid>, StanzaError> jid(std::string_view var) const;
  // Values of a text-multi as one text, with line feeds between.
  [[nodiscard]] std::string text(std::string_view var) const;
};

// "1" and "true", "0" and "false" (XML Schema's lexical forms of a boolean).
[[nodiscard]] std::optional<bool> parse_boolean(std::string_view text);

}  // namespace aldis
