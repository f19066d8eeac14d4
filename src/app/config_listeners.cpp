// Checks of [[listener]].
#include <set>
#include <utility>

#include "app/config_checks.h"

namespace aldis::app {
namespace {

class ListenersCheck {
 public:
  ListenersCheck(const Config& config, const tls::TlsChoice& choice) : config_(config), choice_(choice) {}

  std::vector<SectionProblem> run() {
    std::set<std::pair<std::string, std::uint16_t>> taken;
    for (std::size_t i = 0; i < config_.listeners.size(); ++i) {
      const ListenerOptions& listener = config_.listener(i);
      if (!is_ip_address(listener.address)) {
        report(i, "address", "[[listener]] address must be an IPv4 or IPv6 address, not " + shown(listener.address));
      } else if (listener.serves == ListenerUse::components) {
        check_component_listener(listener, i);
      } else if (listener.tls == ListenerTls::none && !is_loopback(listener.address)) {
        report(i, "tls",
               "[[listener]] tls = \"none\" is allowed on loopback addresses only, and " + shown(listener.address) +
                   " is not one");
      }
      if (listener.beyond_loopback && listener.serves != ListenerUse::components) {
        report(i, "beyond_loopback", "[[listener]] beyond_loopback is for serves = \"components\"");
      }
      if (listener.allow_integrity_only && listener.tls == ListenerTls::none) {
        report(i, "allow_integrity_only", "[[listener]] allow_integrity_only is about TLS, and this listener has none");
      }
      if (listener.serves == ListenerUse::servers &&
          (listener.tls == ListenerTls::none || listener.allow_integrity_only)) {
        report(i, "serves",
               "[[listener]] serves = \"servers\" needs TLS; what may be left unencrypted the [[peer]] says");
      }
      if (listener.allow_integrity_only &&
          tls::choice_for(listener.tls_profile, choice_).profile != tls::TlsProfile::modern) {
        report(i, "allow_integrity_only",
               "[[listener]] allow_integrity_only goes with the TLS profile modern only; the others' documents exclude "
               "such suites");
      }
      if (!taken.emplace(listener.address, listener.port).second) {
        report(i, "port", "[[listener]] another listener has the same address and port");
      }
    }
    return std::move(problems_);
  }

 private:
  void report(std::size_t i, std::string option, std::string text) {
    problems_.push_back({"listener", i, std::move(option), std::move(text)});
  }

  // XEP-0114 has no TLS of its own.
  void check_component_listener(const ListenerOptions& listener, std::size_t i) {
    if (listener.tls == ListenerTls::starttls) {
      report(i, "tls",
             "[[listener]] serves = \"components\" needs tls = \"none\" or \"direct\": XEP-0114 has no STARTTLS");
    }
    if (listener.allow_integrity_only) {
      report(i, "allow_integrity_only", "[[listener]] allow_integrity_only is for clients");
    }
    if (!is_loopback(listener.address) && !listener.beyond_loopback) {
      report(i, "address",
             "[[listener]] serves = \"components\" is for loopback addresses, and " + shown(listener.address) +
                 " is not one; beyond_loopback = true allows it");
    }
  }

  const Config& config_;
  const tls::TlsChoice& choice_;
  std::vector<SectionProblem> problems_;
};

}  // namespace

std::vector<SectionProblem> check_listeners(const Config& config, const tls::TlsChoice& choice) {
  return ListenersCheck(config, choice).run();
}

}  // namespace aldis::app
