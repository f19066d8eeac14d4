// XEP-0077 (2.4) In-Band Registration: users change their own password and, if the domain allows, remove their account;
// strangers make one only where registration is switched on. Passwords pass the one door (core/administration.h).
// Not here: registration with other entities, or with data forms beyond username and password.
#include <cstring>

#include "base/log.h"
#include "core/account.h"
#include "core/administration.h"
#include "core/extension.h"
#include "core/home.h"
#include "core/session.h"
#include "core/virtual_host.h"
#include "extensions/extensions.h"
#include "xmpp/namespaces.h"

namespace aldis::ext {
namespace {

struct RegistrationConfig {
  bool allow_registration = false;
  bool allow_removal = false;
};
constexpr auto options = std::tuple{
    Option{"allow_registration", &RegistrationConfig::allow_registration,
           "Strangers may make an account, inside TLS, before they log in."},
    Option{"allow_removal", &RegistrationConfig::allow_removal, "Users may remove their own account."}};

struct Wish {
  std::optional<std::string> username;
  std::optional<std::string> password;
  bool is_removal = false;
};

Wish read(const xml::Element& query) {
  Wish wish;
  if (const auto username = query.child({"username", ns::registration})) {
    wish.username = username->text();
  }
  if (const auto password = query.child({"password", ns::registration})) {
    wish.password = password->text();
  }
  wish.is_removal = query.child({"remove", ns::registration}).has_value();
  return wish;
}

StanzaError refusal(const Error& error) {
  switch (error.kind) {
    case ErrorKind::invalid:
    case ErrorKind::limit: return StanzaError(StanzaCondition::not_acceptable, error.what);
    case ErrorKind::already_exists: return StanzaError(StanzaCondition::conflict);
    case ErrorKind::not_found: return StanzaError(StanzaCondition::item_not_found);
    case ErrorKind::denied: return StanzaError(StanzaCondition::not_allowed, error.what);
    default: return StanzaError(StanzaCondition::resource_constraint);
  }
}

// Section 3.3: one's own password. Section 3.2: one's own account.
Task<StanzaPtr> change_own(Iq request, Wish wish) {
  Administration& administration = *request.home().world().administration;
  const BareJid owner = request.owner();
  if (wish.is_removal) {
    // The result goes out before the sessions end.
    const auto answer_now = [&request] { request.home().reply(request.envelope(), request.result()); };
    const Result<void> removed = co_await administration.delete_account(owner, answer_now);
    co_return removed ? nullptr : request.error(refusal(removed.error()));
  }
  const Result<void> changed =
      co_await administration.set_password(owner, SecretBytes(*wish.password), request.envelope().origin, ChangedBy::its_owner);
  ::explicit_bzero(wish.password->data(), wish.password->size());
  if (changed && request.envelope().sender->must_change_password) {   // what its session was for is done: it logs in anew
    request.home().reply(request.envelope(), request.result());
    if (Session* session = request.session()) {
      const StreamError again{.condition = StreamCondition::reset, .text = "The password was changed: log in with the new one."};
      session->end(&again, "password changed as it had to be");
    }
    co_return nullptr;
  }
  co_return changed ? request.result() : request.error(refusal(changed.error()));
}

// Of this domain, with an account of his own (security S14).
bool is_own_user(const Iq& request) {
  return request.from().domain() == request.host().domain() && request.envelope().sender != nullptr &&
         !request.envelope().sender->is_anonymous;
}

Task<StanzaPtr> create(World& world, StanzaPtr request, BareJid jid, SecretBytes password) {
  const Result<void> created = co_await world.administration->create_account(jid, std::move(password));
  co_return created ? make_result(*request) : make_error(*request, refusal(created.error()));
}

Task<StanzaPtr> answered(StanzaPtr answer) { co_return answer; }

constexpr std::string_view empty_form =
    "<query xmlns='jabber:iq:register'><instructions>Choose a username and a password.</instructions>"
    "<username/><password/></query>";

}  // namespace

const OptionTable& registration_options() { return option_table<RegistrationConfig>(options); }

void install_registration(Extension& self) {
  constexpr XmlName query{"query", ns::registration};
  const auto config = self.config<RegistrationConfig>();
  self.advertise(ns::registration);
  self.on_iq_get(query, {Recipient::server, Recipient::own_account}, [](const Iq& request) -> IqReply {
    if (!is_own_user(request)) {
      return request.error(StanzaCondition::not_allowed);
    }
    std::string payload;
    xml::Writer writer(payload);
    writer.start("query", ns::registration).start("registered").end();
    writer.element("username", request.from().local()).start("password").end().end();
    return request.result(payload);
  });
  self.on_iq_set(query, {Recipient::server, Recipient::own_account}, [config](const Iq& request) -> IqReply {
    Wish wish = read(request.payload());
    if (!is_own_user(request)) {
      return request.error(StanzaCondition::not_allowed);
    }
    if (wish.is_removal) {
      if (request.payload().child_count() != 1) {
        return request.error(StanzaCondition::bad_request);
      }
      if (!config.allow_removal || request.envelope().sender->must_change_password) {
        return request.error(StanzaCondition::not_allowed);
      }
      return change_own(Iq(request.envelope(), Recipient::own_account, request.host(), request.home()), std::move(wish));
    }
    if (!wish.username || !wish.password) {
      return request.error(StanzaCondition::bad_request);
    }
    if (!request.is_confidential()) {  // section 3.3; security T08
      log::warning("password-change-refused", {{"account", request.from().bare_str()}, {"reason", "the stream is not encrypted"}});
      return request.error(StanzaCondition::not_authorized, "This stream is not encrypted: no password may pass through it.");
    }
    const Result<std::string, JidError> name = prepare_local(*wish.username);
    if (!name || *name != request.from().local()) {
      log::info("audit-password-refused", {{"account", request.from().bare_str()}, {"by", "its owner"}, {"reason", "another name was asked for"}});
      return request.error(StanzaCondition::not_allowed);  // security S14: nobody else's
    }
    return change_own(Iq(request.envelope(), Recipient::own_account, request.host(), request.home()), std::move(wish));
  });
  if (!config.allow_registration) {
    return;
  }
  self.host().registration = [&world = self.world(), domain = std::string(self.host().domain())](
                                 StanzaPtr request, std::string) -> Task<StanzaPtr> {
    if (request->type() == StanzaType::get) {
      return answered(make_result(*request, empty_form));
    }
    const Wish wish = read(*request->payload());
    if (wish.is_removal || !wish.username || !wish.password) {
      return answered(make_error(*request, StanzaError(StanzaCondition::not_acceptable)));  // section 3.1.1
    }
    Result<BareJid, JidError> jid = BareJid::of(*wish.username, domain);
    if (!jid || !jid->has_local()) {
      return answered(make_error(*request, StanzaError(StanzaCondition::jid_malformed)));
    }
    return create(world, std::move(request), std::move(*jid), SecretBytes(*wish.password));
  };
}

}  // namespace aldis::ext
