// One round: who is here with a certificate, whose certificate holds no more, and their end.
#include "core/certificate_watch.h"

#include <algorithm>
#include <map>

#include "base/log.h"
#include "base/metrics.h"
#include "core/home.h"

namespace aldis {
namespace {

constexpr std::size_t at_a_time = 20;   // judged before others have their turn
metrics::Counter ended_sessions{"aldis_sessions_ended_by_certificate_total", "Sessions whose certificate held no more."};

// Resumes behind what else waits on the executor.
Task<void> others_first(Shard& shard) {
  const Completion<bool> done;
  shard.post([done] { done.complete(true); });
  const bool is_over = co_await done;
  static_cast<void>(is_over);
}

void end_session(Home& home, SessionId id, const CertificateJudgement& judged) {
  Session* session = home.find_session(id);
  if (session == nullptr) {
    return;
  }
  ended_sessions.add();
  log::warning("audit-session-certificate", {{"jid", session->jid().str()},
                                             {"fingerprint", session->principal()->certificate->fingerprint},
                                             {"step", to_string(judged.step)},
                                             {"reason", judged.why},
                                             {"source", session->principal()->source_address}});
  const StreamError error{.condition = StreamCondition::not_authorized, .text = "The certificate holds no more."};
  session->end(&error, "its certificate holds no more");
}

}  // namespace

CertificateWatch::CertificateWatch(World& world, Shard& lobby)
    : world_(world), lobby_(lobby), self_(std::make_shared<CertificateWatch*>(this)) {}

CertificateWatch::~CertificateWatch() {
  *self_ = nullptr;
  if (timer_ != TimerId::none) {
    lobby_.cancel(timer_);
  }
}

void CertificateWatch::start() {
  if (world_.certificates != nullptr) {
    arm();
  }
}

void CertificateWatch::arm() {
  timer_ = lobby_.after(interval_, [this] {
    timer_ = TimerId::none;
    spawn(look(world_, lobby_, self_));
  });
}

Task<std::vector<CertificateWatch::Watched>> CertificateWatch::sessions_of(World& world) {
  std::vector<Watched> all;
  for (const auto& home : world.homes) {
    const Completion<std::vector<Watched>> done;
    home->shard().post([&here = *home, done] {
      std::vector<Watched> found;
      here.for_each_session([&](const Session& session) {
        if (session.principal()->certificate && !session.is_ending()) {
          found.push_back({session.id(), session.principal()});
        }
      });
      done.complete(std::move(found));
    });
    std::vector<Watched> some = co_await done;
    std::ranges::move(some, std::back_inserter(all));
  }
  co_return all;
}

Task<void> CertificateWatch::look(World& world, Shard& lobby, std::shared_ptr<CertificateWatch*> self) {
  std::vector<Watched> all;
  if (const bool is_used = world.certificates->is_used(); is_used || (*self)->was_used_) {
    (*self)->was_used_ = is_used;   // once more after the last domain has given it up
    all = co_await sessions_of(world);
  }
  std::map<std::pair<std::string, std::string>, CertificateJudgement> judged;   // by domain and certificate
  std::size_t count = 0;
  for (const Watched& each : all) {
    const ClientCertificate& certificate = *each.principal->certificate;
    const std::pair key(std::string(each.principal->identity.domain()), certificate.fingerprint);
    auto found = judged.find(key);
    if (found == judged.end()) {
      if (++count % at_a_time == 0) {
        co_await others_first(lobby);
      }
      CertificateJudgement fresh = co_await world.certificates->judge(certificate.chain, key.first);
      found = judged.emplace(key, std::move(fresh)).first;
    }
    const CertificateJudgement& now = found->second;
    const bool is_doubt = now.step == CertificateStep::directory;
    const bool is_still = std::ranges::find(now.accounts(), each.principal->identity) != now.accounts().end();
    if (is_doubt || is_still) {
      continue;
    }
    CertificateJudgement why = now;
    if (why.why.empty()) {
      why.why = "it is another account's now";
    }
    Home& home = world.home_of(each.principal->identity.str());
    home.shard().post([&home, id = each.session, why = std::move(why)] { end_session(home, id, why); });
  }
  if (*self != nullptr) {
    (*self)->arm();
  }
}

}  // namespace aldis
