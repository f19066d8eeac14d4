// Each call is checked for its domain, and passed on.
#include "operators/domain_target.h"

namespace aldis::admin {
namespace {

template <class T>
Task<Result<T>> deny() {
  co_return fail(ErrorKind::denied, "only accounts of this domain can be administered here");
}
template <class T>
Task<Result<T>> deny_owners() {
  co_return fail(ErrorKind::denied, "this is for whoever runs the server");
}

}  // namespace

Task<Result<void>> DomainTarget::create_account(BareJid jid, SecretBytes password) {
  return holds(jid.domain()) ? inner_.create_account(jid, std::move(password)) : deny<void>();
}

Task<Result<void>> DomainTarget::set_password(BareJid jid, SecretBytes password, SessionId keep) {
  return holds(jid.domain()) ? inner_.set_password(jid, std::move(password), keep) : deny<void>();
}

Task<Result<void>> DomainTarget::expire_password(BareJid jid) {
  return holds(jid.domain()) ? inner_.expire_password(jid) : deny<void>();
}

Task<Result<void>> DomainTarget::set_enabled(BareJid jid, bool is_enabled) {
  return holds(jid.domain()) ? inner_.set_enabled(jid, is_enabled) : deny<void>();
}

Task<Result<void>> DomainTarget::delete_account(BareJid jid) {
  return holds(jid.domain()) ? inner_.delete_account(jid) : deny<void>();
}

Task<Result<void>> DomainTarget::unlock(BareJid jid) {
  return holds(jid.domain()) ? inner_.unlock(jid) : deny<void>();
}

Task<Result<AccountInfo>> DomainTarget::find_account(BareJid jid) {
  return holds(jid.domain()) ? inner_.find_account(jid) : deny<AccountInfo>();
}

Task<Result<std::vector<AccountInfo>>> DomainTarget::list_accounts(std::string domain, std::string after,
                                                                   std::size_t limit) {
  return holds(domain) ? inner_.list_accounts(domain, std::move(after), limit) : deny<std::vector<AccountInfo>>();
}

Task<Result<std::size_t>> DomainTarget::end_sessions(Jid jid) {
  return holds(jid.domain()) ? inner_.end_sessions(jid) : deny<std::size_t>();
}

Task<Result<std::size_t>> DomainTarget::announce(std::string domain, std::string subject, std::string text) {
  return holds(domain) ? inner_.announce(domain, std::move(subject), std::move(text)) : deny<std::size_t>();
}

Task<Result<std::optional<std::string>>> DomainTarget::notice(std::string domain, NoticeKind kind) {
  return holds(domain) ? inner_.notice(domain, kind) : deny<std::optional<std::string>>();
}

Task<Result<std::size_t>> DomainTarget::set_notice(std::string domain, NoticeKind kind, std::string text) {
  return holds(domain) ? inner_.set_notice(domain, kind, std::move(text)) : deny<std::size_t>();
}

Task<Result<void>> DomainTarget::edit_notice(std::string domain, NoticeKind kind, std::string text) {
  return holds(domain) ? inner_.edit_notice(domain, kind, std::move(text)) : deny<void>();
}

Task<Result<void>> DomainTarget::delete_notice(std::string domain, NoticeKind kind) {
  return holds(domain) ? inner_.delete_notice(domain, kind) : deny<void>();
}

Task<Result<std::vector<SessionInfo>>> DomainTarget::list_sessions(std::optional<BareJid> of, std::size_t limit) {
  if (!of) {
    of = BareJid::parse(domain_).value();
  }
  return holds(of->domain()) ? inner_.list_sessions(std::move(of), limit) : deny<std::vector<SessionInfo>>();
}

Task<Result<std::vector<TokenInfo>>> DomainTarget::list_tokens(BareJid jid) {
  return holds(jid.domain()) ? inner_.list_tokens(jid) : deny<std::vector<TokenInfo>>();
}

Task<Result<ForgottenClients>> DomainTarget::forget_clients(BareJid jid, std::string client) {
  return holds(jid.domain()) ? inner_.forget_clients(jid, std::move(client)) : deny<ForgottenClients>();
}

Task<Result<std::vector<CertificateMapping>>> DomainTarget::list_certificates(BareJid jid) {
  return holds(jid.domain()) ? inner_.list_certificates(jid) : deny<std::vector<CertificateMapping>>();
}

Task<Result<void>> DomainTarget::add_certificate(BareJid jid, CertificateKey key, std::string value) {
  return holds(jid.domain()) ? inner_.add_certificate(jid, key, std::move(value)) : deny<void>();
}

Task<Result<void>> DomainTarget::remove_certificate(BareJid jid, CertificateKey key, std::string value) {
  return holds(jid.domain()) ? inner_.remove_certificate(jid, key, std::move(value)) : deny<void>();
}

Task<Result<CertificateJudgement>> DomainTarget::explain_certificate(std::string chain, std::string domain) {
  return holds(domain) ? inner_.explain_certificate(std::move(chain), domain) : deny<CertificateJudgement>();
}

Task<Result<ArchiveInfo>> DomainTarget::archive_info(BareJid jid) {
  return holds(jid.domain()) ? inner_.archive_info(jid) : deny<ArchiveInfo>();
}

Task<Result<void>> DomainTarget::set_archive_limits(BareJid jid, std::optional<ArchiveRetention> own) {
  return holds(jid.domain()) ? inner_.set_archive_limits(jid, own) : deny<void>();
}

// What users wrote is not a domain's administrators' to read.
Task<Result<ArchivePart>> DomainTarget::read_archive(BareJid jid, ArchiveQuery query) {
  static_cast<void>(jid);
  static_cast<void>(query);
  return deny_owners<ArchivePart>();
}

Task<Result<std::vector<RoomSummary>>> DomainTarget::list_rooms(std::string domain, std::string after, std::size_t limit) {
  return holds(domain) ? inner_.list_rooms(domain, std::move(after), limit) : deny<std::vector<RoomSummary>>();
}

Task<Result<RoomInfo>> DomainTarget::find_room(BareJid room) {
  return holds(room.domain()) ? inner_.find_room(room) : deny<RoomInfo>();
}

Task<Result<void>> DomainTarget::create_room(BareJid room, BareJid owner) {
  return holds(room.domain()) ? inner_.create_room(room, std::move(owner)) : deny<void>();
}

Task<Result<void>> DomainTarget::destroy_room(BareJid room, std::string reason) {
  return holds(room.domain()) ? inner_.destroy_room(room, std::move(reason)) : deny<void>();
}

Task<Result<void>> DomainTarget::set_room_affiliation(BareJid room, Jid jid, Affiliation affiliation, std::string reason) {
  return holds(room.domain()) ? inner_.set_room_affiliation(room, std::move(jid), affiliation, std::move(reason)) : deny<void>();
}

Task<Result<ArchivePart>> DomainTarget::read_room_archive(BareJid, ArchiveQuery) {
  return deny_owners<ArchivePart>();
}

Task<Result<std::vector<PeerInfo>>> DomainTarget::list_peers() {
  return deny_owners<std::vector<PeerInfo>>();
}

Task<Result<PeerExplanation>> DomainTarget::explain_peer(std::string, std::string) {
  return deny_owners<PeerExplanation>();
}

Task<Result<std::vector<ComponentInfo>>> DomainTarget::list_components() {
  return deny_owners<std::vector<ComponentInfo>>();
}

Task<Result<std::vector<DirectoryStep>>> DomainTarget::explain_directory(BareJid) {
  return deny_owners<std::vector<DirectoryStep>>();
}

Task<Result<ReloadReport>> DomainTarget::reload() {
  return deny_owners<ReloadReport>();
}

Task<Result<std::size_t>> DomainTarget::import_crls(std::string) { return deny_owners<std::size_t>(); }

Task<Result<tls::RevocationCache::Imported>> DomainTarget::import_ocsp(std::string, std::string) {
  return deny_owners<tls::RevocationCache::Imported>();
}

Task<Result<std::vector<tls::KnownRevocation>>> DomainTarget::known_revocation() {
  return deny_owners<std::vector<tls::KnownRevocation>>();
}

Task<Result<ServerStatus>> DomainTarget::status() {
  return deny_owners<ServerStatus>();
}

}  // namespace aldis::admin
