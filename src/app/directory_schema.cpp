// Declarations to attributes and classes, and these to LDIF.
#include "app/directory_schema.h"

#include <algorithm>
#include <map>

namespace aldis::app {
namespace {

constexpr const char* boolean_syntax = "1.3.6.1.4.1.1466.115.121.1.7";      // RFC 4517 section 3.3
constexpr const char* text_syntax = "1.3.6.1.4.1.1466.115.121.1.15";
constexpr const char* integer_syntax = "1.3.6.1.4.1.1466.115.121.1.27";

// "next_hops" is "NextHops".
std::string words(std::string_view name) {
  std::string out;
  bool is_first = true;
  for (const char c : name) {
    if (c == '_' || c == '.') {
      is_first = true;
      continue;
    }
    out += is_first && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    is_first = false;
  }
  return out;
}

const DirectoryNumber* find_number(std::span<const DirectoryNumber> numbers, std::string_view name) {
  const auto found = std::ranges::find(numbers, name, &DirectoryNumber::name);
  return found == numbers.end() || found->as == Numbered::retired ? nullptr : &*found;
}

// How a value is written is how its default is.
ValueForm form_of(const OptionValue& value) {
  if (std::holds_alternative<bool>(value)) return ValueForm::boolean;
  if (std::holds_alternative<std::int64_t>(value)) return ValueForm::integer;
  return std::holds_alternative<std::vector<std::string>>(value) ? ValueForm::list : ValueForm::text;
}

// The class of one table; `path` is what the registry calls it.
SchemaClass make_class(const std::string& path, std::string section, std::string extension, bool is_repeated, const OptionTable& table) {
  const DirectoryNumber* own = find_number(class_numbers(), path);
  SchemaClass made{"aldis" + words(extension.empty() ? section : "extension." + extension), std::move(section), std::move(extension), is_repeated,
                   own != nullptr ? own->number : std::uint16_t{0}, &table, {}};
  const OptionObject defaults = table.make();
  for (const OptionInfo& option : table.infos()) {
    const DirectoryNumber* number = find_number(attribute_numbers(), path + "." + option.name);
    made.attributes.push_back({made.name + words(option.name), option.name, form_of(table.get(defaults, option.name)), option.type == "size",
                               number != nullptr && number->as == Numbered::ordered, number != nullptr ? number->number : std::uint16_t{0}});
  }
  return made;
}

// ---- LDIF

// A definition over several lines, each begun by what LDIF drops (RFC 2849) and one space.
std::string folded(std::string_view text) {
  constexpr std::size_t width = 118;
  std::string out;
  std::size_t column = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    if (column != 0 && column + 1 + end > width) {
      out += "\n  ";
      column = 2;
    } else if (column != 0) {
      out += ' ';
      ++column;
    }
    out += text.substr(0, end);
    column += end;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

class SchemaWriter {
 public:
  explicit SchemaWriter(SchemaFormat format) : format_(format) {}

  void attribute(int number, std::string_view name, std::string_view description, ValueForm form) {
    const char* rule = form == ValueForm::boolean ? "booleanMatch" : form == ValueForm::integer ? "integerMatch" : "caseExactMatch";
    const char* syntax = form == ValueForm::boolean ? boolean_syntax : form == ValueForm::integer ? integer_syntax : text_syntax;
    line(format_ == SchemaFormat::openldap ? "olcAttributeTypes" : "attributeTypes",
         head(1, number, name, description) + " EQUALITY " + rule + " SYNTAX " + syntax + (form == ValueForm::list ? "" : " SINGLE-VALUE") + tail());
  }
  void object_class(int number, std::string_view name, std::string_view description, std::string_view must, const std::vector<std::string>& may) {
    std::string list;
    for (const std::string& each : may) {
      list.append(list.empty() ? "" : " $ ").append(each);
    }
    line(format_ == SchemaFormat::openldap ? "olcObjectClasses" : "objectClasses",
         head(2, number, name, description) + " SUP top STRUCTURAL MUST " + std::string(must) + " MAY ( " + list + " )" + tail());
  }
  [[nodiscard]] std::string take() { return std::move(out_); }

 private:
  static std::string head(int kind, int number, std::string_view name, std::string_view description) {
    return "( " + std::string(schema_arc) + "." + std::to_string(kind) + "." + std::to_string(number) + " NAME '" + std::string(name) + "' DESC '" +
           std::string(description) + "'";
  }
  [[nodiscard]] std::string tail() const { return format_ == SchemaFormat::openldap ? " )" : " X-ORIGIN 'Aldis' )"; }
  void line(std::string_view name, std::string_view definition) { out_.append(folded(std::string(name) + ": " + std::string(definition))).append("\n"); }

  SchemaFormat format_;
  std::string out_;
};

std::string bracketed(const SchemaClass& each) {
  if (!each.extension.empty()) {
    return "[domain.extension." + each.extension + "]";
  }
  return each.is_repeated ? "[[" + each.section + "]]" : "[" + each.section + "]";
}

void check_list(const std::map<std::string, bool>& wanted, std::span<const DirectoryNumber> numbers, std::string& problems) {
  std::map<std::uint16_t, std::string_view> taken;
  std::uint16_t next = 10;   // those below are the schema's own
  for (const DirectoryNumber& each : numbers) {
    next = std::max(next, static_cast<std::uint16_t>(each.number + 1));
    if (each.number < 10) {
      problems.append("\nnumber " + std::to_string(each.number) + " of " + std::string(each.name) + " is below 10, which are the schema's own");
    }
    if (const auto [other, is_new] = taken.emplace(each.number, each.name); !is_new) {
      problems.append("\nnumber " + std::to_string(each.number) + " is that of " + std::string(other->second) + " and of " + std::string(each.name));
    }
    if (each.as != Numbered::retired && !wanted.contains(std::string(each.name))) {
      problems.append("\n" + std::string(each.name) + " is no more: mark its line as retired");
    }
    if (std::ranges::count(numbers, each.name, &DirectoryNumber::name) != 1) {
      problems.append("\n" + std::string(each.name) + " is there twice");
    }
  }
  for (const auto& [name, is_list] : wanted) {
    const DirectoryNumber* number = find_number(numbers, name);
    if (number == nullptr) {
      problems.append("\n    {\"" + name + "\", " + std::to_string(next++) + "},");
    } else if (number->as == Numbered::ordered && !is_list) {
      problems.append("\n" + name + " is no list and cannot be ordered");
    }
  }
}

}  // namespace

bool is_of_the_machine(std::string_view section) { return section == "server" || section == "admin" || section == "configuration"; }

std::string lower_case(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return out;
}

const SchemaAttribute* SchemaClass::attribute(std::string_view wanted) const {
  const std::string spelling = lower_case(wanted);
  const auto found = std::ranges::find_if(attributes, [&](const SchemaAttribute& each) { return lower_case(each.name) == spelling; });
  return found == attributes.end() ? nullptr : &*found;
}

std::vector<SchemaClass> directory_schema(const ConfigSchema& schema) {
  std::vector<SchemaClass> classes;
  for (const SectionSchema& section : schema.sections) {
    if (!is_of_the_machine(section.name)) {
      classes.push_back(make_class(section.name, section.name, {}, section.is_repeated, *section.table));
    }
  }
  for (const ExtensionSchema& extension : schema.extensions) {
    if (extension.table != nullptr && !extension.table->infos().empty()) {
      classes.push_back(make_class("domain.extension." + extension.name, "domain", extension.name, false, *extension.table));
    }
  }
  return classes;
}

Result<void> check_numbers(const ConfigSchema& schema, std::span<const DirectoryNumber> classes, std::span<const DirectoryNumber> attributes) {
  std::map<std::string, bool> wanted_classes;
  std::map<std::string, bool> wanted_attributes;
  for (const SchemaClass& each : directory_schema(schema)) {
    const std::string path = each.extension.empty() ? each.section : "domain.extension." + each.extension;
    wanted_classes.emplace(path, false);
    for (const SchemaAttribute& attribute : each.attributes) {
      wanted_attributes.emplace(path + "." + attribute.option, attribute.form == ValueForm::list);
    }
  }
  std::string problems;
  check_list(wanted_classes, classes, problems);
  check_list(wanted_attributes, attributes, problems);
  return problems.empty() ? Result<void>() : fail(ErrorKind::invalid, "src/app/directory_numbers.cpp:" + problems);
}

std::string schema_ldif(const ConfigSchema& schema, SchemaFormat format) {
  SchemaWriter writer(format);
  const std::vector<SchemaClass> classes = directory_schema(schema);
  writer.attribute(1, serial_attribute, "changes when a change of the entries is complete", ValueForm::integer);
  writer.attribute(2, order_attribute, "place of the entry among those of its class", ValueForm::integer);
  for (const SchemaClass& each : classes) {
    for (const SchemaAttribute& attribute : each.attributes) {
      writer.attribute(attribute.number, attribute.name, bracketed(each) + " " + attribute.option, attribute.form);
    }
  }
  writer.object_class(1, base_class, "base of a configuration", serial_attribute, {"cn", "ou", "description"});
  writer.object_class(2, part_class, "part of a configuration: common, one server, or what keeps entries together", "cn", {"description"});
  for (const SchemaClass& each : classes) {
    std::vector<std::string> may{"description"};
    if (each.is_repeated) {
      may.emplace_back(order_attribute);
    }
    for (const SchemaAttribute& attribute : each.attributes) {
      may.push_back(attribute.name);
    }
    writer.object_class(each.number, each.name, bracketed(each), "cn", may);
  }
  const std::string note = "# Written by tools/gen_docs from the declarations in the code. See docs/configuration-in-the-directory.md.\n";
  if (format == SchemaFormat::openldap) {
    return note + "dn: cn=aldis,cn=schema,cn=config\nobjectClass: olcSchemaConfig\ncn: aldis\n" + writer.take();
  }
  return note + "dn: cn=schema\nobjectClass: top\nobjectClass: ldapSubentry\nobjectClass: subschema\ncn: schema\n" + writer.take();
}

}  // namespace aldis::app
