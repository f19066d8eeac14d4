// ConfigTree to Config: the options, and what the sections say together.
#include "app/config_reader.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "app/config_checks.h"
#include "policy/peer_rules.h"
#include "xmpp/jid.h"

namespace aldis::app {
namespace {

// Reads one tree; gathers problems with their places.
class Reader {
 public:
  explicit Reader(const ConfigSchema& schema) : schema_(schema) {}

  Config read(const ConfigTable& root) {
    std::vector<std::string> names;
    for (const SectionSchema& section : schema_.sections) {
      names.push_back(section.name);
      if (!section.is_repeated) {
        config_.sections.emplace(section.name, section.table->make());
      }
    }
    for (const ConfigKey& key : root.keys) {
      const SectionSchema* section = schema_.section(key.name);
      if (section == nullptr) {
        unknown(key, "section", names);
      } else if (section->is_repeated) {
        read_repeated(*section, key);
      } else {
        read_section(*section, key);
      }
    }
    check_server();
    report_all(check_listeners(config_, tls_choice()));
    check_that_somebody_can_connect();
    check_directories();
    check_domains();
    check_peers();
    check_locations();
    report_all(check_groups(config_));
    if (const SectionSchema* rooms = schema_.section("room")) {   // tests have schemas without it
      report_all(check_rooms(config_, *rooms->table));
    }
    return std::move(config_);
  }

  // These sections alone, and nothing about them together.
  Config read_only(const ConfigTable& root, std::initializer_list<std::string_view> names) {
    for (const std::string_view name : names) {
      const SectionSchema& section = *schema_.section(name);
      config_.sections.emplace(name, section.table->make());
      if (const ConfigKey* key = root.find(name)) {
        read_section(section, *key);
      }
    }
    return std::move(config_);
  }

  ConfigProblems take_problems() {
    std::ranges::stable_sort(problems_, {}, [](const ConfigProblem& p) { return std::pair(p.line, p.column); });
    if (problems_.size() > max_config_problems) {
      const std::size_t more = problems_.size() - max_config_problems;
      problems_.resize(max_config_problems);
      problems_.push_back({0, 0, "and " + std::to_string(more) + " more problems"});
    }
    return std::move(problems_);
  }

 private:
  // Where an option of an object stands, to say what is wrong with it later.
  using Places = std::map<std::string, ConfigPlace, std::less<>>;

  void report(const ConfigPlace& where, std::string text) { problems_.push_back({where.line, where.column, std::move(text), where.entry}); }

  void unknown(const ConfigKey& key, std::string_view kind, const std::vector<std::string>& known) {
    std::string text = "unknown ";
    text.append(kind).append(" ").append(shown(key.name));
    if (const std::string near = nearest(key.name, known); !near.empty()) {
      text += "; did you mean " + shown(near) + "?";
    }
    report(key.place, std::move(text));
  }

  // The node as a value; reports and returns nothing when no option can be written so.
  std::optional<OptionValue> value_of(const ConfigNode& node, const std::string& what) {
    if (const auto* value = std::get_if<OptionValue>(&node.value)) {
      return *value;
    }
    if (const auto* list = std::get_if<MixedList>(&node.value)) {
      report(list->first, what + ": every entry of the list must be a string");
    } else if (const auto* sections = std::get_if<ConfigTables>(&node.value)) {
      report(sections->front().place, what + ": every entry of the list must be a string");
    } else {
      report(node.place, what + " must not be a " + (node.table() != nullptr ? "section" : "date or time"));
    }
    return std::nullopt;
  }

  // Every key of `table` but those of `besides`, into `object`.
  Places read_options(const ConfigTable& table, const OptionTable& options, const std::string& section,
                      OptionObject& object, const std::set<std::string, std::less<>>& besides) {
    Places places{{"", table.place}};
    for (const ConfigKey& key : table.keys) {
      if (besides.contains(key.name)) {
        continue;
      }
      const OptionInfo* info = options.find(key.name);
      if (info == nullptr) {
        std::vector<std::string> known(besides.begin(), besides.end());
        for (const OptionInfo& other : options.infos()) {
          known.push_back(other.name);
        }
        unknown(key, "key", known);
        problems_.back().text += " (in " + section + ")";
        continue;
      }
      places.emplace(info->name, key.node.place);
      const std::string what = section + " " + info->name;
      if (const auto value = value_of(key.node, what)) {
        if (const auto set = options.set(object, info->name, *value); !set) {
          report(key.node.place, what + " " + set.error().what);
        }
      }
    }
    return places;
  }

  void read_section(const SectionSchema& section, const ConfigKey& key) {
    const ConfigTable* table = key.node.table();
    if (table == nullptr) {
      report(key.node.place, "[" + section.name + "] must be a section of its own");
      return;
    }
    OptionObject& object = config_.sections.find(section.name)->second;
    section_places_.emplace(section.name, read_options(*table, *section.table, "[" + section.name + "]", object, {}));
    if (const auto checked = section.check ? section.check(object) : Result<void>(); !checked) {
      report(table->place, "[" + section.name + "] " + checked.error().what);
    }
  }

  void read_repeated(const SectionSchema& section, const ConfigKey& key) {
    const ConfigTables* tables = key.node.tables();
    if (tables == nullptr) {
      is_section_broken_ = true;
      report(key.place, "write [[" + section.name + "]] with two brackets: the section may be repeated");
      return;
    }
    for (const ConfigTable& table : *tables) {
      OptionObject object = section.table->make();
      const bool is_domain = section.name == "domain";
      Places places = read_options(table, *section.table, "[[" + section.name + "]]", object,
                                   is_domain ? std::set<std::string, std::less<>>{"extension"} : std::set<std::string, std::less<>>{});
      if (is_domain) {
        config_.domains.push_back({object, {}});
        domain_tables_.push_back(&table);
      } else {
        config_.repeated(section.name).push_back(object);
      }
      places_[section.name].push_back(std::move(places));
    }
  }

  static const ConfigPlace& place(const Places& places, std::string_view option) {
    const auto found = places.find(option);
    return found != places.end() ? found->second : places.find("")->second;
  }

  void report_all(const std::vector<SectionProblem>& problems) {
    for (const SectionProblem& each : problems) {
      report(place(places_[each.section][each.index], each.option), each.text);
    }
  }

  void check_that_somebody_can_connect() {
    if (!config_.listeners.empty() && std::ranges::none_of(config_.listeners, [](const OptionObject& listener) {
          return listener.as<ListenerOptions>().serves == ListenerUse::clients;
        })) {
      problems_.push_back({0, 0, "no [[listener]] serves clients: nobody could connect"});
    }
    if (config_.listeners.empty() && !is_section_broken_) {
      problems_.push_back({0, 0, "no [[listener]]: nobody could connect"});
    }
  }

  void check_server() {
    const auto& metrics = config_.section<MetricsOptions>("metrics");
    if (metrics.enabled && !is_loopback(metrics.address)) {
      report(place(section_places_.find("metrics")->second, "address"),
             "[metrics] address must be a loopback address (127.0.0.1 or ::1), not " + shown(metrics.address));
    }
  }

  [[nodiscard]] tls::TlsChoice tls_choice() const {
    const auto found = config_.sections.find("tls");   // tests have schemas without it
    return found != config_.sections.end() ? found->second.as<TlsOptions>().choice() : tls::TlsChoice{};
  }

  void check_domains() {
    std::set<std::string> taken;
    for (std::size_t i = 0; i < config_.domains.size(); ++i) {
      check_domain(i, taken);
    }
    if (config_.domains.empty() && !is_section_broken_) {
      problems_.push_back({0, 0, "no [[domain]]: there would be nothing to serve"});
    }
  }

  void check_directories() {
    std::set<std::string> taken;
    for (std::size_t i = 0; i < config_.directories.size(); ++i) {
      const auto& options = config_.directories[i].as<ldap::DirectoryOptions>();
      if (options.name.empty()) {
        report(place(places_["directory"][i], ""), "[[directory]] needs a name");
      } else if (!taken.insert(options.name).second) {
        report(place(places_["directory"][i], "name"), "[[directory]] " + shown(options.name) + " is already there");
      }
      if (const auto checked = ldap::validate(options); !checked) {
        const std::string& what = checked.error().what;
        report(place(places_["directory"][i], what.substr(0, what.find_first_of(": "))), "[[directory]] " + what);
      }
    }
  }

  void check_domain_directory(const DomainOptions& domain, const Places& places) {
    if (domain.directory.empty()) {
      return;
    }
    if (domain.serves != DomainUse::accounts) {
      report(place(places, "directory"), "[[domain]] directory is for a domain that serves accounts");
    }
    if (std::ranges::none_of(config_.directories, [&](const OptionObject& one) { return one.as<ldap::DirectoryOptions>().name == domain.directory; })) {
      report(place(places, "directory"), "[[domain]] directory: there is no [[directory]] with the name " + shown(domain.directory));
    }
  }

  void check_peers() {
    std::vector<policy::PeerOptions> tables;
    for (const OptionObject& peer : config_.peers) {
      tables.push_back(peer.as<policy::PeerOptions>());
    }
    for (std::size_t i = 0; i < tables.size(); ++i) {
      if (tables[i].allow_integrity_only && tls::choice_for(tables[i].tls_profile, tls_choice()).profile != tls::TlsProfile::modern) {
        report(place(places_["peer"][i], "allow_integrity_only"),
               "[[peer]] allow_integrity_only goes with the TLS profile modern only; the others' documents exclude such suites");
      }
    }
    std::vector<std::string> served;
    for (const DomainConfig& domain : config_.domains) {
      served.push_back(domain.get().name);
    }
    const auto federation = config_.sections.find("federation");
    const auto profile = federation != config_.sections.end() ? federation->second.as<policy::FederationOptions>().profile : policy::Profile::strict;
    std::vector<policy::ComponentOptions> components;
    const OptionTable& component_table = *schema_.section("component")->table;
    for (OptionObject& component : config_.components) {
      if (const auto prepared = prepare_domain(component.as<policy::ComponentOptions>().domain)) {
        ensure(component_table.set(component, "domain", *prepared).has_value(), "a prepared domain fits its option");
      }
      components.push_back(component.as<policy::ComponentOptions>());
    }
    auto rules = policy::PeerRules::make(profile, tables, served, components);
    if (rules) {
      config_.peer_rules = std::move(*rules);
      return;
    }
    for (const policy::PeerProblem& problem : rules.error()) {
      const Places& places = places_[problem.is_component ? "component" : "peer"][problem.table];
      report(place(places, problem.option), (problem.is_component ? "[[component]] " : "[[peer]] ") + problem.option + " " + problem.text);
    }
  }

  void check_locations() {
    std::vector<policy::LocationOptions> tables;
    for (const OptionObject& location : config_.locations) {
      tables.push_back(location.as<policy::LocationOptions>());
    }
    if (tables.empty()) {
      return;
    }
    if (auto rules = policy::PositionRules::make(tables)) {
      config_.position_rules = std::move(*rules);
    } else {
      for (const policy::PositionProblem& problem : rules.error()) {
        report(place(places_["location"][problem.table], problem.option), "[[location]] " + problem.option + " " + problem.text);
      }
    }
  }

  void check_domain(std::size_t i, std::set<std::string>& taken) {
    DomainConfig& domain = config_.domains[i];
    const Places& places = places_["domain"][i];
    const OptionTable& table = *schema_.section("domain")->table;
    const auto prepared = prepare_domain(domain.get().name);
    if (!prepared) {
      report(place(places, "name"), domain.get().name.empty()
                                        ? std::string("[[domain]] needs a name")
                                        : "[[domain]] name " + shown(domain.get().name) + " is no domain: " +
                                              std::string(to_string(prepared.error())));
    } else {
      ensure(table.set(domain.options, "name", *prepared).has_value(), "a prepared domain fits its option");
      if (!taken.insert(*prepared).second) {
        report(place(places, "name"), "[[domain]] " + shown(*prepared) + " is already there");
      }
    }
    if (domain.get().staples.size() > domain.get().certificates.size()) {
      report(place(places, "staples"), "[[domain]] has more staples than certificates");
    }
    if (domain.get().certificates.size() != domain.get().keys.size()) {
      report(place(places, "keys"), "[[domain]] needs one entry in keys for each of certificates");
    }
    for (const std::string& administrator : domain.get().administrators) {
      const auto jid = BareJid::parse(administrator);
      if (!jid || !jid->has_local()) {
        report(place(places, "administrators"), "[[domain]] administrators: " + shown(administrator) + " is no account's address");
      }
    }
    check_domain_directory(domain.get(), places);
    if (const auto rules = mapper_rules(domain.get()); !rules) {
      report(place(places, rules.error().what.substr(0, rules.error().what.find_first_of(": "))), "[[domain]] " + rules.error().what);
    }
    check_domain_tickets(domain.get(), places);
    enable_extensions(domain, places, *domain_tables_[i]);
  }

  void check_domain_tickets(const DomainOptions& domain, const Places& places) {
    if (domain.serves != DomainUse::accounts && !domain.kerberos_keytab.empty()) {
      report(place(places, "kerberos_keytab"), "[[domain]] kerberos_keytab is for a domain that serves accounts");
    }
    if (const auto valid = validate(domain, domain.name, !domain.directory.empty()); !valid) {
      report(place(places, valid.error().what.substr(0, valid.error().what.find_first_of(": "))), "[[domain]] " + valid.error().what);
    }
  }

  void enable_extensions(DomainConfig& domain, const Places& places, const ConfigTable& table) {
    std::vector<std::string> known;
    for (const ExtensionSchema& extension : schema_.extensions) {
      known.push_back(extension.name);
    }
    const auto check_known = [&](const std::vector<std::string>& names, std::string_view option) {
      for (const std::string& name : names) {
        if (schema_.extension(name) == nullptr) {
          const std::string near = nearest(name, known);
          report(place(places, option), "[[domain]] " + std::string(option) + ": there is no extension " + shown(name) +
                                            (near.empty() ? std::string() : "; did you mean " + shown(near) + "?"));
        }
      }
    };
    const auto [use, served] = [&]() -> std::pair<ServedBy, std::string> {
      switch (domain.get().serves) {
        case DomainUse::rooms: return {ServedBy::rooms, "rooms"};
        case DomainUse::pubsub: return {ServedBy::pubsub, "pubsub"};
        case DomainUse::accounts: break;
      }
      return {ServedBy::accounts, "accounts"};
    }();
    for (const std::string& name : domain.get().enable) {
      if (const ExtensionSchema* extension = schema_.extension(name); extension != nullptr && !includes(extension->on, use)) {
        report(place(places, "enable"), "[[domain]] enable: " + shown(name) + " is not for a domain that serves " + served);
      }
    }
    check_known(domain.get().enable, "enable");
    check_known(domain.get().disable, "disable");
    for (const ExtensionSchema& extension : schema_.extensions) {
      const bool is_enabled = std::ranges::count(domain.get().enable, extension.name) != 0;
      const bool is_disabled = std::ranges::count(domain.get().disable, extension.name) != 0;
      if (is_enabled && is_disabled) {
        report(place(places, "disable"), "[[domain]] extension " + shown(extension.name) + " is both enabled and disabled");
      }
      if (includes(extension.on, use) && (is_enabled || (extension.is_default && !is_disabled))) {
        domain.extensions.emplace(extension.name, extension.table != nullptr ? extension.table->make() : OptionObject());
      }
    }
    const ConfigKey* given = table.find("extension");
    if (given == nullptr) {
      return;
    }
    const ConfigTable* extensions = given->node.table();
    if (extensions == nullptr) {
      report(given->node.place, "write [domain.extension.NAME] for an extension's options");
      return;
    }
    for (const ConfigKey& key : extensions->keys) {
      const ExtensionSchema* extension = schema_.extension(key.name);
      const std::string section = "[domain.extension." + key.name + "]";
      if (extension == nullptr) {
        unknown(key, "extension", known);
        continue;
      }
      const ConfigTable* options = key.node.table();
      if (options == nullptr) {
        report(key.node.place, section + " must be a section of its own");
        continue;
      }
      const auto enabled = domain.extensions.find(extension->name);
      static const OptionTable nothing = OptionTable::of<Nothing>(std::tuple<>{});
      OptionObject unused = extension->table != nullptr ? extension->table->make() : nothing.make();
      const bool is_used = enabled != domain.extensions.end() && extension->table != nullptr;
      // Options of an extension that is off are checked all the same: they are wrong before somebody turns it on.
      read_options(*options, extension->table != nullptr ? *extension->table : nothing, section,
                   is_used ? enabled->second : unused, {});
    }
  }

  struct Nothing {};

  const ConfigSchema& schema_;
  Config config_;
  ConfigProblems problems_;
  bool is_section_broken_ = false;   // a [[section]] could not be read at all: that it is missing is not said as well
  std::map<std::string, Places, std::less<>> section_places_;
  std::map<std::string, std::vector<Places>, std::less<>> places_;   // of the sections that are repeated
  std::vector<const ConfigTable*> domain_tables_;
};

}  // namespace

Result<Config, ConfigProblems> read_config(const ConfigTable& tree, const ConfigSchema& schema) {
  Reader reader(schema);
  Config config = reader.read(tree);
  ConfigProblems problems = reader.take_problems();
  return problems.empty() ? Result<Config, ConfigProblems>(std::move(config)) : Unexpected<ConfigProblems>{std::move(problems)};
}

Result<Config, ConfigProblems> read_bootstrap(const ConfigTable& tree, const ConfigSchema& schema) {
  Reader reader(schema);
  Config config = reader.read_only(tree, {"server", "admin", "configuration"});
  ConfigProblems problems = reader.take_problems();
  return problems.empty() ? Result<Config, ConfigProblems>(std::move(config)) : Unexpected<ConfigProblems>{std::move(problems)};
}

}  // namespace aldis::app
