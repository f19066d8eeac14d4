// Commands on the stores. Nothing here knows whether a server runs.
#include "operators/store_target.h"

#include <algorithm>

#include "operators/account_errors.h"
#include "operators/archive_target.h"
#include "operators/certificate_target.h"

namespace aldis::admin {
namespace {

constexpr const char* not_running = "the server is not running";

}  // namespace

Result<void> StoreTarget::check_own(const BareJid& jid) const {
  const auto found = directories_.find(jid.domain());
  return found == directories_.end() ? Result<void>() : Result<void>(owned_by_directory(jid, found->second->name()));
}

Task<Result<void>> StoreTarget::create_account(BareJid jid, SecretBytes password) {
  if (auto allowed = check_account(jid, domains_); !allowed) {
    co_return allowed;
  }
  if (auto own = check_own(jid); !own) {
    co_return own;
  }
  if (has_rooms(jid.domain())) {
    co_return fail(ErrorKind::invalid, std::string(jid.domain()) + " serves rooms, not accounts");
  }
  if (std::ranges::count(node_domains_, jid.domain()) != 0) {
    co_return fail(ErrorKind::invalid, std::string(jid.domain()) + " serves pubsub, not accounts");
  }
  Result<void> done = co_await passwords_.create_account(jid, std::move(password));
  co_return name_account(std::move(done), jid);
}

Task<Result<void>> StoreTarget::set_password(BareJid jid, SecretBytes password, SessionId keep) {
  static_cast<void>(keep);
  if (auto own = check_own(jid); !own) {
    co_return own;
  }
  Result<void> done = co_await passwords_.set_password(jid, std::move(password));
  co_return name_account(std::move(done), jid);
}

Task<Result<void>> StoreTarget::expire_password(BareJid jid) {
  if (auto own = check_own(jid); !own) {
    co_return own;
  }
  Result<void> done = co_await stores_.accounts.set_must_change(jid);
  co_return name_account(std::move(done), jid);
}

Task<Result<void>> StoreTarget::set_enabled(BareJid jid, bool is_enabled) {
  if (auto own = check_own(jid); !own) {
    co_return own;
  }
  Result<void> done = co_await stores_.accounts.set_enabled(jid, is_enabled);
  co_return name_account(std::move(done), jid);
}

Task<Result<void>> StoreTarget::delete_account(BareJid jid) {
  if (auto own = check_own(jid); !own) {   // what is left of who is gone may be cleared away
    const Result<AccountRecord> record = co_await stores_.accounts.find(jid);
    if (record && record->is_enabled) {
      co_return own;
    }
  }
  Result<void> done = co_await stores_.accounts.remove(jid);
  co_return name_account(std::move(done), jid);
}

Task<Result<void>> StoreTarget::unlock(BareJid jid) {
  const Result<AccountRecord> found = co_await stores_.accounts.find(jid);
  if (!found) {
    co_return name_account(fail(found.error()), jid);
  }
  Result<void> forgotten = co_await failures_.forgive(jid);
  co_return forgotten;
}

Task<Result<AccountInfo>> StoreTarget::find_account(BareJid jid) {
  auto record = co_await stores_.accounts.find(jid);
  co_return account_info(std::move(record), jid, failures_.lockouts());
}

Task<Result<std::vector<AccountInfo>>> StoreTarget::list_accounts(std::string domain, std::string after, std::size_t limit) {
  auto records = co_await stores_.accounts.list(std::move(domain), std::move(after), limit);
  co_return account_infos(std::move(records), failures_.lockouts());
}

Task<Result<std::vector<SessionInfo>>> StoreTarget::list_sessions(std::optional<BareJid> of, std::size_t limit) {
  static_cast<void>(of);
  static_cast<void>(limit);
  co_return fail(ErrorKind::unavailable, not_running);
}

Task<Result<std::size_t>> StoreTarget::end_sessions(Jid jid) {
  static_cast<void>(jid);
  co_return fail(ErrorKind::unavailable, not_running);
}

Task<Result<std::size_t>> StoreTarget::announce(std::string domain, std::string subject, std::string text) {
  static_cast<void>(domain);
  static_cast<void>(subject);
  static_cast<void>(text);
  co_return fail(ErrorKind::unavailable, not_running);
}

Task<Result<std::optional<std::string>>> StoreTarget::notice(std::string domain, NoticeKind kind) {
  if (auto served = check_domain(domain, domains_); !served) {
    co_return fail(served.error());
  }
  Result<std::optional<Notice>> found = co_await stores_.notices.load(std::move(domain), kind);
  if (!found) {
    co_return fail(found.error());
  }
  co_return *found ? std::optional<std::string>((*found)->text) : std::nullopt;
}

Task<Result<std::size_t>> StoreTarget::set_notice(std::string domain, NoticeKind kind, std::string text) {
  if (auto served = check_domain(domain, domains_); !served) {
    co_return fail(served.error());
  }
  const Result<Notice> set = co_await stores_.notices.set(std::move(domain), kind, std::move(text));
  if (!set) {
    co_return fail(set.error());
  }
  co_return std::size_t{0};
}

Task<Result<void>> StoreTarget::edit_notice(std::string domain, NoticeKind kind, std::string text) {
  if (auto served = check_domain(domain, domains_); !served) {
    co_return served;
  }
  Result<void> done = co_await stores_.notices.edit(domain, kind, std::move(text));
  co_return name_notice(std::move(done), kind, domain);
}

Task<Result<void>> StoreTarget::delete_notice(std::string domain, NoticeKind kind) {
  if (auto served = check_domain(domain, domains_); !served) {
    co_return served;
  }
  Result<void> done = co_await stores_.notices.remove(domain, kind);
  co_return name_notice(std::move(done), kind, domain);
}

Task<Result<std::vector<TokenInfo>>> StoreTarget::list_tokens(BareJid jid) {
  const Result<AccountRecord> account = co_await stores_.accounts.find(jid);
  if (!account) {
    co_return fail(name_account(fail(account.error()), jid).error());
  }
  auto tokens = co_await stores_.tokens.load(jid, {});
  co_return token_infos(std::move(tokens));
}

Task<Result<ForgottenClients>> StoreTarget::forget_clients(BareJid jid, std::string client) {
  const Result<AccountRecord> account = co_await stores_.accounts.find(jid);
  if (!account) {
    co_return fail(name_account(fail(account.error()), jid).error());
  }
  const auto clients = co_await stores_.tokens.forget(jid, std::move(client));
  if (!clients) {
    co_return fail(clients.error());
  }
  co_return ForgottenClients{clients->size(), 0};
}

Task<Result<std::vector<CertificateMapping>>> StoreTarget::list_certificates(BareJid jid) { return certificates_of(stores_, std::move(jid)); }

Task<Result<void>> StoreTarget::add_certificate(BareJid jid, CertificateKey key, std::string value) {
  return give_certificate(stores_, std::move(jid), {key, std::move(value), clock_.wall()});
}

Task<Result<void>> StoreTarget::remove_certificate(BareJid jid, CertificateKey key, std::string value) {
  return take_certificate(stores_, std::move(jid), key, std::move(value));
}

Task<Result<CertificateJudgement>> StoreTarget::explain_certificate(std::string chain, std::string domain) {
  if (auto served = check_domain(domain, domains_); !served) {
    co_return fail(served.error());
  }
  Result<tls::PresentedChain> read = read_chain(chain);
  if (!read) {
    co_return fail(read.error());
  }
  CertificateJudgement judged = co_await judge_.judge(std::move(*read), std::move(domain));
  co_return judged;
}

Task<Result<std::size_t>> StoreTarget::import_crls(std::string lists) {
  if (known_ == nullptr) {
    co_return fail(ErrorKind::unavailable, "the folder of CRLs below data_dir cannot be opened");
  }
  co_return known_->import_crls(lists);
}

Task<Result<tls::RevocationCache::Imported>> StoreTarget::import_ocsp(std::string responses, std::string issuers) {
  if (known_ == nullptr) {
    co_return fail(ErrorKind::unavailable, "the folder of OCSP responses below data_dir cannot be opened");
  }
  co_return import_responses(*known_, authorities_, responses, issuers, clock_.wall());
}

Task<Result<std::vector<tls::KnownRevocation>>> StoreTarget::known_revocation() {
  if (known_ == nullptr) {
    co_return fail(ErrorKind::unavailable, "the folder of CRLs below data_dir cannot be opened");
  }
  co_return known_->known();
}

Task<Result<ArchiveInfo>> StoreTarget::archive_info(BareJid jid) { return archive_info_of(stores_, std::move(jid)); }

Task<Result<void>> StoreTarget::set_archive_limits(BareJid jid, std::optional<ArchiveRetention> own) {
  return set_limits_of_archive(stores_, std::move(jid), own);
}

Task<Result<ArchivePart>> StoreTarget::read_archive(BareJid jid, ArchiveQuery query) {
  return read_part_of_archive(stores_, std::move(jid), std::move(query));
}

Task<Result<std::vector<RoomSummary>>> StoreTarget::list_rooms(std::string domain, std::string after, std::size_t limit) {
  auto rooms = co_await rooms_in_store(stores_, std::move(domain), std::move(after), limit);
  co_return rooms;
}

Task<Result<RoomInfo>> StoreTarget::find_room(BareJid room) {
  auto found = co_await room_in_store(stores_, std::move(room));
  co_return found;
}

Task<Result<void>> StoreTarget::create_room(BareJid room, BareJid owner) {
  if (!has_rooms(room.domain())) {
    co_return fail(ErrorKind::not_found, std::string(room.domain()) + " serves no rooms");
  }
  Result<void> done = co_await create_room_in_store(stores_, std::move(room), std::move(owner), clock_.wall());
  co_return done;
}

Task<Result<void>> StoreTarget::destroy_room(BareJid room, std::string reason) {
  static_cast<void>(reason);  // nobody is there
  if (configured_rooms_.contains(room.str())) {
    co_return fail(ErrorKind::denied, room.str() + " is in the configuration: take its [[room]] out there, and destroy it then");
  }
  Result<void> done = co_await destroy_room_in_store(stores_, std::move(room));
  co_return done;
}

Task<Result<void>> StoreTarget::set_room_affiliation(BareJid room, Jid jid, Affiliation affiliation, std::string reason) {
  const auto configured = configured_rooms_.find(room.str());
  const bool is_configured = configured != configured_rooms_.end();
  if (is_configured) {
    const auto person = configured->second.find(jid.str());
    const bool is_said = person != configured->second.end();
    if (is_said && (person->second == Affiliation::outcast ? affiliation != Affiliation::outcast : affiliation < person->second)) {
      co_return fail(ErrorKind::denied, "the configuration says what " + jid.str() + " is in " + room.str() + ": change its [[room]] there");
    }
  }
  Result<void> done = co_await set_affiliation_in_store(stores_, std::move(room), std::move(jid), affiliation, std::move(reason), clock_.wall(), !is_configured);
  co_return done;
}

Task<Result<ArchivePart>> StoreTarget::read_room_archive(BareJid room, ArchiveQuery query) {
  auto part = co_await room_archive_in_store(stores_, std::move(room), std::move(query));
  co_return part;
}

Task<Result<std::vector<PeerInfo>>> StoreTarget::list_peers() { co_return fail(ErrorKind::unavailable, not_running); }
Task<Result<std::vector<ComponentInfo>>> StoreTarget::list_components() { co_return fail(ErrorKind::unavailable, not_running); }
Task<Result<PeerExplanation>> StoreTarget::explain_peer(std::string, std::string) { co_return fail(ErrorKind::unavailable, not_running); }
Task<Result<ReloadReport>> StoreTarget::reload() { co_return fail(ErrorKind::unavailable, not_running); }

Task<Result<ServerStatus>> StoreTarget::status() {
  ServerStatus status;
  status.version = ALDIS_VERSION;
  status.domains = domains_;
  co_return status;
}

Task<Result<std::vector<DirectoryStep>>> StoreTarget::explain_directory(BareJid jid) {
  const auto found = directories_.find(jid.domain());
  if (found == directories_.end()) {
    co_return fail(ErrorKind::invalid, "no directory owns the people of " + std::string(jid.domain()));
  }
  std::vector<DirectoryStep> steps = co_await found->second->explain(jid);
  const Result<AccountRecord> record = co_await stores_.accounts.find(jid);
  steps.push_back(account_step(record));
  co_return steps;
}

}  // namespace aldis::admin
