// One line a matter.
#include "federation/explain_inbound.h"

#include "policy/policy.h"
#include "tls/certificate_fields.h"
#include "tls/profile.h"
#include "xmpp/timestamp.h"

namespace aldis::federation {
namespace {

using Line = PeerTable::Explanation::Line;

class Inbound {
 public:
  Inbound(PeerTable& table, const std::string& host, const std::string& peer) : table_(table), host_(host), peer_(peer) {}

  std::vector<Line> explain() {
    const policy::PeerDecision decision =
        table_.world().policy.decide(policy::PeerQuestion{.action = policy::Action::accept_in, .peer = peer_});
    rule_ = decision.rule;
    if (decision.is_granted()) {
      say("rule", "\"" + rule_->name + "\" applies: it may send to us");
      say_doors();
      say_proof();
      say_what_passes();
    } else {
      const policy::Reason reason = decision.decision.reason();
      say("rule", (rule_ != nullptr ? "\"" + rule_->name + "\" applies" : std::string("there are no rules")) + ": " + std::string(to_string(reason)) +
                      "; its streams end with policy-violation. " + mend_of(reason, rule_, peer_, true),
          false);
    }
    say_streams();
    say_refusal();
    return std::move(lines_);
  }

 private:
  void say(std::string topic, std::string text, bool is_good = true) { lines_.push_back({std::move(topic), std::move(text), is_good, true}); }
  void say_doors();
  void say_proof();
  void say_what_passes();
  void say_streams();
  void say_stream(const PeerStream& stream);
  void say_refusal();

  PeerTable& table_;
  const std::string& host_;
  const std::string& peer_;
  policy::PeerRulePtr rule_;
  std::vector<Line> lines_;
};

std::string listed(const std::vector<std::string>& all) {
  std::string text;
  for (const std::string& each : all) {
    text.append(text.empty() ? "" : ", ").append(each);
  }
  return text;
}

// Where it must call, and with which TLS.
void Inbound::say_doors() {
  std::vector<std::string> doors;
  for (const PeerTable::Door& door : table_.doors()) {
    if (door.kind.is_direct || rule_->tls != policy::PeerTls::direct) {
      doors.push_back(door.address.str() + (door.kind.is_direct ? " (direct TLS)" : " (STARTTLS)"));
    }
  }
  if (doors.empty()) {
    say("TCP", rule_->tls == policy::PeerTls::direct && !table_.doors().empty()
                   ? "its rule has tls = \"direct\", and no listener for servers has it: write a [[listener]] with serves = \"servers\" and tls = \"direct\""
                   : "no listener is for other servers: write a [[listener]] with serves = \"servers\", and let port 5269 through",
        false);
  } else {
    say("TCP", "it may call at " + listed(doors) + "; whether it finds the way there is for its DNS and the network between to say");
  }
  std::string text = rule_->tls_profile ? "of the profile " + std::string(tls::settings_of(*rule_->tls_profile).name) : "as its listener speaks it";
  if (!rule_->integrity_only_networks.empty()) {
    text += "; from " + std::to_string(rule_->integrity_only_networks.size()) + " networks also without encryption";
  }
  const auto own = table_.tls().hosts.find(host_);
  const bool has_own = own != table_.tls().hosts.end() && own->second.has_certificate;
  say("TLS", has_own ? text : text + "; but " + host_ + " has no certificate to show: name one in its [[domain]]", has_own);
}

// How it proves its name.
void Inbound::say_proof() {
  if (rule_->allows_external()) {
    const auto anchors = table_.certificates().trust().anchors_of(*rule_);
    std::string text = "a certificate with " + peer_ + " in it as dNSName, SRVName or xmppAddr, by one of the ";
    if (!rule_->pinned_keys.empty()) {
      text.insert(0, "with a key that pinned_keys names (" + std::to_string(rule_->pinned_keys.size()) + "), ");
    }
    if (anchors) {
      say("certificate", text + std::to_string(anchors->count) + " authorities in " + anchors->path);
    } else {
      say("certificate", "none can be believed: " + anchors.error().what, false);
    }
    switch (table_.certificates().trust().mode_of(*rule_)) {
      case tls::RevocationMode::off: say("revocation", "nobody asks whether it is revoked"); break;
      case tls::RevocationMode::soft: say("revocation", "soft: one that is known to be revoked is refused"); break;
      case tls::RevocationMode::hard:
        say("revocation", "hard: only one is accepted that a current CRL or OCSP response says is good; \"aldis cert revocation\" shows what is known");
        break;
    }
  }
  switch (rule_->authentication) {
    case policy::PeerAuthentication::external: say("authentication", "SASL EXTERNAL only"); break;
    case policy::PeerAuthentication::external_or_dialback:
      say("authentication", "SASL EXTERNAL, or dialback where its certificate does not convince: then DNS alone says who it is");
      break;
    case policy::PeerAuthentication::dialback: say("authentication", "dialback only: DNS alone says who it is"); break;
  }
}

std::string kinds_of(const policy::PassingStanzas& passing) {
  std::vector<std::string> kinds;
  for (const StanzaKind kind : {StanzaKind::message, StanzaKind::presence, StanzaKind::iq}) {
    if ((passing.kinds & (1U << static_cast<unsigned>(kind))) != 0) {
      kinds.emplace_back(to_string(kind));
    }
  }
  return kinds.empty() ? "nothing" : listed(kinds);
}

std::string domains_of(const std::vector<policy::DomainPattern>& patterns) {
  std::vector<std::string> all;
  for (const policy::DomainPattern& pattern : patterns) {
    all.push_back(pattern.str());
  }
  return listed(all);
}

void Inbound::say_what_passes() {
  std::string text = kinds_of(rule_->accepts);
  if (!rule_->accepts.namespaces.empty()) {
    text += ", with payloads of " + std::to_string(rule_->accepts.namespaces.size()) + " namespaces only";
  }
  if (rule_->presence == policy::PeerPresence::stripped) {
    text += "; of presence only subscriptions";
  }
  text += "; from " + peer_ + (rule_->may_speak_for.empty() ? "" : ", " + domains_of(rule_->may_speak_for)) + ", to the domains served here" +
          (rule_->relay_to.empty() ? "" : " and on to " + domains_of(rule_->relay_to));
  text += "; " + std::to_string(rule_->max_stanza) + " bytes a stanza" + (rule_->rate == 0 ? "" : ", " + std::to_string(rule_->rate) + " bytes a second");
  say("may send", std::move(text), rule_->accepts.kinds != 0);
}

// Streams it sends on: its own, and ours where both directions are agreed (XEP-0288).
void Inbound::say_streams() {
  bool is_any = false;
  table_.for_each_stream([&](const PeerStream& stream) {
    const stream::DomainPair& pair = stream.pair();
    if (stream.proof() != stream::ServerProof::none && (stream.is_inbound() ? pair.from : pair.to) == peer_ &&
        (stream.is_inbound() || stream.is_bidi())) {
      is_any = true;
      say_stream(stream);
    }
  });
  if (!is_any) {
    say("now", "it has no stream open to us");
  }
}

void Inbound::say_stream(const PeerStream& stream) {
  const auto age = std::chrono::duration_cast<WallTime::duration>(table_.now() - stream.opened());
  std::string text = stream.is_inbound() ? "it called " + stream.pair().to : "called from " + stream.pair().from + ", both directions";
  text += " at " + format_timestamp(table_.wall() - age) + ", " + stream.connection()->peer().str();
  if (const tls::TlsEngine* engine = stream.connection()->tls()) {
    const tls::TlsInfo info = engine->info();
    text += ", " + info.version + " " + info.cipher + (info.is_confidential ? "" : " (not encrypted)");
  }
  if (stream.proof() == stream::ServerProof::dialback) {
    text += ", by dialback";
  } else {
    text += ", by EXTERNAL";
    const auto& shown = stream.shown();
    const auto fields = shown != nullptr && !shown->chain.certificates.empty() ? tls::fields_of(shown->chain.certificates.front().get())
                                                                               : Result<tls::CertificateFields>(fail(ErrorKind::not_found, ""));
    if (fields) {
      text += " with the certificate " + fields->subject + ", serial number " + fields->serial + ", until " + format_timestamp(fields->not_after);
    }
  }
  if (stream.is_inbound() && stream.is_bidi()) {
    text += ", both directions";
  }
  say("now", text + "; " + std::to_string(stream.taken()) + " stanzas have come");
}

void Inbound::say_refusal() {
  if (const Refusal* refusal = table_.refusals().last(peer_)) {
    say("last refused", format_timestamp(refusal->when) + ", from " + refusal->address + (refusal->host.empty() ? "" : ", to " + refusal->host) +
                            (refusal->rule.empty() ? "" : ", by the rule \"" + refusal->rule + "\"") + ": " + refusal->why,
        false);
  } else {
    say("last refused", "no stream in its name, as far as is remembered since this server started");
  }
}

}  // namespace

std::string mend_of(policy::Reason reason, const policy::PeerRulePtr& rule, const std::string& peer, bool is_inbound) {
  if (rule != nullptr && rule->is_component) {
    return "It is a component of this server, and no other server.";
  }
  const bool is_explicit = rule != nullptr && rule->is_explicit;
  switch (reason) {
    case policy::Reason::peer_rejected:
      return is_explicit ? "If it is to be a partner, take action = \"reject\" out of that [[peer]]."
                         : "If it is to be a partner, write [[peer]] with domain = \"" + peer + "\".";
    case policy::Reason::peer_direction:
      return std::string("Its [[peer]] has the other direction only: write direction = \"both\"") + (is_inbound ? " or \"in\"." : " or \"out\".");
    default: return {};
  }
}

std::vector<PeerTable::Explanation::Line> explain_inbound(PeerTable& table, const std::string& host, const std::string& peer) {
  return Inbound(table, host, peer).explain();
}

}  // namespace aldis::federation
