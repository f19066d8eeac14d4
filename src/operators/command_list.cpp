// The list of operators' commands.
#include <algorithm>

#include "operators/commands.h"

namespace aldis::admin {
namespace {

std::vector<OperatorCommand> make_commands() {
  const Argument account{"account", ArgumentKind::account, "the account's address, such as juliet@localhost"};
  const Argument password{"password", ArgumentKind::password, "the password"};
  const Argument of_account{"account", ArgumentKind::account, "only this account's", false};
  const Argument of_domain{"domain", ArgumentKind::domain, "only this domain's", false};
  const Argument file{"file", ArgumentKind::accounts, "a file of lines ADDRESS<TAB>PASSWORD; - means standard input"};
  const Argument address{"address", ArgumentKind::address,
                         "a session's full address, or an account's address for all of its sessions"};
  const Argument domain{"domain", ArgumentKind::domain, "the domain, such as localhost"};
  const Argument text{"text", ArgumentKind::text, "the text"};
  const Argument subject{"subject", ArgumentKind::text, "a subject", false};
  const Argument client{"client", ArgumentKind::text, "only this one, as \"session tokens\" names it", false};
  const Argument age{"age", ArgumentKind::duration, "for how long, such as 90d; 0s or left out: for ever", false, true};
  const Argument size{"size", ArgumentKind::size, "how much at most, such as 1GiB; 0B or left out: no limit", false, true};
  const Argument start{"start", ArgumentKind::time, "only what came at this time or later, such as 2026-11-25T12:00:00Z", false, true};
  const Argument end{"end", ArgumentKind::time, "only what came before this time; a date alone is its first moment (UTC)", false, true};
  const Argument with{"with", ArgumentKind::jid, "only what was exchanged with this address", false, true};
  const Argument format{"format", ArgumentKind::text, "xml (XEP-0227, if left out) or mbox (RFC 4155)", false, true};
  const Argument peer{"peer", ArgumentKind::domain, "the other server's domain, such as example.org"};
  const Argument host{"host", ArgumentKind::domain, "for which of the domains served here; left out: the first", false, true};
  const Argument page{"page", ArgumentKind::page, "where to go on", false};
  const Argument card{"file", ArgumentKind::certificate, "a PEM file with the certificate; without --key its fingerprint counts", false, true};
  const Argument key{"key", ArgumentKind::word, "fingerprint, issuer-serial, upn, mail, edipi, fascn or uuid", false, true};
  const Argument value{"value", ArgumentKind::word, "the value of the key, in place of a file", false, true};
  const Argument shown_chain{"file", ArgumentKind::certificate, "a PEM file with the certificate, and perhaps its issuers behind it"};
  const Argument for_domain{"domain", ArgumentKind::domain, "the domain to log in to; left out: the first that is served", false, true};
  const Argument room{"room", ArgumentKind::room, "the room's address, such as tea@rooms.localhost"};
  const Argument rooms_domain{"domain", ArgumentKind::domain, "only this domain's", false};
  const Argument owner{"owner", ArgumentKind::account, "its first owner's address"};
  const Argument reason{"reason", ArgumentKind::text, "why, for those it concerns", false, true};
  const Argument whom{"address", ArgumentKind::jid, "whose; a domain can only be an outcast"};
  const Argument affiliation{"affiliation", ArgumentKind::word, "owner, admin, member, outcast or none"};
  const Argument of_affiliation{"affiliation", ArgumentKind::word, "only these: owner, admin, member or outcast", false, true};
  const Argument with_sender{"with", ArgumentKind::jid, "only what this person said", false, true};
  const Argument responses{"file", ArgumentKind::ocsp_responses, "files with OCSP responses, DER or PEM"};
  const Argument issuer{"issuer", ArgumentKind::certificate, "a PEM file with the certificates of issuers that are in no file of anchors here", false, true};
  const Argument lists{"file", ArgumentKind::revocation_lists, "CRL files, PEM or DER"};
  using Command = OperatorCommand;
  const auto change = [](Command command) {
    command.works_on_store = command.is_change = true;
    return command;
  };
  const auto question = [](Command command) {
    command.works_on_store = true;
    return command;
  };
  const auto live_change = [](Command command) {
    command.is_change = true;
    return command;
  };
  const auto owners = [](Command command) {
    command.is_owners = true;
    return command;
  };
  return {
      change(
          {.name = "user add", .help = "Add an account.", .arguments = {account, password}, .run = commands::user_add}),
      change({.name = "user passwd",
              .help = "Set an account's password.",
              .arguments = {account, password},
              .run = commands::user_passwd}),
      change({.name = "user expire",
              .help = "Have an account's password changed at its next login.",
              .arguments = {account},
              .run = commands::user_expire}),
      change({.name = "user enable",
              .help = "Let an account log in again.",
              .arguments = {account},
              .run = commands::user_enable}),
      change({.name = "user disable",
              .help = "End an account's sessions and let it log in no more.",
              .arguments = {account},
              .run = commands::user_disable}),
      change({.name = "user unlock",
              .help = "Forget an account's failed logins, so that one that is locked out can log in at once.",
              .arguments = {account},
              .run = commands::user_unlock}),
      change({.name = "user delete",
              .help = "Delete an account and everything it owns.",
              .arguments = {account},
              .run = commands::user_delete}),
      question({.name = "user show", .help = "Show an account.", .arguments = {account}, .run = commands::user_show}),
      question({.name = "user list",
                .help = "List accounts.",
                .arguments = {of_domain},
                .columns = {"account", "enabled", "created", "password-changed", "locked-out"},
                .run = commands::user_list}),
      change({.name = "user certificate add",
              .help = "Say which certificate is an account's, by something in it.",
              .arguments = {account, card, key, value},
              .run = commands::user_certificate_add}),
      question({.name = "user certificate list",
                .help = "List what an account's certificates are known by.",
                .arguments = {account},
                .columns = {"key", "value", "added"},
                .run = commands::user_certificate_list}),
      change({.name = "user certificate remove",
              .help = "Take it back; sessions that rest on it end within a minute.",
              .arguments = {account, card, key, value},
              .run = commands::user_certificate_remove}),
      question({.name = "cert explain",
                .help = "Say step by step whose a certificate is, as if somebody logged in with it.",
                .arguments = {shown_chain, for_domain},
                .columns = {"step", "outcome", "detail"},
                .run = commands::cert_explain}),
      owners(change({.name = "cert import-crl",
                     .help = "Take over CRLs from files, where there is no network to fetch them.",
                     .arguments = {lists},
                     .run = commands::cert_import_crl})),
      owners(change({.name = "cert import-ocsp",
                     .help = "Take over OCSP responses from files, where there is no network to fetch them.",
                     .arguments = {responses, issuer},
                     .run = commands::cert_import_ocsp})),
      owners(question({.name = "cert revocation",
                       .help = "List the CRLs and OCSP responses that are known, and until when they hold.",
                       .columns = {"kind", "about", "says", "from", "until"},
                       .run = commands::cert_revocation})),
      change({.name = "user import", .help = "Add many accounts.", .arguments = {file}, .run = commands::user_import}),
      {.name = "session list",
       .help = "List sessions.",
       .arguments = {of_account},
       .columns = {"session", "source", "mechanism", "priority", "tls", "cipher", "channel-binding", "confidential"},
       .run = commands::session_list},
      live_change(
          {.name = "session kick", .help = "End sessions.", .arguments = {address}, .run = commands::session_kick}),
      question({.name = "session tokens",
                .help = "List the clients that may log in without a password, by a token of their own.",
                .arguments = {account},
                .columns = {"client", "software", "device", "mechanism", "issued", "used", "expires"},
                .run = commands::session_tokens}),
      change({.name = "session forget",
              .help = "Take clients' tokens back and end their sessions: a phone was lost.",
              .arguments = {account, client},
              .run = commands::session_forget}),
      question({.name = "archive show",
                .help = "Say how much an account's archive holds, and what limits it has of its own.",
                .arguments = {account},
                .run = commands::archive_show}),
      change({.name = "archive keep",
              .help = "Give an account's archive limits of its own; what is beyond them is removed within minutes.",
              .arguments = {account, age, size},
              .run = commands::archive_keep}),
      change({.name = "archive keep-default",
              .help = "Let an account's archive have its domain's limits again.",
              .arguments = {account},
              .run = commands::archive_keep_default}),
      owners(question({.name = "archive export",
                       .help = "Write an account's archive out, as XML or as a mailbox.",
                       .arguments = {account, start, end, with, format, page},
                       .shows_words = true,
                       .is_document = true,
                       .run = commands::archive_export})),
      question({.name = "room list",
                .help = "List rooms.",
                .arguments = {rooms_domain},
                .columns = {"room", "name", "public", "persistent", "created", "last-active"},
                .run = commands::room_list}),
      question({.name = "room show", .help = "Show a room.", .arguments = {room}, .run = commands::room_show}),
      change({.name = "room create",
              .help = "Create a room that stays, with its domain's defaults.",
              .arguments = {room, owner},
              .run = commands::room_create}),
      change({.name = "room destroy",
              .help = "Destroy a room with everything in it, its archive too; whoever is there is told.",
              .arguments = {room, reason},
              .run = commands::room_destroy}),
      question({.name = "room affiliation list",
                .help = "List a room's owners, admins, members and outcasts.",
                .arguments = {room, of_affiliation},
                .columns = {"address", "affiliation", "nickname", "reason"},
                .run = commands::room_affiliation_list}),
      change({.name = "room affiliation set",
              .help = "Make somebody owner, admin, member or outcast of a room, or take it away.",
              .arguments = {room, whom, affiliation, reason},
              .run = commands::room_affiliation_set}),
      owners(question({.name = "room export",
                       .help = "Write a room's archive out, as XML or as a mailbox.",
                       .arguments = {room, start, end, with_sender, format, page},
                       .shows_words = true,
                       .is_document = true,
                       .run = commands::room_export})),
      live_change({.name = "announce",
                   .help = "Send a message to everybody of a domain who is online.",
                   .arguments = {domain, text, subject},
                   .run = commands::announce}),
      change({.name = "motd set",
              .help = "Set the message of the day, which everybody of a domain gets once.",
              .arguments = {domain, text},
              .run = commands::motd_set}),
      change({.name = "motd edit",
              .help = "Change the message of the day for those who have not had it.",
              .arguments = {domain, text},
              .run = commands::motd_edit}),
      change({.name = "motd delete",
              .help = "Delete the message of the day.",
              .arguments = {domain},
              .run = commands::motd_delete}),
      question({.name = "motd show",
                .help = "Show the message of the day.",
                .arguments = {domain},
                .run = commands::motd_show}),
      change({.name = "welcome set",
              .help = "Set what a new user gets at the first login.",
              .arguments = {domain, text},
              .run = commands::welcome_set}),
      change({.name = "welcome delete",
              .help = "Delete the welcome message.",
              .arguments = {domain},
              .run = commands::welcome_delete}),
      question({.name = "welcome show",
                .help = "Show the welcome message.",
                .arguments = {domain},
                .run = commands::welcome_show}),
      owners({.name = "peer list",
              .help = "List other servers: links, and what waits for them.",
              .arguments = {},
              .columns = {"host", "peer", "direction", "state", "address", "tls", "proof", "stanzas", "waiting", "last-failure"},
              .run = commands::peer_list}),
      owners({.name = "peer explain",
              .help = "Try to reach another server, say what holds for its streams to us, and at each step what was found and what to mend.",
              .arguments = {peer, host},
              .columns = {"direction", "step", "good", "found"},
              .run = commands::peer_explain}),
      owners({.name = "component list",
              .help = "List components (XEP-0114): whether they are connected, and what has passed.",
              .arguments = {},
              .columns = {"component", "connected", "address", "tls", "since", "received", "sent", "waiting"},
              .run = commands::component_list}),
      owners(question({.name = "directory check",
                       .help = "Ask an LDAP directory about one account, and say at each step what was found.",
                       .arguments = {account},
                       .columns = {"step", "good", "found"},
                       .run = commands::directory_check})),
      owners(live_change({.name = "reload",
                          .help = "Read the configuration again and apply what can change while the server runs.",
                          .arguments = {},
                          .run = commands::reload})),
      owners(question({.name = "status",
                       .help = "Say whether the server runs, and what it serves.",
                       .arguments = {},
                       .run = commands::status})),
  };
}

}  // namespace

std::span<const OperatorCommand> operator_commands() {
  static const std::vector<OperatorCommand> commands = make_commands();
  return commands;
}

const OperatorCommand* find_command(std::string_view name) {
  const auto commands = operator_commands();
  const auto found = std::ranges::find(commands, name, &OperatorCommand::name);
  return found == commands.end() ? nullptr : &*found;
}

}  // namespace aldis::admin
