// How a service speaks: the queue, and the ways out.
#include "extensions/pubsub/outbox.h"

#include <algorithm>

#include "base/metrics.h"

namespace aldis::pubsub {
namespace {
metrics::Counter notifications{"aldis_pubsub_notifications_total", "Notifications of nodes, each recipient counted."};
}  // namespace

LanesPtr lanes_of(const World& world, const std::vector<Jid>& recipients) {
  std::vector<Lane> lanes;
  for (const Jid& jid : recipients) {
    const bool is_account = jid.has_local() && world.find_host(jid.domain()) != nullptr;
    const std::size_t home = is_account ? world.home_of(jid.bare_str()).index() : Lane::elsewhere;
    auto lane = std::ranges::find(lanes, home, &Lane::home);
    if (lane == lanes.end()) {
      lane = lanes.insert(lanes.end(), Lane{.home = home});
    }
    lane->jids.push_back(jid);
  }
  return std::make_shared<const std::vector<Lane>>(std::move(lanes));
}

void Outbox::to_lanes(Notification notification, LanesPtr lanes) {
  if (!lanes->empty()) {
    jobs_.push_back({.notification = std::move(notification), .lanes = std::move(lanes)});
  }
}

void Outbox::to_each(Notification notification, const std::vector<Jid>& recipients) {
  to_lanes(std::move(notification), lanes_of(home_.world(), recipients));
}

void Outbox::then(UniqueFunction<void()> work) { jobs_.push_back({.work = std::move(work)}); }

void Outbox::send() {
  if (is_running_) {
    return;
  }
  is_running_ = true;
  std::size_t budget = batch;
  while (!jobs_.empty()) {
    if (!carry_out(jobs_.front(), budget)) {
      home_.shard().run_next_turn(*this);
      break;
    }
    Job done = std::move(jobs_.front());
    jobs_.pop_front();
    lane_ = 0;
    place_ = 0;
    if (done.work) {
      done.work();
    }
  }
  is_running_ = false;
}

bool Outbox::carry_out(const Job& job, std::size_t& budget) {
  if (job.lanes == nullptr) {
    return true;
  }
  const Envelope envelope{.stanza = job.notification.stanza,
                          .sender = job.notification.sender,
                          .trace = job.notification.trace,
                          .acceptance = job.notification.acceptance,
                          .is_shared = true};
  for (; lane_ < job.lanes->size(); ++lane_, place_ = 0) {
    const Lane& lane = (*job.lanes)[lane_];
    while (place_ < lane.jids.size()) {
      if (budget == 0) {
        return false;
      }
      const std::size_t count = std::min(budget, lane.jids.size() - place_);
      notifications.add(count);
      if (lane.home == home_.index()) {
        home_.deliver_each(envelope, std::span(lane.jids).subspan(place_, count));
      } else if (lane.home != Lane::elsewhere) {
        Home& home = *home_.world().homes[lane.home];
        home.shard().post([&home, envelope, lanes = job.lanes, lane = lane_, place = place_, count] {
          home.deliver_each(envelope, std::span((*lanes)[lane].jids).subspan(place, count));
        });
      } else {
        for (std::size_t i = place_; i < place_ + count; ++i) {
          Envelope own = envelope.with(envelope.stanza->with_to(lane.jids[i]));
          own.is_shared = false;
          home_.router().route(home_, std::move(own));
        }
      }
      place_ += count;
      budget -= count;
    }
  }
  return true;
}

std::size_t Outbox::memory() const {
  std::size_t bytes = jobs_.size() * sizeof(Job);
  for (const Job& job : jobs_) {
    bytes += job.notification.stanza != nullptr ? job.notification.stanza->size() : 0;
  }
  return bytes;
}

}  // namespace aldis::pubsub
