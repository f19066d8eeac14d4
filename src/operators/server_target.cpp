// Operators' commands to the core's Administration.
#include "operators/server_target.h"

#include <algorithm>
#include <tuple>

#include "operators/account_errors.h"
#include "operators/archive_target.h"
#include "operators/certificate_target.h"

namespace aldis::admin {

ServerTarget::ServerTarget(Administration& administration, Stores stores, federation::PeerTable* peers,
                           federation::ComponentTable* components, std::vector<std::string> domains, const Clock& clock, std::function<void()> ask_reload)
    : administration_(administration),
      stores_(stores),
      peers_(peers),
      components_(components),
      domains_(std::move(domains)),
      clock_(clock),
      started_(clock.now()),
      ask_reload_(std::move(ask_reload)) {}

Task<Result<void>> ServerTarget::create_account(BareJid jid, SecretBytes password) {
  if (auto allowed = check_account(jid, domains_); !allowed) {
    co_return allowed;
  }
  Result<void> done = co_await administration_.create_account(jid, std::move(password));
  co_return name_account(std::move(done), jid);
}

Task<Result<void>> ServerTarget::set_password(BareJid jid, SecretBytes password, SessionId keep) {
  Result<void> done = co_await administration_.set_password(jid, std::move(password), keep);
  co_return name_account(std::move(done), jid);
}

Task<Result<void>> ServerTarget::expire_password(BareJid jid) {
  Result<void> done = co_await administration_.expire_password(jid);
  co_return name_account(std::move(done), jid);
}

Task<Result<void>> ServerTarget::set_enabled(BareJid jid, bool is_enabled) {
  Result<void> done = co_await administration_.set_enabled(jid, is_enabled);
  co_return name_account(std::move(done), jid);
}

Task<Result<void>> ServerTarget::delete_account(BareJid jid) {
  Result<void> done = co_await administration_.delete_account(jid);
  co_return name_account(std::move(done), jid);
}

Task<Result<void>> ServerTarget::unlock(BareJid jid) {
  Result<void> done = co_await administration_.unlock(jid);
  co_return name_account(std::move(done), jid);
}

Task<Result<AccountInfo>> ServerTarget::find_account(BareJid jid) {
  auto record = co_await stores_.accounts.find(jid);
  const auto lockouts = co_await administration_.lockouts();
  co_return account_info(std::move(record), jid, lockouts);
}

Task<Result<std::vector<AccountInfo>>> ServerTarget::list_accounts(std::string domain, std::string after, std::size_t limit) {
  auto records = co_await stores_.accounts.list(std::move(domain), std::move(after), limit);
  const auto lockouts = co_await administration_.lockouts();
  co_return account_infos(std::move(records), lockouts);
}

Task<Result<std::vector<SessionInfo>>> ServerTarget::list_sessions(std::optional<BareJid> of, std::size_t limit) {
  const auto sessions = co_await administration_.sessions(std::move(of), limit);
  std::vector<SessionInfo> infos;
  for (const SessionSummary& session : sessions) {
    SessionInfo info{session.jid.str(), session.is_detached ? "detached" : session.peer, session.mechanism, std::nullopt};
    if (session.is_available) {
      info.priority = session.priority;
    }
    if (session.tls) {
      info.tls_version = session.tls->version;
      info.cipher = session.tls->cipher;
      info.is_confidential = session.tls->is_confidential;
    }
    info.channel_binding = session.channel_binding;
    infos.push_back(std::move(info));
  }
  co_return infos;
}

Task<Result<std::size_t>> ServerTarget::end_sessions(Jid jid) {
  const StreamError error{.condition = StreamCondition::reset, .text = "An administrator ended this session."};
  const std::size_t ended = co_await administration_.end_sessions(std::move(jid), error, "ended by an operator");
  co_return ended;
}

Task<Result<std::size_t>> ServerTarget::announce(std::string domain, std::string subject, std::string text) {
  if (auto served = check_domain(domain, domains_); !served) {
    co_return fail(served.error());
  }
  const std::size_t count = co_await administration_.announce(BareJid::parse(domain).value(), std::move(subject), std::move(text));
  co_return count;
}

Task<Result<std::optional<std::string>>> ServerTarget::notice(std::string domain, NoticeKind kind) {
  if (auto served = check_domain(domain, domains_); !served) {
    co_return fail(served.error());
  }
  Result<std::optional<Notice>> found = co_await stores_.notices.load(std::move(domain), kind);
  if (!found) {
    co_return fail(found.error());
  }
  co_return *found ? std::optional<std::string>((*found)->text) : std::nullopt;
}

Task<Result<std::size_t>> ServerTarget::set_notice(std::string domain, NoticeKind kind, std::string text) {
  if (auto served = check_domain(domain, domains_); !served) {
    co_return fail(served.error());
  }
  if (kind == NoticeKind::motd) {
    Result<std::size_t> shown = co_await administration_.set_motd(BareJid::parse(domain).value(), std::move(text));
    co_return shown;
  }
  const Result<Notice> set = co_await stores_.notices.set(std::move(domain), kind, std::move(text));
  if (!set) {
    co_return fail(set.error());
  }
  co_return std::size_t{0};
}

Task<Result<void>> ServerTarget::edit_notice(std::string domain, NoticeKind kind, std::string text) {
  if (auto served = check_domain(domain, domains_); !served) {
    co_return served;
  }
  Result<void> done = co_await stores_.notices.edit(domain, kind, std::move(text));
  co_return name_notice(std::move(done), kind, domain);
}

Task<Result<void>> ServerTarget::delete_notice(std::string domain, NoticeKind kind) {
  if (auto served = check_domain(domain, domains_); !served) {
    co_return served;
  }
  Result<void> done = co_await stores_.notices.remove(domain, kind);
  co_return name_notice(std::move(done), kind, domain);
}

Task<Result<std::vector<TokenInfo>>> ServerTarget::list_tokens(BareJid jid) {
  auto tokens = co_await administration_.client_tokens(jid);
  if (!tokens) {
    co_return fail(name_account(fail(tokens.error()), jid).error());
  }
  co_return token_infos(std::move(tokens));
}

Task<Result<ForgottenClients>> ServerTarget::forget_clients(BareJid jid, std::string client) {
  const auto forgotten = co_await administration_.forget_clients(jid, std::move(client));
  if (!forgotten) {
    co_return fail(name_account(fail(forgotten.error()), jid).error());
  }
  co_return ForgottenClients{forgotten->clients, forgotten->sessions};
}

Task<Result<std::vector<CertificateMapping>>> ServerTarget::list_certificates(BareJid jid) {
  return certificates_of(stores_, std::move(jid));
}

Task<Result<void>> ServerTarget::add_certificate(BareJid jid, CertificateKey key, std::string value) {
  return give_certificate(stores_, std::move(jid), {key, std::move(value), clock_.wall()});
}

// Sessions that rest on it end within a minute (core/certificate_watch.h).
Task<Result<void>> ServerTarget::remove_certificate(BareJid jid, CertificateKey key, std::string value) {
  return take_certificate(stores_, std::move(jid), key, std::move(value));
}

Task<Result<CertificateJudgement>> ServerTarget::explain_certificate(std::string chain, std::string domain) {
  if (auto served = check_domain(domain, domains_); !served) {
    co_return fail(served.error());
  }
  Result<tls::PresentedChain> read = read_chain(chain);
  if (!read) {
    co_return fail(read.error());
  }
  CertificateJudgement judged = co_await administration_.judge_certificate(std::move(*read), std::move(domain));
  co_return judged;
}

Task<Result<std::size_t>> ServerTarget::import_crls(std::string lists) {
  if (known_ == nullptr) {
    co_return fail(ErrorKind::unavailable, "this server keeps no CRLs");
  }
  auto work = [known = known_, lists = std::move(lists)] { return known->import_crls(lists); };
  Result<std::size_t> newer = co_await workers_->run(std::move(work), std::chrono::seconds(60));
  co_return newer;
}

Task<Result<tls::RevocationCache::Imported>> ServerTarget::import_ocsp(std::string responses, std::string issuers) {
  if (known_ == nullptr) {
    co_return fail(ErrorKind::unavailable, "this server keeps no OCSP responses");
  }
  auto work = [this, now = clock_.wall(), given = std::move(responses), extra = std::move(issuers)] {
    return import_responses(*known_, authorities_, given, extra, now);
  };
  Result<tls::RevocationCache::Imported> imported = co_await workers_->run(std::move(work), std::chrono::seconds(60));
  co_return imported;
}

Task<Result<std::vector<tls::KnownRevocation>>> ServerTarget::known_revocation() {
  if (known_ == nullptr) {
    co_return fail(ErrorKind::unavailable, "this server keeps no CRLs");
  }
  co_return known_->known();
}

Task<Result<ArchiveInfo>> ServerTarget::archive_info(BareJid jid) { return archive_info_of(stores_, std::move(jid)); }

Task<Result<void>> ServerTarget::set_archive_limits(BareJid jid, std::optional<ArchiveRetention> own) {
  return set_limits_of_archive(stores_, std::move(jid), own);
}

Task<Result<ArchivePart>> ServerTarget::read_archive(BareJid jid, ArchiveQuery query) {
  return read_part_of_archive(stores_, std::move(jid), std::move(query));
}

// ---- rooms: what changes one goes to whoever houses it

namespace {
Unexpected<Error> no_rooms(const BareJid& room) {
  return fail(ErrorKind::not_found, std::string(room.domain()) + " serves no rooms");
}
}  // namespace

Task<Result<std::vector<RoomSummary>>> ServerTarget::list_rooms(std::string domain, std::string after, std::size_t limit) {
  auto rooms = co_await rooms_in_store(stores_, std::move(domain), std::move(after), limit);
  co_return rooms;
}

Task<Result<RoomInfo>> ServerTarget::find_room(BareJid room) {
  Result<RoomInfo> found = co_await room_in_store(stores_, room);
  if (RoomAdministration* rooms = administration_.rooms_of(room.domain()); found && rooms != nullptr) {
    found->occupants = co_await rooms->occupants(room);
  }
  co_return found;
}

Task<Result<void>> ServerTarget::create_room(BareJid room, BareJid owner) {
  RoomAdministration* rooms = administration_.rooms_of(room.domain());
  if (rooms == nullptr) {
    co_return no_rooms(room);
  }
  Result<void> done = co_await rooms->create(room, std::move(owner));
  co_return name_room(std::move(done), room);
}

Task<Result<void>> ServerTarget::destroy_room(BareJid room, std::string reason) {
  RoomAdministration* rooms = administration_.rooms_of(room.domain());
  if (rooms == nullptr) {
    co_return no_rooms(room);
  }
  Result<void> done = co_await rooms->destroy(room, std::move(reason));
  co_return name_room(std::move(done), room);
}

Task<Result<void>> ServerTarget::set_room_affiliation(BareJid room, Jid jid, Affiliation affiliation, std::string reason) {
  RoomAdministration* rooms = administration_.rooms_of(room.domain());
  if (rooms == nullptr) {
    co_return no_rooms(room);
  }
  Result<void> done = co_await rooms->set_affiliation(room, std::move(jid), affiliation, std::move(reason));
  co_return name_room(std::move(done), room);
}

Task<Result<ArchivePart>> ServerTarget::read_room_archive(BareJid room, ArchiveQuery query) {
  auto part = co_await room_archive_in_store(stores_, std::move(room), std::move(query));
  co_return part;
}

Task<Result<std::vector<PeerInfo>>> ServerTarget::list_peers() {
  std::vector<PeerInfo> all;
  if (peers_ == nullptr) {
    co_return all;
  }
  using Links = std::vector<federation::PeerTable::LinkInfo>;
  const Completion<Links> listed;
  peers_->shard().post([table = peers_, listed] { listed.complete(table->list()); });
  const Links links = co_await listed;
  for (const auto& link : links) {
    all.push_back({link.pair.from, link.pair.to, link.direction, link.state, link.address, link.tls, link.proof, link.stanzas, link.waiting,
                   link.last_failure});
    if (link.direction == "in") {
      std::swap(all.back().host, all.back().peer);
    }
  }
  std::ranges::sort(all, {}, [](const PeerInfo& info) { return std::tie(info.host, info.peer, info.direction); });
  co_return all;
}

Task<Result<PeerExplanation>> ServerTarget::explain_peer(std::string host, std::string peer) {
  if (host.empty()) {
    host = domains_.front();
  }
  if (std::ranges::find(domains_, host) == domains_.end()) {
    co_return fail(ErrorKind::not_found, host + " is not served here");
  }
  if (std::ranges::find(domains_, peer) != domains_.end()) {
    co_return fail(ErrorKind::invalid, peer + " is served here; it is no other server");
  }
  if (peers_ == nullptr) {
    co_return fail(ErrorKind::unavailable, "this server speaks with no other");
  }
  using Explanation = federation::PeerTable::Explanation;
  const Completion<Explanation> explained;
  peers_->shard().post([table = peers_, explained, host, peer] {
    spawn([](federation::PeerTable& there, Completion<Explanation> told, std::string ours, std::string theirs) -> Task<void> {
      Explanation explanation = co_await there.explain(std::move(ours), std::move(theirs));
      told.complete(std::move(explanation));
    }(*table, explained, host, peer));
  });
  const Explanation explanation = co_await explained;
  PeerExplanation told{.lines = {}, .is_reachable = explanation.is_reachable};
  for (const Explanation::Line& line : explanation.lines) {
    told.lines.push_back({line.topic, line.text, line.is_good, line.is_inbound});
  }
  co_return told;
}

Task<Result<std::vector<ComponentInfo>>> ServerTarget::list_components() {
  std::vector<ComponentInfo> all;
  if (components_ == nullptr) {
    co_return all;
  }
  using Infos = std::vector<federation::ComponentTable::Info>;
  const Completion<Infos> listed;
  components_->shard().post([table = components_, listed] { listed.complete(table->list()); });
  const Infos infos = co_await listed;
  for (const auto& info : infos) {
    all.push_back({info.domain, info.is_connected, info.address, info.tls, info.since, info.taken, info.sent, info.waiting});
  }
  co_return all;
}

Task<Result<ReloadReport>> ServerTarget::reload() {
  const Waiting waiting;
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(waiting);
  }
  ask_reload_();
  Result<ReloadReport> outcome = co_await waiting;
  co_return outcome;
}

void ServerTarget::answer_reloads(const Result<ReloadReport>& outcome) {
  std::vector<Waiting> waiting;
  {
    const std::lock_guard lock(mutex_);
    waiting.swap(waiting_);
  }
  for (const Waiting& one : waiting) {
    one.complete(outcome);
  }
}

Task<Result<ServerStatus>> ServerTarget::status() {
  ServerStatus status;
  status.version = ALDIS_VERSION;
  status.is_running = true;
  status.uptime = std::chrono::duration_cast<std::chrono::seconds>(clock_.now() - started_);
  status.domains = domains_;
  status.configuration = describe_configuration_ ? describe_configuration_() : std::string();
  status.sessions = co_await administration_.session_count();
  co_return status;
}

Task<Result<std::vector<DirectoryStep>>> ServerTarget::explain_directory(BareJid jid) {
  Result<std::vector<DirectoryStep>> steps = co_await administration_.explain_directory(jid);
  if (!steps) {
    co_return steps;
  }
  const Result<AccountRecord> record = co_await stores_.accounts.find(jid);
  steps->push_back(account_step(record));
  co_return steps;
}

}  // namespace aldis::admin
