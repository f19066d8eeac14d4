// Options to text, side by side.
#include "app/config_text.h"

#include <algorithm>
#include <map>
#include <optional>

#include "app/directory_entries.h"

namespace aldis::app {
namespace {

std::string shown(const OptionValue& value) {
  const auto* text = std::get_if<std::string>(&value);
  const auto* list = std::get_if<std::vector<std::string>>(&value);
  const bool is_secret = (text != nullptr && holds_secret(*text)) || (list != nullptr && std::ranges::any_of(*list, [](const auto& one) { return holds_secret(one); }));
  return is_secret ? "\"(not shown)\"" : aldis::to_text(value);
}

void append_options(std::string& out, const std::string& head, const OptionTable& table, const OptionObject& object, bool is_whole, bool is_always) {
  const OptionObject defaults = table.make();
  std::string lines;
  for (const OptionInfo& option : table.infos()) {
    const OptionValue value = table.get(object, option.name);
    if (is_whole || value != table.get(defaults, option.name)) {
      lines += option.name + " = " + shown(value) + "\n";
    }
  }
  if (!lines.empty() || is_always) {
    out += (out.empty() ? "" : "\n") + head + "\n" + lines;
  }
}

class Comparison {
 public:
  std::vector<ConfigDifference> found;

  void options(const std::string& section, const OptionTable& table, const OptionObject& before, const OptionObject& after, bool all_need_restart) {
    for (const OptionInfo& option : table.infos()) {
      const OptionValue old = table.get(before, option.name);
      const OptionValue fresh = table.get(after, option.name);
      if (old != fresh) {
        found.push_back({section, option.name, shown(old), shown(fresh), all_need_restart || option.reload == Reload::restart});
      }
    }
  }

  void repeated(const SectionSchema& section, const std::vector<OptionObject>& before, const std::vector<OptionObject>& after) {
    const bool needs_restart = section.name == "listener" || section.name == "directory";   // reload.h
    const auto identity = [&](const OptionObject& object) { return identity_of(section.name, *section.table, object); };
    const auto by_identity = [&](const std::vector<OptionObject>& all) {   // of rooms there may be thousands
      std::map<std::string, const OptionObject*> named;
      for (const OptionObject& each : all) {
        named.emplace(identity(each), &each);
      }
      return named;
    };
    const auto had = by_identity(before);
    const auto has = by_identity(after);
    bool is_same_set = had.size() == has.size();
    for (const OptionObject& old : before) {
      const std::string name = identity(old);
      const auto fresh = has.find(name);
      if (fresh == has.end()) {
        found.push_back({"[[" + section.name + "]] " + name, "", "there", "", needs_restart});
        is_same_set = false;
      } else {
        options("[[" + section.name + "]] " + name, *section.table, old, *fresh->second, needs_restart);
      }
    }
    for (const OptionObject& fresh : after) {
      if (const std::string name = identity(fresh); !had.contains(name)) {
        found.push_back({"[[" + section.name + "]] " + name, "", "", "there", needs_restart});
      }
    }
    const bool has_order = section.name != "room";
    if (has_order && is_same_set && !std::ranges::equal(before, after, {}, identity, identity)) {
      found.push_back({"[[" + section.name + "]]", "order", order_text(before, identity), order_text(after, identity), needs_restart});
    }
  }

  void domain(const DomainConfig& before, const DomainConfig& after, const ConfigSchema& schema) {
    const std::string section = "[[domain]] " + before.get().name;
    options(section, *schema.section("domain")->table, before.options, after.options, false);
    for (const ExtensionSchema& extension : schema.extensions) {
      const auto old = before.extensions.find(extension.name);
      const auto fresh = after.extensions.find(extension.name);
      const bool was_on = old != before.extensions.end();
      const bool is_on = fresh != after.extensions.end();
      if (was_on && is_on && extension.table != nullptr) {
        options(section + " extension." + extension.name, *extension.table, old->second, fresh->second, false);
      }
    }
  }

 private:
  template <class Identity>
  static std::string order_text(const std::vector<OptionObject>& all, const Identity& identity) {
    std::vector<std::string> names;
    for (const OptionObject& each : all) {
      names.push_back(identity(each));
    }
    return aldis::to_text(OptionValue(std::move(names)));
  }
};

}  // namespace

std::string identity_of(std::string_view section, const OptionTable& table, const OptionObject& object) {
  const auto text = [&](std::string_view option) {
    const OptionValue value = table.get(object, option);
    const auto* string = std::get_if<std::string>(&value);
    return string != nullptr ? *string : aldis::to_text(value);
  };
  if (section == "listener") {
    return text("address") + " port " + text("port");
  }
  return text(section == "peer" || section == "component" ? "domain" : section == "room" ? "address" : "name");
}

std::string config_toml(const Config& config, const ConfigSchema& schema, bool is_whole) {
  std::string out;
  for (const SectionSchema& section : schema.sections) {
    if (!section.is_repeated) {
      append_options(out, "[" + section.name + "]", *section.table, config.sections.find(section.name)->second, is_whole, false);
    } else if (section.name != "domain") {
      for (const OptionObject& each : config.repeated(section.name)) {
        append_options(out, "[[" + section.name + "]]", *section.table, each, is_whole, true);
      }
    } else {
      for (const DomainConfig& domain : config.domains) {
        append_options(out, "[[domain]]", *section.table, domain.options, is_whole, true);
        for (const auto& [name, options] : domain.extensions) {
          if (options) {
            append_options(out, "[domain.extension." + name + "]", *schema.extension(name)->table, options, is_whole, false);
          }
        }
      }
    }
  }
  return out;
}

std::vector<ConfigDifference> differences(const Config& before, const Config& after, const ConfigSchema& schema) {
  Comparison comparison;
  for (const SectionSchema& section : schema.sections) {
    if (section.name == "configuration") {
      continue;
    }
    if (!section.is_repeated) {
      comparison.options("[" + section.name + "]", *section.table, before.sections.find(section.name)->second, after.sections.find(section.name)->second, false);
    } else if (section.name != "domain") {
      comparison.repeated(section, before.repeated(section.name), after.repeated(section.name));
    } else {
      const auto name_of = [](const DomainConfig& domain) { return domain.get().name; };
      for (const DomainConfig& old : before.domains) {
        const auto fresh = std::ranges::find(after.domains, old.get().name, name_of);
        if (fresh == after.domains.end()) {
          comparison.found.push_back({"[[domain]] " + old.get().name, "", "there", "", true});
        } else {
          comparison.domain(old, *fresh, schema);
        }
      }
      for (const DomainConfig& fresh : after.domains) {
        if (std::ranges::find(before.domains, fresh.get().name, name_of) == before.domains.end()) {
          comparison.found.push_back({"[[domain]] " + fresh.get().name, "", "", "there", true});
        }
      }
    }
  }
  return std::move(comparison.found);
}

std::string to_text(const ConfigDifference& difference) {
  std::string out = difference.section;
  if (difference.option.empty()) {
    out += difference.before.empty() ? ": added" : ": removed";
  } else {
    out += " " + difference.option + ": " + difference.before + " -> " + difference.after;
  }
  return out + (difference.needs_restart ? "   (needs a restart)" : "");
}

}  // namespace aldis::app
