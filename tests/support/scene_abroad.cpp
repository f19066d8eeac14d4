// What a scene's domains send abroad, and what comes from there.
#include "tests/support/scene_abroad.h"

#include "tests/support/scene.h"

namespace aldis::test {

void SceneAbroad::send(Home&, Envelope envelope) {
  ensure(envelope.stanza->to().has_value() && scene_.world().find_host(envelope.stanza->to()->domain()) == nullptr,
         "only what is for elsewhere goes abroad");
  out_.push_back(std::move(envelope));
}

std::string SceneAbroad::enter(std::string_view xml, std::string_view domain) {
  const xml::Scope scope{"jabber:server", {{"stream", "http://etherx.jabber.org/streams"}}};
  auto stanza = Stanza::parse_from_server(std::string(xml), scope);
  ensure(stanza.has_value(), "a scene's servers send stanzas");
  const std::string proved(!domain.empty() ? domain : (*stanza)->from() ? (*stanza)->from()->domain() : std::string_view("nowhere.example"));
  auto server = std::make_shared<Principal>(
      Principal{.identity = *BareJid::parse(proved), .mechanism = "EXTERNAL", .is_confidential = true, .is_peer = true});
  const Result<void, StreamError> entered =
      scene_.world().router.receive(Envelope{.stanza = std::move(*stanza), .sender = std::move(server)});
  scene_.run();
  return entered ? "none" : std::string(to_string(entered.error().condition));
}

void SceneAbroad::sends(std::string_view xml, const std::source_location& where) {
  const std::string refusal = enter(xml, {});
  if (refusal != "none") {
    ADD_FAILURE_AT(where.file_name(), static_cast<int>(where.line())) << "refused with " << refusal << ": " << xml;
  }
}

std::string SceneAbroad::is_refused(std::string_view xml, std::string_view domain) { return enter(xml, domain); }

Envelope SceneAbroad::take(std::deque<Envelope>::iterator it) {
  Envelope taken = std::move(*it);
  out_.erase(it);
  last_ = taken;
  last_.acceptance.reset();
  if (is_slow_) {
    under_way_.push_back(taken);
  }
  return taken;
}

std::string SceneAbroad::next(const std::source_location& where) {
  scene_.run();
  if (out_.empty()) {
    ADD_FAILURE_AT(where.file_name(), static_cast<int>(where.line())) << "nothing went abroad";
    return {};
  }
  return take(out_.begin()).stanza->to_xml();
}

std::string SceneAbroad::receives(std::initializer_list<std::string_view> fragments, const std::source_location& where) {
  std::string stanza = next(where);
  for (const std::string_view fragment : fragments) {
    if (stanza.find(fragment) == std::string::npos) {
      ADD_FAILURE_AT(where.file_name(), static_cast<int>(where.line())) << "abroad expected " << fragment << " and received " << stanza;
    }
  }
  return stanza;
}

std::string SceneAbroad::receives_among(std::initializer_list<std::string_view> fragments, const std::source_location& where) {
  scene_.run();
  std::string all;
  for (auto it = out_.begin(); it != out_.end(); ++it) {
    std::string stanza = it->stanza->to_xml();
    if (std::ranges::all_of(fragments, [&](std::string_view each) { return stanza.find(each) != std::string::npos; })) {
      static_cast<void>(take(it));
      return stanza;
    }
    all += "\n  " + stanza;
  }
  ADD_FAILURE_AT(where.file_name(), static_cast<int>(where.line()))
      << "abroad expected " << *fragments.begin() << " ... among" << (all.empty() ? " nothing" : all);
  return {};
}

void SceneAbroad::receives_nothing(const std::source_location& where) {
  scene_.run();
  if (!out_.empty()) {
    ADD_FAILURE_AT(where.file_name(), static_cast<int>(where.line()))
        << "abroad expected nothing and received " << out_.front().stanza->to_xml();
    out_.clear();
  }
}

void SceneAbroad::ignores_the_rest() {
  scene_.run();
  out_.clear();
}

std::size_t SceneAbroad::waiting() {
  scene_.run();
  return out_.size();
}

void SceneAbroad::arrived() {
  under_way_.clear();
  scene_.run();
}

void SceneAbroad::gives_back(StanzaCondition condition) {
  scene_.run();
  std::vector<Envelope> back = std::exchange(under_way_, {});
  for (Envelope& envelope : std::exchange(out_, {})) {
    back.push_back(std::move(envelope));
  }
  for (Envelope& envelope : back) {
    scene_.world().router.give_back(std::move(envelope), StanzaError(condition));
  }
  back.clear();
  scene_.run();
}

}  // namespace aldis::test
