// What an operator asks about the tokens of clients (XEP-0484), and how one is taken back.
#include "operators/commands.h"
#include "xmpp/timestamp.h"

namespace aldis::admin::commands {
namespace {

std::string shown(WallTime when) { return when == WallTime{} ? std::string() : format_timestamp(when); }

std::string counted(std::uint64_t n, const char* noun) { return std::to_string(n) + " " + noun + (n == 1 ? "" : "s"); }

}  // namespace

Outcome session_tokens(AdminTarget& target, CommandArguments arguments) {
  const auto tokens = co_await target.list_tokens(account_of(arguments));
  if (!tokens) {
    co_return fail(tokens.error());
  }
  OperatorResult listing;
  listing.columns = find_command("session tokens")->columns;
  for (const TokenInfo& token : *tokens) {
    listing.rows.push_back({token.client, token.software, token.device, token.mechanism, shown(token.issued), shown(token.used),
                            shown(token.expires)});
  }
  co_return listing;
}

Outcome session_forget(AdminTarget& target, CommandArguments arguments) {
  const BareJid jid = account_of(arguments);
  const auto given = arguments.values.find("client");
  const bool is_one = given != arguments.values.end();
  const std::string client = is_one ? given->second : std::string();
  if (is_one && client.empty()) {
    co_return fail(ErrorKind::invalid, "a client has a name; leave it out to forget all of them");
  }
  const auto forgotten = co_await target.forget_clients(jid, client);
  if (!forgotten) {
    co_return fail(forgotten.error());
  }
  if (forgotten->clients == 0 && forgotten->sessions == 0) {
    co_return fail(ErrorKind::not_found, jid.str() + (is_one ? " has no such client" : " has no client with a token"));
  }
  co_return OperatorResult{.message = counted(forgotten->clients, "client") + " forgotten, " + counted(forgotten->sessions, "session") + " ended",
                           .fields = {{"clients", number(forgotten->clients)}, {"ended", number(forgotten->sessions)}}};
}

}  // namespace aldis::admin::commands
