// The command get-pending (XEP-0060 1.30 section 8.7): an owner asks which of his nodes have subscription requests, and is sent those of one again.
#include "extensions/pubsub/get_pending.h"

#include "core/extension.h"
#include "core/home.h"
#include "core/virtual_host.h"
#include "extensions/pubsub/errors.h"
#include "extensions/pubsub/service.h"

namespace aldis::pubsub {
namespace {

Form asked_for(const std::vector<Form>&) {
  Form form(FormType::form, ns::pubsub_subscribe_authorization);
  form.fields.push_back(Field("pubsub#node", FieldType::text_single).required_too());
  return form;
}

// The nodes he owns as a list.
Task<Result<Form, StanzaError>> with_nodes(Iq request, Form asked) {
  const Result<std::vector<PubSubNodeAffiliation>> all =
      co_await request.home().world().stores.pubsub.affiliations_of(request.host().jid(), request.from().bare());
  if (!all) {
    co_return fail(answer_to(all.error()));
  }
  Field& nodes = asked.fields.back();
  nodes.type = FieldType::list_single;
  for (const PubSubNodeAffiliation& each : *all) {
    if (each.affiliation == Affiliation::owner) {
      nodes.options.push_back({each.node});
    }
  }
  if (nodes.options.empty()) {   // section 8.7.3.3
    co_return fail(forbidden().with_type(ErrorType::cancel));
  }
  co_return asked;
}

Task<Result<CommandOutcome, StanzaError>> ask_again(Iq request, std::vector<Form> accepted) {
  const std::string node(accepted.front().value("pubsub#node").value_or(""));
  const Completion<Result<void, StanzaError>> done;
  const Jid owner = request.from();
  at_service(
      request.home(), request.host().jid(), node,
      [done, owner, node](Service& service) {
        spawn([](Service::Pin pin, Jid who, std::string name, Completion<Result<void, StanzaError>> told) -> Task<void> {
          Result<void, StanzaError> result = co_await pin->ask_again(std::move(who), std::move(name));
          told.complete(std::move(result));
        }(Service::Pin(service), owner, node, done));
      },
      [done] { done.complete(fail(StanzaError(StanzaCondition::resource_constraint))); });
  const Result<void, StanzaError> result = co_await done;
  if (!result) {
    StanzaError error = result.error();
    if (error.condition == StanzaCondition::forbidden) {
      error.type = ErrorType::cancel;
    }
    co_return fail(std::move(error));
  }
  co_return CommandOutcome{};
}

}  // namespace

void offer_get_pending(Extension& self) {
  self.offer_command({.node = std::string(ns::pubsub_get_pending),
                      .name = "Get pending subscription requests",
                      .may_execute = [](const VirtualHost&, const Jid&) { return true; },
                      .needs_confidentiality = false,
                      .stages = {asked_for},
                      .prefill = with_nodes,
                      .run = ask_again});
}

}  // namespace aldis::pubsub
