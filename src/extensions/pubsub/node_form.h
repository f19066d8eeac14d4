// Forms about a node: how it is configured (XEP-0060 1.30 sections 8.1 to 8.3), what everybody may know of it (section 5.4), and the
// preconditions of a publication (section 7.1.5).
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "extensions/pubsub/node_config.h"
#include "extensions/pubsub/options.h"
#include "storage/pubsub_store.h"
#include "xmpp/form.h"
#include "xmpp/stanza_error.h"

namespace aldis::pubsub {

struct NodeSettings {
  NodeConfig config{};
  bool is_collection = false;
  std::vector<std::string> collections{};              // its parents
  std::optional<std::vector<std::string>> children{};  // a collection's, where they are known or wanted
};

struct Frame {   // what a service allows
  const PubSubOptions* options;
  bool is_personal = false;
};

[[nodiscard]] NodeConfig default_config(const Frame& frame);
// What of max_items and of the life of an item a service allows; 0: no limit.
[[nodiscard]] std::uint64_t items_kept(const NodeConfig& config, const PubSubOptions& options);
[[nodiscard]] std::uint64_t seconds_kept(const NodeConfig& config, const PubSubOptions& options);

// The form with what stands; of type form (with labels and options), or result.
[[nodiscard]] Form config_form(const NodeSettings& settings, const Frame& frame, FormType type);
// `standing` with what was submitted. Fields that are not named stay. not_acceptable, naming the field: an unknown one, or a value that is
// none or not supported; unsupported-access-model; not_allowed with invalid-options: a collection that is to be a leaf.
[[nodiscard]] Result<NodeSettings, StanzaError> configured(const NodeSettings& standing, const Form& submitted, const Frame& frame);
// Whether a node fits. conflict with precondition-not-met, naming the field.
[[nodiscard]] std::optional<StanzaError> unmet(const NodeSettings& standing, const Form& preconditions, const Frame& frame);

struct NodeFacts {
  BareJid creator;
  WallTime created{};
  std::vector<std::string> owners{};
  std::vector<std::string> publishers{};
  std::size_t subscribers = 0;
};
[[nodiscard]] Form metadata_form(const NodeSettings& settings, const NodeFacts& facts, const Frame& frame);

}  // namespace aldis::pubsub
