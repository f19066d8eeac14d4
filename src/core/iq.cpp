// Requests, their answers, and the table of who answers.
#include "core/iq.h"

#include "base/log.h"
#include "core/account.h"
#include "core/home.h"
#include "core/session.h"

namespace aldis {

StanzaError answer_to(const Error& failure) {
  switch (failure.kind) {
    case ErrorKind::full:
    case ErrorKind::unavailable:
    case ErrorKind::timeout:
    case ErrorKind::cancelled: return StanzaError(StanzaCondition::resource_constraint);
    default: return StanzaError(StanzaCondition::internal_server_error);
  }
}

BareJid Iq::owner() const {
  const auto& to = stanza().to();
  return to && to->has_local() ? to->bare() : from().bare();
}

Account* Iq::account() const { return home_->find_account(owner()); }

Session* Iq::session() const { return home_->find_session(envelope_.origin); }

bool Iq::sender_sees_presence() const {
  if (recipient_ == Recipient::own_account) {
    return true;
  }
  const Account* account = this->account();
  return account != nullptr && account->may_see_presence(from());
}

StanzaPtr Iq::failure(const Error& error) const {
  log::warning("request-failed", {{"from", from().str()},
                                  {"payload", payload().ns()},
                                  {"kind", to_string(error.kind)},
                                  {"cause", error.what}});
  return this->error(answer_to(error));
}

std::size_t IqTable::Hash::operator()(const View& view) const {
  return KeyedStringHash{}(view.ns) * 31 + KeyedStringHash{}(view.local) * 7 + static_cast<std::size_t>(view.type) * 4 +
         static_cast<std::size_t>(view.recipient);
}

void IqTable::add(StanzaType type, XmlName payload, Recipient recipient, IqHandler handler) {
  const bool is_new =
      handlers_.emplace(Key{type, recipient, std::string(payload.ns), std::string(payload.local)}, std::move(handler)).second;
  ensure(is_new, "one handler per request");
}

const IqHandler* IqTable::find(StanzaType type, XmlName payload, Recipient recipient) const {
  const auto found = handlers_.find(View{type, recipient, payload.ns, payload.local});
  return found == handlers_.end() ? nullptr : &found->second;
}

}  // namespace aldis
