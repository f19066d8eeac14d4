// A configuration to LDIF.
#include <optional>

#include "app/config_identity.h"
#include "app/directory_entries.h"
#include "auth/ldap/ldap_name.h"
#include "base/encoding.h"

namespace aldis::app {
namespace {

// RFC 2849: what is not plain is base64.
void append_line(std::string& out, std::string_view name, std::string_view value) {
  bool is_plain = !value.empty() && value.front() != ' ' && value.front() != ':' && value.front() != '<' && value.back() != ' ';
  for (const char c : value) {
    is_plain = is_plain && c >= 0x20 && c < 0x7f;
  }
  out.append(name).append(is_plain ? ": " : ":: ").append(is_plain ? std::string(value) : base64_encode(value)).append("\n");
}

std::string as_value(const std::string& text) {
  if (text.empty()) {
    return "{}";
  }
  return text.starts_with('{') ? "{0}" + text : text;   // not to be taken for a number
}

class LdifWriter {
 public:
  LdifWriter(const ConfigSchema& schema, const DirectoryPlace& place) : classes_(directory_schema(schema)) {
    part_ = "cn=" + (place.name.empty() ? "common" : ldap::escape_in_name(place.name)) + "," + place.base;
  }

  Result<std::string> write(const Config& config, const DirectoryPlace& place) {
    out_ = "# Entries of " + config.path + ". [server], [admin] and [configuration] stay in the file.\n";
    append_base(place);
    append_part(part_, place.name.empty() ? "common" : place.name);
    for (const SchemaClass& each : classes_) {
      if (!each.extension.empty()) {
        continue;
      }
      if (!each.is_repeated) {
        append_entry(each, config.sections.find(each.section)->second, each.section, part_, std::nullopt);
      } else if (each.section == "domain") {
        append_domains(each, config);
      } else {
        append_repeated(each, config.repeated(each.section));
      }
    }
    if (!secret_.empty()) {
      return fail(ErrorKind::invalid, secret_ + " holds a PIN in the clear, which no directory is given: pin-source names a file with it");
    }
    return std::move(out_);
  }

 private:
  void append_base(const DirectoryPlace& place) {
    out_ += "\n";
    append_line(out_, "dn", place.base);
    append_line(out_, "objectClass", base_class);
    // The attribute that names it; a directory adds it by itself, or asks for it.
    const std::size_t equals = place.base.find('=');
    const std::size_t comma = place.base.find(',');
    append_line(out_, place.base.substr(0, equals), place.base.substr(equals + 1, comma - equals - 1));
    append_line(out_, serial_attribute, "1");
  }

  void append_part(const std::string& dn, std::string_view cn) {
    out_ += "\n";
    append_line(out_, "dn", dn);
    append_line(out_, "objectClass", part_class);
    append_line(out_, "cn", cn);
  }

  // Below a part of its own, whose name nobody else's can be.
  std::string append_kind(const std::string& section) {
    const std::string name = section == "directory" ? "directories" : section + "s";
    const std::string dn = "cn=" + name + "," + part_;
    append_part(dn, name);
    return dn;
  }

  void append_repeated(const SchemaClass& each, const std::vector<OptionObject>& all) {
    if (all.empty()) {
      return;
    }
    const std::string parent = append_kind(each.section);
    for (std::size_t i = 0; i < all.size(); ++i) {
      append_entry(each, all[i], identity_of(each.section, *each.table, all[i]), parent,
                   all.size() > 1 ? std::optional(static_cast<std::int64_t>(i + 1)) : std::nullopt);
    }
  }

  void append_domains(const SchemaClass& each, const Config& config) {
    if (config.domains.empty()) {
      return;
    }
    const std::string parent = append_kind("domain");
    for (std::size_t i = 0; i < config.domains.size(); ++i) {
      const DomainConfig& domain = config.domains[i];
      const std::string& name = domain.get().name;
      append_entry(each, domain.options, name, parent, config.domains.size() > 1 ? std::optional(static_cast<std::int64_t>(i + 1)) : std::nullopt);
      for (const SchemaClass& extension : classes_) {
        const auto enabled = domain.extensions.find(extension.extension);
        if (!extension.extension.empty() && enabled != domain.extensions.end()) {
          append_entry(extension, enabled->second, extension.extension, "cn=" + ldap::escape_in_name(name) + "," + parent, std::nullopt);
        }
      }
    }
  }

  // A section that says nothing but defaults has no entry; one that may be repeated has.
  void append_entry(const SchemaClass& of, const OptionObject& object, const std::string& cn, const std::string& parent, std::optional<std::int64_t> order) {
    const OptionObject defaults = of.table->make();
    std::string lines;
    for (const SchemaAttribute& attribute : of.attributes) {
      const OptionValue value = of.table->get(object, attribute.option);
      if (value != of.table->get(defaults, attribute.option)) {
        append_value(lines, attribute, value);
      }
    }
    if (lines.empty() && !of.is_repeated) {
      return;
    }
    out_ += "\n";
    append_line(out_, "dn", "cn=" + ldap::escape_in_name(cn) + "," + parent);
    append_line(out_, "objectClass", of.name);
    append_line(out_, "cn", cn);
    if (order) {
      append_line(out_, order_attribute, std::to_string(*order));
    }
    out_ += lines;
  }

  void append_value(std::string& lines, const SchemaAttribute& attribute, const OptionValue& value) {
    if (const auto* b = std::get_if<bool>(&value)) {
      append_line(lines, attribute.name, *b ? "TRUE" : "FALSE");
    } else if (const auto* text = std::get_if<std::string>(&value)) {
      look_at(*text, attribute);
      append_line(lines, attribute.name, as_value(*text));
    } else if (const auto* list = std::get_if<std::vector<std::string>>(&value)) {
      for (std::size_t i = 0; i < list->size(); ++i) {
        look_at((*list)[i], attribute);
        append_line(lines, attribute.name, list->size() > 1 || (*list)[i].empty() ? "{" + std::to_string(i) + "}" + (*list)[i] : as_value((*list)[i]));
      }
      if (list->empty()) {
        append_line(lines, attribute.name, "{}");
      }
    } else {
      append_line(lines, attribute.name, to_text(value));
    }
  }

  void look_at(std::string_view value, const SchemaAttribute& attribute) {
    if (holds_secret(value)) {
      secret_ = attribute.option;
    }
  }

  std::vector<SchemaClass> classes_;
  std::string part_;
  std::string out_;
  std::string secret_;   // which option holds one
};

}  // namespace

Result<std::string> entries_ldif(const Config& config, const ConfigSchema& schema, const DirectoryPlace& place) {
  if (const auto parts = ldap::name_parts(place.base); !parts || parts->empty()) {
    return fail(ErrorKind::invalid, "\"" + place.base + "\" is no distinguished name (RFC 4514), such as cn=aldis,dc=example,dc=org");
  }
  return LdifWriter(schema, place).write(config, place);
}

}  // namespace aldis::app
