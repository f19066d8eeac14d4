// pubsub-fanout: one node (XEP-0060) of a service, one publisher, many subscribers who are online. One item is on its way: the next
// is published when all subscribers have it and the publisher has its answer. The node keeps its last item, as nodes do. Each
// notification is checked: whose it is, and that its item is the one.
#include <charconv>
#include <string>
#include <vector>

#include "fleet.h"
#include "latency.h"
#include "report.h"
#include "scenarios.h"

namespace aldis::load {
namespace {

constexpr std::string_view kNode = "loadgen";

class Publishing {
 public:
  Publishing(EventLoop& loop, const Options& options)
      : loop_(loop),
        options_(options),
        fleet_(loop, options, 0, options.sessions + 1),
        last_(static_cast<std::size_t>(options.sessions) + 1, 0),
        filler_(static_cast<std::size_t>(options.body), 'x') {
    fleet_.on_stanza([this](Client& client, std::string_view stanza) { receive(client, stanza); });
  }

  void prepare() {
    fleet_.log_in(true);
    fleet_[0].send("<iq type='set' id='delete' to='" + options_.pubsub_domain + "'><pubsub xmlns='http://jabber.org/protocol/pubsub#owner'><delete node='" +
                   std::string(kNode) + "'/></pubsub></iq>");
    wait_for(answers_, 1, "the node that was there could not be deleted", true);
    fleet_[0].send("<iq type='set' id='create' to='" + options_.pubsub_domain + "'><pubsub xmlns='http://jabber.org/protocol/pubsub'><create node='" +
                   std::string(kNode) + "'/><configure><x xmlns='jabber:x:data' type='submit'>" + field("FORM_TYPE", "http://jabber.org/protocol/pubsub#node_config") +
                   field("pubsub#access_model", "open") + field("pubsub#persist_items", "1") + field("pubsub#max_items", "1") +
                   field("pubsub#deliver_payloads", "1") + field("pubsub#notify_retract", "0") +
                   field("pubsub#send_last_published_item", "never") + "</x></configure></pubsub></iq>");
    wait_for(answers_, 2, "the node could not be created");
    for (int i = 1; i < fleet_.size(); ++i) {
      fleet_[i].send("<iq type='set' id='subscribe' to='" + options_.pubsub_domain + "'><pubsub xmlns='http://jabber.org/protocol/pubsub'><subscribe node='" +
                     std::string(kNode) + "' jid='" + fleet_[i].bare_jid() + "'/></pubsub></iq>");
      if (i % options_.concurrency == 0) {
        wait_for(answers_, i + 2, "somebody could not subscribe");
      }
    }
    wait_for(answers_, fleet_.size() + 1, "somebody could not subscribe");
    fleet_.wait_for_quiet(std::chrono::milliseconds(300), std::chrono::seconds(20));
  }
  void start() { publish(); }
  bool stop() {
    is_over_ = true;
    return loop_.run([this] { return is_answered_ && heard_ == options_.sessions; }, Clock::now() + std::chrono::seconds(20));
  }
  std::uint64_t notifications() const { return notifications_; }
  std::uint64_t published() const { return number_; }
  std::uint64_t outstanding() const { return static_cast<std::uint64_t>(options_.sessions - heard_); }
  std::uint64_t misplaced() const { return misplaced_; }
  std::uint64_t refused() const { return refused_; }
  std::uint64_t bytes() const { return bytes_; }
  Latency& latency() { return latency_; }

 private:
  static std::string field(const std::string& var, const std::string& value) {
    return "<field var='" + var + "'><value>" + value + "</value></field>";
  }
  void wait_for(const int& count, int wanted, const std::string& otherwise, bool may_fail = false) {
    may_fail_ = may_fail;
    if (!loop_.run([&] { return count >= wanted || (!may_fail && !error_.empty()); }, Clock::now() + options_.limit) || (!may_fail && !error_.empty())) {
      give_up(otherwise + ": " + error_);
    }
    error_.clear();
  }

  void publish() {
    heard_ = 0;
    is_answered_ = false;
    sent_ = Clock::now();
    const std::string number = std::to_string(++number_);
    fleet_[0].send("<iq type='set' id='publish' to='" + options_.pubsub_domain + "'><pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='" +
                   std::string(kNode) + "'><item id='" + number + "'><entry xmlns='urn:aldis:load'><number>" + number + "</number><text>" + filler_ +
                   "</text></entry></item></publish></pubsub></iq>");
  }

  void receive(Client& client, std::string_view stanza) {
    if (name_of(stanza) == "iq") {
      const bool is_error = attribute_of(stanza, "type") == "error";
      if (attribute_of(stanza, "id") == "publish") {
        refused_ += is_error ? 1 : 0;
        is_answered_ = true;
        go_on();
      } else {
        ++answers_;
        if (is_error && !may_fail_) {
          error_ = stanza.substr(0, 500);
        }
      }
      return;
    }
    if (name_of(stanza) != "message" || stanza.find("pubsub#event") == std::string_view::npos || number_ == 0) {
      return;
    }
    ++notifications_;
    bytes_ += stanza.size();
    std::uint64_t number = 0;
    const auto text = text_of(stanza, "number");
    std::from_chars(text.data(), text.data() + text.size(), number);
    std::uint64_t& last = last_[static_cast<std::size_t>(client.account())];
    if (client.account() == 0 || number != number_ || last == number || text_of(stanza, "text") != filler_) {
      ++misplaced_;
      return;
    }
    last = number;
    if (++heard_ == options_.sessions) {
      latency_.add(Clock::now() - sent_);
      go_on();
    }
  }

  void go_on() {
    if (is_answered_ && heard_ == options_.sessions && !is_over_) {
      publish();
    }
  }

  EventLoop& loop_;
  const Options& options_;
  Fleet fleet_;
  std::vector<std::uint64_t> last_;  ///< number each subscriber has seen
  std::string filler_, error_;
  std::uint64_t number_ = 0, notifications_ = 0, misplaced_ = 0, refused_ = 0, bytes_ = 0;
  int answers_ = 0, heard_ = 0;
  bool is_answered_ = false, is_over_ = false, may_fail_ = false;
  Clock::time_point sent_{};
  Latency latency_;
};

}  // namespace

int run_pubsub_fanout(const Options& options) {
  EventLoop loop;
  Publishing publishing(loop, options);
  publishing.prepare();
  publishing.start();
  loop.run_for(options.warmup);
  publishing.latency().clear();
  CpuWindow cpu(options.server_pid);
  const auto before = publishing.notifications();
  cpu.begin();
  loop.run_for(options.duration);
  cpu.end();
  const auto notifications = static_cast<double>(publishing.notifications() - before);
  const Latency measured = publishing.latency();
  const bool all_heard = publishing.stop();

  Report report("pubsub-fanout");
  report.number("subscribers", options.sessions);
  report.number("notifications", notifications);
  report.number("notifications_per_second", notifications / cpu.seconds());
  report.number("bytes_per_notification", static_cast<double>(publishing.bytes()) / static_cast<double>(std::max<std::uint64_t>(1, publishing.notifications())));
  cpu.report(report, "notification", notifications);
  report.latency("delay", measured);
  report.number("lost", static_cast<double>(publishing.outstanding()));
  report.number("misplaced", static_cast<double>(publishing.misplaced()));
  report.number("refused", static_cast<double>(publishing.refused()));
  report.print();
  return all_heard && publishing.misplaced() + publishing.refused() == 0 ? 0 : 1;
}

}  // namespace aldis::load
