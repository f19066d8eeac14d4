// Words for what can be wrong with an account.
#include "operators/account_errors.h"

#include <algorithm>

namespace aldis::admin {

Result<void> check_domain(std::string_view domain, std::span<const std::string> domains) {
  if (std::ranges::count(domains, domain) == 0) {
    return fail(ErrorKind::invalid, "the domain " + std::string(domain) + " is not served here");
  }
  return {};
}

Result<void> check_account(const BareJid& jid, std::span<const std::string> domains) {
  if (!jid.has_local()) {
    return fail(ErrorKind::invalid, jid.str() + " is a domain, not an account's address");
  }
  return check_domain(jid.domain(), domains);
}

Result<void> name_account(Result<void> done, const BareJid& jid) {
  if (!done && done.error().kind == ErrorKind::not_found) {
    return fail(ErrorKind::not_found, "there is no account " + jid.str());
  }
  if (!done && done.error().kind == ErrorKind::already_exists) {
    return fail(ErrorKind::already_exists, "the account " + jid.str() + " exists already");
  }
  return done;
}

Result<void> name_notice(Result<void> done, NoticeKind kind, std::string_view domain) {
  if (!done && done.error().kind == ErrorKind::not_found) {
    return fail(ErrorKind::not_found,
                std::string(domain) + " has no " + (kind == NoticeKind::motd ? "message of the day" : "welcome message"));
  }
  return done;
}

namespace {

AccountInfo info_of(AccountRecord record, const Lockouts& lockouts) {
  AccountInfo info{std::move(record.jid), record.is_enabled, record.created, record.credentials_changed, {}, record.must_change};
  if (const auto found = lockouts.find(info.jid.str()); found != lockouts.end()) {
    if (found->second.is_everywhere) {
      info.locked_out = "everywhere";
    } else {
      for (const std::string& source : found->second.sources) {
        info.locked_out.append(info.locked_out.empty() ? "from " : ", ").append(source);
      }
    }
  }
  return info;
}

}  // namespace

Result<AccountInfo> account_info(Result<AccountRecord> record, const BareJid& jid, const Lockouts& lockouts) {
  if (!record) {
    Result<void> named = name_account(fail(record.error()), jid);
    return fail(named.error());
  }
  return info_of(std::move(*record), lockouts);
}

Result<std::vector<AccountInfo>> account_infos(Result<std::vector<AccountRecord>> records, const Lockouts& lockouts) {
  if (!records) {
    return fail(records.error());
  }
  std::vector<AccountInfo> infos;
  for (AccountRecord& record : *records) {
    infos.push_back(info_of(std::move(record), lockouts));
  }
  return infos;
}

Result<std::vector<TokenInfo>> token_infos(Result<std::vector<ClientToken>> tokens) {
  if (!tokens) {
    return fail(tokens.error());
  }
  std::vector<TokenInfo> infos;
  for (ClientToken& token : *tokens) {
    infos.push_back({.client = std::move(token.client),
                     .software = std::move(token.software),
                     .device = std::move(token.device),
                     .mechanism = std::move(token.mechanism),
                     .issued = token.issued,
                     .used = token.used,
                     .expires = token.expires});
  }
  return infos;
}

DirectoryStep account_step(const Result<AccountRecord>& record) {
  if (record) {
    return {"account", true, record->is_enabled ? "known here, enabled" : "known here, disabled"};
  }
  const bool is_absent = record.error().kind == ErrorKind::not_found;
  return {"account", is_absent, is_absent ? "not known here yet: it is made at the first login, or when the directory is listed" : record.error().what};
}

}  // namespace aldis::admin
