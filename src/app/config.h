// Config: aldis.toml, read and checked as a whole. A file with any fault gives no Config: unknown key, wrong type, out of
// range, and what the sections say together. Every problem has its file, line and column, or its entry and attribute where
// a directory says the rest (config_source.h). It does not look at the world (files, ports, DNS): that is check.h.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/config_schema.h"
#include "base/options.h"
#include "base/result.h"
#include "policy/policy.h"

namespace aldis::app {

struct ConfigProblem {
  std::uint32_t line = 0;     // from 1; 0: the file as a whole
  std::uint32_t column = 0;   // from 1, in characters
  std::string text;
  std::string entry{};        // of a directory, instead: its name, and the attribute
};
// "aldis.toml:12:3: unknown key ..."; "cn=log,cn=common,dc=example: aldisLogLevel: ..." of what a directory says.
[[nodiscard]] std::string message(const ConfigProblem& problem, std::string_view file);

inline constexpr std::size_t max_config_bytes = 1024 * 1024;
inline constexpr std::size_t max_config_problems = 20;   // reported at most

struct DomainConfig {
  OptionObject options;                                   // DomainOptions; name as RFC 7622 prepares it
  std::map<std::string, OptionObject, std::less<>> extensions;   // the enabled ones; an empty object: nothing to configure
  [[nodiscard]] const DomainOptions& get() const { return options.as<DomainOptions>(); }
};

struct Config {
  std::string path;     // as given
  std::string folder;   // where relative paths start
  std::map<std::string, OptionObject, std::less<>> sections;   // every section that is not repeated, also when not written
  std::vector<OptionObject> listeners;                         // ListenerOptions
  std::vector<DomainConfig> domains;
  std::vector<OptionObject> peers;                             // policy::PeerOptions
  std::vector<OptionObject> locations;                         // policy::LocationOptions
  policy::PositionRulesPtr position_rules;                     // what they make together; null: there are none
  std::vector<OptionObject> components;                        // policy::ComponentOptions; domain as RFC 7622 prepares it
  std::vector<OptionObject> directories;                       // ldap::DirectoryOptions
  std::vector<OptionObject> rooms;                             // muc::RoomOptions; address as RFC 7622 prepares it
  policy::PeerRulesPtr peer_rules;                             // what they and [federation] make together

  template <class S>
  [[nodiscard]] const S& section(std::string_view name) const {
    const auto found = sections.find(name);
    ensure(found != sections.end(), "a section that the schema names is in every Config");
    return found->second.as<S>();
  }
  // A section that is repeated, but for "domain", which has a list of its own.
  [[nodiscard]] const std::vector<OptionObject>& repeated(std::string_view name) const;
  [[nodiscard]] std::vector<OptionObject>& repeated(std::string_view name);
  [[nodiscard]] const ListenerOptions& listener(std::size_t i) const { return listeners.at(i).as<ListenerOptions>(); }

  // `path` as the file means it: absolute, or below the file's folder.
  [[nodiscard]] std::string resolve(std::string_view path) const;
  [[nodiscard]] std::string data_dir() const;
  [[nodiscard]] std::string database_path() const;
  [[nodiscard]] std::string token_key_path() const;
  [[nodiscard]] std::string admin_socket() const;
  [[nodiscard]] std::string cache_path() const;   // of what a directory said last
};

using ConfigProblems = std::vector<ConfigProblem>;

// Reads the text of a file. `path` is for messages and relative paths only.
[[nodiscard]] Result<Config, ConfigProblems> parse_config(std::string_view text, std::string path,
                                                          const ConfigSchema& schema);
// The file's text; that it cannot be read is a problem.
[[nodiscard]] Result<std::string, ConfigProblems> read_config_text(const std::string& path);
// Reads a file that says everything itself; that it cannot be read is a problem too.
[[nodiscard]] Result<Config, ConfigProblems> load_config(const std::string& path, const ConfigSchema& schema);

// The control socket that a file means, however much else is wrong with it: a running server is asked over it also when its
// file no longer passes. Nothing when not even that can be read.
[[nodiscard]] std::optional<std::string> find_admin_socket(const std::string& path);

// The known name that `name` was probably meant to be; empty when none is near.
[[nodiscard]] std::string nearest(std::string_view name, const std::vector<std::string>& known);

// True for 127.0.0.0/8 and ::1, written as numbers.
[[nodiscard]] bool is_loopback(std::string_view address);
[[nodiscard]] bool is_ip_address(std::string_view address);

}  // namespace aldis::app
