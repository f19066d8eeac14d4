// Operators and rooms: to the room's shard and back.
#include "base/log.h"
#include "core/virtual_host.h"
#include "core/world.h"
#include "extensions/muc/administration.h"
#include "extensions/muc/room.h"
#include "extensions/muc/status_codes.h"

namespace aldis::muc {
namespace {

class Administration final : public RoomAdministration {
 public:
  Administration(World& world, const VirtualHost& host) : world_(world), host_(host) {}

  Task<Result<void>> create(BareJid room, BareJid owner) override {
    return in_room(world_, host_, room, [owner](Room& there) { return there.create_for(owner); });
  }
  Task<Result<void>> destroy(BareJid room, std::string reason) override {
    return in_room(world_, host_, room, [reason](Room& there) { return there.destroy_for(reason); });
  }
  Task<Result<void>> set_affiliation(BareJid room, Jid jid, Affiliation affiliation, std::string reason) override {
    return in_room(world_, host_, room, [jid, affiliation, reason](Room& there) { return there.set_affiliation_for(jid, affiliation, reason); });
  }
  Task<std::size_t> occupants(BareJid room) override {
    Home& home = world_.home_of(room.str());
    const Completion<std::size_t> done;
    home.shard().post([&home, done, room] {
      const Resident* there = home.residents().find(room.str());
      done.complete(there != nullptr ? static_cast<const Room*>(there)->occupant_count() : 0);
    });
    const std::size_t count = co_await done;
    co_return count;
  }

 private:
  World& world_;
  const VirtualHost& host_;
};

}  // namespace

Task<Result<void>> in_room(World& world, const VirtualHost& host, BareJid room, RoomAct act) {
  Home& home = world.home_of(room.str());
  const Completion<Result<void>> done;
  home.shard().post([&home, &host, done, room, act = std::move(act)] {
    home.residents().with(
        room, host,
        [done, act](Resident& there) {
          spawn([](Task<Result<void>> task, Completion<Result<void>> told) -> Task<void> {
            Result<void> result = co_await std::move(task);
            told.complete(std::move(result));
          }(act(static_cast<Room&>(there)), done));
        },
        [done] { done.complete(fail(ErrorKind::full, "too many rooms are being read")); });
  });
  Result<void> result = co_await done;
  co_return result;
}

std::unique_ptr<RoomAdministration> administration_of(World& world, const VirtualHost& host) {
  return std::make_unique<Administration>(world, host);
}

Task<Result<void>> Room::create_for(BareJid owner) {
  const Pin self(*this);
  const Serial::Hold hold = co_await changes_.enter();
  if (state_ == State::unreadable) {
    co_return fail(ErrorKind::unavailable, "what is stored of the room cannot be read");
  }
  if (state_ != State::absent) {
    co_return fail(ErrorKind::already_exists, "the room exists");
  }
  state_ = State::creating;
  found();
  affiliations_.emplace(owner, RoomAffiliation{.jid = owner, .affiliation = Affiliation::owner, .version = 1});
  config_.is_persistent = true;
  const Result<void> stored = co_await store_new();
  if (!stored) {
    become_absent();
  }
  handle_waiting();
  co_return stored;
}

Task<Result<void>> Room::destroy_for(std::string reason) {
  const Pin self(*this);
  const Serial::Hold hold = co_await changes_.enter();
  if (state_ == State::absent) {
    co_return fail(ErrorKind::not_found, "there is no such room");
  }
  if (declarations_.find(jid_.local()) != nullptr) {
    co_return fail(ErrorKind::denied, jid_.str() + " is in the configuration: take its [[room]] out there, reload, and destroy it then");
  }
  if (state_ != State::locked) {  // also one that cannot be read
    const Result<void> removed = co_await rooms().remove(jid_);
    if (!removed) {
      co_return removed;
    }
  }
  tell_of_destruction({}, {}, reason);
  fan_out_.send();
  co_return Result<void>{};
}

Task<Result<void>> Room::set_affiliation_for(Jid jid, Affiliation affiliation, std::string reason) {
  const Pin self(*this);
  const Serial::Hold hold = co_await changes_.enter();
  if (!exists()) {
    co_return state_ == State::unreadable ? fail(ErrorKind::unavailable, "what is stored of the room cannot be read")
                                          : fail(ErrorKind::not_found, "there is no such room");
  }
  std::vector<AffiliationChange> changes;
  changes.push_back({.user = jid.bare(), .wanted = affiliation, .reason = std::move(reason)});
  if (contradicts_declaration(jid.bare(), affiliation)) {
    co_return fail(ErrorKind::denied, "the configuration says what " + jid.str() + " is in " + jid_.str() + ": change its [[room]] there");
  }
  if (!leaves_an_owner(changes)) {
    co_return fail(ErrorKind::denied, "the room would be without an owner");
  }
  const std::vector<RoomAffiliation> changed = versions_of(changes);
  RoomRecord next = changed_record();
  next.affiliations_version = changed.back().version;
  if (state_ == State::open) {
    const Result<void> stored = co_await rooms().save(next, changed);
    if (!stored) {
      co_return stored;
    }
  }
  record_.affiliations_version = next.affiliations_version;
  apply(changed.front(), Jid(host_.jid()));
  fan_out_.send();
  co_return Result<void>{};
}

}  // namespace aldis::muc
