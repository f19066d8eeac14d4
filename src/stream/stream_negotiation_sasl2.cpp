// The profile of XEP-0388: <authenticate/>, its tasks, and the success that brings a resource with it.
#include <utility>

#include "base/ensure.h"
#include "stream/stream_negotiation.h"
#include "xmpp/namespaces.h"

namespace aldis::stream {

Step StreamNegotiation::begin_sasl2(const xml::Element& element) {
  if (!offer_.sasl2) {
    return refuse(Event::other);  // nothing of ours
  }
  Authenticate read = parse_authenticate(element, *offer_.sasl2);
  read.request.from = client_from_;
  inline_ = EstablishSession{.resume = std::move(read.resume), .bind = std::move(read.bind), .elements = {}};
  is_sasl2_ = true;
  state_ = State::verdict;
  return Step{{}, BeginAuthentication{std::move(read.mechanism), std::move(read.initial_response), std::move(read.request)}};
}

Step StreamNegotiation::begin_task(const xml::Element& element) {
  state_ = State::verdict;
  return Step{{}, BeginTask{task_name(element)}};
}

Step StreamNegotiation::continue_task(const xml::Element& element) {
  state_ = State::verdict;
  return Step{{}, ContinueTask{task_hash(element)}};
}

Step StreamNegotiation::on_sasl2_answer(const SaslAnswer& answer) {
  Step step;
  if (const auto* challenge = std::get_if<SaslChallenge>(&answer)) {
    append_sasl2_challenge(step.bytes, challenge->data);
    state_ = State::sasl2;
  } else if (const auto* going_on = std::get_if<SaslContinue>(&answer)) {
    append_sasl2_continue(step.bytes, going_on->data, going_on->task);
    state_ = State::task;
  } else if (const auto* task = std::get_if<SaslTask>(&answer)) {
    append_sasl2_task_data(step.bytes, task->salt, task->iterations);
    state_ = State::task_data;
  } else if (const auto* success = std::get_if<SaslSuccess>(&answer)) {
    return succeed_sasl2(*success);
  } else {
    const auto& failure = std::get<SaslFailure>(answer);
    append_sasl2_failure(step.bytes, failure.condition);
    inline_ = {};  // section 2.6.2: not processed
    state_ = State::sasl;
    if (failure.attempts_left == 0) {
      Step end = close({.condition = StreamCondition::policy_violation, .text = "too many failed authentications"});
      step.bytes.append(end.bytes);
      step.demand = std::move(end.demand);
    }
  }
  return step;
}

Step StreamNegotiation::succeed_sasl2(const SaslSuccess& success) {
  ensure(success.identity.domain() == domain_, "an identity is of the stream's domain");
  if (!client_from_.empty() && client_from_ != success.identity.str()) {
    return close({.condition = StreamCondition::invalid_from});  // the exchange has refused it already
  }
  identity_ = success.identity;
  sasl2_success_ = success;
  // What holds after authentication: asked for now, because a binding is reported from another thread than the owner's.
  if (auto after = domains_.offer(domain_)) {
    offer_ = std::move(*after);
  }
  state_ = State::establishing;
  if (inline_.resume || inline_.bind) {
    return Step{{}, std::exchange(inline_, {})};
  }
  return established({});
}

Step StreamNegotiation::established(const Established& outcome) {
  if (state_ == State::closed) {
    return Step{{}, CloseConnection{}};
  }
  ensure(state_ == State::establishing && sasl2_success_ && identity_ &&
             (!outcome.address || outcome.address->bare_str() == identity_->str()),
         "a session is established when it was asked for, of the identity that was authenticated");
  Step step;
  const Jid identity = outcome.address ? Jid(*outcome.address) : Jid(*identity_);
  append_sasl2_success(step.bytes, sasl2_success_->data, identity, outcome.elements, sasl2_success_->token);
  sasl2_success_.reset();
  state_ = outcome.address ? State::done : State::bind;
  write_features(step.bytes, state_);
  return step;
}

}  // namespace aldis::stream
