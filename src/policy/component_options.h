// What aldis.toml says about components (XEP-0114): the [[component]] tables, as they are written. What passes to and from one
// becomes a rule beside those of other servers (peer_rules.h).
#pragma once
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/options.h"

namespace aldis::policy {

enum class SecondConnection : std::uint8_t { refuse, replace };
constexpr auto option_names(SecondConnection) {
  return std::array{OptionName{"refuse", SecondConnection::refuse}, OptionName{"replace", SecondConnection::replace}};
}

struct ComponentOptions {
  std::string domain;
  std::string name;
  std::string secret_file;
  SecondConnection second_connection = SecondConnection::refuse;
  bool listed = true;
  std::vector<std::string> listed_by;
  bool abroad = true;
  std::vector<std::string> certificates;
  std::vector<std::string> keys;
  std::vector<std::string> accept_stanzas{"message", "presence", "iq"};
  std::vector<std::string> send_stanzas{"message", "presence", "iq"};
  std::vector<std::string> accept_namespaces;
  std::vector<std::string> send_namespaces;
  Bytes max_stanza = 512 * KiB;
  Bytes rate = 1 * MiB;
  Bytes rate_burst = 8 * MiB;
};

inline constexpr auto component_options = std::tuple{
    Option{"domain", &ComponentOptions::domain, Range{1, 1023},
           "The component's domain, exactly; whoever connects as it speaks for all addresses there. Not one that is served here or that a "
           "[[peer]] names.",
           Reload::live},
    Option{"name", &ComponentOptions::name, Range{0, 200}, "How service discovery calls it.", Reload::live},
    Option{"secret_file", &ComponentOptions::secret_file, Range{1, 4000},
           "File with the secret that it shares with this server, 16 to 1024 bytes on one line; only the server's user may be able to read it.",
           Reload::live},
    Option{"second_connection", &ComponentOptions::second_connection,
           "What comes of a second connection with the right secret while there is one: \"refuse\" it (conflict), or let it \"replace\" the first.",
           Reload::live},
    Option{"listed", &ComponentOptions::listed, "Whether service discovery names it (XEP-0030).", Reload::live},
    Option{"listed_by", &ComponentOptions::listed_by, Range{0, 100},
           "The domains served here that name it; empty: the one that its domain is below.", Reload::live},
    Option{"abroad", &ComponentOptions::abroad,
           "Whether other servers may speak with it, and it with them, within their [[peer]]. It needs a certificate that names it.",
           Reload::live},
    Option{"certificates", &ComponentOptions::certificates, Range{0, 4},
           "PEM files, as of a [[domain]], shown to other servers; empty: those of the domains served here that name the component too.",
           Reload::live},
    Option{"keys", &ComponentOptions::keys, Range{0, 4}, "Their keys, as of a [[domain]].", Reload::live},
    Option{"accept_stanzas", &ComponentOptions::accept_stanzas, Range{0, 3}, "Kinds of stanzas it may send: message, presence, iq.",
           Reload::live},
    Option{"send_stanzas", &ComponentOptions::send_stanzas, Range{0, 3}, "Kinds of stanzas that are sent to it.", Reload::live},
    Option{"accept_namespaces", &ComponentOptions::accept_namespaces, Range{0, 1000},
           "Namespaces of payloads it may send; a stanza with another is refused. Empty: any.", Reload::live},
    Option{"send_namespaces", &ComponentOptions::send_namespaces, Range{0, 1000}, "Namespaces of payloads that are sent to it. Empty: any.",
           Reload::live},
    Option{"max_stanza", &ComponentOptions::max_stanza, Range{Bytes{10'000}, 16 * MiB},
           "Bytes of one stanza it may send; a larger one ends the stream.", Reload::live},
    Option{"rate", &ComponentOptions::rate, Range{Bytes{0}, 1 * GiB}, "Bytes a second it may send for long; 0: no limit.", Reload::live},
    Option{"rate_burst", &ComponentOptions::rate_burst, Range{Bytes{64 * 1024}, 1 * GiB},
           "Bytes it may send at once before the rate holds it back.", Reload::live}};

}  // namespace aldis::policy
