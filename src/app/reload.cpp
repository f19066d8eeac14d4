// Comparing two configurations, and applying what changed.
#include "app/reload.h"

#include <algorithm>

#include "base/log.h"

namespace aldis::app {
namespace {

// Sorts the differences of two objects into the report. `after` becomes a new object (copies share theirs), in which
// restart-only options have their old values.
void merge_options(const OptionTable& table, const OptionObject& before, OptionObject& after, const std::string& section,
                   admin::ReloadReport& report) {
  OptionObject merged = table.make();
  for (const OptionInfo& info : table.infos()) {
    const OptionValue old = table.get(before, info.name);
    const OptionValue fresh = table.get(after, info.name);
    const bool is_live = info.reload == Reload::live;
    if (old != fresh) {
      (is_live ? report.applied : report.need_restart).push_back(section + " " + info.name);
    }
    // A default may lie outside the range (a domain's name); such a value is in the new object already.
    const OptionValue& chosen = is_live ? fresh : old;
    if (chosen != table.get(merged, info.name)) {
      ensure(table.set(merged, info.name, chosen).has_value(), "a value that stood may stand again");
    }
  }
  after = std::move(merged);
}

void merge_domain(const DomainConfig& before, DomainConfig& after, const ConfigSchema& schema, admin::ReloadReport& report) {
  const std::string section = "[[domain]] " + before.get().name;
  merge_options(*schema.section("domain")->table, before.options, after.options, section, report);
  // Extensions are installed when the server starts: those of before stay, with the new options where they have them.
  decltype(after.extensions) merged;
  for (const auto& [name, object] : before.extensions) {
    const OptionTable* table = schema.extension(name)->table;
    const auto fresh = after.extensions.find(name);
    OptionObject chosen = object;
    if (table != nullptr && fresh != after.extensions.end()) {
      chosen = fresh->second;
      merge_options(*table, object, chosen, section + " extension." + name, report);
    }
    merged.emplace(name, chosen);
  }
  after.extensions = std::move(merged);
}

}  // namespace

MergedConfig merge(const Config& before, const Config& after, const ConfigSchema& schema) {
  MergedConfig out{after, {}};
  for (const SectionSchema& section : schema.sections) {
    if (!section.is_repeated) {
      merge_options(*section.table, before.sections.find(section.name)->second, out.config.sections.find(section.name)->second,
                    "[" + section.name + "]", out.report);
    }
  }
  const OptionTable& listener_table = *schema.section("listener")->table;
  const bool same_listeners = std::ranges::equal(before.listeners, after.listeners, [&](const auto& a, const auto& b) {
    return listener_table.differences(a, b).empty();
  });
  if (!same_listeners) {
    out.report.need_restart.push_back("[[listener]]");
  }
  out.config.listeners = before.listeners;
  // Who owns people does not change under them.
  if (const SectionSchema* directory = schema.section("directory");
      directory != nullptr && !std::ranges::equal(before.directories, after.directories, [&](const auto& a, const auto& b) {
        return directory->table->differences(a, b).empty();
      })) {
    out.report.need_restart.push_back("[[directory]]");
  }
  out.config.directories = before.directories;
  const OptionTable& peer_table = *schema.section("peer")->table;
  if (!std::ranges::equal(before.peers, after.peers, [&](const auto& a, const auto& b) { return peer_table.differences(a, b).empty(); })) {
    out.report.applied.push_back("[[peer]]");
  }

  const OptionTable& location_table = *schema.section("location")->table;
  if (!std::ranges::equal(before.locations, after.locations,
                          [&](const auto& a, const auto& b) { return location_table.differences(a, b).empty(); })) {
    out.report.applied.push_back("[[location]]");
  }

  const OptionTable& component_table = *schema.section("component")->table;
  if (!std::ranges::equal(before.components, after.components,
                          [&](const auto& a, const auto& b) { return component_table.differences(a, b).empty(); })) {
    out.report.applied.push_back("[[component]]");
  }

  const OptionTable& room_table = *schema.section("room")->table;
  if (!std::ranges::equal(before.rooms, after.rooms, [&](const auto& a, const auto& b) { return room_table.differences(a, b).empty(); })) {
    out.report.applied.push_back("[[room]]");
  }

  std::vector<DomainConfig> domains;
  const auto name_of = [](const DomainConfig& domain) { return domain.get().name; };
  for (const DomainConfig& old : before.domains) {
    const auto fresh = std::ranges::find(out.config.domains, old.get().name, name_of);
    if (fresh == out.config.domains.end()) {
      out.report.need_restart.push_back("[[domain]] " + old.get().name + " (removed)");
      domains.push_back(old);
    } else {
      merge_domain(old, *fresh, schema, out.report);
      domains.push_back(*fresh);
    }
  }
  for (const DomainConfig& fresh : out.config.domains) {
    if (std::ranges::find(before.domains, fresh.get().name, name_of) == before.domains.end()) {
      out.report.need_restart.push_back("[[domain]] " + fresh.get().name + " (added)");
    }
  }
  out.config.domains = std::move(domains);
  return out;
}

Result<ConfigReloader::Loaded, ConfigProblems> ConfigReloader::load_file() const {
  auto config = load_config(config_.path, schema_);
  return config ? Result<Loaded, ConfigProblems>(Loaded{std::move(*config), {}}) : fail(config.error());
}

Result<admin::ReloadReport> ConfigReloader::reload() {
  const auto refuse = [](std::string why) {
    log::error("audit-reload-refused", {{"why", why}});
    return fail(ErrorKind::invalid, "the old configuration stays in force:\n" + why);
  };
  auto fresh = load_ ? load_() : load_file();
  if (!fresh) {
    std::string why;
    for (const ConfigProblem& problem : fresh.error()) {
      why.append(why.empty() ? "" : "\n").append(message(problem, config_.path));
    }
    return refuse(std::move(why));
  }
  MergedConfig merged = merge(config_, fresh->config, schema_);
  merged.report.notes = std::move(fresh->notes);
  std::vector<Prepared> prepared;
  for (const Prepare& prepare : prepares_) {
    auto one = prepare(config_, merged.config);
    if (!one) {
      return refuse(one.error().what);
    }
    prepared.push_back(std::move(*one));
  }
  for (Prepared& one : prepared) {
    if (one.apply) {
      one.apply();
    }
    std::ranges::move(one.applied, std::back_inserter(merged.report.applied));
  }
  config_ = std::move(merged.config);
  for (const std::string& key : merged.report.applied) {
    log::info("audit-reload-applied", {{"key", key}});
  }
  for (const std::string& key : merged.report.need_restart) {
    log::warning("audit-reload-needs-restart", {{"key", key}});
  }
  log::info("audit-reload", {{"applied", merged.report.applied.size()}, {"need-restart", merged.report.need_restart.size()}});
  return std::move(merged.report);
}

}  // namespace aldis::app
