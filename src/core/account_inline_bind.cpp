// What XEP-0386 (1.1.0) adds to binding a resource: a name made here, what the client asked for with it, and the end of its
// earlier sessions; and who may bind at all. Left out: clearing the messages that wait (section 3.2), which a client that does
// not ask the archive would lose; they are handed over as ever.
#include <algorithm>

#include "core/account.h"
#include "core/home.h"
#include "core/virtual_host.h"
#include "xmpp/namespaces.h"

namespace aldis {

// Section 3.2: the state of the archive at the time of binding. What arrives while it is read waits, and is delivered to the
// new session too.
void Account::describe_and_bind(BindRequest request) {
  if (host_.bound_metadata.empty()) {
    request.inline_bind->metadata.emplace();
    bind_now(std::move(request));
    return;
  }
  is_busy_ = true;
  spawn(bind_waiting(Pin(*this), std::move(request)));
}

Task<void> Account::bind_waiting(Pin self, BindRequest request) {
  std::string metadata;
  for (const auto& describe : self->host_.bound_metadata) {
    std::string part = co_await describe(*self);
    metadata += part;
  }
  request.inline_bind->metadata = std::move(metadata);
  self->is_busy_ = false;
  self->bind_now(std::move(request));
  self->drain_inbox();
}

// Section 3.2.1: the client's tag, and what the server makes: for one client of an account always the same.
std::string Account::inline_resource(const BindRequest& request) const {
  const std::string& known = request.principal->client_name;
  std::string own = known.empty() ? random_token(home_.world().random, 64) : known;
  if (!request.inline_bind->tag.empty()) {
    if (auto resource = prepare_resource(request.inline_bind->tag + "/" + own)) {
      return std::move(*resource);
    }
  }
  return own;
}

// Each request once, in the client's order; what nobody knows is left out.
void Account::answer_inline(Session& session, InlineBinding& wish) {
  std::string bound = "<bound xmlns='" + std::string(ns::bind2) + "'>" + wish.metadata.value_or("");
  std::vector<const VirtualHost::InlineFeature*> done;
  for (const std::string& request : wish.requests) {
    // Anew with its declarations it may be larger than what came; what is too large to be read again is not known either.
    const auto document = xml::parse(request, xml::Scope{std::string(ns::client), {}});
    if (!document) {
      continue;
    }
    const xml::Element element = (*document)->root();
    const auto known = std::ranges::find_if(host_.inline_features, [&](const auto& feature) { return element.is(feature.name); });
    if (known != host_.inline_features.end() && std::ranges::find(done, &*known) == done.end()) {
      done.push_back(&*known);
      bound += known->handler(session, element);
    }
  }
  wish.answer(session.jid(), bound + "</bound>", session.connection());
}

// ---- clients, known by their user-agent ids

void Account::end_earlier_sessions(const Principal& principal) {
  if (!principal.client.empty()) {
    end_sessions_where([&](const Session& session) { return session.principal()->client == principal.client; },
                       {.condition = StreamCondition::conflict, .text = "The same client has bound anew."},
                       "the same client has bound anew");
  }
}

std::size_t Account::end_sessions_of_client(const std::string& client) {
  return end_sessions_where(
      [&](const Session& session) {
        const std::string& own = session.principal()->client;
        return client.empty() ? !own.empty() : own == client;
      },
      {.condition = StreamCondition::not_authorized, .text = "This client's access was taken back."}, "client forgotten");
}

std::size_t Account::end_sessions_where(const std::function<bool(const Session&)>& is_meant, const StreamError& error,
                                        std::string_view reason) {
  std::vector<SessionId> ids;
  for (const auto& session : sessions_) {
    if (is_meant(*session)) {
      ids.push_back(session->id());
    }
  }
  for (const SessionId id : ids) {
    if (Session* session = home_.find_session(id)) {
      session->end(&error, reason);
    }
  }
  return ids.size();
}

// ---- credentials that have ended (security S13)

void Account::learn_credentials(std::optional<WallTime> changed, bool is_enabled) {
  credentials_changed_ = changed;
  is_enabled_ = is_enabled;
}

bool Account::trusts(const Principal& principal) const {
  return !principal.credentials_changed || (is_enabled_ && principal.credentials_changed == credentials_changed_);
}

}  // namespace aldis
