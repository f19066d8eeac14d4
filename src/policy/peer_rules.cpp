// From tables to rules, and finding the one that counts.
#include "policy/peer_rules.h"

#include <algorithm>
#include <charconv>

#include "base/encoding.h"
#include "xmpp/jid.h"

namespace aldis::policy {
namespace {

constexpr std::string_view default_domain = "default";

std::string shown(std::string_view text) { return to_text(OptionValue(std::string(text))); }

template <class T>
std::optional<T> whole_number(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return !text.empty() && error == std::errc() && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

std::optional<KeyFingerprint> read_fingerprint(std::string_view text) {
  std::string digits;
  for (const char c : text) {
    if (c != ':') {  // as openssl prints them
      digits.push_back(c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c);
    }
  }
  const std::optional<std::string> bytes = hex_decode(digits);
  KeyFingerprint out{};
  if (!bytes || bytes->size() != out.size()) {
    return std::nullopt;
  }
  std::copy(bytes->begin(), bytes->end(), out.begin());
  return out;
}

// Fills a rule from its table; stops at the first fault.
class TableReader {
 public:
  explicit TableReader(const PeerOptions& options) : options_(options) {}

  Result<std::pair<std::optional<DomainPattern>, PeerRule>, PeerProblem> read() {
    std::optional<DomainPattern> pattern;
    if (options_.domain != default_domain) {
      pattern = DomainPattern::parse(options_.domain);
      if (!pattern) {
        return fault("domain", options_.domain.empty() ? "is missing: whom the rule is for"
                                                       : shown(options_.domain) + " is no domain, \"*.domain\" or \"default\"");
      }
    }
    rule_.name = !options_.name.empty() ? options_.name : pattern ? pattern->str() : std::string(default_domain);
    rule_.is_explicit = pattern.has_value();
    rule_.is_allowed = options_.action == PeerAction::allow;
    rule_.direction = options_.direction;
    rule_.dns = options_.dns;
    rule_.tls = options_.tls;
    rule_.tls_profile = tls::to_profile(options_.tls_profile);
    rule_.anchors = options_.anchors;
    rule_.revocation = options_.revocation;
    rule_.authentication = options_.authentication;
    rule_.presence = options_.presence;
    rule_.positions = {.name = rule_.name,
                       .is_withheld = options_.positions == Positions::withheld,
                       .grid = options_.position_grid,
                       .delay = options_.position_delay};
    rule_.max_stanza = options_.max_stanza.size();
    rule_.rate = options_.rate.count;
    rule_.rate_burst = options_.rate_burst.count;
    if (auto problem = read_way()) {
      return fail(std::move(*problem));
    }
    if (auto problem = read_proof()) {
      return fail(std::move(*problem));
    }
    if (auto problem = read_stanzas()) {
      return fail(std::move(*problem));
    }
    return std::pair(std::move(pattern), std::move(rule_));
  }

 private:
  static Unexpected<PeerProblem> fault(std::string option, std::string text) {
    return fail(PeerProblem{0, std::move(option), std::move(text)});
  }
  static PeerProblem problem(std::string option, std::string text) { return {0, std::move(option), std::move(text)}; }

  // How it is reached.
  std::optional<PeerProblem> read_way() {
    for (const std::string& text : options_.next_hops) {
      const auto hop = NextHop::parse(text);
      if (!hop) {
        return problem("next_hops", shown(text) + " is not \"host:port\", with \"priority=N\" or \"direct\" behind it");
      }
      if (options_.tls == PeerTls::direct && !hop->is_direct_tls) {
        return problem("next_hops", shown(text) + " is not \"direct\", and tls = \"direct\" allows nothing else");
      }
      rule_.next_hops.push_back(*hop);
    }
    std::ranges::stable_sort(rule_.next_hops, {}, &NextHop::priority);
    if (!options_.via.empty()) {
      const auto via = prepare_domain(options_.via);
      if (!via) {
        return problem("via", shown(options_.via) + " is no domain");
      }
      if (!options_.next_hops.empty()) {
        return problem("via", "and next_hops exclude each other: the neighbour's own [[peer]] says how it is reached");
      }
      rule_.via = *via;
    }
    if (rule_.may_be_sent_to() && !rule_.asks_dns() && rule_.next_hops.empty() && rule_.via.empty()) {
      return problem("dns", "= \"never\" leaves no way to reach it: it needs next_hops, via, or direction = \"in\"");
    }
    return std::nullopt;
  }

  // How it proves what it is, and for whom it speaks.
  std::optional<PeerProblem> read_proof() {
    for (const std::string& text : options_.pinned_keys) {
      const auto fingerprint = read_fingerprint(text);
      if (!fingerprint) {
        return problem("pinned_keys", shown(text) + " is not the SHA-256 of a key, 64 hexadecimal digits");
      }
      rule_.pinned_keys.push_back(*fingerprint);
    }
    if (auto wrong = read_trunk("may_speak_for", options_.may_speak_for, rule_.may_speak_for)) {
      return wrong;
    }
    if (auto wrong = read_trunk("relay_to", options_.relay_to, rule_.relay_to)) {
      return wrong;
    }
    for (const std::string& text : options_.integrity_only_networks) {
      const auto network = Network::parse(text);
      if (!network) {
        return problem("integrity_only_networks", shown(text) + " is no network such as \"192.0.2.0/24\"");
      }
      rule_.integrity_only_networks.push_back(*network);
    }
    if (options_.allow_integrity_only != !rule_.integrity_only_networks.empty()) {
      return problem("allow_integrity_only", "and integrity_only_networks need each other");
    }
    return std::nullopt;
  }

  std::optional<PeerProblem> read_trunk(const char* option, const std::vector<std::string>& texts, std::vector<DomainPattern>& out) {
    for (const std::string& text : texts) {
      auto pattern = DomainPattern::parse(text);
      if (!pattern) {
        return problem(option, shown(text) + " is no domain or \"*.domain\"");
      }
      out.push_back(std::move(*pattern));
    }
    if (!rule_.is_explicit && !out.empty()) {
      return problem(option, "is for a peer with a rule of its own, not for everybody");
    }
    return std::nullopt;
  }

  std::optional<PeerProblem> read_stanzas() {
    const auto read_way = [](const std::vector<std::string>& kinds, const std::vector<std::string>& namespaces,
                             PassingStanzas& out) -> std::optional<std::string> {
      out.kinds = 0;
      for (const std::string& text : kinds) {
        std::optional<StanzaKind> kind;
        for (const StanzaKind each : {StanzaKind::message, StanzaKind::presence, StanzaKind::iq}) {
          if (to_string(each) == text) {
            kind = each;
          }
        }
        if (!kind) {
          return shown(text) + " is not \"message\", \"presence\" or \"iq\"";
        }
        out.kinds = static_cast<std::uint8_t>(out.kinds | 1U << static_cast<unsigned>(*kind));
      }
      out.namespaces = namespaces;
      std::ranges::sort(out.namespaces);
      return std::nullopt;
    };
    if (auto wrong = read_way(options_.accept_stanzas, options_.accept_namespaces, rule_.accepts)) {
      return problem("accept_stanzas", std::move(*wrong));
    }
    if (auto wrong = read_way(options_.send_stanzas, options_.send_namespaces, rule_.sends)) {
      return problem("send_stanzas", std::move(*wrong));
    }
    return std::nullopt;
  }

  const PeerOptions& options_;
  PeerRule rule_;
};

}  // namespace

// ---- parts of a rule

std::optional<NextHop> NextHop::parse(std::string_view text) {
  NextHop hop;
  bool is_first = true;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (word.empty()) {
      continue;
    }
    if (is_first) {
      is_first = false;
      const std::size_t colon = word.rfind(':');
      std::string_view host = word.substr(0, colon);
      const auto port = colon == std::string_view::npos ? std::nullopt : whole_number<std::uint16_t>(word.substr(colon + 1));
      const bool is_bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
      if (is_bracketed) {
        host = host.substr(1, host.size() - 2);
      }
      const bool is_v6 = host.find(':') != std::string_view::npos;
      if (!port || *port == 0 || host.empty() || is_v6 != is_bracketed || (is_v6 ? !Network::parse(host) : !prepare_domain(host))) {
        return std::nullopt;
      }
      hop.host = host;
      hop.port = *port;
    } else if (word == "direct") {
      hop.is_direct_tls = true;
    } else if (word.starts_with("priority=")) {
      const auto priority = whole_number<std::uint16_t>(word.substr(std::string_view("priority=").size()));
      if (!priority) {
        return std::nullopt;
      }
      hop.priority = *priority;
    } else {
      return std::nullopt;
    }
  }
  return is_first ? std::nullopt : std::optional(std::move(hop));
}

bool PeerRule::speaks_for(std::string_view domain) const {
  return std::ranges::any_of(may_speak_for, [&](const DomainPattern& pattern) { return pattern.covers(domain); });
}

bool PeerRule::relays_to(std::string_view domain) const {
  return std::ranges::any_of(relay_to, [&](const DomainPattern& pattern) { return pattern.covers(domain); });
}

bool PeerRule::may_be_read(const std::array<std::uint8_t, 16>& ip) const {
  return std::ranges::any_of(integrity_only_networks, [&](const Network& network) { return network.contains(ip); });
}

// ---- all rules

Result<std::pair<std::optional<DomainPattern>, PeerRule>, PeerProblem> PeerRules::read(const PeerOptions& options) {
  return TableReader(options).read();
}

Result<std::shared_ptr<const PeerRules>, std::vector<PeerProblem>> PeerRules::make(Profile profile, const std::vector<PeerOptions>& tables,
                                                                                   const std::vector<std::string>& served,
                                                                                   const std::vector<ComponentOptions>& components) {
  auto rules = std::make_shared<PeerRules>();
  rules->served_ = served;
  std::vector<PeerProblem> problems;
  for (std::size_t i = 0; i < tables.size(); ++i) {
    const auto report = [&](std::string option, std::string text) { problems.push_back({i, std::move(option), std::move(text)}); };
    auto read = PeerRules::read(tables[i]);
    if (!read) {
      report(std::move(read.error().option), std::move(read.error().text));
      continue;
    }
    auto& [pattern, rule] = *read;
    const auto is_served = [&](const std::string& domain) { return std::ranges::count(served, domain) != 0; };
    if (pattern && !pattern->is_subtree && is_served(pattern->domain)) {
      report("domain", shown(pattern->domain) + " is served here, and no peer");
    }
    for (const DomainPattern& other : rule.may_speak_for) {
      if (std::ranges::any_of(served, [&](const std::string& domain) { return other.covers(domain); })) {
        report("may_speak_for", shown(other.str()) + " has a domain that is served here: nobody else speaks for it");
      }
    }
    auto made = std::make_shared<const PeerRule>(std::move(rule));
    if (!pattern) {
      if (rules->default_ != nullptr) {
        report("domain", "\"default\" has a rule already");
      }
      rules->default_ = std::move(made);
    } else if (!(pattern->is_subtree ? rules->subtrees_ : rules->exact_).emplace(pattern->domain, std::move(made)).second) {
      report("domain", shown(pattern->str()) + " has a rule already");
    }
  }
  if (rules->default_ == nullptr) {
    PeerOptions otherwise;
    otherwise.domain = default_domain;
    otherwise.name = profile == Profile::strict ? "strict profile" : "open profile";
    otherwise.action = profile == Profile::strict ? PeerAction::reject : PeerAction::allow;
    rules->default_ = std::make_shared<const PeerRule>(TableReader(otherwise).read()->second);
  }
  for (std::size_t i = 0; i < components.size(); ++i) {
    rules->add_component(i, components[i], served, problems);
  }
  // Nobody else speaks for a component of ours.
  for (std::size_t i = 0; i < tables.size(); ++i) {
    for (const std::string& text : tables[i].may_speak_for) {
      const auto pattern = DomainPattern::parse(text);
      if (pattern && std::ranges::any_of(rules->components_, [&](const ComponentEntry& entry) { return pattern->covers(entry.domain); })) {
        problems.push_back({i, "may_speak_for", shown(text) + " has the domain of a [[component]]: nobody else speaks for it"});
      }
    }
  }
  // Trunks end at a neighbour: one that goes by another neighbour could come round in a circle.
  for (std::size_t i = 0; i < tables.size(); ++i) {
    const auto via = tables[i].via.empty() ? Result<std::string, JidError>(std::string()) : prepare_domain(tables[i].via);
    if (!via || via->empty()) {
      continue;
    }
    const PeerRule& neighbour = *rules->of(*via);
    if (!neighbour.is_explicit || neighbour.is_component || !neighbour.may_be_sent_to() || !neighbour.via.empty()) {
      problems.push_back({i, "via", shown(*via) + " needs a [[peer]] of its own that is allowed, is sent to, and has no via"});
    }
  }
  if (!problems.empty()) {
    std::ranges::stable_sort(problems, {}, [](const PeerProblem& problem) { return std::pair(problem.is_component, problem.table); });
    return fail(std::move(problems));
  }
  return std::shared_ptr<const PeerRules>(std::move(rules));
}

// A component's rule is one for its exact domain; what it says of stanzas is read as of a peer.
void PeerRules::add_component(std::size_t table, const ComponentOptions& options, const std::vector<std::string>& served,
                              std::vector<PeerProblem>& problems) {
  const auto report = [&](std::string option, std::string text) { problems.push_back({table, std::move(option), std::move(text), true}); };
  PeerOptions stanzas;
  stanzas.domain = options.domain;
  stanzas.name = "component " + options.domain;
  stanzas.accept_stanzas = options.accept_stanzas;
  stanzas.send_stanzas = options.send_stanzas;
  stanzas.accept_namespaces = options.accept_namespaces;
  stanzas.send_namespaces = options.send_namespaces;
  stanzas.max_stanza = options.max_stanza;
  stanzas.rate = options.rate;
  stanzas.rate_burst = options.rate_burst;
  auto read = PeerRules::read(stanzas);
  if (!read && read.error().option != "domain") {
    report(std::move(read.error().option), std::move(read.error().text));
    return;
  }
  if (!read || !read->first || read->first->is_subtree) {
    report("domain", options.domain.empty() ? "is missing: the component's" : shown(options.domain) + " is no domain");
    return;
  }
  auto& [pattern, rule] = *read;
  const auto is_served = [&](std::string_view domain) { return std::ranges::count(served, domain) != 0; };
  if (is_served(pattern->domain)) {
    report("domain", shown(pattern->domain) + " is served here, and no component");
  }
  if (options.secret_file.empty()) {
    report("secret_file", "is missing: how the component proves that it is the one");
  }
  if (options.certificates.size() != options.keys.size()) {
    report("keys", "needs one entry for each of certificates");
  }
  ComponentEntry entry{.domain = pattern->domain, .name = options.name, .listed_by = {}};
  for (const std::string& text : options.listed_by) {
    const auto domain = prepare_domain(text);
    if (!domain || !is_served(*domain)) {
      report("listed_by", shown(text) + " is not served here");
    } else {
      entry.listed_by.push_back(*domain);
    }
  }
  if (!options.listed) {
    entry.listed_by.clear();
  } else if (entry.listed_by.empty()) {
    for (std::string_view above = entry.domain; above.find('.') != std::string_view::npos && entry.listed_by.empty();) {
      above.remove_prefix(above.find('.') + 1);
      if (is_served(above)) {
        entry.listed_by.emplace_back(above);
      }
    }
  }
  rule.is_component = true;
  rule.goes_abroad = options.abroad;
  if (!exact_.emplace(pattern->domain, std::make_shared<const PeerRule>(std::move(rule))).second) {
    report("domain", shown(pattern->domain) + " has a [[peer]] or [[component]] already");
    return;
  }
  components_.push_back(std::move(entry));
}

const PeerRulePtr& PeerRules::of(std::string_view domain) const {
  if (const auto found = exact_.find(domain); found != exact_.end()) {
    return found->second;
  }
  for (std::size_t dot = domain.find('.'); dot != std::string_view::npos; dot = domain.find('.', dot + 1)) {  // the longest first
    if (const auto found = subtrees_.find(domain.substr(dot + 1)); found != subtrees_.end()) {
      return found->second;
    }
  }
  return default_;
}

PositionRulePtr PeerRules::positions_of(std::string_view domain) const {
  const PeerRulePtr& rule = of(domain);
  if (rule->is_component || rule->positions.shows_all() || std::ranges::count(served_, domain) != 0) {
    return nullptr;
  }
  return {rule, &rule->positions};
}

bool PeerRules::any_may_be_read(const std::array<std::uint8_t, 16>& ip) const {
  const auto may = [&](const auto& entry) { return entry.second->may_be_read(ip); };
  return default_->may_be_read(ip) || std::ranges::any_of(exact_, may) || std::ranges::any_of(subtrees_, may);
}

}  // namespace aldis::policy
