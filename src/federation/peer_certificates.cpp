// At the making of a stream, and while it lives.
#include "federation/peer_certificates.h"

#include "base/log.h"
#include "base/metrics.h"
#include "federation/peer_table.h"

namespace aldis::federation {
namespace {
metrics::Counter ended_streams{"aldis_peer_streams_ended_by_certificate_total", "Streams between servers whose certificate held no more."};
}  // namespace

PeerProof PeerCertificates::judge_now(const policy::PeerRule& rule, const ShownCertificate& shown) {
  return trust_.judge(rule, shown.domain, shown.chain, shown.target ? &*shown.target : nullptr, table_.wall());
}

Task<PeerProof> PeerCertificates::judge(policy::PeerRulePtr rule, std::shared_ptr<const ShownCertificate> shown) {
  if (revocation_ != nullptr) {
    auto path = trust_.unknown_path(*rule, shown->chain, shown->target ? &*shown->target : nullptr, table_.wall());
    if (!path.empty()) {
      co_await revocation_->refresh(std::move(path));
    }
  }
  co_return judge_now(*rule, *shown);
}

void PeerCertificates::watch() {
  table_.timers().after(table_.options().certificate_check, [this] {
    look_at_all();
    watch();
  });
}

// Each by itself: one authority that does not answer keeps nobody waiting for another's word.
void PeerCertificates::look_at_all() {
  std::vector<PeerStream::Id> all;
  table_.for_each_stream([&](PeerStream& stream) {
    if (stream.shown() != nullptr && !stream.is_being_judged()) {
      all.push_back(stream.id());
    }
  });
  for (const PeerStream::Id id : all) {
    spawn(look_at(table_, id));
  }
}

Task<void> PeerCertificates::look_at(PeerTable& table, std::uint64_t id) {
  PeerStream* stream = table.find_stream(id);
  if (stream == nullptr) {
    co_return;
  }
  PeerCertificates& self = table.certificates();
  const std::shared_ptr<const ShownCertificate> shown = stream->shown();
  const policy::PeerRulePtr rule = stream->rule();
  PeerProof proof = self.judge_now(*rule, *shown);   // what is known already needs no waiting
  if (proof.is_proved && self.revocation_ != nullptr) {
    auto path = self.trust_.path(*rule, shown->chain, shown->target ? &*shown->target : nullptr, table.wall());
    if (!path.empty()) {
      stream->set_being_judged(true);
      co_await self.revocation_->refresh(std::move(path));
      proof = self.judge_now(*rule, *shown);
      stream = table.find_stream(id);
      if (stream == nullptr) {
        co_return;
      }
      stream->set_being_judged(false);
    }
  }
  if (proof.is_proved || stream->shown() == nullptr) {
    co_return;
  }
  ended_streams.add();
  const stream::DomainPair& pair = stream->pair();
  log::warning("audit-peer-certificate", {{"host", stream->is_inbound() ? pair.to : pair.from},
                                          {"peer", shown->domain},
                                          {"address", stream->connection()->peer().str()},
                                          {"direction", stream->is_inbound() ? "in" : "out"},
                                          {"rule", rule->name},
                                          {"cause", proof.why}});
  if (stream->is_inbound()) {
    table.note_refusal(shown->domain, {.host = pair.to, .address = stream->connection()->peer().str(), .rule = rule->name, .why = "an open stream was ended: " + proof.why});
  }
  stream->end({.condition = StreamCondition::not_authorized, .text = "The certificate holds no more."});
}

}  // namespace aldis::federation
