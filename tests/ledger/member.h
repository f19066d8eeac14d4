// One account of the ledger with its client: connects, comes back whenever the connection is lost, resumes if it can
// (XEP-0198), and reads its archive when all is over.
#pragma once
#include <random>
#include <string>

#include "archive_reader.h"
#include "book.h"
#include "client.h"

namespace aldis::ledger {

using load::Clock;

/// What all members count together.
struct Counters {
  std::uint64_t sent = 0, acknowledged = 0, delivered = 0, refused = 0;  ///< messages; sent: without repetitions
  std::uint64_t resumed = 0, renewed = 0, cuts = 0;                      ///< sessions
  std::uint64_t stalled = 0;  ///< connections given up because the server owed an answer for 20 s
  std::uint64_t bad = 0;      ///< breaches of the protocol, and logins that came to no end
};

/// What all members share.
struct Company {
  load::EventLoop& loop;
  const load::Options& options;
  Book& book;
  Counters& counters;
  std::mt19937_64& random;
  bool verbose = false;
};

class Member : public load::ClientOwner {
 public:
  Member(const Company& company, int account);

  /// Connects when it is time to. A login that is not over after 30 s is given up.
  void tick(Clock::time_point now);
  /// RST now; comes back soon.
  void cut();
  void read_archive(char kind) { archive_.begin(kind, client_); }
  bool has_done_with_archive() const { return archive_.is_over(); }
  bool has_read_archive() const { return archive_.was_read(); }
  bool is_ready() const { return client_.is_ready(); }
  int account() const { return client_.account(); }

  void ready(load::Client& client) final;
  void received(load::Client& client, std::string_view stanza) final;
  void ended(load::Client& client, const std::string& why) final;

 protected:
  /// The session is there; is_new: with nothing of the former one.
  virtual void began(bool is_new) = 0;
  /// Whether the server owes us an answer.
  virtual bool waits() const = 0;
  virtual void got(std::string_view message) = 0;
  std::string bare_jid(int account) const;
  const Company& company_;
  load::Client client_;

 private:
  void come_back_in(std::chrono::milliseconds at_least, std::chrono::milliseconds at_most);
  ArchiveReader archive_;
  Clock::time_point connect_at_{};
};

}  // namespace aldis::ledger
