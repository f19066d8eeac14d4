// StoreTarget: operators' commands on the store itself: all there is when the server is stopped.
#pragma once
#include <algorithm>
#include <map>

#include "operators/admin_target.h"
#include "auth/login_failures.h"
#include "auth/passwords.h"
#include "core/directory_accounts.h"
#include "storage/stores.h"

namespace aldis::admin {

class StoreTarget : public AdminTarget {
 public:
  // Everything passed outlives it; `failures` is loaded. Accounts are made in `domains` only; rooms, and no
  // accounts, in those of them that are `room_domains`; neither in `node_domains`.
  StoreTarget(Stores stores, Passwords& passwords, LoginFailureCounters& failures, const CertificateJudge& judge,
              const Clock& clock, std::vector<std::string> domains, std::vector<std::string> room_domains = {}, std::vector<std::string> node_domains = {})
      : stores_(stores),
        passwords_(passwords),
        failures_(failures),
        judge_(judge),
        clock_(clock),
        domains_(std::move(domains)),
        room_domains_(std::move(room_domains)),
        node_domains_(std::move(node_domains)) {}

  // What is known of revoked certificates (null: it could not be opened), and the authorities whose OCSP responses are taken. Both
  // outlive this.
  void set_revocation(tls::RevocationCache* known, Authorities authorities) {
    known_ = known;
    authorities_ = std::move(authorities);
  }

  // Who owns the people of which domain.
  void set_directories(Directories directories) { directories_ = std::move(directories); }

  // Rooms that the configuration has, and what people are there by it: that stays so.
  using RoomPeople = std::map<std::string, Affiliation, std::less<>>;   // by address
  void set_configured_rooms(std::map<std::string, RoomPeople, std::less<>> rooms) { configured_rooms_ = std::move(rooms); }

  Task<Result<void>> create_account(BareJid jid, SecretBytes password) override;
  Task<Result<void>> set_password(BareJid jid, SecretBytes password, SessionId keep) override;
  Task<Result<void>> expire_password(BareJid jid) override;
  Task<Result<void>> set_enabled(BareJid jid, bool is_enabled) override;
  Task<Result<void>> delete_account(BareJid jid) override;
  Task<Result<void>> unlock(BareJid jid) override;
  Task<Result<AccountInfo>> find_account(BareJid jid) override;
  Task<Result<std::vector<AccountInfo>>> list_accounts(std::string domain, std::string after, std::size_t limit) override;
  Task<Result<std::vector<SessionInfo>>> list_sessions(std::optional<BareJid> of, std::size_t limit) override;
  Task<Result<std::size_t>> end_sessions(Jid jid) override;
  Task<Result<std::size_t>> announce(std::string domain, std::string subject, std::string text) override;
  Task<Result<std::optional<std::string>>> notice(std::string domain, NoticeKind kind) override;
  Task<Result<std::size_t>> set_notice(std::string domain, NoticeKind kind, std::string text) override;
  Task<Result<void>> edit_notice(std::string domain, NoticeKind kind, std::string text) override;
  Task<Result<void>> delete_notice(std::string domain, NoticeKind kind) override;
  Task<Result<std::vector<TokenInfo>>> list_tokens(BareJid jid) override;
  Task<Result<ForgottenClients>> forget_clients(BareJid jid, std::string client) override;
  Task<Result<std::vector<CertificateMapping>>> list_certificates(BareJid jid) override;
  Task<Result<void>> add_certificate(BareJid jid, CertificateKey key, std::string value) override;
  Task<Result<void>> remove_certificate(BareJid jid, CertificateKey key, std::string value) override;
  Task<Result<CertificateJudgement>> explain_certificate(std::string chain, std::string domain) override;
  Task<Result<std::size_t>> import_crls(std::string lists) override;
  Task<Result<tls::RevocationCache::Imported>> import_ocsp(std::string responses, std::string issuers) override;
  Task<Result<std::vector<tls::KnownRevocation>>> known_revocation() override;
  Task<Result<ArchiveInfo>> archive_info(BareJid jid) override;
  Task<Result<void>> set_archive_limits(BareJid jid, std::optional<ArchiveRetention> own) override;
  Task<Result<ArchivePart>> read_archive(BareJid jid, ArchiveQuery query) override;
  Task<Result<std::vector<RoomSummary>>> list_rooms(std::string domain, std::string after, std::size_t limit) override;
  Task<Result<RoomInfo>> find_room(BareJid room) override;
  Task<Result<void>> create_room(BareJid room, BareJid owner) override;
  Task<Result<void>> destroy_room(BareJid room, std::string reason) override;
  Task<Result<void>> set_room_affiliation(BareJid room, Jid jid, Affiliation affiliation, std::string reason) override;
  Task<Result<ArchivePart>> read_room_archive(BareJid room, ArchiveQuery query) override;
  Task<Result<std::vector<PeerInfo>>> list_peers() override;
  Task<Result<PeerExplanation>> explain_peer(std::string host, std::string peer) override;
  Task<Result<std::vector<ComponentInfo>>> list_components() override;
  Task<Result<std::vector<DirectoryStep>>> explain_directory(BareJid jid) override;
  Task<Result<ReloadReport>> reload() override;
  Task<Result<ServerStatus>> status() override;
  [[nodiscard]] std::vector<std::string> domains() const override { return domains_; }

 private:
  [[nodiscard]] bool has_rooms(std::string_view domain) const {
    return std::find(room_domains_.begin(), room_domains_.end(), domain) != room_domains_.end();
  }
  // denied where a directory owns the domain's people.
  [[nodiscard]] Result<void> check_own(const BareJid& jid) const;
  Stores stores_;
  Directories directories_;
  Passwords& passwords_;
  LoginFailureCounters& failures_;
  const CertificateJudge& judge_;
  const Clock& clock_;
  tls::RevocationCache* known_ = nullptr;
  Authorities authorities_;
  std::vector<std::string> domains_;
  std::vector<std::string> room_domains_;
  std::vector<std::string> node_domains_;
  std::map<std::string, RoomPeople, std::less<>> configured_rooms_;
};

}  // namespace aldis::admin
