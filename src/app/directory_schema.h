// The schema of a configuration in a directory (RFC 4512), made from the same declarations as aldis.toml: a structural class
// for each section, an attribute for each option, their numbers from directory_numbers.h. docs/schema has it as LDIF for
// OpenLDAP and for 389 Directory Server. What belongs to one machine ([server], [admin], [configuration]) has no class.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "app/config_schema.h"
#include "app/directory_numbers.h"

namespace aldis::app {

// ITU-T X.667: 2.25 and a UUID, 6786856e-aee4-44be-9150-409d14408ce3, as a number.
inline constexpr std::string_view schema_arc = "2.25.137608957674591515484618060718911032547";

enum class ValueForm : std::uint8_t { boolean, integer, text, list };

struct SchemaAttribute {
  std::string name;               // "aldisPeerNextHops"
  std::string option;             // "next_hops"
  ValueForm form = ValueForm::text;
  bool is_size = false;           // a number of bytes is one too
  bool is_ordered = false;        // a list in which the order means something
  std::uint16_t number = 0;       // 0: it has none
};

struct SchemaClass {
  std::string name;               // "aldisPeer"
  std::string section;            // "peer"; of an extension's options "domain"
  std::string extension;          // "mam"; empty: it is a section's
  bool is_repeated = false;
  std::uint16_t number = 0;
  const OptionTable* table = nullptr;
  std::vector<SchemaAttribute> attributes;
  // By any spelling of its name; null: it has none such.
  [[nodiscard]] const SchemaAttribute* attribute(std::string_view name) const;
};

// The same for both, but not in aldis.toml: what marks the base, and what only gives a tree its shape.
inline constexpr std::string_view base_class = "aldisConfiguration";
inline constexpr std::string_view part_class = "aldisConfigurationPart";
inline constexpr std::string_view serial_attribute = "aldisConfigurationSerial";
inline constexpr std::string_view order_attribute = "aldisOrder";

[[nodiscard]] std::vector<SchemaClass> directory_schema(const ConfigSchema& schema);
// invalid: something has no number, or one that is another's; the text has the lines that directory_numbers.cpp lacks.
[[nodiscard]] Result<void> check_numbers(const ConfigSchema& schema, std::span<const DirectoryNumber> classes = class_numbers(),
                                         std::span<const DirectoryNumber> attributes = attribute_numbers());

// Whether a section stands in the file alone.
[[nodiscard]] bool is_of_the_machine(std::string_view section);

enum class SchemaFormat : std::uint8_t { openldap, ds389 };
// LDIF; of a schema that check_numbers accepts.
[[nodiscard]] std::string schema_ldif(const ConfigSchema& schema, SchemaFormat format);

[[nodiscard]] std::string lower_case(std::string_view text);   // ASCII

}  // namespace aldis::app
