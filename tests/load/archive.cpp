// archive: --contacts accounts fill one archive with --messages messages, through the server; then its owner asks for
// pages of 50 (XEP-0313 1.1.3, XEP-0059) at its newest, middle and oldest end and by contact, and searches its text
// (XEP-0431), one request at a time, --requests of each. An answer that is no page, or that lacks messages which must
// be there, ends the run.
#include <algorithm>
#include <deque>
#include <random>

#include "fleet.h"
#include "report.h"
#include "scenarios.h"
#include "vocabulary.h"

namespace aldis::load {
namespace {

constexpr int kPage = 50;
/// Unacknowledged messages of all contacts together: the owner gets them faster than it says so, and a server ends a session that
/// has left a thousand unacknowledged.
constexpr int kWindow = 800;

std::string field(std::string_view var, std::string_view value) {
  return "<field var='" + std::string(var) + "'><value>" + std::string(value) + "</value></field>";
}

std::string form(const std::string& fields) {
  return "<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE' "
         "type='hidden'><value>urn:xmpp:mam:2</value></field>" +
         fields + "</x>";
}

class Archive {
 public:
  Archive(EventLoop& loop, const Options& options)
      : loop_(loop), options_(options), fleet_(loop, options, 0, options.contacts + 1), vocabulary_(1) {
    fleet_.on_stanza([this](Client& client, std::string_view stanza) { receive(client, stanza); });
  }

  void log_in() {
    fleet_.log_in(true);
    fleet_.wait_for_quiet(std::chrono::milliseconds(300), std::chrono::seconds(20));
  }

  /// Seconds it took.
  double fill() {
    const auto begin = Clock::now();
    const auto wanted = static_cast<std::size_t>(options_.messages);
    const auto window = static_cast<std::uint32_t>(std::max(1, kWindow / options_.contacts));
    std::size_t sent = 0;
    const bool all = loop_.run(
        [&] {
          for (int i = 1; i < fleet_.size(); ++i) {
            for (int k = 0; k < 50 && sent < wanted && fleet_[i].session().unacknowledged() < window; ++k) {
              fleet_[i].send_stanza("<message to='" + owner().bare_jid() + "' type='chat' id='a" +
                                    std::to_string(sent++) + "'><body>" + vocabulary_.text(12) + "</body></message>");
            }
            if (sent == wanted && fleet_[i].session().unacknowledged() > 0 && Clock::now() > ask_at_) {
              fleet_[i].request_ack();
            }
          }
          ask_at_ = std::max(ask_at_, Clock::now() - std::chrono::milliseconds(1)) + std::chrono::milliseconds(2);
          return ids_.size() == wanted;
        },
        begin + 30 * options_.limit);
    if (!all) {
      give_up("only " + std::to_string(ids_.size()) + " of " + std::to_string(wanted) +
              " messages arrived with an archive id");
    }
    return std::chrono::duration<double>(Clock::now() - begin).count();
  }

  /// Asks `requests` times; `query` says what, the page must hold at least `least` messages.
  Latency ask(std::size_t least, const std::function<std::string()>& query) {
    Latency latency;
    for (int i = 0; i < options_.requests; ++i) {
      const std::string id = "q" + std::to_string(++queries_);
      const auto begin = Clock::now();
      results_ = 0;
      ended_query_.clear();
      owner().send_stanza("<iq type='set' id='" + id + "'><query xmlns='urn:xmpp:mam:2' queryid='" + id + "'>" +
                          query() + "</query></iq>");
      while (ended_query_ != id) {
        if (Clock::now() > begin + options_.limit) {
          give_up("a query was not answered in time");
        }
        loop_.turn(begin + options_.limit);
      }
      latency.add(Clock::now() - begin);
      if (results_ < least || results_ > kPage) {
        give_up("a page of " + std::to_string(results_) + " messages");
      }
    }
    return latency;
  }

  /// An id in the given part of the archive: 0 is the oldest, 1 the newest end.
  const std::string& id_between(double low, double high) {
    const auto at = [&](double part) { return part * static_cast<double>(ids_.size() - 1); };
    return ids_[static_cast<std::size_t>(std::uniform_real_distribution<double>(at(low), at(high))(random_))];
  }
  std::string contact() { return fleet_[std::uniform_int_distribution<int>(1, fleet_.size() - 1)(random_)].bare_jid(); }
  std::string word(int low, int high) { return Vocabulary::word(vocabulary_.rank_between(low, high)); }

 private:
  Client& owner() { return fleet_[0]; }

  void receive(Client& client, std::string_view stanza) {
    if (client.account() != 0) {
      if (attribute_of(stanza, "type") == "error") {
        give_up("refused: " + std::string(stanza.substr(0, 300)));
      }
      return;
    }
    if (stanza.starts_with("<iq")) {
      if (attribute_of(stanza, "type") != "result" || stanza.find("<fin") == std::string_view::npos) {
        give_up("no page: " + std::string(stanza.substr(0, 300)));
      }
      ended_query_ = std::string(attribute_of(stanza, "id"));
    } else if (stanza.find("<result ") != std::string_view::npos) {
      ++results_;
    } else if (const auto at = stanza.find("<stanza-id "); at != std::string_view::npos) {
      ids_.emplace_back(attribute_of(stanza.substr(at), "id"));
    }
  }

  EventLoop& loop_;
  const Options& options_;
  Fleet fleet_;
  Vocabulary vocabulary_;
  std::mt19937_64 random_{2};
  std::vector<std::string> ids_;  ///< of the archive, as the messages arrived
  std::string ended_query_;
  std::size_t results_ = 0;
  int queries_ = 0;
  Clock::time_point ask_at_{};
};

}  // namespace

int run_archive(const Options& options) {
  Options managed = options;
  managed.stream_management = true;
  managed.ack_every = managed.ack_every == 0 ? 20 : managed.ack_every;
  EventLoop loop;
  Archive archive(loop, managed);
  archive.log_in();
  const double seconds = archive.fill();
  CpuWindow cpu(options.server_pid);
  cpu.begin();
  const std::string max = "<max>" + std::to_string(kPage) + "</max>";
  const auto set = [&](const std::string& where) {
    return "<set xmlns='http://jabber.org/protocol/rsm'>" + max + where + "</set>";
  };
  const auto before = [&](double low, double high) {
    return [&, low, high] { return set("<before>" + archive.id_between(low, high) + "</before>"); };
  };
  const Latency newest = archive.ask(kPage, [&] { return set("<before/>"); });
  const Latency near_newest = archive.ask(kPage, before(0.99, 1));
  const Latency middle = archive.ask(kPage, before(0.4, 0.6));
  const Latency oldest = archive.ask(kPage, [&] { return set("<after>" + archive.id_between(0, 0.01) + "</after>"); });
  const Latency contact = archive.ask(1, [&] { return form(field("with", archive.contact())) + set("<before/>"); });
  cpu.end();
  const auto search = [&](int low, int high) {
    return [&, low, high] {
      return form(field("{urn:xmpp:fulltext:0}fulltext", archive.word(low, high))) + set("<before/>");
    };
  };
  Report report("archive");
  report.number("messages", options.messages);
  report.number("fill_per_second", options.messages / seconds);
  cpu.report(report, "page", 5.0 * options.requests);
  report.latency("newest", newest);
  report.latency("near_newest", near_newest);
  report.latency("middle", middle);
  report.latency("oldest", oldest);
  report.latency("contact", contact);
  const auto worst = [](std::initializer_list<const Latency*> all) {
    double p99 = 0;
    for (const Latency* one : all) {
      p99 = std::max(p99, one->percentile_us(0.99));
    }
    return p99;
  };
  report.number("worst_page_p99_us", worst({&newest, &near_newest, &middle, &oldest, &contact}));
  if (options.search) {
    const Latency frequent = archive.ask(1, search(0, 20));
    const Latency usual = archive.ask(0, search(200, 2000));
    const Latency rare = archive.ask(0, search(5000, Vocabulary::kWords - 1));
    report.latency("search_frequent", frequent);
    report.latency("search_usual", usual);
    report.latency("search_rare", rare);
    report.number("worst_search_p99_us", worst({&frequent, &usual, &rare}));
  }
  report.print();
  return 0;
}

}  // namespace aldis::load
