// A configuration as entries of a directory (docs/configuration-in-the-directory.md), read into the tree that a file gives too,
// and written as LDIF (RFC 2849). Nothing is asked here: entries come from config_directory.h or from the cache.
//
// A list is an attribute with several values, of which a directory keeps no order: "{0}first", "{1}second" say it, and must where the
// order means something. "{}" alone is an empty list or text, which a directory cannot hold.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/config.h"
#include "app/config_tree.h"
#include "app/directory_schema.h"
#include "auth/ldap/ldap_schema.h"

namespace aldis::app {

// Whose entries are read below a base: cn=common, and those of the server of that name, if it has one.
struct DirectoryPlace {
  std::string base;
  std::string name;   // empty: cn=common alone
  friend bool operator==(const DirectoryPlace&, const DirectoryPlace&) = default;
};

struct DirectoryTree {
  ConfigTable tree;
  std::string serial;                  // what the base says: it changes when a change is complete
  std::string digest;                  // SHA-256 of all that counts below it, hexadecimal
  std::vector<ldap::Entry> entries;    // these, with the attributes that count
};

// All problems, each with its entry and attribute. `entries` may have more than counts here.
[[nodiscard]] Result<DirectoryTree, ConfigProblems> read_entries(const std::vector<ldap::Entry>& entries, const DirectoryPlace& place,
                                                                 const ConfigSchema& schema);
// The file's own keys and those of a directory. A section that both have is a problem: nothing is mixed.
[[nodiscard]] Result<ConfigTable, ConfigProblems> join(ConfigTable file, ConfigTable directory);

// What differs from the defaults, below cn=common or the server's own entry; with the base. invalid: a value holds a secret.
[[nodiscard]] Result<std::string> entries_ldif(const Config& config, const ConfigSchema& schema, const DirectoryPlace& place);

// Whether a value holds a PIN (RFC 7512 section 2.4): such a key does not load, and the text is shown to nobody.
[[nodiscard]] bool holds_secret(std::string_view value);

}  // namespace aldis::app
