// LinkedNodes: nodes that a feature keeps in step within a service: what is published to one changes items of others, is stored with them in one
// transaction and told with them (XEP-0470's summaries, XEP-0402's older list of bookmarks). Given while extensions are installed:
// seam_of(self).links. All of it runs in the part of the service that has the nodes: those that are linked live in the same one.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "extensions/pubsub/service.h"

namespace aldis::pubsub {

class LinkedNodes {
 public:
  virtual ~LinkedNodes() = default;
  // Whether the node is one of them; of the nodes below each is.
  [[nodiscard]] virtual bool includes(std::string_view node) const = 0;
  // The node whose rules say who may do what with this one, as if it were done with that; nothing: it has its own.
  [[nodiscard]] virtual std::optional<std::string> ruled_by(const BareJid& service, std::string_view node) const = 0;
  // Why nobody may ask this; `verb` as in the request. Nothing: who may, may.
  [[nodiscard]] virtual std::optional<StanzaError> forbids(std::string_view node, std::string_view verb, bool is_set) const = 0;
  // The nodes that are held while items of this one change, itself among them, in an order that is always the same. None: itself.
  [[nodiscard]] virtual std::vector<std::string> held_with(const BareJid& service, std::string_view node) const = 0;

  // Before a publication is looked at: makes the nodes that are missing. Its error is the publisher's answer.
  virtual Task<std::optional<StanzaError>> prepare(Service& service, Asker asker, Service::Publication& publication) = 0;
  // What else changes when this is done, with the nodes held. It may amend what is published. Its error is the answer to who wanted it.
  virtual Task<Result<std::vector<Service::ItemsEdit>, StanzaError>> follow(Service& service, Service::ItemsEdit& edit) = 0;
  // Before items of the node are read: what has come out of step is mended. Its error is the answer.
  virtual Task<std::optional<StanzaError>> refresh(Service& service, std::string node) = 0;
  // Of any node of the service, with its `changes` held: these items have left it without a request for each; or all, as it will be gone.
  virtual Task<void> have_left(Service& service, NodePtr node, std::vector<std::string> ids) = 0;
  virtual Task<std::optional<StanzaError>> is_emptied(Service& service, NodePtr node) = 0;
};

}  // namespace aldis::pubsub
