// Checks of [[room]].
#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "app/config_checks.h"
#include "extensions/muc/options.h"
#include "extensions/muc/room_options.h"
#include "xmpp/jid.h"

namespace aldis::app {
namespace {

// What XML cannot say (section 2.2), and what would make two lines of one: a client shows it, and rooms are stored by
// it.
bool is_one_line(std::string_view text) {
  return std::ranges::none_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }) &&
         text.find("\xEF\xBF\xBE") == std::string_view::npos && text.find("\xEF\xBF\xBF") == std::string_view::npos;
}

class RoomsCheck {
 public:
  RoomsCheck(Config& config, const OptionTable& table) : config_(config), table_(table) {}

  std::vector<SectionProblem> run() {
    for (const DomainConfig& domain : config_.domains) {
      domains_.emplace(domain.get().name, &domain);
    }
    for (at_ = 0; at_ < config_.rooms.size(); ++at_) {
      check_address();
      check_texts();
      check_people();
      check_groups();
    }
    return std::move(problems_);
  }

 private:
  [[nodiscard]] const muc::RoomOptions& room() const { return config_.rooms[at_].as<muc::RoomOptions>(); }
  void report(std::string option, std::string text) {
    problems_.push_back({"room", at_, std::move(option), "[[room]] " + text});
  }

  void check_address() {
    if (room().address.empty()) {
      report("", "needs an address, such as \"ops@rooms.example.org\"");
      return;
    }
    const auto jid = Jid::parse(room().address);
    if (!jid || !jid->has_local() || !jid->is_bare()) {
      report("address",
             "address " + shown(room().address) + " is no room's address, such as \"ops@rooms.example.org\"");
      return;
    }
    ensure(table_.set(config_.rooms[at_], "address", jid->str()).has_value(), "a prepared address fits its option");
    if (!taken_.insert(jid->str()).second) {
      report("address", shown(jid->str()) + " is already there");
      return;
    }
    const auto domain = domains_.find(jid->domain());
    if (domain == domains_.end() || domain->second->get().serves != DomainUse::rooms) {
      report("address", "address " + shown(jid->str()) + ": " + shown(jid->domain()) +
                            " is no [[domain]] here with serves = \"rooms\"");
      return;
    }
    const auto extension = domain->second->extensions.find("muc");
    if (extension == domain->second->extensions.end()) {
      report("address", "address " + shown(jid->str()) + ": its domain has the extension \"muc\" disabled");
      return;
    }
    const auto& limits = extension->second.as<muc::MucOptions>();
    if (room().history > static_cast<std::int64_t>(limits.history)) {
      report("history",
             "history is more than [domain.extension.muc] history of its domain, " + std::to_string(limits.history));
    }
    if (room().occupants > static_cast<std::int64_t>(limits.occupants)) {
      report("occupants", "occupants is more than [domain.extension.muc] occupants of its domain, " +
                              std::to_string(limits.occupants));
    }
  }

  void check_texts() {
    for (const auto& [option, text] :
         {std::pair("name", &room().name), {"description", &room().description}, {"language", &room().language}}) {
      if (!is_one_line(*text)) {
        report(option, std::string(option) + " must be one line of text");
      }
    }
  }

  void check_people() {
    std::map<std::string, std::string> named;  // to the list that has it
    for (const auto& [option, addresses] : {std::pair("owners", &room().owners),
                                            {"admins", &room().admins},
                                            {"members", &room().members},
                                            {"outcasts", &room().outcasts}}) {
      const bool may_be_domain = std::string_view(option) == "outcasts";
      for (const std::string& address : *addresses) {
        const auto jid = Jid::parse(address);
        if (!jid || !jid->is_bare() || (!jid->has_local() && !may_be_domain)) {
          report(option, std::string(option) + ": " + shown(address) +
                             (may_be_domain ? " is no person's address and no domain" : " is no person's address"));
          continue;
        }
        if (const auto [other, is_new] = named.emplace(jid->str(), option); !is_new) {
          report(option, std::string(option) + ": " + shown(jid->str()) + " is in " + other->second +
                             " already: one list says what somebody is");
        }
      }
    }
  }

  void check_groups() {
    for (const auto& [option, groups] : {std::pair("owner_groups", &room().owner_groups),
                                         {"admin_groups", &room().admin_groups},
                                         {"member_groups", &room().member_groups}}) {
      for (const std::string& group : *groups) {
        const std::string problem = group.find('@') == std::string::npos ? shown(group) + " is not \"group@domain\""
                                                                         : problem_of_group(config_, group, {});
        if (!problem.empty()) {
          report(option, std::string(option) + ": " + problem);
        }
      }
    }
  }

  Config& config_;
  const OptionTable& table_;
  std::map<std::string, const DomainConfig*, std::less<>> domains_;
  std::set<std::string> taken_;
  std::size_t at_ = 0;
  std::vector<SectionProblem> problems_;
};

}  // namespace

std::vector<SectionProblem> check_rooms(Config& config, const OptionTable& table) {
  return RoomsCheck(config, table).run();
}

}  // namespace aldis::app
