// Commands about revocation: lists and responses an operator brings where there is no network, and what is known.
#include "operators/commands.h"
#include "xmpp/timestamp.h"

namespace aldis::admin::commands {

Outcome cert_import_crl(AdminTarget& target, CommandArguments arguments) {
  constexpr std::string_view begin = "-----BEGIN X509 CRL-----";
  const std::string& lists = arguments.values.find("file")->second;
  std::int64_t count = 0;
  for (std::size_t at = lists.find(begin); at != std::string::npos; at = lists.find(begin, at + begin.size())) {
    ++count;
  }
  const Result<std::size_t> newer = co_await target.import_crls(lists);
  if (!newer) {
    co_return fail(newer.error());
  }
  const auto taken = static_cast<std::int64_t>(*newer);
  co_return OperatorResult{.message = std::to_string(taken) + " of " + std::to_string(count) + " CRLs are newer than what was known, and count from now on",
                           .fields = {{"lists", count}, {"newer", taken}}};
}

Outcome cert_import_ocsp(AdminTarget& target, CommandArguments arguments) {
  const auto issuers = arguments.values.find("issuer");
  const auto imported = co_await target.import_ocsp(arguments.values.find("file")->second,
                                                    issuers == arguments.values.end() ? std::string() : issuers->second);
  if (!imported) {
    co_return fail(imported.error().kind, imported.error().what + "; nothing was taken");
  }
  co_return OperatorResult{.message = std::to_string(imported->newer) + " of " + std::to_string(imported->answers) +
                                      " answers are newer than what was known, and count from now on",
                           .fields = {{"answers", number(imported->answers)}, {"newer", number(imported->newer)}}};
}

Outcome cert_revocation(AdminTarget& target, CommandArguments arguments) {
  static_cast<void>(arguments);
  const auto known = co_await target.known_revocation();
  if (!known) {
    co_return fail(known.error());
  }
  OperatorResult listing;
  const auto time = [](WallTime when) { return when == WallTime{} ? Value() : Value(format_timestamp(when)); };
  for (const tls::KnownRevocation& each : *known) {
    listing.rows.push_back({std::string(each.is_crl ? "CRL" : "OCSP"), each.about, each.says, time(each.from), time(each.until)});
  }
  co_return listing;
}

}  // namespace aldis::admin::commands
