// The commands, over CLI11.
#include "app/cli_config.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "app/cli.h"
#include "app/config_source.h"
#include "app/config_text.h"
#include "app/directory_entries.h"
#include "app/directory_schema.h"
#include "app/extensions.h"
#include "app/offline_store.h"

namespace aldis::app {
namespace {

using Json = nlohmann::json;

// As diff(1).
constexpr int no_difference = 0;
constexpr int some_difference = 1;
constexpr int no_comparison = 2;

int tell(const std::string& text, int code) {
  std::fprintf(stderr, "aldis: %s\n", text.c_str());
  return code;
}

int tell(const ConfigProblems& problems, const std::string& path, int code) {
  std::fprintf(stderr, "%s\n", all_messages(problems, path).c_str());
  return code;
}

int show(const std::string& path, const ConfigCommands& given) {
  const ConfigSchema schema = config_schema();
  const SystemClock clock;
  if (const auto became = become_owner_of_data(path, schema); !became) {
    return tell(became.error().what, exit_failed);
  }
  const auto loaded = load_from_source(path, schema, ConfigAsk::directory_or_copy, clock);
  if (!loaded) {
    return tell(loaded.error(), path, exit_config);
  }
  if (loaded->copy) {
    std::printf("# %s, with serial %s of %s%s\n", path.c_str(), loaded->copy->serial.c_str(), loaded->copy->place.base.c_str(),
                loaded->is_from_cache ? ", from the copy of what it said last" : "");
  }
  std::fputs(config_toml(loaded->config, schema, given.is_whole).c_str(), stdout);
  return exit_ok;
}

int diff(const std::string& path, const ConfigCommands& given) {
  const ConfigSchema schema = config_schema();
  const SystemClock clock;
  if (const auto became = become_owner_of_data(path, schema); !became) {
    return tell(became.error().what, no_comparison);
  }
  const std::string& first = given.from.empty() ? path : given.from;
  const auto before = load_from_source(first, schema, given.from.empty() ? ConfigAsk::copy : ConfigAsk::directory_or_copy, clock);
  if (!before) {
    return tell(before.error(), first, no_comparison);
  }
  if (given.from.empty() && !before->copy) {
    return tell(path + " names no directory: name another file with --from to compare it with", no_comparison);
  }
  const auto after = load_from_source(path, schema, ConfigAsk::directory, clock);
  if (!after) {
    return tell(after.error(), path, no_comparison);
  }
  const std::vector<ConfigDifference> found = differences(before->config, after->config, schema);
  Json rows = Json::array();
  for (const ConfigDifference& each : found) {
    rows.push_back({{"section", each.section}, {"option", each.option}, {"before", each.before}, {"after", each.after}, {"needs-restart", each.needs_restart}});
    if (!given.is_json) {
      std::printf("%s\n", to_text(each).c_str());
    }
  }
  if (given.is_json) {
    std::printf("%s\n", rows.dump(2, ' ', false, Json::error_handler_t::replace).c_str());
  }
  if (before->copy && after->copy && before->copy->serial == after->copy->serial && !found.empty()) {
    std::fprintf(stderr, "aldis: the serial is still %s: no server takes this before it changes\n", after->copy->serial.c_str());
  }
  return found.empty() ? no_difference : some_difference;
}

int export_ldif(const std::string& path, const ConfigCommands& given) {
  const ConfigSchema schema = config_schema();
  const auto file = read_config_file(path, schema);
  const auto config = file ? config_of(*file, schema) : Result<Config, ConfigProblems>(fail(file.error()));
  if (!config) {
    return tell(config.error(), path, exit_config);
  }
  const auto ldif = entries_ldif(*config, schema, {given.base, given.name});
  if (!ldif) {
    return tell(ldif.error().what, exit_failed);
  }
  std::fputs(ldif->c_str(), stdout);
  return exit_ok;
}

}  // namespace

Result<void> become_owner_of_data(const std::string& path, const ConfigSchema& schema) {
  const auto file = read_config_file(path, schema);
  return file && file->options().is_used() ? become_owner_of(file->bootstrap.data_dir()) : Result<void>();
}

int write_directory_schema(const std::string& format) {
  const ConfigSchema schema = config_schema();
  if (const auto checked = check_numbers(schema); !checked) {
    return tell(checked.error().what, exit_failed);
  }
  std::fputs(schema_ldif(schema, format == "389ds" ? SchemaFormat::ds389 : SchemaFormat::openldap).c_str(), stdout);
  return exit_ok;
}

void add_config_commands(CLI::App& app, const std::string& config_path, ConfigCommands& given, int& code) {
  CLI::App* group = app.add_subcommand("config", "What the configuration says, and its way into a directory.");
  group->require_subcommand(1);

  CLI::App* show_command = group->add_subcommand("show", "Show what the file and the directory it names say, as one file would.");
  show_command->add_flag("--all", given.is_whole, "Defaults too.");
  show_command->callback([&] { code = show(config_path, given); });

  CLI::App* diff_command = group->add_subcommand("diff", "Show what would change: between what was taken from the directory last and what it says now.");
  diff_command->add_option("--from", given.from, "Compare with this file instead.")->type_name("FILE");
  diff_command->add_flag("--json", given.is_json, "Answer as JSON.");
  diff_command->footer("Exit codes: 0 nothing; 1 something; 2 it could not be compared, also when the directory's would be refused.");
  diff_command->callback([&] { code = diff(config_path, given); });

  CLI::App* export_command = group->add_subcommand("export", "Write the file's configuration as entries for a directory, in LDIF.");
  export_command->add_option("--base", given.base, "The entry they are to stand below.")->required()->type_name("DN");
  export_command->add_option("--name", given.name, "For the server of this name alone; without it they are common to all.");
  export_command->callback([&] { code = export_ldif(config_path, given); });

  CLI::App* schema_command = group->add_subcommand("schema", "Write the directory's schema, in LDIF.");
  schema_command->add_option("--format", given.format, "openldap or 389ds")->check(CLI::IsMember({"openldap", "389ds"}))->capture_default_str();
  schema_command->callback([&] { code = write_directory_schema(given.format); });
}

}  // namespace aldis::app
