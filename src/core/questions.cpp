// Requests in accounts' names: asking, taking the answer, giving up after a while.
#include "core/questions.h"

#include "base/metrics.h"
#include "core/home.h"
#include "xml/writer.h"

namespace aldis {
namespace {
metrics::Counter asked{"aldis_questions_total", "Requests the server made in the name of accounts."};
metrics::Counter unanswered{"aldis_questions_unanswered_total", "Requests of the server that nobody answered in time."};
}  // namespace

Questions::~Questions() {
  if (timer_ != TimerId::none) {
    home_.shard().cancel(timer_);
  }
}

bool Questions::get(const BareJid& asker, const Jid& to, std::string_view payload, Answered answered) {
  if (waiting_.size() >= most) {
    return false;
  }
  asked.add();
  std::string id = random_token(home_.world().random);
  std::string xml;
  xml::Writer writer(xml);
  writer.start("iq").attribute("type", "get").attribute("id", id).attribute("from", asker.str()).attribute("to", to.str());
  writer.raw(payload).end();
  deadlines_.emplace_back(home_.now() + patience, id);
  waiting_.emplace(std::move(id), Waiting{asker, to, std::move(answered)});
  arm();
  home_.router().route(home_, Envelope{Stanza::make(std::move(xml)), nullptr, SessionId::none, home_.next_trace()});
  return true;
}

void Questions::take(const Stanza& answer) {
  const auto found = waiting_.find(answer.id());
  if (found == waiting_.end() || !answer.from() || !answer.to() || *answer.from() != found->second.to ||
      *answer.to() != found->second.asker) {
    return;
  }
  Answered answered = std::move(found->second.answered);
  waiting_.erase(found);
  answered(&answer);
}

void Questions::arm() {
  if (timer_ == TimerId::none && !deadlines_.empty()) {
    const auto left = std::max(deadlines_.front().first - home_.now(), Monotonic::duration::zero());
    timer_ = home_.shard().after(std::chrono::duration_cast<std::chrono::milliseconds>(left) + std::chrono::milliseconds(1), [this] {
      timer_ = TimerId::none;
      give_up_old();
    });
  }
}

void Questions::give_up_old() {
  while (!deadlines_.empty() && deadlines_.front().first <= home_.now()) {
    const std::string id = std::move(deadlines_.front().second);
    deadlines_.pop_front();
    if (const auto found = waiting_.find(id); found != waiting_.end()) {
      unanswered.add();
      Answered answered = std::move(found->second.answered);
      waiting_.erase(found);
      answered(nullptr);
    }
  }
  arm();
}

}  // namespace aldis
