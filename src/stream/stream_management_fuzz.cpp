// Fuzzes stream management's elements and counters: each element of the input is read, every answer is written and read
// again, and no ack, whatever its number, is taken for more than was sent.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/ensure.h"
#include "stream/handled_count.h"
#include "stream/stream_management.h"

using namespace aldis;
using namespace aldis::stream;

namespace {

const xml::Scope scope{"jabber:client", {{"stream", "http://etherx.jabber.org/streams"}}};

void check_written(std::string xml) { ensure(xml::parse(std::move(xml), scope).has_value(), "what we write can be read"); }

struct Counters {
  SentCount sent{(1ULL << 32U) - 2, (1ULL << 32U) - 2};
  HandledCount handled{(1ULL << 32U) - 2};

  void take(const xml::Element& element) {
    const auto management = read_management(element);
    if (!management) {
      sent.send();
      const std::uint64_t number = handled.receive();
      if (element.attribute_count() == 0) {
        static_cast<void>(handled.settle(number));
      }
      return;
    }
    if (const auto* ack = std::get_if<Ack>(&*management)) {
      const std::uint64_t before = sent.acknowledged();
      const auto more = sent.acknowledge(ack->h);
      ensure(sent.acknowledged() <= sent.sent() && sent.acknowledged() == before + more.value_or(0), "acks are of what was sent");
      ensure(!more || static_cast<std::uint32_t>(sent.acknowledged()) == ack->h, "a good ack is taken as it says");
      if (!more) {
        std::string error;
        handled_count_too_high(ack->h, static_cast<std::uint32_t>(sent.sent())).write(error);
        check_written(error);
      }
    } else if (const auto* resume = std::get_if<ResumeRequest>(&*management)) {
      ensure(resume->previd.size() <= longest_previd + 1, "a previd is bounded");
      handled.forget_unsettled();
      check_written(resumed(resume->previd, handled.h()));
      check_written(management_failed(StanzaCondition::item_not_found, handled.h()));
    } else if (const auto* enable = std::get_if<EnableRequest>(&*management)) {
      check_written(enabled({.id = enable->resume ? "id" : "", .max = enable->max.value_or(0), .location = {}}));
    }
    ensure(handled.handled() <= handled.received(), "nothing is handled before it is received");
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Counters counters;
  std::string_view input(reinterpret_cast<const char*>(data), size);
  while (!input.empty()) {
    const std::size_t end = input.find('\n');
    const auto document = xml::parse(std::string(input.substr(0, end)), scope);
    if (document) {
      counters.take((*document)->root());
    }
    input = end == std::string_view::npos ? std::string_view() : input.substr(end + 1);
  }
  return 0;
}
