// How a stranger becomes a session, or one again: its connection goes to its account's home, and comes back only if it is refused there.
#include "core/stranger.h"

namespace aldis {

template <class Request>
void Lobby::Stranger::hand_over(Request request, const std::shared_ptr<stream::Demand>& next, void (Home::*take)(Request)) {
  cancel_timer();
  connection_->detach();
  connection_->resume();  // paused for the verdict, where it binds in the same step; whoever attaches it next reads on
  Shard& lobby_shard = lobby_.shard_;
  request.connection = std::move(connection_);
  request.principal = principal_;
  request.scope = negotiation_->scope();
  request.lang = negotiation_->peer_lang();
  request.give_back = [&lobby = lobby_, &lobby_shard, id = id_, next](std::unique_ptr<net::Connection> connection) {
    lobby_shard.post([&lobby, id, next, moved = std::move(connection)]() mutable {
      if (Stranger* self = lobby.find(id)) {
        self->give_back(std::move(moved), std::move(*next));
      }
    });
  };
  Home& home = lobby_.world_.home_of(principal_->identity.str());
  home.shard().post([&home, take, moved = std::move(request)]() mutable { (home.*take)(std::move(moved)); });
}

bool Lobby::Stranger::carry_out(stream::BindResource& demand) {
  std::optional<std::string> resource;
  if (demand.resource) {
    Result<std::string, JidError> prepared = prepare_resource(*demand.resource);
    if (!prepared) {  // RFC 6120 section 7.7.2.1
      return do_step(negotiation_->bind_refused(StanzaError(StanzaCondition::bad_request)));
    }
    resource = std::move(*prepared);
  }
  auto next = std::make_shared<stream::Demand>();
  BindRequest request;
  request.resource = std::move(resource);
  request.answer = [&lobby = lobby_, id = id_, negotiation = negotiation_, next](Result<FullJid, StanzaError> outcome,
                                                                               net::Connection& connection) {
    const bool is_bound = outcome.has_value();
    stream::Step step = is_bound ? negotiation->bound(*outcome) : negotiation->bind_refused(outcome.error());
    connection.send(step.bytes);
    *next = std::move(step.demand);
    if (is_bound) {
      lobby.shard_.post([&lobby, id] { lobby.forget(id); });
    }
  };
  hand_over(std::move(request), next, &Home::bind);
  return false;
}

// XEP-0198 section 5: as binding.
bool Lobby::Stranger::carry_out(stream::ResumeStream& demand) {
  auto next = std::make_shared<stream::Demand>();
  ResumptionRequest request;
  request.request = std::move(demand.request);
  request.answer = [&lobby = lobby_, id = id_, negotiation = negotiation_, next](Result<Resumed, ResumptionRefusal> outcome,
                                                                               net::Connection& connection) {
    stream::Step step = outcome                         ? negotiation->resumed(outcome->xml)
                        : outcome.error().stream_error ? negotiation->close(*outcome.error().stream_error)
                                                       : negotiation->resume_refused(outcome.error().xml());
    connection.send(step.bytes);
    *next = std::move(step.demand);
    if (outcome) {
      lobby.shard_.post([&lobby, id] { lobby.forget(id); });
    }
  };
  hand_over(std::move(request), next, &Home::resume);
  return false;
}

// Both inside <authenticate/>: a resumption that is refused goes on to the binding, if there is one (XEP-0386 section 3.2, XEP-0198
// section 8.3).
bool Lobby::Stranger::carry_out(stream::EstablishSession& demand) {
  if (demand.resume) {
    resume_inline(std::move(demand));
  } else {
    ensure(demand.bind.has_value(), "only what is offered is asked for");
    bind_inline(std::move(demand));
  }
  return false;
}

void Lobby::Stranger::resume_inline(stream::EstablishSession demand) {
  auto next = std::make_shared<stream::Demand>();
  ResumptionRequest request;
  request.request = std::move(*demand.resume);
  request.answer = [&lobby = lobby_, id = id_, negotiation = negotiation_, next, bind = std::move(demand.bind)](
                       Result<Resumed, ResumptionRefusal> outcome, net::Connection& connection) mutable {
    if (outcome) {
      connection.send(negotiation->established({outcome->jid, std::move(outcome->xml)}).bytes);
      lobby.shard_.post([&lobby, id] { lobby.forget(id); });
      return;
    }
    stream::Step step;
    if (outcome.error().stream_error) {
      step = negotiation->close(*outcome.error().stream_error);
    } else if (bind) {
      step.demand = stream::EstablishSession{.resume = {}, .bind = std::move(bind), .elements = outcome.error().xml()};
    } else {
      step = negotiation->established({.address = {}, .elements = outcome.error().xml()});
    }
    connection.send(step.bytes);
    *next = std::move(step.demand);
  };
  hand_over(std::move(request), next, &Home::resume);
}

void Lobby::Stranger::bind_inline(stream::EstablishSession demand) {
  auto next = std::make_shared<stream::Demand>();
  BindRequest request;
  request.answer = [negotiation = negotiation_, next, elements = demand.elements](Result<FullJid, StanzaError> outcome,
                                                                                 net::Connection& connection) {
    ensure(!outcome, "an inline binding has an answer of its own");
    stream::Step step = negotiation->established({.address = {}, .elements = elements});
    connection.send(step.bytes);
    *next = std::move(step.demand);
  };
  InlineBinding& wish = request.inline_bind.emplace();
  wish.tag = std::move(demand.bind->tag);
  wish.requests = std::move(demand.bind->requests);
  wish.answer = [&lobby = lobby_, id = id_, negotiation = negotiation_, elements = std::move(demand.elements)](
                    const FullJid& address, std::string bound, net::Connection& connection) {
    connection.send(negotiation->established({address, elements + bound}).bytes);
    lobby.shard_.post([&lobby, id] { lobby.forget(id); });
  };
  hand_over(std::move(request), next, &Home::bind);
}

}  // namespace aldis
