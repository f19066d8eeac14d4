// Fuzzes aldis.toml: any bytes give a Config or problems, never a crash; problems stay on one line; and what was accepted
// is accepted again.
#include "app/config.h"

#include <cstdint>

namespace {

using namespace aldis;
using namespace aldis::app;

struct Everything {
  bool flag = false;
  std::chrono::milliseconds wait{1};
  Bytes size{1};
  double ratio = 0;
  std::vector<std::string> list;
};
constexpr auto everything_options = std::tuple{
    Option{"flag", &Everything::flag, "A flag."}, Option{"wait", &Everything::wait, "A time."},
    Option{"size", &Everything::size, "A size."}, Option{"ratio", &Everything::ratio, Range{0, 1}, "A number."},
    Option{"list", &Everything::list, "A list."}};

const ConfigSchema& schema() {
  static const ConfigSchema made = [] {
    ConfigSchema out = own_schema();
    out.extensions = {{"ping", "XEP-0199", nullptr, true},
                      {"everything", "All types", &option_table<Everything>(everything_options), true}};
    return out;
  }();
  return made;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto config = parse_config(text, "aldis.toml", schema());
  if (config) {
    ensure(!config->domains.empty() && !config->listeners.empty(), "an accepted configuration serves something");
    ensure(parse_config(text, "aldis.toml", schema()).has_value(), "what was accepted is accepted again");
  } else {
    ensure(!config.error().empty(), "a refusal has a reason");
    for (const ConfigProblem& problem : config.error()) {
      ensure(message(problem, "aldis.toml").find('\n') == std::string::npos, "a problem is one line");
    }
  }
  return 0;
}
