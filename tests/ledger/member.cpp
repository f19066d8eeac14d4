// See member.h.
#include "member.h"

#include <cstdio>

#include "stanza_scanner.h"

namespace aldis::ledger {
namespace {
using std::chrono::milliseconds;
constexpr std::chrono::seconds kLoginLimit{30};
constexpr std::chrono::seconds kSilence{20};
}  // namespace

Member::Member(const Company& company, int account)
    : company_(company),
      client_(company.loop, company.options, *this, account),
      archive_(company.book, company.options.user_prefix, account) {}

std::string Member::bare_jid(int account) const {
  return company_.options.user_prefix + std::to_string(account) + "@" + company_.options.domain;
}

void Member::tick(Clock::time_point now) {
  if (client_.is_ended()) {
    if (now >= connect_at_) {
      client_.connect();
    }
  } else if (!client_.is_ready() && now - client_.started() > kLoginLimit) {
    ++company_.counters.bad;
    std::fprintf(stderr, "ledger: account %d: no login after 30 s\n", account());
    cut();
  } else if (client_.is_ready() && (waits() || archive_.waits()) && now - client_.last_heard() > kSilence) {
    ++company_.counters.stalled;  // as a client does whose pings are not answered
    cut();
  }
  archive_.tick(now, client_);
}

void Member::cut() {
  client_.cut();
  come_back_in(milliseconds(0), milliseconds(200));
}

void Member::come_back_in(milliseconds at_least, milliseconds at_most) {
  const auto wait = std::uniform_int_distribution<std::int64_t>(at_least.count(), at_most.count())(company_.random);
  connect_at_ = Clock::now() + milliseconds(wait);
}

void Member::ready(load::Client& client) {
  ++(client.was_resumed() ? company_.counters.resumed : company_.counters.renewed);
  began(!client.was_resumed());
  archive_.ask_again(client);
}

void Member::received(load::Client& client, std::string_view stanza) {
  if (archive_.take(stanza, client)) {
    return;
  }
  const auto name = load::name_of(stanza);
  if (name == "message") {
    got(stanza);
  } else if (name == "iq" &&
             (load::attribute_of(stanza, "type") == "get" || load::attribute_of(stanza, "type") == "set")) {
    client.send_stanza("<iq type='error' id='" + std::string(load::attribute_of(stanza, "id")) + "' to='" +
                       std::string(load::attribute_of(stanza, "from")) +
                       "'><error type='cancel'><service-unavailable "
                       "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>");
  }
}

void Member::ended(load::Client& client, const std::string& why) {
  if (why.find("acknowledgement") != std::string::npos) {
    ++company_.counters.bad;
    std::fprintf(stderr, "ledger: account %d: %s\n", account(), why.c_str());
    client.forget_session();
  } else if (company_.verbose) {
    std::fprintf(stderr, "ledger: account %d: %s\n", account(), why.c_str());
  }
  come_back_in(milliseconds(20), milliseconds(250));
}

}  // namespace aldis::ledger
