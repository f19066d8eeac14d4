// Reading file, directory and copy.
#include "app/config_source.h"

#include <algorithm>
#include <filesystem>
#include <iterator>

#include "app/config_directory.h"
#include "app/config_reader.h"
#include "app/toml_tree.h"

namespace aldis::app {
namespace {

Unexpected<ConfigProblems> one_problem(std::string text, std::string entry = {}) { return {ConfigProblems{{0, 0, std::move(text), std::move(entry)}}}; }

// What the directory says now, or why that cannot be taken.
Result<LoadedConfig, ConfigProblems> ask_directory(const ConfigFile& file, const ConfigSchema& schema, const Clock& clock) {
  auto directory = make_config_directory(file.bootstrap, clock);
  if (!directory) {
    return one_problem(directory.error().what);
  }
  const auto entries = (*directory)->read();
  if (!entries) {
    return one_problem("the directory could not be asked: " + entries.error().what, file.options().base);
  }
  LoadedConfig loaded;
  ConfigCopy copy;
  auto config = put_together(file, *entries, schema, copy);
  if (!config) {
    return fail(config.error());
  }
  copy.taken = clock.wall();
  loaded.config = std::move(*config);
  loaded.copy = std::move(copy);
  return loaded;
}

Result<LoadedConfig, ConfigProblems> use_copy(const ConfigFile& file, const ConfigSchema& schema) {
  auto copy = load_copy(file.bootstrap.cache_path(), file.place());
  if (!copy) {
    return one_problem(copy.error().kind == ErrorKind::not_found ? "there is no copy of an earlier configuration (" + file.bootstrap.cache_path() + ")" : copy.error().what,
                       file.options().base);
  }
  ConfigCopy again;
  auto config = put_together(file, copy->entries, schema, again);
  if (!config) {
    return fail(config.error());
  }
  return LoadedConfig{std::move(*config), std::move(*copy), true, {}};
}

}  // namespace

std::string all_messages(const ConfigProblems& problems, std::string_view file) {
  std::string text;
  for (const ConfigProblem& problem : problems) {
    text.append(text.empty() ? "" : "\n").append(message(problem, file));
  }
  return text;
}

Result<ConfigFile, ConfigProblems> read_config_file(const std::string& path, const ConfigSchema& schema) {
  const auto text = read_config_text(path);
  if (!text) {
    return fail(text.error());
  }
  auto tree = parse_toml(*text);
  if (!tree) {
    return fail(tree.error());
  }
  ConfigFile file{path, std::move(*tree), {}};
  const ConfigKey* configuration = file.tree.find("configuration");
  if (configuration == nullptr) {   // what is wrong with the rest is said by who reads it
    for (const char* section : {"server", "admin", "configuration"}) {
      file.bootstrap.sections.emplace(section, schema.section(section)->table->make());
    }
  } else {
    auto bootstrap = read_bootstrap(file.tree, schema);
    if (!bootstrap) {
      return fail(bootstrap.error());
    }
    file.bootstrap = std::move(*bootstrap);
  }
  file.bootstrap.path = path;
  file.bootstrap.folder = std::filesystem::path(path).parent_path().string();
  return file;
}

Result<Config, ConfigProblems> config_of(const ConfigFile& file, const ConfigSchema& schema) {
  auto config = read_config(file.tree, schema);
  if (config) {
    config->path = file.bootstrap.path;
    config->folder = file.bootstrap.folder;
  }
  return config;
}

Result<Config, ConfigProblems> put_together(const ConfigFile& file, const std::vector<ldap::Entry>& entries, const ConfigSchema& schema, ConfigCopy& copy) {
  auto read = read_entries(entries, file.place(), schema);
  if (!read) {
    return fail(read.error());
  }
  auto tree = join(file.tree, std::move(read->tree));
  if (!tree) {
    return fail(tree.error());
  }
  auto config = config_of({file.path, std::move(*tree), file.bootstrap}, schema);
  if (config) {
    copy = {file.place(), read->serial, read->digest, {}, std::move(read->entries)};
  }
  return config;
}

Result<LoadedConfig, ConfigProblems> load_from_source(const std::string& path, const ConfigSchema& schema, ConfigAsk ask, const Clock& clock) {
  const auto file = read_config_file(path, schema);
  if (!file) {
    return fail(file.error());
  }
  if (!file->options().is_used()) {
    auto config = config_of(*file, schema);
    return config ? Result<LoadedConfig, ConfigProblems>(LoadedConfig{std::move(*config), {}, false, {}}) : fail(config.error());
  }
  if (ask == ConfigAsk::copy) {
    return use_copy(*file, schema);
  }
  auto asked = ask_directory(*file, schema, clock);
  if (ask == ConfigAsk::directory) {
    return asked;
  }
  if (asked) {
    // Entries that have changed under one serial are a change that is not complete.
    const auto copy = load_copy(file->bootstrap.cache_path(), file->place());
    if (!copy || copy->serial != asked->copy->serial || copy->digest == asked->copy->digest) {
      return asked;
    }
    asked = one_problem("its entries have changed and its " + std::string(serial_attribute) + " is still " + copy->serial + ": the change is not complete", file->options().base);
  }
  auto kept = use_copy(*file, schema);
  if (!kept) {
    ConfigProblems both = std::move(asked.error());
    std::ranges::move(kept.error(), std::back_inserter(both));
    return Unexpected<ConfigProblems>{std::move(both)};
  }
  kept->why = all_messages(asked.error(), path);
  return kept;
}

}  // namespace aldis::app
