// FakeTarget: an AdminTarget over maps, for the tests of commands and of their doors.
#pragma once
#include <map>

#include "operators/admin_target.h"

namespace aldis::admin {

struct FakeTarget final : AdminTarget {
  struct Account {
    std::string password;
    bool is_enabled = true;
    std::string locked_out{};
    bool must_change = false;
  };
  std::map<std::pair<std::string, NoticeKind>, std::string> notices;
  std::vector<std::string> announced;
  SessionId kept = SessionId::none;   // by the last set_password
  std::map<std::string, Account> accounts;
  std::vector<SessionInfo> sessions;
  ReloadReport report;
  std::vector<PeerInfo> peers;
  std::vector<ComponentInfo> components;
  PeerExplanation explanation;
  std::string asked_peer;
  std::map<std::pair<CertificateKey, std::string>, std::string> certificates;   // whose it is
  CertificateJudgement judgement;
  bool is_broken = false;   // every call fails as unavailable
  std::vector<std::string> calls;

  template <class F>
  Result<void> with(const BareJid& jid, F act) {
    if (is_broken) {
      return fail(ErrorKind::unavailable, "the store cannot be reached");
    }
    const auto found = accounts.find(jid.str());
    if (found == accounts.end()) {
      return fail(ErrorKind::not_found, "there is no account " + jid.str());
    }
    act(found->second);
    return {};
  }
  Task<Result<void>> create_account(BareJid jid, SecretBytes password) override {
    if (is_broken) {
      co_return fail(ErrorKind::unavailable, "the store cannot be reached");
    }
    if (!accounts.emplace(jid.str(), Account{std::string(password.view())}).second) {
      co_return fail(ErrorKind::already_exists, "the account " + jid.str() + " exists already");
    }
    co_return Result<void>();
  }
  Task<Result<void>> set_password(BareJid jid, SecretBytes password, SessionId keep) override {
    kept = keep;
    co_return with(jid, [&](Account& account) { account.password = password.view(); });
  }
  Task<Result<void>> expire_password(BareJid jid) override {
    co_return with(jid, [&](Account& account) { account.must_change = true; });
  }
  Task<Result<void>> set_enabled(BareJid jid, bool is_enabled) override {
    co_return with(jid, [&](Account& account) { account.is_enabled = is_enabled; });
  }
  Task<Result<void>> delete_account(BareJid jid) override {
    Result<void> found = with(jid, [](Account&) {});
    if (found) {
      accounts.erase(jid.str());
    }
    co_return found;
  }
  Task<Result<void>> unlock(BareJid jid) override {
    co_return with(jid, [](Account& account) { account.locked_out.clear(); });
  }
  Task<Result<AccountInfo>> find_account(BareJid jid) override {
    AccountInfo info{jid};
    const Result<void> found = with(jid, [&](Account& account) {
      info.is_enabled = account.is_enabled;
      info.locked_out = account.locked_out;
    });
    if (!found) {
      co_return fail(found.error());
    }
    co_return info;
  }
  Task<Result<std::vector<AccountInfo>>> list_accounts(std::string domain, std::string after, std::size_t limit) override {
    if (is_broken) {
      co_return fail(ErrorKind::unavailable, "the store cannot be reached");
    }
    std::vector<AccountInfo> out;
    for (const auto& [name, account] : accounts) {
      const auto jid = BareJid::parse(name);
      if (jid->domain() == domain && name > after && out.size() < limit) {
        out.push_back({*jid, account.is_enabled, {}, {}, account.locked_out});
      }
    }
    co_return out;
  }
  Task<Result<std::vector<SessionInfo>>> list_sessions(std::optional<BareJid> of, std::size_t limit) override {
    std::vector<SessionInfo> out;
    for (const SessionInfo& session : sessions) {
      const Jid jid = Jid::parse(session.jid).value();
      const bool is_of = !of || (of->has_local() ? jid.bare_str() == of->str() : jid.domain() == of->str());
      if (is_of && out.size() < limit) {
        out.push_back(session);
      }
    }
    co_return out;
  }
  Task<Result<std::size_t>> end_sessions(Jid jid) override {
    co_return std::erase_if(sessions, [&](const SessionInfo& session) {
      return session.jid == jid.str() || session.jid.starts_with(jid.str() + "/");
    });
  }
  Task<Result<std::size_t>> announce(std::string domain, std::string subject, std::string text) override {
    announced.push_back(domain + "|" + subject + "|" + text);
    co_return sessions.size();
  }
  Task<Result<std::optional<std::string>>> notice(std::string domain, NoticeKind kind) override {
    const auto found = notices.find({domain, kind});
    co_return found == notices.end() ? std::nullopt : std::optional(found->second);
  }
  Task<Result<std::size_t>> set_notice(std::string domain, NoticeKind kind, std::string text) override {
    notices[{domain, kind}] = text;
    co_return sessions.size();
  }
  Task<Result<void>> edit_notice(std::string domain, NoticeKind kind, std::string text) override {
    const auto found = notices.find({domain, kind});
    if (found == notices.end()) {
      co_return fail(ErrorKind::not_found, "there is none");
    }
    found->second = text;
    co_return Result<void>();
  }
  Task<Result<void>> delete_notice(std::string domain, NoticeKind kind) override {
    if (notices.erase({domain, kind}) == 0) {
      co_return fail(ErrorKind::not_found, "there is none");
    }
    co_return Result<void>();
  }
  std::map<std::string, std::vector<TokenInfo>> tokens;
  Task<Result<std::vector<TokenInfo>>> list_tokens(BareJid jid) override {
    const Result<void> found = with(jid, [](Account&) {});
    if (!found) {
      co_return fail(found.error());
    }
    co_return tokens[jid.str()];
  }
  Task<Result<ForgottenClients>> forget_clients(BareJid jid, std::string client) override {
    const Result<void> found = with(jid, [](Account&) {});
    if (!found) {
      co_return fail(found.error());
    }
    const std::size_t gone = std::erase_if(
        tokens[jid.str()], [&](const TokenInfo& token) { return client.empty() || token.client == client; });
    co_return ForgottenClients{gone, gone == 0 ? 0U : 1U};
  }
  std::map<std::string, std::vector<ArchivePart::Message>> archives;   // in order
  std::map<std::string, ArchiveRetention> archive_limits;
  Task<Result<std::vector<CertificateMapping>>> list_certificates(BareJid jid) override {
    const Result<void> found = with(jid, [](Account&) {});
    if (!found) {
      co_return fail(found.error());
    }
    std::vector<CertificateMapping> mappings;
    for (const auto& [key, owner] : certificates) {
      if (owner == jid.str()) {
        mappings.push_back({key.first, key.second, WallTime(std::chrono::seconds(1'700'000'000))});
      }
    }
    co_return mappings;
  }
  Task<Result<void>> add_certificate(BareJid jid, CertificateKey key, std::string value) override {
    Result<void> found = with(jid, [](Account&) {});
    if (found && !certificates.emplace(std::pair(key, value), jid.str()).second) {
      co_return fail(ErrorKind::already_exists, certificates[{key, value}] + " has it");
    }
    co_return found;
  }
  Task<Result<void>> remove_certificate(BareJid jid, CertificateKey key, std::string value) override {
    if (certificates.erase({key, value}) == 0) {
      co_return fail(ErrorKind::not_found, jid.str() + " has no such certificate");
    }
    co_return Result<void>();
  }
  Task<Result<CertificateJudgement>> explain_certificate(std::string chain, std::string domain) override {
    calls.push_back("explain for " + domain + ", " + std::to_string(chain.size()) + " bytes");
    co_return judgement;
  }
  std::vector<tls::KnownRevocation> revocation;
  Task<Result<std::size_t>> import_crls(std::string lists) override {
    calls.push_back("CRLs of " + std::to_string(lists.size()) + " bytes");
    co_return std::size_t{1};
  }
  Task<Result<tls::RevocationCache::Imported>> import_ocsp(std::string responses, std::string issuers) override {
    calls.push_back("OCSP responses of " + std::to_string(responses.size()) + " bytes, issuers of " + std::to_string(issuers.size()));
    co_return tls::RevocationCache::Imported{.answers = 3, .newer = 2};
  }
  Task<Result<std::vector<tls::KnownRevocation>>> known_revocation() override { co_return revocation; }
  Task<Result<ArchiveInfo>> archive_info(BareJid jid) override {
    const Result<void> found = with(jid, [](Account&) {});
    if (!found) {
      co_return fail(found.error());
    }
    ArchiveInfo info{.messages = archives[jid.str()].size(), .bytes = 100 * archives[jid.str()].size()};
    if (info.messages != 0) {
      info.first = archives[jid.str()].front().id;
      info.last = archives[jid.str()].back().id;
    }
    if (archive_limits.contains(jid.str())) {
      info.own_limits = archive_limits[jid.str()];
    }
    co_return info;
  }
  Task<Result<void>> set_archive_limits(BareJid jid, std::optional<ArchiveRetention> own) override {
    co_return with(jid, [&](Account&) {
      archive_limits.erase(jid.str());
      if (own) {
        archive_limits[jid.str()] = *own;
      }
    });
  }
  std::vector<ArchiveQuery> archive_queries;
  Task<Result<ArchivePart>> read_archive(BareJid jid, ArchiveQuery query) override {
    const Result<void> found = with(jid, [](Account&) {});
    if (!found) {
      co_return fail(found.error());
    }
    archive_queries.push_back(query);
    co_return part_of(jid, query);
  }
  ArchivePart part_of(const BareJid& owner, const ArchiveQuery& query) {
    ArchivePart part;
    for (const ArchivePart::Message& message : archives[owner.str()]) {
      if (message.id <= query.page_after || message.id < query.not_before || message.id >= query.not_behind) {
        continue;
      }
      if (part.messages.size() == query.limit) {
        part.is_last = false;
        break;
      }
      part.messages.push_back(message);
    }
    return part;
  }
  std::map<std::string, RoomImage> rooms;   // by address; their archives are with the others
  template <class F>
  Result<void> with_room(const BareJid& room, F act) {
    if (is_broken) {
      return fail(ErrorKind::unavailable, "the store cannot be reached");
    }
    const auto found = rooms.find(room.str());
    if (found == rooms.end()) {
      return fail(ErrorKind::not_found, "there is no room " + room.str());
    }
    act(found->second);
    return {};
  }
  Task<Result<std::vector<RoomSummary>>> list_rooms(std::string domain, std::string after, std::size_t limit) override {
    if (is_broken) {
      co_return fail(ErrorKind::unavailable, "the store cannot be reached");
    }
    std::vector<RoomSummary> out;
    for (const auto& [name, image] : rooms) {
      const RoomRecord& r = image.record;
      if (r.room.domain() == domain && r.room.local() > after && out.size() < limit) {
        out.push_back({.room = r.room, .name = r.name, .details = {}, .is_public = r.is_public, .is_persistent = r.is_persistent, .created = r.created,
                       .last_active = r.last_active});
      }
    }
    co_return out;
  }
  Task<Result<RoomInfo>> find_room(BareJid room) override {
    RoomInfo info{.image = {.record = {.room = room}}, .archive = {}};
    const Result<void> found = with_room(room, [&](RoomImage& image) { info.image = image; });
    if (!found) {
      co_return fail(found.error());
    }
    info.archive.messages = archives[room.str()].size();
    if (info.archive.messages != 0) {
      info.archive.last = archives[room.str()].back().id;
    }
    info.occupants = 3;
    co_return info;
  }
  Task<Result<void>> create_room(BareJid room, BareJid owner) override {
    calls.push_back("create " + room.str() + " for " + owner.str());
    if (rooms.contains(room.str())) {
      co_return fail(ErrorKind::already_exists, "the room " + room.str() + " exists already");
    }
    rooms.emplace(room.str(), RoomImage{.record = {.room = room}, .affiliations = {}});
    co_return Result<void>();
  }
  Task<Result<void>> destroy_room(BareJid room, std::string reason) override {
    calls.push_back("destroy " + room.str() + " because " + reason);
    Result<void> found = with_room(room, [](RoomImage&) {});
    if (found) {
      rooms.erase(room.str());
    }
    co_return found;
  }
  Task<Result<void>> set_room_affiliation(BareJid room, Jid jid, Affiliation affiliation, std::string reason) override {
    calls.push_back(jid.str() + " becomes " + std::string(to_string(affiliation)) + " because " + reason);
    co_return with_room(room, [](RoomImage&) {});
  }
  Task<Result<ArchivePart>> read_room_archive(BareJid room, ArchiveQuery query) override {
    const Result<void> found = with_room(room, [](RoomImage&) {});
    if (!found) {
      co_return fail(found.error());
    }
    archive_queries.push_back(query);
    co_return part_of(room, query);
  }
  Task<Result<std::vector<PeerInfo>>> list_peers() override { co_return peers; }
  Task<Result<PeerExplanation>> explain_peer(std::string host, std::string peer) override {
    asked_peer = host + " " + peer;
    co_return explanation;
  }
  Task<Result<std::vector<ComponentInfo>>> list_components() override { co_return components; }
  std::vector<DirectoryStep> directory_steps;
  Task<Result<std::vector<DirectoryStep>>> explain_directory(BareJid jid) override {
    calls.push_back("directory " + jid.str());
    co_return directory_steps;
  }
  Task<Result<ReloadReport>> reload() override { co_return report; }
  Task<Result<ServerStatus>> status() override {
    ServerStatus status;
    status.version = "1.2.3";
    status.is_running = true;
    status.domains = domains();
    status.sessions = sessions.size();
    co_return status;
  }
  [[nodiscard]] std::vector<std::string> domains() const override { return {"capulet.example", "montague.example"}; }
};

}  // namespace aldis::admin
