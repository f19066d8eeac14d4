// ServerTarget: operators' commands on the running server: its Administration, so that sessions end with their accounts,
// and the store for listings.
#pragma once
#include <functional>
#include <mutex>

#include "operators/admin_target.h"
#include "core/administration.h"
#include "federation/component_table.h"
#include "federation/peer_table.h"
#include "runtime/worker_pool.h"
#include "storage/stores.h"

namespace aldis::admin {

class ServerTarget final : public AdminTarget {
 public:
  // Everything passed outlives it. `ask_reload` makes the main thread reload and call answer_reloads.
  ServerTarget(Administration& administration, Stores stores, federation::PeerTable* peers, federation::ComponentTable* components,
               std::vector<std::string> domains,
               const Clock& clock, std::function<void()> ask_reload);

  // What is known of revoked certificates, where it is read without making others wait, and (there) the authorities whose OCSP
  // responses are taken. All outlive this.
  void set_revocation(tls::RevocationCache& known, WorkerPool& workers, Authorities authorities) {
    known_ = &known;
    workers_ = &workers;
    authorities_ = std::move(authorities);
  }
  // From the main thread: the outcome for every command that waits for one.
  void answer_reloads(const Result<ReloadReport>& outcome);
  // Before anybody asks: what status() says of it; called on the operators' executor, outlives this.
  void describe_configuration(std::function<std::string()> describe) { describe_configuration_ = std::move(describe); }

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
  using Waiting = Completion<Result<ReloadReport>>;
  Administration& administration_;
  Stores stores_;
  federation::PeerTable* peers_;
  federation::ComponentTable* components_;
  tls::RevocationCache* known_ = nullptr;
  WorkerPool* workers_ = nullptr;
  Authorities authorities_;
  std::vector<std::string> domains_;
  const Clock& clock_;
  Monotonic started_;
  std::function<void()> ask_reload_;
  std::function<std::string()> describe_configuration_;   // null: there is nothing to say
  std::mutex mutex_;
  std::vector<Waiting> waiting_;   // guarded by mutex_
};

}  // namespace aldis::admin
