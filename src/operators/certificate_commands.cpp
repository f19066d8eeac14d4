// Certificates of people: which is whose, and why one is or is not let in.
#include "auth/certificate/certificate_keys.h"
#include "operators/commands.h"
#include "xmpp/timestamp.h"

namespace aldis::admin::commands {
namespace {

struct Named {
  CertificateKey key = CertificateKey::fingerprint;
  std::vector<std::string> values;
};

std::string_view given(const CommandArguments& arguments, std::string_view name) {
  const auto found = arguments.values.find(name);
  return found == arguments.values.end() ? std::string_view() : std::string_view(found->second);
}

// What a command is about: a value, or all a file has of a key.
Result<Named> named_by(const CommandArguments& arguments) {
  Named named;
  const std::string_view file = given(arguments, "file");
  const std::string_view key = given(arguments, "key");
  const std::string_view value = given(arguments, "value");
  if (file.empty() == value.empty()) {
    return fail(ErrorKind::invalid, "either a file or a value says which certificate is meant");
  }
  if (key.empty() && file.empty()) {
    return fail(ErrorKind::invalid, "a value needs its key: fingerprint, issuer-serial, upn, mail, edipi, fascn or uuid");
  }
  if (const auto known = parse_certificate_key(key.empty() ? "fingerprint" : key)) {
    named.key = *known;
  } else {
    return fail(ErrorKind::invalid, "there is no key \"" + std::string(key) + "\"; there are fingerprint, issuer-serial, upn, mail, edipi, fascn, uuid");
  }
  if (file.empty()) {
    auto prepared = prepare_certificate_value(named.key, value);
    if (!prepared) {
      return fail(prepared.error());
    }
    named.values.push_back(std::move(*prepared));
    return named;
  }
  const auto fields = tls::fields_of(file);
  if (!fields) {
    return fail(fields.error());
  }
  named.values = certificate_values(*fields, named.key);
  if (named.values.empty()) {
    return fail(ErrorKind::not_found, "the certificate has no " + std::string(to_string(named.key)));
  }
  return named;
}

std::string written(const Named& named) {
  std::string text;
  for (const std::string& value : named.values) {
    text.append(text.empty() ? "" : ", ").append(to_string(named.key)).append(" ").append(value);
  }
  return text;
}

}  // namespace

Outcome user_certificate_add(AdminTarget& target, CommandArguments arguments) {
  const BareJid jid = account_of(arguments);
  const auto named = named_by(arguments);
  if (!named) {
    co_return fail(named.error());
  }
  for (const std::string& value : named->values) {
    const Result<void> added = co_await target.add_certificate(jid, named->key, value);
    if (!added) {
      co_return fail(added.error().kind, added.error().what);
    }
  }
  co_return OperatorResult{.message = "certificates with " + written(*named) + " are " + jid.str() + "'s",
                           .fields = {{"key", std::string(to_string(named->key))}, {"values", named->values}}};
}

Outcome user_certificate_remove(AdminTarget& target, CommandArguments arguments) {
  const BareJid jid = account_of(arguments);
  const auto named = named_by(arguments);
  if (!named) {
    co_return fail(named.error());
  }
  for (const std::string& value : named->values) {
    const Result<void> removed = co_await target.remove_certificate(jid, named->key, value);
    if (!removed) {
      co_return fail(removed.error());
    }
  }
  co_return OperatorResult{.message = "certificates with " + written(*named) + " are " + jid.str() + "'s no more",
                           .fields = {{"key", std::string(to_string(named->key))}, {"values", named->values}}};
}

Outcome user_certificate_list(AdminTarget& target, CommandArguments arguments) {
  const auto mappings = co_await target.list_certificates(account_of(arguments));
  if (!mappings) {
    co_return fail(mappings.error());
  }
  OperatorResult listing;
  for (const CertificateMapping& mapping : *mappings) {
    listing.rows.push_back({std::string(to_string(mapping.key)), mapping.value, format_timestamp(mapping.added)});
  }
  co_return listing;
}

// One row a step: what was asked, what came out, and what there was to see.
Outcome cert_explain(AdminTarget& target, CommandArguments arguments) {
  const std::string_view wanted = given(arguments, "domain");
  std::string domain = wanted.empty() ? target.domains().front() : prepare_domain(wanted).value();
  const auto judged = co_await target.explain_certificate(std::string(given(arguments, "file")), domain);
  if (!judged) {
    co_return fail(judged.error());
  }
  OperatorResult listing;
  const auto row = [&](std::string step, std::string outcome, std::string detail) {
    listing.rows.push_back({std::move(step), std::move(outcome), std::move(detail)});
  };
  const tls::CertificateFields& fields = judged->fields;
  const CertificateStep step = judged->step;
  row("domain", step == CertificateStep::domain ? "refused" : "ok", step == CertificateStep::domain ? domain + ": " + judged->why : domain);
  if (step == CertificateStep::reading) {
    row("certificate", "refused", judged->why);
  }
  if (step >= CertificateStep::trust) {
    row("certificate", "ok", fields.subject);
    row("issuer", "ok", fields.issuer + ", serial number " + fields.serial);
    row("fingerprint", "ok", fields.fingerprint_sha256);
    row("dates", "ok", "from " + format_timestamp(fields.not_before) + " to " + format_timestamp(fields.not_after));
    row("trust", judged->verdict.is_trusted() ? "ok" : "refused",
        judged->verdict.is_trusted() ? "path, dates, usage and revocation; " + std::to_string(judged->verdict.path.size()) + " certificates to the anchor"
                                     : judged->why + "; " + std::string(tls::mend(*judged->verdict.problem)));
  }
  if (step == CertificateStep::directory) {
    row("directory", "refused", judged->why);
  }
  for (const RuleOutcome& tried : judged->match.tried) {
    std::string values;
    for (const std::string& value : tried.values) {
      values.append(values.empty() ? "" : ", ").append(value);
    }
    std::string accounts;
    for (const BareJid& account : tried.accounts) {
      accounts.append(accounts.empty() ? "" : ", ").append(account.str());
    }
    const bool is_conflict = judged->match.is_conflict && &tried == &judged->match.tried.back();
    row("rule " + std::string(to_string(tried.rule)), is_conflict ? "conflict" : tried.accounts.empty() ? "nobody" : "found",
        tried.values.empty() ? "the certificate has nothing for it" : values + (accounts.empty() ? "" : " -> " + accounts));
  }
  for (const BareJid& account : judged->accounts()) {
    const auto info = co_await target.find_account(account);
    row("account", !info ? "refused" : info->is_enabled ? "ok" : "refused",
        account.str() + (!info ? ": " + info.error().what : info->is_enabled ? ", enabled" : ": disabled"));
  }
  if (judged->accounts().empty()) {
    row("account", "refused", judged->why);
  } else if (judged->accounts().size() > 1) {
    row("choice", "ok", "the client must say which of them (authzid)");
  }
  co_return listing;
}

}  // namespace aldis::admin::commands
