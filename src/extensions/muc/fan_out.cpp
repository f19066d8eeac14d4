// A room's words on their way to its occupants.
#include "extensions/muc/fan_out.h"

#include <algorithm>

#include "base/metrics.h"
#include "core/world.h"

namespace aldis::muc {
namespace {
metrics::Counter deliveries{"aldis_room_deliveries_total", "Stanzas that rooms handed on to one occupant's client."};
}  // namespace

FanOut::~FanOut() {
  if (gathering_ != TimerId::none) {
    home_.shard().cancel(gathering_);
  }
}

// ---- what waits

void FanOut::add(Recipient recipient, bool sees) {
  jobs_.push_back({.kind = Job::Kind::add, .flag = sees, .who = std::move(recipient)});
}
void FanOut::remove(const Jid& jid) { jobs_.push_back({.kind = Job::Kind::remove, .who = Recipient{jid}}); }
void FanOut::set_sees(const Jid& jid, bool sees) { jobs_.push_back({.kind = Job::Kind::sees, .flag = sees, .who = Recipient{jid}}); }
void FanOut::to_all(Speech speech) {
  end_gathering();
  jobs_.push_back({.kind = Job::Kind::all, .speech = std::move(speech)});
}

void FanOut::announce_entry(Speech speech, Recipient newcomer) {
  const Monotonic now = home_.now();
  const bool is_rush = count_ >= gathering_from && now - last_entry_ < gathering_time;
  last_entry_ = now;
  gathered_.push_back({std::move(speech), std::move(newcomer)});
  if (!is_rush || gathered_.size() >= most_gathered) {
    end_gathering();
  } else if (gathering_ == TimerId::none) {
    gathering_ = home_.shard().after(gathering_time, [this] {
      gathering_ = TimerId::none;
      end_gathering();
      send();
    });
  }
}

void FanOut::end_gathering() {
  if (gathered_.empty()) {
    return;
  }
  jobs_.push_back({.kind = Job::Kind::entries, .entries = std::exchange(gathered_, {})});
  if (gathering_ != TimerId::none) {
    home_.shard().cancel(std::exchange(gathering_, TimerId::none));
  }
}

FanOut::Ticket FanOut::hold(Speech speech) {
  end_gathering();
  jobs_.push_back({.kind = Job::Kind::all, .is_ready = false, .speech = std::move(speech)});
  return first_ + jobs_.size() - 1;
}

void FanOut::ready(Ticket ticket) { job(ticket).is_ready = true; }
void FanOut::ready(Ticket ticket, StanzaPtr said) {
  job(ticket).speech.open = said;
  job(ticket).speech.veiled = std::move(said);
  ready(ticket);
}

void FanOut::drop(Ticket ticket) {
  Job& dropped = job(ticket);
  dropped.kind = Job::Kind::work;
  dropped.work = [] {};
  dropped.speech = {};
  dropped.is_ready = true;
}

void FanOut::to_one(Recipient recipient, std::vector<StanzaPtr> stanzas) {
  end_gathering();
  to_newcomer(std::move(recipient), std::move(stanzas));
}

void FanOut::to_newcomer(Recipient recipient, std::vector<StanzaPtr> stanzas) {
  jobs_.push_back({.kind = Job::Kind::one, .who = std::move(recipient), .stanzas = std::move(stanzas)});
}

void FanOut::say_farewell(Recipient recipient, StanzaPtr stanza) {
  jobs_.push_back({.kind = Job::Kind::one, .flag = true, .who = std::move(recipient), .stanzas = {std::move(stanza)}});
}

void FanOut::then(UniqueFunction<void()> work) { jobs_.push_back({.kind = Job::Kind::work, .work = std::move(work)}); }

// ---- what goes out

void FanOut::send() {
  if (is_running_) {
    return;
  }
  is_running_ = true;
  std::size_t budget = batch;
  while (!jobs_.empty() && jobs_.front().is_ready) {
    if (!carry_out(jobs_.front(), budget)) {
      home_.shard().run_next_turn(*this);
      break;
    }
    jobs_.pop_front();
    ++first_;
    lane_ = 0;
    place_ = 0;
  }
  is_running_ = false;
}

bool FanOut::carry_out(Job& job, std::size_t& budget) {
  switch (job.kind) {
    case Job::Kind::add: insert(*job.who, job.flag); return true;
    case Job::Kind::remove: erase(job.who->jid, nullptr); return true;
    case Job::Kind::sees:
      if (Recipient who{job.who->jid}; erase(job.who->jid, &who)) {
        insert(who, job.flag);
      }
      return true;
    case Job::Kind::work: job.work(); return true;
    case Job::Kind::one:
      budget -= std::min(budget, job.stanzas.size());
      tell(*job.who, std::move(job.stanzas), job.flag);
      return true;
    case Job::Kind::all: return say(job, budget);
    case Job::Kind::entries: return say_entries(job.entries, budget);
  }
  return true;
}

bool FanOut::say(const Job& job, std::size_t& budget) {
  const Speech& speech = job.speech;
  for (; lane_ < lanes_.size(); ++lane_, place_ = 0) {
    const Lane& lane = lanes_[lane_];
    const StanzaPtr& stanza = lane.sees ? speech.open : speech.veiled;
    if (stanza == nullptr) {
      continue;
    }
    const Envelope envelope{.stanza = stanza, .sender = speech.sender, .trace = speech.trace, .is_shared = true};
    while (place_ < lane.jids.size()) {
      if (budget == 0) {
        return false;
      }
      const std::size_t count = std::min(budget, lane.jids.size() - place_);
      say_to(lane, envelope, speech.except, count);
      place_ += count;
      budget -= count;
    }
  }
  return true;
}

// A few recipients get all of it, then the next few. Who is among those who entered has been shown the ones before himself.
bool FanOut::say_entries(const std::vector<Entry>& entries, std::size_t& budget) {
  for (; lane_ < lanes_.size(); ++lane_, place_ = 0) {
    const Lane& lane = lanes_[lane_];
    const auto is_newcomer = [&](std::size_t i) {
      return std::any_of(entries.begin(), entries.end(), [&](const Entry& each) {
        return lane.home == elsewhere ? each.newcomer.jid == lane.jids[i] : each.newcomer.session == lane.sessions[i];
      });
    };
    while (place_ < lane.jids.size()) {
      if (budget == 0) {
        return false;
      }
      const std::size_t count = std::clamp<std::size_t>(budget / entries.size(), 1, lane.jids.size() - place_);
      bool has_newcomers = false;
      for (std::size_t i = place_; i < place_ + count && !has_newcomers; ++i) {
        has_newcomers = is_newcomer(i);
      }
      for (std::size_t i = 0; i < entries.size(); ++i) {
        const Speech& speech = entries[i].speech;
        const StanzaPtr& stanza = lane.sees ? speech.open : speech.veiled;
        if (stanza == nullptr) {
          continue;
        }
        std::vector<Jid> except;
        for (std::size_t j = i; j < entries.size() && has_newcomers; ++j) {
          except.push_back(entries[j].newcomer.jid);
        }
        say_to(lane, {.stanza = stanza, .sender = speech.sender, .trace = speech.trace, .is_shared = true}, except, count);
      }
      place_ += count;
      budget -= std::min(budget, count * entries.size());
    }
  }
  return true;
}

void FanOut::say_to(const Lane& lane, const Envelope& envelope, const std::vector<Jid>& except, std::size_t count) {
  const auto is_excepted = [&](std::size_t i) {
    return std::any_of(except.begin(), except.end(), [&](const Jid& jid) { return jid == lane.jids[i]; });
  };
  if (lane.home == elsewhere) {
    for (std::size_t i = place_; i < place_ + count; ++i) {
      if (!is_excepted(i)) {
        deliveries.add();
        home_.router().route(home_, Envelope{.stanza = envelope.stanza->with_to(lane.jids[i]), .sender = envelope.sender, .trace = envelope.trace});
      }
    }
    return;
  }
  deliveries.add(count);
  const auto first = lane.sessions.begin() + static_cast<std::ptrdiff_t>(place_);
  if (lane.home == home_.index() && except.empty()) [[likely]] {
    home_.deliver_shared(envelope, std::span(first, count));
    return;
  }
  std::vector<SessionId> sessions;
  sessions.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    if (except.empty() || !is_excepted(place_ + i)) {
      sessions.push_back(first[static_cast<std::ptrdiff_t>(i)]);
    }
  }
  if (lane.home == home_.index()) {
    home_.deliver_shared(envelope, sessions);
    return;
  }
  Home& home = *home_.world().homes[lane.home];
  home.shard().post([&home, envelope, all = std::move(sessions)] { home.deliver_shared(envelope, all); });
}

void FanOut::tell(const Recipient& who, std::vector<StanzaPtr> stanzas, bool is_farewell) {
  deliveries.add(stanzas.size());
  if (who.session == SessionId::none) {
    for (const StanzaPtr& stanza : stanzas) {
      home_.router().route(home_, Envelope{.stanza = stanza->with_to(who.jid)});
    }
    return;
  }
  Home& home = *home_.world().homes[Home::index_of(who.session)];
  const auto deliver = [&home, session = who.session, all = std::move(stanzas), is_farewell] {
    for (const StanzaPtr& stanza : all) {
      home.deliver_shared(Envelope{.stanza = stanza, .is_farewell = is_farewell, .is_shared = true}, std::span(&session, 1));
    }
  };
  if (&home == &home_) {
    deliver();
  } else {
    home.shard().post(deliver);
  }
}

// ---- who is there

void FanOut::insert(const Recipient& who, bool sees) {
  erase(who.jid, nullptr);
  const std::size_t home = who.session == SessionId::none ? elsewhere : Home::index_of(who.session);
  auto lane = std::find_if(lanes_.begin(), lanes_.end(), [&](const Lane& each) { return each.home == home && each.sees == sees; });
  if (lane == lanes_.end()) {
    lane = lanes_.insert(lanes_.end(), Lane{home, sees});
  }
  lane->jids.push_back(who.jid);
  if (home != elsewhere) {
    lane->sessions.push_back(who.session);
  }
  ++count_;
}

bool FanOut::erase(const Jid& jid, Recipient* who) {
  for (Lane& lane : lanes_) {
    const auto found = std::find(lane.jids.begin(), lane.jids.end(), jid);
    if (found == lane.jids.end()) {
      continue;
    }
    const auto at = static_cast<std::size_t>(found - lane.jids.begin());
    const SessionId session = lane.home == elsewhere ? SessionId::none : lane.sessions[at];
    if (who != nullptr) {
      *who = {jid, session};
    }
    *found = lane.jids.back();
    lane.jids.pop_back();
    if (lane.home != elsewhere) {
      lane.sessions[at] = lane.sessions.back();
      lane.sessions.pop_back();
    }
    --count_;
    return true;
  }
  return false;
}

std::size_t FanOut::memory() const {
  std::size_t bytes = jobs_.size() * sizeof(Job);
  for (const Lane& lane : lanes_) {
    bytes += lane.jids.size() * (sizeof(Jid) + 48) + lane.sessions.size() * sizeof(SessionId);
  }
  return bytes;
}

}  // namespace aldis::muc
