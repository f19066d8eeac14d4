// What other features do with nodes, and what happens at a node's shard for them.
#include "extensions/pubsub/nodes.h"

#include "core/virtual_host.h"
#include "extensions/pubsub/errors.h"
#include "extensions/pubsub/personal.h"
#include "extensions/pubsub/service.h"

namespace aldis::pubsub {
namespace {

// Runs the task that `begin` makes at the node's service, and resumes with what it returns.
template <class T, class Begin>
Task<Result<T, StanzaError>> there(Home& here, NodeAddress where, Begin begin) {
  const Completion<Result<T, StanzaError>> done;
  at_service(
      here, where.service, where.node,
      [done, begin = std::move(begin)](Service& service) {
        spawn([](Service::Pin pin, Task<Result<T, StanzaError>> task, Completion<Result<T, StanzaError>> told) -> Task<void> {
          Result<T, StanzaError> result = co_await std::move(task);
          told.complete(std::move(result));
        }(Service::Pin(service), begin(service), done));
      },
      [done] { done.complete(fail(StanzaError(StanzaCondition::resource_constraint))); });
  Result<T, StanzaError> result = co_await done;
  co_return result;
}

Task<Result<std::string, StanzaError>> publish_there(Service& service, Service::Publication publication) {
  Result<Asker, StanzaError> asker = co_await service.asker_of(publication.who, publication.sender);
  if (!asker) {
    co_return fail(asker.error());
  }
  Result<std::string, StanzaError> id = co_await service.publish(std::move(*asker), std::move(publication));
  co_return id;
}

Task<Result<void, StanzaError>> retract_there(Service& service, Jid who, Service::Retraction retraction) {
  Result<Asker, StanzaError> asker = co_await service.asker_of(who, nullptr);
  if (!asker) {
    co_return fail(asker.error());
  }
  Result<void, StanzaError> done = co_await service.retract(std::move(*asker), std::move(retraction));
  co_return done;
}

}  // namespace

Task<Result<std::string, StanzaError>> publish(Home& here, NodeAddress where, Jid who, std::string id, std::string payload, std::optional<Form> options) {
  const Service::Publication publication{.who = std::move(who), .node = where.node, .id = std::move(id), .payload = std::move(payload), .options = std::move(options)};
  return there<std::string>(here, std::move(where), [publication](Service& service) { return publish_there(service, publication); });
}

Task<Result<void, StanzaError>> retract(Home& here, NodeAddress where, Jid who, std::string id, bool notify) {
  const Service::Retraction retraction{.node = where.node, .id = std::move(id), .notify = notify};
  return there<void>(here, std::move(where), [who = std::move(who), retraction](Service& service) { return retract_there(service, who, retraction); });
}

Task<Result<std::vector<PubSubItem>, StanzaError>> newest(Home& here, NodeAddress where, std::size_t limit) {
  const std::string node = where.node;
  return there<std::vector<PubSubItem>>(here, std::move(where), [node, limit](Service& service) { return service.newest(node, limit); });
}

void show_last_items(Home& here, BareJid service, Interested client, std::vector<std::string> nodes) {
  if (service.has_local()) {
    at_service(
        here, service, {}, [client = std::move(client), nodes = std::move(nodes)](Service& there) { there.show_last(client, nodes); }, [] {});
    return;
  }
  for (const std::string& node : nodes) {   // each in its part
    at_service(
        here, service, node, [client, node](Service& there) { there.show_last(client, {node}); }, [] {});
  }
}

}  // namespace aldis::pubsub
