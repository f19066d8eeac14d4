// Entries to a tree.
#include "app/directory_entries.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <set>

#include "app/directory_digest.h"
#include "auth/ldap/ldap_name.h"
#include "xml/characters.h"

namespace aldis::app {
namespace {

using xml::Utf8;

std::optional<std::int64_t> whole_number(std::string_view text) {
  std::int64_t number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  return read.ec == std::errc() && read.ptr == text.data() + text.size() ? std::optional(number) : std::nullopt;
}

bool is_utf8(std::string_view text) {
  Utf8 state = Utf8::none;
  for (const char c : text) {
    const bool is_ascii = state == Utf8::none && static_cast<unsigned char>(c) < 0x80;
    state = is_ascii ? Utf8::none : state == Utf8::none ? xml::utf8_lead(c) : xml::utf8_next(state, c);
    if (state == Utf8::invalid) {
      return false;
    }
  }
  return state == Utf8::none;
}

// "{3}text": the number, and what follows it.
std::optional<std::pair<std::int64_t, std::string>> numbered(const std::string& value) {
  const std::size_t end = value.find('}');
  if (!value.starts_with('{') || end == std::string::npos || end > 10) {
    return std::nullopt;
  }
  const auto number = whole_number(std::string_view(value).substr(1, end - 1));
  return number && *number >= 0 ? std::optional(std::pair(*number, value.substr(end + 1))) : std::nullopt;
}

class EntriesReader {
 public:
  EntriesReader(const DirectoryPlace& place, const ConfigSchema& schema) : place_(place), classes_(directory_schema(schema)) {}

  DirectoryTree read(const std::vector<ldap::Entry>& entries) {
    const auto base = ldap::name_parts(place_.base);
    if (!base) {
      report(place_.base, "is no distinguished name (RFC 4514)");
      return {};
    }
    std::map<std::vector<std::string>, const ldap::Entry*> counting;   // by the parts from the base down: an entry after those above it
    for (const ldap::Entry& entry : entries) {
      auto parts = ldap::name_parts(entry.dn);
      if (!parts || parts->size() < base->size() || !std::equal(base->rbegin(), base->rend(), parts->rbegin())) {
        report(entry.dn, "is not below the base");
        continue;
      }
      std::vector<std::string> path(parts->rbegin() + static_cast<std::ptrdiff_t>(base->size()), parts->rend());
      if (path.empty() || is_ours(path.front())) {
        counting.emplace(std::move(path), &entry);
      }
    }
    read_base(counting);
    if (!place_.name.empty() && !counting.contains({own_part()})) {
      report(place_.base, "there is no entry cn=" + place_.name + " below it: make one (" + std::string(part_class) + "), or leave name in [configuration] empty");
    }
    for (const auto& [path, entry] : counting) {
      if (!path.empty()) {
        read_entry(path, *entry);
      }
      keep(*entry);
    }
    put_together();
    out_.digest = digest_of(out_.entries, place_.base);
    return std::move(out_);
  }

  ConfigProblems take_problems() { return std::move(problems_); }

 private:
  struct Section {
    std::int64_t order = 0;
    std::string name;
    ConfigTable table;
    std::set<std::string> extensions;   // of a domain: those that have an entry
  };

  [[nodiscard]] std::string own_part() const {
    const auto parts = ldap::name_parts("cn=" + ldap::escape_in_name(place_.name));
    return parts && parts->size() == 1 ? parts->front() : std::string();
  }
  [[nodiscard]] bool is_ours(const std::string& part) const { return part == "cn=common" || (!place_.name.empty() && part == own_part()); }

  void report(const std::string& where, std::string text) { problems_.push_back({0, 0, std::move(text), where}); }

  void read_base(const std::map<std::vector<std::string>, const ldap::Entry*>& counting) {
    const auto found = counting.find({});
    if (found == counting.end()) {
      report(place_.base, "there is no such entry, or this server may not read it");
      return;
    }
    const std::vector<std::string>& serials = found->second->values(lower_case(serial_attribute));
    if (serials.size() != 1 || !whole_number(serials.front())) {
      report(place_.base, "must be an " + std::string(base_class) + " with one number in " + std::string(serial_attribute));
      return;
    }
    out_.serial = serials.front();
  }

  // What is compared, and kept in the cache: nothing else that directories store beside it.
  void keep(const ldap::Entry& entry) {
    ldap::Entry kept{entry.dn, {}};
    for (const auto& [name, values] : entry.attributes) {
      if (name == "objectclass" || name.starts_with("aldis")) {
        kept.attributes.emplace(name, values);
      }
    }
    out_.entries.push_back(std::move(kept));
  }

  void read_entry(const std::vector<std::string>& path, const ldap::Entry& entry) {
    std::vector<const SchemaClass*> found;
    bool is_part = false;
    for (const std::string& name : entry.values("objectclass")) {
      const std::string spelling = lower_case(name);
      is_part = is_part || spelling == lower_case(part_class) || spelling == "organizationalunit";
      for (const SchemaClass& each : classes_) {
        if (lower_case(each.name) == spelling) {
          found.push_back(&each);
        }
      }
    }
    if (!entry.rest.empty()) {
      report(entry.dn, "the directory gives only a part of the values of " + entry.rest.begin()->first);
    } else if (found.size() > 1 || (found.size() == 1 && is_part)) {
      report(entry.dn, "is of two classes of the configuration");
    } else if (found.empty() && !is_part) {
      report(entry.dn, entry.values("objectclass").empty() ? "this server may not read its objectClass" : "is of no class of a configuration");
    } else if (!found.empty() && found.front()->extension.empty()) {
      read_section(path, *found.front(), entry);
    } else if (!found.empty()) {
      read_extension(path, *found.front(), entry);
    }
  }

  void read_section(const std::vector<std::string>& path, const SchemaClass& section, const ldap::Entry& entry) {
    std::vector<Section>& all = sections_[section.section];
    if (!section.is_repeated && !all.empty()) {
      report(entry.dn, "[" + section.section + "] is said by " + all.front().name + " already: one entry says it, nothing is mixed");
      return;
    }
    if (section.section == "domain") {
      domains_.emplace(path, all.size());
    }
    Section made{0, entry.dn, read_options(section, entry), {}};
    const std::vector<std::string>& orders = entry.values(lower_case(order_attribute));
    if (const auto order = whole_number(orders.empty() ? "0" : orders.front()); order && orders.size() <= 1) {
      made.order = *order;
    } else {
      report(entry.dn + ": " + std::string(order_attribute), "must be one number");
    }
    all.push_back(std::move(made));
  }

  void read_extension(const std::vector<std::string>& path, const SchemaClass& extension, const ldap::Entry& entry) {
    const auto parent = domains_.find({path.begin(), path.end() - 1});
    if (parent == domains_.end()) {
      report(entry.dn, "must stand right below the entry of its domain (aldisDomain)");
      return;
    }
    Section& domain = sections_["domain"][parent->second];
    if (!domain.extensions.insert(extension.extension).second) {
      report(entry.dn, "the domain has an entry for the extension " + extension.extension + " already");
      return;
    }
    ConfigTable& table = domain.table;
    if (table.find("extension") == nullptr) {
      const ConfigPlace place{0, 0, domain.name};
      table.keys.push_back({"extension", place, {place, ConfigTable{place, {}}}});
    }
    const ConfigPlace place{0, 0, entry.dn};
    auto& all = std::get<ConfigTable>(std::ranges::find(table.keys, std::string_view("extension"), &ConfigKey::name)->node.value);
    all.keys.push_back({extension.extension, place, {place, read_options(extension, entry)}});
  }

  ConfigTable read_options(const SchemaClass& of, const ldap::Entry& entry) {
    ConfigTable table{{0, 0, entry.dn}, {}};
    for (const auto& [name, values] : entry.attributes) {
      if (!name.starts_with("aldis") || name == lower_case(order_attribute)) {
        continue;
      }
      const SchemaAttribute* attribute = of.attribute(name);
      if (attribute == nullptr) {
        report(entry.dn + ": " + name, "does not belong to " + of.name);
        continue;
      }
      const std::string where = entry.dn + ": " + attribute->name;
      if (auto value = read_value(*attribute, values, where)) {
        const ConfigPlace place{0, 0, where};
        table.keys.push_back({attribute->option, place, {place, std::move(*value)}});
      }
    }
    return table;
  }

  std::optional<OptionValue> read_value(const SchemaAttribute& attribute, const std::vector<std::string>& values, const std::string& where) {
    for (const std::string& value : values) {
      if (!is_utf8(value)) {
        report(where, "must be text in UTF-8");
        return std::nullopt;
      }
      if (holds_secret(value)) {
        report(where, "holds a PIN in the clear, which is not shown here: pin-source names a file with it");
        return std::nullopt;
      }
    }
    if (attribute.form == ValueForm::list) {
      return read_list(attribute, values, where);
    }
    if (values.size() != 1) {
      report(where, "must have one value, not " + std::to_string(values.size()));
      return std::nullopt;
    }
    const std::string& value = values.front();
    const std::string spelling = lower_case(value);
    if (attribute.form == ValueForm::boolean && (spelling == "true" || spelling == "false")) {   // RFC 4517: in capitals; not all are strict
      return OptionValue(spelling == "true");
    }
    if (const auto number = whole_number(value); number && (attribute.form == ValueForm::integer || attribute.is_size)) {
      return OptionValue(*number);
    }
    if (value == "{}") {
      return OptionValue(std::string());
    }
    const auto escaped = numbered(value);
    return OptionValue(escaped ? escaped->second : value);   // where the form does not fit, who sets the option says so
  }

  std::optional<OptionValue> read_list(const SchemaAttribute& attribute, const std::vector<std::string>& values, const std::string& where) {
    if (values.size() == 1 && values.front() == "{}") {
      return OptionValue(std::vector<std::string>());
    }
    std::map<std::int64_t, std::string> by_number;
    std::vector<std::string> plain;
    for (const std::string& value : values) {
      if (auto one = numbered(value)) {
        if (!by_number.emplace(one->first, std::move(one->second)).second) {
          report(where, "has two values with one number");
          return std::nullopt;
        }
      } else {
        plain.push_back(value);
      }
    }
    if (!by_number.empty() && !plain.empty()) {
      report(where, "must have a number, {0}, {1} ..., before each of its values or before none");
      return std::nullopt;
    }
    if (plain.size() > 1 && attribute.is_ordered) {
      report(where, "must have a number, {0}, {1} ..., before each of its values: their order means something, and a directory keeps none");
      return std::nullopt;
    }
    std::ranges::sort(plain);   // a directory may give them otherwise each time
    for (auto& [number, value] : by_number) {
      plain.push_back(std::move(value));
    }
    return OptionValue(std::move(plain));
  }

  void put_together() {
    for (auto& [name, all] : sections_) {
      std::ranges::stable_sort(all, {}, &Section::order);
      const auto of = std::ranges::find_if(classes_, [&](const SchemaClass& each) { return each.section == name && each.extension.empty(); });
      const ConfigPlace place = all.front().table.place;
      ConfigKey key{name, place, {place, {}}};
      if (of->is_repeated) {
        ConfigTables tables;
        for (Section& section : all) {
          tables.push_back(std::move(section.table));
        }
        key.node.value = std::move(tables);
      } else {
        key.node.value = std::move(all.front().table);
      }
      out_.tree.keys.push_back(std::move(key));
    }
  }

  const DirectoryPlace& place_;
  std::vector<SchemaClass> classes_;
  DirectoryTree out_;
  ConfigProblems problems_;
  std::map<std::string, std::vector<Section>> sections_;
  std::map<std::vector<std::string>, std::size_t> domains_;   // where in sections_
};

}  // namespace

bool holds_secret(std::string_view value) { return value.starts_with("pkcs11:") && lower_case(value).find("pin-value") != std::string::npos; }

Result<DirectoryTree, ConfigProblems> read_entries(const std::vector<ldap::Entry>& entries, const DirectoryPlace& place, const ConfigSchema& schema) {
  EntriesReader reader(place, schema);
  DirectoryTree tree = reader.read(entries);
  ConfigProblems problems = reader.take_problems();
  if (problems.size() > max_config_problems) {
    const std::size_t more = problems.size() - max_config_problems;
    problems.resize(max_config_problems);
    problems.push_back({0, 0, "and " + std::to_string(more) + " more problems", place.base});
  }
  return problems.empty() ? Result<DirectoryTree, ConfigProblems>(std::move(tree)) : Unexpected<ConfigProblems>{std::move(problems)};
}

Result<ConfigTable, ConfigProblems> join(ConfigTable file, ConfigTable directory) {
  ConfigProblems problems;
  for (ConfigKey& key : directory.keys) {
    const auto own = std::ranges::find(file.keys, key.name, &ConfigKey::name);
    if (own == file.keys.end()) {
      file.keys.push_back(std::move(key));
      continue;
    }
    auto* mine = std::get_if<ConfigTables>(&own->node.value);
    auto* theirs = std::get_if<ConfigTables>(&key.node.value);
    if (mine != nullptr && theirs != nullptr) {
      std::ranges::move(*theirs, std::back_inserter(*mine));
    } else {
      problems.push_back({own->place.line, own->place.column,
                          "[" + key.name + "] stands here and in the directory (" + key.place.entry + "): one of them says it, nothing is mixed"});
    }
  }
  return problems.empty() ? Result<ConfigTable, ConfigProblems>(std::move(file)) : Unexpected<ConfigProblems>{std::move(problems)};
}

}  // namespace aldis::app
